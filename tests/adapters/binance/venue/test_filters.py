"""Filters (filters.md): what exchangeInfo shows, and the failure that each one is."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from yunmin_binance.venue import Liquidity, VenueConfig
from yunmin_binance.venue.count_filters import CountFilters
from yunmin_binance.venue.symbols import MinNotional, PercentPrice, PercentPriceBySide, rules_of

Made = Callable[..., Any]


@pytest.fixture
def with_rules(make_wire: Callable[[VenueConfig], Any]) -> Made:
    def make(*, exchange: CountFilters | None = None, **changes: object) -> Any:
        rules = rules_of("BTCUSDT").model_copy(update=changes)
        return make_wire(
            VenueConfig(liquidity=Liquidity.NONE, extra_symbols=(rules,), exchange_filters=exchange or CountFilters())
        )

    return make


def trade_at(wire: Any, price: str) -> None:
    wire.opposite("SELL", "0.001", price)
    wire.opposite("BUY", "0.001", price)


def described(wire: Any) -> dict[str, Any]:
    (symbol,) = wire.get("exchangeInfo", symbol="BTCUSDT").ok["symbols"]
    return {one["filterType"]: one for one in symbol["filters"]}


def failure(name: str) -> tuple[int, str]:
    return -1013, f"Filter failure: {name}"


def test_percent_price_bounds_prices_by_the_average(with_rules: Made) -> None:
    rule = PercentPrice(up=Decimal("1.1"), down=Decimal("0.9"), minutes=5)
    wire = with_rules(percent_price=rule, percent_price_by_side=None)
    assert described(wire)["PERCENT_PRICE"] == {
        "filterType": "PERCENT_PRICE",
        "multiplierUp": "1.1",
        "multiplierDown": "0.9",
        "avgPriceMins": 5,
    }
    assert wire.order(price="90000").ok
    wire.signed("DELETE", "openOrders", symbol="BTCUSDT")
    trade_at(wire, "50000")
    assert wire.order(price="45000").ok
    assert wire.order(price="44999.99").error == failure("PERCENT_PRICE")
    assert wire.order(side="SELL", price="55000.01").error == failure("PERCENT_PRICE")


def test_percent_price_by_side_bounds_each_side_apart_by_the_last_price(with_rules: Made) -> None:
    rule = PercentPriceBySide(
        bid_up=Decimal("1.2"), bid_down=Decimal("0.2"), ask_up=Decimal(5), ask_down=Decimal("0.8"), minutes=0
    )
    wire = with_rules(percent_price_by_side=rule)
    trade_at(wire, "50000")
    assert wire.order(price="10000").ok
    assert wire.order(price="9999.99").error == failure("PERCENT_PRICE_BY_SIDE")
    assert wire.order(side="SELL", price="39999.99").error == failure("PERCENT_PRICE_BY_SIDE")
    assert wire.order(side="SELL", price="250000").ok


def test_min_notional_of_old_markets(with_rules: Made) -> None:
    wire = with_rules(legacy_min_notional=MinNotional(least=Decimal(100), applies_to_market=False))
    assert described(wire)["MIN_NOTIONAL"]["applyToMarket"] is False
    assert wire.order(quantity="0.00199").error == failure("MIN_NOTIONAL")
    wire.opposite("SELL", "1", "50000")
    assert wire.market(quantity="0.00199").ok


def test_max_position_counts_what_is_held_and_what_open_buys_ask_for(with_rules: Made) -> None:
    wire = with_rules(max_position=Decimal("100.02"))
    assert described(wire)["MAX_POSITION"]["maxPosition"] == "100.02000000"
    assert wire.order().ok
    assert wire.order().ok
    assert wire.order().error == failure("MAX_POSITION")
    assert wire.order(side="SELL", price="60000").ok


def test_the_numbers_of_open_orders_of_a_market(with_rules: Made) -> None:
    wire = with_rules(max_open_orders=3, max_algo_orders=1, max_iceberg_orders=1)
    assert described(wire)["MAX_NUM_ICEBERG_ORDERS"]["maxNumIcebergOrders"] == 1
    stop = {"type": "STOP_LOSS_LIMIT", "side": "SELL", "stopPrice": "40000"}
    assert wire.order(icebergQty="0.001").ok
    assert wire.order(icebergQty="0.001").error == failure("MAX_NUM_ICEBERG_ORDERS")
    assert wire.order(**stop).ok
    assert wire.order(**stop).error == failure("MAX_NUM_ALGO_ORDERS")
    assert wire.order().ok
    assert wire.order().error == failure("MAX_NUM_ORDERS")


def test_a_list_counts_with_all_its_orders(with_rules: Made) -> None:
    wire = with_rules(max_open_orders=2, max_order_lists=1)
    oto = {
        "symbol": "BTCUSDT", "workingType": "LIMIT_MAKER", "workingSide": "BUY", "workingPrice": "50000",
        "workingQuantity": "0.01", "pendingType": "LIMIT_MAKER", "pendingSide": "SELL", "pendingPrice": "55000",
        "pendingQuantity": "0.01",
    }  # fmt: skip
    assert wire.order().ok
    assert wire.signed("POST", "orderList/oto", **oto).error == failure("MAX_NUM_ORDERS")
    wire.signed("DELETE", "openOrders", symbol="BTCUSDT")
    assert wire.signed("POST", "orderList/oto", **oto).ok


def test_the_numbers_on_the_whole_exchange(with_rules: Made) -> None:
    exchange = CountFilters(orders=3, algo_orders=1, iceberg_orders=1, order_lists=1)
    wire = with_rules(exchange=exchange)
    assert wire.get("exchangeInfo", symbol="BTCUSDT").ok["exchangeFilters"] == [
        {"filterType": "EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders": 3},
        {"filterType": "EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 1},
        {"filterType": "EXCHANGE_MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders": 1},
        {"filterType": "EXCHANGE_MAX_NUM_ORDER_LISTS", "maxNumOrderLists": 1},
    ]
    eth = {"symbol": "ETHUSDT", "price": "3000", "quantity": "0.1"}
    stop = {"type": "STOP_LOSS_LIMIT", "side": "SELL", "stopPrice": "40000"}
    assert wire.order(**eth, icebergQty="0.01").ok
    assert wire.order(icebergQty="0.001").error == failure("EXCHANGE_MAX_NUM_ICEBERG_ORDERS")
    assert wire.order(**{**stop, **eth, "stopPrice": "2000"}).ok
    assert wire.order(**stop).error == failure("EXCHANGE_MAX_NUM_ALGO_ORDERS")
    assert wire.order().ok
    assert wire.order().error == failure("EXCHANGE_MAX_NUM_ORDERS")


def test_order_lists_on_the_whole_exchange(with_rules: Made) -> None:
    wire = with_rules(exchange=CountFilters(order_lists=1))
    pair = {
        "quantity": "0.01", "side": "SELL", "aboveType": "LIMIT_MAKER", "belowType": "STOP_LOSS",
    }  # fmt: skip
    btc = {"symbol": "BTCUSDT", "abovePrice": "55000", "belowStopPrice": "45000"}
    eth = {"symbol": "ETHUSDT", "abovePrice": "3500", "belowStopPrice": "2500"}
    assert wire.signed("POST", "orderList/oco", **pair, **btc).ok
    assert wire.signed("POST", "orderList/oco", **pair, **eth).error == failure("EXCHANGE_MAX_NUM_ORDER_LISTS")
    assert wire.signed("GET", "myFilters", symbol="BTCUSDT").ok["exchangeFilters"]
