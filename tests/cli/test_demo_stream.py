"""What the demo does with an account stream that tells something else than REST, or nothing."""

from __future__ import annotations

import pytest

from yunmin.cli import demo_stream
from yunmin.cli.demo_stream import Overheard, overhearing
from yunmin.core.order_tracker import OrderTracker
from yunmin.exchange import Capability, ConnectorConfig, Support
from yunmin_binance.connector import BinanceSpot


async def test_an_order_that_the_stream_never_told_of_is_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_stream, "_PATIENCE", 0.01)
    tracker = OrderTracker()
    order = tracker.create_order("ym-1", "BTC/USDT", "BUY", "LIMIT", "1", "100")
    assert await Overheard().differences({"ym-1": order}) == ["ym-1: the stream has not told of it"]


async def test_a_connector_without_an_account_stream_is_not_listened_to() -> None:
    spot = BinanceSpot(ConnectorConfig())
    spot.traits = spot.traits.model_copy(update={"support": {Capability.ACCOUNT_STREAM: Support.NOT_YET}})
    async with overhearing(spot) as heard:
        assert heard is None
