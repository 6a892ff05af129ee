"""Clients of a market stream that count what they hear and read nothing of it, in a process of their own.

python tests/benchmarks/stream_listeners.py PORT PATH CLIENTS EVENTS [--deflate]

prints a line when all have shaken hands, and another when each has heard EVENTS events.
"""

from __future__ import annotations

import asyncio
import sys

HANDSHAKE = (
    "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{more}\r\n"
)
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
TEXT = 1


class Listener(asyncio.Protocol):
    """Walks from frame to frame by their lengths. Pings are not answered: nobody runs for a minute."""

    def __init__(self, request: bytes, events: int, home: Crowd) -> None:
        self._request = request
        self._left = events
        self._home = home
        self._buffer = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._is_open:
            head, found, self._buffer = self._buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionError(head.decode())
            self._is_open = True
            self._home.opened()
        self._count()

    def _count(self) -> None:
        place, buffer = 0, self._buffer
        while len(buffer) - place >= 2:
            length, start = buffer[place + 1], place + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                length, start = int.from_bytes(buffer[start : start + size]), start + size
            if len(buffer) < start + length:
                break
            if buffer[place] & 15 == TEXT:
                self._left -= 1
                if self._left == 0:
                    self._home.finished()
            place = start + length
        self._buffer = buffer[place:]


class Crowd:
    """Knows how many have shaken hands, and how many have heard everything."""

    def __init__(self, clients: int) -> None:
        self._to_open = self._to_finish = clients
        self.is_done = asyncio.Event()

    def opened(self) -> None:
        self._to_open -= 1
        if self._to_open == 0:
            print("open", flush=True)

    def finished(self) -> None:
        self._to_finish -= 1
        if self._to_finish == 0:
            print("heard", flush=True)
            self.is_done.set()


async def main(port: int, path: str, clients: int, events: int, *, deflates: bool) -> None:
    crowd = Crowd(clients)
    request = HANDSHAKE.format(path=path, more=DEFLATE if deflates else "").encode()
    loop = asyncio.get_running_loop()
    for _ in range(clients):
        await loop.create_connection(lambda: Listener(request, events, crowd), "127.0.0.1", port)
    await crowd.is_done.wait()


if __name__ == "__main__":
    port, path, clients, events = sys.argv[1:5]
    asyncio.run(main(int(port), path, int(clients), int(events), deflates="--deflate" in sys.argv))
