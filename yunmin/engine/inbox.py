"""What happened and has not been dealt with yet: closed candles, trades of others, fills of ours."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple, Protocol

from yunmin.clock import Clock
from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.data_contracts.route import Route
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.core.route_manager import RouteManager
from yunmin.errors import YunminError

__all__ = ["Desk", "Inbox", "RouteFill"]


_CALM: Final = 5
"""Turns of the event loop in which nothing is left to do: what one task does may give the next one something."""


class RouteFill(NamedTuple):
    """A fill of an order that a route placed."""

    route: Route
    fill: Fill


class Desk(Protocol):
    """Who is told at once, and who is asked whether all is done."""

    def take_price(self, symbol: str, price: Decimal) -> None: ...

    def take_trouble(self, what: str) -> None: ...

    def is_settled(self, moment: datetime) -> bool: ...


class Inbox:
    """The sink of a run's feed. Prices are dealt with at once, for a stop must not wait; all else in the run's turn."""

    def __init__(self, routes: RouteManager, desk: Desk, wall: Clock) -> None:
        self._routes = routes
        self._desk = desk
        self._wall = wall
        self._stirred = asyncio.Event()
        self.fills: deque[RouteFill] = deque()
        self.trades: deque[PublicTrade] = deque()

    # --- the feed's side ---------------------------------------------------------------------------------------------

    def build(self, series: SeriesKey, *, out_of: Timeframe) -> None:
        self._routes.build(series.exchange, series.symbol, series.timeframe, out_of=out_of)

    def seed(self, series: SeriesKey, candles: list[Candle]) -> None:
        """What closed while the past was asked for is news, and no past."""
        close_of, now = series.timeframe.close_of, self._routes.global_time
        past = [candle for candle in candles if close_of(candle.open_time) <= now]
        self._guarded(lambda: self._routes.seed(series.exchange, series.timeframe, past))
        for candle in candles[len(past) :]:
            self.on_candle(series, candle)

    def on_candle(self, series: SeriesKey, candle: Candle) -> None:
        self._guarded(lambda: self._routes.on_candle(series.exchange, series.timeframe, candle))
        self._stirred.set()

    def on_price(self, symbol: str, price: Decimal) -> None:
        self._desk.take_price(symbol, price)
        self._stirred.set()

    def on_trade(self, trade: PublicTrade) -> None:
        self.trades.append(trade)
        self._stirred.set()

    def on_trouble(self, what: str) -> None:
        self._desk.take_trouble(what)

    async def settled(self, moment: datetime, is_quiet: Callable[[], bool]) -> None:
        """Return once the run has dealt with everything up to `moment`, its orders' outcomes included."""
        self._stirred.set()
        calm = 0
        while calm < _CALM:
            await self._wall.sleep(0)
            calm = calm + 1 if is_quiet() and self._desk.is_settled(moment) else 0

    # --- the run's side ----------------------------------------------------------------------------------------------

    def on_fill(self, route: Route, fill: Fill) -> None:
        """A fill of ours, for the route's strategy."""
        self.fills.append(RouteFill(route, fill))
        self._stirred.set()

    @property
    def is_empty(self) -> bool:
        return not self.fills and not self.trades

    async def stirred(self) -> None:
        """Return when something has come since the last `begin_turn`."""
        await self._stirred.wait()

    def begin_turn(self) -> None:
        """What comes from here on is for the next turn."""
        self._stirred.clear()

    def _guarded(self, act: Callable[[], None]) -> None:
        """A candle that cannot be taken is told, and the run goes on."""
        try:
            act()
        except YunminError as error:
            self._desk.take_trouble(str(error))
