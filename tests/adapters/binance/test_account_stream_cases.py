"""What libraries of streams lose or change between two calls, and this one does not."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.adapters.binance.venue.conftest import QUIET
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import AccountNews, Fill, OrderRequest, OrderState, OrderUpdate
from yunmin.exchange import ConnectionWish, StreamsAccount, registry
from yunmin_binance.venue import COUNTERPARTY, LocalVenue

PARTS = 20


@pytest.fixture
async def news() -> list[AccountNews]:
    """Everything told of an order that was filled in twenty parts while nobody read."""
    adapter = registry.load("binance")
    told: list[AccountNews] = []
    async with LocalVenue(QUIET) as venue:
        config = adapter.configure(ConnectionWish(base_url=venue.url))
        async with adapter.connector(config, SystemClock()) as exchange:
            assert isinstance(exchange, StreamsAccount)
            async with exchange.stream_account() as stream:
                await exchange.place_order(
                    OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="2", price="300")
                )
                for _ in range(PARTS):
                    venue.place_as(COUNTERPARTY, "BNBUSDT", "SELL", "LIMIT", quantity="0.1", price="300")
                while not any(isinstance(item, OrderUpdate) and item.state is OrderState.FILLED for item in told):
                    told += await stream.next_batch()
    return told


async def test_case_16_every_change_of_one_order_is_delivered(news: list[AccountNews]) -> None:
    fills = [item for item in news if isinstance(item, Fill)]
    assert len({fill.trade_id for fill in fills}) == PARTS
    filled = [item.filled_qty for item in news if isinstance(item, OrderUpdate)]
    assert len(set(filled)) == PARTS + 1


async def test_case_17_what_was_delivered_is_frozen(news: list[AccountNews]) -> None:
    updates = [item for item in news if isinstance(item, OrderUpdate)]
    assert len({id(update) for update in updates}) == len(updates)
    with pytest.raises(ValidationError):
        updates[0].state = OrderState.FILLED  # type: ignore[misc]
