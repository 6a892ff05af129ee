"""What a client of market streams may ask of its connection: SUBSCRIBE and its kin, and the errors they answer.

Binance spot web-socket-streams.md, 2026-07-21, Live Subscribing/Unsubscribing and Error Messages. The error texts are
those of that table; its columns are where the exchange's parser stood, ours are where the thing was found.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import orjson

from yunmin_binance.venue.streams.board import Subscriber

__all__ = ["CommandError", "Commands"]

_METHODS: Final = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_IS_TEXT_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}", re.ASCII).fullmatch
_LONGS: Final = range(-(2**63), 2**63)
_COMBINED: Final = "combined"

Listen = Callable[[Subscriber, list[str]], None]


class CommandError(Exception):
    """A refusal: `{"code": code, "msg": message}`, with an id where the exchange says it."""

    def __init__(self, code: int, message: str, **more: object) -> None:
        super().__init__(message)
        self.said: dict[str, object] = {"code": code, "msg": message, **more}


class Commands:
    """Reads one message of a subscriber and answers it. `listen` and `leave` change what it listens to."""

    def __init__(self, *, listen: Listen, leave: Listen) -> None:
        self._listen = listen
        self._leave = leave

    def answer(self, subscriber: Subscriber, text: str) -> bytes:
        """The answer to `text`; every refusal is one too."""
        try:
            request = _decode(text)
            method = _method_of(request, text)
            identity = _identity_of(request)
            return orjson.dumps({"result": self._carry_out(subscriber, method, identity, request), "id": identity})
        except CommandError as error:
            return orjson.dumps(error.said)

    def _carry_out(self, subscriber: Subscriber, method: str, identity: object, request: dict[str, Any]) -> object:
        params = request.get("params")
        if method == "SUBSCRIBE":
            return self._listen(subscriber, _names(params))
        if method == "UNSUBSCRIBE":
            return self._leave(subscriber, _names(params))
        if method == "LIST_SUBSCRIPTIONS":
            if params:
                raise _invalid("too many parameters")
            return list(subscriber.names)
        return _property(subscriber, method, identity, params)


def _decode(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise _bad_json(error.lineno, error.colno) from None
    except (ValueError, RecursionError):
        raise _bad_json(1, 1) from None
    if not isinstance(request, dict):
        raise _invalid(f"missing field `method` at line 1 column {len(text)}")
    return request


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _method_of(request: dict[str, Any], text: str) -> str:
    method = request.get("method")
    if method is None:
        raise _invalid(f"missing field `method` at line 1 column {len(text)}")
    if method not in _METHODS:
        expected = ", ".join(f"`{name}`" for name in _METHODS)
        column = text.find(str(method)) + len(str(method)) + 1
        raise _invalid(f"unknown variant `{_clean(method)}`, expected one of {expected} at line 1 column {column}")
    return str(method)


def _identity_of(request: dict[str, Any]) -> object:
    identity = request.get("id", False)
    is_number = isinstance(identity, int) and not isinstance(identity, bool) and identity in _LONGS
    is_text = isinstance(identity, str) and _IS_TEXT_ID(identity) is not None
    if identity is None or is_number or is_text:
        return identity
    raise _invalid("request ID must be an unsigned integer")


def _names(params: object) -> list[str]:
    if isinstance(params, list) and all(isinstance(name, str) for name in params):
        return [_clean(name) for name in params]
    raise _invalid("params must be an array of stream names")


def _property(subscriber: Subscriber, method: str, identity: object, params: object) -> object:
    wanted = params if isinstance(params, list) else []
    if not wanted or not isinstance(wanted[0], str):
        raise _invalid("property name must be a string")
    if len(wanted) > (2 if method == "SET_PROPERTY" else 1):
        raise _invalid("too many parameters")
    if wanted[0] != _COMBINED:
        raise CommandError(0, "Unknown property", id=identity)
    if method == "GET_PROPERTY":
        return subscriber.is_combined
    if len(wanted) < 2 or not isinstance(wanted[1], bool):
        raise CommandError(1, "Invalid value type: expected Boolean")
    subscriber.is_combined = wanted[1]
    return None


def _clean(text: object) -> str:
    """Without lone surrogates, which no frame can carry."""
    return str(text).encode("utf-8", "replace").decode()


def _invalid(what: str) -> CommandError:
    return CommandError(2, f"Invalid request: {what}")


def _bad_json(line: int, column: int) -> CommandError:
    return CommandError(3, f"Invalid JSON: expected value at line {line} column {column}")
