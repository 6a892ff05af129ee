"""OTO, OTOCO, OPO and OPOCO on the wire: answers, what becomes of them, exact refusals."""

from __future__ import annotations

from typing import Any

import pytest

WORKING = {
    "symbol": "BTCUSDT",
    "workingType": "LIMIT",
    "workingSide": "BUY",
    "workingTimeInForce": "GTC",
    "workingPrice": "50000",
    "workingQuantity": "0.01",
}
PENDING = {
    "pendingType": "LIMIT",
    "pendingSide": "SELL",
    "pendingTimeInForce": "GTC",
    "pendingPrice": "55000",
    "pendingQuantity": "0.01",
}
RIVALS = {
    "pendingSide": "SELL",
    "pendingQuantity": "0.01",
    "pendingAboveType": "LIMIT_MAKER",
    "pendingAbovePrice": "55000",
    "pendingBelowType": "STOP_LOSS",
    "pendingBelowStopPrice": "45000",
}
LISTS: dict[str, dict[str, Any]] = {
    "oto": {**WORKING, **PENDING},
    "otoco": {**WORKING, **RIVALS},
    "opo": {**WORKING, **PENDING, "pendingQuantity": None},
    "opoco": {**WORKING, **RIVALS, "pendingQuantity": None},
}


def place(wire: Any, kind: str, **changes: object) -> Any:
    wanted = {**LISTS[kind], **changes}
    return wire.signed("POST", f"orderList/{kind}", **{name: one for name, one in wanted.items() if one is not None})


def statuses(wire: Any, placed: Any) -> list[tuple[str, str | None]]:
    found = [wire.signed("GET", "order", symbol="BTCUSDT", orderId=one["orderId"]).ok for one in placed["orders"]]
    return [(one["status"], one.get("expiryReason")) for one in found]


@pytest.mark.parametrize("kind", LISTS)
def test_it_is_answered_with_the_working_order_new_and_the_others_pending(wire: Any, kind: str) -> None:
    said = place(wire, kind, listClientOrderId="mine", workingClientOrderId="first").ok
    assert (said["contingencyType"], said["listStatusType"], said["listOrderStatus"], said["listClientOrderId"]) == (
        "OTO",
        "EXEC_STARTED",
        "EXECUTING",
        "mine",
    )
    first, *others = said["orderReports"]
    assert (first["clientOrderId"], first["status"], first["workingTime"]) == ("first", "NEW", wire.now)
    assert {(one["status"], one["workingTime"]) for one in others} == {("PENDING_NEW", -1)}
    assert all(("origQty" in one) is kind.startswith("oto") for one in others)
    assert statuses(wire, said)[1:] == [("PENDING_NEW", None)] * len(others)
    assert len(others) == (2 if kind.endswith("co") else 1)


@pytest.mark.parametrize("kind", LISTS)
def test_a_filled_working_order_puts_the_others_to_work(wire: Any, kind: str) -> None:
    said = place(wire, kind).ok
    wire.opposite("SELL", "0.01", "50000")
    (first, _), *others = statuses(wire, said)
    assert (first, {status for status, _ in others}) == ("FILLED", {"NEW"})
    assert wire.get("depth", symbol="BTCUSDT").ok["asks"] == [["55000.00000000", "0.01000000"]]
    wire.opposite("BUY", "0.01", "55000")
    ends = [("FILLED", None), ("FILLED", None), ("EXPIRED", "OCO_TRIGGER")]
    assert statuses(wire, said) == ends[: len(said["orders"])]
    assert wire.signed("GET", "openOrderList").ok == []


def test_filled_at_once_the_answer_still_shows_what_waits_as_pending(wire: Any) -> None:
    wire.opposite("SELL", "0.01", "50000")
    said = place(wire, "oto", newOrderRespType="FULL").ok
    first, pending = said["orderReports"]
    assert (first["status"], pending["status"], pending["fills"]) == ("FILLED", "PENDING_NEW", [])
    assert statuses(wire, said) == [("FILLED", None), ("NEW", None)]


def test_a_working_order_that_expires_ends_the_list(wire: Any) -> None:
    said = place(wire, "otoco", workingTimeInForce="IOC").ok
    assert statuses(wire, said) == [
        ("EXPIRED", "UNFILLED_IOC_QUANTITY_EXPIRED"),
        ("EXPIRED", "OTO_PHASE_ONE_EXPIRED"),
        ("EXPIRED", "OTO_PHASE_ONE_EXPIRED"),
    ]
    assert wire.balance("BTC")[1] == "0.00000000"


