"""Log entries as lines: aligned words for people, an object of JSON for machines. Both are processors of structlog.

Text from outside is never trusted: no character of it moves a cursor, makes a colour, or begins a line of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any, Final

import orjson
from structlog.typing import EventDict, WrappedLogger

from yunmin.core.data_contracts.money import plain

__all__ = ["ConsoleLines", "JsonLines"]

_EVENT_WIDTH: Final = 22
_LEVEL_WIDTH: Final = 7
_RESET: Final = "\x1b[0m"
_COLOURS: Final = {"debug": "\x1b[2m", "info": "\x1b[32m", "warning": "\x1b[33m", "error": "\x1b[1;31m"}
_FOR_MACHINES: Final = frozenset(
    {"exchange_order_id", "fill_kind", "filled_qty", "liquidity", "order_qty", "order_type", "trade_id"}
)
_DIGITS: Final = Context(prec=18)
_FAINT: Final = "\x1b[2m"
_BOLD: Final = "\x1b[1m"


class JsonLines:
    """`{"ts": …, "level": …, "event": …, …}`: Decimals as text, times in UTC as ISO 8601."""

    def __call__(self, _: WrappedLogger, __: str, entry: EventDict) -> str:
        ordered = {"ts": entry.pop("ts"), "level": entry.pop("level"), "event": entry.pop("event"), **entry}
        try:
            return orjson.dumps(ordered, default=_plain, option=orjson.OPT_UTC_Z).decode()
        except TypeError:  # text that is no Unicode, as paths may be
            return json.dumps(ordered, default=_plain)


class ConsoleLines:
    """`time LEVEL event symbol side qty at price name=value …`; a trace stands below, indented.

    What only a machine would look up is left out, and averages without an end are cut: the JSON has all of it.
    """

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, _: WrappedLogger, __: str, entry: EventDict) -> str:
        level, event = entry.pop("level"), entry.pop("event")
        time = self._painted(f"{entry.pop('ts'):%Y-%m-%d %H:%M:%S.%f}"[:-3], _FAINT)
        entry.pop("wall", None)
        trace = entry.pop("trace", "")
        for name in _FOR_MACHINES & entry.keys():
            del entry[name]
        head = self._painted(f"{level.upper():<{_LEVEL_WIDTH}}", _COLOURS[level])
        words = [*_deal(entry), *(self._pair(name, value) for name, value in entry.items())]
        name = self._painted(f"{event:<{_EVENT_WIDTH}}" if words else event, _BOLD)
        below = "".join(f"\n    {_safe(line)}" for line in str(trace).splitlines())
        return " ".join([time, head, name, *words]) + below

    def _pair(self, name: str, value: object) -> str:
        return f"{self._painted(f'{name}=', _FAINT)}{_quoted(_text(value))}"

    def _painted(self, text: str, colour: str) -> str:
        return f"{colour}{text}{_RESET}" if self._colours else text


def _deal(entry: EventDict) -> list[str]:
    """What everybody reads first, taken out of the entry: symbol, side, qty, price and fee."""
    words = [_safe(str(entry.pop(name))) for name in ("symbol", "side") if name in entry]
    if "qty" in entry:
        words.append(_text(entry.pop("qty")))
    if "price" in entry:
        words.append(f"at {_text(entry.pop('price'))}")
    if "fee" in entry and "fee_asset" in entry:
        words.append(f"fee {_text(entry.pop('fee'))} {_safe(str(entry.pop('fee_asset')))}")
    return words


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return plain(value if len(value.as_tuple().digits) <= _DIGITS.prec else _DIGITS.plus(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)


def _quoted(text: str) -> str:
    safe = _safe(text)
    return safe if safe and " " not in safe and '"' not in safe else '"' + safe.replace('"', '\\"') + '"'


def _safe(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _plain(value: Any) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)
