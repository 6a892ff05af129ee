"""Every way in which a placement can go wrong on the wire, and the one thing that may be concluded from each.

In every row exactly one POST reached the server, or none where the row says so.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters.binance.wire import (
    CLIENT_ORDER_ID,
    ORDER,
    ORDER_ID,
    TIME,
    a_config,
    a_ref,
    a_request,
    an_ack,
    an_error,
    as_json,
    exchange_info,
    form_of,
    refused,
    teach,
)
from yunmin.ccxt_bridge import transport
from yunmin.core.data_contracts import OrderState, Side
from yunmin.errors import (
    AuthenticationFailed,
    ClockSkew,
    ConfigurationError,
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    MarketClosed,
    OutcomeUnknown,
    PermissionDenied,
    Rejected,
    RejectReason,
    RejectSource,
    Unavailable,
    UnknownSymbol,
)
from yunmin.exchange import Environment, PlacementConnection
from yunmin.testing import faulty_server as faults
from yunmin.testing.faulty_server import Fault, FaultyServer, answer, json_answer
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.parse import parse_instruments

Connected = Callable[..., Awaitable[BinanceSpot]]

ACK = as_json(an_ack())
HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
SHORT = 1.0
"""Seconds allowed where the server never answers."""


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in an_ack().items() if key != name}


UNKNOWN: dict[str, Fault] = {
    "N2_never_answers": faults.silence(),
    "N3_reset_before_any_byte": faults.reset(),
    "N3_closed_before_any_byte": faults.close(),
    "N4_reset_in_mid_body": faults.cut_short(ACK, after=100, ending=faults.reset()),
    "N4_closed_in_mid_body": faults.cut_short(ACK, after=100, ending=faults.close()),
    "N4_closed_one_byte_early": faults.cut_short(ACK, after=len(ACK) - 1, ending=faults.close()),
    "N4_closed_in_the_headers": faults.all_of(faults.raw(b"HTTP/1.1 200 OK\r\nContent-"), faults.close()),
    "N4_closed_in_a_refusal": faults.all_of(
        faults.raw(faults.wire(as_json(an_error(-2010)), status=400)[:-2]), faults.close()
    ),
    "N4_silent_in_mid_body": faults.cut_short(ACK, after=100, ending=faults.silence()),
    "N5_truncated_json": answer(ACK[:-10]),
    "N5_empty_200": answer(b""),
    "N5_empty_object": answer(b"{}"),
    "N5_empty_list": answer(b"[]"),
    "N5_null": answer(b"null"),
    "N5_true": answer(b"true"),
    "N5_a_number": answer(b"1"),
    "N5_a_text": answer(b'"ok"'),
    "N5_ack_in_a_list": answer(b"[" + ACK + b"]"),
    "N5_html": answer(HTML, content_type="text/html"),
    "N5_html_called_json": answer(HTML),
    "N5_bad_utf8_in_a_field": answer(ACK.replace(b"GTC", b"G\xffC")),
    "N5_bad_utf8_behind_the_json": answer(ACK + b"\xff"),
    "N5_utf16": answer(json.dumps(an_ack()).encode("utf-16"), content_type="application/json; charset=utf-16"),
    "N5_utf8_with_a_mark": answer(b"\xef\xbb\xbf" + ACK),
    "N5_two_answers_in_one_body": answer(ACK + ACK),
    "N5_deeply_nested": answer(b"[" * 100_000),
    "N5_nan_in_a_field": answer(ACK.replace(b'"0.00040000"', b"NaN")),
    "N5_204": answer(b"", status=204),
    "N5_broken_gzip": answer(ACK, headers={"Content-Encoding": "gzip"}),
    "N5_truncated_gzip": answer(gzip.compress(ACK)[:-30], headers={"Content-Encoding": "gzip"}),
    "N5_not_http": faults.all_of(faults.raw(b"SSH-2.0-OpenSSH_9.6\r\n"), faults.close()),
    "N5_switching_protocols": faults.raw(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tea\r\n\r\n" + ACK
    ),
    "N6_500_html": answer(HTML, status=500, content_type="text/html"),
    "N6_502_html": answer(HTML, status=502, content_type="text/html"),
    "N6_503_empty": answer(b"", status=503),
    "N6_504_empty": answer(b"", status=504),
    "N6_408_empty": answer(b"", status=408),
    "N6_500_with_a_whole_ack": answer(ACK, status=500),
    "N6_400_with_a_whole_ack": answer(ACK, status=400),
    "N6_504_code_1007": refused(-1007, "Timeout waiting for response from backend server.", status=504),
    "N6_408_code_1007": refused(-1007, "Timeout waiting for response from backend server.", status=408),
    "N6_400_code_1007": refused(-1007, "Timeout waiting for response from backend server."),
    "N6_500_code_1006": refused(-1006, status=500),
    "N6_400_code_1006": refused(-1006),
    "N6_500_code_1000": refused(-1000, status=500),
    "N6_400_code_1000": refused(-1000, "An unknown error occurred while processing the request."),
    "N6_500_code_1001": refused(-1001, status=500),
    "N6_400_code_1001": refused(-1001),
    "N6_503_code_1008": refused(-1008, "Server is currently overloaded with other requests.", status=503),
    "N6_400_code_1008": refused(-1008),
    "N6_500_with_a_refusal_code": refused(-2010, "Account has insufficient balance for requested action.", status=500),
    "N6_200_with_a_refusal_code": refused(-2010, "Account has insufficient balance for requested action.", status=200),
    "N6_302_with_a_refusal_code": refused(-2010, "Account has insufficient balance for requested action.", status=302),
    "N7_undocumented_code": refused(-9999),
    "N7_code_as_text": json_answer({"code": "-2010", "msg": "Duplicate order sent."}, status=400),
    "N7_code_as_float": answer(b'{"code": -2010.0, "msg": "x"}', status=400),
    "N7_code_said_twice": answer(b'{"code": -1000, "code": -2010, "msg": "x"}', status=400),
    "N7_400_without_a_code": json_answer({"msg": "no"}, status=400),
    "N7_400_html": answer(HTML, status=400, content_type="text/html"),
    "N7_404_empty": answer(b"", status=404),
    "N7_refusal_in_bad_utf8": answer(b'{"code": -2010, "msg": "\xff"}', status=400),
    "B5_unknown_status": json_answer(an_ack(status="QUANTUM_SUPERPOSED")),
    "B5_status_of_another_kind": json_answer(an_ack(status=["NEW"])),
    "B6_status_missing": json_answer(without("status")),
    "B6_order_id_missing": json_answer(without("orderId")),
    "B6_order_id_null": json_answer(an_ack(orderId=None)),
    "B6_order_id_true": json_answer(an_ack(orderId=True)),
    "B6_order_id_negative": json_answer(an_ack(orderId=-1)),
    "B6_order_id_text": json_answer(an_ack(orderId="28")),
    "B6_order_id_float": answer(ACK.replace(str(ORDER_ID).encode(), b"28.0")),
    "B6_executed_qty_nan": json_answer(an_ack(executedQty="NaN")),
    "B6_executed_qty_infinite": json_answer(an_ack(executedQty="Infinity")),
    "B6_executed_qty_exponent": json_answer(an_ack(executedQty="1e400")),
    "B6_executed_qty_negative": json_answer(an_ack(executedQty="-1")),
    "B6_executed_qty_null": json_answer(an_ack(executedQty=None)),
    "B6_price_full_width": json_answer(an_ack(price="５００００")),
    "B6_fills_as_object": json_answer(an_ack(fills={})),
    "B6_fills_null": json_answer(an_ack(fills=None)),
    "B6_a_fill_without_id": json_answer(an_ack(fills=[{"price": "1", "qty": "1"}])),
    "B6_time_as_text": json_answer(an_ack(transactTime="now")),
    "B6_time_beyond_all_calendars": json_answer(an_ack(transactTime=10**30)),
    "B6_client_id_said_twice": answer(ACK.replace(b"{", b'{"clientOrderId": "other", ', 1)),
    "B7_another_client_id": json_answer(an_ack(clientOrderId="somebody-elses")),
    "B7_client_id_in_other_case": json_answer(an_ack(clientOrderId=CLIENT_ORDER_ID.upper())),
    "B7_client_id_missing": json_answer(without("clientOrderId")),
    "B7_client_id_null": json_answer(an_ack(clientOrderId=None)),
    "B7_client_id_empty": json_answer(an_ack(clientOrderId="")),
    "B7_another_symbol": json_answer(an_ack(symbol="ETHUSDT")),
    "B7_a_symbol_that_is_not_listed": json_answer(an_ack(symbol="XYZUSDT")),
    "B7_the_other_side": json_answer(an_ack(side="SELL")),
    "B7_side_missing": json_answer(without("side")),
    "B7_unknown_side": json_answer(an_ack(side="HOLD")),
}


@pytest.mark.parametrize("connection", list(PlacementConnection))
@pytest.mark.parametrize("row", UNKNOWN)
async def test_the_outcome_is_unknown_and_the_order_was_sent_once(
    server: FaultyServer, connected: Connected, row: str, connection: PlacementConnection
) -> None:
    connector = await connected(
        timeout=SHORT if "silent" in row or "never" in row else 5.0, placement_connection=connection
    )
    server.once("POST", ORDER, UNKNOWN[row])
    with pytest.raises(OutcomeUnknown) as caught:
        await connector.place_order(a_request())
    assert caught.value.client_order_id == CLIENT_ORDER_ID
    assert server.count("POST") == 1


REFUSED: dict[str, tuple[Fault, type[Rejected], RejectReason, int | None, int]] = {
    "N8_429": (
        refused(-1003, status=429, headers={"Retry-After": "7"}),
        Rejected,
        RejectReason.RATE_LIMITED,
        -1003,
        429,
    ),
    "N8_429_html": (
        answer(HTML, status=429, headers={"Retry-After": "7"}),
        Rejected,
        RejectReason.RATE_LIMITED,
        None,
        429,
    ),
    "N8_429_code_1015": (
        refused(-1015, "Too many new orders.", status=429, headers={"retry-after": "7"}),
        Rejected,
        RejectReason.RATE_LIMITED,
        -1015,
        429,
    ),
    "N9_418": (
        refused(-1003, status=418, headers={"Retry-After": "7"}),
        Rejected,
        RejectReason.RATE_LIMITED,
        -1003,
        418,
    ),
    "N10_403": (answer(HTML, status=403), PermissionDenied, RejectReason.PERMISSION, None, 403),
    "N11_duplicate": (refused(-2010, "Duplicate order sent."), DuplicateOrder, RejectReason.DUPLICATE_ID, -2010, 400),
    "N11_duplicate_in_other_words": (
        refused(-2010, "Duplicate order sent"),
        DuplicateOrder,
        RejectReason.DUPLICATE_ID,
        -2010,
        400,
    ),
    "N12_clock": (refused(-1021, "Timestamp for this request …"), ClockSkew, RejectReason.CLOCK, -1021, 400),
    "funds": (
        refused(-2010, "Account has insufficient balance for requested action."),
        InsufficientFunds,
        RejectReason.INSUFFICIENT_FUNDS,
        -2010,
        400,
    ),
    "post_only": (
        refused(-2010, "Order would immediately match and take."),
        Rejected,
        RejectReason.POST_ONLY,
        -2010,
        400,
    ),
    "market_closed": (refused(-2010, "Market is closed."), MarketClosed, RejectReason.MARKET_CLOSED, -2010, 400),
    "engine_says_another_no": (refused(-2010, "A new sentence."), Rejected, RejectReason.OTHER, -2010, 400),
    "filter": (refused(-1013, "Filter failure: LOT_SIZE"), InvalidOrder, RejectReason.RULE_VIOLATION, -1013, 400),
    "signature": (refused(-1022), AuthenticationFailed, RejectReason.AUTHENTICATION, -1022, 400),
    "key": (refused(-2015, status=401), AuthenticationFailed, RejectReason.AUTHENTICATION, -2015, 401),
    "parameter": (refused(-1102), InvalidOrder, RejectReason.INVALID_REQUEST, -1102, 400),
    "symbol": (refused(-1121, "Invalid symbol."), UnknownSymbol, RejectReason.UNKNOWN_SYMBOL, -1121, 400),
}


@pytest.mark.parametrize("row", REFUSED)
async def test_a_proven_refusal_is_a_refusal_with_its_reason(
    server: FaultyServer, connector: BinanceSpot, row: str
) -> None:
    fault, kind, reason, code, status = REFUSED[row]
    server.once("POST", ORDER, fault)
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    error = caught.value
    assert type(error) is kind
    assert (error.reason, error.code, error.http_status) == (reason, code, status)
    assert error.source is RejectSource.EXCHANGE
    assert error.retry_after == (7.0 if status in (418, 429) else None)
    assert server.count("POST") == 1


@pytest.mark.parametrize("said", ["", "soon", "-1", "1e3", "٣", "9" * 400, "Wed, 21 Oct 2026 07:28:00 GMT"])
async def test_a_retry_after_that_is_no_sane_number_is_none(
    server: FaultyServer, connector: BinanceSpot, said: str
) -> None:
    server.once("POST", ORDER, refused(-1003, status=429, headers={"Retry-After": said}))
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    assert caught.value.retry_after is None


# --- what is an acceptance -------------------------------------------------------------------------------------------


async def test_a_whole_echo_is_an_acceptance_with_its_fills(server: FaultyServer, connector: BinanceSpot) -> None:
    ack = await connector.place_order(a_request())
    update, (fill,) = ack.update, ack.fills
    assert (update.exchange_order_id, update.client_order_id, update.symbol, update.side) == (
        str(ORDER_ID),
        CLIENT_ORDER_ID,
        "BTC/USDT",
        Side.BUY,
    )
    assert update.state is OrderState.PARTIALLY_FILLED
    assert (update.filled_qty, update.filled_cost) == (Decimal("0.0004"), Decimal(20))
    assert (fill.trade_id, fill.qty, fill.fee, fill.fee_asset) == ("77", Decimal("0.0004"), Decimal("4E-7"), "BTC")
    assert server.count("POST") == 1


async def test_N38_an_order_id_beyond_two_to_the_53_keeps_every_digit(connector: BinanceSpot) -> None:
    ack = await connector.place_order(a_request())
    assert ack.update.exchange_order_id == "9007199254740993"


async def test_a_changed_price_or_quantity_is_accepted_and_visible(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    server.once("POST", ORDER, json_answer(an_ack(price="50000.01000000", origQty="0.00099000")))
    ack = await connector.place_order(a_request())
    assert (ack.update.price, ack.update.qty) == (Decimal("50000.01"), Decimal("0.00099"))


async def test_an_ack_that_comes_one_byte_at_a_time_is_an_acceptance(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    server.once("POST", ORDER, faults.drip(faults.wire(ACK), pause=lambda: asyncio.sleep(0)))
    assert (await connector.place_order(a_request())).update.exchange_order_id == str(ORDER_ID)
    assert server.count("POST") == 1


async def test_an_interim_answer_before_the_ack_is_not_the_ack(server: FaultyServer, connector: BinanceSpot) -> None:
    server.once("POST", ORDER, faults.raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" + faults.wire(ACK)))
    assert (await connector.place_order(a_request())).update.exchange_order_id == str(ORDER_ID)


async def test_a_packed_ack_is_read(server: FaultyServer, connector: BinanceSpot) -> None:
    server.once("POST", ORDER, answer(gzip.compress(ACK), headers={"Content-Encoding": "gzip"}))
    assert (await connector.place_order(a_request())).update.exchange_order_id == str(ORDER_ID)


async def test_the_wire_gets_exactly_what_was_asked(server: FaultyServer, connector: BinanceSpot) -> None:
    await connector.place_order(a_request(qty="0.00100", price="50000.00"))
    (sent,) = [seen for seen in server.requests if seen.method == "POST"]
    form = form_of(sent)
    assert len(form.pop("signature")) == 64
    form.pop("timestamp")
    assert form == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "newClientOrderId": CLIENT_ORDER_ID,
        "newOrderRespType": "FULL",
        "quantity": "0.001",
        "price": "50000",
        "timeInForce": "GTC",
        "recvWindow": "5000",
    }


async def test_requests_carry_the_exchanges_time(server: FaultyServer, connector: BinanceSpot) -> None:
    await connector.place_order(a_request())
    (sent,) = [seen for seen in server.requests if seen.method == "POST"]
    stamp = int(sent.body.decode().partition("timestamp=")[2].partition("&")[0])
    assert abs(stamp - TIME) < 60_000


# --- what never left -------------------------------------------------------------------------------------------------


async def test_N1_a_refused_connection_is_proven_not_sent(connected: Connected, server: FaultyServer) -> None:
    connector = await connected()
    await server.__aexit__(None, None, None)
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    assert (caught.value.reason, caught.value.source) == (RejectReason.NOT_SENT, RejectSource.TRANSPORT)
    assert server.count("POST") == 0
    await server.__aenter__()


async def test_N1_a_name_that_does_not_resolve_is_proven_not_sent(
    server: FaultyServer, connector: BinanceSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unresolved(*args: Any, **options: Any) -> Any:
        raise OSError("name or service not known")

    await _drop_idle_connections(connector, server)
    monkeypatch.setattr(_sockets_of(connector), "_resolve_host", unresolved)
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    assert (caught.value.reason, caught.value.source) == (RejectReason.NOT_SENT, RejectSource.TRANSPORT)
    assert server.count("POST") == 0


async def test_N1_no_connection_within_the_time_allowed_is_proven_not_sent(
    server: FaultyServer, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = await connected(timeout=SHORT)
    await _drop_idle_connections(connector, server)

    async def never(*args: Any, **options: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(_sockets_of(connector), "_create_connection", never)
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    assert caught.value.reason is RejectReason.NOT_SENT
    assert server.count("POST") == 0


async def test_N1_a_server_that_speaks_first_gets_no_order(
    connected: Connected, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh connection whose other side speaks before it was asked is not used, and nothing loops."""
    connector = await connected(placement_connection=PlacementConnection.FRESH)

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(faults.wire(ACK))
        greeted.set()
        heard.append(await reader.read())
        writer.close()

    greeted, heard = asyncio.Event(), list[bytes]()
    talker = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = talker.sockets[0].getsockname()[1]
    inner = _sockets_of(connector)
    create = inner._create_connection

    async def greeted_first(*args: Any, **options: Any) -> Any:
        made = await create(*args, **options)
        await greeted.wait()
        return made

    monkeypatch.setattr(inner, "_create_connection", greeted_first)
    exchange = connector._exchange
    exchange.urls["api"]["private"] = f"http://127.0.0.1:{port}/api/v3"
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    assert caught.value.reason is RejectReason.NOT_SENT
    talker.close()
    await talker.wait_closed()
    assert heard in ([], [b""])


