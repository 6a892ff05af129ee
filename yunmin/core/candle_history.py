"""The closed candles of one series, and the indicators that move along with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, overload

from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.core.indicators import NOT_YET, Bar, Indicator
from yunmin.core.reading import Reading
from yunmin.errors import InvalidValue

__all__ = ["CandleHistory", "Candles", "Line", "SeriesKey"]

_LEAST_KEPT: Final = 2


class SeriesKey(NamedTuple):
    """Which candles: of one symbol, at one exchange, in one timeframe."""

    exchange: str
    symbol: str
    timeframe: Timeframe

    def __str__(self) -> str:
        return ":".join(self)


class Candles(Sequence[Candle]):
    """Closed candles, oldest first, as they were when they were asked for: [-1] is the newest. A slice is a tuple."""

    __slots__ = ("_candles", "_length")

    def __init__(self, candles: list[Candle]) -> None:
        self._candles = candles
        self._length = len(candles)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> Candle: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Candle, ...]: ...
    def __getitem__(self, index: int | slice) -> Candle | tuple[Candle, ...]:
        if isinstance(index, slice):
            return tuple(self._candles[each] for each in range(*index.indices(self._length)))
        if not -self._length <= index < self._length:
            raise IndexError(f"there are {self._length} candles, not one at {index}")
        return self._candles[index % self._length]

    def __iter__(self) -> Iterator[Candle]:
        return iter(self._candles[: self._length])

    def __repr__(self) -> str:
        return f"<{self._length} candles>"


class Line:
    """One indicator along one series: its value now and one candle before."""

    __slots__ = ("_before", "_now", "_reading", "_seen", "_takes_bars", "_update", "_warm_up")

    def __init__(self, indicator: Indicator[Any, Any]) -> None:
        self._update = indicator.stream().update
        self._takes_bars = indicator.takes_bars
        self._warm_up = indicator.warm_up
        self._seen = 0
        self._before: Any = NOT_YET
        self._now: Any = NOT_YET
        self._reading: Any = Reading(NOT_YET)

    @property
    def is_warm(self) -> bool:
        """Whether the indicator has seen as many candles as it needs."""
        return self._seen >= self._warm_up

    def take(self, candle: Candle, close: float) -> None:
        """Move on by one candle; `close` is its close as a float."""
        self._before = self._now
        self._now = self._update(Bar(float(candle.high), float(candle.low), close) if self._takes_bars else close)
        self._seen += 1
        self._reading = None

    def reading(self) -> Any:
        """A Reading; for an indicator of several figures its own tuple, of Readings."""
        if self._reading is None:
            self._reading = self._read()
        return self._reading

    def _read(self) -> Any:
        if not isinstance(self._now, tuple):
            return Reading(self._now, self._before)
        before = self._before if isinstance(self._before, tuple) else (NOT_YET,) * len(self._now)
        kind: Any = type(self._now)
        return kind(*map(Reading, self._now, before))


class CandleHistory:
    """What has closed so far. At least `keep` candles are remembered, and never more than twice as many."""

    def __init__(self, key: SeriesKey, *, keep: int) -> None:
        if keep < _LEAST_KEPT:
            raise InvalidValue(f"keep at least {_LEAST_KEPT} candles, not {keep}")
        self.key = key
        self._keep = keep
        self._candles: list[Candle] = []
        self._count = 0
        self._lines: dict[Indicator[Any, Any], Line] = {}

    @property
    def count(self) -> int:
        """How many candles have closed, those forgotten included."""
        return self._count

    @property
    def last_open(self) -> datetime | None:
        """When the newest candle began."""
        return self._candles[-1].open_time if self._candles else None

    def candles(self) -> Candles:
        return Candles(self._candles)

    def append(self, candle: Candle) -> None:
        """Add a candle that has closed, and move every indicator on."""
        if len(self._candles) >= 2 * self._keep:
            self._candles = self._candles[1 - self._keep :]  # a new list: whoever looks at the old one sees it whole
        self._candles.append(candle)
        self._count += 1
        if self._lines:
            close = float(candle.close)
            for line in self._lines.values():
                line.take(candle, close)

    def line(self, indicator: Indicator[Any, Any]) -> Line:
        """`indicator` along this series. Asked for late, it begins at the oldest candle that is remembered."""
        line = self._lines.get(indicator)
        if line is None:
            line = self._lines[indicator] = Line(indicator)
            for candle in self._candles:
                line.take(candle, float(candle.close))
        return line

    def knows(self, candle: Candle) -> bool:
        """Whether exactly this candle is among those remembered."""
        return any(candle == each for each in reversed(self._candles) if each.open_time == candle.open_time)

    def reading_of_close(self) -> Reading:
        """The newest close, and the one before."""
        if not self._candles:
            return Reading(NOT_YET)
        before = float(self._candles[-2].close) if len(self._candles) > 1 else NOT_YET
        return Reading(float(self._candles[-1].close), before)
