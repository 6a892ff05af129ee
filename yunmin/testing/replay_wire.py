"""Connections that lead to a cassette: aiohttp writes its request there as to a socket, and reads the recorded answer.

vcrpy replays by taking the place of aiohttp's whole session. A transport that guards its connections (which host, how
many bytes, whether a request has left) would then not run at all, and what it concludes could not be tested. Here only
the socket is replaced: everything above it, from the connection pool to the parser of HTTP, is the real thing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

import aiohttp
from vcr.request import Request

__all__ = ["REAL_REQUEST", "Replay", "replayed_connections"]

REAL_REQUEST: Final = aiohttp.ClientSession._request  # noqa: SLF001  what vcrpy replaces; taken before it does
_HEAD_END: Final = b"\r\n\r\n"


class Replay:
    """A cassette being played: what it answers, and what it was asked in vain."""

    def __init__(self, cassette: Any) -> None:
        self._cassette = cassette
        self._unknown: list[str] = []

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes | None:
        """The recorded answer as bytes of HTTP; None where this was not recorded."""
        asked = Request(method, f"http://exchange.invalid{target}", body or None, headers)
        if not self._cassette.can_play_response_for(asked):
            scrubbed = self._cassette.filter_request(asked)
            self._unknown.append(f"{scrubbed.method} {scrubbed.path} {scrubbed.query} {scrubbed.body or ''}".strip())
            return None
        return _as_http(self._cassette.play_response(asked))

    def insist_on_known_requests(self, name: str) -> None:
        """Raise AssertionError when something was asked that was not recorded."""
        if self._unknown:
            raise AssertionError(self._complaint(name))

    def annotate(self, error: BaseException, name: str) -> None:
        """Add to an error what was asked in vain: often that is why."""
        if self._unknown:
            error.add_note(self._complaint(name))

    def _complaint(self, name: str) -> str:
        return f"{name} has no (further) answer to: {'; '.join(self._unknown)}"

    def insist_on_everything_played(self, name: str) -> None:
        """Raise AssertionError when something was recorded that was not asked."""
        played, recorded = self._cassette.play_count, len(self._cassette)
        if played != recorded:
            raise AssertionError(f"{name}: only {played} of {recorded} recorded requests were made")


@contextmanager
def replayed_connections(replay: Replay) -> Iterator[None]:
    """Inside, every connection that aiohttp opens leads to `replay`."""

    async def connect(connector: Any, *_: object) -> asyncio.Protocol:
        # what aiohttp makes a connection's protocol with; a guarded transport makes its own there
        protocol: asyncio.Protocol = connector._factory()  # noqa: SLF001
        protocol.connection_made(_Wire(protocol, replay))
        return protocol

    with patch.object(aiohttp.TCPConnector, "_create_connection", connect):
        yield


class _Wire(asyncio.Transport):
    """One connection: collects a request, and hands over its answer."""

    def __init__(self, protocol: asyncio.Protocol, replay: Replay) -> None:
        super().__init__()
        self._protocol = protocol
        self._replay = replay
        self._received = bytearray()
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        self._received += data
        request = _complete(bytes(self._received))
        if request is not None:
            self._received.clear()
            asyncio.get_running_loop().call_soon(self._answer, *request)

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        if self._is_closing:
            return
        answer = self._replay.answer(method, target, headers, body)
        if answer is None:
            self.abort()
        else:
            self._protocol.data_received(answer)

    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    def abort(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._protocol.connection_lost(ConnectionResetError("not in the cassette"))

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0


def _complete(received: bytes) -> tuple[str, str, dict[str, str], bytes] | None:
    """(method, target, headers, body) once all of a request is there."""
    head, separator, body = received.partition(_HEAD_END)
    if not separator:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = next((int(value) for name, value in headers.items() if name.lower() == "content-length"), 0)
    return (method, target, headers, body) if len(body) >= length else None


def _as_http(answer: dict[str, Any]) -> bytes:
    body = answer["body"].get("string") or b""
    content = body.encode("utf-8") if isinstance(body, str) else body
    status = answer["status"]
    lines = [f"HTTP/1.1 {status['code']} {status.get('message') or ''}"]
    lines += [f"{name}: {value}" for name, values in answer["headers"].items() for value in values]
    lines += [f"Content-Length: {len(content)}"]
    return "\r\n".join(lines).encode("latin-1") + _HEAD_END + content