async def test_a_task_cancelled_while_it_waits_for_its_turn_stays_cancelled(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected(rate_limit=True)
    connector._exchange.throttler.config["tokens"] = -1e9
    placing = asyncio.ensure_future(connector.place_order(a_request()))
    while not connector._exchange.throttler.queue:
        await asyncio.sleep(0)
    placing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await placing
    assert server.count("POST") == 0
    connector._exchange.throttler.config["tokens"] = 1.0
    while connector._exchange.throttler.running:
        await asyncio.sleep(0)


@pytest.mark.parametrize("fault", [faults.silence(), faults.cut_short(ACK, after=9, ending=faults.silence())])
async def test_a_task_cancelled_after_the_order_left_has_an_unknown_outcome(
    server: FaultyServer, connector: BinanceSpot, fault: Fault
) -> None:
    server.once("POST", ORDER, fault)
    placing = asyncio.ensure_future(connector.place_order(a_request()))
    await server.arrived("POST", ORDER)
    placing.cancel()
    with pytest.raises(OutcomeUnknown):
        await placing
    assert server.count("POST") == 1


async def test_a_timeout_around_the_call_does_not_hide_the_unknown_outcome(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    server.once("POST", ORDER, faults.silence())
    with pytest.raises(OutcomeUnknown):
        await asyncio.wait_for(connector.place_order(a_request()), SHORT)


async def test_a_connector_that_is_not_connected_sends_nothing(server: FaultyServer) -> None:
    with pytest.raises(ConfigurationError):
        await BinanceSpot(a_config(server)).place_order(a_request())
    assert server.requests == []


async def test_N33_a_host_that_is_not_allowed_is_never_connected_to(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    connector._exchange.urls["api"]["private"] = server.url.replace("127.0.0.1", "localhost") + "/api/v3"
    before = server.connections
    with pytest.raises(ConfigurationError, match="localhost"):
        await connector.place_order(a_request())
    assert (server.count("POST"), server.connections) == (0, before)


async def test_N33_the_live_environment_asks_for_consent_before_anything_else() -> None:
    with pytest.raises(ConfigurationError, match="three consents"):
        BinanceSpot(a_config(environment=Environment.LIVE))


# --- one request, once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["global", "default", "path", "path_default"])
async def test_a_failed_order_is_not_sent_again_however_the_caller_asks_ccxt_to(
    server: FaultyServer, connector: BinanceSpot, where: str
) -> None:
    options = connector._exchange.options
    match where:
        case "global":
            options["maxRetriesOnFailure"] = 3
        case "default":
            options["defaultMaxRetriesOnFailure"] = 3
        case "path":
            options["order"] = {"maxRetriesOnFailure": 3}
        case "path_default":
            options["order"] = {"defaultMaxRetriesOnFailure": 3}
    server.once("POST", ORDER, refused(-1000, status=500))
    with pytest.raises(OutcomeUnknown):
        await connector.place_order(a_request())
    assert server.count("POST") == 1


async def test_a_second_request_inside_one_command_is_not_sent(
    server: FaultyServer, connector: BinanceSpot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever ccxt may come to do one day: the transport lets one command leave once."""
    exchange = connector._exchange
    once = exchange.private_post_order

    async def twice(params: dict[str, Any]) -> Any:
        await once(params)
        return await once(params)

    monkeypatch.setattr(exchange, "private_post_order", twice, raising=False)
    with pytest.raises(OutcomeUnknown):
        await connector.place_order(a_request())
    assert server.count("POST") == 1


async def test_an_order_is_not_sent_again_when_its_idle_connection_died(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    await _drop_idle_connections(connector, server)
    await connector.place_order(a_request())
    assert server.count("POST") == 1


async def test_many_orders_at_once_are_each_sent_once(server: FaultyServer, connector: BinanceSpot) -> None:
    ids = [f"x-{number}" for number in range(30)]
    acks = await asyncio.gather(*(connector.place_order(a_request(client_order_id=name)) for name in ids))
    assert [ack.update.client_order_id for ack in acks] == ids
    assert server.count("POST") == 30


# --- N39: an answer that came before its request ---------------------------------------------------------------------

GHOSTS = {
    "ghost_ack": faults.wire(ACK),
    "ghost_refusal": faults.wire(as_json(an_error(-2010, "Market is closed.")), status=400),
    "ghost_408": faults.wire(b"", status=408),
    "stray_line_ends": b"\r\n\r\n",
    "noise": b"\x00\x01\x02",
}
CONNECTIONS = pytest.mark.parametrize("connection", list(PlacementConnection))


@CONNECTIONS
@pytest.mark.parametrize("ghost", GHOSTS)
async def test_N39_a_stray_answer_long_before_the_order_is_not_its_answer(
    server: FaultyServer, connected: Connected, ghost: str, connection: PlacementConnection
) -> None:
    connector = await connected(placement_connection=connection)
    server.push(GHOSTS[ghost])
    await server.hung_up()  # the connector heard something that nobody asked for
    await _is_placed_for_real(server, connector)


@CONNECTIONS
@pytest.mark.parametrize("ghost", GHOSTS)
async def test_N39_a_stray_answer_still_in_the_kernel_is_not_the_orders_answer(
    server: FaultyServer, connected: Connected, ghost: str, connection: PlacementConnection
) -> None:
    connector = await connected(placement_connection=connection)
    server.push(GHOSTS[ghost])  # and the event loop does not turn once before the order
    await _is_placed_for_real(server, connector)


@CONNECTIONS
@pytest.mark.parametrize("same_segment", [True, False], ids=["same_segment", "next_segment"])
@pytest.mark.parametrize("ghost", GHOSTS)
async def test_N39_a_stray_answer_right_behind_another_answer_is_not_the_orders_answer(
    server: FaultyServer, connected: Connected, ghost: str, connection: PlacementConnection, same_segment: bool
) -> None:
    connector = await connected(placement_connection=connection)
    time = faults.wire(as_json({"serverTime": TIME}))
    server.once("GET", "/api/v3/time", faults.with_stray(time, GHOSTS[ghost], same_segment=same_segment))
    with suppress(Unavailable):  # noise right behind an answer may spoil it, too
        await connector.server_time()
    await _is_placed_for_real(server, connector)


@CONNECTIONS
@pytest.mark.parametrize("ghost", ["ghost_ack", "ghost_refusal"])
@pytest.mark.parametrize("split", [1, 9, 20, 60])
async def test_N39_a_stray_answer_of_which_a_part_came_behind_another_is_never_the_orders_answer(
    server: FaultyServer, connected: Connected, ghost: str, connection: PlacementConnection, split: int
) -> None:
    connector = await connected(placement_connection=connection)
    time = faults.wire(as_json({"serverTime": TIME}))
    server.once("GET", "/api/v3/time", faults.raw(time + GHOSTS[ghost][:split]))
    await connector.server_time()
    server.once("POST", ORDER, faults.raw(GHOSTS[ghost][split:] + faults.wire(ACK)))
    try:
        ack = await connector.place_order(a_request())
    except OutcomeUnknown:
        pass
    else:
        pytest.fail(f"{ack} was read out of the rest of a stray answer")
    assert server.count("POST") == 1


async def test_N39_a_fresh_placement_never_uses_a_connection_that_carried_a_request(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected(placement_connection=PlacementConnection.FRESH)
    for number in range(3):
        await connector.place_order(a_request(client_order_id=f"x-{number}"))
        await connector.server_time()
    used: dict[int, list[str]] = {}
    for seen in server.requests:
        used.setdefault(seen.connection, []).append(seen.method)
    assert all(methods[0] == "POST" for methods in used.values() if "POST" in methods)
    assert server.count("POST") == 3


async def test_N39_a_quiet_connection_is_used_again(server: FaultyServer, connector: BinanceSpot) -> None:
    for number in range(3):
        await connector.place_order(a_request(client_order_id=f"x-{number}"))
    assert server.connections == 1


async def _is_placed_for_real(server: FaultyServer, connector: BinanceSpot) -> None:
    ack = await connector.place_order(a_request(client_order_id="x-real"))
    assert ack.update.client_order_id == "x-real"
    assert server.count("POST") == 1


def _sockets_of(connector: BinanceSpot) -> aiohttp.BaseConnector:
    """What makes its connections."""
    assert connector._session is not None
    sockets = connector._session._session.connector
    assert sockets is not None
    return sockets


async def _drop_idle_connections(connector: BinanceSpot, server: FaultyServer) -> None:
    server.push(b"\r\n")
    await server.hung_up()


# --- N40: redirects --------------------------------------------------------------------------------------------------


@pytest.fixture
async def stranger() -> AsyncIterator[FaultyServer]:
    async with FaultyServer() as running:
        teach(running)
        yield running


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_N40_a_redirect_to_another_host_is_not_followed(
    server: FaultyServer, stranger: FaultyServer, connector: BinanceSpot, status: int
) -> None:
    server.once("POST", ORDER, faults.redirect(status, stranger.url + ORDER))
    with pytest.raises(OutcomeUnknown):
        await connector.place_order(a_request())
    assert (server.count("POST"), stranger.connections) == (1, 0)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", [ORDER, "/api/v3/elsewhere", "?again"])
async def test_N40_a_redirect_on_the_same_host_is_not_followed(
    server: FaultyServer, connector: BinanceSpot, status: int, location: str
) -> None:
    before = len(server.requests)
    server.once("POST", ORDER, faults.redirect(status, location))
    with pytest.raises(OutcomeUnknown):
        await connector.place_order(a_request())
    assert (server.count("POST"), len(server.requests)) == (1, before + 1)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_N40_a_question_and_a_cancel_do_not_follow_a_redirect_either(
    server: FaultyServer, stranger: FaultyServer, connector: BinanceSpot, status: int
) -> None:
    server.once("GET", ORDER, faults.redirect(status, stranger.url + ORDER))
    with pytest.raises(Unavailable):
        await connector.fetch_order(a_ref())
    server.once("DELETE", ORDER, faults.redirect(status, stranger.url + ORDER))
    with pytest.raises(OutcomeUnknown):
        await connector.cancel_order(a_ref())
    assert stranger.connections == 0
    assert (server.count("GET", ORDER), server.count("DELETE")) == (1, 1)


# --- N41: answers without bounds -------------------------------------------------------------------------------------

MEGABYTE = 1024 * 1024
FLOODS: dict[str, Fault] = {
    "announced": faults.flood(60 * MEGABYTE),
    "chunked": faults.flood(60 * MEGABYTE, chunked=True),
    "endless_header": faults.endless_headers(),
    "many_small_headers": faults.many_headers(),
    "endless_interim_answers": faults.endless_interims(),
}


@CONNECTIONS
@pytest.mark.parametrize("row", FLOODS)
async def test_N41_a_flood_is_cut_off_early_and_the_outcome_is_unknown(
    server: FaultyServer, connected: Connected, row: str, connection: PlacementConnection
) -> None:
    connector = await connected(placement_connection=connection)
    server.once("POST", ORDER, FLOODS[row])
    server.bytes_sent = 0
    peak = await _peak_memory_of_an_unknown_placement(connector)
    await server.hung_up()
    assert server.bytes_sent < 16 * MEGABYTE
    assert peak < 24 * MEGABYTE
    assert server.count("POST") == 1


async def test_N41_a_small_body_that_unpacks_to_a_large_one_is_not_unpacked(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    server.once("POST", ORDER, faults.unpacks_to(60 * MEGABYTE))
    assert await _peak_memory_of_an_unknown_placement(connector) < 24 * MEGABYTE
    assert server.count("POST") == 1


async def test_N41_a_question_has_its_own_larger_bound(server: FaultyServer, connected: Connected) -> None:
    connector = await connected(max_answer_bytes=8 * MEGABYTE)
    server.once("GET", "/api/v3/exchangeInfo", faults.flood(60 * MEGABYTE))
    server.bytes_sent = 0
    with pytest.raises(Unavailable):
        await connector.fetch_instruments()
    await server.hung_up()
    assert server.bytes_sent < 20 * MEGABYTE


async def _peak_memory_of_an_unknown_placement(connector: BinanceSpot) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(OutcomeUnknown):
            await connector.place_order(a_request())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# --- properties ------------------------------------------------------------------------------------------------------

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(["NEW", "FILLED", "BUY", "SELL", "BTCUSDT", "ETHUSDT", "0.00000000", "-1", "NaN", "1e400", "GTC"]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@st.composite
def mangled_acks(draw: st.DrawFn) -> Any:
    """An ack with some fields dropped, replaced or added, here or in its fill."""
    ack = an_ack()
    for _ in range(draw(st.integers(1, 3))):
        target = ack["fills"][0] if isinstance(ack.get("fills"), list) and ack["fills"] and draw(st.booleans()) else ack
        if not isinstance(target, dict):
            continue
        name = draw(st.sampled_from([*sorted(target), "extra"]))
        if draw(st.booleans()):
            target.pop(name, None)
        else:
            target[name] = draw(VALUES)
    return ack


class _AnswersWith:
    """In the place of the ccxt exchange: what left gets this answer."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    async def private_post_order(self, params: dict[str, Any]) -> Any:
        departure = transport._current.get()
        assert departure is not None
        departure.left = True
        return self.raw


@settings(max_examples=200, deadline=None)
@given(mangled=mangled_acks())
def test_B6_a_mangled_ack_is_an_acceptance_only_with_its_echo_its_id_and_a_known_status(mangled: Any) -> None:
    raw = json.loads(json.dumps(mangled))

    async def place() -> None:
        connector = BinanceSpot(a_config())
        connector._instruments = {market.symbol: market for market in parse_instruments(exchange_info())}
        connector._by_exchange_symbol = {market.exchange_symbol: market for market in connector._instruments.values()}
        connector._exchange = _AnswersWith(raw)
        connector._is_ready = True
        try:
            ack = await connector.place_order(a_request())
        except OutcomeUnknown:
            return
        assert ack.update.client_order_id == raw["clientOrderId"] == CLIENT_ORDER_ID
        assert raw["symbol"] == "BTCUSDT"
        assert raw["side"] == "BUY"
        assert type(raw["orderId"]) is int
        assert ack.update.exchange_order_id == str(raw["orderId"])
        assert ack.update.state not in (None, OrderState.PENDING)

    asyncio.run(place())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), status=st.sampled_from([200, 200, 200, 201, 400, 409, 418, 429, 500]))
def test_B6_bytes_gone_wrong_are_never_an_acceptance_of_something_else(seed: int, status: int) -> None:
    """Flipped, dropped and doubled bytes of a whole answer, through a real socket."""
    chance = random.Random(seed)
    body = bytearray(ACK)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(body))
        match chance.randrange(3):
            case 0:
                body[at] ^= 1 << chance.randrange(8)
            case 1:
                del body[at]
            case _:
                body[at:at] = body[at : at + chance.randint(1, 20)]

    async def place() -> None:
        async with FaultyServer() as server:
            teach(server)
            async with BinanceSpot(a_config(server)) as connector:
                server.once("POST", ORDER, answer(bytes(body), status=status))
                ended: Any
                try:
                    ended = await connector.place_order(a_request())
                except (OutcomeUnknown, Rejected) as error:
                    ended = error
                match ended:
                    case OutcomeUnknown():
                        pass
                    case Rejected():
                        assert ended.http_status in (418, 429)
                    case _:
                        assert status in (200, 201)
                        assert (ended.update.client_order_id, ended.update.symbol) == (CLIENT_ORDER_ID, "BTC/USDT")
                assert server.count("POST") == 1

    asyncio.run(place())
