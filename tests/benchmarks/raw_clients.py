"""Clients that cost next to nothing: bytes made beforehand, answers counted and not read."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

__all__ = ["HttpLoad", "SocketCounter", "SocketLoad", "masked"]


class _Load(asyncio.Protocol):
    """Keeps `window` requests on their way until there are none left, and counts answers."""

    def __init__(self, requests: Iterator[bytes], window: int) -> None:
        self._requests = requests
        self._window = window
        self._flying = 0
        self._transport: asyncio.WriteTransport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers = 0
        self.refusals: list[bytes] = []
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport writes

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))

    def begin(self) -> None:
        self._send()

    def _send(self) -> None:
        fresh = []
        while self._flying < self._window and (request := next(self._requests, None)) is not None:
            fresh.append(request)
            self._flying += 1
        if fresh and self._transport is not None:
            self._transport.write(b"".join(fresh))
        if not self._flying and not self.done.done():
            self.done.set_result(None)

    def _answered(self, body: bytes, good: bool) -> None:
        self.answers += 1
        self._flying -= 1
        if not good:
            self.refusals.append(body)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class HttpLoad(_Load):
    """HTTP/1.1, keep-alive, with Content-Length."""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                break
            at = self._buffer.find(b"Content-Length: ", 0, head)
            length = int(self._buffer[at + 16 : self._buffer.find(b"\r\n", at)])
            end = head + 4 + length
            if len(self._buffer) < end:
                break
            answer, self._buffer = self._buffer[:end], self._buffer[end:]
            self._answered(answer, answer.startswith(b"HTTP/1.1 200"))
        self._send()


class _Frames:
    """Splits what a server sends over a WebSocket into frames."""

    def __init__(self) -> None:
        self._buffer = b""
        self.upgraded = asyncio.Event()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(opcode, payload) of every whole frame."""
        self._buffer += data
        if not self.upgraded.is_set():
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            if not self._buffer.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(self._buffer[:200].decode(errors="replace"))
            self._buffer = self._buffer[head + 4 :]
            self.upgraded.set()
        start, buffer = 0, self._buffer
        while len(buffer) - start >= 2:
            length, body = buffer[start + 1], start + 2
            if length == 126:
                length, body = int.from_bytes(buffer[start + 2 : start + 4], "big"), start + 4
            elif length == 127:
                length, body = int.from_bytes(buffer[start + 2 : start + 10], "big"), start + 10
            if len(buffer) < body + length:
                break
            yield buffer[start] & 15, buffer[body : body + length]
            start = body + length
        self._buffer = buffer[start:]


class SocketLoad(_Load):
    """A WebSocket on which every text frame is an answer."""

    def __init__(self, requests: Iterator[bytes], window: int) -> None:
        super().__init__(requests, window)
        self._frames = _Frames()

    async def upgrade(self, address: str) -> None:
        assert self._transport is not None
        self._transport.write(_handshake(address))
        await self._frames.upgraded.wait()

    def data_received(self, data: bytes) -> None:
        for opcode, payload in self._frames.feed(data):
            if opcode == 1:
                self._answered(payload, b'"status":200' in payload or b'"filled"' in payload)
        if self._frames.upgraded.is_set() and self.answers:
            self._send()


class SocketCounter(asyncio.Protocol):
    """A WebSocket that counts text frames and tells when there were `wanted` of them."""

    def __init__(self, on_enough: Callable[[], None]) -> None:
        self._frames = _Frames()
        self._on_enough = on_enough
        self._transport: asyncio.WriteTransport | None = None
        self.wanted = 0
        self.count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport writes

    async def upgrade(self, address: str) -> None:
        assert self._transport is not None
        self._transport.write(_handshake(address))
        await self._frames.upgraded.wait()

    def data_received(self, data: bytes) -> None:
        for opcode, _ in self._frames.feed(data):
            if opcode == 1:
                self.count += 1
                if self.count == self.wanted:
                    self._on_enough()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def masked(payload: bytes) -> bytes:
    """A text frame of a client. The mask is zeros: legal, and free to apply."""
    length = len(payload)
    head = bytes((0x81, 0x80 | length)) if length < 126 else bytes((0x81, 0xFE)) + length.to_bytes(2, "big")
    return head + b"\0\0\0\0" + payload


def _handshake(address: str) -> bytes:
    parts = urlsplit(address)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    key = base64.b64encode(os.urandom(16)).decode()
    lines: Sequence[str] = (
        f"GET {path} HTTP/1.1",
        f"Host: {parts.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        "Sec-WebSocket-Version: 13",
    )
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
