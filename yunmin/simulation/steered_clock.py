"""A clock that can be moved ahead, stopped and set while others sleep by it: a day passes at once."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from yunmin.clock import Clock
from yunmin.errors import InvalidValue

__all__ = ["SteeredClock"]

_ROUNDING: Final = 1e-9


class SteeredClock:
    """Goes as `base` goes until it is told otherwise; then who sleeps by it wakes at the new time.

    `monotonic` follows advances and stops and never steps back; `offset` moves `now` alone, as setting a clock does.
    """

    def __init__(self, base: Clock) -> None:
        self._base = base
        self._ahead = 0.0
        self._offset = 0.0
        self._stopped_at: tuple[datetime, float] | None = None
        self._sleepers: dict[asyncio.Timeout, None] = {}

    @property
    def is_frozen(self) -> bool:
        """Whether it stands still."""
        return self._stopped_at is not None

    @property
    def offset(self) -> float:
        """Seconds by which `now` was set ahead of its base, beside all advances."""
        return self._offset

    def now(self) -> datetime:
        moment = self._base.now() if self._stopped_at is None else self._stopped_at[0]
        return moment + timedelta(seconds=self._ahead + self._offset)

    def monotonic(self) -> float:
        seconds = self._base.monotonic() if self._stopped_at is None else self._stopped_at[1]
        return seconds + self._ahead

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await self._base.sleep(0)
            return
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > _ROUNDING:
            await self._doze(left)

    def advance(self, seconds: float) -> None:
        """Move ahead by `seconds` (>= 0) at once. InvalidValue where that is no length of time."""
        if not 0 <= seconds < float("inf"):
            raise InvalidValue(f"a clock does not run backwards: {seconds}")
        self._ahead += seconds
        self._wake()

    def set_offset(self, seconds: float) -> None:
        """Let `now` be off by `seconds` from here on. InvalidValue where that is no number."""
        if not abs(seconds) < float("inf"):
            raise InvalidValue(f"not a length of time: {seconds}")
        self._offset = seconds

    def freeze(self) -> None:
        """Stand still, until it is advanced or let go."""
        if self._stopped_at is None:
            self._stopped_at = (self._base.now(), self._base.monotonic())
            self._wake()

    def thaw(self) -> None:
        """Go on from where it stands."""
        if self._stopped_at is not None:
            self._ahead -= self._base.monotonic() - self._stopped_at[1]
            self._stopped_at = None
            self._wake()

    async def _doze(self, seconds: float) -> None:
        """Sleep for so long, or until the clock has been moved."""
        try:
            async with asyncio.timeout(None) as waking:
                self._sleepers[waking] = None
                try:
                    await (self._base.sleep(seconds) if self._stopped_at is None else _for_ever())
                finally:
                    del self._sleepers[waking]
        except TimeoutError:
            pass  # the clock was moved; whoever slept looks again

    def _wake(self) -> None:
        for waking in self._sleepers:
            if not waking.expired():  # else it was woken already, and has not had its turn yet
                waking.reschedule(0.0)


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()
