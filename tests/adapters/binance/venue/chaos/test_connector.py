"""What our own connector concludes from faults of the real venue: what it cannot know, it says it does not know."""

from __future__ import annotations

import pytest

from tests.adapters.binance.venue.conftest import QUIET
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderRequest
from yunmin.errors import OutcomeUnknown
from yunmin.exchange import ConnectionWish, registry
from yunmin_binance.venue import LOCAL_ACCOUNT, LocalVenue
from yunmin_binance.venue.chaos import preset


@pytest.mark.parametrize(
    ("fault", "orders"),
    [
        ("drop-before", 0),
        ("drop-after", 1),
        ("reset-after", 1),
        ("cut-body", 1),
        ("html", 1),
        ("empty", 1),
        ("bad-utf8", 1),
        ("truncated", 1),
        ("other-order", 1),
        ("unknown-outcome", 1),
        ("redirect", 0),
    ],
)
async def test_an_order_whose_answer_suffers_is_sent_once_and_its_outcome_unknown(fault: str, orders: int) -> None:
    adapter = registry.load("binance")
    async with LocalVenue(QUIET) as venue:
        config = adapter.configure(ConnectionWish(base_url=venue.url))
        async with adapter.connector(config, SystemClock()) as exchange:
            order = OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price="300")
            venue.chaos.add(preset(fault, {}))
            with pytest.raises(OutcomeUnknown):
                await exchange.place_order(order)
        assert venue.chaos.strikes == 1
        assert len(venue.ledger_report(LOCAL_ACCOUNT).orders) == orders
