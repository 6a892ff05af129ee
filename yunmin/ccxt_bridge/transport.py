"""The session ccxt sends through: each request once, to an allowed host, on a quiet connection, its answer bounded.

ccxt hands every call to an aiohttp session. This one
- opens connections to allowed hosts only,
- never follows a redirect (ccxt would send body, signature and key after it),
- never repeats a request by itself (aiohttp repeats a DELETE whose connection had died),
- lends out a pooled connection only when nothing waits on it unread: an answer that came before its request would
  otherwise be taken for the answer to it,
- drops a connection on which anything arrives while nobody waits for an answer,
- lets one command leave once: a second attempt inside the same command is refused,
- ends an answer that grows beyond its bound, on the wire or unpacked, and one that is not UTF-8,
- records in `Departure` whether a request can have left, which is what "not sent" rests on.

What no client of HTTP/1.1 can tell apart is a stray answer that arrives in the microseconds between the look at the
connection and the first byte sent, or later, before the true one: QUIET leaves that gap, FRESH closes it, because a
connection that never carried a request has no answer left over.
"""

from __future__ import annotations

import asyncio
import functools
import select
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler

from yunmin.exchange.config import PlacementConnection

__all__ = [
    "COMMAND_ANSWER_LIMIT",
    "AlreadySent",
    "AnswerTooLarge",
    "Departure",
    "GuardedSession",
    "HostNotAllowed",
    "UnaskedAnswer",
    "departing",
]

COMMAND_ANSWER_LIMIT: Final = 4 * 1024 * 1024
"""Bytes that the answer to a command may have at most: a thousand times what the largest ones have."""

_MOST_UNREAD_ANSWERS: Final = 8
"""An answer may be announced by a few interim ones (1xx) in the same packet; more than these is no announcement."""


class HostNotAllowed(Exception):  # noqa: N818  says what is the case
    """A connection to a host outside the allow-list was refused; nothing was sent."""


class AlreadySent(Exception):  # noqa: N818  says what is the case
    """A command tried to leave a second time; only its first request was sent."""


class AnswerTooLarge(aiohttp.ClientError):
    """An answer grew beyond its bound and was cut off."""


class UnaskedAnswer(aiohttp.ClientConnectionError):
    """A connection spoke, or ended, before anything was asked on it; nothing was sent."""


@dataclass(slots=True)
class Departure:
    """What is known of one command's way out: `left` turns True before its first byte can leave.

    `committed` says that a request which changes something (any but a GET) was among what left.
    """

    connection: PlacementConnection = PlacementConnection.QUIET
    left: bool = False
    committed: bool = False


_current: ContextVar[Departure | None] = ContextVar("yunmin_departure", default=None)


class departing:  # noqa: N801  it is used as a word: with departing(…) as departure
    """Follow the one request that is made inside."""

    __slots__ = ("_departure", "_token")

    def __init__(self, connection: PlacementConnection) -> None:
        self._departure = Departure(connection)

    def __enter__(self) -> Departure:
        self._token = _current.set(self._departure)
        return self._departure

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)


def is_commanding() -> bool:
    """Whether the request under way is a command."""
    return _current.get() is not None


class _BoundedHandler(ResponseHandler):
    """aiohttp's connection, counting what one answer brings in (headers and body, as they come off the wire).

    It belongs to a request from `lend` to `give_back`; whatever arrives outside of that ends it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.times_lent = 0
        self._is_lent = False
        self._limit = 0
        self._received = 0

    def lend(self, limit: int) -> None:
        self.times_lent += 1
        self._is_lent = True
        self._limit = limit
        self._received = 0

    def give_back(self) -> None:
        self._is_lent = False

    def data_received(self, data: bytes) -> None:
        if data and not self._is_lent:
            self.abort()
            return
        self._received += len(data)
        if self._received > self._limit:
            self._cut_off(f"more than {self._limit} bytes")
            return
        super().data_received(data)
        if len(self) > _MOST_UNREAD_ANSWERS:
            self._cut_off("interim answers without end")

    def _cut_off(self, why: str) -> None:
        error = AnswerTooLarge(why)
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
        self._answer_limit = answer_limit
        # aiohttp offers no public way to choose the protocol class; tests/ccxt_bridge/test_transport.py holds this line
        self._factory = functools.partial(_BoundedHandler, loop=self._loop)  # type: ignore[assignment]  # narrower than the base

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  aiohttp's own signature
        host = req.url.host
        if host not in self._allowed_hosts:
            raise HostNotAllowed(f"{host} is not among {', '.join(sorted(self._allowed_hosts))}")
        departure = _current.get()
        if departure is None:
            connection = await self._silent_connection(req, traces, timeout, PlacementConnection.QUIET)
        else:
            if departure.committed and req.method != "GET":
                raise AlreadySent("one command, one request")
            connection = await self._silent_connection(req, traces, timeout, departure.connection)
            departure.left = True
            departure.committed = departure.committed or req.method != "GET"
        connection.protocol.lend(_bound(self._answer_limit))
        return connection

    async def _silent_connection(self, req: Any, traces: Any, timeout: Any, wanted: PlacementConnection) -> Any:  # noqa: ASYNC109  aiohttp's own signature
        while True:
            connection = await super().connect(req, traces, timeout)
            handler: Any = connection.protocol
            if handler.times_lent == 0:
                if _is_intact(handler) and (req.is_ssl() or not _is_readable(handler)):
                    return connection  # with TLS, what waits right after the handshake is session tickets, not answers
                connection.close()
                raise UnaskedAnswer("the connection spoke or ended before it was asked")
            if wanted is PlacementConnection.QUIET and _is_intact(handler) and not _is_readable(handler):
                return connection
            connection.close()

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        protocol.give_back()
        super()._release(key, protocol, should_close=should_close)


def _bound(answer_limit: int) -> int:
    """How many bytes the answer to the current request may have."""
    return answer_limit if _current.get() is None else min(answer_limit, COMMAND_ANSWER_LIMIT)


def _is_intact(handler: Any) -> bool:
    """Whether the connection is up and nothing that was read from it waits for a reader."""
    return handler.is_connected() and not handler.should_close


def _is_readable(handler: Any) -> bool:
    """Whether bytes, or the end of the stream, wait in the kernel. Does not block."""
    sock = handler.transport.get_extra_info("socket")
    if sock is None:
        return False  # not a connection of the kernel's: a replay from memory
    descriptor = sock.fileno()
    if descriptor < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


class _StrictResponse(aiohttp.ClientResponse):
    """An answer that is text only if every byte of it is UTF-8, and whose unpacked body is bounded too."""

    limit = 0

    async def read(self) -> bytes:
        if self._body is None:
            try:
                self._body = await self._bounded_body(_bound(self.limit))
            except BaseException:
                self.close()
                raise
        return await super().read()

    async def _bounded_body(self, limit: int) -> bytes:
        """The body block by block: read in one piece, aiohttp would unpack all of it before anybody could count."""
        blocks, size = [], 0
        while block := await self.content.readany():
            size += len(block)
            if size > limit:
                raise AnswerTooLarge(f"more than {limit} bytes unpacked")
            blocks.append(block)
        return b"".join(blocks)

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
        self._session._retry_connection = False  # noqa: SLF001  there is no public way; a test holds this line

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
