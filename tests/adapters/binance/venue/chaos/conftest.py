"""A venue on a clock that stands still, and a client that sees the bytes of its answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.adapters.binance.venue.conftest import QUIET, sign
from tests.adapters.binance.venue.sockets import PATIENCE, DrivenClock
from yunmin.simulation.units import to_micros
from yunmin_binance.venue import LOCAL_ACCOUNT, LOCAL_API_KEY, LocalVenue


class Heard:
    """What came back on one connection, up to its end or to the end of the announced body."""

    def __init__(self, raw: bytes, ending: str) -> None:
        self.raw = raw
        self.ending = ending
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def error(self) -> tuple[int, str]:
        return self.json["code"], self.json["msg"]


class RawClient:
    """Speaks HTTP by hand, one connection for each request."""

    def __init__(self, venue: LocalVenue, clock: DrivenClock) -> None:
        self.venue = venue
        self.clock = clock
        self.key = LOCAL_API_KEY

    @property
    def port(self) -> int:
        return int(self.venue.url.rpartition(":")[2])

    def request_bytes(self, method: str, path: str, **params: object) -> bytes:
        now = to_micros(self.clock.now()) // 1000
        payload = urlencode({**params, "timestamp": now})
        target = f"/api/v3/{path}?{payload}&signature={sign(payload)}"
        return f"{method} {target} HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: {self.key}\r\n\r\n".encode()

    async def ask(self, method: str, path: str, **params: object) -> Heard:
        return await self.speak(self.request_bytes(method, path, **params))

    async def look(self, path: str, query: str = "") -> Heard:
        """A question without a key."""
        return await self.speak(f"GET /api/v3/{path}{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

    async def order(self, **changes: object) -> Heard:
        wanted = {
            "symbol": "BTCUSDT",
            "side": "BUY",
            "type": "LIMIT",
            "timeInForce": "GTC",
            "quantity": "0.01",
            "price": "50000",
            **changes,
        }
        return await self.ask("POST", "order", **wanted)

    async def speak(self, request: bytes) -> Heard:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(request)
            return await _hear(reader)
        finally:
            writer.transport.abort()
            await asyncio.sleep(0)

    def orders(self) -> list[str]:
        """The client order ids that the engine itself knows."""
        return [order.client_order_id for order in self.venue.ledger_report(LOCAL_ACCOUNT).orders]


async def _hear(reader: asyncio.StreamReader) -> Heard:
    """Read until the end of the answer, of the connection, or of patience with one that says nothing."""
    raw = b""
    try:
        while True:
            async with asyncio.timeout(PATIENCE):
                block = await reader.read(65536)
            raw += block
            if not block:
                return Heard(raw, "closed")
            if _is_whole(raw):
                return Heard(raw, "whole")
    except ConnectionError:
        return Heard(raw, "reset")


def _is_whole(raw: bytes) -> bool:
    head, there, body = raw.partition(b"\r\n\r\n")
    if not there:
        return False
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0].partition(b":")[2])


@pytest.fixture
async def client() -> AsyncIterator[RawClient]:
    clock = DrivenClock()
    async with LocalVenue(QUIET, clock=clock) as venue:
        yield RawClient(venue, clock)
