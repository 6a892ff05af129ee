"""Ways of bending what is right: parameters, JSON, text, bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tests.adapters.binance.venue.hostile.corpus import NASTY

__all__ = ["as_json", "bend_bytes", "bend_json", "bend_pairs", "bend_text"]

_NAMES = ("quantity", "price", "stopPrice", "recvWindow", "limit", "orderId", "symbols", "é", "", "signature", "apiKey")
_FAR = (
    "\x00",
    "\ufeff",
    "\u2028",
    "💥",
    "\ud800",
    "é",
    "\\ud800",
    "\\u0000",
    "1e999",
    "-",
    "]",
    "}",
    '"',
    ",",
    ":",
    "[",
)


def bend_pairs(chance: Random, params: dict[str, Any]) -> list[tuple[str, Any]]:
    """Some values made nasty, some left out, some twice, some too many."""
    pairs = list(params.items())
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        place = chance.randrange(len(pairs)) if pairs else 0
        match chance.randrange(8):
            case 0 | 1 | 2 | 3 if pairs:
                pairs[place] = (pairs[place][0], chance.choice(NASTY))
            case 4 if pairs:
                del pairs[place]
            case 5 if pairs:
                pairs.append(pairs[place])
            case 6:
                pairs.append((chance.choice(_NAMES), chance.choice(NASTY)))
            case _:
                chance.shuffle(pairs)
    return pairs


def bend_json(chance: Random, value: Any) -> Any:
    """The same with something at some depth of it changed for something else."""
    if isinstance(value, dict) and value and chance.random() < 0.8:
        changed = dict(value)
        name = chance.choice(list(changed))
        match chance.randrange(4):
            case 0:
                del changed[name]
            case 1:
                changed[str(chance.choice(NASTY))[:50]] = changed[name]
            case _:
                changed[name] = bend_json(chance, changed[name])
        return changed
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [*value[:place], bend_json(chance, value[place]), *value[place + 1 :]]
    return chance.choice(NASTY)


def _cut(chance: Random, text: str) -> str:
    return text[: chance.randrange(len(text))] if text else text


def _insert(chance: Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return text[:place] + chance.choice(_FAR) + text[place:]


def _double(chance: Random, text: str) -> str:
    start = chance.randrange(len(text) + 1)
    stop = min(start + chance.randint(1, 30), len(text))
    return text[:stop] + text[start:]


def _double_a_key(chance: Random, text: str) -> str:
    return text[:-1] + ',"method":"ping","params":{},"id":7}' if chance.random() < 0.5 else '{"id":5,' + text[1:]


def _nest(chance: Random, text: str) -> str:
    depth = chance.choice((10, 900, 5000, 30_000))
    return (
        chance.choice(('{"id":1,"method":"ping","params":', "")) + "[" * depth + text + "]" * chance.choice((0, depth))
    )


def _swell(chance: Random, text: str) -> str:
    return text + chance.choice((" ", "\n", "0", "[")) * chance.choice((1000, 60_000, 140_000, 300_000))


def _huge_number(chance: Random, text: str) -> str:
    return '{"id":' + "9" * chance.choice((19, 20, 400, 5000)) + "," + text[1:]


_BENDS: tuple[Callable[[Random, str], str], ...] = (
    _cut, _cut, _insert, _insert, _insert, _double, _double_a_key, _nest, _swell, _huge_number,
)  # fmt: skip


def bend_text(chance: Random, text: str) -> str:
    """Text that was JSON."""
    for _ in range(chance.randint(1, 2)):
        text = chance.choice(_BENDS)(chance, text)
    return text


def bend_bytes(chance: Random, raw: bytes) -> bytes:
    """A few bytes flipped, taken away or added."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 5)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(3):
            case 0 if place < len(changed):
                changed[place] = chance.randrange(256)
            case 1:
                del changed[place : place + chance.randint(1, 8)]
            case _:
                changed[place:place] = chance.randbytes(chance.randint(1, 4))
    return bytes(changed)


def as_json(value: Any) -> str:
    """JSON as a client writes it, lone surrogates and all."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
