"""Cancelling one order: what restricts it, and its answer (Binance spot REST docs, 2026-07-21, Cancel order)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import Order, Refusal
from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.errors import ApiError, refused_cancel
from yunmin_binance.venue.wire import cancelled_order, shown_list

__all__ = [
    "CancelRestriction",
    "cancel_one",
    "cancelled_list",
    "read_cancel_id",
    "read_restriction",
    "refuse_restricted",
]


class CancelRestriction(StrEnum):
    """The one state in which an order may be cancelled."""

    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


_ALLOWED_STATE: Final = {
    CancelRestriction.ONLY_NEW: OrderState.OPEN,
    CancelRestriction.ONLY_PARTIALLY_FILLED: OrderState.PARTIALLY_FILLED,
}


def read_cancel_id(call: Call, name: str = "newClientOrderId") -> str:
    """The id that the caller gives to this cancel, else a new one."""
    return call.params.client_order_id(name) or call.exchange.new_client_order_id()


def read_restriction(call: Call) -> CancelRestriction | None:
    """The parameter cancelRestrictions."""
    return call.params.choice("cancelRestrictions", CancelRestriction, ApiError.bad_cancel_restrictions())


def refuse_restricted(order: Order, only: CancelRestriction | None) -> None:
    """-2011 where an open order is in another state than the one allowed."""
    if only is not None and order.is_open and order.state is not _ALLOWED_STATE[only]:
        raise ApiError.cancel_restricted()


def cancel_one(call: Call, order: Order, cancel_id: str) -> dict[str, object]:
    """Cancel `order`, and all of its list where it is in one; -2011 where it is not open any more."""
    done = call.exchange.cancel(order, cancel_id)
    if isinstance(done, Refusal):
        raise refused_cancel()
    if done.group is not None:
        return cancelled_list(call, done.group, cancel_id)
    return cancelled_order(done, cancel_id, call.exchange.labels_of(done), call.time_of)


def cancelled_list(call: Call, one: OrderList, cancel_id: str) -> dict[str, object]:
    """The answer to the cancel of a whole list (section Cancel Order list)."""
    reports = [cancelled_order(order, cancel_id, call.exchange.labels_of(order), call.time_of) for order in one.orders]
    return {**shown_list(one, call.time_of), "orderReports": reports}
