"""What risk says of an order: approved, or refused with the rule and its figures. Both are values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Generic, Literal, TypeVar

from yunmin.errors import LifecycleError

__all__ = ["Approved", "Refused", "RiskRule", "RiskVerdict"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_SEAL: Final = object()


class RiskRule(StrEnum):
    """Why an order is refused. Most are named as the limit that they hold."""

    INVALID_REQUEST = "INVALID_REQUEST"
    UNKNOWN_QTY = "UNKNOWN_QTY"
    NO_PRICE = "NO_PRICE"
    NO_EQUITY = "NO_EQUITY"
    STATE_UNSAVED = "STATE_UNSAVED"
    STALE_DATA = "STALE_DATA"
    PRICE_BAND = "PRICE_BAND"
    SELF_TRADE = "SELF_TRADE"
    MAX_ORDER_NOTIONAL = "MAX_ORDER_NOTIONAL"
    MAX_POSITION_PCT = "MAX_POSITION_PCT"
    MAX_POSITION_NOTIONAL = "MAX_POSITION_NOTIONAL"
    MAX_TOTAL_NOTIONAL = "MAX_TOTAL_NOTIONAL"
    MAX_OPEN_ORDERS = "MAX_OPEN_ORDERS"
    MAX_ORDERS_PER_MINUTE = "MAX_ORDERS_PER_MINUTE"
    MAX_DAILY_LOSS = "MAX_DAILY_LOSS"
    MAX_DD = "MAX_DD"
    CIRCUIT_BREAKER = "CIRCUIT_BREAKER"
    ROUTE_LIMITS = "ROUTE_LIMITS"
    SIZE = "SIZE"
    POSITION = "POSITION"
    UNCERTAIN_ORDER = "UNCERTAIN_ORDER"
    NOT_OURS = "NOT_OURS"
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True)
class Approved(Generic[T_co]):
    """A request that risk let through. Only a RiskManager makes one, so what asks for one is never given another."""

    request: T_co
    seal: object = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise LifecycleError("only a RiskManager approves. Nothing was sent; let it check the request")

    def __bool__(self) -> Literal[True]:
        return True


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, and why: the rule, its figures as text, and a sentence for people."""

    rule: RiskRule
    text: str
    figures: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "figures", MappingProxyType(dict(self.figures)))

    def __bool__(self) -> Literal[False]:
        return False

    def __str__(self) -> str:
        return f"{self.rule}: {self.text}"


RiskVerdict = Approved[T_co] | Refused


def approve(request: T) -> Approved[T]:
    """For RiskManager alone."""
    return Approved(request, _SEAL)
