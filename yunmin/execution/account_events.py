"""What an account tells beside the life of its orders: its stream, its reconciling, its pauses, its balances."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from yunmin.core.data_contracts.events import TrackerEvent
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.stream import BalanceUpdate, StreamGap, StreamLost, StreamOpened, Transfer
from yunmin.execution.gate import PauseReason

__all__ = [
    "AccountEvent",
    "BalanceDrift",
    "ExternalOrderSeen",
    "ReconcileFinished",
    "ReconcileReport",
    "ReconcileStarted",
    "SubmitsChanged",
    "Warned",
]


class ReconcileReport(NamedTuple):
    """What one pass found. `complete` is False where a question had no answer; then it is asked again."""

    why: str
    complete: bool
    open_orders: int
    fills: int
    resolved: int
    adopted: int
    suspect: int
    unknown: int
    inferred: int
    problem: str


class ReconcileStarted(NamedTuple):
    """The exchange is being asked what happened."""

    at: datetime
    why: str


class ReconcileFinished(NamedTuple):
    """A pass is over."""

    at: datetime
    report: ReconcileReport


class SubmitsChanged(NamedTuple):
    """New orders are taken (no reasons), or not."""

    at: datetime
    reasons: dict[PauseReason, str]


class ExternalOrderSeen(NamedTuple):
    """An order of somebody else on this account, told and not followed."""

    at: datetime
    update: OrderUpdate


class BalanceDrift(NamedTuple):
    """An asset's total is not what fills and fees make of the last total: a deposit, a withdrawal, a trade unseen."""

    at: datetime
    asset: str
    expected: Decimal
    actual: Decimal


class Warned(NamedTuple):
    """Something that a person should look at; trading goes on."""

    at: datetime
    message: str


AccountEvent = (
    TrackerEvent
    | BalanceUpdate
    | Transfer
    | StreamOpened
    | StreamLost
    | StreamGap
    | ReconcileStarted
    | ReconcileFinished
    | SubmitsChanged
    | ExternalOrderSeen
    | BalanceDrift
    | Warned
)
"""All that `Account.events()` tells."""
