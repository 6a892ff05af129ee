"""The time for which an exchange asked to be left alone. N8 of docs/faults.md."""

from __future__ import annotations

import pytest

from yunmin.clock import Clock
from yunmin.errors import RateLimited
from yunmin.execution.host_pause import HostPause
from yunmin.testing.virtual_time import run_virtually


def test_N8_a_pause_that_is_over_in_time_is_waited_for_and_a_longer_one_is_not() -> None:
    async def play(clock: Clock) -> None:
        pause = HostPause(clock, unsaid=30.0)
        begun = clock.monotonic()
        await pause.over_by(begun - 5)  # nothing was asked for, however late it is
        assert clock.monotonic() == begun
        pause.begin(10.0)
        await pause.over_by(begun + 10)
        assert clock.monotonic() >= begun + 10
        pause.begin(None)
        with pytest.raises(RateLimited, match="30 s") as told:
            await pause.over_by(clock.monotonic() + 29)
        assert told.value.retry_after == pytest.approx(30.0)

    run_virtually(play)
