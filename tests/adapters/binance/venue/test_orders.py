"""Placing, cancelling and querying orders: exact bodies and exact refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from yunmin_binance.venue import (
    COUNTERPARTY,
    LOCAL_API_KEY,
    LOCAL_API_SECRET,
    AccountConfig,
    Liquidity,
    VenueConfig,
)

# section New order, Response - FULL, and Conditional fields
FULL_KEYS = [
    "symbol",
    "orderId",
    "orderListId",
    "clientOrderId",
    "transactTime",
    "price",
    "origQty",
    "executedQty",
    "origQuoteOrderQty",
    "cummulativeQuoteQty",
    "status",
    "timeInForce",
    "type",
    "side",
    "workingTime",
    "selfTradePreventionMode",
    "fills",
]


def test_an_ack_has_five_fields(wire: Any) -> None:
    said = wire.order(newOrderRespType="ACK", newClientOrderId="mine").ok
    assert said == {
        "symbol": "BTCUSDT",
        "orderId": 1,
        "orderListId": -1,
        "clientOrderId": "mine",
        "transactTime": wire.now,
    }


def test_a_result_has_no_fills_and_a_full_answer_has(wire: Any) -> None:
    assert list(wire.order(newOrderRespType="RESULT").ok) == FULL_KEYS[:-1]
    assert list(wire.order(newOrderRespType="FULL").ok) == FULL_KEYS


def test_limit_and_market_default_to_full_and_limit_maker_to_ack(wire: Any) -> None:
    wire.opposite("SELL", "1", "60000")
    assert "fills" in wire.order().ok
    assert "fills" in wire.market().ok
    assert "status" not in wire.order(type="LIMIT_MAKER", timeInForce=None).ok


def test_fills_name_price_quantity_commission_and_trade(wire: Any) -> None:
    wire.opposite("SELL", "0.005", "50000")
    wire.opposite("SELL", "0.005", "50001")
    said = wire.market(quantity="0.01").ok
    assert said["fills"] == [
        {
            "price": "50000.00000000",
            "qty": "0.00500000",
            "commission": "0.00000500",
            "commissionAsset": "BTC",
            "tradeId": 1,
        },
        {
            "price": "50001.00000000",
            "qty": "0.00500000",
            "commission": "0.00000500",
            "commissionAsset": "BTC",
            "tradeId": 2,
        },
    ]
    assert (said["status"], said["executedQty"], said["cummulativeQuoteQty"]) == (
        "FILLED",
        "0.01000000",
        "500.00500000",
    )
    assert (said["price"], said["timeInForce"]) == ("0.00000000", "GTC")


def test_fees_are_paid_in_bnb_where_the_account_wants_it(make_wire: Callable[[VenueConfig], Any]) -> None:
    rich = {"USDT": "100000", "BNB": "10", "BTC": "10"}
    mine = AccountConfig(
        name="local", api_key=LOCAL_API_KEY, api_secret=LOCAL_API_SECRET, balances=rich, pays_fees_in_bnb=True
    )
    wire = make_wire(
        VenueConfig(liquidity=Liquidity.NONE, accounts=(mine, AccountConfig(name=COUNTERPARTY, balances=rich)))
    )
    wire.opposite("SELL", "1", "500", "BNBUSDT")
    wire.market(symbol="BNBUSDT", quantity="0.1")
    wire.opposite("BUY", "1", "50000")
    (fill,) = wire.market(side="SELL", quantity="0.01").ok["fills"]
    # 0.1 % of 500 USDT is 0.5 USDT, at 500 that is 0.001 BNB, a quarter off
    assert (fill["commission"], fill["commissionAsset"]) == ("0.00075000", "BNB")
    assert wire.signed("GET", "account/commission", symbol="BTCUSDT").ok["discount"]["enabledForAccount"] is True


def test_a_quote_amount_buys_what_it_reaches_for(wire: Any) -> None:
    wire.opposite("SELL", "1", "50000")
    said = wire.market(quantity=None, quoteOrderQty="100").ok
    assert (said["status"], said["origQuoteOrderQty"], said["executedQty"]) == ("FILLED", "100.00000000", "0.00200000")


@pytest.mark.parametrize(
    ("changes", "filled", "reason"),
    [
        ({"timeInForce": "IOC"}, "0.00400000", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ({"timeInForce": "FOK"}, "0.00000000", "UNFILLED_FOK_ORDER_EXPIRED"),
        ({"type": "MARKET", "timeInForce": None, "price": None}, "0.00400000", "INSUFFICIENT_LIQUIDITY"),
    ],
)
def test_what_cannot_be_filled_expires_and_says_why(
    wire: Any, changes: dict[str, object], filled: str, reason: str
) -> None:
    wire.opposite("SELL", "0.004", "50000")
    said = wire.order(**changes).ok
    assert (said["status"], said["executedQty"], said["expiryReason"]) == ("EXPIRED", filled, reason)
    assert wire.balance("USDT")[1] == "0.00000000"


def test_an_order_is_shown_as_the_docs_say(wire: Any) -> None:
    placed = wire.order(newClientOrderId="mine", strategyId=7, strategyType=1_000_000).ok
    assert (placed["strategyId"], placed["strategyType"]) == (7, 1_000_000)
    assert wire.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="mine").ok == {
        "symbol": "BTCUSDT",
        "orderId": 1,
        "orderListId": -1,
        "clientOrderId": "mine",
        "price": "50000.00000000",
        "origQty": "0.01000000",
        "executedQty": "0.00000000",
        "cummulativeQuoteQty": "0.00000000",
        "status": "NEW",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": wire.now,
        "updateTime": wire.now,
        "isWorking": True,
        "workingTime": wire.now,
        "origQuoteOrderQty": "0.00000000",
        "selfTradePreventionMode": "NONE",
        "strategyId": 7,
        "strategyType": 1_000_000,
    }


def test_a_cancel_names_itself_and_the_order(wire: Any) -> None:
    wire.order(newClientOrderId="mine")
    said = wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=1, newClientOrderId="stop").ok
    assert (said["origClientOrderId"], said["clientOrderId"], said["status"]) == ("mine", "stop", "CANCELED")
    assert list(said)[:6] == ["symbol", "origClientOrderId", "orderId", "orderListId", "clientOrderId", "transactTime"]
    assert wire.balance("USDT") == ("1000000.00000000", "0.00000000")


def test_cancelling_all_answers_with_every_order(wire: Any) -> None:
    wire.order(newClientOrderId="one")
    wire.order(newClientOrderId="two")
    wire.order(symbol="ETHUSDT", price="2000")
    said = wire.signed("DELETE", "openOrders", symbol="BTCUSDT").ok
    assert [one["origClientOrderId"] for one in said] == ["one", "two"]
    assert len(wire.signed("GET", "openOrders").ok) == 1
    assert wire.signed("DELETE", "openOrders", symbol="BTCUSDT").error == (-2011, "Unknown order sent.")


def test_a_client_order_id_is_unique_among_open_orders_only(wire: Any) -> None:
    wire.order(newClientOrderId="mine")
    assert wire.order(newClientOrderId="mine").error == (-2010, "Duplicate order sent.")
    wire.signed("DELETE", "order", symbol="BTCUSDT", origClientOrderId="mine")
    assert wire.order(newClientOrderId="mine").ok["orderId"] == 2
    assert wire.signed("GET", "order", symbol="BTCUSDT", origClientOrderId="mine").ok["orderId"] == 2


def test_an_id_is_made_up_where_none_is_sent(wire: Any) -> None:
    one, other = wire.order().ok["clientOrderId"], wire.order().ok["clientOrderId"]
    assert one != other
    assert len(one) == 22


def test_a_cancel_can_be_bound_to_the_state_of_the_order(wire: Any) -> None:
    wire.order()
    restricted = {"symbol": "BTCUSDT", "orderId": 1}
    refused = wire.signed("DELETE", "order", **restricted, cancelRestrictions="ONLY_PARTIALLY_FILLED")
    assert refused.error == (-2011, "Order was not canceled due to cancel restrictions.")
    assert wire.signed("DELETE", "order", **restricted, cancelRestrictions="X").error[0] == -1145
    wire.opposite("SELL", "0.004", "50000")
    assert wire.signed("DELETE", "order", **restricted, cancelRestrictions="ONLY_NEW").error[0] == -2011
    said = wire.signed("DELETE", "order", **restricted, cancelRestrictions="ONLY_PARTIALLY_FILLED").ok
    assert said["executedQty"] == "0.00400000"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_both_ids_of_an_order_have_to_match(wire: Any, method: str) -> None:
    wire.order(newClientOrderId="mine")
    wrong = wire.signed(method, "order", symbol="BTCUSDT", orderId=1, origClientOrderId="other")
    assert wrong.error == (-2039, "Client order ID is not correct for this order ID.")
    assert wire.signed(method, "order", symbol="BTCUSDT", orderId=1, origClientOrderId="mine").status == 200


UNKNOWN_CANCEL = (-2011, "Unknown order sent.")
UNKNOWN_QUERY = (-2013, "Order does not exist.")


@pytest.mark.parametrize(("method", "error"), [("GET", UNKNOWN_QUERY), ("DELETE", UNKNOWN_CANCEL)])
@pytest.mark.parametrize("named", [{"orderId": 99}, {"origClientOrderId": "none"}])
def test_an_unknown_order_is_told_apart_by_verb(
    wire: Any, method: str, error: tuple[int, str], named: dict[str, object]
) -> None:
    assert wire.signed(method, "order", symbol="BTCUSDT", **named).error == error
    assert wire.signed(method, "order", symbol="BTCUSDT").error[0] == -1102


def test_an_order_that_is_done_cannot_be_cancelled(wire: Any) -> None:
    wire.order()
    wire.opposite("SELL", "0.01", "50000")
    assert wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=1).error == UNKNOWN_CANCEL


def mandatory(name: str) -> str:
    return f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."


DECIMAL_RANGE = r"legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'."

REFUSALS: list[tuple[dict[str, object], int, str]] = [
    ({"symbol": None}, -1102, mandatory("symbol")),
    ({"side": None}, -1102, mandatory("side")),
    ({"type": None}, -1102, mandatory("type")),
    ({"timeInForce": None}, -1102, mandatory("timeInForce")),
    ({"quantity": None}, -1102, mandatory("quantity")),
    ({"price": None}, -1102, mandatory("price")),
    (
        {"type": "MARKET", "timeInForce": None, "price": None, "quantity": None},
        -1102,
        "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
    ),
    (
        {"type": "MARKET", "timeInForce": None, "price": None, "quoteOrderQty": "10"},
        -1128,
        "Combination of optional parameters invalid.",
    ),
    ({"type": "MARKET", "timeInForce": None}, -1106, "Parameter 'price' sent when not required."),
    ({"type": "MARKET", "price": None}, -1106, "Parameter 'timeInForce' sent when not required."),
    ({"type": "LIMIT_MAKER"}, -1106, "Parameter 'timeInForce' sent when not required."),
    ({"stopPrice": "1"}, -1106, "Parameter 'stopPrice' sent when not required."),
    ({"quoteOrderQty": "1"}, -1106, "Parameter 'quoteOrderQty' sent when not required."),
    ({"price": ""}, -1105, "Parameter 'price' was empty."),
    ({"extra": "1"}, -1104, "Not all sent parameters were read; read '8' parameter(s) but was sent '9'."),
    (
        {"symbol": "btcusdt"},
        -1100,
        "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.",
    ),
    ({"quantity": "-1"}, -1100, f"Illegal characters found in parameter 'quantity'; {DECIMAL_RANGE}"),
    ({"quantity": "1e3"}, -1100, f"Illegal characters found in parameter 'quantity'; {DECIMAL_RANGE}"),
    ({"price": "１"}, -1100, f"Illegal characters found in parameter 'price'; {DECIMAL_RANGE}"),
    (
        {"newClientOrderId": "no spaces"},
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
    ),
    (
        {"newClientOrderId": "x" * 37},
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'.",
    ),
    ({"strategyId": "99999999999999999999"}, -1108, "Parameter 'strategyId' overflowed."),
    ({"quantity": "0.000000001"}, -1111, "Parameter 'quantity' has too much precision."),
    ({"timeInForce": "GTX"}, -1115, "Invalid timeInForce."),
    ({"type": "LIMITED"}, -1116, "Invalid orderType."),
    ({"side": "buy"}, -1117, "Invalid side."),
    ({"symbol": "NOPE"}, -1121, "Invalid symbol."),
    ({"newOrderRespType": "ALL"}, -1130, "Data sent for parameter 'newOrderRespType' is not valid."),
    ({"selfTradePreventionMode": "X"}, -1130, "Data sent for parameter 'selfTradePreventionMode' is not valid."),
    ({"strategyType": "5"}, -1134, "`strategyType` was less than 1000000."),
    ({"icebergQty": "0.02"}, -2010, "IcebergQty exceeds QTY."),
    ({"icebergQty": "0.001", "timeInForce": "IOC"}, -2010, "Unsupported order combination"),
    ({"pegPriceType": "PRIMARY_PEG"}, -2010, "Order book liquidity is too low for this pegged order."),
    ({"price": "50000.001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"price": "0"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"price": "1000001"}, -1013, "Filter failure: PRICE_FILTER"),
    ({"quantity": "0.000001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "0"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "9001"}, -1013, "Filter failure: LOT_SIZE"),
    ({"quantity": "0.00002"}, -1013, "Filter failure: NOTIONAL"),
    ({"quantity": "8000"}, -1013, "Filter failure: NOTIONAL"),
    (
        {"type": "MARKET", "timeInForce": None, "price": None, "quantity": "121"},
        -1013,
        "Filter failure: MARKET_LOT_SIZE",
    ),
    (
        {"type": "MARKET", "timeInForce": None, "price": None, "quantity": None, "quoteOrderQty": "4"},
        -1013,
        "Filter failure: NOTIONAL",
    ),
    ({"quantity": "100"}, -2010, "Account has insufficient balance for requested action."),
    ({"side": "SELL", "quantity": "101"}, -2010, "Account has insufficient balance for requested action."),
    (
        {"type": "LIMIT_MAKER", "timeInForce": None, "price": "60000"},
        -2010,
        "Order would immediately match and take.",
    ),
    (
        {"type": "MARKET", "side": "SELL", "timeInForce": None, "price": None, "quantity": None, "quoteOrderQty": "10"},
        -2010,
        "Order book liquidity is less than symbol minimum quantity.",
    ),
]


@pytest.mark.parametrize(("changes", "code", "text"), REFUSALS)
def test_a_refused_order_leaves_nothing_behind(wire: Any, changes: dict[str, object], code: int, text: str) -> None:
    wire.opposite("SELL", "1", "60000")
    untouched = wire.balance("USDT"), wire.balance("BTC")
    said = wire.order(**changes)
    assert said.error == (code, text)
    assert said.status == 400
    assert (wire.balance("USDT"), wire.balance("BTC")) == untouched
    assert wire.signed("GET", "allOrders", symbol="BTCUSDT").ok == []


def test_a_test_order_is_checked_and_not_placed(wire: Any) -> None:
    assert wire.order(path="order/test").ok == {}
    rates = wire.order(path="order/test", computeCommissionRates="true").ok
    assert rates["standardCommissionForOrder"] == {"maker": "0.00100000", "taker": "0.00100000"}
    assert wire.order(path="order/test", quantity="0").error[0] == -1013
    assert wire.signed("GET", "openOrders").ok == []


def test_an_account_may_not_have_too_many_open_orders(unlimited_wire: Any) -> None:
    for _ in range(200):
        assert unlimited_wire.order(quantity="0.0001").status == 200
    assert unlimited_wire.order(quantity="0.0001").error == (-1013, "Filter failure: MAX_NUM_ORDERS")


def test_self_trades_are_allowed_and_share_one_trade_id(wire: Any) -> None:
    wire.order(selfTradePreventionMode="NONE")
    wire.order(side="SELL")
    mine = wire.signed("GET", "myTrades", symbol="BTCUSDT").ok
    assert [(one["id"], one["orderId"], one["isBuyer"], one["isMaker"]) for one in mine] == [
        (1, 1, True, True),
        (1, 2, False, False),
    ]


def test_order_counts_fall_when_an_order_gets_its_first_fill(wire: Any) -> None:
    counts = [wire.order().headers["X-MBX-ORDER-COUNT-10S"] for _ in range(7)]
    wire.opposite("SELL", "0.001", "50000")
    wire.opposite("SELL", "0.001", "50000")
    as_maker = wire.order().headers
    wire.opposite("SELL", "0.1", "51000")
    as_taker = wire.market().headers
    wire.clock.advance(10)
    later = wire.order().headers
    assert counts == ["1", "2", "3", "4", "5", "6", "7"]
    assert (as_maker["X-MBX-ORDER-COUNT-10S"], as_maker["X-MBX-ORDER-COUNT-1D"]) == ("3", "3")
    assert (as_taker["X-MBX-ORDER-COUNT-10S"], as_taker["X-MBX-ORDER-COUNT-1D"]) == ("3", "3")
    assert (later["X-MBX-ORDER-COUNT-10S"], later["X-MBX-ORDER-COUNT-1D"]) == ("1", "4")


def test_every_answer_tells_the_weight_used_and_orders_that_succeed_weigh_nothing(wire: Any) -> None:
    def used(said: Any) -> int:
        assert said.headers["X-MBX-USED-WEIGHT"] == said.headers["X-MBX-USED-WEIGHT-1M"]
        assert len(said.headers["x-mbx-uuid"]) == 36
        return int(said.headers["X-MBX-USED-WEIGHT-1M"])

    assert used(wire.get("ping")) == 1
    assert used(wire.order()) == 1
    assert used(wire.order(price="")) == 2
    assert used(wire.get("depth", symbol="BTCUSDT", limit=1000)) == 52
    assert used(wire.get("ticker/24hr")) == 132
    assert used(wire.get("nowhere")) == 133
    wire.clock.advance(60)
    assert used(wire.get("ping")) == 1
