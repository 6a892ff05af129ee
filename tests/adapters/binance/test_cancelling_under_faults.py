"""A cancel counts only when the answer is about that order and says that it ended; the request leaves once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from tests.adapters.binance.wire import (
    CLIENT_ORDER_ID,
    OPEN_ORDERS,
    ORDER,
    ORDER_ID,
    a_cancel,
    a_ref,
    an_error,
    as_json,
    form_of,
    refused,
)
from yunmin.core.data_contracts import OrderRef, OrderState
from yunmin.errors import (
    ConfigurationError,
    OrderNotFound,
    OutcomeUnknown,
    Rejected,
    RejectReason,
    RejectSource,
    UnknownSymbol,
)
from yunmin.exchange import PlacementConnection
from yunmin.testing import faulty_server as faults
from yunmin.testing.faulty_server import Fault, FaultyServer, answer, json_answer
from yunmin_binance.connector import BinanceSpot

Connected = Callable[..., Awaitable[BinanceSpot]]

CANCEL = as_json(a_cancel())
HTML = b"<html>504</html>"

UNPROVEN: dict[str, Fault] = {
    "N2_never_answers": faults.silence(),
    "N3_reset": faults.reset(),
    "N3_closed": faults.close(),
    "N4_closed_in_mid_body": faults.cut_short(CANCEL, after=50, ending=faults.close()),
    "N4_reset_in_mid_body": faults.cut_short(CANCEL, after=50, ending=faults.reset()),
    "N5_empty": answer(b""),
    "N5_empty_object": answer(b"{}"),
    "N5_empty_list": answer(b"[]"),
    "N5_null": answer(b"null"),
    "N5_html": answer(HTML),
    "N5_bad_utf8": answer(CANCEL + b"\xff"),
    "N5_truncated": answer(CANCEL[:-5]),
    "N6_503": answer(b"", status=503),
    "N6_504_code_1007": refused(-1007, status=504),
    "N6_400_code_1000": refused(-1000),
    "N7_undocumented_code": refused(-9999),
    "N40_redirect": faults.redirect(307, ORDER),
    "B5_unknown_status": json_answer(a_cancel(status="QUANTUM_SUPERPOSED")),
    "B5_status_pending_cancel": json_answer(a_cancel(status="PENDING_CANCEL")),
    "B7_still_open": json_answer(a_cancel(status="NEW")),
    "B7_partly_filled_and_open": json_answer(a_cancel(status="PARTIALLY_FILLED")),
    "B7_another_client_id": json_answer(a_cancel(origClientOrderId="somebody-elses")),
    "B7_only_the_cancels_own_id": json_answer(a_cancel(origClientOrderId="other", clientOrderId=CLIENT_ORDER_ID)),
    "B7_another_symbol": json_answer(a_cancel(symbol="ETHUSDT")),
    "B7_no_order_id": json_answer(a_cancel(orderId=None)),
}


def timeout_for(row: str) -> float:
    return 1.0 if "never" in row else 5.0


@pytest.mark.parametrize("row", UNPROVEN)
async def test_a_cancel_that_is_not_proven_is_unknown_and_left_once(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    connector = await connected(timeout=timeout_for(row))
    server.once("DELETE", ORDER, UNPROVEN[row])
    with pytest.raises(OutcomeUnknown) as caught:
        await connector.cancel_order(a_ref())
    assert caught.value.client_order_id == CLIENT_ORDER_ID
    assert server.count("DELETE") == 1


async def test_an_answer_about_another_order_id_is_unknown(server: FaultyServer, connector: BinanceSpot) -> None:
    server.once("DELETE", ORDER, json_answer(a_cancel(orderId=1)))
    with pytest.raises(OutcomeUnknown, match="order id '1'"):
        await connector.cancel_order(a_ref(exchange_order_id=str(ORDER_ID)))


@pytest.mark.parametrize(
    ("status", "state"),
    [("CANCELED", OrderState.CANCELLED), ("FILLED", OrderState.FILLED), ("EXPIRED", OrderState.EXPIRED)],
)
async def test_a_cancel_is_proven_by_an_order_that_ended(
    server: FaultyServer, connector: BinanceSpot, status: str, state: OrderState
) -> None:
    server.once("DELETE", ORDER, json_answer(a_cancel(status=status)))
    update = await connector.cancel_order(a_ref(exchange_order_id=str(ORDER_ID)))
    assert (update.state, update.filled_qty, update.client_order_id) == (state, Decimal("0.0004"), CLIENT_ORDER_ID)


async def test_the_wire_names_the_order_by_both_ids(server: FaultyServer, connector: BinanceSpot) -> None:
    await connector.cancel_order(a_ref(exchange_order_id=str(ORDER_ID)))
    (sent,) = [seen for seen in server.requests if seen.method == "DELETE"]
    form = form_of(sent)
    assert (form["symbol"], form["orderId"], form["origClientOrderId"]) == ("BTCUSDT", str(ORDER_ID), CLIENT_ORDER_ID)


async def test_an_order_that_the_exchange_does_not_know_is_not_found(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    server.once("DELETE", ORDER, refused(-2011, "Unknown order sent."))
    with pytest.raises(OrderNotFound) as caught:
        await connector.cancel_order(a_ref())
    assert (caught.value.code, caught.value.reason) == (-2011, RejectReason.UNKNOWN_ORDER)
    assert server.count("DELETE") == 1


async def test_N8_a_cancel_turned_away_for_its_rate_is_refused(server: FaultyServer, connector: BinanceSpot) -> None:
    server.once("DELETE", ORDER, refused(-1003, status=429, headers={"Retry-After": "3"}))
    with pytest.raises(Rejected) as caught:
        await connector.cancel_order(a_ref())
    assert (caught.value.reason, caught.value.retry_after) == (RejectReason.RATE_LIMITED, 3.0)


async def test_a_cancel_is_not_sent_again_on_a_connection_that_died_under_it(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    """aiohttp repeats a DELETE whose kept-alive connection is dropped before a byte of the answer."""
    await connector.server_time()
    assert server.connections == 1
    server.once("DELETE", ORDER, faults.close(), faults.close())
    with pytest.raises(OutcomeUnknown):
        await connector.cancel_order(a_ref())
    assert server.count("DELETE") == 1


async def test_N1_a_cancel_that_finds_no_connection_is_proven_not_sent(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    await server.__aexit__(None, None, None)
    with pytest.raises(Rejected) as caught:
        await connector.cancel_order(a_ref())
    assert (caught.value.reason, caught.value.source) == (RejectReason.NOT_SENT, RejectSource.TRANSPORT)
    await server.__aenter__()


@pytest.mark.parametrize("connection", list(PlacementConnection))
@pytest.mark.parametrize(
    "ghost",
    [faults.wire(CANCEL), faults.wire(as_json(an_error(-2011, "Unknown order sent.")), status=400)],
    ids=["ghost_cancel", "ghost_not_found"],
)
async def test_N39_a_stray_answer_is_not_the_cancels_answer(
    server: FaultyServer, connected: Connected, ghost: bytes, connection: PlacementConnection
) -> None:
    connector = await connected(placement_connection=connection)
    server.push(ghost)
    server.once("DELETE", ORDER, refused(-2015, status=401))
    with pytest.raises(Rejected) as caught:
        await connector.cancel_order(a_ref())
    assert caught.value.code == -2015
    assert server.count("DELETE") == 1


async def test_a_cancel_whose_task_is_cancelled_after_it_left_is_unknown(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    server.once("DELETE", ORDER, faults.silence())
    cancelling = asyncio.ensure_future(connector.cancel_order(a_ref()))
    await server.arrived("DELETE", ORDER)
    cancelling.cancel()
    with pytest.raises(OutcomeUnknown):
        await cancelling


async def test_nothing_is_sent_for_a_symbol_that_does_not_exist_or_without_a_connection(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    with pytest.raises(UnknownSymbol):
        await connector.cancel_order(a_ref(symbol="BTCUSDT"))
    await connector.close()
    with pytest.raises(ConfigurationError):
        await connector.cancel_order(a_ref())
    assert server.count("DELETE") == 0


# --- all of a symbol -------------------------------------------------------------------------------------------------

UNPROVEN_FOR_ALL: dict[str, Fault] = {
    "never_answers": faults.silence(),
    "reset": faults.reset(),
    "empty": answer(b""),
    "empty_text": answer(b'""'),
    "empty_object": answer(b"{}"),
    "empty_list": answer(b"[]"),
    "null": answer(b"null"),
    "list_of_nothing": answer(b"[{}]"),
    "html": answer(HTML),
    "another_symbol": json_answer([a_cancel(), a_cancel(symbol="ETHUSDT")]),
    "one_still_open": json_answer([a_cancel(), a_cancel(status="NEW")]),
    "one_unknown_status": json_answer([a_cancel(status="HALF")]),
    "a_list_with_an_open_order": json_answer([{"orderListId": 1, "orderReports": [a_cancel(status="NEW")]}]),
    "code_1000": refused(-1000),
    "redirect": faults.redirect(308, OPEN_ORDERS),
}


@pytest.mark.parametrize("row", UNPROVEN_FOR_ALL)
async def test_cancelling_all_is_unknown_unless_every_order_of_the_answer_ended(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    connector = await connected(timeout=timeout_for(row))
    server.once("DELETE", OPEN_ORDERS, UNPROVEN_FOR_ALL[row])
    with pytest.raises(OutcomeUnknown):
        await connector.cancel_all_orders("BTC/USDT")
    assert server.count("DELETE") == 1


async def test_cancelling_all_gives_every_order_and_those_of_order_lists(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    both = [a_cancel(orderId=1), {"orderListId": 7, "orderReports": [a_cancel(orderId=2), a_cancel(orderId=3)]}]
    server.once("DELETE", OPEN_ORDERS, json_answer(both))
    updates = await connector.cancel_all_orders("BTC/USDT")
    assert [update.exchange_order_id for update in updates] == ["1", "2", "3"]


async def test_cancelling_all_where_none_was_open_gives_none(server: FaultyServer, connector: BinanceSpot) -> None:
    server.once("DELETE", OPEN_ORDERS, refused(-2011, "Unknown order sent."))
    assert await connector.cancel_all_orders("BTC/USDT") == []


@pytest.mark.parametrize(
    "text",
    [
        "This account may not place or cancel orders.",
        "This action is disabled on this account.",
        "Market is closed.",
        "Order was not canceled due to cancel restrictions.",
    ],
)
async def test_a_cancel_that_is_refused_for_another_reason_is_not_an_order_that_is_gone(
    server: FaultyServer, connector: BinanceSpot, text: str
) -> None:
    server.once("DELETE", OPEN_ORDERS, refused(-2011, text))
    with pytest.raises(Rejected) as caught:
        await connector.cancel_all_orders("BTC/USDT")
    assert not isinstance(caught.value, OrderNotFound)
    server.once("DELETE", ORDER, refused(-2011, text))
    with pytest.raises(Rejected) as caught:
        await connector.cancel_order(OrderRef(symbol="BTC/USDT", client_order_id="x"))
    assert not isinstance(caught.value, OrderNotFound)
