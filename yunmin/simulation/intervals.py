"""Candle intervals: where each begins. Times are microseconds since the epoch."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from yunmin.simulation.units import from_micros, to_micros

__all__ = ["DAY", "HOUR", "INTERVALS", "MINUTE", "MONTH", "SECOND", "open_of", "step_open"]

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
MONTH: Final = 0
"""A calendar month has no fixed length; zero stands for it."""

_WEEK: Final = 7 * DAY
_FIRST_MONDAY: Final = 4 * DAY  # 1970-01-05

INTERVALS: Final[dict[str, int]] = {
    "1s": SECOND,
    "1m": MINUTE,
    "3m": 3 * MINUTE,
    "5m": 5 * MINUTE,
    "15m": 15 * MINUTE,
    "30m": 30 * MINUTE,
    "1h": HOUR,
    "2h": 2 * HOUR,
    "4h": 4 * HOUR,
    "6h": 6 * HOUR,
    "8h": 8 * HOUR,
    "12h": 12 * HOUR,
    "1d": DAY,
    "3d": 3 * DAY,
    "1w": _WEEK,
    "1M": MONTH,
}


def open_of(moment: int, length: int, *, offset: int = 0) -> int:
    """The start of the interval that contains `moment`, on a calendar `offset` microseconds ahead of UTC.

    Weeks begin on Monday, months on the first.
    """
    local = moment + offset
    if length == MONTH:
        day = from_micros(local)
        return to_micros(datetime(day.year, day.month, 1, tzinfo=UTC)) - offset
    origin = _FIRST_MONDAY if length == _WEEK else 0
    return (local - origin) // length * length + origin - offset


def step_open(open_time: int, length: int, count: int, *, offset: int = 0) -> int:
    """The start of the interval `count` places after (or, below zero, before) the one that starts at `open_time`."""
    if length != MONTH:
        return open_time + count * length
    day = from_micros(open_time + offset)
    years, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return to_micros(datetime(years, month + 1, 1, tzinfo=UTC)) - offset
