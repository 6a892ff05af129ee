"""A WebSocket to one allowed host: dialled once, never redirected, uncompressed, its messages bounded.

Uncompressed, because a small packed frame may unpack to anything. Bytes, because the JSON reader wants bytes.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import ClientWebSocketResponse, ClientWSTimeout

from yunmin.ccxt_bridge.transport import HostNotAllowed
from yunmin.errors import ConfigurationError, ConnectivityError, RateLimited, Timeout, Unavailable

__all__ = ["Socket", "dial"]

_GOODBYE_TAKES = 0.5


class _OneConnection(aiohttp.TCPConnector):
    """Connects once, to an allowed host: whatever wants a second connection, a redirect for one, gets none."""

    def __init__(self, allowed_hosts: frozenset[str]) -> None:
        super().__init__(limit=1, force_close=True)
        self._allowed_hosts = allowed_hosts
        self._is_used = False

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109  aiohttp's own signature
        host = req.url.host
        if host not in self._allowed_hosts or self._is_used:
            raise HostNotAllowed(f"{host} is not among {', '.join(sorted(self._allowed_hosts))}, or was a redirect")
        self._is_used = True
        return await super().connect(req, traces, timeout)


class Socket:
    """An open WebSocket."""

    def __init__(self, session: aiohttp.ClientSession, ws: ClientWebSocketResponse[bool]) -> None:
        self._session = session
        self._ws = ws
        self.receive = ws.receive
        """The next message, of any kind. One reader only."""

    async def send(self, text: str) -> None:
        await self._ws.send_str(text)

    async def ping(self, payload: bytes = b"") -> None:
        await self._ws.ping(payload)

    async def pong(self, payload: bytes) -> None:
        await self._ws.pong(payload)

    async def close(self) -> None:
        """Say goodbye, briefly, and let go. Nobody may be reading."""
        try:
            await self._ws.close()
        finally:
            await self.cut()

    async def cut(self) -> None:
        """Let go at once."""
        self._ws._response.close()  # noqa: SLF001  there is no public way to end it without waiting for a goodbye
        await self._session.close()


async def dial(url: str, *, allowed_hosts: frozenset[str], patience: float, largest_message: int, what: str) -> Socket:
    """Open a WebSocket within `patience` seconds. Raises ConnectivityError; nothing of ours has been sent then."""
    session = aiohttp.ClientSession(
        connector=_OneConnection(allowed_hosts), timeout=aiohttp.ClientTimeout(total=None), trust_env=False
    )
    async with _LetGoUnlessKept(session) as kept:
        try:
            async with asyncio.timeout(patience):
                ws = await session.ws_connect(
                    url,
                    autoping=False,
                    autoclose=True,
                    compress=0,
                    max_msg_size=largest_message,
                    decode_text=False,
                    timeout=ClientWSTimeout(ws_close=_GOODBYE_TAKES),
                )
        except HostNotAllowed as error:
            failure: Exception = ConfigurationError(str(error))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            failure = _unopened(error, what)
        else:
            kept.is_kept = True
            return Socket(session, ws)
    raise failure


class _LetGoUnlessKept:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.is_kept = False

    async def __aenter__(self) -> _LetGoUnlessKept:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.is_kept:
            await self._session.close()


def _unopened(error: Exception, what: str) -> ConnectivityError:
    if isinstance(error, TimeoutError):
        return Timeout(f"{what} cannot be opened: no answer in time")
    if isinstance(error, aiohttp.WSServerHandshakeError):
        status = error.status
        message = f"{what} cannot be opened: HTTP {status}"
        if status in (418, 429):
            return RateLimited(message, retry_after=_retry_after(error), http_status=status)
        return Unavailable(message, http_status=status)
    return Unavailable(f"{what} cannot be opened ({type(error).__name__})")


def _retry_after(error: aiohttp.WSServerHandshakeError) -> float | None:
    said = error.headers.get("Retry-After", "") if error.headers is not None else ""
    return float(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
