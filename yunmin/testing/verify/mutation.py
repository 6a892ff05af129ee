"""Bytes that are almost right: what a fuzzer without coverage makes of good examples, from a seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson

from yunmin.clock import Chance

__all__ = ["mutated"]

_MOST_MUTATIONS: Final = 6
_LONGEST: Final = 200_000
_JSON_SHARE: Final = 0.5

_WORDS: Final = (
    b"null", b"true", b"false", b"0", b"-1", b"-0", b"1e400", b"1E-7", b"NaN", b"Infinity", b"0x10", b"1_000",
    b'""', b"{}", b"[]", b'"', b"\\", b"\x00", b"\xff\xfe", b"\xc0\x80", b"9223372036854775808",
    b"18446744073709551616", b"99999999999999999999999999", b"\\ud800", "\u0661\u0662".encode(), "\u00bd".encode(),
    b"[" * 300, b'{"a":' * 300,
)  # fmt: skip
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**53 + 1, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, -0.0, 1e308, "", " ", "0", "-0",
    "0.00000000", "-1", "1e5", "1e400", "NaN", "Infinity", "1_000", "\u0661", "9" * 40, "0." + "9" * 40, "x" * 5000,
    [], {}, [[]], [None], {"": ""},
)  # fmt: skip


def mutated(examples: Sequence[bytes], chance: Chance) -> bytes:
    """One of `examples`, changed in one to six places, as JSON or as bytes."""
    data = chance.choice(examples)
    for _ in range(chance.randint(1, _MOST_MUTATIONS)):
        change = _json_change if chance.random() < _JSON_SHARE else _byte_change
        data = change(data, examples, chance)[:_LONGEST]
    return data


# --- as JSON ---------------------------------------------------------------------------------------------------------


def _json_change(data: bytes, examples: Sequence[bytes], chance: Chance) -> bytes:
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _byte_change(data, examples, chance)
    places = list(_places(raw))
    if not places:
        return orjson.dumps(chance.choice(_VALUES))
    holder, key = chance.choice(places)
    match chance.randrange(5):
        case 0:
            del holder[key]
        case 1:
            other, there = chance.choice(places)
            holder[key] = _copied(other.get(there) if isinstance(other, dict) else other[there])
        case 2 if isinstance(holder, dict):
            holder[chance.choice(("", "e", "x", key + key))] = _copied(holder[key])
        case 3:
            holder[key] = {"event": _copied(holder[key])} if chance.random() < 0.5 else [_copied(holder[key])]
        case _:
            holder[key] = _copied(chance.choice(_VALUES))
    try:
        return orjson.dumps(raw)
    except (orjson.JSONEncodeError, RecursionError):
        return data


def _places(raw: Any) -> list[tuple[Any, Any]]:
    """Every holder with a key or index in it, at most a few thousand."""
    found: list[tuple[Any, Any]] = []
    waiting = [raw]
    while waiting and len(found) < 4000:
        holder = waiting.pop()
        keys: list[Any] = (
            list(holder) if isinstance(holder, dict) else list(range(len(holder))) if isinstance(holder, list) else []
        )
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys]
    return found


def _copied(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


# --- as bytes --------------------------------------------------------------------------------------------------------


def _byte_change(data: bytes, examples: Sequence[bytes], chance: Chance) -> bytes:
    return chance.choice(_CHANGES)(data, examples, chance)


def _flip(data: bytes, _: Sequence[bytes], chance: Chance) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, _: Sequence[bytes], chance: Chance) -> bytes:
    first, last = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    return data[:first] + data[last:]


def _repeat(data: bytes, _: Sequence[bytes], chance: Chance) -> bytes:
    first, last = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    return data[:last] + data[first:last] * chance.randint(1, 3) + data[last:]


def _insert(data: bytes, _: Sequence[bytes], chance: Chance) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_WORDS) + data[at + chance.choice((0, 1, 4)) :]


def _splice(data: bytes, examples: Sequence[bytes], chance: Chance) -> bytes:
    other = chance.choice(examples)
    return data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other) + 1) :]


_CHANGES: Final[tuple[Callable[[bytes, Sequence[bytes], Chance], bytes], ...]] = (
    _flip,
    _cut,
    _repeat,
    _insert,
    _splice,
)
