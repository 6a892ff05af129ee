"""OCO lists on the wire: placing, querying, cancelling, refusals."""

from __future__ import annotations

from typing import Any

import pytest

LIST_KEYS = [
    "orderListId",
    "contingencyType",
    "listStatusType",
    "listOrderStatus",
    "listClientOrderId",
    "transactionTime",
    "symbol",
    "orders",
]


def trade_at(wire: Any, price: str) -> None:
    wire.opposite("SELL", "0.001", price)
    wire.opposite("BUY", "0.001", price)


def oco(wire: Any, **changes: object) -> Any:
    wanted = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.01",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "55000",
        "belowType": "STOP_LOSS_LIMIT",
        "belowPrice": "44000",
        "belowStopPrice": "45000",
        "belowTimeInForce": "GTC",
        **changes,
    }
    return wire.signed("POST", "orderList/oco", **{name: value for name, value in wanted.items() if value is not None})


def status_of(wire: Any, order_id: int) -> tuple[str, str | None]:
    shown = wire.signed("GET", "order", symbol="BTCUSDT", orderId=order_id).ok
    return shown["status"], shown.get("expiryReason")


def test_a_list_is_placed_and_answered_as_the_docs_say(wire: Any) -> None:
    trade_at(wire, "50000")
    said = oco(wire, listClientOrderId="mine", aboveClientOrderId="up", belowClientOrderId="down").ok
    assert list(said) == [*LIST_KEYS, "orderReports"]
    assert (said["orderListId"], said["contingencyType"], said["listStatusType"], said["listOrderStatus"]) == (
        0,
        "OCO",
        "EXEC_STARTED",
        "EXECUTING",
    )
    assert said["orders"] == [
        {"symbol": "BTCUSDT", "orderId": 3, "clientOrderId": "up"},
        {"symbol": "BTCUSDT", "orderId": 4, "clientOrderId": "down"},
    ]
    above, below = said["orderReports"]
    assert (above["type"], above["orderListId"], above["workingTime"]) == ("LIMIT_MAKER", 0, wire.now)
    assert (below["type"], below["stopPrice"], below["workingTime"]) == ("STOP_LOSS_LIMIT", "45000.00000000", -1)
    assert wire.balance("BTC")[1] == "0.01000000"


def test_a_fill_of_one_expires_the_other(wire: Any) -> None:
    trade_at(wire, "50000")
    up, down = (one["orderId"] for one in oco(wire).ok["orders"])
    wire.opposite("BUY", "0.01", "55000")
    assert status_of(wire, up) == ("FILLED", None)
    assert status_of(wire, down) == ("EXPIRED", "OCO_TRIGGER")
    assert wire.signed("GET", "orderList", orderListId=0).ok["listOrderStatus"] == "ALL_DONE"
    assert wire.signed("GET", "openOrderList").ok == []
    (trade,) = wire.signed("GET", "myTrades", symbol="BTCUSDT").ok
    assert trade["orderListId"] == 0


def test_lists_can_be_asked_for(wire: Any) -> None:
    trade_at(wire, "50000")
    first, second = (oco(wire, listClientOrderId=name).ok for name in ("a", "b"))
    shown = wire.signed("GET", "orderList", origClientOrderId="b").ok
    assert shown == {name: second[name] for name in LIST_KEYS}
    assert [one["listClientOrderId"] for one in wire.signed("GET", "openOrderList").ok] == ["a", "b"]
    assert [one["orderListId"] for one in wire.signed("GET", "allOrderList", fromId=1).ok] == [1]
    assert len(wire.signed("GET", "allOrderList", startTime=wire.now).ok) == 2
    assert wire.signed("GET", "allOrderList", fromId=1, startTime=1).error[0] == -1128
    assert wire.signed("GET", "orderList", orderListId=9).error == (-2013, "Order does not exist.")
    assert wire.signed("GET", "orderList", orderListId=0, origClientOrderId="b").error[0] == -2013
    assert wire.signed("GET", "orderList").error[0] == -1102
    assert first["orderListId"] == 0


