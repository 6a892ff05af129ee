"""Exact decimals with bounds: how every price, quantity and amount enters the house."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import lru_cache
from typing import Annotated, Final

from pydantic import PlainSerializer, PlainValidator

from yunmin.errors import InvalidValue

__all__ = [
    "EXACT",
    "MAX_DECIMALS",
    "MAX_MAGNITUDE",
    "ZERO",
    "Amount",
    "Price",
    "Qty",
    "ceil_to_step",
    "floor_to_step",
    "is_multiple",
    "plain",
    "to_decimal",
    "to_non_negative",
    "to_positive",
]

ZERO: Final = Decimal(0)
MAX_MAGNITUDE: Final = Decimal(10) ** 18
MAX_DECIMALS: Final = 18
_FINEST: Final = Decimal(1).scaleb(-MAX_DECIMALS)

EXACT: Final = Context(prec=100)
"""Sums and products of bounded numbers are exact here; the default context rounds at 28 digits."""

_SIGNED: Final = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?", re.ASCII).fullmatch
_NUMBER_LIKE: Final = re.compile(r"[0-9eE+\-., _]*", re.ASCII).fullmatch


def to_decimal(value: object) -> Decimal:
    """An exact Decimal from a str, int, Decimal or (as people type them) float.

    A str must be plain ASCII digits with at most one point: no exponent, no spaces, no underscores, no
    digits of other scripts. A float means the shortest decimal that prints it, so 0.1 is Decimal("0.1").
    Magnitude stays below 10**18 and precision within 18 decimals.

    Raises InvalidValue for everything else: NaN, infinities, bools, exponents, None.
    """
    if type(value) is str:
        return _from_text(value)
    if type(value) is Decimal:
        return _bounded(value)
    if type(value) is int:
        return _bounded(Decimal(value))
    if type(value) is float:
        return _bounded(Decimal(repr(value)))
    raise InvalidValue(f"not a number: {type(value).__name__}")


@lru_cache(maxsize=2_048)  # one order's price and quantity come again with all of its news
def _from_text(text: str) -> Decimal:
    if _SIGNED(text) is None:
        raise InvalidValue(f"not a plain decimal number: {_shown(text)}")
    return Decimal(text)


def _bounded(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise InvalidValue(f"not a finite number: {number}")
    if not -MAX_MAGNITUDE < number < MAX_MAGNITUDE:
        raise InvalidValue(f"10**18 or beyond: {str(number)[:40]}")
    if EXACT.quantize(number, _FINEST) != number:
        raise InvalidValue(f"more than {MAX_DECIMALS} decimals: {str(number)[:40]}")
    return number


def _shown(text: str) -> str:
    """What looks like a number may be shown; anything else may be a secret in the wrong place."""
    return repr(text[:40]) if _NUMBER_LIKE(text) else f"{len(text)} characters of text"


def to_positive(value: object) -> Decimal:
    """`to_decimal`, and more than zero."""
    number = to_decimal(value)
    if number <= ZERO:
        raise InvalidValue(f"must be more than zero: {number}")
    return number


def to_non_negative(value: object) -> Decimal:
    """`to_decimal`, and not below zero."""
    number = _from_text(value) if type(value) is str else to_decimal(value)
    if number > ZERO:
        return number
    if number < ZERO:
        raise InvalidValue(f"must not be negative: {number}")
    return ZERO  # there is no negative zero


_IN_JSON: Final = PlainSerializer(lambda number: format(number, "f"), return_type=str, when_used="json")
"""In JSON a number is text with all its digits and no exponent."""


def _exact(value: object) -> Decimal:
    return to_decimal(_no_float(value))


def _exact_non_negative(value: object) -> Decimal:
    return to_non_negative(_no_float(value))


def _no_float(value: object) -> object:
    if type(value) is float:
        raise InvalidValue("a float is not exact; write the number as text")
    return value


Amount = Annotated[Decimal, PlainValidator(_exact), _IN_JSON]
"""Any bounded exact number, of either sign."""

Qty = Annotated[Decimal, PlainValidator(_exact_non_negative), _IN_JSON]
"""A quantity of the base asset, >= 0."""

Price = Annotated[Decimal, PlainValidator(_exact_non_negative), _IN_JSON]
"""Quote units per one base unit, >= 0."""


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Whether `value` is a whole number of `step`; a step of zero sets no rule."""
    return step == ZERO or EXACT.remainder(value, step) == ZERO


def floor_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The largest multiple of `step` that is not above `value`."""
    return value if step == ZERO else _to_step(value, step, ROUND_FLOOR)


def ceil_to_step(value: Decimal, step: Decimal) -> Decimal:
    """The smallest multiple of `step` that is not below `value`."""
    return value if step == ZERO else _to_step(value, step, ROUND_CEILING)


def _to_step(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    steps = EXACT.divide(value, step).to_integral_value(rounding, EXACT)
    return EXACT.multiply(steps, step)


def plain(value: Decimal) -> str:
    """Digits without an exponent and without needless zeros: what may be sent on a wire."""
    text = format(value or ZERO, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