@pytest.mark.parametrize("which", [0, 1, 2])
def test_cancelling_one_cancels_all(wire: Any, which: int) -> None:
    placed = place(wire, "otoco").ok
    said = wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=placed["orders"][which]["orderId"]).ok
    assert [report["status"] for report in said["orderReports"]] == ["CANCELED"] * 3
    assert wire.signed("GET", "openOrders").ok == []


def test_a_pending_order_that_breaks_a_filter_by_then_is_rejected(wire: Any) -> None:
    said = place(wire, "opo", pendingPrice="1", workingQuantity="0.001").ok
    wire.opposite("SELL", "0.001", "50000")
    assert statuses(wire, said) == [("FILLED", None), ("EXPIRED", "REJECTED")]
    assert wire.balance("BTC")[1] == "0.00000000"


def test_what_the_working_order_bought_is_kept_and_sold(wire: Any) -> None:
    said = place(wire, "opo").ok
    wire.opposite("SELL", "0.004", "50000")
    assert wire.balance("BTC")[1] == "0.00400000"
    amended = wire.signed(
        "PUT", "order/amend/keepPriority", symbol="BTCUSDT", orderId=said["orders"][1]["orderId"], newQty="0.001"
    )
    assert amended.error == (-2038, "Order amend (pending OPO order) is not supported.")
    wire.opposite("SELL", "0.006", "50000")
    pending = wire.signed("GET", "order", symbol="BTCUSDT", orderId=said["orders"][1]["orderId"]).ok
    assert (pending["origQty"], pending["status"]) == ("0.01000000", "NEW")


def test_lists_count_as_many_unfilled_orders_as_they_have(wire: Any) -> None:
    assert place(wire, "oto").headers["X-MBX-ORDER-COUNT-10S"] == "2"
    assert place(wire, "otoco").headers["X-MBX-ORDER-COUNT-10S"] == "5"


@pytest.mark.parametrize(
    ("kind", "changes", "error"),
    [
        ("oto", {"workingType": "MARKET"}, (-1116, "Invalid orderType.")),
        (
            "oto",
            {"workingTimeInForce": None},
            (-1102, "Mandatory parameter 'workingTimeInForce' was not sent, was empty/null, or malformed."),
        ),
        (
            "oto",
            {"pendingPrice": None},
            (-1102, "Mandatory parameter 'pendingPrice' was not sent, was empty/null, or malformed."),
        ),
        ("oto", {"pendingSide": "UP"}, (-1117, "Invalid side.")),
        (
            "oto",
            {"pendingType": "STOP_LOSS", "pendingPrice": None, "pendingTimeInForce": None},
            (-1102, "Param 'pendingStopPrice' or 'pendingTrailingDelta' must be sent, but both were empty/null!"),
        ),
        (
            "oto",
            {"workingIcebergQty": "0.001", "workingTimeInForce": "IOC"},
            (
                -1160,
                "Parameter 'workingIcebergQty' is not supported if `aboveTimeInForce`/`belowTimeInForce` is not GTC.",
            ),
        ),
        ("oto", {"pendingQuantity": "101"}, (-2010, "Account has insufficient balance for requested action.")),
        ("oto", {"pendingPrice": "55000.001"}, (-1013, "Filter failure: PRICE_FILTER")),
        ("oto", {"pendingStrategyType": "5"}, (-1134, "`strategyType` was less than 1000000.")),
        (
            "otoco",
            {"pendingBelowType": "LIMIT_MAKER", "pendingBelowPrice": "45000", "pendingBelowStopPrice": None},
            (-1168, "At least one OCO order must be contingent."),
        ),
        ("otoco", {"pendingSide": "BUY"}, (-1165, "A limit order in a buy OCO must be below.")),
        (
            "otoco",
            {"pendingAboveType": "MARKET", "pendingAbovePrice": None},
            (-1158, "Order type not supported in OCO."),
        ),
        ("opo", {"workingSide": "SELL"}, (-1222, "Working order in an OPO list must be a bid.")),
        ("opo", {"pendingSide": "BUY"}, (-1223, "Pending orders in an OPO list must be asks.")),
        ("opo", {"workingQuantity": None}, (-1224, "Working order must include the 'workingQuantity' tag.")),
        ("opo", {"pendingQuantity": "0.01"}, (-1225, "Pending orders should not include the 'pendingQuantity' tag.")),
        ("opoco", {"pendingQuantity": "0.01"}, (-1225, "Pending orders should not include the 'pendingQuantity' tag.")),
    ],
)
def test_what_does_not_hang_together_is_refused(
    wire: Any, kind: str, changes: dict[str, object], error: tuple[int, str]
) -> None:
    assert place(wire, kind, **changes).error == error
    assert wire.signed("GET", "openOrders").ok == []
    assert (wire.balance("USDT")[1], wire.balance("BTC")[1]) == ("0.00000000", "0.00000000")
