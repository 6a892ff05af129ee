"""An HTTP answer that is written to its socket byte by byte, past everything that HTTP would have it be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_request import BaseRequest

from yunmin_binance.venue.api import RawResponse
from yunmin_binance.venue.chaos.faults import Ending
from yunmin_binance.venue.chaos.hanging_up import hang_up, reset

__all__ = ["Line", "Script", "Scripted", "ending", "head_of"]

_STATUSES: Final = frozenset(status.value for status in HTTPStatus)


class Line:
    """The socket of one request."""

    def __init__(self, request: BaseRequest) -> None:
        self._request = request

    async def send(self, data: bytes) -> None:
        """Write, and wait where the other side is slow; ConnectionError once it is gone."""
        await self._request.writer.write(data)

    def end(self, ending: Ending) -> None:
        """Let the connection end so, after what was written."""
        transport = self._request.transport
        if transport is not None and ending is not Ending.SILENCE:
            (reset if ending is Ending.RESET else hang_up)(transport)


Script = Callable[[Line], Awaitable[None]]
"""What is done to the line of one request."""


class Scripted(web.StreamResponse):
    """Runs `script` on the line; the connection then waits for another request, unless the script has ended it."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = script

    @property
    def keep_alive(self) -> bool | None:
        return True

    async def prepare(self, request: BaseRequest) -> AbstractStreamWriter | None:
        await self._script(Line(request))
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to be said."""


def ending(how: Ending) -> Script:
    """No answer, and the connection ends so."""

    async def run(line: Line) -> None:
        line.end(how)

    return run


def head_of(answer: RawResponse, *, length: int, content_type: str = "application/json;charset=utf-8") -> bytes:
    """Status line and headers of an answer whose body is said to be `length` bytes long."""
    lines = {"Content-Type": content_type, "Content-Length": str(length), **answer.headers}
    said = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {answer.status} {_phrase(answer.status)}\r\n{said}\r\n".encode("latin-1")


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in _STATUSES else "Unknown"
