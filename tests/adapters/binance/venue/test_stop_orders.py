"""Conditional orders on the wire: parameters, fields, refusals, filters."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from yunmin_binance.venue import Liquidity, VenueConfig
from yunmin_binance.venue.symbols import rules_of


def trade_at(wire: Any, price: str) -> None:
    wire.opposite("SELL", "0.001", price)
    wire.opposite("BUY", "0.001", price)


def stop(wire: Any, **changes: object) -> Any:
    return wire.order(**{"type": "STOP_LOSS_LIMIT", "side": "SELL", "price": "48000", "stopPrice": "49000", **changes})


def test_a_conditional_order_is_acknowledged_and_waits(wire: Any) -> None:
    trade_at(wire, "50000")
    assert "status" not in stop(wire).ok
    placed = stop(wire, newOrderRespType="RESULT").ok
    assert (placed["status"], placed["stopPrice"], placed["workingTime"]) == ("NEW", "49000.00000000", -1)
    (shown, _) = wire.signed("GET", "openOrders", symbol="BTCUSDT").ok
    assert (shown["isWorking"], shown["workingTime"], shown["stopPrice"]) == (False, -1, "49000.00000000")
    assert wire.balance("BTC")[1] == "0.02000000"
    assert wire.get("depth", symbol="BTCUSDT").ok["asks"] == []


def test_when_its_price_is_reached_it_works_from_then_on(wire: Any) -> None:
    trade_at(wire, "50000")
    placed = stop(wire).ok
    wire.clock.advance(5)
    trade_at(wire, "49000")
    shown = wire.signed("GET", "order", symbol="BTCUSDT", orderId=placed["orderId"]).ok
    assert (shown["isWorking"], shown["workingTime"], shown["time"]) == (True, wire.now, wire.now - 5000)
    assert wire.get("depth", symbol="BTCUSDT").ok["asks"] == [["48000.00000000", "0.01000000"]]


def test_a_triggered_stop_loss_trades_at_the_market(wire: Any) -> None:
    trade_at(wire, "50000")
    wire.opposite("BUY", "1", "48500")
    placed = stop(wire, type="STOP_LOSS", price=None, timeInForce=None).ok
    wire.opposite("BUY", "0.001", "49000")
    wire.opposite("SELL", "0.001", "49000")
    shown = wire.signed("GET", "order", symbol="BTCUSDT", orderId=placed["orderId"]).ok
    assert (shown["status"], shown["cummulativeQuoteQty"]) == ("FILLED", "485.00000000")


def test_a_cancelled_conditional_order_shows_its_stop_price(wire: Any) -> None:
    trade_at(wire, "50000")
    placed = stop(wire).ok
    cancelled = wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=placed["orderId"]).ok
    assert (cancelled["status"], cancelled["stopPrice"]) == ("CANCELED", "49000.00000000")
    assert wire.balance("BTC")[1] == "0.00000000"


@pytest.mark.parametrize(
    ("side", "kind", "price", "refused"),
    [
        ("BUY", "STOP_LOSS", "50000", True),
        ("BUY", "STOP_LOSS", "50000.01", False),
        ("SELL", "STOP_LOSS", "50000", True),
        ("SELL", "STOP_LOSS", "49999.99", False),
        ("BUY", "TAKE_PROFIT", "50000", True),
        ("BUY", "TAKE_PROFIT", "49999.99", False),
        ("SELL", "TAKE_PROFIT", "50000", True),
        ("SELL", "TAKE_PROFIT", "50000.01", False),
    ],
)
def test_a_stop_that_is_reached_already_is_refused(wire: Any, side: str, kind: str, price: str, refused: bool) -> None:
    trade_at(wire, "50000")
    said = stop(wire, side=side, type=kind, stopPrice=price, price=None, timeInForce=None)
    assert said.error == (-2010, "Order would trigger immediately.") if refused else said.ok


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"stopPrice": None},
            (-1102, "Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"),
        ),
        (
            {"timeInForce": None},
            (-1102, "Mandatory parameter 'timeInForce' was not sent, was empty/null, or malformed."),
        ),
        ({"price": None}, (-1102, "Mandatory parameter 'price' was not sent, was empty/null, or malformed.")),
        ({"type": "STOP_LOSS"}, (-1106, "Parameter 'price' sent when not required.")),
        ({"stopPrice": "49000.001"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"stopPrice": "0"}, (-1013, "Filter failure: PRICE_FILTER")),
        ({"trailingDelta": "9"}, (-1013, "Filter failure: TRAILING_DELTA")),
        ({"trailingDelta": "0"}, (-1013, "Filter failure: TRAILING_DELTA")),
    ],
)
def test_what_does_not_belong_to_a_conditional_order_is_refused(
    wire: Any, changes: dict[str, object], error: tuple[int, str]
) -> None:
    trade_at(wire, "50000")
    assert stop(wire, **changes).error == error


def test_conditional_orders_are_limited_in_number(make_wire: Callable[[VenueConfig], Any]) -> None:
    rules = rules_of("BTCUSDT").model_copy(update={"max_algo_orders": 2, "max_notional": Decimal(10**9)})
    wire = make_wire(VenueConfig(liquidity=Liquidity.NONE, extra_symbols=(rules,)))
    trade_at(wire, "50000")
    for _ in range(2):
        assert stop(wire).ok
    assert stop(wire).error == (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS")
    assert wire.order(price="40000").ok


def test_exchange_info_lists_conditional_orders_and_their_limit(wire: Any) -> None:
    (symbol,) = wire.get("exchangeInfo", symbol="BTCUSDT").ok["symbols"]
    assert {"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"} <= set(symbol["orderTypes"])
    assert {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5} in symbol["filters"]


def test_a_test_order_may_be_conditional(wire: Any) -> None:
    assert stop(wire, path="order/test").ok == {}
