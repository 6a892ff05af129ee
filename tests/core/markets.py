"""Candles and small strategies for tests of routes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from yunmin.core.candle_history import CandleHistory, SeriesKey
from yunmin.core.context import Context, GlobalTime
from yunmin.core.data_contracts import Candle, Decision, Route, Side, Timeframe
from yunmin.core.position_manager import Position
from yunmin.core.route_manager import RouteManager
from yunmin.core.strategy_base import Decisions, StrategyBase

START = datetime(2026, 1, 1, tzinfo=UTC)
BTC, ETH = "BTC/USDT", "ETH/USDT"
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return START + minutes * MINUTE


def a_candle(number: int, close: Any = 100, *, symbol: str = BTC, minutes: int = 1, **said: Any) -> Candle:
    """The candle that begins `number` candles of `minutes` after the start."""
    price = str(close)
    usual = {"open": price, "high": price, "low": price, "close": price, "volume": "1"}
    return Candle(symbol=symbol, open_time=at(number * minutes), **usual | said)


def held(symbol: str, qty: Any = 0) -> Position:
    exact = a_candle(0, qty).close if qty else a_candle(0).close * 0
    return Position(symbol, exact, exact * 100, exact * 0, {}, fees_complete=True, paid_in_quote=exact * 0)


class Quiet(StrategyBase):
    """Wants nothing."""

    def should_long(self) -> bool:
        return False

    def go_long(self) -> Decisions:
        raise AssertionError("never asked")


class Eager(StrategyBase):
    """Buys at every candle that finds it without a position, sells at every other."""

    def should_long(self) -> bool:
        return True

    def should_exit(self) -> bool:
        return True

    def go_long(self) -> Decision:
        return self.enter(Side.BUY, fraction=1, reason=f"closed at {self.close:g}")


def a_manager(*strategies: type[StrategyBase], **how: Any) -> RouteManager:
    """A manager that knows those strategies by the names of their classes."""
    known = {each.__name__: each for each in strategies}
    return RouteManager(known.__getitem__, **how)


def run(manager: RouteManager, until: datetime) -> list[tuple[datetime, str, Decision]]:
    """Every decision that is no HOLD, moment by moment."""
    made = []
    while (moment := manager.next_moment(until)) is not None:
        for route in manager.set_global_time(moment):
            made += [(moment, route.name, each) for each in manager.step_route(route) if not each.is_hold]
    return made


def alone(
    strategy: StrategyBase,
    closes: Sequence[Any] = (),
    *,
    position: Callable[[str], Position] = held,
    keep: int = 100,
) -> tuple[StrategyBase, CandleHistory, GlobalTime]:
    """A strategy with a context of its own, on one series."""
    route = Route(exchange="local", symbol=BTC, timeframe="1m", strategy_name="x")
    history = CandleHistory(SeriesKey("local", BTC, Timeframe.M1), keep=keep)
    time = GlobalTime(START)
    strategy.bind(Context(route, {(BTC, "1m"): history}, time, position))
    for close in closes:
        history.append(a_candle(history.count, close))
    return strategy, history, time
