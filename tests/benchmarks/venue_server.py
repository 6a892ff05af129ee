"""A local venue and its floors, in a process of its own on one core, so that only the server's CPU is measured.

python -m tests.benchmarks.venue_server CORE     # prints its addresses as JSON, does what stdin says, ends with stdin

The floors are the least that an aiohttp server can do for the same request: read it, check its HMAC, answer canned
bytes of the same length; or send canned frames to everybody who is connected.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import sys
from decimal import Decimal

import orjson
from aiohttp import WSMsgType, web

from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, LOCAL_API_SECRET, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.config import default_accounts
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.symbols import DEFAULT_SYMBOLS

SECRET = LOCAL_API_SECRET.encode()
CANNED = orjson.dumps({"filled": "x" * 560})
CANNED_FRAME = orjson.dumps({"e": "trade", "x": "y" * 120})


def a_config() -> VenueConfig:
    """One market without bounds on open orders, no house, and limits that are counted but not enforced."""
    rules = DEFAULT_SYMBOLS["BTCUSDT"].model_copy(update={"max_open_orders": 10_000_000})
    rich = [
        account.model_copy(update={"balances": {"USDT": Decimal(10**9), "BTC": Decimal(10**6)}})
        for account in default_accounts()
    ]
    return VenueConfig(
        symbols=(),
        extra_symbols=(rules,),
        accounts=tuple(rich),
        liquidity=Liquidity.NONE,
        limits=LimitsConfig(is_enforced=False),
    )


class Floor:
    """The least: an HMAC check and canned bytes."""

    def __init__(self) -> None:
        self.sockets: set[web.WebSocketResponse] = set()
        self.app = web.Application()
        self.app.router.add_post("/order", self._order)
        self.app.router.add_get("/ws-api", self._ws_api)
        self.app.router.add_get("/stream", self._stream)

    async def _order(self, request: web.Request) -> web.Response:
        body = await request.read()
        payload, _, signature = body.rpartition(b"&signature=")
        expected = hmac.new(SECRET, payload, hashlib.sha256).hexdigest().encode()
        if not hmac.compare_digest(expected, signature):
            raise web.HTTPBadRequest
        return web.Response(body=CANNED, content_type="application/json")

    async def _ws_api(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                params = json.loads(message.data)["params"]
                payload = "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")
                expected = hmac.new(SECRET, payload.encode(), hashlib.sha256).hexdigest()
                if not hmac.compare_digest(expected, params["signature"]):
                    break
                await socket.send_str(CANNED.decode())
        return socket

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self.sockets.add(socket)
        async for _ in socket:
            pass
        self.sockets.discard(socket)
        return socket

    async def burst(self, count: int) -> None:
        for _ in range(count):
            for socket in self.sockets:
                await socket.send_str(CANNED_FRAME.decode())
            await asyncio.sleep(0)


async def trades(venue: LocalVenue, count: int) -> None:
    """`count` trades, each told before the next one happens."""
    for _ in range(count):
        venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.001", price="50000")
        venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.001", price="50000")
        await asyncio.sleep(0)


async def main(core: int) -> None:
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, {core})
    floor = Floor()
    runner = web.AppRunner(floor.app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with LocalVenue(a_config()) as venue:
        said = {"venue": venue.url, "floor": f"http://127.0.0.1:{runner.addresses[0][1]}", "pid": os.getpid()}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
        reader = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            who, _, count = line.decode().strip().partition(" ")
            await (trades(venue, int(count)) if who == "venue" else floor.burst(int(count)))
            sys.stdout.write("done\n")
            sys.stdout.flush()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
