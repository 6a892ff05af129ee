"""Between aiohttp and the venue's doors: a request as raw as it came, an answer as it is sent."""

from __future__ import annotations

from typing import Final, Protocol

import orjson
from aiohttp import web

from yunmin_binance.venue.api import RawRequest, RawResponse
from yunmin_binance.venue.errors import ApiError

__all__ = ["AnyDoor", "answered", "as_response", "read_raw"]

_JSON: Final = "application/json; charset=utf-8"

_WORTH_PACKING: Final = 4096
"""A body of at least so many bytes is packed for a client that asks for it."""


class AnyDoor(Protocol):
    """Whoever answers raw requests."""

    def answer(self, request: RawRequest) -> RawResponse:
        """The answer; a refusal is one too."""
        ...


async def answered(door: AnyDoor, request: web.Request) -> web.StreamResponse:
    """What `door` says to `request`."""
    raw = await read_raw(request)
    said = door.answer(raw) if isinstance(raw, RawRequest) else raw
    response = as_response(said)
    if len(said.body) >= _WORTH_PACKING and "gzip" in request.headers.get("Accept-Encoding", ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response


async def read_raw(request: web.Request) -> RawRequest | RawResponse:
    """The request; or the refusal, where its body is not what its headers say."""
    try:
        body = await request.read()
    except (web.RequestPayloadError, ConnectionResetError):  # the rest of it may never have come
        error = ApiError.illegal_characters_somewhere()
        return RawResponse(error.status, orjson.dumps(error.body))
    # raw_path is what stood in the request line; every other view of it has been decoded and quoted again
    _, _, query = request.raw_path.partition("?")
    return RawRequest(
        method=request.method,
        path=request.path,
        query=query.encode("utf-8", "surrogateescape"),
        body=body,
        headers=request.headers,
        address=request.remote or "",
    )


def as_response(raw: RawResponse) -> web.Response:
    """The answer as aiohttp sends it."""
    return web.Response(status=raw.status, body=raw.body, headers={**raw.headers, "Content-Type": _JSON})
