"""The connector against Binance's own testnet (with keys), and the tracker on its own (without)."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from yunmin.connectors.binance_connector import BinanceConnector
from yunmin.core.order_tracker import OrderState, OrderTracker
from yunmin.errors import LifecycleError

HAS_KEYS = bool(os.environ.get("BINANCE_API_KEY") and os.environ.get("BINANCE_API_SECRET"))
KEYS = (os.environ.get("BINANCE_API_KEY", ""), os.environ.get("BINANCE_API_SECRET", ""))


@pytest.mark.skipif(not HAS_KEYS, reason="set BINANCE_API_KEY and BINANCE_API_SECRET (testnet keys) to run these")
class TestBinanceConnectorBasic:
    """Needs a way to testnet.binance.vision; places one order far from the market and cancels it."""

    @pytest.fixture(autouse=True)
    def _no_way_off_this_machine(self) -> None:
        """These tests are the exception: they go where the keys belong."""

    @pytest.fixture
    def connector(self) -> Iterator[BinanceConnector]:
        with BinanceConnector(*KEYS, testnet=True) as connector:
            yield connector

    def test_it_answers_a_ping(self, connector: BinanceConnector) -> None:
        assert connector.ping() == {}

    def test_its_clock_can_be_read(self, connector: BinanceConnector) -> None:
        assert connector.get_server_time() > 1_600_000_000_000

    def test_balances_are_floats(self, connector: BinanceConnector) -> None:
        assert all(isinstance(amount, float) for amount in connector.get_balance().values())

    def test_rules_of_a_market_are_known(self, connector: BinanceConnector) -> None:
        info = connector.get_trading_pair_info("BNBUSDT")
        assert info["minQty"] > 0
        assert info["stepSize"] > 0

    def test_an_order_is_placed_and_cancelled(self, connector: BinanceConnector) -> None:
        info = connector.get_trading_pair_info("BNBUSDT")
        price = max(info["minPrice"], 100.0)
        placed = connector.place_order("BNBUSDT", "BUY", "LIMIT", qty=0.1, price=price)
        assert connector.get_order_status("BNBUSDT", placed["clientOrderId"])["orderId"] == placed["orderId"]
        assert connector.cancel_order("BNBUSDT", placed["clientOrderId"])["status"] == "CANCELED"


def a_tracker() -> OrderTracker:
    tracker = OrderTracker()
    tracker.create_order("ym_1", "BTCUSDT", "BUY", "LIMIT", 0.1, 42000)
    return tracker


class TestOrderTrackerBasic:
    """What the tracker knows, without any exchange."""

    def test_a_new_order_is_pending(self) -> None:
        order = a_tracker().get_order("ym_1")
        assert order is not None
        assert order.state == OrderState.PENDING
        assert order.is_open
        assert not order.is_completed

    def test_both_ids_lead_to_it(self) -> None:
        tracker = a_tracker()
        assert tracker.set_exchange_id("ym_1", "77")
        assert tracker.get_order_by_exchange_id("77") is tracker.get_order("ym_1")
        assert dict(tracker.client_to_exchange_id) == {"ym_1": "77"}

    def test_an_unknown_order_is_announced_and_nothing_is_lost(self) -> None:
        tracker = OrderTracker()
        assert not tracker.add_fill("ym_later", qty=0.1, price=42000)
        order = tracker.create_order("ym_later", "BTCUSDT", "BUY", "LIMIT", 0.1, 42000)
        assert order.state == OrderState.FILLED

    def test_commission_adds_up(self) -> None:
        tracker = a_tracker()
        for _ in range(2):
            tracker.add_fill("ym_1", qty=0.05, price=42000, fee=0.05, fee_asset="USDT")
        order = tracker.close_order("ym_1")
        assert order is not None
        assert order.total_commission == 0.1
        assert [fill.commission for fill in order.fills] == [0.05, 0.05]

    def test_an_open_order_is_not_put_away(self) -> None:
        with pytest.raises(LifecycleError):
            a_tracker().close_order("ym_1")


class TestOrderStateTransitions:
    """The ways through an order's life."""

    def test_acknowledged_then_filled_in_parts(self) -> None:
        tracker = a_tracker()
        order = tracker.get_order("ym_1")
        assert order is not None
        seen = [order.state]
        tracker.subscribe(lambda event: seen.append(order.state))
        tracker.set_exchange_id("ym_1", "77")
        tracker.add_fill("ym_1", qty=0.05, price=42000)
        tracker.add_fill("ym_1", qty=0.05, price=42100)
        assert list(dict.fromkeys(seen)) == ["PENDING", "OPEN", "PARTIALLY_FILLED", "FILLED"]
        assert order.avg_fill_price == 42050

    def test_a_fill_before_the_exchange_id(self) -> None:
        tracker = a_tracker()
        tracker.add_fill("ym_1", qty=0.05, price=42000)
        tracker.set_exchange_id("ym_1", "77")
        order = tracker.get_order("ym_1")
        assert order is not None
        assert order.state == OrderState.PARTIALLY_FILLED

    @pytest.mark.parametrize("steps", [0, 1, 2])
    def test_cancelled_from_pending_open_or_partly_filled_keeps_the_fills(self, steps: int) -> None:
        tracker = a_tracker()
        if steps > 0:
            tracker.set_exchange_id("ym_1", "77")
        if steps > 1:
            tracker.add_fill("ym_1", qty=0.05, price=42000)
        assert tracker.cancel_order("ym_1")
        order = tracker.get_order("ym_1")
        assert order is not None
        assert order.state == OrderState.CANCELLED
        assert order.total_filled_qty == (0.05 if steps > 1 else 0.0)

    def test_a_late_fill_after_cancel_is_kept_and_does_not_reopen(self) -> None:
        tracker = a_tracker()
        tracker.cancel_order("ym_1")
        tracker.add_fill("ym_1", qty=0.05, price=42000)
        order = tracker.get_order("ym_1")
        assert order is not None
        assert order.state == OrderState.CANCELLED
        assert order.total_filled_qty == 0.05
