"""Bare sockets that say exactly the bytes they are given, right or wrong."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Ended", "Frame", "RawSocket", "RawTalk", "frame"]

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_MASK = b"\x01\x02\x03\x04"


class Ended(Exception):  # noqa: N818 - an end is no error here
    """The other side has ended it; `code` is what it said, None where it said nothing."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Frame:
    opcode: int
    payload: bytes


def frame(payload: bytes, *, first: int = 0x80 | TEXT, is_masked: bool = True, length: int | None = None) -> bytes:
    """One frame. `length` is what it says of itself, where that is not the truth."""
    told = len(payload) if length is None else length
    mask_bit = 0x80 if is_masked else 0
    if told < 126:
        head = bytes((first, mask_bit | told))
    elif told < 65536:
        head = bytes((first, mask_bit | 126)) + told.to_bytes(2)
    else:
        head = bytes((first, mask_bit | 127)) + (told % 2**64).to_bytes(8)
    if not is_masked:
        return head + payload
    mask = (_MASK * (len(payload) // 4 + 1))[: len(payload)]
    masked = (int.from_bytes(payload) ^ int.from_bytes(mask)).to_bytes(len(payload))
    return head + _MASK + masked


class RawSocket:
    """A WebSocket of which nothing is checked before it is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int, path: str) -> RawSocket:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        return cls(reader, writer)

    def send(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def next(self) -> Frame:
        """The next frame that holds something; raises Ended."""
        try:
            while True:
                first, second = await self._reader.readexactly(2)
                length = second & 127
                if length >= 126:
                    length = int.from_bytes(await self._reader.readexactly(2 if length == 126 else 8))
                payload = await self._reader.readexactly(length)
                if first & 15 == CLOSE:
                    raise Ended(int.from_bytes(payload[:2]) if payload else None)
                if first & 15 == TEXT:
                    return Frame(first & 15, payload)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise Ended(None) from None

    async def close(self) -> None:
        self._writer.transport.abort()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


class RawTalk:
    """One HTTP request after another on a connection that is renewed when it ends."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, raw: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to `raw`; raises Ended where there is none."""
        if self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        assert self._reader is not None
        try:
            self._writer.write(raw)
            return await self._answer(self._reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
            raise Ended(None) from None

    async def _answer(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        named = dict(line.lower().split(b": ", 1) for line in lines[1:] if b": " in line)
        body = await reader.readexactly(int(named.get(b"content-length", b"0")))
        if named.get(b"connection") == b"close":
            await self.close()
        return int(lines[0].split(b" ")[1]), body

    async def close(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()
