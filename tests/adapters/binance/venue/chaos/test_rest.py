"""Every fault of a REST request, as a client without mercy or mending sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from tests.adapters.binance.venue.chaos.conftest import RawClient
from tests.adapters.binance.venue.sockets import until
from yunmin_binance.venue.chaos import (
    Body,
    CutShort,
    Delay,
    Drip,
    Drop,
    Ending,
    Flood,
    FloodPart,
    ForeignBody,
    Hide,
    Moment,
    Redirect,
    Rule,
    Say,
    Stale,
    Stray,
)

PLACING = "POST /api/v3/order"


def placing(fault: Any, **changes: Any) -> Rule:
    return Rule(where=PLACING, fault=fault, count=1, **changes)


@pytest.mark.parametrize(("ending", "heard"), [(Ending.CLOSE, "closed"), (Ending.RESET, "reset")])
async def test_N3_a_request_dropped_after_the_engine_has_been_carried_out(
    client: RawClient, ending: Ending, heard: str
) -> None:
    client.venue.chaos.add(placing(Drop(moment=Moment.AFTER, ending=ending)))
    answer = await client.order(newClientOrderId="a")
    assert (answer.raw, answer.ending) == (b"", heard)
    assert client.orders() == ["a"]
    assert [(one.fault, one.at, one.client_order_id) for one in client.venue.chaos.log] == [("drop", PLACING, "a")]


@pytest.mark.parametrize(("ending", "heard"), [(Ending.CLOSE, "closed"), (Ending.RESET, "reset")])
async def test_a_request_dropped_before_the_engine_was_never_carried_out(
    client: RawClient, ending: Ending, heard: str
) -> None:
    client.venue.chaos.add(placing(Drop(moment=Moment.BEFORE, ending=ending)))
    answer = await client.order(newClientOrderId="a")
    assert (answer.raw, answer.ending) == (b"", heard)
    assert client.orders() == []
    assert (await client.order(newClientOrderId="a")).status == 200


async def test_N2_a_request_may_be_carried_out_and_never_answered(client: RawClient) -> None:
    client.venue.chaos.add(placing(Drop(ending=Ending.SILENCE)))
    asking = asyncio.create_task(client.order(newClientOrderId="a"))
    await until(lambda: client.orders() == ["a"])
    assert client.venue.chaos.fired("drop") == 1
    assert (await client.look("ping")).status == 200
    assert not asking.done()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_N4_an_answer_breaks_off_in_mid_body(client: RawClient) -> None:
    client.venue.chaos.add(placing(CutShort(sent=10)))
    answer = await client.order(newClientOrderId="a")
    assert answer.ending == "closed"
    assert len(answer.body) == 10 < int(answer.headers["content-length"])
    assert client.orders() == ["a"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (ForeignBody.EMPTY, b""),
        (ForeignBody.OBJECT, b"{}"),
        (ForeignBody.LIST, b"[]"),
        (ForeignBody.NULL, b"null"),
    ],
)
async def test_N5_a_foreign_body_stands_in_place_of_the_answer(
    client: RawClient, kind: ForeignBody, body: bytes
) -> None:
    client.venue.chaos.add(placing(Body(body=kind)))
    answer = await client.order(newClientOrderId="a")
    assert (answer.status, answer.body, answer.ending) == (200, body, "whole")
    assert client.orders() == ["a"]


async def test_N5_a_page_of_html_says_that_it_is_one(client: RawClient) -> None:
    client.venue.chaos.add(placing(Body(body=ForeignBody.HTML, moment=Moment.BEFORE, status=502)))
    answer = await client.order(newClientOrderId="a")
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html")
    assert answer.body.startswith(b"<html>")
    assert client.orders() == []


async def test_N5_a_body_may_be_neither_text_nor_whole(client: RawClient) -> None:
    client.venue.chaos.add(placing(Body(body=ForeignBody.BAD_UTF8)))
    client.venue.chaos.add(placing(Body(body=ForeignBody.TRUNCATED)))
    with pytest.raises(UnicodeDecodeError):
        (await client.order(newClientOrderId="a")).body.decode()
    truncated = await client.order(newClientOrderId="b")
    assert int(truncated.headers["content-length"]) == len(truncated.body)
    with pytest.raises(orjson.JSONDecodeError):
        _ = truncated.json


async def test_B7_an_answer_may_be_that_of_another_order(client: RawClient) -> None:
    client.venue.chaos.add(placing(Body(body=ForeignBody.OTHER_ORDER)))
    answer = (await client.order(newClientOrderId="a")).json
    assert (answer["symbol"], answer["clientOrderId"]) == ("BTCUSDT", "another-order")
    assert answer["orderId"] > 1_000_000
    assert client.orders() == ["a"]


@pytest.mark.parametrize(
    ("moment", "known"),
    [(Moment.BEFORE, []), (Moment.AFTER, ["a"])],
)
async def test_N6_any_status_and_code_before_or_after_the_engine(
    client: RawClient, moment: Moment, known: list[str]
) -> None:
    client.venue.chaos.add(placing(Say(status=503, code=-1007, msg="Timeout.", moment=moment)))
    answer = await client.order(newClientOrderId="a")
    assert (answer.status, answer.error) == (503, (-1007, "Timeout."))
    assert client.orders() == known


async def test_N8_a_limit_says_how_long_to_wait(client: RawClient) -> None:
    client.venue.chaos.add(Rule(where="* /api/*", fault=Say(status=429, code=-1003, msg="Too many."), for_seconds=30))
    first = await client.look("ping")
    assert (first.status, first.headers["retry-after"]) == (429, "30")
    client.clock.advance(12.5)
    assert (await client.look("time")).headers["retry-after"] == "18"
    client.clock.advance(17.5)
    assert (await client.look("ping")).status == 200
    assert client.venue.chaos.rules == ()


async def test_N10_a_firewall_speaks_html(client: RawClient) -> None:
    client.venue.chaos.add(Rule(where="* /api/*", fault=Say(status=403)))
    answer = await client.look("ping")
    assert (answer.status, answer.headers["content-type"].partition(";")[0]) == (403, "text/html")


async def test_N39_a_second_answer_waits_on_the_connection(client: RawClient) -> None:
    client.venue.chaos.add(placing(Stray(body='{"orderId":7}')))
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(client.request_bytes("POST", "order", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
                                      quantity="0.01", price="50000"))  # fmt: skip
    raw = await reader.readuntil(b'{"orderId":7}')
    assert raw.count(b"HTTP/1.1 200") == 2
    writer.write(b"GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n{}")).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()


async def test_N40_a_redirect_is_sent_and_nothing_done(client: RawClient) -> None:
    client.venue.chaos.add(placing(Redirect(location="http://127.0.0.1:1/elsewhere")))
    answer = await client.order(newClientOrderId="a")
    assert (answer.status, answer.headers["location"]) == (307, "http://127.0.0.1:1/elsewhere")
    assert client.orders() == []


async def test_N32_an_answer_drips_byte_by_byte_on_the_venues_clock(client: RawClient) -> None:
    client.venue.chaos.add(Rule(where="GET /api/v3/ping", fault=Drip(pause=1.0)))
    asking = asyncio.create_task(client.look("ping"))
    await until(lambda: client.venue.chaos.fired() == 1)
    seconds = 0
    while not asking.done():
        client.clock.advance(1.0)
        seconds += 1
        for _ in range(10):
            await asyncio.sleep(0)
    answer = await asking
    assert answer.json == {}
    assert seconds >= len(answer.raw) - 1


@pytest.mark.parametrize("part", list(FloodPart))
async def test_N41_an_answer_without_end(client: RawClient, part: FloodPart) -> None:
    client.venue.chaos.add(placing(Flood(size=1_000_000, part=part)))
    answer = await client.order(newClientOrderId="a")
    assert len(answer.raw) >= 1_000_000
    assert client.orders() == ["a"]


async def test_a_delay_before_the_engine_passes_on_the_venues_clock(client: RawClient) -> None:
    client.venue.chaos.add(placing(Delay(seconds=3)))
    asking = asyncio.create_task(client.order(newClientOrderId="a", recvWindow=10000))
    await until(lambda: client.venue.chaos.fired("delay") == 1)
    assert client.orders() == []
    client.clock.advance(3)
    assert (await asking).status == 200


async def test_a_delay_after_the_engine_holds_the_answer_back_and_not_the_order(client: RawClient) -> None:
    client.venue.chaos.add(placing(Delay(seconds=3, moment=Moment.AFTER)))
    asking = asyncio.create_task(client.order(newClientOrderId="a"))
    await until(lambda: client.orders() == ["a"])
    assert not asking.done()
    client.clock.advance(3)
    assert (await asking).json["clientOrderId"] == "a"


async def test_N13_an_order_is_hidden_for_some_seconds_and_then_shown(client: RawClient) -> None:
    client.venue.place_as("counterparty", "BTCUSDT", "SELL", "LIMIT", quantity="0.004", price="50000")
    client.venue.chaos.add(placing(Hide(seconds=3)))
    placed = (await client.order(newClientOrderId="a")).json
    assert placed["status"] == "PARTIALLY_FILLED"
    named = {"symbol": "BTCUSDT"}
    assert (await client.ask("GET", "order", **named, origClientOrderId="a")).error == (-2013, "Order does not exist.")
    for path in ("openOrders", "allOrders", "myTrades"):
        assert (await client.ask("GET", path, **named)).json == []
    client.clock.advance(3)
    assert (await client.ask("GET", "order", **named, orderId=placed["orderId"])).json["clientOrderId"] == "a"
    for path in ("openOrders", "allOrders", "myTrades"):
        assert [row["orderId"] for row in (await client.ask("GET", path, **named)).json] == [placed["orderId"]]


async def test_N13_an_order_is_hidden_from_the_first_questions(client: RawClient) -> None:
    client.venue.chaos.add(placing(Hide(queries=2)))
    await client.order(newClientOrderId="a")
    await client.order(newClientOrderId="b")
    named = {"symbol": "BTCUSDT"}
    assert [row["clientOrderId"] for row in (await client.ask("GET", "openOrders", **named)).json] == ["b"]
    assert (await client.ask("GET", "order", **named, origClientOrderId="a")).status == 400
    assert (await client.ask("GET", "order", **named, origClientOrderId="a")).status == 200


async def test_N25_a_stale_answer_is_given_again(client: RawClient) -> None:
    client.venue.chaos.add(Rule(where="GET /api/v3/openOrders", fault=Stale()))
    before = await client.ask("GET", "openOrders", symbol="BTCUSDT")
    await client.order(newClientOrderId="a")
    client.clock.advance(1)
    assert (await client.ask("GET", "openOrders", symbol="BTCUSDT")).json == before.json == []
    client.venue.chaos.clear()
    assert len((await client.ask("GET", "openOrders", symbol="BTCUSDT")).json) == 1
