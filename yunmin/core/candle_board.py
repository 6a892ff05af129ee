"""The candles of every series that somebody follows: fed or put together, and closed as time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from yunmin.core.candle_builder import CandleBuilder
from yunmin.core.candle_history import CandleHistory, SeriesKey
from yunmin.core.candle_queue import CandleEvent, CandleQueue
from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.errors import ConfigurationError, InvalidValue, LifecycleError

__all__ = ["CandleBoard", "timeframe_of"]


class CandleBoard:
    """Histories by series, and the queue before them. `keep` and `grace` are those of the route manager."""

    def __init__(self, *, keep: int, grace: timedelta) -> None:
        self._keep = keep
        self._histories: dict[SeriesKey, CandleHistory] = {}
        self._parts: dict[SeriesKey, list[tuple[CandleBuilder, CandleHistory]]] = {}
        self._built: set[SeriesKey] = set()
        self._listeners: list[Callable[[CandleEvent], None]] = []
        self.queue = CandleQueue(grace=grace, tell=self._tell)

    def open(self, key: SeriesKey) -> CandleHistory:
        """The history of that series, new where nobody followed it before."""
        history = self._histories.get(key)
        if history is None:
            history = self._histories[key] = CandleHistory(key, keep=self._keep)
            self.queue.open(history)
        return history

    def history(self, exchange: str, symbol: str, timeframe: str) -> CandleHistory:
        """The history of a series that is followed; ConfigurationError where it is not."""
        found = self._histories.get(SeriesKey(exchange, symbol, timeframe_of(timeframe)))
        if found is None:
            raise ConfigurationError(f"no route asks for candles of {symbol} {timeframe} at {exchange}")
        return found

    def feeds(self) -> tuple[SeriesKey, ...]:
        """The series that must be fed."""
        return tuple(key for key in self._histories if key not in self._built)

    def build(self, exchange: str, symbol: str, timeframe: str, *, out_of: str) -> None:
        """As RouteManager.build."""
        whole, part = (SeriesKey(exchange, symbol, timeframe_of(each)) for each in (timeframe, out_of))
        builder = CandleBuilder(whole.timeframe, out_of=part.timeframe)
        if whole in self._built:
            raise ConfigurationError(f"{whole} is put together already")
        if any(self.open(key).count for key in (whole, part)):
            raise LifecycleError(f"{whole} has begun already; say `build` before the first candle")
        self._parts.setdefault(part, []).append((builder, self.open(whole)))
        self._built.add(whole)
        self.queue.close(whole)

    def seed(self, exchange: str, timeframe: str, candles: Iterable[Candle], *, now: datetime) -> None:
        """As RouteManager.seed, with `now` as the global time."""
        for candle in candles:
            history = self.history(exchange, candle.symbol, timeframe)
            _check_past(history, candle, now)
            self.queue.look_for_missing(history, candle)
            for _ in self._append(history, candle):
                pass

    def close(self, until: datetime) -> Iterator[tuple[SeriesKey, Candle]]:
        """Close every candle that is over at `until`, and those that they complete, and tell each."""
        parts = self._parts
        for history, candle in self.queue.release(until):
            if parts and history.key in parts:
                yield from self._append(history, candle)
            else:
                history.append(candle)
                yield history.key, candle

    def subscribe(self, listener: Callable[[CandleEvent], None]) -> Callable[[], None]:
        """Hear of candles that are delayed, refused or missing; returns the way to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _append(self, history: CandleHistory, candle: Candle) -> Iterator[tuple[SeriesKey, Candle]]:
        history.append(candle)
        yield history.key, candle
        for builder, whole_history in self._parts.get(history.key, ()):
            for whole in builder.add(candle):
                if _comes_after(whole_history, whole):  # it may have been seeded already
                    yield from self._append(whole_history, whole)

    def _tell(self, event: CandleEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)


def timeframe_of(text: str) -> Timeframe:
    """The timeframe that is written so; ConfigurationError with all there are, where none is."""
    try:
        return Timeframe(text)
    except ValueError:
        raise ConfigurationError(f"no timeframe is called {text!r}; there are: {', '.join(Timeframe)}") from None


def _comes_after(history: CandleHistory, candle: Candle) -> bool:
    return history.next_open is None or history.next_open <= candle.open_time


def _check_past(history: CandleHistory, candle: Candle, now: datetime) -> None:
    opened = candle.open_time.isoformat()
    if candle.is_closed is False or history.key.timeframe.close_of(candle.open_time) > now:
        raise InvalidValue(f"{history.key}: the candle of {opened} is not over at {now.isoformat()}, the global time")
    if not history.key.timeframe.begins_at(candle.open_time):
        raise InvalidValue(f"{history.key}: no candle begins at {opened}")
    if not _comes_after(history, candle):
        raise InvalidValue(f"{history.key}: the candle of {opened} is not after the newest one")
