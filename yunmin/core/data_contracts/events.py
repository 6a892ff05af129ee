"""What the tracker tells its listeners: frozen facts, numbered, each told once.

These are tuples, not pydantic models: they are made on every fill, from values that were validated when they came
in (docs/adr/0002).
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from yunmin.core.data_contracts.enums import (
    CancelState,
    Certainty,
    FillKind,
    Liquidity,
    OrderState,
    OrderType,
    Origin,
    Side,
    TimeInForce,
)
from yunmin.errors import RejectReason, RejectSource

__all__ = [
    "Anomaly",
    "AnomalyKind",
    "FillConflict",
    "FillEnriched",
    "InferredFillReplaced",
    "LateFill",
    "OrderCancelRejected",
    "OrderCancelRequested",
    "OrderCancelled",
    "OrderCompleted",
    "OrderCorrected",
    "OrderEvent",
    "OrderExpired",
    "OrderFailed",
    "OrderFill",
    "OrderFillVoided",
    "OrderFilled",
    "OrderOpened",
    "OrderQueryNeeded",
    "OrderRejected",
    "OrderResolved",
    "OrderSnapshot",
    "OrderSubmitted",
    "OrderTermsChanged",
    "OrderUncertain",
    "Overfill",
    "TrackerEvent",
]


class OrderFill(NamedTuple):
    """One fill as an order keeps it. `fee` is an amount of `fee_asset`, None while it is not known."""

    trade_id: str
    qty: Decimal
    price: Decimal
    fee: Decimal | None
    fee_asset: str | None
    ts: datetime | None
    liquidity: Liquidity | None
    kind: FillKind

    @property
    def commission(self) -> float | None:
        """The fee as a float, for people."""
        return None if self.fee is None else float(self.fee)


class OrderSnapshot(NamedTuple):
    """An order as it was at one event. Quantities in base units, prices in quote units per base unit."""

    client_order_id: str
    exchange_order_id: str | None
    symbol: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    qty: Decimal | None
    price: Decimal | None
    state: OrderState
    certainty: Certainty
    cancel_state: CancelState
    filled_qty: Decimal
    average_price: Decimal | None
    unattributed_qty: Decimal
    overfill_qty: Decimal
    fee_amounts: tuple[tuple[str, Decimal], ...]
    fees_complete: bool
    origin: Origin
    reject_reason: RejectReason | None
    reject_source: RejectSource | None

    @property
    def fees(self) -> dict[str, Decimal]:
        """Asset -> amount paid so far, over the fills whose fee is known."""
        return dict(self.fee_amounts)


class OrderSubmitted(NamedTuple):
    """An order exists locally, in PENDING."""

    seq: int
    order: OrderSnapshot


class OrderOpened(NamedTuple):
    """The exchange has the order. `implied`: known from a fill or a later status, before any acknowledgement."""

    seq: int
    order: OrderSnapshot
    implied: bool


class OrderTermsChanged(NamedTuple):
    """The exchange's price or quantity is not the one asked for, or was changed later."""

    seq: int
    order: OrderSnapshot
    previous_qty: Decimal | None
    previous_price: Decimal | None


class OrderFilled(NamedTuple):
    """A fill was booked, for the first time."""

    seq: int
    order: OrderSnapshot
    previous: OrderState
    fill: OrderFill


class OrderCompleted(NamedTuple):
    """The end: filled, and every fill is known."""

    seq: int
    order: OrderSnapshot
    previous: OrderState


class OrderCancelled(NamedTuple):
    """The end: cancelled, and every fill that came before is known."""

    seq: int
    order: OrderSnapshot
    previous: OrderState


class OrderExpired(NamedTuple):
    """The end: expired, and every fill that came before is known."""

    seq: int
    order: OrderSnapshot
    previous: OrderState


class OrderRejected(NamedTuple):
    """The end: refused, here or by the exchange."""

    seq: int
    order: OrderSnapshot
    previous: OrderState


class OrderFailed(NamedTuple):
    """The end: proven never to have reached the book."""

    seq: int
    order: OrderSnapshot
    previous: OrderState


class OrderCorrected(NamedTuple):
    """Evidence changed the state of an order whose end had been told already."""

    seq: int
    order: OrderSnapshot
    previous: OrderState


class OrderCancelRequested(NamedTuple):
    """A cancel is on its way."""

    seq: int
    order: OrderSnapshot
    attempt: int


class OrderCancelRejected(NamedTuple):
    """The exchange did not cancel: the order may be alive or done, ask."""

    seq: int
    order: OrderSnapshot
    attempt: int
    message: str


class OrderUncertain(NamedTuple):
    """A command's outcome is not known. Do not act on this order until OrderResolved."""

    seq: int
    order: OrderSnapshot
    message: str


class OrderResolved(NamedTuple):
    """Evidence ended the uncertainty."""

    seq: int
    order: OrderSnapshot


class LateFill(NamedTuple):
    """A fill came after the order's end had been told."""

    seq: int
    order: OrderSnapshot
    fill: OrderFill


class Overfill(NamedTuple):
    """More was filled than asked; the exchange is right, somebody should look."""

    seq: int
    order: OrderSnapshot


class FillConflict(NamedTuple):
    """A known trade id came again with other figures; the first is kept."""

    seq: int
    order: OrderSnapshot
    kept: OrderFill
    refused: OrderFill


class FillEnriched(NamedTuple):
    """A fill's fee became known."""

    seq: int
    order: OrderSnapshot
    fill: OrderFill


class OrderFillVoided(NamedTuple):
    """The exchange took a trade back: the only way that filled_qty falls."""

    seq: int
    order: OrderSnapshot
    trade_id: str


class InferredFillReplaced(NamedTuple):
    """A real fill took the place of an inferred quantity; `qty` base units were absorbed."""

    seq: int
    order: OrderSnapshot
    qty: Decimal


class OrderQueryNeeded(NamedTuple):
    """Only the exchange can say: its order should be fetched."""

    seq: int
    order: OrderSnapshot
    why: str


class AnomalyKind(StrEnum):
    """What did not fit."""

    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    UNKNOWN_STATUS = "UNKNOWN_STATUS"
    SYMBOL_MISMATCH = "SYMBOL_MISMATCH"
    SIDE_MISMATCH = "SIDE_MISMATCH"
    CROSSED_IDS = "CROSSED_IDS"
    EXCHANGE_ID_CHANGED = "EXCHANGE_ID_CHANGED"
    EMPTY_FILL = "EMPTY_FILL"
    FILLED_SHORT = "FILLED_SHORT"
    REFUSED_TRANSITION = "REFUSED_TRANSITION"
    ORPHAN_DROPPED = "ORPHAN_DROPPED"


class Anomaly(NamedTuple):
    """Something did not fit and was not applied as it stood. `subject` is the input itself: nothing is lost."""

    seq: int
    kind: AnomalyKind
    client_order_id: str | None
    message: str
    subject: object


OrderEvent = (
    OrderSubmitted
    | OrderOpened
    | OrderTermsChanged
    | OrderFilled
    | OrderCompleted
    | OrderCancelled
    | OrderExpired
    | OrderRejected
    | OrderFailed
    | OrderCorrected
    | OrderCancelRequested
    | OrderCancelRejected
    | OrderUncertain
    | OrderResolved
    | LateFill
    | Overfill
    | FillConflict
    | FillEnriched
    | OrderFillVoided
    | InferredFillReplaced
    | OrderQueryNeeded
)
TrackerEvent = OrderEvent | Anomaly
