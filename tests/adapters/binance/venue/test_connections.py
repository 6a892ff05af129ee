"""Connections: how long they last, what ends them, and that nothing of them is left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from random import Random

import aiohttp
import pytest

from tests.adapters.binance.venue.sockets import Client, SocketVenue, running, until
from yunmin.clock import seeded
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, VenueConfig
from yunmin_binance.venue.streams import connection as connections

QUIET = VenueConfig(liquidity=Liquidity.NONE)
PATHS = ("/ws/btcusdt@trade", "/ws-api/v3")


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(QUIET) as found:
        yield found


def tasks_of_the_venue() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("venue-")}


async def nothing_is_left(home: SocketVenue) -> None:
    await until(lambda: not home.venue.sockets.connections and not tasks_of_the_venue())
    assert home.venue.sockets.markets.listened_to == set()


@pytest.mark.parametrize("path", PATHS)
async def test_the_venue_pings_every_twenty_seconds(home: SocketVenue, path: str) -> None:
    client = await home.open(path, autoping=False)
    await home.advance(20)
    ping = await client.socket.receive(timeout=5)
    assert ping.type is aiohttp.WSMsgType.PING
    await client.socket.pong(ping.data)
    await home.advance(20)
    assert (await client.socket.receive(timeout=5)).type is aiohttp.WSMsgType.PING


@pytest.mark.parametrize("path", PATHS)
async def test_a_minute_without_a_pong_ends_it(home: SocketVenue, path: str) -> None:
    client = await home.open(path, autoping=False)
    for _ in range(5):
        await home.advance(20)
    await nothing_is_left(home)
    while (await client.socket.receive(timeout=5)).type is aiohttp.WSMsgType.PING:
        pass
    assert client.socket.closed


@pytest.mark.parametrize("path", PATHS)
async def test_pongs_that_nobody_asked_for_do_not_keep_it_open(home: SocketVenue, path: str) -> None:
    client = await home.open(path, autoping=False)
    for _ in range(3):
        await home.advance(20)
        await client.socket.pong(b"")
        await client.socket.pong(b"me too")
    await client.socket.ping(b"heard")
    while (await client.socket.receive(timeout=5)).type is not aiohttp.WSMsgType.PONG:
        pass  # what was sent before has been read when this comes back
    await home.advance(20)
    await nothing_is_left(home)


async def test_who_answers_pings_stays(home: SocketVenue) -> None:
    client = await home.open("/ws", autoping=False)
    for _ in range(10):
        await home.advance(20)
        ping = await client.socket.receive(timeout=5)
        await client.socket.pong(ping.data)
        (held,) = home.venue.sockets.connections
        await until(lambda held=held: held._unanswered_since is None)  # type: ignore[misc]  # bound now, not later
    assert home.venue.sockets.connections


async def test_a_day_is_the_longest_that_it_lasts_and_its_end_is_announced(home: SocketVenue) -> None:
    raw, combined, api = [await home.open(path) for path in ("/ws", "/stream", "/ws-api/v3")]
    home.clock.drift(24 * 3600 - 61)
    await home.advance(0.1)
    assert [await client.frames() for client in (raw, combined, api)] == [[], [], []]
    await home.advance(1)
    event = {"e": "serverShutdown", "E": home.now}
    assert await raw.next() == event
    assert await combined.next() == {"stream": "!serverShutdown", "data": event}
    assert await api.next() == {"event": event}
    home.clock.drift(60)
    await home.advance(0.1)
    assert [await client.closed() for client in (raw, combined, api)] == [1001] * 3


async def test_more_than_five_messages_a_second_end_it(home: SocketVenue) -> None:
    client = await home.open("/ws")
    for number in range(5):
        await client.say({"method": "LIST_SUBSCRIPTIONS", "id": number})
    home.clock.drift(1)
    for number in range(5):
        await client.say({"method": "LIST_SUBSCRIPTIONS", "id": number})
    await client.socket.send_str("{}")
    assert await client.closed() == 1008
    await nothing_is_left(home)


async def test_pings_of_the_client_count_and_are_answered(home: SocketVenue) -> None:
    client = await home.open("/ws", autoping=False)
    await client.socket.ping(b"hello")
    pong = await client.socket.receive(timeout=5)
    assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"hello")
    for _ in range(5):
        await client.socket.ping()
    await nothing_is_left(home)


async def test_more_than_1024_streams_end_it(home: SocketVenue) -> None:
    client = await home.open("/ws")
    await client.subscribe(*(f"s{number}@trade" for number in range(1024)))
    await client.socket.send_json({"method": "SUBSCRIBE", "params": ["one@more"], "id": 2})
    assert await client.closed() == 1008


async def test_a_client_that_does_not_read_is_cut_off_and_others_are_not(
    home: SocketVenue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_MOST_FRAMES", 200)
    raw = await deaf_client(home, "/ws/btcusdt@bookTicker")
    reader = await home.open("/ws/btcusdt@bookTicker")
    heard = 0
    most = 0
    while len(home.venue.sockets.connections) == 2:
        top = COUNTERPARTY if heard % 2 else LOCAL_ACCOUNT
        home.venue.place_as(top, "BTCUSDT", "BUY", "LIMIT", quantity="0.001", price="50000")
        await reader.next()
        heard += 1
        most = max([most, *(one.waiting for one in home.venue.sockets.connections)])
        assert heard < 60_000
        if heard % 100 == 0:
            for order in [*home.venue.exchange.floor("BTCUSDT").book.orders()]:
                home.venue.exchange.engine.cancel(order.account, "BTCUSDT", order.id)
            await reader.next()
    assert most <= 200
    raw.close()
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.001", price="50000")
    assert (await reader.next())["s"] == "BTCUSDT"


async def deaf_client(home: SocketVenue, path: str) -> socket.socket:
    """A handshake, and not a byte read after it."""
    host, port = home.venue.url.removeprefix("http://").split(":")
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, (host, int(port)))
    await loop.sock_sendall(raw, handshake(path))
    await until(lambda: len(home.venue.sockets.connections) == 1)
    return raw


def handshake(path: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("path", PATHS)
async def test_clients_that_vanish_leave_nothing(home: SocketVenue, path: str) -> None:
    for _ in range(10):
        client = await home.open(path)
        if path == "/ws-api/v3":
            await client.signed("userDataStream.subscribe.signature")
        connection = client.socket._conn
        assert connection is not None
        assert connection.transport is not None
        connection.transport.abort()
    await nothing_is_left(home)
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
    assert home.venue.sockets.users._subscriptions == {}


async def test_who_is_connected_is_told_that_the_venue_goes() -> None:
    async with running(QUIET) as home:
        raw, combined, api = [await home.open(path) for path in ("/ws", "/stream", "/ws-api/v3")]
        event = {"e": "serverShutdown", "E": home.now}
        stopping = asyncio.create_task(home.venue.stop())
        assert await raw.next() == event
        assert await combined.next() == {"stream": "!serverShutdown", "data": event}
        assert await api.next() == {"event": event}
        assert [await client.closed() for client in (raw, combined, api)] == [1001] * 3
        await stopping
        assert not tasks_of_the_venue()


async def test_a_path_for_websockets_is_none_for_plain_requests(home: SocketVenue) -> None:
    for path in ("/ws", "/stream", "/ws-api/v3"):
        async with home.http.get(home.venue.url + path) as answer:
            assert answer.status == 400


@pytest.mark.parametrize("path", PATHS)
async def test_binary_frames_and_huge_ones_end_it(home: SocketVenue, path: str) -> None:
    client = await home.open(path)
    await client.socket.send_bytes(b"\x00\x01")
    assert await client.closed() == 1003
    client = await home.open(path)
    await client.socket.send_str("x" * 1_000_000)
    assert await client.closed() == 1009
    await nothing_is_left(home)


@pytest.mark.parametrize("window", [0, 9, 12, 15])
async def test_frames_are_compressed_for_who_asks_and_say_the_same(home: SocketVenue, window: int) -> None:
    plain = await home.open("/ws/btcusdt@depth20@100ms")
    client = await home.open("/ws/btcusdt@depth20@100ms", compress=window)
    agreed = client.socket._response.headers.get("Sec-WebSocket-Extensions", "")
    assert ("permessage-deflate" in agreed, f"server_max_window_bits={window}" in agreed) == (
        window > 0,
        window in {9, 12},
    )
    for price in range(50_000, 50_030):
        home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price=price)
        home.venue.flush_streams()
    frames = await client.frames()
    assert len(frames) == 30
    assert frames == await plain.frames()


async def test_a_compressed_frame_that_swells_ends_it(home: SocketVenue) -> None:
    client = await home.open("/ws-api/v3", compress=15)
    await client.socket.send_str(" " * 50_000_000)
    assert await client.closed() == 1009
    await nothing_is_left(home)


@pytest.mark.parametrize("path", PATHS)
async def test_torn_frames_end_it(home: SocketVenue, path: str) -> None:
    for garbage in (b"\xff\xff\xff\xff\xff", b"\x81\x85abcd", b"\x81\x05hello", b"\x81\x82abcd\xff\xff", b"GET / HT"):
        raw = await deaf_client(home, path)
        await asyncio.get_running_loop().sock_sendall(raw, garbage)
        raw.close()
        await nothing_is_left(home)


@pytest.mark.parametrize("path", PATHS)
async def test_whatever_text_is_sent_the_answer_is_an_error_or_an_end(home: SocketVenue, path: str) -> None:
    chance = seeded(5)
    client = await home.open(path)
    for _ in range(300):
        home.clock.drift(1)
        text = nonsense(chance)
        await client.socket.send_str(text)
        message = await client.socket.receive(timeout=5)
        if message.type is not aiohttp.WSMsgType.TEXT:
            client = await home.open(path)
            continue
        assert "-1000" not in message.data, text
    assert await alive(client)
    assert home.venue.audit().ok


async def alive(client: Client) -> bool:
    return await client.frames() == []


_PIECES = (
    '{', '}', '[', ']', ':', ',', '"', '"id"', '"method"', '"params"', '"SUBSCRIBE"', '"order.place"', '"ping"', "null",
    "true", "1", "-1", "1e999", "NaN", '"btcusdt@trade"', '"\\ud800"', '"\\u0000"', "\x7f", "é", "💥",
    '"session.logon"',
    '"apiKey"', '"signature"', '"timestamp"', '"userDataStream.unsubscribe"', '"subscriptionId"', '"SET_PROPERTY"',
)  # fmt: skip

_SHAPES = (
    '{{"id":{0},"method":{1},"params":{{{2}:{3}}}}}',
    '{{"id":{0},"method":{1},"params":[{2},{3}]}}',
    '{{"id":{0},"method":{1},"params":{2}}}',
    "{0}{1}{2}{3}",
)


def nonsense(chance: Random) -> str:
    return chance.choice(_SHAPES).format(*(chance.choice(_PIECES) for _ in range(4)))
