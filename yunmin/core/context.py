"""All that a strategy can see: closed candles, positions, the time. Nothing here leads to what comes later.

Candles that are still forming, or that were given ahead of their time, wait in the route manager; this module holds no
reference to it. A history holds only what has closed at or before the global time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from yunmin.core.candle_history import CandleHistory, Candles
from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.route import Route
from yunmin.core.indicators import Indicator
from yunmin.core.position_manager import Position
from yunmin.core.reading import Reading
from yunmin.errors import ConfigurationError, LifecycleError

__all__ = ["Context", "GlobalTime"]

BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)


class GlobalTime:
    """The one time of all routes. The route manager moves it; everybody else reads it."""

    __slots__ = ("now",)

    def __init__(self, now: datetime = BEFORE_ALL) -> None:
        self.now = now


class Context:
    """What one route's strategy sees. Where no symbol or timeframe is named, the route's own is meant.

    `series` is that of the candle that is being told, and else the route's own.
    """

    def __init__(
        self,
        route: Route,
        histories: Mapping[tuple[str, str], CandleHistory],
        time: GlobalTime,
        position: Callable[[str], Position],
    ) -> None:
        self.route = route
        self._histories = dict(histories)
        self._own = self._histories[route.symbol, route.timeframe]
        self.series = self._own.key
        self._time = time
        self._position = position
        self._symbols = tuple(dict.fromkeys(symbol for symbol, _ in self._histories))
        self._held: dict[str, Position] | None = None
        self._shut = ""
        self._is_cold = False

    @property
    def time(self) -> datetime:
        """The global time: every candle that can be seen here closed at or before it."""
        return self._time.now

    def candles(self, symbol: str | None = None, timeframe: str | None = None) -> Candles:
        """Closed candles, oldest first.

        Raises ConfigurationError for a symbol or timeframe that the strategy did not declare.
        """
        return self._history(symbol, timeframe).candles()

    @property
    def candle(self) -> Candle:
        """The newest closed candle of the route's own series. Raises IndexError while there is none."""
        return self.candles()[-1]

    def close(self, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """The newest close as a float that knows the one before; nan while there is none."""
        return self._history(symbol, timeframe).reading_of_close()

    def position(self, symbol: str | None = None) -> Position:
        """What is held; see `RouteManager` for where it comes from.

        Raises ConfigurationError for a symbol that the strategy did not declare.
        """
        self._must_be_open()
        wanted = symbol or self.route.symbol
        if wanted not in self._symbols:
            raise self._undeclared(wanted)
        return self._position(wanted) if self._held is None else self._held[wanted]

    def hold_still(self) -> None:
        """Look at what is held now: `position` tells just that until the next time, to every thread."""
        self._held = {symbol: self._position(symbol) for symbol in self._symbols}

    def shut(self, why: str) -> None:
        """Let nothing be seen any more: from here on candles and positions raise LifecycleError."""
        self._shut = why

    def follow(
        self, indicator: Indicator[Any, Any], symbol: str | None = None, timeframe: str | None = None
    ) -> Callable[[], Any]:
        """The way to read `indicator` at the newest candle: a Reading, or its own tuple of Readings.

        Read before it is warm, it makes the context cold, and what the strategy then decides is not heard.
        """
        history = self._history(symbol, timeframe)
        line = history.line(indicator)
        warm_at, reading = line.warm_at, line.reading

        def read() -> Any:
            if history.count < warm_at:
                self._is_cold = True
            return reading()

        return read

    @property
    def is_cold(self) -> bool:
        """Whether an indicator was read, since the last `start_over`, that has not seen enough candles."""
        return self._is_cold

    def start_over(self) -> None:
        """Forget which indicators were read: a new candle, a new question."""
        self._is_cold = False

    def has_seen(self, candles: int) -> bool:
        """Whether that many candles of the route's own series have closed, and one of every other at least."""
        return self._own.count >= candles and all(history.count for history in self._histories.values())

    def _history(self, symbol: str | None, timeframe: str | None) -> CandleHistory:
        self._must_be_open()
        if symbol is None and timeframe is None:
            return self._own
        wanted = (symbol or self.route.symbol, timeframe or self.route.timeframe)
        found = self._histories.get(wanted)
        if found is None:
            raise self._undeclared(" ".join(wanted))
        return found

    def _must_be_open(self) -> None:
        if self._shut:
            raise LifecycleError(self._shut)

    def _undeclared(self, wanted: str) -> ConfigurationError:
        declared = ", ".join(" ".join(each) for each in self._histories)
        return ConfigurationError(
            f"{self.route.strategy_name} asked for {wanted}, which it did not declare; it has {declared}. Add the "
            "symbol to `symbols` or the timeframe to `timeframes` of the strategy."
        )
