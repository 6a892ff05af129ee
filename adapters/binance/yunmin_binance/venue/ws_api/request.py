"""A request of the WebSocket API as it came: id, method, parameters as texts, and the bytes that a signature covers.

Binance spot web-socket-api.md, 2026-07-21, Request format and SIGNED request security. Numbers stay the text that was
sent, for the signature is over that text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from yunmin_binance.venue.errors import ApiError

__all__ = ["Identity", "Request", "read_request", "signed_bytes"]

Identity = int | str | None

_INVALID: Final = "Invalid JSON Request"
_LONGS: Final = range(-(2**63), 2**64)
_MOST_DIGITS: Final = 20
_VERSION: Final = "v3/"


class _Literal(str):
    """A number, as it was written."""

    __slots__ = ()


class _Object(dict[str, object]):
    """A JSON object that remembers whether a name stood in it twice: no signature could cover that."""

    __slots__ = ("has_doubles",)

    def __init__(self, pairs: list[tuple[str, object]]) -> None:
        super().__init__(pairs)
        self.has_doubles = len(self) < len(pairs)


@dataclass(frozen=True, slots=True)
class Request:
    """One request. What may hold a key or a signature is left out of its repr."""

    id: Identity
    method: str
    params: Mapping[str, str] = field(repr=False)
    problem: ApiError | None = None
    """Why it cannot be carried out, where only its id could be read."""


def read_request(text: str) -> Request:
    """Read one message. What is no request becomes one with a problem, so that its id can be told."""
    try:
        raw = json.loads(
            text, parse_int=_Literal, parse_float=_Literal, parse_constant=_no_constant, object_pairs_hook=_Object
        )
    except (ValueError, RecursionError):
        return Request(None, "", {}, ApiError(-1135, _INVALID))
    if not isinstance(raw, dict):
        return Request(None, "", {}, ApiError(-1135, _INVALID))
    identity: Identity = None
    try:
        identity = _identity(raw.get("id"))
        method, params = raw.get("method"), raw.get("params", _Object([]))
        if type(method) is not str or not isinstance(params, _Object):
            raise ApiError(-1135, _INVALID)
        if params.has_doubles:
            raise ApiError.duplicated_parameter()
        texts = {_clean(name): _as_text(value) for name, value in params.items() if value is not None}
        return Request(identity, method.removeprefix(_VERSION), texts)
    except ApiError as problem:
        return Request(identity, "", {}, problem)


def signed_bytes(params: Mapping[str, str]) -> bytes:
    """All parameters but the signature, by name, as they are: nothing is percent-encoded here."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature").encode()


def _identity(raw: object) -> Identity:
    if isinstance(raw, _Literal):
        if len(raw) <= _MOST_DIGITS and raw.lstrip("-").isdecimal() and int(raw) in _LONGS:
            return int(raw)
    elif raw is None or isinstance(raw, str):
        return None if raw is None else _clean(raw)
    raise ApiError(-1135, _INVALID)


def _as_text(value: object) -> str:
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return _clean(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    except RecursionError:
        raise ApiError(-1135, _INVALID) from None


def _clean(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ApiError.illegal_characters_somewhere() from None
    return str(text)


def _no_constant(name: str) -> None:
    raise ValueError(name)
