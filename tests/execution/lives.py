"""Entries of the lives of orders, for the tests of the journal."""

from __future__ import annotations

from datetime import UTC, datetime

from yunmin.core.data_contracts import CancelRequest, Fill, OrderRequest, OrderState, OrderUpdate, SubmitResult, Verdict
from yunmin.core.order_tracker import OrderTracker
from yunmin.execution.order_journal import Entry, OrderJournal, PlaceIntent, apply_entry

__all__ = ["SYMBOL", "a_fill", "a_life", "an_intent", "an_update", "follow"]

SYMBOL = "BTC/USDT"
MOMENT = datetime(2026, 3, 4, 5, 6, 7, 8, tzinfo=UTC)


def an_intent(name: str, symbol: str = SYMBOL) -> PlaceIntent:
    request = OrderRequest(
        symbol=symbol, side="BUY", order_type="LIMIT", qty="0.10", price="100.5", client_order_id=name
    )
    return PlaceIntent(request=request, qty_step="0.01", created_at=MOMENT)


def an_update(name: str, state: OrderState = OrderState.OPEN, symbol: str = SYMBOL) -> OrderUpdate:
    return OrderUpdate(
        symbol=symbol, client_order_id=name, exchange_order_id=f"x{name}", state=state, updated_at=MOMENT
    )


def a_fill(name: str, trade_id: str, qty: str = "0.04", symbol: str = SYMBOL) -> Fill:
    return Fill(
        symbol=symbol, trade_id=trade_id, client_order_id=name, exchange_order_id=f"x{name}", qty=qty, price="100.5",
        fee="0.001", fee_asset="BNB", ts=MOMENT,
    )  # fmt: skip


def a_life(name: str) -> list[Entry]:
    """An order that is placed, accepted, half filled, asked to be cancelled, and filled all the same."""
    return [
        an_intent(name),
        SubmitResult(client_order_id=name, verdict=Verdict.ACCEPTED, update=an_update(name)),
        a_fill(name, f"{name}-1"),
        CancelRequest(client_order_id=name, attempt=1),
        a_fill(name, f"{name}-2", qty="0.06"),
    ]


def follow(journal: OrderJournal, tracker: OrderTracker, *entries: Entry) -> None:
    """Write, then let the tracker take it, as an account does."""
    for entry in entries:
        if isinstance(entry, PlaceIntent):
            journal.intend(entry)
        else:
            journal.record(entry)
        apply_entry(tracker, entry)
