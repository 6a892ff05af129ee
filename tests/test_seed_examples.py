"""The lines that scripts already use, as they stand in those scripts."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.by_now import by_now
from yunmin_binance.local_account import LOCAL_API_KEY, LOCAL_API_SECRET


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch, own_venue_url: str) -> SimpleNamespace:
    """Credentials, with the testnet's address replaced by that of the local venue."""
    monkeypatch.setenv("BINANCE_BASE_URL", own_venue_url)
    return SimpleNamespace(key=LOCAL_API_KEY, secret=LOCAL_API_SECRET)


def test_the_connector_lines(keys: SimpleNamespace) -> None:
    from yunmin.connectors.binance_connector import BinanceAuth, BinanceConnector, BinanceConnectorError

    connector = BinanceConnector(api_key=keys.key, api_secret=keys.secret, testnet=True)
    assert connector.ping() == {}
    assert connector.get_server_time() > 1_600_000_000_000
    balance = connector.get_balance()
    assert balance["BTC"] > 0
    assert isinstance(balance["USDT"], float)
    info = connector.get_trading_pair_info("BNBUSDT")
    assert info["minQty"] > 0
    assert info["stepSize"] > 0
    assert info["makerCommission"] == info["takerCommission"] == 0.001
    assert {"symbol", "baseAsset", "quoteAsset", "minPrice", "tickSize", "status", "minNotional"} <= info.keys()
    assert connector.place_order(symbol="BNBUSDT", side="BUY", order_type="LIMIT", qty=0.1,
                                 price=300, client_order_id="test_001")["orderId"]  # fmt: skip
    symbol, client_order_id = "BNBUSDT", "test_001"
    assert connector.get_order_status(symbol, client_order_id)["status"] == "NEW"
    assert [order["clientOrderId"] for order in connector.get_open_orders(symbol=None)] == ["test_001"]
    assert connector.cancel_order(symbol, client_order_id)["status"] == "CANCELED"
    history = connector.get_order_history(symbol=None, limit=100)
    assert history[0]["clientOrderId"] == "test_001"
    assert [order["time"] for order in history] == sorted((order["time"] for order in history), reverse=True)
    assert connector.place_order(symbol, "BUY", "LIMIT", qty=0.1, price=300, test=True) == {}
    assert connector.get_open_orders(symbol) == []
    with pytest.raises(BinanceConnectorError):
        connector.get_order_status(symbol, "nobody")
    connector.close()
    connector.close()
    signature = BinanceAuth(keys.key, keys.secret).generate_signature("a=1")
    assert len(signature) == 64


def test_the_order_id_works_in_place_of_the_client_order_id(keys: SimpleNamespace) -> None:
    from yunmin.connectors.binance_connector import BinanceConnector

    with BinanceConnector(keys.key, keys.secret, testnet=True) as connector:
        placed = connector.place_order("BNBUSDT", "BUY", "LIMIT", qty=0.1, price=300, time_in_force="GTC")
        assert connector.get_order_status("BNBUSDT", order_id=placed["orderId"])["status"] == "NEW"
        assert connector.cancel_order("BNBUSDT", order_id=placed["orderId"])["status"] == "CANCELED"


def test_the_websocket_lines(keys: SimpleNamespace) -> None:
    from yunmin.connectors.binance_connector import BinanceConnector
    from yunmin.connectors.binance_websocket import BinanceWebSocket

    api_key, api_secret = keys.key, keys.secret
    heard: dict[str, Any] = {}

    def on_fill(fill_data: dict[str, Any]) -> None:
        heard["fill"] = tuple(fill_data[name] for name in ("client_oid", "qty", "price", "fee", "fee_asset"))
        if "candle" in heard:
            ws.stop()

    def on_candle(candle: dict[str, Any]) -> None:
        if not heard:
            heard["candle"] = candle
            with BinanceConnector(api_key, api_secret, testnet=True) as connector:
                connector.place_order("BTCUSDT", "BUY", "MARKET", quote_qty=20, client_order_id="seed-ws")

    ws = BinanceWebSocket(api_key, api_secret, testnet=True)
    ws.subscribe_order_updates(on_fill)
    ws.subscribe_candles("BTCUSDT", "1m", on_candle)
    ws.run()
    client_oid, qty, price, fee, fee_asset = heard["fill"]
    assert client_oid == "seed-ws"
    assert qty > 0 and price > 0 and fee > 0  # noqa: PT018  floats, as scripts lean on
    assert fee_asset == "BTC"


