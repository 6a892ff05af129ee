"""Request parameters: read by name and kind, refused with the exchange's own words.

Codes and texts: Binance spot errors.md, 2026-07-21. The legal ranges are those that the exchange quotes in -1100.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Final, TypeVar
from urllib.parse import unquote_to_bytes

from yunmin.simulation.units import DECIMALS, SCALE
from yunmin_binance.venue.errors import ApiError

__all__ = ["LEGAL_CLIENT_ORDER_ID", "Params", "merge_parameters"]

_Choice = TypeVar("_Choice", bound=Enum)

LEGAL_CLIENT_ORDER_ID: Final = "^[a-zA-Z0-9-_]{1,36}$"
_LEGAL_SYMBOL: Final = "^[A-Z0-9-_.]{1,20}$"
_LEGAL_DECIMAL: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_LEGAL_LONG: Final = "^[0-9]{1,20}$"
_LEGAL_WINDOW: Final = r"^([0-9]{1,20})(\.[0-9]{1,3})?$"

_IS_CLIENT_ORDER_ID: Final = re.compile("[a-zA-Z0-9_-]{1,36}", re.ASCII).fullmatch
# symbols may be of any script since 2025-12 (changelog); of ASCII, what the legal range says
_IS_SYMBOL: Final = re.compile("[A-Z0-9_.\u0080-\U0010ffff-]{1,20}").fullmatch
_IS_DECIMAL: Final = re.compile(r"([0-9]{1,20})(?:\.([0-9]{1,20}))?", re.ASCII).fullmatch
_IS_LONG: Final = re.compile("[0-9]{1,20}", re.ASCII).fullmatch
_IS_WINDOW: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,3})?", re.ASCII).fullmatch

_LARGEST_LONG: Final = 2**63 - 1
_BOOLEANS: Final = {"true": True, "false": False}

# a moment of more digits than this is in microseconds: 10^14 ms is the year 5138, 10^14 us is 1973
_FIRST_MICROSECONDS: Final = 10**14


def merge_parameters(query: bytes, body: bytes) -> dict[str, str]:
    """Both parts as one mapping; where both have a name, the query wins. Content types are not looked at.

    A name given twice within one part is refused, and so is what is not UTF-8.
    """
    return {**_parse(body), **_parse(query)}


def _parse(part: bytes) -> dict[str, str]:
    if part.isascii() and b"%" not in part and b"+" not in part:
        return _parse_plain(part.decode())
    parameters: dict[str, str] = {}
    for pair in part.split(b"&"):
        if not pair:
            continue
        name, _, value = pair.partition(b"=")
        key = _decoded(name)
        if key in parameters:
            raise ApiError.duplicated_parameter()
        parameters[key] = _decoded(value)
    return parameters


def _parse_plain(part: str) -> dict[str, str]:
    """The same for a part in which nothing is encoded: what nearly everybody sends."""
    parameters: dict[str, str] = {}
    for pair in part.split("&") if part else ():
        if pair:
            name, _, value = pair.partition("=")
            if name in parameters:
                raise ApiError.duplicated_parameter()
            parameters[name] = value
    return parameters


def _decoded(raw: bytes) -> str:
    try:
        if b"%" in raw or b"+" in raw:
            raw = unquote_to_bytes(raw.replace(b"+", b" "))
        return raw.decode()
    except UnicodeDecodeError as error:
        raise ApiError.illegal_characters_somewhere() from error


class Params:
    """The parameters of one request. Remembers what was read, so that what nobody read can be refused."""

    def __init__(self, sent: Mapping[str, str]) -> None:
        self._sent = sent
        self._read: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether it was sent at all. Does not count as reading it."""
        return name in self._sent

    def refuse_unread(self) -> None:
        """-1104 where something was sent that nothing has read."""
        if len(self._read) < len(self._sent):
            raise ApiError.unread(len(self._read), len(self._sent))

    def refuse(self, *names: str) -> None:
        """-1106 for the first of `names` that was sent."""
        for name in names:
            if name in self._sent:
                raise ApiError.not_required(name)

    def text(self, name: str) -> str | None:
        """Any text that is not empty; None where it was not sent."""
        value = self._sent.get(name)
        if value is None:
            return None
        self._read.add(name)
        if not value:
            raise ApiError.empty(name)
        return value

    def required_text(self, name: str) -> str:
        return _required(name, self.text(name))

    def symbol(self, name: str = "symbol") -> str | None:
        """A well-formed symbol, known or not."""
        value = self.text(name)
        if value is not None and not _IS_SYMBOL(value):
            raise ApiError.illegal_characters(name, _LEGAL_SYMBOL)
        return value

    def required_symbol(self, name: str = "symbol") -> str:
        return _required(name, self.symbol(name))

    def client_order_id(self, name: str) -> str | None:
        value = self.text(name)
        if value is not None and not _IS_CLIENT_ORDER_ID(value):
            raise ApiError.illegal_characters(name, LEGAL_CLIENT_ORDER_ID)
        return value

    def units(self, name: str) -> int | None:
        """A decimal of at most eight places, in whole units of 10^-8."""
        value = self.text(name)
        if value is None:
            return None
        match = _IS_DECIMAL(value)
        if match is None:
            raise ApiError.illegal_characters(name, _LEGAL_DECIMAL)
        fraction = (match[2] or "").rstrip("0")
        if len(fraction) > DECIMALS:
            raise ApiError.too_precise(name)
        return int(match[1]) * SCALE + int(fraction.ljust(DECIMALS, "0"))

    def required_units(self, name: str) -> int:
        return _required(name, self.units(name))

    def long(self, name: str) -> int | None:
        """A whole number from zero to 2^63 - 1."""
        value = self.text(name)
        if value is None:
            return None
        if not _IS_LONG(value):
            raise ApiError.illegal_characters(name, _LEGAL_LONG)
        number = int(value)
        if number > _LARGEST_LONG:
            raise ApiError.overflowed(name)
        return number

    def required_long(self, name: str) -> int:
        return _required(name, self.long(name))

    def micros(self, name: str) -> int | None:
        """A moment that was sent in milliseconds or microseconds, in microseconds."""
        moment = self.long(name)
        if moment is None or moment >= _FIRST_MICROSECONDS:
            return moment
        return moment * 1000

    def last_micros(self, name: str) -> int | None:
        """Like `micros`, for the end of a range: a whole millisecond means all of it."""
        moment = self.long(name)
        if moment is None or moment >= _FIRST_MICROSECONDS:
            return moment
        return moment * 1000 + 999

    def required_micros(self, name: str) -> int:
        return _required(name, self.micros(name))

    def window(self, name: str) -> Decimal | None:
        """Milliseconds with at most three decimals."""
        value = self.text(name)
        if value is not None and not _IS_WINDOW(value):
            raise ApiError.illegal_characters(name, _LEGAL_WINDOW)
        return None if value is None else Decimal(value)

    def limit(self, *, default: int, most: int) -> int:
        """`limit`, from one; what is above the most is taken as the most."""
        value = self.long("limit")
        if value == 0:
            raise ApiError.invalid("limit")
        return min(value or default, most)

    def flag(self, name: str) -> bool | None:
        value = self.text(name)
        if value is None:
            return None
        if value not in _BOOLEANS:
            raise ApiError.invalid(name)
        return _BOOLEANS[value]

    def choice(self, name: str, among: type[_Choice], otherwise: ApiError) -> _Choice | None:
        """One of the values of an enum; `otherwise` is raised for any other."""
        value = self.text(name)
        if value is None:
            return None
        try:
            return among(value)
        except ValueError:
            raise otherwise from None

    def required_choice(self, name: str, among: type[_Choice], otherwise: ApiError) -> _Choice:
        return _required(name, self.choice(name, among, otherwise))

    def texts(self, name: str) -> list[str] | None:
        """A JSON array of texts, each of them once."""
        value = self.text(name)
        if value is None:
            return None
        try:
            items = json.loads(value)
        except (ValueError, RecursionError):
            raise ApiError.bad_json(name) from None
        if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
            raise ApiError.bad_json(name)
        return items

    def symbols(self) -> list[str] | None:
        """The JSON array `symbols`, each well formed and named once."""
        names = self.texts("symbols")
        if names is None:
            return None
        for name in names:
            if not _IS_SYMBOL(name):
                raise ApiError.illegal_characters("symbols", _LEGAL_SYMBOL)
        if len(set(names)) < len(names):
            raise ApiError.duplicated_symbol()
        return names


_Value = TypeVar("_Value")


def _required(name: str, value: _Value | None) -> _Value:
    if value is None:
        raise ApiError.missing(name)
    return value
