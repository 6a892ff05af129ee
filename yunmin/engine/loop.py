"""The run itself: the market is heard, time passes over the routes, and what they decide is done.

    candles -> RouteManager -> StrategyRunner -> Decision -> Executor -> Account -> exchange
    prices  -> Executor (stops, risk)
    fills   -> strategies

It is the same over every world: which exchange, which clock and which feed is the assembly's matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from yunmin.clock import Clock
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import FillKind
from yunmin.core.data_contracts.events import OrderFilled
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.market import PublicTrade
from yunmin.core.data_contracts.route import Route
from yunmin.core.data_contracts.stream import Transfer
from yunmin.core.route_manager import RouteManager
from yunmin.core.strategy_base import StrategyBase
from yunmin.engine.equity import Equity
from yunmin.engine.feeds.feed import Feed, Wanted
from yunmin.engine.inbox import Inbox
from yunmin.engine.run_events import CandleTrouble, Decided, FeedTrouble, RunEnded, RunEvent, StrategyFailed
from yunmin.engine.strategies.strategy_runner import StrategyRunner
from yunmin.errors import YunminError
from yunmin.execution.account import Account
from yunmin.execution.account_events import AccountEvent
from yunmin.execution.executor import Executor
from yunmin.execution.outcomes import Outcome
from yunmin.execution.risk_manager import RiskManager
from yunmin.execution.waiting import race

__all__ = ["Loop"]

_NAP: Final = 1.0
"""Seconds on the wall after which it looks again, whatever happens."""

_EQUITY_EVERY: Final = 1.0
"""Seconds on the wall between two looks at the equity beside those at every candle: a new peak is flushed to disk."""


class Loop:
    """See the module. `tell` is called with every RunEvent that is not the account's own.

    `clock` goes `pace` times as fast as `wall`, the machine's.
    """

    def __init__(
        self,
        *,
        account: Account,
        executor: Executor,
        risk: RiskManager,
        routes: RouteManager,
        runner: StrategyRunner,
        equity: Equity,
        feed: Feed,
        clock: Clock,
        wall: Clock,
        pace: float,
        tell: Callable[[RunEvent], None],
    ) -> None:
        self._account = account
        self._executor = executor
        self._risk = risk
        self._routes = routes
        self._runner = runner
        self._equity = equity
        self._feed = feed
        self._clock = clock
        self._equity_every = _EQUITY_EVERY * pace
        self._nap = _NAP * pace
        self._tell = tell
        self._next_equity = float("-inf")
        self._is_busy = False
        self._stop = asyncio.Event()
        self._why = ""
        self.prices: dict[str, Decimal] = {}
        self.inbox = Inbox(routes, self, wall)

    async def begin(self) -> None:
        """Hear the past and the prices of now, and know what the account is worth. Raises as `Feed.begin`."""
        self._routes.set_global_time(self._clock.now())
        self._routes.subscribe(lambda event: self._tell(CandleTrouble(self._clock.now(), event)))
        self._executor.on_outcome(self._on_outcome)
        self._account.listen(self._on_account_event)
        await self._feed.begin(self._wanted(), self.inbox)
        self.update_equity()

    def stop(self, why: str) -> None:
        """Decide nothing more; `run` returns in its own time. The first reason stands."""
        if not self.is_stopping:
            self._why = why
            self._stop.set()

    @property
    def is_stopping(self) -> bool:
        return self._stop.is_set()

    async def run(self) -> None:
        """Until it is stopped or the feed has nothing more. Raises what the feed or the loop itself fails with."""
        feeding = asyncio.create_task(self._feed.run(), name="feed")
        working = asyncio.create_task(self._work(), name="run-loop")
        stopping = asyncio.create_task(self._stop.wait(), name="run-stop")
        tasks = (feeding, working, stopping)
        why = "it failed"
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                _raise_failure(task)
            why = self._why if stopping in done else "there is nothing more to be heard of the market"
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._tell(RunEnded(self._clock.now(), why))

    def _wanted(self) -> Wanted:
        symbols: dict[str, None] = {}
        trades: dict[str, None] = {}
        for route in self._routes.routes:
            strategy = self._routes.strategy_of(route)
            of_route = (route.symbol, *strategy.symbols)
            symbols |= dict.fromkeys(of_route)
            if type(strategy).on_trade is not StrategyBase.on_trade:
                trades |= dict.fromkeys(of_route)
        return Wanted(self._routes.feeds, tuple(symbols), tuple(trades))

    # --- turns -------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            self.inbox.begin_turn()
            self._is_busy = True
            wait = await self._turn()
            self._is_busy = False
            await race(self.inbox.stirred(), wait, self._clock)

    async def _turn(self) -> float:
        """Deal with what there is; for how many seconds there is nothing else to do."""
        while self.inbox.fills:
            route, fill = self.inbox.fills.popleft()
            await self._runner.on_order_filled(route, fill)
        while self.inbox.trades:
            await self._take_trade(self.inbox.trades.popleft())
        wait = await self._pass_time(self._clock.now())
        if self._clock.monotonic() >= self._next_equity:
            self.update_equity()
        return wait

    async def _take_trade(self, trade: PublicTrade) -> None:
        if trade.ts > self._routes.global_time:
            await self._pass_time(trade.ts)
            if trade.ts > self._routes.global_time:
                await self._close_candles(trade.ts)
        for route in self._routes.routes_of(self._exchange_of(trade.symbol), trade.symbol):
            await self._runner.on_trade(route, trade)

    def _exchange_of(self, symbol: str) -> str:
        return next(key.exchange for key in self._routes.feeds if key.symbol == symbol)

    async def _pass_time(self, until: datetime) -> float:
        """From one candle's end to the next, up to `until`; seconds to the next one that is worth a look."""
        while (moment := self._routes.next_moment(until)) is not None:
            left = (moment + self._feed.patience - self._clock.now()).total_seconds()
            if left > 0 and self._routes.awaited(moment):
                return left
            await self._close_candles(moment)
        ahead = self._routes.next_moment(until + timedelta(days=1))
        return self._nap if ahead is None else min(max((ahead - self._clock.now()).total_seconds(), 0.0), self._nap)

    async def _close_candles(self, moment: datetime) -> None:
        self.update_equity()
        for route in self._routes.set_global_time(moment):
            for decision in await self._runner.step(route):
                self._do(route, decision)

    def _do(self, route: Route, decision: Decision) -> None:
        try:
            outcome = self._executor.execute_decision(route, decision)
        except YunminError as error:
            what = f"{type(error).__name__}: {error}"
            self._tell(StrategyFailed(self._clock.now(), route, "its decision", what, ""))
            return
        self._tell(Decided(self._clock.now(), route, decision, outcome, by_itself=False))

    # --- being told --------------------------------------------------------------------------------------------------

    def take_price(self, symbol: str, price: Decimal) -> None:
        """The market's price now: for stops, for risk, for the equity."""
        self.prices[symbol] = price
        self._executor.on_price(symbol, price)

    def take_trouble(self, what: str) -> None:
        """Something of the market cannot be heard, or was not."""
        self._tell(FeedTrouble(self._clock.now(), what))

    def is_settled(self, moment: datetime) -> bool:
        """Whether nothing is left to be done about what was told up to `moment`."""
        is_done = not self._is_busy and self.inbox.is_empty and self._account.is_idle
        return is_done and self._routes.next_moment(moment) is None

    def _on_outcome(self, route: Route, decision: Decision, outcome: Outcome) -> None:
        self._tell(Decided(self._clock.now(), route, decision, outcome, by_itself=True))

    def _on_account_event(self, event: AccountEvent) -> None:
        if isinstance(event, OrderFilled) and event.fill.kind is FillKind.REAL:
            route = self._executor.route_of(event.order.client_order_id)
            if route is not None:
                self.inbox.on_fill(route, _fill_of(event))
        elif isinstance(event, Transfer):
            self._equity.move(event.asset, event.amount)
            if event.asset == self._risk.currency:
                self._risk.transfer(event.amount)

    def update_equity(self) -> None:
        """What the account is worth at the prices of now; nothing where a price is not known."""
        value = self._equity.value()
        if value is not None:
            self._next_equity = self._clock.monotonic() + self._equity_every
            self._risk.update_equity(value)


def _raise_failure(task: asyncio.Task[Any]) -> None:
    """What a task ended with; of several failures of its parts the first."""
    failure = task.exception()
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    if failure is not None:
        raise failure


def _fill_of(event: OrderFilled) -> Fill:
    order, fill = event.order, event.fill
    return Fill(
        symbol=order.symbol,
        trade_id=fill.trade_id,
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        side=order.side,
        qty=fill.qty,
        price=fill.price,
        fee=fill.fee,
        fee_asset=fill.fee_asset,
        liquidity=fill.liquidity,
        ts=fill.ts,
        kind=fill.kind,
    )
