"""The session that ccxt sends through: one request each time, to an allowed host, on a quiet connection, a bounded answer.

ccxt hands every call to an aiohttp session. This one
- opens connections to allowed hosts only,
- never follows a redirect (ccxt would send body, signature and key after it),
- never repeats a request by itself (aiohttp repeats a DELETE whose connection had died),
- lends out a pooled connection only when nothing waits on it unread: an answer that came before its request would
  otherwise be taken for the answer to it,
- ends an answer that grows beyond its bound, and one that is not UTF-8,
- records in `Departure` whether a request can have left, which is what "not sent" rests on.
"""

from __future__ import annotations

import asyncio
import functools
import select
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from yunmin.exchange.config import PlacementConnection

__all__ = ["AnswerTooLarge", "Departure", "GuardedSession", "HostNotAllowed", "departing"]


class HostNotAllowed(Exception):
    """A connection to a host outside the allow-list was refused; nothing was sent."""


class AnswerTooLarge(aiohttp.ClientError):
    """An answer grew beyond its bound and was cut off."""


@dataclass(slots=True)
class Departure:
    """What is known of one command's way out: `left` turns True before its first byte can leave."""

    connection: PlacementConnection = PlacementConnection.QUIET
    left: bool = False


_current: ContextVar[Departure | None] = ContextVar("yunmin_departure", default=None)


@contextmanager
def departing(connection: PlacementConnection) -> Iterator[Departure]:
    """Follow the one request that is made inside."""
    departure = Departure(connection)
    token = _current.set(departure)
    try:
        yield departure
    finally:
        _current.reset(token)


class _BoundedHandler(ResponseHandler):
    """aiohttp's connection, counting what one answer brings in: headers and body, as they come off the wire."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        super().__init__(loop)
        self.times_lent = 0
        self._limit = limit
        self._received = 0

    def lend(self) -> None:
        self.times_lent += 1
        self._received = 0

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self._limit:
            self._cut_off()
            return
        super().data_received(data)

    def _cut_off(self) -> None:
        error = AnswerTooLarge(f"more than {self._limit} bytes")
        self.set_exception(error)
        payload = self._payload
        if payload is not None:
            payload.set_exception(error)
        self.abort()


class _QuietConnector(aiohttp.TCPConnector):
    """Lends only connections that are silent, to allowed hosts only."""

    def __init__(self, *, allowed_hosts: frozenset[str], answer_limit: int) -> None:
        super().__init__(limit=100)
        self._allowed_hosts = allowed_hosts
        # aiohttp offers no public way to choose the protocol class; tests/ccxt_bridge/test_transport.py holds this line
        self._factory = functools.partial(_BoundedHandler, loop=self._loop, limit=answer_limit)  # type: ignore[assignment]  # narrower than the base

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  aiohttp's own signature
        host = req.url.host
        if host not in self._allowed_hosts:
            raise HostNotAllowed(f"{host} is not among {', '.join(sorted(self._allowed_hosts))}")
        departure = _current.get()
        while True:
            connection = await super().connect(req, traces, timeout)
            handler = connection.protocol
            needs_fresh = departure is not None and departure.connection is PlacementConnection.FRESH
            if _is_quiet(handler) and not (needs_fresh and handler.times_lent):
                break
            connection.close()
        handler.lend()
        if departure is not None:
            departure.left = True
        return connection


def _is_quiet(handler: Any) -> bool:
    """Whether nothing came on this connection that nobody asked for: not parsed, not buffered, not in the kernel."""
    if handler.transport is None or handler.should_close:
        return False
    sock = handler.transport.get_extra_info("socket")
    return sock is None or not _is_readable(sock.fileno())


def _is_readable(descriptor: int) -> bool:
    """Whether bytes, or the end of the stream, wait in the kernel. Does not block."""
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class _StrictResponse(aiohttp.ClientResponse):
    """An answer that is text only if every byte of it is UTF-8, and whose unpacked body is bounded too."""

    limit = 0

    async def read(self) -> bytes:
        body = await super().read()
        if len(body) > self.limit:
            raise AnswerTooLarge(f"more than {self.limit} bytes unpacked")
        return body

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        return (await self.read()).decode("utf-8", "strict")


class GuardedSession:
    """What ccxt takes for an aiohttp session. Make it inside the running event loop, and close it."""

    def __init__(self, *, allowed_hosts: frozenset[str], answer_limit: int) -> None:
        response_class = type("_BoundedResponse", (_StrictResponse,), {"limit": answer_limit})
        self._session = aiohttp.ClientSession(
            connector=_QuietConnector(allowed_hosts=allowed_hosts, answer_limit=answer_limit),
            response_class=response_class,
            trust_env=False,
        )
        # a request is sent once; a dead connection is found before use instead
        self._session._retry_connection = False

    @property
    def headers(self) -> Any:
        """What ccxt adds to each request: nothing of ours."""
        return self._session.headers

    def get(self, url: Any, **options: Any) -> Any:
        return self._session.get(url, allow_redirects=False, **options)

    def post(self, url: Any, **options: Any) -> Any:
        return self._session.post(url, allow_redirects=False, **options)

    def put(self, url: Any, **options: Any) -> Any:
        return self._session.put(url, allow_redirects=False, **options)

    def delete(self, url: Any, **options: Any) -> Any:
        return self._session.delete(url, allow_redirects=False, **options)

    async def close(self) -> None:
        """Close every connection. May be called twice."""
        await self._session.close()

