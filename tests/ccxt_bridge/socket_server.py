"""A WebSocket server of bytes: it does what a test says on each connection, also what no honest server does."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from yunmin.ccxt_bridge.stream_feed import Conversation, Ears, Feed
from yunmin.errors import AuthenticationFailed, ExchangeError

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

HTTP = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """One client's connection. With `answers_pings` off it is half open: it takes everything and says nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.said: list[str] = []
        self.pings = 0
        self.answers_pings = True
        self.is_gone = asyncio.Event()

    def raw(self, data: bytes) -> None:
        self.writer.write(data)

    def frame(self, kind: int, payload: bytes, *, first_byte: int | None = None) -> bytes:
        head = bytes((first_byte if first_byte is not None else 0x80 | kind,))
        size = len(payload)
        if size < 126:
            return head + bytes((size,)) + payload
        if size < 65536:
            return head + bytes((126,)) + size.to_bytes(2, "big") + payload
        return head + bytes((127,)) + size.to_bytes(8, "big") + payload

    def text(self, message: object) -> None:
        """A text frame: a str as it is, anything else as JSON."""
        payload = message if isinstance(message, str) else json.dumps(message)
        self.raw(self.frame(TEXT, payload.encode()))

    def items(self, *numbers: int) -> None:
        for number in numbers:
            self.text({"item": number})

    def close(self) -> None:
        """A proper end."""
        self.raw(self.frame(CLOSE, (1001).to_bytes(2, "big")))

    def cut(self) -> None:
        """An end without a word."""
        self.writer.transport.abort()

    async def live(self, acknowledges: bool) -> None:
        try:
            while True:
                kind, payload = await self._next()
                if kind == TEXT:
                    self.said.append(payload.decode())
                    if acknowledges and self.said == [payload.decode()]:
                        self.text({"op": "subscribed"})
                elif kind == PING:
                    self.pings += 1
                    if self.answers_pings:
                        self.raw(self.frame(PONG, payload))
                elif kind == CLOSE:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self.is_gone.set()

    async def _next(self) -> tuple[int, bytes]:
        first, second = await self.reader.readexactly(2)
        size = second & 127
        if size == 126:
            size = int.from_bytes(await self.reader.readexactly(2), "big")
        elif size == 127:
            size = int.from_bytes(await self.reader.readexactly(8), "big")
        mask = await self.reader.readexactly(4)
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(await self.reader.readexactly(size)))
        return first & 15, payload


class SocketServer:
    """Takes connections. `refusals` are HTTP answers given to the next dials, in place of a WebSocket."""

    def __init__(self) -> None:
        self.peers: list[Peer] = []
        self.dials = 0
        self.acknowledges = True
        self.refusals: list[bytes] = []
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/news"

    def was_dialled(self, times: int) -> bool:
        return self.dials >= times

    def has_met(self, peers: int) -> bool:
        return len(self.peers) == peers

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            self.dials += 1
            head = await reader.readuntil(b"\r\n\r\n")
            if self.refusals:
                writer.write(self.refusals.pop(0))
                return
            key = next(
                line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")
            )
            accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
            writer.write(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            peer = Peer(reader, writer)
            self.peers.append(peer)
            await peer.live(self.acknowledges)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._tasks.discard(task)
            writer.close()


@asynccontextmanager
async def serving() -> AsyncIterator[SocketServer]:
    server = SocketServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class NumberFeed(Feed[Any]):
    """Items are numbers. What else is said are `op`s: subscribed, refused, ended, leaving, known, fail."""

    what = "the test's stream"

    def __init__(self, url: str) -> None:
        self.url = url
        self.failures: list[Exception | None] = []

    async def prepare(self, failure: Exception | None) -> None:
        self.failures.append(failure)

    def converse(self, ears: Ears[Any]) -> Conversation:
        return NumberConversation(ears)


class NumberConversation:
    def __init__(self, ears: Ears[Any]) -> None:
        self._ops: dict[str, Callable[[], None]] = {
            "subscribed": ears.subscribed,
            "refused": lambda: ears.refused(AuthenticationFailed("no such key")),
            "unavailable": lambda: ears.refused(ExchangeError("not now")),
            "ended": lambda: ears.ended("it is over"),
            "leaving": lambda: ears.leaving("the server shuts down"),
            "known": ears.is_known,
        }
        self._ears = ears

    def greeting(self) -> str:
        return "subscribe secret-signature"

    def probe(self) -> str | None:
        return "do you know me?"

    def read(self, message: bytes) -> None:
        told = json.loads(message)
        if "item" in told:
            self._ears.news(told["item"])
        else:
            self._ops[told["op"]]()
