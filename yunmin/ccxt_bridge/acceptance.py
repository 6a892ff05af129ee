"""Proof that an answer is about the order it was asked about, and says what it must.

ccxt makes an "order" out of an empty answer, and hands on an acknowledgement of somebody else's order. Here an answer
counts only if it echoes what was sent.
"""

from __future__ import annotations

from yunmin.core.data_contracts import OrderAck, OrderRef, OrderRequest, OrderState, OrderUpdate
from yunmin.core.order_lifecycle import TERMINAL

__all__ = ["Contradiction", "doubt_of_ack", "doubt_of_answer", "doubt_of_cancel"]


class Contradiction(str):
    """A doubt of the worst kind: the answer is about another order than the one that was sent."""

    __slots__ = ()


def doubt_of_ack(ack: OrderAck, request: OrderRequest) -> str | None:
    """Why `ack` does not prove that `request` was accepted; None where it does.

    Another price or quantity is no doubt: that is an accepted order with changed terms.
    """
    update = ack.update
    if not update.exchange_order_id:
        return "the answer names no order id"
    if update.client_order_id != request.client_order_id:
        return _about_another("client order id", update.client_order_id)
    if update.symbol != request.symbol:
        return _about_another("symbol", update.symbol)
    if update.side is not request.side:
        return _about_another("side", update.side)
    if update.state is None or update.state is OrderState.PENDING:
        return f"the answer's status is {_shown(update.raw_status)}"
    return None


def doubt_of_answer(update: OrderUpdate, ref: OrderRef) -> str | None:
    """Why `update` is not an answer to a question about `ref`; None where it is."""
    if not update.exchange_order_id:
        return "the answer names no order id"
    if update.symbol != ref.symbol:
        return _about_another("symbol", update.symbol)
    if ref.exchange_order_id is not None and update.exchange_order_id != ref.exchange_order_id:
        return _about_another("order id", update.exchange_order_id)
    if ref.client_order_id is not None and update.client_order_id != ref.client_order_id:
        return _about_another("client order id", update.client_order_id)
    return None


def doubt_of_cancel(update: OrderUpdate, ref: OrderRef) -> str | None:
    """Why `update` does not prove that `ref` is cancelled; None where it does."""
    doubt = doubt_of_answer(update, ref)
    if doubt is not None:
        return doubt
    if update.state not in TERMINAL:
        return f"the answer's status is {_shown(update.raw_status)}"
    return None


def _about_another(what: str, value: str | None) -> str:
    """Another value contradicts; none at all only fails to prove."""
    if value is None:
        return f"the answer names no {what}"
    return Contradiction(f"the answer is about {what} {_shown(value)}")


def _shown(value: object) -> str:
    return repr(value)[:60]
