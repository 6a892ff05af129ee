"""A route: one strategy on one market of one exchange, with all that is its own."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator

from yunmin.core.data_contracts.base import CheckedContract
from yunmin.core.data_contracts.frozen_mapping import FrozenMapping
from yunmin.core.data_contracts.money import to_decimal
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.errors import InvalidValue

__all__ = ["Route"]

_PLAIN: Final = (bool, int, float, str, Decimal, type(None))


def _parameters(value: object) -> FrozenMapping[Any]:
    return FrozenMapping({name: _plain(name, each) for name, each in _named(value).items()})


def _limits(value: object) -> FrozenMapping[Decimal]:
    return FrozenMapping({name: to_decimal(each) for name, each in _named(value).items()})


def _named(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidValue(f"names with values are wanted, not {type(value).__name__}")
    for name in value:
        if not isinstance(name, str) or not name.isidentifier():
            raise InvalidValue(f"not a name: {str(name)[:40]!r}")
    return value


def _plain(name: str, value: object) -> object:
    if not isinstance(value, _PLAIN):
        raise InvalidValue(f"{name}: a parameter is a bool, a number or text, not {type(value).__name__}")
    return value


def _without_colon(text: str) -> str:
    if ":" in text or text != text.strip():
        raise ValueError("no colon, and no space at its ends")
    return text


_Word = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_without_colon)]
_AS_DICT: Final = PlainSerializer(dict, return_type=dict)


class Route(CheckedContract):
    """`strategy_name` trades `symbol` on the account at `exchange`, deciding when a candle of `timeframe` closes.

    `parameters` are handed to the strategy; `risk` has limits that this route has for itself, by the names that the
    risk manager gives them: tighter than those that hold for all, never looser. `label` tells apart two routes that are
    alike in all else. A route that is not `enabled` sees no candle and decides nothing.
    """

    exchange: _Word
    symbol: str = Field(min_length=1, max_length=64)
    timeframe: Timeframe
    strategy_name: str = Field(min_length=1, max_length=512)
    parameters: Annotated[Mapping[str, Any], PlainValidator(_parameters), _AS_DICT] = FrozenMapping({})
    risk: Annotated[Mapping[str, Decimal], PlainValidator(_limits), _AS_DICT] = FrozenMapping({})
    label: str = Field(default="", max_length=64)
    enabled: bool = True

    @cached_property
    def name(self) -> str:
        """What this route is called in logs, reports and journals; no two routes of a manager share it."""
        parts = (self.exchange, self.symbol, self.timeframe.value, self.strategy_name)
        return ":".join((*parts, self.label) if self.label else parts)

    def __hash__(self) -> int:
        return hash(self.name)
