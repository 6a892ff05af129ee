"""The closed candles of one series, and the indicators that move along with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple, overload

from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.core.indicators import NOT_YET, Bar, Indicator
from yunmin.core.reading import Reading, reading_of
from yunmin.errors import InvalidValue, LifecycleError

__all__ = ["CandleHistory", "Candles", "Line", "NotEnoughCandles", "SeriesKey"]

_LEAST_KEPT: Final = 2
_MOST_LINES: Final = 1_000
_MOST_WAITING: Final = 1_000
_AT_WORK: Final = "is being worked out, and has not returned"
_LEFT_BEHIND: Final = "did not return before the next candle closed"


class SeriesKey(NamedTuple):
    """Which candles: of one symbol, at one exchange, in one timeframe."""

    exchange: str
    symbol: str
    timeframe: Timeframe

    def __str__(self) -> str:
        return ":".join(self)


class NotEnoughCandles(IndexError):  # noqa: N818  what holds for now, not what went wrong
    """A candle was asked for from before the first that closed. More will come: a strategy that asks is warming up."""


class Candles(Sequence[Candle]):
    """Closed candles, oldest first, as they were when they were asked for: [-1] is the newest. A slice is a tuple.

    `forgotten` is how many closed before the oldest that is remembered.
    """

    __slots__ = ("_candles", "_length", "forgotten")

    def __init__(self, candles: list[Candle], *, forgotten: int = 0) -> None:
        self._candles = candles
        self._length = len(candles)
        self.forgotten = forgotten

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
            raise self._no_such(index)
        return self._candles[index % self._length]

    def __iter__(self) -> Iterator[Candle]:
        return iter(self._candles[: self._length])

    def __repr__(self) -> str:
        return f"<{self._length} candles>"

    def _no_such(self, index: int) -> IndexError:
        if index >= 0:
            return IndexError(f"there are {self._length} candles, none at {index}: what has not closed is not seen")
        if self.forgotten:
            return IndexError(
                f"{self._length} candles are remembered, none at {index}: RouteManager(keep=…) sets how many"
            )
        return NotEnoughCandles(f"there are {self._length} candles yet, none at {index}")


class Line:
    """One indicator along one series: its value now and one candle before.

    It is worked out when it is read, by whoever reads it: an indicator that somebody else wrote fails there, and hangs
    there, and not where candles close. `warm_at` is how many candles must have closed in its series before its value
    means anything.
    """

    __slots__ = ("_before", "_indicator", "_now", "_reading", "_trouble", "_update", "_waiting", "warm_at")

    def __init__(self, indicator: Indicator[Any, Any], *, warm_at: int) -> None:
        self._indicator = indicator
        self._update = indicator.stream().update
        self.warm_at = warm_at
        self._before: Any = NOT_YET
        self._now: Any = NOT_YET
        self._reading: Any = Reading(NOT_YET)
        self._waiting: list[Any] = []
        self._trouble = ""

    def begin(self, values: list[Any]) -> None:
        """Begin with what closed before; once, before anything else."""
        self._waiting = values

    def take(self, value: Any) -> None:
        """Move on by one candle."""
        self._waiting.append(value)
        if self._trouble or len(self._waiting) > _MOST_WAITING:
            self._do_not_wait_for_a_reader()

    def reading(self) -> Any:
        """A Reading; for an indicator of several figures its own tuple, of Readings.

        What the indicator raises passes through. Raises LifecycleError from then on, and where another reader has not
        come back from it.
        """
        if self._waiting or self._trouble:
            self._move_on()
        if self._reading is None:
            self._reading = self._read()
        return self._reading

    def _move_on(self) -> None:
        if self._trouble:
            raise LifecycleError(f"the indicator {self._indicator} {self._trouble}")
        self._trouble = _AT_WORK
        waiting, self._waiting, self._reading = self._waiting, [], None
        try:
            for value in waiting:
                self._before, self._now = self._now, self._update(value)
        except BaseException as error:
            self._trouble = f"has failed, with {type(error).__name__}"
            raise
        if self._trouble == _AT_WORK:
            self._trouble = ""

    def _do_not_wait_for_a_reader(self) -> None:
        if self._trouble:
            self._trouble = _LEFT_BEHIND if self._trouble == _AT_WORK else self._trouble
            self._waiting.clear()
        else:
            with suppress(Exception):  # the next reader is told
                self._move_on()

    def _read(self) -> Any:
        now, before = self._now, self._before
        if not isinstance(now, tuple):
            return reading_of(now, before)
        kind: Any = type(now)
        return kind(*map(reading_of, now, before if isinstance(before, tuple) else (NOT_YET,) * len(now)))


class CandleHistory:
    """What has closed so far. At least `keep` candles are remembered, and never more than twice as many.

    `count` is how many have closed, those forgotten included; `next_open` is when the candle after the newest begins.
    """

    def __init__(self, key: SeriesKey, *, keep: int) -> None:
        if keep < _LEAST_KEPT:
            raise InvalidValue(f"keep at least {_LEAST_KEPT} candles, not {keep}")
        self.key = key
        self.count = 0
        self.next_open: datetime | None = None
        self._most = 2 * keep
        self._close_of = key.timeframe.closer()
        self._candles: list[Candle] = []
        self._lines: dict[Indicator[Any, Any], Line] = {}
        self._of_closes: list[Line] = []
        self._of_bars: list[Line] = []

    def candles(self) -> Candles:
        return Candles(self._candles, forgotten=self.count - len(self._candles))

    def append(self, candle: Candle) -> None:
        """Add a candle that has closed, and move every indicator on."""
        candles = self._candles
        if len(candles) >= self._most:
            candles = self._candles = candles[1 - self._most // 2 :]  # anew: whoever looks at the old one sees it whole
        candles.append(candle)
        self.count += 1
        self.next_open = self._close_of(candle.open_time)
        if self._of_closes:
            close = float(candle.close)
            for line in self._of_closes:
                line.take(close)
        if self._of_bars:
            bar = _bar(candle)
            for line in self._of_bars:
                line.take(bar)

    def line(self, indicator: Indicator[Any, Any]) -> Line:
        """`indicator` along this series. Asked for late, it begins at the oldest candle that is remembered.

        Raises LifecycleError for the thousand and first: each of them costs at every candle.
        """
        line = self._lines.get(indicator)
        return line if line is not None else self._new_line(indicator)

    def _new_line(self, indicator: Indicator[Any, Any]) -> Line:
        if len(self._lines) >= _MOST_LINES:
            raise LifecycleError(
                f"{self.key} has {_MOST_LINES} indicators and was asked for {indicator}; ask for the same ones at "
                "every candle, not for other parameters each time"
            )
        forgotten = self.count - len(self._candles)
        line = Line(indicator, warm_at=forgotten + indicator.warm_up)
        line.begin([_bar(candle) if indicator.takes_bars else float(candle.close) for candle in self._candles])
        (self._of_bars if indicator.takes_bars else self._of_closes).append(line)
        self._lines[indicator] = line  # the last: whoever finds it, finds it moving
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


def _bar(candle: Candle) -> Bar:
    return Bar(float(candle.high), float(candle.low), float(candle.close))