def test_the_tracker_lines() -> None:
    from yunmin.core.order_tracker import InFlightOrder, OrderFill, OrderState, OrderTracker

    tracker = OrderTracker()
    order = tracker.create_order(client_order_id="ym_001", symbol="BTCUSDT", side="BUY",
                                 order_type="LIMIT", qty=0.1, price=42000)  # fmt: skip
    assert isinstance(order, InFlightOrder)
    assert by_now(order.state) == OrderState.PENDING
    tracker.set_exchange_id("ym_001", "123456789")
    assert by_now(order.state) == OrderState.OPEN
    tracker.add_fill("ym_001", qty=0.05, price=42000, fee=0.05, fee_asset="USDT")
    assert by_now(order.state) == OrderState.PARTIALLY_FILLED
    tracker.add_fill("ym_001", qty=0.05, price=42000, fee=0.05, fee_asset="USDT")
    current = tracker.get_order("ym_001")
    assert current is order
    assert current.state == OrderState.FILLED
    assert current.total_filled_qty == 0.1 and current.avg_fill_price == 42000  # noqa: PT018  as it stands there
    assert all(isinstance(fill, OrderFill) for fill in current.fills)
    assert tracker.get_order_by_exchange_id("123456789") is order
    assert tracker.get_open_orders(symbol=None) == []
    closed = tracker.close_order("ym_001")
    assert closed is not None
    assert closed.total_commission == 0.1
    assert tracker.get_order_history(symbol=None, limit=100) == [order]
    stats = tracker.get_stats()
    assert (stats["open_orders"], stats["total_orders_closed"], stats["total_commission"]) == (0, 1, 0.1)


def test_the_lines_of_routes_and_strategies() -> None:
    from yunmin.core.data_contracts import Candle, Decision
    from yunmin.core.route_manager import RouteManager
    from yunmin.core.strategy_base import StrategyBase
    from yunmin.strategy.builtin.ema_crossover import EmaCrossover
    from yunmin.strategy.builtin.rsi_filter import RsiFilter

    hooks = ("should_long", "should_short", "should_exit", "go_long", "go_short", "go_exit",
             "on_candle", "on_order_filled", "on_trade", "sma", "ema", "rsi", "crossover", "crossunder")  # fmt: skip
    assert all(callable(getattr(StrategyBase, name)) for name in hooks)
    routes = RouteManager()
    first = routes.add_route("binance", "BTC/USDT", "1m", "ema_crossover")
    second = routes.add_route(exchange="binance", symbol="ETH/USDT", timeframe="1h", strategy_name="rsi_filter")
    assert isinstance(routes.strategy_of(first), EmaCrossover)
    assert isinstance(routes.strategy_of(second), RsiFilter)
    routes.disable_route(first)
    routes.enable_route(first)
    candle = Candle(symbol="BTC/USDT", open_time="2026-01-01T00:00:00+00:00", open="1", high="1", low="1", close="1",
                    volume="1")  # fmt: skip
    routes.on_candle("binance", "1m", candle)
    (due,) = routes.set_global_time(candle.open_time.replace(minute=1))
    assert due == first
    (decision,) = routes.step_route(due)
    assert isinstance(decision, Decision)
    assert decision.reason == "warming up"
    assert [each["symbol"] for each in routes.formatted_routes] == ["BTC/USDT", "ETH/USDT"]


def test_the_lines_of_risk_and_executor(keys: SimpleNamespace) -> None:
    from yunmin.connectors.binance_connector import BinanceConnector
    from yunmin.core.data_contracts import Decision, Route
    from yunmin.core.order_tracker import OrderState, OrderTracker
    from yunmin.execution.executor import Executor
    from yunmin.execution.risk_manager import RiskManager

    with BinanceConnector(api_key=keys.key, api_secret=keys.secret, testnet=True) as connector:
        tracker = OrderTracker()
        risk_mgr = RiskManager(max_dd=0.15, max_position_pct=0.05)
        refused = risk_mgr.validate_order("BTC/USDT", "BUY", 0.1, 42000)
        assert not refused
        assert "update_equity" in str(refused)
        risk_mgr.update_equity(100_000)
        assert risk_mgr.validate_order("BTC/USDT", "BUY", 0.1, 42000)
        executor = Executor(connector, tracker, risk_mgr)
        route = Route(exchange="binance", symbol="BNB/USDT", timeframe="1m", strategy_name="mine")
        decision = Decision.enter("BNB/USDT", "BUY", qty=0.1, price=150)
        executor.execute_decision(route, decision)
        assert [order.state for order in tracker.get_orders()] == [OrderState.PENDING]
