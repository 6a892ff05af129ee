"""An HTTP server on this machine that answers as it is told, and fails as it is told.

It knows no exchange. A test gives it answers by method and path, and faults to put in their place; it records every
request that arrived, so that "it was sent once" is a number. Requests are read from a raw socket, byte by byte as
they came, because the faults that lose orders happen below what an HTTP library can express.

    async with FaultyServer() as server:
        server.on("GET", "/time", json_answer({"time": 1}))
        server.once("POST", "/order", reset())
        ...
        assert server.count("POST", "/order") == 1
"""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

__all__ = [
    "Conversation",
    "Fault",
    "FaultyServer",
    "Received",
    "all_of",
    "answer",
    "close",
    "cut_short",
    "drip",
    "endless_headers",
    "endless_interims",
    "flood",
    "json_answer",
    "many_headers",
    "raw",
    "redirect",
    "reset",
    "silence",
    "unpacks_to",
    "wire",
    "with_stray",
]

_LOOPBACK: Final = "127.0.0.1"
_BLOCK: Final = 64 * 1024
_PATIENCE: Final = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One request as it arrived: `path` without the query, `connection` counts from 1."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    connection: int


@dataclass(slots=True)
class Conversation:
    """One request and the socket that it came on. `sent` counts the bytes that the other side took from us."""

    request: Received
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    server: FaultyServer

    async def send(self, data: bytes) -> None:
        """Write and wait until the socket has taken it; raises ConnectionError once the other side is gone."""
        self.writer.write(data)
        await self.writer.drain()
        self.server.bytes_sent += len(data)

    def reset(self) -> None:
        """End the connection by RST, as a crash or a firewall does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def close(self) -> None:
        """End the connection by FIN, after what was written."""
        self.writer.close()

    async def until_hung_up(self) -> None:
        """Wait until the other side ends the connection."""
        while await self.reader.read(_BLOCK):
            pass


Fault = Callable[[Conversation], Awaitable[None]]
"""What happens after a request was read. The connection is kept alive afterwards, unless the fault closed it."""


class FaultyServer:
    """Serve standing answers, and faults in their place, on a free port of this machine."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.bytes_sent = 0
        self.connections = 0
        self._standing: dict[tuple[str, str], Fault] = {}
        self._once: defaultdict[tuple[str, str], deque[Fault]] = defaultdict(deque)
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Condition()
        self._server: asyncio.Server | None = None

    # --- life ------------------------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, _LOOPBACK, 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None  # noqa: S101  it was entered
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """The base address, without a trailing slash."""
        return f"http://{_LOOPBACK}:{self.port}"

    @property
    def port(self) -> int:
        assert self._server is not None  # noqa: S101  it was entered
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    # --- what it is told -------------------------------------------------------------------------------------------

    def on(self, method: str, path: str, fault: Fault) -> None:
        """Answer so every request of `method` whose path begins with `path`; the longest path that fits decides."""
        self._standing[method, path] = fault

    def tell(self, method: str, path: str, teller: Callable[[Received], Fault]) -> None:
        """As `on`, with the answer made from the request."""

        async def told(conversation: Conversation) -> None:
            await teller(conversation.request)(conversation)

        self._standing[method, path] = told

    def once(self, method: str, path: str, *faults: Fault) -> None:
        """Put these in the place of the standing answer, one request each, in this order. `path` must be exact."""
        self._once[method, path].extend(faults)

    def push(self, data: bytes) -> None:
        """Write at once on the newest connection, whoever waits for it: it is in the other side's kernel on return."""
        sock = self._writers[max(self._writers)].get_extra_info("socket")
        duplicate = sock.dup()
        try:
            duplicate.sendall(data)
        finally:
            duplicate.close()

    # --- what it saw -----------------------------------------------------------------------------------------------

    def count(self, method: str, path: str | None = None) -> int:
        """How many requests of `method` arrived, at exactly `path` where one is given."""
        return sum(seen.method == method and path in (None, seen.path) for seen in self.requests)

    async def arrived(self, method: str, path: str, *, times: int = 1) -> None:
        """Return once `times` such requests have arrived; TimeoutError when that takes longer than it may."""
        async with asyncio.timeout(_PATIENCE), self._changed:
            await self._changed.wait_for(lambda: self.count(method, path) >= times)

    async def hung_up(self, *, open_connections: int = 0) -> None:
        """Return once no more than `open_connections` are left; TimeoutError when that takes longer than it may."""
        async with asyncio.timeout(_PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self._writers) <= open_connections)

    # --- the wire --------------------------------------------------------------------------------------------------

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self._writers[number] = writer
        try:
            while not writer.is_closing():
                request = await _read_request(reader, number)
                self.requests.append(request)
                await self._tell_watchers()
                await self._fault_for(request)(Conversation(request, reader, writer, self))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the other side hung up
        finally:
            if not writer.is_closing():
                writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()
            del self._writers[number]
            await self._tell_watchers()

    async def _tell_watchers(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _fault_for(self, request: Received) -> Fault:
        waiting = self._once[request.method, request.path]
        if waiting:
            return waiting.popleft()
        fitting = [
            path for method, path in self._standing if method == request.method and request.path.startswith(path)
        ]
        if not fitting:
            return answer(b"", status=404)
        return self._standing[request.method, max(fitting, key=len)]


async def _read_request(reader: asyncio.StreamReader, connection: int) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path, _, query = target.partition("?")
    return Received(method=method, path=path, query=query, headers=headers, body=body, connection=connection)


# --- answers ---------------------------------------------------------------------------------------------------------


def wire(
    body: bytes, *, status: int = 200, content_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP answer as bytes."""
    lines = {"Content-Type": content_type, "Content-Length": str(len(body)), **(headers or {})}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def answer(
    body: bytes, *, status: int = 200, content_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Fault:
    """Any body with any status and headers."""
    return raw(wire(body, status=status, content_type=content_type, headers=headers))


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Fault:
    """A value as JSON."""
    return answer(json.dumps(value).encode(), status=status, headers=headers)


def raw(data: bytes) -> Fault:
    """Exactly these bytes, whatever they mean."""

    async def send(conversation: Conversation) -> None:
        await conversation.send(data)

    return send


def all_of(*faults: Fault) -> Fault:
    """One after another."""

    async def run(conversation: Conversation) -> None:
        for fault in faults:
            await fault(conversation)

    return run


# --- faults ----------------------------------------------------------------------------------------------------------


def reset() -> Fault:
    """End by RST, now."""

    async def fault(conversation: Conversation) -> None:
        conversation.reset()

    return fault


def close() -> Fault:
    """End by FIN, now."""

    async def fault(conversation: Conversation) -> None:
        conversation.close()

    return fault


def silence() -> Fault:
    """Never answer; hold the connection until the other side gives up."""

    async def fault(conversation: Conversation) -> None:
        await conversation.until_hung_up()

    return fault


def cut_short(body: bytes, *, after: int, ending: Fault) -> Fault:
    """Announce the whole body, send its first `after` bytes, then end so."""
    head = wire(body)
    return all_of(raw(head[: len(head) - len(body) + after]), ending)


def with_stray(first: bytes, stray: bytes, *, same_segment: bool) -> Fault:
    """A whole answer and, unasked, another one behind it: in the same write, or in one of its own."""
    return raw(first + stray) if same_segment else all_of(raw(first), raw(stray))


def redirect(status: int, location: str) -> Fault:
    """Send the other side elsewhere."""
    return answer(b"", status=status, headers={"Location": location})


def drip(data: bytes, *, pause: Callable[[], Awaitable[None]]) -> Fault:
    """One byte at a time, with a pause after each."""

    async def fault(conversation: Conversation) -> None:
        for index in range(len(data)):
            await conversation.send(data[index : index + 1])
            await pause()

    return fault


def endless_headers() -> Fault:
    """A status line and one header line that never ends."""

    def blocks() -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\nX-Endless: "
        while True:
            yield b"a" * _BLOCK

    return _pouring(blocks)


def many_headers() -> Fault:
    """A status line and short header lines without end."""

    def blocks() -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            yield b"X-Small: 1\r\n" * 4096

    return _pouring(blocks)


def endless_interims() -> Fault:
    """Interim answers (103) without end, and never the true one."""

    def blocks() -> Iterable[bytes]:
        while True:
            yield b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2048

    return _pouring(blocks)


def flood(size: int, *, chunked: bool = False) -> Fault:
    """A body of `size` bytes, announced by its length or in chunks."""
    count = size // _BLOCK

    def announced() -> Iterable[bytes]:
        yield f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {count * _BLOCK}\r\n\r\n".encode()
        for _ in range(count):
            yield b" " * _BLOCK

    def in_chunks() -> Iterable[bytes]:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        for _ in range(count):
            yield f"{_BLOCK:x}\r\n".encode() + b" " * _BLOCK + b"\r\n"
        yield b"0\r\n\r\n"

    return _pouring(in_chunks if chunked else announced)


def unpacks_to(size: int) -> Fault:
    """A small gzip body that unpacks to `size` spaces."""
    return answer(gzip.compress(b" " * size, compresslevel=1), headers={"Content-Encoding": "gzip"})


def _pouring(blocks: Callable[[], Iterable[bytes]]) -> Fault:
    async def fault(conversation: Conversation) -> None:
        for block in blocks():
            await conversation.send(block)

    return fault
