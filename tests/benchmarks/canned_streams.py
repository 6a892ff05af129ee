"""The canned server, with a user data stream: reports in a flood, or so many a second, whoever is subscribed.

python tests/benchmarks/canned_streams.py      # prints its port, serves until stdin closes

`GET /bench/flood?reports=15500` sends at once, `GET /bench/paced?reports=1000&rate=500` at a pace. Each order has two
reports, NEW and then TRADE; the last report of a run has the client order id LAST. `j` is the moment of sending in
nanoseconds since the epoch.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import orjson
from aiohttp import WSMsgType, web

sys.path.insert(0, str(Path(__file__).parent))
from canned_server import MOMENT, make_app  # type: ignore[import-not-found]  # beside this script

LAST = "ym-bench-last"
_CHUNK = 64


def report(number: int, *, is_last: bool) -> dict[str, Any]:
    order, is_trade = divmod(number, 2)
    return {
        "e": "executionReport", "E": MOMENT + number, "s": "BTCUSDT",
        "c": LAST if is_last else f"ym-bench-{order:06d}", "S": "BUY", "o": "LIMIT", "f": "GTC",
        "q": "0.02000000", "p": f"{27000 + order % 97}.45000000", "P": "0.00000000", "F": "0.00000000", "g": -1,
        "C": "",
        "x": "TRADE" if is_trade else "NEW", "X": "FILLED" if is_trade else "NEW", "r": "NONE", "i": 28457 + order,
        "l": "0.02000000" if is_trade else "0.00000000", "z": "0.02000000" if is_trade else "0.00000000",
        "L": f"{27000 + order % 97}.45000000" if is_trade else "0.00000000", "n": "0.00002000" if is_trade else "0",
        "N": "BTC" if is_trade else None, "T": MOMENT + number,
        "t": 5600 + order if is_trade else -1, "I": 9000 + number,
        "w": not is_trade, "m": True, "M": False, "O": MOMENT, "Z": "540.46900000" if is_trade else "0.00000000",
        "Y": "540.46900000" if is_trade else "0.00000000", "Q": "0.00000000", "W": MOMENT, "V": "NONE",
        "j": time.time_ns(),
    }  # fmt: skip


def frame(payload: bytes) -> bytes:
    assert 126 <= len(payload) < 65536
    return bytes((0x81, 126)) + len(payload).to_bytes(2, "big") + payload


def framed(number: int, count: int) -> bytes:
    event = report(number, is_last=number >= count - 2)
    return frame(orjson.dumps({"subscriptionId": 0, "event": event}))


class Listeners:
    """Every subscribed connection's transport."""

    def __init__(self) -> None:
        self.transports: list[asyncio.Transport] = []

    def write(self, data: bytes) -> None:
        for transport in self.transports:
            transport.write(data)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    asked = orjson.loads(message.data)
                    result: Any = {"subscriptionId": 0}
                    if asked["method"] == "session.subscriptions":
                        result = [result]
                    answer = {"id": asked["id"], "status": 200, "result": result}
                    await socket.send_str(orjson.dumps(answer).decode())
                    if transport not in self.transports:
                        self.transports.append(transport)
        finally:
            if transport in self.transports:
                self.transports.remove(transport)
        return socket

    async def flood(self, request: web.Request) -> web.Response:
        count = int(request.query["reports"])
        frames = [framed(number, count) for number in range(count)]
        for start in range(0, count, _CHUNK):
            self.write(b"".join(frames[start : start + _CHUNK]))
            await asyncio.sleep(0)
        return web.Response()

    async def paced(self, request: web.Request) -> web.Response:
        count, rate = int(request.query["reports"]), float(request.query["rate"])
        started = time.perf_counter()
        for number in range(count):
            ahead = number / rate - (time.perf_counter() - started)
            if ahead > 0.0005:
                await asyncio.sleep(ahead)
            self.write(framed(number, count))
        return web.Response()


async def main() -> None:
    app, listeners = make_app(), Listeners()
    app.router.add_get("/ws-api/v3", listeners.serve)
    app.router.add_get("/bench/flood", listeners.flood)
    app.router.add_get("/bench/paced", listeners.paced)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
