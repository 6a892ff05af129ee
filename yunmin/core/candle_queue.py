"""Candles on their way to be closed: released in the order of time, refused when they come too late.

A candle waits here, unseen by every strategy, until the global time has reached its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
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
        self._lanes: dict[tuple[str, str, str], _Lane] = {}
        self._order: list[tuple[datetime, int, datetime, _Lane]] = []

    def open(self, history: CandleHistory) -> None:
        """Take candles of that series from here on."""
        self._lanes[history.key] = _Lane(history)
        for rank, lane in enumerate(sorted(self._lanes.values(), key=lambda lane: lane.place)):
            lane.rank = rank
        self._order[:] = [(closed, lane.rank, opened, lane) for closed, _, opened, lane in self._order]
        heapify(self._order)

    def close(self, key: SeriesKey) -> None:
        """Take no more candles of that series: they are made here."""
        self._lanes.pop(key, None)

    def offer(self, exchange: str, timeframe: str, candle: Candle) -> None:
        """Let a candle wait for its end. One that is still forming is passed over; the same one again, too.

        A candle of a time that waits already takes the place of the earlier one. One that does not say whether it is
        closed counts as it was last told when its end comes: a feed that asks in the middle of a candle must leave that
        one out. Raises InvalidValue for a series that is not fed, and for a candle that begins where none of its
        timeframe does.
        """
        if candle.is_closed is False:
            return
        lane = self._lanes.get((exchange, candle.symbol, timeframe))
        if lane is None:
            raise InvalidValue(f"nobody asks to be fed candles of {candle.symbol} {timeframe} at {exchange}")
        opened, due = candle.open_time, lane.history.next_open
        if opened != due:
            if due is not None and opened < due:
                self._refuse(lane.history, candle)
                return
            if not lane.timeframe.begins_at(opened):
                raise InvalidValue(f"{lane.history.key}: no candle begins at {opened.isoformat()}")
        if opened not in lane.waiting:
            heappush(self._order, (lane.close_of(opened), lane.rank, opened, lane))
        lane.waiting[opened] = candle

    def next_close(self) -> datetime | None:
        """When the first of those that wait is over."""
        return self._order[0][0] if self._order else None

    def release(self, until: datetime) -> Iterator[tuple[CandleHistory, Candle]]:
        """Every candle that is over at `until`, with the history that it belongs to.

        By its end, then short before long, then by exchange and symbol.
        """
        order = self._order
        while order and order[0][0] <= until:
            closed, _, opened, lane = heappop(order)
            history, candle = lane.history, lane.waiting.pop(opened)
            due = history.next_open
            if opened != due and due is not None:
                if opened < due:
                    self._refuse(history, candle)  # history was seeded beyond it while it waited
                    continue
                self.look_for_missing(history, candle)
            if closed != until and until - closed > self._grace:
                self._tell(CandleDelayed(history.key, opened, until - closed))
            yield history, candle

    def awaited(self, moment: datetime) -> tuple[SeriesKey, ...]:
        """The series whose next candle is over at `moment` and has not come; those that never had one are not told."""
        return tuple(lane.history.key for lane in self._lanes.values() if lane.is_behind(moment))

    def look_for_missing(self, history: CandleHistory, candle: Candle) -> None:
        """Report what should have come between the newest candle and this one, which is about to follow it."""
        due, opened = history.next_open, candle.open_time
        if due is not None and due < opened:
            missing = _candles_between(history.key.timeframe, due, opened)
            self._tell(CandlesMissing(history.key, due, opened, missing))

    def _refuse(self, history: CandleHistory, candle: Candle) -> None:
        if not history.knows(candle):
            why = f"{candle.open_time.isoformat()} is not after the newest candle"
            self._tell(CandleRefused(history.key, candle, why))


class _Lane:
    """One series in the queue: what waits, by when it begins; `rank` is its place among those that close together."""

    __slots__ = ("close_of", "history", "place", "rank", "timeframe", "waiting")

    def __init__(self, history: CandleHistory) -> None:
        self.history = history
        self.timeframe = history.key.timeframe
        self.close_of = history.key.timeframe.closer()
        self.place = (self.timeframe.length or _A_MONTH, history.key)
        self.rank = 0
        self.waiting: dict[datetime, Candle] = {}

    def is_behind(self, moment: datetime) -> bool:
        due = self.history.next_open
        while due is not None and (end := self.close_of(due)) <= moment:
            if due not in self.waiting:
                return True
            due = end
        return False


_A_MONTH = timedelta(days=31)


def _candles_between(timeframe: Timeframe, start: datetime, end: datetime) -> int:
    if timeframe.length is None:
        return (end.year - start.year) * 12 + end.month - start.month
    return (end - start) // timeframe.length
