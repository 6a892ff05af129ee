"""What a strategy is: questions that it answers when a candle closes, and what it does about the answers.

class Follow(StrategyBase):
    fast: int = 10                      # parameters: class attributes with a type and a default
    slow: int = 30

    def should_long(self) -> bool:
        return self.crossover(self.ema(self.fast), self.ema(self.slow))

    def should_exit(self) -> bool:
        return self.crossunder(self.ema(self.fast), self.ema(self.slow))

    def go_long(self) -> Decision:
        return self.enter(Side.BUY, fraction=0.5, stop=self.close * 0.97)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Any

from yunmin.core.candle_history import Candles, NotEnoughCandles, SeriesKey
from yunmin.core.context import Context
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import Side
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.indicators import (
    Bands,
    Indicator,
    Macd,
    Seed,
    atr,
    bollinger,
    crossed_over,
    crossed_under,
    ema,
    highest,
    lowest,
    macd,
    rsi,
    sma,
    stddev,
)
from yunmin.core.position_manager import Position
from yunmin.core.reading import Reading, previous_of
from yunmin.core.strategy_parameters import checked_parameters, declared_parameters
from yunmin.errors import ConfigurationError

__all__ = ["Decisions", "StrategyBase"]

Decisions = Decision | tuple[Decision, ...]
"""One decision, or several for a strategy of several symbols."""


class StrategyBase(ABC):
    """A strategy on one route. It sees closed candles only, through `self.context`, and returns decisions.

    When a candle of the route's own series closes: without a position `should_long`, then `should_short` is asked,
    with one `should_exit`; the first that says yes is followed by its `go_`. A strategy that returns nothing else
    needs `should_long` and `go_long`.

    Nothing is decided before there are enough candles: `warm_up` of the route's own series where it is declared, one
    of every other series, and as many as each indicator, and each `candles()[-n]`, needs that was asked on the way.

    `symbols` and `timeframes` name what the strategy sees beside the route's own; every symbol comes in every
    timeframe. All three may be set in `prepare`, from parameters.
    """

    symbols: tuple[str, ...] = ()
    timeframes: tuple[str, ...] = ()
    warm_up: int = 0

    context: Context

    def __init__(self, **parameters: object) -> None:
        for name, value in checked_parameters(type(self), StrategyBase, parameters).items():
            setattr(self, name, value)
        self._followed: dict[tuple[object, ...], Callable[[], Any]] = {}
        self._has_enough = False
        self.prepare()

    @classmethod
    def parameters(cls) -> dict[str, object]:
        """The parameters that a route may set, with their defaults."""
        return declared_parameters(cls, StrategyBase)

    def bind(self, context: Context) -> None:
        """Let the strategy see `context`; the route manager does it once."""
        if hasattr(self, "context"):
            raise ConfigurationError(f"{type(self).__name__} has a route already; make another one for another route")
        self.context = context
        self._warming = (Decision.hold(context.route.symbol, reason="warming up"),)
        self._nothing = (Decision.hold(context.route.symbol),)

    # --- what a strategy says; override what it needs ----------------------------------------------------------------

    def prepare(self) -> None:  # noqa: B027  # a strategy may have nothing to prepare
        """Once, when the parameters are set: check how they go together, raise ConfigurationError where they do not."""

    @abstractmethod
    def should_long(self) -> bool:
        """Whether to open a long position now; asked while there is none."""

    def should_short(self) -> bool:
        """Whether to open a short position now; asked while there is none."""
        return False

    def should_exit(self) -> bool:
        """Whether to close the position now; asked while there is one."""
        return False

    @abstractmethod
    def go_long(self) -> Decisions:
        """What to do when `should_long` said yes."""

    def go_short(self) -> Decisions:
        """What to do when `should_short` said yes."""
        raise NotImplementedError(f"{type(self).__name__} has a should_short but no go_short")

    def go_exit(self) -> Decisions:
        """What to do when `should_exit` said yes: close all of it, unless overridden."""
        return self.exit()

    def on_candle(self, candle: Candle) -> None:  # noqa: B027
        """A candle has closed, of whichever of its series `self.series` says; before anything is asked."""

    def on_order_filled(self, fill: Fill) -> None:  # noqa: B027
        """An order of this route was filled, in part or to its end."""

    def on_trade(self, trade: PublicTrade) -> None:  # noqa: B027
        """Others traded in one of the strategy's symbols; told only where the feed has trades."""

    # --- asked by the route manager ----------------------------------------------------------------------------------

    def decide(self) -> tuple[Decision, ...]:
        """What the strategy wants at the global time; a HOLD where it wants nothing. Faults of its own pass through."""
        context = self.context
        if not self._has_enough:
            self._has_enough = context.has_seen(self.warm_up)
            if not self._has_enough:
                return self._warming
        context.start_over()
        try:
            decisions = self._answer()
        except NotEnoughCandles:
            return self._warming
        except ValueError:  # a figure that is not there yet fits into no decision
            if not context.is_cold:
                raise
            return self._warming
        return self._warming if context.is_cold else decisions

    def _answer(self) -> tuple[Decision, ...]:
        go = self._what_to_do()
        if go is None or self.context.is_cold:
            return self._nothing
        return self._checked(go())

    def _what_to_do(self) -> Callable[[], Decisions] | None:
        if self.context.position().qty:
            return self.go_exit if self.should_exit() else None
        if self.should_long():
            return self.go_long
        return self.go_short if self.should_short() else None

    def _checked(self, decisions: object) -> tuple[Decision, ...]:
        found = decisions if isinstance(decisions, tuple) else (decisions,)
        for each in found:
            if not isinstance(each, Decision):
                raise TypeError(f"{type(self).__name__} must return a Decision, not {type(each).__name__}")
            if each.symbol != self.symbol and each.symbol not in self.symbols:
                raise ConfigurationError(f"{type(self).__name__} decided about {each.symbol}, which it did not declare")
        moment = self.time
        return tuple(each if each.is_hold else each.model_copy(update={"as_of": moment}) for each in found)

    # --- what a strategy sees ----------------------------------------------------------------------------------------

    @property
    def symbol(self) -> str:
        """The route's own symbol."""
        return self.context.route.symbol

    @property
    def series(self) -> SeriesKey:
        """In `on_candle`: the series of the candle that is told. Else the route's own."""
        return self.context.series

    @property
    def time(self) -> datetime:
        """The global time."""
        return self.context.time

    @property
    def position(self) -> Position:
        """What is held of the route's own symbol; `qty` is below zero when sold short."""
        return self.context.position()

    @property
    def close(self) -> Reading:
        """The newest close of the route's own series, as a float that knows the one before."""
        return self.context.close()

    def candles(self, symbol: str | None = None, timeframe: str | None = None) -> Candles:
        """Closed candles, oldest first, exact."""
        return self.context.candles(symbol, timeframe)

    # --- what it may decide ------------------------------------------------------------------------------------------

    def enter(self, side: Side, *, symbol: str | None = None, **terms: Any) -> Decision:
        """Open a position: `qty` or `fraction`, and where wanted `price`, `stop`, `take_profit`; see Decision."""
        return Decision.enter(symbol or self.symbol, side, **terms)

    def exit(self, *, symbol: str | None = None, **terms: Any) -> Decision:
        """Close the position; all of it unless `qty` or `fraction` says less."""
        return Decision.exit(symbol or self.symbol, **terms)

    def reverse(self, side: Side, *, symbol: str | None = None, **terms: Any) -> Decision:
        """Close the position and open one on `side`."""
        return Decision.reverse(symbol or self.symbol, side, **terms)

    def hold(self, *, reason: str = "") -> Decision:
        """Change nothing."""
        return Decision.hold(self.symbol, reason=reason)

    # --- indicators --------------------------------------------------------------------------------------------------

    def sma(self, period: int, *, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """The mean of the last `period` closes."""
        return self._value(sma, (period,), symbol, timeframe)  # type: ignore[no-any-return]

    def ema(
        self, period: int, *, seed: Seed = Seed.FIRST, symbol: str | None = None, timeframe: str | None = None
    ) -> Reading:
        """The exponential average of the closes."""
        return self._value(ema, (period, seed), symbol, timeframe)  # type: ignore[no-any-return]

    def rsi(self, period: int = 14, *, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """Wilder's relative strength of the closes, from 0 to 100."""
        return self._value(rsi, (period,), symbol, timeframe)  # type: ignore[no-any-return]

    def atr(self, period: int = 14, *, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """Wilder's average of the true range, in quote units per base unit."""
        return self._value(atr, (period,), symbol, timeframe)  # type: ignore[no-any-return]

    def stddev(self, period: int, *, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """The standard deviation of the last `period` closes."""
        return self._value(stddev, (period,), symbol, timeframe)  # type: ignore[no-any-return]

    def highest(self, period: int, *, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """The largest of the last `period` closes."""
        return self._value(highest, (period,), symbol, timeframe)  # type: ignore[no-any-return]

    def lowest(self, period: int, *, symbol: str | None = None, timeframe: str | None = None) -> Reading:
        """The smallest of the last `period` closes."""
        return self._value(lowest, (period,), symbol, timeframe)  # type: ignore[no-any-return]

    def macd(
        self,
        fast: int = 12,
        slow: int = 26,
        signal: int = 9,
        *,
        seed: Seed = Seed.FIRST,
        symbol: str | None = None,
        timeframe: str | None = None,
    ) -> Macd:
        """`line`, `signal` and `histogram`, each a Reading."""
        return self._value(macd, (fast, slow, signal, seed), symbol, timeframe)  # type: ignore[no-any-return]

    def bollinger(
        self, period: int = 20, width: float = 2.0, *, symbol: str | None = None, timeframe: str | None = None
    ) -> Bands:
        """`lower`, `middle` and `upper`, each a Reading."""
        return self._value(bollinger, (period, width), symbol, timeframe)  # type: ignore[no-any-return]

    def indicator(
        self, indicator: Indicator[Any, Any], *, symbol: str | None = None, timeframe: str | None = None
    ) -> Any:
        """The value of any indicator, one of your own too: a Reading, or its own tuple of Readings."""
        key = (indicator, symbol, timeframe)
        read = self._followed.get(key)
        if read is None:
            read = self._followed[key] = self.context.follow(indicator, symbol, timeframe)
        return read()

    @staticmethod
    def crossover(first: float, second: float) -> bool:
        """Whether `first` rose above `second` at the newest candle. A plain number stands for a level."""
        return crossed_over((previous_of(first), previous_of(second)), (first, second))

    @staticmethod
    def crossunder(first: float, second: float) -> bool:
        """Whether `first` fell below `second` at the newest candle. A plain number stands for a level."""
        return crossed_under((previous_of(first), previous_of(second)), (first, second))

    def _value(
        self,
        make: Callable[..., Indicator[Any, Any]],
        arguments: tuple[object, ...],
        symbol: str | None,
        timeframe: str | None,
    ) -> Any:
        key = (make, arguments, symbol, timeframe)
        read = self._followed.get(key)
        if read is None:
            read = self._followed[key] = self.context.follow(make(*arguments), symbol, timeframe)
        return read()
