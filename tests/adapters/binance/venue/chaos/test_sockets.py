"""What can happen to an open WebSocket and to one that is being opened, and to the venue as a whole."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from tests.adapters.binance.venue.chaos.conftest import RawClient
from tests.adapters.binance.venue.chaos.test_events import place, reports, subscribed
from tests.adapters.binance.venue.conftest import QUIET
from tests.adapters.binance.venue.sockets import running, until
from yunmin.errors import ConfigurationError
from yunmin_binance.venue import LocalVenue
from yunmin_binance.venue.chaos import (
    Delay,
    Disconnect,
    Down,
    Drop,
    Ending,
    HalfOpen,
    Rule,
    Say,
    Shutdown,
    Skew,
    Terminate,
)


async def test_a_socket_is_closed_with_any_code() -> None:
    async with running(QUIET) as home:
        client, other = await home.open("/ws"), await subscribed(home)
        home.venue.chaos.add(Rule(where="socket /ws", fault=Disconnect(code=1008, reason="no")))
        assert await client.closed() == 1008
        assert (await other.call("ping"))["status"] == 200
        assert home.venue.chaos.rules == ()
        assert [strike.fault for strike in home.venue.chaos.log] == ["disconnect"]


async def test_a_socket_is_reset() -> None:
    async with running(QUIET) as home:
        client = await home.open("/ws")
        home.venue.chaos.add(Rule(where="socket *", fault=Disconnect(code=None)))
        assert await client.closed() == 1006


async def test_only_as_many_sockets_as_wanted_are_struck() -> None:
    async with running(QUIET) as home:
        clients = [await home.open("/ws") for _ in range(3)]
        home.venue.chaos.add(Rule(where="socket *", fault=Disconnect(), skip=1, count=1))
        assert await clients[1].closed() == 1001
        assert [await client.frames() for client in (clients[0], clients[2])] == [[], []]


async def test_N26_a_half_open_socket_says_nothing_more_and_answers_no_ping() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="event executionReport", fault=HalfOpen(), client_order_id="b"))
        place(home.venue, "a")
        assert (await client.next())["event"]["c"] == "a"
        assert (await client.next())["event"]["e"] == "outboundAccountPosition"
        place(home.venue, "b")
        await until(lambda: home.venue.chaos.fired("half_open") == 1)
        await client.socket.ping()
        await client.socket.send_str('{"id":1,"method":"ping"}')
        await home.advance(120)
        with pytest.raises(TimeoutError):
            await client.socket.receive(timeout=0.05)
        assert len(home.venue.sockets.connections) == 1


async def test_N27_a_shutdown_is_announced_and_comes() -> None:
    async with running(QUIET) as home:
        client = await home.open("/ws")
        home.venue.chaos.add(Rule(where="socket *", fault=Shutdown(seconds=10)))
        assert (await client.next())["e"] == "serverShutdown"
        assert len(home.venue.sockets.connections) == 1
        await home.advance(10)
        assert await client.closed() == 1001


async def test_a_user_data_stream_is_terminated_and_says_so() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="socket /ws-api/*", fault=Terminate(), account="local"))
        assert (await client.next())["event"]["e"] == "eventStreamTerminated"
        place(home.venue, "a")
        assert reports(await client.frames()) == []
        await client.call("userDataStream.subscribe.signature", home.signed({}))
        place(home.venue, "b")
        assert reports(await client.frames()) == [("b", "NEW")]


async def test_a_socket_of_another_account_is_spared() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="socket *", fault=Disconnect(), account="counterparty"))
        place(home.venue, "a")
        assert reports(await client.frames()) == [("a", "NEW")]
        assert home.venue.chaos.log == ()


async def test_a_handshake_is_refused_dropped_or_late() -> None:
    async with running(QUIET) as home:
        chaos = home.venue.chaos
        chaos.add(Rule(where="handshake /ws", fault=Say(status=503), count=1))
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await home.open("/ws")
        assert refused.value.status == 503
        dropping = chaos.add(Rule(where="handshake /ws", fault=Drop(ending=Ending.RESET)))
        with pytest.raises(aiohttp.ClientConnectionError):
            await home.open("/ws")
        chaos.clear(dropping)
        chaos.add(Rule(where="handshake /ws", fault=Delay(seconds=4), count=1))
        opening = asyncio.create_task(home.open("/ws"))
        await until(lambda: chaos.fired("delay") == 1)
        assert not opening.done()
        home.clock.advance(4)
        assert await (await opening).frames() == []
        assert await (await home.open("/ws-api/v3")).frames() == []


async def test_N36_a_venue_that_is_down_refuses_and_comes_back_where_it_was() -> None:
    async with running(QUIET) as home:
        socket, url = await home.open("/ws"), home.venue.url
        place(home.venue, "a")
        home.venue.chaos.add(Rule(where="venue", fault=Down(seconds=60)))
        assert await socket.closed() == 1006
        with pytest.raises(aiohttp.ClientConnectionError):
            await home.get("ping")
        await home.advance(60)
        assert home.venue.url == url
        assert await home.get("ping") == {}
        assert [order.client_order_id for order in home.venue.ledger_report("local").orders] == ["a"]
        assert home.venue.chaos.fired("down") == 1


async def test_a_restart_keeps_orders_and_numbers() -> None:
    async with running(QUIET) as home:
        place(home.venue, "a")
        before = await home.get("depth", symbol="BTCUSDT")
        await home.venue.restart()
        assert await home.get("depth", symbol="BTCUSDT") == before
        assert home.venue.audit().ok


async def test_only_a_running_venue_can_go_down() -> None:
    venue = LocalVenue(QUIET)
    with pytest.raises(ConfigurationError):
        venue.chaos.add(Rule(where="venue", fault=Down()))
    assert (venue.chaos.rules, venue.chaos.log) == ((), ())
    with pytest.raises(ConfigurationError):
        await venue.restart()


async def test_a_venue_stops_while_it_is_down() -> None:
    async with running(QUIET) as home:
        home.venue.chaos.add(Rule(where="venue", fault=Down(seconds=60)))
        await home.advance(1)


@pytest.mark.parametrize("seconds", [-6.0, 6.0])
async def test_N12_a_wrong_clock_is_told_and_refuses_by_it(client: RawClient, seconds: float) -> None:
    now = (await client.look("time")).json["serverTime"]
    client.venue.chaos.add(Rule(where="venue", fault=Skew(seconds=seconds), for_seconds=30))
    assert (await client.look("time")).json["serverTime"] == now + seconds * 1000
    assert (await client.order()).error[0] == -1021
    assert client.orders() == []
    client.clock.advance(30)
    assert (await client.order()).status == 200
