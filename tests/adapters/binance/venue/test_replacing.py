"""Cancel-replace and amend on the wire: the table of outcomes, exact bodies, exact refusals."""

from __future__ import annotations

from typing import Any

import pytest

GONE = {"code": -2011, "msg": "Unknown order sent."}
TOO_DEAR = {"code": -2010, "msg": "Account has insufficient balance for requested action."}


def replace(wire: Any, **changes: object) -> Any:
    return wire.order(
        **{"path": "order/cancelReplace", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1, **changes}
    )


def open_ids(wire: Any) -> list[int]:
    return [order["orderId"] for order in wire.signed("GET", "openOrders", symbol="BTCUSDT").ok]


def test_both_succeed(wire: Any) -> None:
    wire.order(newClientOrderId="old")
    said = replace(wire, price="49000", cancelNewClientOrderId="why", newClientOrderId="old").ok
    assert (said["cancelResult"], said["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    cancelled, placed = said["cancelResponse"], said["newOrderResponse"]
    assert (cancelled["status"], cancelled["clientOrderId"], cancelled["origClientOrderId"]) == (
        "CANCELED",
        "why",
        "old",
    )
    assert (placed["orderId"], placed["price"], placed["fills"]) == (2, "49000.00000000", [])
    assert open_ids(wire) == [2]


def test_a_failed_cancel_stops_the_new_order_and_counts_it_all_the_same(wire: Any) -> None:
    said = replace(wire)
    assert (said.status, said.error) == (400, (-2022, "Order cancel-replace failed."))
    assert said.json["data"] == {
        "cancelResult": "FAILURE",
        "newOrderResult": "NOT_ATTEMPTED",
        "cancelResponse": GONE,
        "newOrderResponse": None,
    }
    assert open_ids(wire) == []
    assert wire.order().headers["X-MBX-ORDER-COUNT-10S"] == "2"


def test_a_failed_cancel_may_be_allowed(wire: Any) -> None:
    said = replace(wire, cancelReplaceMode="ALLOW_FAILURE", newOrderRespType="ACK")
    assert (said.status, said.error) == (409, (-2021, "Order cancel-replace partially failed."))
    data = said.json["data"]
    assert (data["cancelResult"], data["newOrderResult"], data["cancelResponse"]) == ("FAILURE", "SUCCESS", GONE)
    assert data["newOrderResponse"]["orderId"] == 1


@pytest.mark.parametrize("mode", ["STOP_ON_FAILURE", "ALLOW_FAILURE"])
def test_a_new_order_that_fails_does_not_bring_the_old_one_back(wire: Any, mode: str) -> None:
    wire.order()
    said = replace(wire, quantity="100", cancelReplaceMode=mode)
    assert (said.status, said.error) == (409, (-2021, "Order cancel-replace partially failed."))
    data = said.json["data"]
    assert (data["cancelResult"], data["newOrderResult"], data["newOrderResponse"]) == ("SUCCESS", "FAILURE", TOO_DEAR)
    assert open_ids(wire) == []


def test_both_may_fail(wire: Any) -> None:
    said = replace(wire, quantity="100", cancelReplaceMode="ALLOW_FAILURE")
    assert (said.status, said.error) == (400, (-2022, "Order cancel-replace failed."))
    assert said.json["data"]["newOrderResponse"] == TOO_DEAR


def test_a_broken_filter_is_said_before_anything_is_cancelled(wire: Any) -> None:
    wire.order()
    assert replace(wire, price="49000.001").error == (-1013, "Filter failure: PRICE_FILTER")
    assert open_ids(wire) == [1]


def test_a_restricted_cancel_is_a_failed_one(wire: Any) -> None:
    wire.order()
    said = replace(wire, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert said.json["data"]["cancelResponse"]["msg"] == "Order was not canceled due to cancel restrictions."
    assert open_ids(wire) == [1]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"cancelReplaceMode": None}, -1102),
        ({"cancelReplaceMode": "X"}, -1130),
        ({"cancelOrderId": None}, -1102),
        ({"orderRateLimitExceededMode": "X"}, -1130),
        ({"unheard": "of"}, -1104),
    ],
)
def test_a_malformed_cancel_replace_does_nothing(wire: Any, changes: dict[str, object], code: int) -> None:
    wire.order()
    assert replace(wire, **changes).error[0] == code
    assert open_ids(wire) == [1]


