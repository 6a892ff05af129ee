"""Listen keys: gone, unless the venue is told to keep them for old clients (user-data-stream.md of 2024-12-17)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.binance.venue.sockets import Client, SocketVenue, running
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, LOCAL_API_KEY, Liquidity, VenueConfig

OLD = VenueConfig(liquidity=Liquidity.NONE, legacy_listen_key=True)
HOUR = 3600


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(OLD) as found:
        yield found


async def ask(home: SocketVenue, method: str, *, key: str = LOCAL_API_KEY, **params: str) -> Any:
    url = f"{home.venue.url}/api/v3/userDataStream"
    async with home.http.request(method, url, params=params, headers={"X-MBX-APIKEY": key}) as answer:
        return await answer.json()


async def new_key(home: SocketVenue) -> str:
    return str((await ask(home, "POST"))["listenKey"])


def buy(home: SocketVenue) -> None:
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price="50000")


async def kinds(client: Client) -> list[str]:
    return [frame["e"] for frame in await client.frames()]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_they_are_gone_by_default(method: str) -> None:
    async with running(VenueConfig(liquidity=Liquidity.NONE)) as home:
        async with home.http.request(method, f"{home.venue.url}/api/v3/userDataStream") as answer:
            assert answer.status == 410
        client = await home.open("/ws-api/v3")
        word = {"POST": "start", "PUT": "ping", "DELETE": "stop"}[method]
        said = await client.call(f"userDataStream.{word}", {"apiKey": LOCAL_API_KEY})
        assert (said["status"], said["error"]["code"]) == (410, -1020)


async def test_an_account_has_one_key_of_64_letters_and_digits(home: SocketVenue) -> None:
    key = await new_key(home)
    assert (len(key), key.isalnum()) == (64, True)
    assert await new_key(home) == key
    client = await home.open("/ws-api/v3")
    assert (await client.call("userDataStream.start", {"apiKey": LOCAL_API_KEY}))["result"] == {"listenKey": key}


async def test_a_key_of_nobody_opens_nothing(home: SocketVenue) -> None:
    refused = {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}
    assert await ask(home, "POST", key="stranger") == refused
    client = await home.open("/ws-api/v3")
    assert (await client.call("userDataStream.start", {"apiKey": "stranger"}))["error"] == refused
    assert (await client.call("userDataStream.start"))["error"] == refused
    unknown = {"code": -1125, "msg": "This listenKey does not exist."}
    assert await ask(home, "PUT", listenKey="nothing") == unknown
    assert await ask(home, "DELETE", listenKey="nothing") == unknown
    missing = "Mandatory parameter 'listenKey' was not sent, was empty/null, or malformed."
    assert await ask(home, "PUT") == {"code": -1102, "msg": missing}


async def test_events_come_raw_under_the_key_and_wrapped_on_combined_streams(home: SocketVenue) -> None:
    key = await new_key(home)
    raw, combined, mixed = [await home.open(path) for path in (f"/ws/{key}", f"/stream?streams={key}", "/ws")]
    await mixed.subscribe(key, "btcusdt@bookTicker")
    buy(home)
    report, position = await raw.frames()
    assert (report["e"], report["x"], report["i"]) == ("executionReport", "NEW", 1)
    assert (position["e"], position["B"][1]["l"]) == ("outboundAccountPosition", "500.00000000")
    assert await combined.frames() == [{"stream": key, "data": report}, {"stream": key, "data": position}]
    assert [frame.get("e", "book") for frame in await mixed.frames()] == [report["e"], position["e"], "book"]
    assert await mixed.say({"method": "LIST_SUBSCRIPTIONS", "id": 9}) == {
        "result": [key, "btcusdt@bookTicker"],
        "id": 9,
    }


async def test_who_stops_listening_hears_no_more(home: SocketVenue) -> None:
    key = await new_key(home)
    client = await home.open(f"/ws/{key}")
    await client.say({"method": "UNSUBSCRIBE", "params": [key], "id": 1})
    buy(home)
    assert await client.frames() == []
    assert home.venue.sockets.users._subscriptions == {}


async def test_nobody_else_is_heard(home: SocketVenue) -> None:
    client = await home.open(f"/ws/{await new_key(home)}")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.01", price="50000")
    assert await client.frames() == []


async def test_an_hour_without_a_word_ends_a_key_and_says_so_once(home: SocketVenue) -> None:
    key = await new_key(home)
    raw, combined = await home.open(f"/ws/{key}"), await home.open(f"/stream?streams={key}")
    home.clock.drift(HOUR - 10)
    await home.advance(0.1)
    assert await kinds(raw) == []
    home.clock.drift(10)
    await home.advance(0.1)
    said = {"e": "listenKeyExpired", "E": home.now, "listenKey": key}
    assert await raw.next() == said
    assert await combined.next() == {"stream": key, "data": said}
    buy(home)
    await home.advance(0.1)
    assert await raw.frames() == []
    assert (await ask(home, "PUT", listenKey=key))["code"] == -1125
    assert await new_key(home) != key


@pytest.mark.parametrize("over", ["rest", "websocket"])
async def test_a_key_that_is_kept_alive_lives_on(home: SocketVenue, over: str) -> None:
    key = await new_key(home)
    client = await home.open(f"/ws/{key}")
    for _ in range(3):
        home.clock.drift(HOUR / 2)
        if over == "rest":
            assert await ask(home, "PUT", listenKey=key) == {}
        else:
            asking = await home.open("/ws-api/v3")
            said = await asking.call("userDataStream.ping", {"apiKey": LOCAL_API_KEY, "listenKey": key})
            assert (said["status"], said["result"]) == (200, {})
    buy(home)
    assert await kinds(client) == ["executionReport", "outboundAccountPosition"]


async def test_a_key_that_its_owner_closes_is_silent_without_a_word(home: SocketVenue) -> None:
    key = await new_key(home)
    client = await home.open(f"/ws/{key}")
    assert await ask(home, "DELETE", listenKey=key) == {}
    buy(home)
    await home.advance(0.1)
    assert await client.frames() == []
    assert home.venue.sockets.users._subscriptions == {}


async def test_a_refused_request_closes_nothing(home: SocketVenue) -> None:
    key = await new_key(home)
    assert (await ask(home, "DELETE", listenKey=key, more="1"))["code"] == -1104
    assert await ask(home, "PUT", listenKey=key) == {}


async def test_who_vanishes_leaves_nothing(home: SocketVenue) -> None:
    client = await home.open(f"/ws/{await new_key(home)}")
    await client.socket.close()
    async with asyncio.timeout(5):
        while home.venue.sockets.connections:
            await asyncio.sleep(0)
    assert home.venue.sockets.users._subscriptions == {}
