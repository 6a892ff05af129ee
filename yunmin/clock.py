"""Time and chance: the two things a replay must own. Every clock reading and every random choice comes from here."""

from __future__ import annotations

import asyncio
import random
import secrets
import string
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = [
    "Chance",
    "Clock",
    "ManualClock",
    "ScaledClock",
    "SystemClock",
    "from_millis",
    "random_token",
    "seeded",
    "to_millis",
]

Chance = random.Random
"""A source of chance whose whole sequence is fixed by its seed; `seeded` makes one."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TOKEN_ALPHABET = string.ascii_letters + string.digits


class Clock(Protocol):
    """What the rest of Yunmin may know of time."""

    def now(self) -> datetime:
        """The current moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never steps back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told: for tests, simulation and replay."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = timedelta()

    def now(self) -> datetime:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed.total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)
        await asyncio.sleep(0)

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds` (>= 0)."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._elapsed += timedelta(seconds=seconds)


class ScaledClock:
    """Goes `speed` times as fast as `base`, from `start` on (the base's own now where none is given).

    For a world in which everything goes by this clock, the exchange too: all of its time passes faster, alike.
    """

    def __init__(self, base: Clock, speed: float, start: datetime | None = None) -> None:
        if not 0 < speed < float("inf"):
            raise ValueError("a clock's speed is above zero")
        self._base = base
        self._speed = speed
        self._begun = base.monotonic()
        self._start = base.now() if start is None else start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (self._base.monotonic() - self._begun) * self._speed

    async def sleep(self, seconds: float) -> None:
        await self._base.sleep(seconds / self._speed)


def from_millis(millis: int) -> datetime:
    """An aware UTC datetime from milliseconds since the Unix epoch, exact to the millisecond."""
    # a float of seconds is nearer than half a microsecond to any whole millisecond until the year 2242
    return datetime.fromtimestamp(millis / 1000, UTC)


def to_millis(moment: datetime) -> int:
    """Milliseconds since the Unix epoch of an aware datetime, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def random_token(length: int) -> str:
    """`length` random letters and digits from the operating system's source."""
    return "".join(secrets.choice(_TOKEN_ALPHABET) for _ in range(length))


def seeded(seed: int | str) -> random.Random:
    """A generator whose whole sequence is fixed by `seed`."""
    return random.Random(seed)