def amend(wire: Any, **changes: object) -> Any:
    wanted = {"symbol": "BTCUSDT", "orderId": 1, "newQty": "0.005", **changes}
    return wire.signed("PUT", "order/amend/keepPriority", **{k: v for k, v in wanted.items() if v is not None})


def test_an_amended_order_is_shown_as_the_docs_say(wire: Any) -> None:
    wire.order(newClientOrderId="mine")
    said = amend(wire, newClientOrderId="smaller").ok
    assert said == {
        "transactTime": wire.now,
        "executionId": 0,
        "amendedOrder": {
            "symbol": "BTCUSDT",
            "orderId": 1,
            "orderListId": -1,
            "origClientOrderId": "mine",
            "clientOrderId": "smaller",
            "price": "50000.00000000",
            "qty": "0.00500000",
            "executedQty": "0.00000000",
            "preventedQty": "0.00000000",
            "quoteOrderQty": "0.00000000",
            "cumulativeQuoteQty": "0.00000000",
            "status": "NEW",
            "timeInForce": "GTC",
            "type": "LIMIT",
            "side": "BUY",
            "workingTime": wire.now,
            "selfTradePreventionMode": "NONE",
        },
    }
    assert wire.balance("USDT")[1] == "250.00000000"
    assert wire.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="smaller").ok["origQty"] == "0.00500000"


def test_amendments_can_be_asked_for(wire: Any) -> None:
    wire.order(newClientOrderId="mine")
    amend(wire, newClientOrderId="a", newQty="0.009")
    amend(wire, newClientOrderId="b", newQty="0.008")
    made = wire.signed("GET", "order/amendments", symbol="BTCUSDT", orderId=1).ok
    assert made[0] == {
        "symbol": "BTCUSDT",
        "orderId": 1,
        "executionId": 0,
        "origClientOrderId": "mine",
        "newClientOrderId": "a",
        "origQty": "0.01000000",
        "newQty": "0.00900000",
        "time": wire.now,
    }
    (last,) = wire.signed("GET", "order/amendments", symbol="BTCUSDT", orderId=1, fromExecutionId=1).ok
    assert last["newClientOrderId"] == "b"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"newQty": "0.01"}, (-2038, "The requested action would change no state; rejecting")),
        ({"newQty": "0.02"}, (-2038, "Order amend (quantity increase) is not supported.")),
        ({"orderId": 9}, (-2038, "Unknown order sent.")),
        ({"newQty": "0.00001"}, (-1013, "Filter failure: NOTIONAL")),
        ({"newQty": "0.005001"}, (-1013, "Filter failure: LOT_SIZE")),
        ({"newQty": "0"}, (-1130, "Data sent for parameter 'newQty' is not valid.")),
        ({"newQty": None}, (-1102, "Mandatory parameter 'newQty' was not sent, was empty/null, or malformed.")),
    ],
)
def test_a_refused_amendment_says_why(wire: Any, changes: dict[str, object], error: tuple[int, str]) -> None:
    wire.order()
    assert amend(wire, **changes).error == error


def test_amendments_of_one_order_are_limited(wire: Any) -> None:
    wire.order(quantity="0.1")
    for number in range(10):
        assert amend(wire, newQty=f"0.0{99 - number}").ok
    assert amend(wire, newQty="0.05").error == (-2038, "Filter failure: MAX_NUM_ORDER_AMENDS")