@pytest.mark.parametrize("way", ["list", "leg", "all"])
def test_a_list_is_cancelled_as_a_whole_however_it_is_named(wire: Any, way: str) -> None:
    trade_at(wire, "50000")
    placed = oco(wire).ok
    if way == "list":
        said = wire.signed("DELETE", "orderList", symbol="BTCUSDT", orderListId=0, newClientOrderId="why").ok
        assert {report["clientOrderId"] for report in said["orderReports"]} == {"why"}
    elif way == "leg":
        said = wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=placed["orders"][1]["orderId"]).ok
    else:
        (said,) = wire.signed("DELETE", "openOrders", symbol="BTCUSDT").ok
    assert list(said) == [*LIST_KEYS, "orderReports"]
    assert (said["listStatusType"], said["listOrderStatus"]) == ("ALL_DONE", "ALL_DONE")
    assert [report["status"] for report in said["orderReports"]] == ["CANCELED", "CANCELED"]
    assert wire.balance("BTC")[1] == "0.00000000"
    again = wire.signed("DELETE", "orderList", symbol="BTCUSDT", orderListId=0)
    assert again.error == (-2011, "Unknown order sent.")


def test_an_amended_leg_amends_its_list(wire: Any) -> None:
    trade_at(wire, "50000")
    placed = oco(wire).ok
    leg = placed["orders"][1]["orderId"]
    said = wire.signed("PUT", "order/amend/keepPriority", symbol="BTCUSDT", orderId=leg, newQty="0.005").ok
    assert said["listStatus"]["listOrderStatus"] == "EXECUTING"
    assert {one["origQty"] for one in wire.signed("GET", "openOrders").ok} == {"0.00500000"}


def test_the_deprecated_form_still_works(wire: Any) -> None:
    trade_at(wire, "50000")
    old = {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01", "price": "45000", "stopPrice": "55000"}
    stop, limit = wire.signed("POST", "order/oco", **old).ok["orderReports"]
    assert (stop["type"], stop["price"], limit["type"]) == ("STOP_LOSS", "0.00000000", "LIMIT_MAKER")
    assert wire.signed("POST", "order/oco", **old, stopLimitPrice="56000").error[0] == -1102
    assert wire.signed("POST", "order/oco", **old, stopLimitPrice="56000", stopLimitTimeInForce="GTC").ok
    trailing = wire.signed("POST", "order/oco", **old, trailingDelta=10, limitIcebergQty="0.005").ok["orderReports"]
    assert (trailing[0]["trailingDelta"], trailing[1]["icebergQty"]) == (10, "0.00500000")


STOP = {"belowType": "STOP_LOSS", "belowPrice": None, "belowTimeInForce": None}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"belowType": "LIMIT_MAKER", "belowStopPrice": None, "belowTimeInForce": None}, -1168),
        ({"side": "BUY"}, -1165),
        ({**STOP, "aboveType": "STOP_LOSS", "abovePrice": None, "aboveStopPrice": "55000"}, -1197),
        ({**STOP, "belowType": "LIMIT_MAKER", "belowPrice": "45000", "belowStopPrice": None, "side": "BUY"}, -1168),
        ({**STOP, "belowType": "TAKE_PROFIT"}, -1199),
        ({"aboveType": "LIMIT"}, -1158),
        ({"aboveType": "LIMIT_MAKER", "aboveTimeInForce": "GTC"}, -1106),
        ({"belowTimeInForce": None}, -1102),
        ({"belowTrailingDelta": "9"}, -1013),
        ({"belowTimeInForce": "IOC", "belowIcebergQty": "0.001"}, -1160),
        ({"abovePrice": "49000"}, -2010),
        ({"belowStopPrice": "51000"}, -2010),
        ({"quantity": "150"}, -2010),
        ({"aboveClientOrderId": "same", "belowClientOrderId": "same"}, -2010),
    ],
)
def test_a_list_that_does_not_hang_together_is_refused(wire: Any, changes: dict[str, object], code: int) -> None:
    trade_at(wire, "50000")
    assert oco(wire, **changes).error[0] == code
    assert wire.signed("GET", "openOrders").ok == []


def test_prices_on_the_wrong_side_of_the_market_are_named_so(wire: Any) -> None:
    trade_at(wire, "50000")
    assert oco(wire, abovePrice="49000").error == (
        -2010,
        "The relationship of the prices for the orders is not correct.",
    )


def test_lists_count_twice_against_the_unfilled_orders(wire: Any) -> None:
    trade_at(wire, "50000")
    assert oco(wire).headers["X-MBX-ORDER-COUNT-10S"] == "2"
