"""What a strategy decides: a wish, before anything was checked, sized to the market's rules or sent."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Final, Self

from pydantic import Field, PlainSerializer, PlainValidator, model_validator

from yunmin.core.data_contracts.base import CheckedContract, UtcDatetime
from yunmin.core.data_contracts.enums import Side
from yunmin.core.data_contracts.money import EXACT, MAX_DECIMALS, ZERO, to_decimal, to_positive
from yunmin.errors import InvalidValue

__all__ = ["Decision", "Intent"]

ONE: Final = Decimal(1)
_FINEST: Final = Decimal(1).scaleb(-MAX_DECIMALS)


class Intent(StrEnum):
    """What a decision is about."""

    HOLD = "HOLD"
    """Nothing is to change."""

    ENTER = "ENTER"
    """Open a position, or add to one."""

    EXIT = "EXIT"
    """Close the position, or a part of it."""

    REVERSE = "REVERSE"
    """Close the position, then open one on the other side."""

    CANCEL = "CANCEL"
    """Withdraw the orders of this route and symbol that still rest; the position stays as it is."""


_OPENING: Final = frozenset({Intent.ENTER, Intent.REVERSE})


def _positive(value: object) -> Decimal:
    return to_positive(_from_float(value))


def _share(value: object) -> Decimal:
    share = _positive(value)
    if share > ONE:
        raise InvalidValue(f"must not be more than 1: {share}")
    return share


def _probability(value: object) -> Decimal:
    number = to_decimal(_from_float(value))
    if not ZERO <= number <= ONE:
        raise InvalidValue(f"must be from 0 to 1: {number}")
    return number


def _from_float(value: object) -> object:
    """A float, as indicators give, by the 15 digits that every float surely holds: 0.1 + 0.2 is 0.3."""
    if not isinstance(value, float):
        return value
    digits = Decimal(format(float(value), ".15g"))
    exponent = digits.as_tuple().exponent
    is_too_fine = isinstance(exponent, int) and exponent < -MAX_DECIMALS
    return EXACT.quantize(digits, _FINEST) if is_too_fine else digits


_IN_JSON: Final = PlainSerializer(lambda number: format(number, "f"), return_type=str, when_used="json")
_Positive = Annotated[Decimal, PlainValidator(_positive), _IN_JSON]
_Share = Annotated[Decimal, PlainValidator(_share), _IN_JSON]
_Probability = Annotated[Decimal, PlainValidator(_probability), _IN_JSON]


class Decision(CheckedContract):
    """What a strategy wants done in one market. Risk may refuse it, and the executor turns it into orders.

    | intent | side | size |
    |---|---|---|
    | ENTER | required: BUY for long, SELL for short | `qty` or `fraction` of the route's equity, one of them |
    | REVERSE | required: the side of the new position | the size of the new position, as for ENTER |
    | EXIT | of the closing order; None: whichever closes | `qty`, `fraction` of the position, or neither: all |
    | HOLD, CANCEL | none | none |

    `qty` is in base units; `fraction` is more than 0 and at most 1. `price` is a limit, in quote units per base unit;
    None takes the market's. `stop` and `take_profit` are prices at which the position that is opened is to be closed:
    for a long one the stop lies below the price and the profit above it, for a short one the other way round.
    `confidence`, from 0 to 1, is for risk and reports. `as_of` is the global time at which it was decided.

    Figures may be text, int, Decimal or, since indicators are floats, a float: it is read by its first 15 digits.
    Market rules (tick, step, notional) are the executor's part.
    """

    intent: Intent
    symbol: str = Field(min_length=1, max_length=64)
    side: Side | None = None
    qty: _Positive | None = None
    fraction: _Share | None = None
    price: _Positive | None = None
    stop: _Positive | None = None
    take_profit: _Positive | None = None
    confidence: _Probability = ONE
    reason: str = Field(default="", max_length=500)
    as_of: UtcDatetime | None = None

    @classmethod
    def hold(cls, symbol: str, *, reason: str = "") -> Self:
        """Nothing is to change."""
        return cls(intent=Intent.HOLD, symbol=symbol, reason=reason)

    @classmethod
    def enter(cls, symbol: str, side: Side | str, **terms: Any) -> Self:
        """Open a position: `qty` or `fraction`, and whatever else a decision has."""
        return cls(intent=Intent.ENTER, symbol=symbol, side=side, **terms)

    @classmethod
    def exit(cls, symbol: str, **terms: Any) -> Self:
        """Close the position; without `qty` and `fraction`, all of it."""
        return cls(intent=Intent.EXIT, symbol=symbol, **terms)

    @classmethod
    def reverse(cls, symbol: str, side: Side | str, **terms: Any) -> Self:
        """Close the position and open one on `side`, of `qty` or `fraction`."""
        return cls(intent=Intent.REVERSE, symbol=symbol, side=side, **terms)

    @classmethod
    def cancel(cls, symbol: str, *, reason: str = "") -> Self:
        """Withdraw what still rests."""
        return cls(intent=Intent.CANCEL, symbol=symbol, reason=reason)

    @property
    def is_hold(self) -> bool:
        return self.intent is Intent.HOLD

    @property
    def opens_a_position(self) -> bool:
        """Whether it can add to what is at risk: ENTER and REVERSE do."""
        return self.intent in _OPENING

    @model_validator(mode="after")
    def _terms_fit_the_intent(self) -> Self:
        if self.opens_a_position:
            self._check_opening()
        elif self.intent is Intent.EXIT:
            self._refuse("an EXIT", "stop", "take_profit")
        else:
            self._refuse(f"a {self.intent}", "side", "qty", "fraction", "price", "stop", "take_profit")
        if self.qty is not None and self.fraction is not None:
            raise ValueError("a size is qty or fraction, not both")
        return self

    def _check_opening(self) -> None:
        if self.side is None:
            raise ValueError(f"side is missing: {self.intent} BUY or SELL?")
        if self.qty is None and self.fraction is None:
            raise ValueError(f"{self.intent} needs a size: qty or fraction")
        rising = [("stop", self.stop), ("price", self.price), ("take_profit", self.take_profit)]
        if self.side is Side.SELL:
            rising.reverse()
        given = [(name, price) for name, price in rising if price is not None]
        for (lower_name, lower), (name, higher) in pairwise(given):
            if lower >= higher:
                raise ValueError(
                    f"to {self.intent} {self.side}, {lower_name} ({lower}) must be below {name} ({higher})"
                )

    def _refuse(self, what: str, *names: str) -> None:
        for name in names:
            if getattr(self, name) is not None:
                raise ValueError(f"{what} takes no {name}")
