"""What the owner of a running venue may do with it as a whole: move its clock, save it, restart it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.adapters.binance.venue.conftest import QUIET
from tests.adapters.binance.venue.sockets import SocketVenue, running, until
from yunmin_binance.venue import COUNTERPARTY, LocalVenue


async def ask(home: SocketVenue, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    async with home.http.request(method, f"{home.venue.url}/venue/{path}", json=body) as answer:
        return answer.status, await answer.json()


async def server_time(home: SocketVenue) -> int:
    time: int = (await home.get("time"))["serverTime"]
    return time


async def test_hours_pass_at_once_and_bars_close() -> None:
    async with running(QUIET) as home:
        before = await server_time(home)
        home.venue.place_as("local", "BTCUSDT", "BUY", "LIMIT", quantity="1", price="50000")
        home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "MARKET", quantity="0.5")
        client = await home.open("/ws/btcusdt@kline_12h")
        await home.advance(2)
        await ask(home, "POST", "clock", {"advance": 43_200})
        assert await server_time(home) == before + 43_202_000
        closed = [frame for frame in await client.frames() if frame["k"]["x"]]
        assert [frame["k"]["v"] for frame in closed] == ["0.50000000"]


async def test_a_socket_that_has_lived_for_a_day_is_seen_off() -> None:
    async with running(QUIET) as home:
        client = await home.open("/ws")
        home.venue.clock.advance(24 * 3600 - 30)
        assert (await client.next())["e"] == "serverShutdown"
        home.venue.clock.advance(30)
        assert await client.closed() == 1001


async def test_the_clock_is_frozen_set_and_let_go() -> None:
    async with running(QUIET) as home:
        _, shown = await ask(home, "POST", "clock", {"freeze": True})
        assert shown["is_frozen"]
        stopped = await server_time(home)
        await home.advance(100)
        assert await server_time(home) == stopped
        await ask(home, "POST", "clock", {"advance": 1.5})
        assert await server_time(home) == stopped + 1500
        _, shown = await ask(home, "POST", "clock", {"freeze": False, "offset": 10})
        assert (shown["is_frozen"], shown["offset"]) == (False, 10)
        assert await server_time(home) == stopped + 11_500
        assert (await ask(home, "GET", "clock"))[1] == shown


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance": -1}),
        ("clock", {"advance": 1e12}),
        ("clock", {"forward": 1}),
        ("restart", {"downtime": -1}),
        ("save", None),
    ],
)
async def test_what_cannot_be_meant_is_refused(path: str, body: Any) -> None:
    async with running(QUIET) as home:
        status, said = await ask(home, "POST", path, body)
        assert status == 400
        assert said["error"]


async def test_a_restart_is_answered_and_then_done() -> None:
    async with running(QUIET) as home:
        home.venue.place_as("local", "BTCUSDT", "BUY", "LIMIT", quantity="1", price="50000")
        depth = await home.get("depth", symbol="BTCUSDT")
        socket = await home.open("/ws")
        assert await ask(home, "POST", "restart", {"downtime": 30}) == (200, {"downtime": 30.0})
        assert await socket.closed() == 1006
        with pytest.raises(aiohttp.ClientConnectionError):
            await home.get("ping")
        await home.advance(30)
        assert await home.get("depth", symbol="BTCUSDT") == depth


async def test_a_venue_saves_itself_when_told_and_every_so_often(tmp_path: Path) -> None:
    async with running(QUIET) as home:
        file = home.venue.state_file = tmp_path / "state"
        assert await ask(home, "POST", "save") == (200, {"saved": str(file)})
        first = file.read_bytes()
        home.venue.keep_saving(60)
        home.venue.place_as("local", "BTCUSDT", "BUY", "LIMIT", quantity="1", price="50000")
        await home.advance(1)
        assert file.read_bytes() == first
        home.venue.clock.advance(60)
        await until(lambda: file.read_bytes() != first)
    later = LocalVenue.restore(file, QUIET)
    assert len(later.ledger_report("local").orders) == 1
