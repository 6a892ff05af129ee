"""One WebSocket of a client: what is to be sent waits in a bounded queue, and silence or haste end it.

Binance spot web-socket-streams.md and web-socket-api.md, 2026-07-21: a ping every 20 seconds, an end after a minute
without its pong or after 24 hours; on market streams at most five messages a second. That the end of the 24 hours is
announced a minute before is ours. All times are the venue's clock's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from yunmin_binance.venue.chaos.gate import OPEN, FrameGate
from yunmin_binance.venue.chaos.hanging_up import reset
from yunmin_binance.venue.streams.frames import FULL_WINDOW, framed, framed_and_deflated

__all__ = ["Connection", "Receiver"]

Receiver = Callable[[str], None]
"""Takes one text message of the client."""

PING_EVERY: Final = 20.0
SILENCE_ENDS_AFTER: Final = 60.0
LIFE: Final = 24 * 3600.0
LAST_CALL: Final = LIFE - 60.0

_MOST_FRAMES: Final = 10_000
_MOST_BYTES: Final = 16 * 1024 * 1024
_LARGEST_MESSAGE: Final = 128 * 1024
_CLOSE_WITHIN: Final = 1.0
_MOST_PINGS_OUT: Final = 4
_BURST: Final = 64 * 1024
_HASTE_IS_JUDGED_OVER: Final = 1.0


async def _nothing() -> None:
    """Before the handshake there is nothing to wait for."""


class Connection:
    """Sends without waiting, reads until the end, and forgets everything then.

    `most_per_second` messages, pings and pongs of the client are allowed in a second; None is no limit. `farewell`
    makes the frame that is sent, once, before the venue ends the connection of its own accord. `monotonic` is what its
    life, its pings and its client's haste are measured by, in seconds.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        most_per_second: int | None,
        path: str = "",
        gate: FrameGate = OPEN,
    ) -> None:
        self.path = path
        self._monotonic = monotonic
        self._gate = gate
        self._is_frozen = False
        self._most_per_second = most_per_second
        self._arrivals: deque[float] = deque()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._socket = web.WebSocketResponse(
            autoping=False, compress=True, max_msg_size=_LARGEST_MESSAGE, timeout=_CLOSE_WITHIN
        )
        self._transport: asyncio.Transport | None = None
        self._drain: Callable[[], Awaitable[None]] = _nothing
        self._reader: asyncio.Task[object] | None = None
        self._closing: tuple[int, bytes] | None = None
        self._opened = self._last_ping = monotonic()
        self._unanswered_since: float | None = None
        self.farewell: Callable[[], bytes] | None = None
        self.account_of: Callable[[int], str | None] | None = None
        self.accounts: Callable[[], tuple[str, ...]] = tuple
        self.end_subscriptions: Callable[[], None] = _do_nothing
        self._pings_due: deque[bytes] = deque()
        self._pings_unanswered: deque[bytes] = deque(maxlen=_MOST_PINGS_OUT)
        self.is_over = False

    @property
    def waiting(self) -> int:
        """How many frames have not left yet."""
        return len(self._waiting)

    async def serve(self, request: web.Request, receive: Receiver) -> web.WebSocketResponse:
        """Hand every text message to `receive` until one side ends it."""
        started = await self._socket.prepare(request)
        self._transport = request.transport
        if started is not None:
            self._drain = started.drain
        self._reader = asyncio.current_task()
        writer = asyncio.create_task(self._write(), name="venue-socket-writer")
        try:
            await self._read(receive)
        finally:
            self.is_over = True
            self._waiting.clear()
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            await self._end()
        return self._socket

    def send(self, frame: bytes, about: str = "") -> None:
        """Tell a text frame; `about` is the name of its stream."""
        if self._gate.is_quiet:
            self.put(frame)
        else:
            self._gate.take(self, frame, about)

    def put(self, frame: bytes) -> None:
        """Queue a text frame. A client that lets too much pile up is cut off."""
        if self.is_over or self._closing is not None or self._is_frozen:
            return
        if len(self._waiting) >= _MOST_FRAMES or self._waiting_bytes + len(frame) > _MOST_BYTES:
            self.cut()
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        self._wake.set()

    def say_farewell(self) -> None:
        """Tell the client that the connection is about to end; a second time says nothing."""
        farewell, self.farewell = self.farewell, None
        if farewell is not None:
            self.send(farewell())

    def close(self, code: int, reason: bytes = b"") -> None:
        """Say goodbye once everything that waits has been sent; one that is dead already is cut."""
        if self._is_frozen:
            self.cut()
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    def freeze(self) -> None:
        """Be dead without a word: nothing is sent or read any more, and the socket stays open."""
        self._is_frozen = True
        self._waiting.clear()
        self._waiting_bytes = 0
        self._pings_due.clear()
        if self._transport is not None:
            self._transport.pause_reading()

    def reset(self) -> None:
        """End it at once by RST."""
        if self._transport is not None:
            reset(self._transport)
        self.cut()

    def cut(self) -> None:
        """End it at once; what waits is lost."""
        self.is_over = True
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._transport is not None:
            self._transport.abort()
        self._wake.set()

    def check_life(self) -> None:
        """Ping when it is time to, and end what has been silent or open for too long."""
        if self._is_frozen:
            return
        now = self._monotonic()
        if now - self._opened >= LAST_CALL:
            self.say_farewell()
        if now - self._opened >= LIFE:
            self.close(WSCloseCode.GOING_AWAY, b"24 hours")
        elif self._unanswered_since is not None and now - self._unanswered_since >= SILENCE_ENDS_AFTER:
            self.cut()
        elif now - self._last_ping >= PING_EVERY:
            self._last_ping = now
            if self._unanswered_since is None:
                self._unanswered_since = now
            payload = str(int(now * 1000)).encode()
            self._pings_due.append(payload)
            self._pings_unanswered.append(payload)
            self._wake.set()

    async def _read(self, receive: Receiver) -> None:
        async for message in self._socket:
            if self.is_over or self._closing is not None or self._is_frozen:
                continue
            if not self._is_in_time():
                self.close(WSCloseCode.POLICY_VIOLATION, b"Too many requests")
            elif message.type is WSMsgType.TEXT:
                receive(message.data)
            elif message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self._take_pong(message.data)
            elif message.type is WSMsgType.BINARY:
                self.close(WSCloseCode.UNSUPPORTED_DATA, b"text frames only")

    def _take_pong(self, payload: bytes) -> None:
        """A pong that nobody asked for is no sign of life (General WSS information)."""
        if payload in self._pings_unanswered:
            self._pings_unanswered.clear()
            self._unanswered_since = None

    def _is_in_time(self) -> bool:
        if self._most_per_second is None:
            return True
        now = self._monotonic()
        while self._arrivals and now - self._arrivals[0] >= _HASTE_IS_JUDGED_OVER:
            self._arrivals.popleft()
        self._arrivals.append(now)
        return len(self._arrivals) <= self._most_per_second

    async def _write(self) -> None:
        try:
            while not self.is_over:
                await self._wake.wait()
                self._wake.clear()
                await self._write_what_waits()
                if self._closing is not None and not self.is_over:
                    code, reason = self._closing
                    await self._socket.close(code=code, message=reason)
                    return
        except (ConnectionError, RuntimeError):
            self.cut()

    async def _write_what_waits(self) -> None:
        while self._waiting or self._pings_due:
            if self._pings_due:
                await self._socket.ping(self._pings_due.popleft())
                continue
            if self._socket.compress in {0, FULL_WINDOW}:
                self._write_a_burst()
                await self._drain()
                continue
            frame = self._waiting.popleft()
            self._waiting_bytes -= len(frame)
            await self._socket.send_frame(frame, WSMsgType.TEXT)

    def _write_a_burst(self) -> None:
        """Hand over what waits, up to a limit, as one piece: a system call costs more than all else here."""
        transport, as_frame = self._transport, framed_and_deflated if self._socket.compress else framed
        if transport is None or transport.is_closing():
            raise ConnectionError("the client is gone")
        frames, size = [], 0
        while self._waiting and size < _BURST:
            payload = self._waiting.popleft()
            self._waiting_bytes -= len(payload)
            frames.append(as_frame(payload))
            size += len(payload)
        transport.write(b"".join(frames))

    async def _end(self) -> None:
        if not self._socket.closed and self._transport is not None:
            self._transport.abort()


def _do_nothing() -> None:
    pass
