"""Orders so old that Binance has put them away."""

from __future__ import annotations

from decimal import Decimal

from tests.adapters.binance.venue.conftest import QUIET
from yunmin.clock import ManualClock, SystemClock
from yunmin.core.data_contracts import OrderRef, OrderRequest, OrderState
from yunmin.exchange import ConnectionWish, registry
from yunmin_binance.venue import LocalVenue


async def test_case_51_an_archived_order_has_ended_with_nothing_filled() -> None:
    clock = ManualClock(SystemClock().now())
    adapter = registry.load("binance")
    async with LocalVenue(QUIET, clock=clock) as venue:
        config = adapter.configure(ConnectionWish(base_url=venue.url))
        async with adapter.connector(config, SystemClock()) as exchange:
            request = OrderRequest(
                symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price="300", client_order_id="ym-old"
            )
            await exchange.place_order(request)
            await exchange.cancel_order(OrderRef(symbol="BNB/USDT", client_order_id="ym-old"))
            clock.advance(91 * 24 * 3600)
            await exchange.synchronise_clock()  # type: ignore[attr-defined]
            order = await exchange.fetch_order(OrderRef(symbol="BNB/USDT", client_order_id="ym-old"))
    assert (order.state, order.filled_qty, order.reason) == (OrderState.CANCELLED, Decimal(0), "archived")
