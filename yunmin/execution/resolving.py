"""A person's word on an order that the exchange will not explain."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Certainty, OrderState, Source, Verdict
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import News
from yunmin.errors import LifecycleError, RejectReason, RejectSource
from yunmin.execution.journal_records import Note
from yunmin.execution.order_journal import OrderJournal

__all__ = ["Resolution", "resolve_order"]


class Resolution(StrEnum):
    """What a person may say: it ended without (more) fills, or it never came to be."""

    CANCELLED = "CANCELLED"
    NOT_PLACED = "NOT_PLACED"


def resolve_order(
    folder: Path, client_order_id: str, resolution: Resolution, why: str, *, clock: Clock
) -> InFlightOrder:
    """Write down what became of an order that is UNKNOWN or SUSPECT; evidence from the exchange still reverses it.

    The account must not be running: it has its journal. Raises JournalBusy then, and LifecycleError for an order that
    is not known, is done, or is in no doubt.
    """
    with OrderJournal.open(folder, clock=clock) as journal:
        tracker = journal.recover()
        order = tracker.get_order(client_order_id)
        if order is None:
            raise LifecycleError(f"{client_order_id} is not in this journal. Nothing was changed")
        is_unanswered = order.state is OrderState.PENDING and not order.has_evidence
        if order.is_completed or (order.certainty is Certainty.CONFIRMED and not is_unanswered):
            raise LifecycleError(
                f"{client_order_id} is {order.state} and in no doubt. Nothing was changed; cancel it at the exchange"
            )
        news = _news(order, resolution, why)
        journal.record(news, Note(kind="resolved", text=why, at=clock.now(), data={"order": client_order_id}))
        tracker.apply(news)
        return order


def _news(order: InFlightOrder, resolution: Resolution, why: str) -> News:
    if resolution is Resolution.CANCELLED:
        return OrderUpdate(
            symbol=order.symbol,
            client_order_id=order.client_order_id,
            state=OrderState.CANCELLED,
            source=Source.LOCAL,
            reason=why,
        )
    if order.has_evidence:
        raise LifecycleError(
            f"{order.client_order_id} was shown by the exchange: it was placed. Nothing was changed; "
            f"say {Resolution.CANCELLED} if it has ended"
        )
    return SubmitResult(
        client_order_id=order.client_order_id,
        verdict=Verdict.REJECTED,
        reason=RejectReason.NOT_PLACED,
        source=RejectSource.LOCAL,
        message=why,
    )
