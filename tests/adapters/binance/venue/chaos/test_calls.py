"""Every fault of a call of the WebSocket API."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.binance.venue.conftest import QUIET
from tests.adapters.binance.venue.sockets import Client, SocketVenue, running, until
from yunmin_binance.venue.chaos import (
    Body,
    CutShort,
    Delay,
    Drop,
    Ending,
    Flood,
    ForeignBody,
    Hide,
    Moment,
    Rule,
    Say,
    Stale,
    Stray,
)

PLACING = "call order.place"


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(QUIET) as one:
        yield one


def order(home: SocketVenue, name: str = "a") -> dict[str, Any]:
    wanted = {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "price": "50000",
        "newClientOrderId": name,
    }
    return home.signed(wanted)


def known(home: SocketVenue) -> list[str]:
    return [one.client_order_id for one in home.venue.ledger_report("local").orders]


async def send(client: Client, method: str, params: dict[str, Any], number: int = 7) -> None:
    await client.socket.send_str(json.dumps({"id": number, "method": method, "params": params}))


@pytest.mark.parametrize(("moment", "orders"), [(Moment.BEFORE, []), (Moment.AFTER, ["a"])])
async def test_a_call_is_never_answered_and_was_or_was_not_carried_out(
    home: SocketVenue, moment: Moment, orders: list[str]
) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where=PLACING, fault=Drop(moment=moment, ending=Ending.SILENCE), client_order_id="a"))
    await send(client, "order.place", order(home))
    assert (await client.call("ping"))["status"] == 200
    assert known(home) == orders
    assert home.venue.chaos.log[0].account == "local"


@pytest.mark.parametrize(("ending", "code"), [(Ending.CLOSE, 1001), (Ending.RESET, 1006)])
async def test_a_call_ends_the_connection(home: SocketVenue, ending: Ending, code: int) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where=PLACING, fault=Drop(ending=ending)))
    await send(client, "order.place", order(home))
    assert await client.closed() == code
    assert known(home) == ["a"]


@pytest.mark.parametrize(("moment", "orders"), [(Moment.BEFORE, []), (Moment.AFTER, ["a"])])
async def test_a_call_is_refused_with_any_status_and_code(home: SocketVenue, moment: Moment, orders: list[str]) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where=PLACING, fault=Say(status=503, code=-1007, msg="Timeout.", moment=moment)))
    answer = await client.call("order.place", order(home))
    assert answer == {"id": 1, "status": 503, "error": {"code": -1007, "msg": "Timeout."}}
    assert known(home) == orders


async def test_a_call_is_answered_in_part_twice_or_by_something_else(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3")
    chaos = home.venue.chaos
    chaos.add(Rule(where="call ping", fault=CutShort(), count=1))
    chaos.add(Rule(where="call ping", fault=Body(body=ForeignBody.NULL), count=1))
    chaos.add(Rule(where="call ping", fault=Stray(), count=1))
    chaos.add(Rule(where="call ping", fault=Stray(body='{"id":99}'), count=1))
    for _ in range(4):
        await client.socket.send_str('{"id":1,"method":"ping"}')
    with pytest.raises(json.JSONDecodeError):
        await client.next()
    assert await client.next() is None
    first, again, true, stray = [await client.next() for _ in range(4)]
    assert first == again
    assert (true["id"], true["result"], stray) == (1, {}, {"id": 99})


async def test_a_call_is_answered_with_another_orders_answer(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where=PLACING, fault=Body(body=ForeignBody.OTHER_ORDER)))
    answer = await client.call("order.place", order(home))
    assert answer["result"]["clientOrderId"] == "another-order"
    assert known(home) == ["a"]


async def test_a_call_is_answered_by_a_flood(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where="call ping", fault=Flood(size=200_000), count=1))
    await client.socket.send_str('{"id":1,"method":"ping"}')
    sizes = [len(await client.socket.receive_str()) for _ in range(4)]
    assert sum(sizes) >= 200_000
    assert (await client.call("ping"))["status"] == 200


async def test_a_call_waits_before_or_after_the_engine_on_the_venues_clock(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where=PLACING, fault=Delay(seconds=2), client_order_id="a"))
    home.venue.chaos.add(Rule(where=PLACING, fault=Delay(seconds=3, moment=Moment.AFTER), client_order_id="b"))
    await send(client, "order.place", order(home, "a"), 1)
    await send(client, "order.place", order(home, "b"), 2)
    await until(lambda: home.venue.chaos.fired("delay") == 2)
    await until(lambda: known(home) == ["b"])
    await home.advance(2)
    assert known(home) == ["b", "a"]
    assert (await client.next())["id"] == 1
    await home.advance(1)
    assert (await client.next())["id"] == 2


async def test_N13_an_order_placed_by_either_door_is_hidden_at_both(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where=PLACING, fault=Hide(seconds=3), count=1))
    await client.call("order.place", order(home))
    named = {"symbol": "BTCUSDT"}
    status = await client.call("order.status", home.signed({**named, "origClientOrderId": "a"}))
    assert (status["status"], status["error"]["code"]) == (400, -2013)
    assert (await client.call("openOrders.status", home.signed(named)))["result"] == []
    await home.advance(3)
    assert len((await client.call("openOrders.status", home.signed(named)))["result"]) == 1
    status = await client.call("order.status", home.signed({**named, "origClientOrderId": "a"}))
    assert status["result"]["clientOrderId"] == "a"


async def test_N25_a_call_is_answered_as_it_was_before(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3")
    home.venue.chaos.add(Rule(where="call account.status", fault=Stale()))
    before = await client.call("account.status", home.signed({}))
    await client.call("order.place", order(home))
    again = await client.call("account.status", home.signed({}))
    assert again["result"] == before["result"]
    assert again["id"] == before["id"] + 2
