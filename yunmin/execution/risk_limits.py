"""The limits of an account: data, with which real money is traded only when every one that matters is set."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Final, Self

from pydantic import Field, PlainSerializer, PlainValidator, ValidationError

from yunmin.core.data_contracts.base import Contract
from yunmin.core.data_contracts.money import to_positive
from yunmin.errors import ConfigurationError, InvalidValue

__all__ = ["MANDATORY_FOR_LIVE", "RiskLimits"]


def _fraction(value: object) -> Decimal:
    number = to_positive(value)
    if number > 1:
        raise InvalidValue(f"a fraction of 1, such as 0.05 for 5 %, not {number}")
    return number


_IN_JSON: Final = PlainSerializer(lambda number: format(number, "f"), return_type=str, when_used="json")
_Fraction = Annotated[Decimal, PlainValidator(_fraction), _IN_JSON]
_Positive = Annotated[Decimal, PlainValidator(to_positive), _IN_JSON]


class RiskLimits(Contract):
    """None sets no limit. Amounts are in the account's currency, fractions of 1, times in seconds.

    | limit | holds |
    |---|---|
    | `max_dd` | how far the equity may fall below its peak; then no new risk until a person resumes |
    | `max_daily_loss` | how much the equity may fall in one UTC day; then no new risk for the rest of it |
    | `max_position_pct` | one symbol's position with all its orders, as a fraction of the equity |
    | `max_position_notional` | the same, as an amount |
    | `max_total_notional` | all symbols together, over all routes |
    | `max_order_notional` | one order |
    | `max_open_orders` | orders that are or may be open |
    | `max_orders_per_minute` | orders let through in any 60 seconds |
    | `price_band` | how far a limit price may be from the market's, as a fraction of that |
    | `stale_after` | how old the market's price may be |
    | `breaker_failures` | so many orders in a row that failed: then no new risk for `breaker_pause` |
    """

    max_dd: _Fraction | None = None
    max_daily_loss: _Positive | None = None
    max_position_pct: _Fraction | None = None
    max_position_notional: _Positive | None = None
    max_total_notional: _Positive | None = None
    max_order_notional: _Positive | None = None
    max_open_orders: int | None = Field(default=None, ge=1)
    max_orders_per_minute: int | None = Field(default=None, ge=1)
    price_band: _Fraction | None = None
    stale_after: _Positive | None = None
    breaker_failures: int | None = Field(default=None, ge=1)
    breaker_pause: _Positive = Decimal(60)

    @classmethod
    def of(cls, limits: Mapping[str, object]) -> Self:
        """The limits by their names. Raises ConfigurationError for a name that is none, or a value out of bounds."""
        for name in limits:
            if name not in cls.model_fields:
                near = difflib.get_close_matches(name, cls.model_fields, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(cls.model_fields)}"
                raise ConfigurationError(f"no such limit: {name[:40]}{hint}")
        try:
            return cls.model_validate(dict(limits))
        except ValidationError as error:
            told = (f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors(include_input=False))
            raise ConfigurationError("; ".join(told)) from None

    def require_all_for_live(self) -> None:
        """Raise ConfigurationError naming every limit that is missing: nothing is unlimited with real money."""
        missing = [name for name in MANDATORY_FOR_LIVE if getattr(self, name) is None]
        if missing:
            raise ConfigurationError(
                f"real money is traded with every limit set, and these are missing: {', '.join(missing)}. "
                "Nothing was sent; set them, as low as you can live with"
            )

    def tightened(self, overrides: Mapping[str, object]) -> Self:
        """These limits with those of a route. Raises ConfigurationError for one that is looser than the account's."""
        own = type(self).of(overrides)
        changes: dict[str, Any] = {}
        for name in overrides:
            wanted, held = getattr(own, name), getattr(self, name)
            if held is not None and wanted != held and (wanted < held) is (name in _LONGER_IS_TIGHTER):
                raise ConfigurationError(
                    f"{name} of a route may only be tighter than the account's {held}, not {wanted}. Nothing was sent"
                )
            changes[name] = wanted
        return self.model_copy(update=changes)


_LONGER_IS_TIGHTER: Final = frozenset({"breaker_pause"})

MANDATORY_FOR_LIVE: Final = (
    "max_dd",
    "max_daily_loss",
    "max_position_pct",
    "max_total_notional",
    "max_order_notional",
    "max_open_orders",
    "max_orders_per_minute",
    "price_band",
    "stale_after",
    "breaker_failures",
)
