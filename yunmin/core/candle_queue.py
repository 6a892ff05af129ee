"""Candles on their way to be closed: released in the order of time, refused when they come too late.

A candle waits here, unseen by every strategy, until the global time has reached its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import NamedTuple

from yunmin.core.candle_history import CandleHistory, SeriesKey
from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.errors import InvalidValue

__all__ = ["CandleDelayed", "CandleEvent", "CandleQueue", "CandleRefused", "CandlesMissing"]


class CandleDelayed(NamedTuple):
    """A candle closed `delay` after its time, because it came late; strategies saw it then and not before."""

    series: SeriesKey
    open_time: datetime
    delay: timedelta


class CandleRefused(NamedTuple):
    """A candle came whose time had been passed in its own series; nothing saw it, and history stays as it was told."""

    series: SeriesKey
    candle: Candle
    why: str


class CandlesMissing(NamedTuple):
    """No candle came for the time from `start` to `end`, though `missing` were due; the series goes on without."""

    series: SeriesKey
    start: datetime
    end: datetime
    missing: int


CandleEvent = CandleDelayed | CandleRefused | CandlesMissing


class CandleQueue:
    """Candles of every series that is fed, until they close. `tell` hears of what is late, refused or missing."""

    def __init__(self, *, grace: timedelta, tell: Callable[[CandleEvent], None]) -> None:
        self._grace = grace
        self._tell = tell
        self._histories: dict[tuple[str, str, str], CandleHistory] = {}
        self._waiting: dict[tuple[SeriesKey, datetime], Candle] = {}
        self._order: list[tuple[datetime, timedelta, SeriesKey, datetime]] = []

    def open(self, history: CandleHistory) -> None:
        """Take candles of that series from here on."""
        self._histories[history.key] = history

    def close(self, key: SeriesKey) -> None:
        """Take no more candles of that series: they are made here."""
        self._histories.pop(key, None)

    def offer(self, exchange: str, timeframe: str, candle: Candle) -> None:
        """Let a candle wait for its end. One that is still forming is passed over; the same one again, too.

        A candle of a time that waits already takes the place of the earlier one. Raises InvalidValue for a series that
        is not fed, and for a candle that begins where none of its timeframe does.
        """
        if candle.is_closed is False:
            return
        history = self._histories.get((exchange, candle.symbol, timeframe))
        if history is None:
            raise InvalidValue(f"nobody asks to be fed candles of {candle.symbol} {timeframe} at {exchange}")
        key, opened = history.key, candle.open_time
        last = history.last_open
        if last is not None and opened <= last:
            self._refuse(history, candle)
            return
        if not key.timeframe.begins_at(opened):
            raise InvalidValue(f"{key}: no candle begins at {opened.isoformat()}")
        if (key, opened) not in self._waiting:
            length = key.timeframe.length or _A_MONTH
            heappush(self._order, (key.timeframe.close_of(opened), length, key, opened))
        self._waiting[key, opened] = candle

    def next_close(self) -> datetime | None:
        """When the first of those that wait is over."""
        return self._order[0][0] if self._order else None

    def release(self, until: datetime) -> Iterator[tuple[SeriesKey, Candle]]:
        """Every candle that is over at `until`: by its end, then short before long, then by exchange and symbol."""
        while self._order and self._order[0][0] <= until:
            closed, _, key, opened = heappop(self._order)
            candle = self._waiting.pop((key, opened))
            history = self._histories[key]
            if history.last_open is not None and opened <= history.last_open:
                self._refuse(history, candle)  # history was seeded beyond it while it waited
                continue
            if until - closed > self._grace:
                self._tell(CandleDelayed(key, opened, until - closed))
            self.look_for_missing(history, candle)
            yield key, candle

    def awaited(self, moment: datetime) -> tuple[SeriesKey, ...]:
        """The series whose next candle is over at `moment` and has not come; those that never had one are not told."""
        return tuple(
            history.key
            for history in self._histories.values()
            if history.last_open is not None and self._is_behind(history.key, history.last_open, moment)
        )

    def _is_behind(self, key: SeriesKey, last_open: datetime, moment: datetime) -> bool:
        due = key.timeframe.close_of(last_open)
        while key.timeframe.close_of(due) <= moment:
            if (key, due) not in self._waiting:
                return True
            due = key.timeframe.close_of(due)
        return False

    def look_for_missing(self, history: CandleHistory, candle: Candle) -> None:
        """Report what should have come between the newest candle and this one, which is about to follow it."""
        if history.last_open is None:
            return
        expected = history.key.timeframe.close_of(history.last_open)
        if expected < candle.open_time:
            missing = _candles_between(history.key.timeframe, expected, candle.open_time)
            self._tell(CandlesMissing(history.key, expected, candle.open_time, missing))

    def _refuse(self, history: CandleHistory, candle: Candle) -> None:
        if not history.knows(candle):
            why = f"{candle.open_time.isoformat()} is not after the newest candle"
            self._tell(CandleRefused(history.key, candle, why))


_A_MONTH = timedelta(days=31)


def _candles_between(timeframe: Timeframe, start: datetime, end: datetime) -> int:
    if timeframe.length is None:
        return (end.year - start.year) * 12 + end.month - start.month
    return (end - start) // timeframe.length
