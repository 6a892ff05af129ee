"""Single fields of Binance's JSON, each of the one type that it must have.

A field of another type raises MalformedResponse or InvalidValue: nothing is guessed. Decimals are the wire's own text.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from yunmin.clock import from_millis
from yunmin.core.data_contracts.money import to_decimal, to_non_negative
from yunmin.errors import MalformedResponse

__all__ = ["figure", "flag", "moment", "rows", "says_each_key_once", "signed", "text", "whole", "wire_id"]


def wire_id(value: object) -> str:
    """An id as text. The wire gives a positive int; anything else is no id."""
    if type(value) is int and value >= 0:
        return str(value)
    raise MalformedResponse(f"an id of type {type(value).__name__}")


def moment(value: object) -> datetime:
    """A moment from the wire's milliseconds: a whole number before the year 10000."""
    if type(value) is int and 0 <= value < 253_402_300_800_000:
        return from_millis(value)
    raise MalformedResponse(f"a time of type {type(value).__name__}")


def flag(value: object) -> bool:
    """True or false, said as such."""
    if type(value) is bool:
        return value
    raise MalformedResponse(f"a flag of type {type(value).__name__}")


def text(value: object) -> str:
    """A word or a name; null is not one."""
    if type(value) is str:
        return value
    raise MalformedResponse(f"a text of type {type(value).__name__}")


def figure(value: object) -> Decimal:
    """A decimal that is not negative, from the wire's own text; null is not "no figure" where there must be one."""
    if type(value) is str:
        return _figure(value)
    raise MalformedResponse(f"a figure of type {type(value).__name__}")


def signed(value: object) -> Decimal:
    """A decimal of either sign, from the wire's own text."""
    if type(value) is str:
        return _signed(value)
    raise MalformedResponse(f"a figure of type {type(value).__name__}")


def rows(raw: object) -> list[Any]:
    """A list as it came; an object or a text can be walked through too, and would read as "none"."""
    if isinstance(raw, list):
        return raw
    raise MalformedResponse(f"a list was expected, not {type(raw).__name__}")


def whole(value: object) -> int:
    """A whole number that is not negative."""
    if type(value) is int and value >= 0:
        return value
    raise MalformedResponse(f"a whole number of type {type(value).__name__}")


def says_each_key_once(message: bytes, found: object) -> bool:
    """Whether `message` has no more keys than what was read of it: of two under one name, only one was read.

    Binance writes no space before a colon. A text with a quote and a colon in it makes this False: so much for doubt.
    """
    return message.count(b'":') == _count_keys(found)


def _count_keys(found: object) -> int:
    if isinstance(found, dict):
        return len(found) + sum(_count_keys(value) for value in found.values() if isinstance(value, (dict, list)))
    return sum(map(_count_keys, found)) if isinstance(found, list) else 0


_figure = lru_cache(maxsize=2_048)(to_non_negative)
"""One order's price and quantity come again with all of its news."""

_signed = lru_cache(maxsize=1_024)(to_decimal)
