"""What became of a command: the three verdicts; of a search for an order; and a trade taken back."""

from __future__ import annotations

from typing import final

from pydantic import Field

from yunmin.core.data_contracts.base import Contract
from yunmin.core.data_contracts.enums import Verdict
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.errors import RejectReason, RejectSource

__all__ = ["CancelRequest", "CancelResult", "FillVoided", "OrderSearched", "SubmitResult"]


class SubmitResult(Contract):
    """How the placement of `client_order_id` ended. UNKNOWN stays until the exchange answers."""

    client_order_id: str
    verdict: Verdict
    update: OrderUpdate | None = None
    fills: tuple[Fill, ...] = ()
    reason: RejectReason | None = None
    source: RejectSource | None = None
    message: str = ""


class CancelRequest(Contract):
    """A cancel is on its way; `attempt` counts from 1 for each order."""

    client_order_id: str
    attempt: int = Field(ge=1)


class CancelResult(Contract):
    """How one attempt to cancel ended. ACCEPTED without an `update` proves nothing about the fills: ask."""

    client_order_id: str
    attempt: int = Field(ge=1)
    verdict: Verdict
    update: OrderUpdate | None = None
    message: str = ""


class OrderSearched(Contract):
    """The exchange was asked for an order that it had shown before, and knew it or not; `attempt` counts from 1.

    The last attempt stands. Not found is no end: the order stays open, and SUSPECT.
    """

    client_order_id: str
    attempt: int = Field(ge=1)
    found: bool
    message: str = ""


@final
class FillVoided(Contract):
    """The exchange took a trade back."""

    symbol: str
    trade_id: str
    client_order_id: str | None = None
    exchange_order_id: str | None = None
