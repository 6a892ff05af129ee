"""The session under the bridge, and the private parts of aiohttp that it stands on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from yunmin.ccxt_bridge.transport import (
    AlreadySent,
    AnswerTooLarge,
    GuardedSession,
    HostNotAllowed,
    _BoundedHandler,
    departing,
)
from yunmin.exchange import PlacementConnection
from yunmin.testing import faulty_server as faults
from yunmin.testing.faulty_server import FaultyServer, answer

LIMIT = 200_000


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with FaultyServer() as running:
        for method in ("GET", "POST", "PUT", "DELETE"):
            running.on(method, "/", answer(b"fine"))
        yield running


@pytest.fixture
async def session() -> AsyncIterator[GuardedSession]:
    made = GuardedSession(allowed_hosts=frozenset({"127.0.0.1"}), answer_limit=LIMIT)
    yield made
    await made.close()


async def said(session: GuardedSession, server: FaultyServer, method: str = "GET", path: str = "/") -> str:
    async with getattr(session, method.lower())(URL(server.url + path)) as response:
        text: str = await response.text()
        return text


# --- the ground it stands on -----------------------------------------------------------------------------------------


async def test_every_connection_is_made_with_the_bounded_handler(session: GuardedSession) -> None:
    """`_factory` is private to aiohttp: should it go, every bound would go with it, and this test says so."""
    connector = session._session.connector
    assert connector is not None
    assert "_factory" in vars(aiohttp.TCPConnector())
    made = connector._factory()
    assert isinstance(made, _BoundedHandler)


async def test_the_private_names_of_aiohttp_that_are_used_exist() -> None:
    plain = aiohttp.ClientSession()
    assert plain._retry_connection is True
    assert callable(aiohttp.BaseConnector._release)
    assert callable(aiohttp.BaseConnector.connect)
    for name in ("should_close", "is_connected", "abort", "set_exception", "data_received"):
        assert hasattr(ResponseHandler, name)
    handler = ResponseHandler(asyncio.get_running_loop())
    assert hasattr(handler, "_payload")
    await plain.close()


async def test_the_bounded_handler_is_the_one_that_a_request_uses(
    session: GuardedSession, server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    lent: list[int] = []
    lend = _BoundedHandler.lend

    def lend_and_note(handler: _BoundedHandler, limit: int) -> None:
        lent.append(limit)
        lend(handler, limit)

    monkeypatch.setattr(_BoundedHandler, "lend", lend_and_note)
    await said(session, server)
    assert lent == [LIMIT]


# --- what it promises ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_each_method_is_sent_once_and_follows_no_redirect(
    session: GuardedSession, server: FaultyServer, method: str
) -> None:
    server.once(method, "/", faults.redirect(307, "/elsewhere"))
    async with getattr(session, method.lower())(URL(server.url)) as response:
        assert response.status == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_method_that_http_calls_repeatable_is_not_repeated(
    session: GuardedSession, server: FaultyServer, method: str
) -> None:
    await said(session, server)
    server.once(method, "/", faults.close(), faults.close())
    with pytest.raises(aiohttp.ClientError):
        await said(session, server, method)
    assert server.count(method) == (2 if method == "GET" else 1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.2", "example.com"])
async def test_only_allowed_hosts_are_connected_to(session: GuardedSession, server: FaultyServer, host: str) -> None:
    with pytest.raises(HostNotAllowed):
        await session.get(URL(f"http://{host}:{server.port}/"))
    assert server.connections == 0


async def test_a_proxy_in_the_environment_is_not_used(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    session = GuardedSession(allowed_hosts=frozenset({"127.0.0.1"}), answer_limit=LIMIT)
    assert await said(session, server) == "fine"
    await session.close()


async def test_closing_twice_is_closing_once(session: GuardedSession) -> None:
    await session.close()
    await session.close()


# --- bounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [LIMIT - 1000, LIMIT + 1000])
async def test_the_bound_is_where_it_says(session: GuardedSession, server: FaultyServer, size: int) -> None:
    server.once("GET", "/", answer(b"x" * size))
    if size < LIMIT:
        assert len(await said(session, server)) == size
    else:
        with pytest.raises(aiohttp.ClientError):
            await said(session, server)


async def test_the_bound_counts_each_answer_anew(session: GuardedSession, server: FaultyServer) -> None:
    server.on("GET", "/", answer(b"x" * (LIMIT // 2)))
    for _ in range(5):
        await said(session, server)
    assert server.connections == 1


async def test_what_a_packed_answer_unpacks_to_is_bounded_too(session: GuardedSession, server: FaultyServer) -> None:
    server.once("GET", "/", faults.unpacks_to(LIMIT + 1))
    with pytest.raises(AnswerTooLarge):
        await said(session, server)
    assert await said(session, server) == "fine"


async def test_bytes_that_are_no_utf8_are_no_text(session: GuardedSession, server: FaultyServer) -> None:
    server.once("GET", "/", answer(b"fine\xff", content_type="text/plain; charset=latin-1"))
    with pytest.raises(UnicodeDecodeError):
        await said(session, server)


async def test_text_can_be_read_twice(session: GuardedSession, server: FaultyServer) -> None:
    async with session.get(URL(server.url)) as response:
        assert await response.text() == await response.text() == "fine"


# --- quiet connections -----------------------------------------------------------------------------------------------


async def test_a_connection_on_which_something_unasked_arrives_is_dropped_at_once(
    session: GuardedSession, server: FaultyServer
) -> None:
    await said(session, server)
    server.push(b"\r")
    await server.hung_up()
    assert await said(session, server) == "fine"
    assert server.connections == 2


async def test_of_several_idle_connections_only_the_quiet_ones_are_lent(
    session: GuardedSession, server: FaultyServer
) -> None:
    await asyncio.gather(*(said(session, server) for _ in range(3)))
    opened = server.connections
    server.push(faults.wire(b"ghost"))
    assert [await said(session, server) for _ in range(3)] == ["fine"] * 3
    assert server.connections <= opened + 1


async def test_the_other_sides_goodbye_is_seen_before_the_connection_is_lent(
    session: GuardedSession, server: FaultyServer
) -> None:
    server.once("GET", "/", faults.all_of(answer(b"fine"), faults.close()))
    await said(session, server)
    assert await said(session, server, "POST") == "fine"
    assert server.count("POST") == 1


# --- departure -------------------------------------------------------------------------------------------------------


async def test_a_departure_is_noted_only_when_a_connection_was_lent(
    session: GuardedSession, server: FaultyServer
) -> None:
    with departing(PlacementConnection.QUIET) as departure:
        with pytest.raises(HostNotAllowed):
            await session.post(URL("http://localhost:1/"))
        assert not departure.left
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.post(URL("http://127.0.0.1:1/"))
        assert not departure.left
        await said(session, server, "POST")
        assert departure.left


async def test_one_departure_takes_one_request_that_changes_something(
    session: GuardedSession, server: FaultyServer
) -> None:
    with departing(PlacementConnection.QUIET) as departure:
        await said(session, server)
        assert departure.left
        assert not departure.committed
        await said(session, server, "POST")
        for method in ("POST", "DELETE", "PUT"):
            with pytest.raises(AlreadySent):
                await said(session, server, method)
        assert await said(session, server) == "fine"
    assert await said(session, server, "POST") == "fine"
    assert server.count("POST") == 2


async def test_departures_of_tasks_do_not_mix(session: GuardedSession, server: FaultyServer) -> None:
    async def place(path: str) -> Any:
        with departing(PlacementConnection.FRESH) as departure:
            await said(session, server, "POST", path)
            return departure

    departures = await asyncio.gather(*(place(f"/{number}") for number in range(5)))
    assert all(departure.committed for departure in departures)
    assert len({seen.connection for seen in server.requests}) == 5


async def test_a_command_has_a_smaller_bound_than_a_question(
    server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunmin.ccxt_bridge.transport.COMMAND_ANSWER_LIMIT", 10_000)
    session = GuardedSession(allowed_hosts=frozenset({"127.0.0.1"}), answer_limit=LIMIT)
    server.on("POST", "/", answer(b"x" * 50_000))
    assert len(await said(session, server, "POST")) == 50_000
    with departing(PlacementConnection.QUIET), pytest.raises(aiohttp.ClientError):
        await said(session, server, "POST")
    await session.close()
