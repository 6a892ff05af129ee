"""Time and chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunmin.clock import ManualClock, ScaledClock, SystemClock, from_millis, random_token, seeded, to_millis


@given(st.integers(min_value=0, max_value=8_000_000_000_000))
def test_milliseconds_go_there_and_back_exactly(millis: int) -> None:
    assert to_millis(from_millis(millis)) == millis
    assert from_millis(millis) == datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert SystemClock().now().tzinfo is UTC
    assert SystemClock().monotonic() <= SystemClock().monotonic()


async def test_a_manual_clock_moves_only_when_told() -> None:
    clock = ManualClock()
    start = clock.now()
    assert clock.now() == start
    clock.advance(1.5)
    await clock.sleep(0.5)
    assert clock.now() - start == timedelta(seconds=2)
    assert clock.monotonic() == 2.0


async def test_a_scaled_clock_goes_as_many_times_as_fast_as_its_base() -> None:
    base = ManualClock()
    clock = ScaledClock(base, 60, start=datetime(2020, 1, 1, tzinfo=UTC))
    base.advance(2)
    assert clock.now() == datetime(2020, 1, 1, 0, 2, tzinfo=UTC)
    assert clock.monotonic() == 120
    await clock.sleep(60)
    assert base.monotonic() == 3


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_scaled_clock_goes_forward(speed: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        ScaledClock(ManualClock(), speed)


def test_a_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        ManualClock().advance(-1)


def test_a_seed_fixes_the_whole_sequence() -> None:
    assert [seeded(7).random() for _ in range(3)] == [seeded(7).random() for _ in range(3)]
    assert seeded(7).random() != seeded(8).random()


def test_tokens_are_letters_and_digits_and_differ() -> None:
    tokens = {random_token(22) for _ in range(200)}
    assert len(tokens) == 200
    assert all(len(token) == 22 and token.isascii() and token.isalnum() for token in tokens)
