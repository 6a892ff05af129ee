"""A run put together by hand on a local venue: an account, an executor, routes, and the notes of what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.adapters.binance.venue.conftest import UNLIMITED
from yunmin.clock import SystemClock
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import OrderState
from yunmin.core.data_contracts.market import Candle
from yunmin.core.data_contracts.route import Route
from yunmin.core.route_manager import RouteManager
from yunmin.core.strategy_base import StrategyBase
from yunmin.engine.report.ledger_check import LedgerCheck, compare
from yunmin.engine.report.run_opening import RunOpening, opening_of
from yunmin.engine.report.run_report import RunReport, report_of
from yunmin.engine.run_events import Decided, RunEvent, RunStarted
from yunmin.engine.status.run_notes import RunNotes
from yunmin.engine.status.run_status import AboutRun, RunStatus, status_of
from yunmin.exchange import ConnectionWish, ConnectorConfig, VenueLedger
from yunmin.execution import Account, AccountPolicy, Executor, RiskManager, StateFile, open_account
from yunmin.execution.outcomes import Outcome
from yunmin.simulation.ledger_report import ledger_of
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig

SYMBOL = "BNB/USDT"
ABOUT = AboutRun("a venue of the test's own", "USDT")
QUICK = AccountPolicy(tick=0.05, query_interval=0.1, retry_first=0.05, orders_interval=1e6, fills_interval=1e6)
START = datetime(2026, 1, 1, tzinfo=UTC)


class Idle(StrategyBase):
    """Decides nothing."""

    def should_long(self) -> bool:
        return False

    def go_long(self) -> Decision:
        raise AssertionError("it never wants to")


@dataclass
class ARun:
    """See the module."""

    venue: LocalVenue
    account: Account
    executor: Executor
    risk: RiskManager
    routes: RouteManager
    route: Route
    notes: RunNotes
    clock: SystemClock = field(default_factory=SystemClock)

    def tell(self, event: RunEvent) -> None:
        self.notes.take(event)

    def decide(self, decision: Decision) -> Outcome:
        """As the loop would: the decision is executed, and told."""
        outcome = self.executor.execute_decision(self.route, decision)
        self.tell(Decided(self.clock.now(), self.route, decision, outcome, by_itself=False))
        return outcome

    def price(self, price: str) -> None:
        """The market trades at `price`, and the account is valued at it."""
        self.executor.on_price(SYMBOL, price)

    def others(self, side: str, qty: str, price: str) -> None:
        """Somebody else's limit order."""
        self.venue.place_as(COUNTERPARTY, "BNBUSDT", side, "LIMIT", quantity=qty, price=price)

    def candle(self, number: int = 0, close: str = "300") -> None:
        """A candle closes."""
        opened = START + timedelta(minutes=number)
        value = Decimal(close)
        self.routes.on_candle(
            "binance",
            "1m",
            Candle(symbol=SYMBOL, open_time=opened, open=value, high=value, low=value, close=value,
                   volume=Decimal(1), is_closed=True),
        )  # fmt: skip
        self.routes.set_global_time(opened + timedelta(minutes=1))

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for what the exchange has to tell first."""
        for _ in range(600):
            if holds():
                return
            await self.clock.sleep(0.02)
        pytest.fail(f"it did not come to that: {self.account.tracker.get_orders()}")

    async def filled(self, client_order_id: str) -> None:
        """Wait until that order is filled, with every fee."""
        order = self.account.tracker.get_order(client_order_id)
        assert order is not None
        await self.until(lambda: order.state is OrderState.FILLED and order.fees_complete)

    def status(self) -> RunStatus:
        return status_of(
            ABOUT,
            account=self.account,
            executor=self.executor,
            risk=self.risk,
            routes=self.routes,
            notes=self.notes,
            clock=self.clock,
        )

    def ledger(self) -> VenueLedger:
        """What the venue itself knows of the account."""
        symbols = {name: f"{rules.base}/{rules.quote}" for name, rules in self.venue.exchange.rules.items()}
        return ledger_of(self.venue.exchange.engine, LOCAL_ACCOUNT, symbols)

    async def opening(self) -> RunOpening:
        """What the account has now."""
        balances = await self.account.connector.fetch_account()
        return opening_of(
            self.clock.now(),
            tracker=self.account.tracker,
            positions=self.executor.positions,
            balances=balances,
            equity=self.risk.equity,
        )

    def report(self, opening: RunOpening) -> RunReport:
        """The table, as of now."""
        return report_of(
            ABOUT,
            opening,
            tracker=self.account.tracker,
            positions=self.executor.positions,
            price=self.risk.price,
            equity=self.risk.equity,
            at=self.clock.now(),
            why="the test is over",
        )

    def check(self, opening: RunOpening, begin: VenueLedger, end: VenueLedger) -> LedgerCheck:
        """Our books against the venue's."""
        return compare(
            opening,
            begin,
            end,
            tracker=self.account.tracker,
            positions=self.executor.positions,
            price=self.risk.price,
            currency="USDT",
        )


@asynccontextmanager
async def a_venue() -> AsyncIterator[LocalVenue]:
    """On which nobody trades by himself."""
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE, limits=UNLIMITED)) as venue:
        yield venue


@asynccontextmanager
async def a_run(
    venue: LocalVenue, folder: Path, *, config: ConnectorConfig | None = None, **limits: object
) -> AsyncIterator[ARun]:
    """A run that takes orders, at a price of 300, with one route; `config` is for keys of the test's own."""
    wish = ConnectionWish(base_url=venue.url, timeout=5.0)
    async with open_account("binance", folder=folder, wish=wish, config=config, policy=QUICK) as account:
        notes = RunNotes(SystemClock())
        account.listen(notes.take)
        risk = RiskManager(equity="100000", file=StateFile(folder / "risk.json"), **limits)  # type: ignore[arg-type]  # limits by name
        executor = Executor(account, account.tracker, risk, file=StateFile(folder / "executor.json"))
        routes = RouteManager(lambda _: Idle, positions=executor.holding)
        route = routes.add_route("binance", SYMBOL, "1m", "idle")
        executor.add_route(route)
        executor.on_price(SYMBOL, "300")
        run = ARun(venue, account, executor, risk, routes, route, notes)
        run.tell(RunStarted(run.clock.now(), ABOUT.world, routes.routes))
        yield run
