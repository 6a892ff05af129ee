"""The kernel's numbers: money as whole units of 10^-8, time as whole microseconds. Exact, and fast."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from yunmin.core.data_contracts.money import EXACT, to_decimal
from yunmin.errors import InvalidValue

__all__ = ["DECIMALS", "SCALE", "align", "cost_of", "from_micros", "from_units", "to_micros", "to_units"]

DECIMALS: Final = 8
SCALE: Final = 10**DECIMALS

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_DECIMAL_SCALE: Final = Decimal(SCALE)
_SMALLEST: Final = Decimal(1).scaleb(-DECIMALS)


def to_units(value: object) -> int:
    """Whole units of 10^-8 of an exact number; InvalidValue where it has more than eight decimals."""
    number = EXACT.multiply(to_decimal(value), _DECIMAL_SCALE)
    units = int(number)
    if units != number:
        raise InvalidValue(f"more than {DECIMALS} decimals: {value}")
    return units


def from_units(units: int) -> Decimal:
    """The Decimal, always with eight decimals, that `units` of 10^-8 stand for."""
    return EXACT.multiply(Decimal(units), _SMALLEST)


def cost_of(price: int, qty: int) -> int:
    """Quote units for `qty` base units at `price`, rounded down to the unit. Both parties use the same figure."""
    return price * qty // SCALE


def align(value: int, step: int) -> int:
    """The multiple of `step` nearest to `value` (half goes up), at least one step."""
    return max((value + step // 2) // step, 1) * step


def to_micros(moment: datetime) -> int:
    """Microseconds since the Unix epoch of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """An aware UTC datetime from microseconds since the Unix epoch."""
    return _EPOCH + timedelta(microseconds=micros)
