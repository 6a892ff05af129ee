"""The executor over real sockets on the local venue, where stops are the exchange's own orders; the ledger judges."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.adapters.binance.venue.conftest import UNLIMITED
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderState, OrderType, Side
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.route import Route
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.errors import AuthenticationFailed
from yunmin.exchange import ConnectionWish, ConnectorConfig, Credentials
from yunmin.execution import Account, AccountPolicy, Deferred, Executor, Placed, RiskManager, StateFile, open_account
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.chaos import Rule, Say

QUICK = AccountPolicy(tick=0.05, query_interval=0.1, retry_first=0.05, orders_interval=1e6, fills_interval=1e6)
SYMBOL = "BNB/USDT"
ROUTE = Route(exchange="binance", symbol=SYMBOL, timeframe="1m", strategy_name="test")
D = Decimal


@pytest.fixture
async def venue() -> AsyncIterator[LocalVenue]:
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE, limits=UNLIMITED)) as running:
        yield running


@asynccontextmanager
async def an_executor(venue: LocalVenue, folder: Path) -> AsyncIterator[tuple[Account, Executor]]:
    wish = ConnectionWish(base_url=venue.url, timeout=5.0)
    async with open_account("binance", folder=folder, wish=wish, policy=QUICK) as account:
        risk = RiskManager(max_position_pct=0.5, equity="100000", file=StateFile(folder / "risk.json"))
        executor = Executor(account, account.tracker, risk, file=StateFile(folder / "executor.json"))
        executor.add_route(ROUTE)
        executor.on_price(SYMBOL, "300")
        yield account, executor


async def until(account: Account, holds: Callable[[], bool]) -> None:
    clock = SystemClock()
    for _ in range(600):
        if holds():
            return
        await clock.sleep(0.02)
    pytest.fail(f"it did not come to that: {account.tracker.get_orders()}")


def others(venue: LocalVenue, side: str, qty: str, price: str) -> None:
    venue.place_as(COUNTERPARTY, "BNBUSDT", side, "LIMIT", quantity=qty, price=price)


async def long(venue: LocalVenue, account: Account, executor: Executor) -> InFlightOrder:
    """Hold one BNB with a stop at 290, and return the exchange's order for it."""
    others(venue, "SELL", "1", "300")
    entered = executor.execute_decision(ROUTE, Decision.enter(SYMBOL, Side.BUY, qty="1", price="300", stop="290"))
    assert isinstance(entered, Placed)
    await until(account, lambda: bool(stops(executor)) and stops(executor)[0].state is OrderState.OPEN)
    return stops(executor)[0]


def stops(executor: Executor) -> list[InFlightOrder]:
    return [order for order in executor.open_orders(ROUTE) if order.order_type is OrderType.STOP_LOSS_LIMIT]


async def test_a_position_gets_a_stop_order_of_the_exchanges_own_for_all_that_is_held(
    venue: LocalVenue, tmp_path: Path
) -> None:
    async with an_executor(venue, tmp_path / "a") as (account, executor):
        stop = await long(venue, account, executor)
        held = executor.position(ROUTE).qty
        assert (stop.side, stop.price) == (Side.SELL, D("287.1"))
        assert stop.qty is not None
        assert 0 <= held - stop.qty < D("0.001")
        (resting,) = [o for o in venue.ledger_report(LOCAL_ACCOUNT).orders if o.state is OrderState.OPEN]
        assert resting.client_order_id == stop.client_order_id


async def test_the_exchange_closes_the_position_by_itself_when_the_price_falls(
    venue: LocalVenue, tmp_path: Path
) -> None:
    async with an_executor(venue, tmp_path / "a") as (account, executor):
        stop = await long(venue, account, executor)
        others(venue, "BUY", "5", "289")
        venue.place_as(LOCAL_ACCOUNT, "BNBUSDT", "SELL", "LIMIT", quantity="0.1", price="289")  # a trade at 289
        executor.on_price(SYMBOL, "289")
        await until(account, lambda: stop.is_completed and executor.protection(ROUTE) is None)
        assert stop.state is OrderState.FILLED
        assert 0 <= executor.position(ROUTE).qty < D("0.001")


async def test_an_exit_takes_the_stop_back_before_it_sells(venue: LocalVenue, tmp_path: Path) -> None:
    async with an_executor(venue, tmp_path / "a") as (account, executor):
        stop = await long(venue, account, executor)
        others(venue, "BUY", "5", "299")
        assert executor.execute_decision(ROUTE, Decision.exit(SYMBOL)) == Deferred((stop.client_order_id,))
        await until(account, lambda: executor.protection(ROUTE) is None)
        assert stop.state is OrderState.CANCELLED
        assert 0 <= executor.position(ROUTE).qty < D("0.001")
        assert not executor.open_orders(ROUTE)


async def test_the_stop_rests_at_the_exchange_while_no_program_runs_and_is_known_by_the_next(
    venue: LocalVenue, tmp_path: Path
) -> None:
    async with an_executor(venue, tmp_path / "a") as (account, executor):
        stop = await long(venue, account, executor)
        held = executor.position(ROUTE)
    async with an_executor(venue, tmp_path / "a") as (_, executor):
        assert executor.position(ROUTE) == held
        assert [order.client_order_id for order in stops(executor)] == [stop.client_order_id]


async def test_M2_a_key_that_this_exchange_does_not_know_stops_the_start_before_anything_is_sent(
    venue: LocalVenue, tmp_path: Path
) -> None:
    config = ConnectorConfig(base_url=venue.url, credentials=Credentials.of("a-key-of-another-place", "secret"))
    with pytest.raises(AuthenticationFailed):
        async with open_account("binance", folder=tmp_path / "a", config=config, policy=QUICK):
            pytest.fail("it opened")
    assert not venue.ledger_report(LOCAL_ACCOUNT).orders


async def test_a_stop_that_the_exchange_refuses_is_watched_here_and_not_tried_again(
    venue: LocalVenue, tmp_path: Path
) -> None:
    async with an_executor(venue, tmp_path / "a") as (account, executor):
        entry = Decision.enter(SYMBOL, Side.BUY, qty="1", price="300", stop="290")
        entered = executor.execute_decision(ROUTE, entry)
        assert isinstance(entered, Placed)
        await until(account, lambda: entered.order.state is OrderState.OPEN)
        refusal = Say(status=400, code=-2010, msg="Stop price would trigger immediately.")
        venue.chaos.add(Rule(where="POST /api/v3/order", fault=refusal, count=1))
        others(venue, "SELL", "1", "300")
        await until(account, lambda: any(order.state is OrderState.REJECTED for order in account.tracker.get_orders()))
        for price in ("301", "300", "299"):
            executor.on_price(SYMBOL, price)
        assert not executor.open_orders(ROUTE)
        others(venue, "BUY", "5", "289")
        executor.on_price(SYMBOL, "289.5")
        await until(account, lambda: executor.protection(ROUTE) is None)
        assert executor.holding(ROUTE).qty == 0
        assert len(account.tracker.get_orders()) == 3
