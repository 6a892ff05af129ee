"""An account over real sockets on the local venue, with faults on demand, judged by the venue's ledger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.adapters.binance.venue.conftest import UNLIMITED
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderRequest, OrderState
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.events import OrderFilled
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.exchange import ConnectionWish, registry
from yunmin.execution import Account, AccountPolicy, open_account
from yunmin.execution.account_events import AccountEvent, ReconcileFinished
from yunmin.execution.kill_orders import kill_orders, ownership
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.chaos import Disconnect, Drop, Moment, Rule

QUICK = AccountPolicy(tick=0.05, query_interval=0.1, retry_first=0.05, orders_interval=1e6, fills_interval=1e6)


@pytest.fixture
async def venue() -> AsyncIterator[LocalVenue]:
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE, limits=UNLIMITED)) as running:
        yield running


@pytest.fixture
async def opened(venue: LocalVenue, tmp_path: Path) -> AsyncIterator[Callable[[], object]]:
    async with AsyncExitStack() as stack:

        async def open_it() -> Account:
            wish = ConnectionWish(base_url=venue.url, timeout=2.0)
            return await stack.enter_async_context(
                open_account("binance", folder=tmp_path / "account", wish=wish, policy=QUICK)
            )

        yield open_it


@pytest.fixture
async def account(opened: Callable[[], object]) -> Account:
    return await opened()  # type: ignore[misc, no-any-return]  # it is awaitable


def a_buy(name: str, qty: str = "1") -> OrderRequest:
    return OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty=qty, price="300", client_order_id=name)


def sell(venue: LocalVenue, qty: str) -> None:
    venue.place_as(COUNTERPARTY, "BNBUSDT", "SELL", "LIMIT", quantity=qty, price="300")


async def until(account: Account, holds: Callable[[], bool]) -> None:
    """Read events until `holds()`; an account that never gets there hangs, and the test run says where."""
    if holds():
        return
    async for _ in account.events():
        if holds():
            return


def agrees(venue: LocalVenue, order: InFlightOrder) -> bool:
    """Whether the ledger has this order just so."""
    known = {report.client_order_id: report for report in venue.ledger_report(LOCAL_ACCOUNT).orders}
    report = known[order.client_order_id]
    ours = sorted((fill.trade_id, fill.qty) for fill in order.fills)
    theirs = sorted((str(fill.trade_id), fill.qty) for fill in report.fills)
    return report.state is order.state and ours == theirs


async def test_an_order_is_followed_by_the_stream_to_its_last_fill(venue: LocalVenue, account: Account) -> None:
    order = await account.place(a_buy("ym-1"))
    for _ in range(4):
        sell(venue, "0.25")
    await until(account, lambda: order.is_completed)
    assert order.state is OrderState.FILLED
    assert len(order.fills) == 4
    assert agrees(venue, order)


async def test_N2_a_placement_whose_answer_was_lost_is_adopted(venue: LocalVenue, account: Account) -> None:
    venue.chaos.add(Rule(where="POST /api/v3/order", fault=Drop(moment=Moment.AFTER), count=1))
    order = await account.place(a_buy("ym-1"))
    await until(account, lambda: order.certainty is Certainty.CONFIRMED)
    assert venue.chaos.fired("drop") == 1
    assert agrees(venue, order)
    assert len(venue.ledger_report(LOCAL_ACCOUNT).orders) == 1


async def test_N19_a_cancel_whose_answer_was_lost_has_cancelled(venue: LocalVenue, account: Account) -> None:
    order = await account.place(a_buy("ym-1"))
    venue.chaos.add(Rule(where="DELETE /api/v3/order", fault=Drop(moment=Moment.AFTER), count=1))
    await account.cancel("ym-1")
    await until(account, lambda: order.is_completed)
    assert order.state is OrderState.CANCELLED
    assert agrees(venue, order)


async def test_N22_fills_that_the_stream_lost_with_its_connection_are_booked_after_it(
    venue: LocalVenue, account: Account
) -> None:
    order = await account.place(a_buy("ym-1", qty="3"))
    told: list[AccountEvent] = []
    account.listen(told.append)
    sell(venue, "1")
    venue.chaos.add(Rule(where="event executionReport", fault=Disconnect(), count=1))
    sell(venue, "1")
    sell(venue, "1")
    await until(account, lambda: order.is_completed and account.takes_orders)
    assert agrees(venue, order)
    assert sum(isinstance(event, OrderFilled) for event in told) == 3
    assert any(isinstance(event, ReconcileFinished) and "gap" in event.report.why for event in told)


async def test_orders_go_on_after_the_program_was_restarted(
    venue: LocalVenue, opened: Callable[[], object], account: Account
) -> None:
    await account.place(a_buy("ym-1"))
    await account.close()
    sell(venue, "0.4")
    again: Account = await opened()  # type: ignore[misc]
    order = again.tracker.get_order("ym-1")
    assert order is not None
    assert (order.state, [str(fill.qty) for fill in order.fills]) == (OrderState.PARTIALLY_FILLED, ["0.40000000"])
    assert agrees(venue, order)


async def test_M4_a_kill_from_outside_leaves_nothing_of_ours_open_and_the_rest_alone(
    venue: LocalVenue, account: Account, tmp_path: Path
) -> None:
    ours = [await account.place(a_buy(name)) for name in ("ym-1", "named-by-its-owner")]
    venue.place_as(LOCAL_ACCOUNT, "BNBUSDT", "BUY", "LIMIT", quantity="1", price="299", client_order_id="hand-1")
    adapter, clock = registry.load("binance"), SystemClock()
    async with adapter.connector(adapter.configure(ConnectionWish(base_url=venue.url)), clock) as outside:
        with ownership(tmp_path / "account", outside.traits.client_order_id_prefix) as owned:
            report = await kill_orders(outside, owned, clock, within=10)
    assert report.is_flat
    assert set(report.cancelled) == {"ym-1", "named-by-its-owner"}
    assert report.not_ours == ("hand-1",)
    await until(account, lambda: all(order.is_completed for order in ours))
    assert {order.state for order in ours} == {OrderState.CANCELLED}
