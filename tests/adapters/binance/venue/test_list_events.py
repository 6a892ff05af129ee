"""User data events of order lists, prevented trades and refused replacements (user-data-stream.md, 2026-07-21)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.binance.venue.sockets import Client, SocketVenue, running
from yunmin_binance.venue import COUNTERPARTY, Liquidity, VenueConfig

QUIET = VenueConfig(liquidity=Liquidity.NONE)
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": 50000}
OTO = {
    "symbol": "BTCUSDT", "listClientOrderId": "mine", "workingType": "LIMIT", "workingSide": "BUY",
    "workingTimeInForce": "GTC", "workingPrice": 50000, "workingQuantity": "0.01", "workingClientOrderId": "first",
    "pendingType": "LIMIT", "pendingSide": "SELL", "pendingTimeInForce": "GTC", "pendingPrice": 55000,
    "pendingQuantity": "0.01", "pendingClientOrderId": "then",
}  # fmt: skip
OCO = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "aboveType": "LIMIT_MAKER", "abovePrice": 55000,
    "belowType": "STOP_LOSS", "belowStopPrice": 45000,
}  # fmt: skip


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(QUIET) as found:
        yield found


@pytest.fixture
async def listener(home: SocketVenue) -> Client:
    client = await home.open("/ws-api/v3")
    await client.signed("userDataStream.subscribe.signature")
    return client


@pytest.fixture
async def trader(home: SocketVenue) -> Client:
    return await home.open("/ws-api/v3")


async def told(listener: Client) -> list[Any]:
    """All events but those of balances."""
    events = [frame["event"] for frame in await listener.frames()]
    return [event for event in events if event["e"] != "outboundAccountPosition"]


def in_short(events: list[Any]) -> list[tuple[object, ...]]:
    return [
        (event["l"], event["L"]) if event["e"] == "listStatus" else (event["x"], event["X"], event["i"])
        for event in events
    ]


async def test_a_list_is_told_after_its_orders_and_again_at_each_of_its_turns(
    home: SocketVenue, listener: Client, trader: Client
) -> None:
    now = home.now
    assert (await trader.signed("orderList.place.oto", **OTO))["status"] == 200
    events = await told(listener)
    assert in_short(events) == [("NEW", "NEW", 1), ("NEW", "PENDING_NEW", 2), ("EXEC_STARTED", "EXECUTING")]
    assert events[-1] == {
        "e": "listStatus", "E": now, "s": "BTCUSDT", "g": 0, "c": "OTO", "l": "EXEC_STARTED", "L": "EXECUTING",
        "r": "NONE", "C": "mine", "T": now,
        "O": [{"s": "BTCUSDT", "i": 1, "c": "first"}, {"s": "BTCUSDT", "i": 2, "c": "then"}],
    }  # fmt: skip
    assert [(event["g"], "W" in event) for event in events[:2]] == [(0, True), (0, False)]
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.01", price="50000")
    assert in_short(await told(listener)) == [
        ("TRADE", "FILLED", 1),
        ("EXEC_STARTED", "EXECUTING"),
        ("NEW", "NEW", 2),
    ]
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price="55000")
    assert in_short(await told(listener)) == [("TRADE", "FILLED", 2), ("ALL_DONE", "ALL_DONE")]


async def test_an_expired_rival_says_why_and_the_list_is_done_when_its_last_order_is(
    home: SocketVenue, listener: Client, trader: Client
) -> None:
    await trader.signed("orderList.place.oco", **OCO)
    await told(listener)
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price="55000")
    events = await told(listener)
    assert in_short(events) == [("EXPIRED", "EXPIRED", 2), ("TRADE", "FILLED", 1), ("ALL_DONE", "ALL_DONE")]
    assert events[0]["eR"] == "OCO_TRIGGER"


async def test_a_renamed_order_updates_its_list(listener: Client, trader: Client) -> None:
    await trader.signed("orderList.place.oto", **OTO)
    await told(listener)
    await trader.signed("order.amend.keepPriority", symbol="BTCUSDT", orderId=1, newQty="0.005", newClientOrderId="x")
    replaced, updated = await told(listener)
    assert (replaced["x"], replaced["c"], replaced["C"]) == ("REPLACED", "x", "first")
    assert (updated["l"], updated["O"][0]["c"]) == ("UPDATED", "x")


async def test_a_list_that_is_refused_is_told_as_such(listener: Client, trader: Client) -> None:
    await trader.signed("orderList.place.oto", **{**OTO, "pendingQuantity": "150"})
    (refused,) = await told(listener)
    assert (refused["l"], refused["L"], refused["r"], refused["g"]) == (
        "RESPONSE", "REJECT", "INSUFFICIENT_BALANCES", -1,
    )  # fmt: skip
    assert [one["c"] for one in refused["O"]] == ["first", "then"]


async def test_wrong_prices_of_a_pair_are_told_as_such(home: SocketVenue, listener: Client, trader: Client) -> None:
    for side in ("SELL", "BUY"):
        home.venue.place_as(COUNTERPARTY, "BTCUSDT", side, "LIMIT", quantity="0.01", price="40000")
    await trader.signed("orderList.place.oco", **OCO)
    (refused,) = await told(listener)
    assert (refused["l"], refused["c"], refused["r"]) == ("RESPONSE", "OCO", "OCO_BAD_PRICES")


async def test_a_replacement_that_is_refused_is_told_after_the_cancel(listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER)
    await told(listener)
    wanted = {**ORDER, "quantity": "100", "cancelReplaceMode": "STOP_ON_FAILURE", "cancelOrderId": 1}
    await trader.signed("order.cancelReplace", **wanted, newClientOrderId="next")
    cancelled, refused = await told(listener)
    assert cancelled["x"] == "CANCELED"
    assert (refused["x"], refused["X"], refused["r"], refused["c"], refused["w"]) == (
        "REJECTED", "REJECTED", "INSUFFICIENT_BALANCES", "next", False,
    )  # fmt: skip


async def test_a_prevented_trade_is_told_to_both_with_what_it_would_have_been(listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER)
    await told(listener)
    await trader.signed(
        "order.place", **{**ORDER, "side": "SELL", "quantity": "0.004"}, selfTradePreventionMode="DECREMENT"
    )
    new, maker, taker = await told(listener)
    assert new["x"] == "NEW"
    assert (maker["x"], maker["X"], maker["A"], maker["B"], maker["U"], maker["v"]) == (
        "TRADE_PREVENTION", "NEW", "0.00400000", "0.00400000", 2, 0,
    )  # fmt: skip
    assert (taker["x"], taker["X"], taker["w"], taker["u"], taker["Cs"]) == (
        "TRADE_PREVENTION", "EXPIRED_IN_MATCH", False, -1, "BTCUSDT",
    )  # fmt: skip
    assert (taker["pl"], taker["pL"], taker["pY"]) == ("0.00400000", "50000.00000000", "200.00000000")
    assert "eR" not in taker


async def test_a_trailing_stop_says_how_far_and_since_when(home: SocketVenue, listener: Client, trader: Client) -> None:
    await trader.signed("order.place", **ORDER, icebergQty="0.001")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.001", price="50000")
    stop = {**ORDER, "side": "SELL", "type": "STOP_LOSS_LIMIT", "trailingDelta": 500, "price": 45000}
    await trader.signed("order.place", **stop)
    first, *_, last = await told(listener)
    assert (first["F"], "d" in first) == ("0.00100000", False)
    assert (last["d"], last["D"], last["P"], last["w"]) == (500, last["T"], "0.00000000", False)


async def test_a_pegged_order_says_what_to(home: SocketVenue, listener: Client, trader: Client) -> None:
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price="49000")
    wanted = {name: value for name, value in ORDER.items() if name != "price"}
    peg = {"pegPriceType": "PRIMARY_PEG", "pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": 0}
    await trader.signed("order.place", **wanted, **peg)
    (report,) = await told(listener)
    assert (report["p"], report["gP"], report["gOT"], report["gOV"], report["gp"]) == (
        "0.00000000", "PRIMARY_PEG", "PRICE_LEVEL", 0, "49000.00000000",
    )  # fmt: skip


async def test_lists_are_asked_for_and_cancelled_by_their_methods(listener: Client, trader: Client) -> None:
    await trader.signed("orderList.place.oto", **OTO)
    shown = (await trader.signed("orderList.status", origClientOrderId="mine"))["result"]
    assert (await trader.signed("openOrderLists.status"))["result"] == [shown]
    assert (await trader.signed("allOrderLists"))["result"] == [shown]
    await told(listener)
    gone = (await trader.signed("orderList.cancel", symbol="BTCUSDT", orderListId=0))["result"]
    assert gone["listStatusType"] == "ALL_DONE"
    assert in_short(await told(listener)) == [
        ("CANCELED", "CANCELED", 1),
        ("CANCELED", "CANCELED", 2),
        ("ALL_DONE", "ALL_DONE"),
    ]
