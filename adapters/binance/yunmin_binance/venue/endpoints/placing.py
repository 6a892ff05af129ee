"""A new order as it is asked for and as it is answered (Binance spot REST docs, 2026-07-21, section New order)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yunmin.core.data_contracts.enums import OrderType
from yunmin.simulation.orders import NewOrder, Order, PreventedMatch, SelfTradePrevention
from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.endpoints.terms import Leg, read_labels, read_order
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.wire import new_order_fill, new_prevented_match, pending_order, placed_order

__all__ = ["Draft", "Response", "answer_pending", "answer_placed", "read_draft"]


class Response(StrEnum):
    """How much of a new order is told."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


_FULL_BY_DEFAULT: Final = frozenset({OrderType.LIMIT, OrderType.MARKET})
_ACK_KEYS: Final = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
_ALONE: Final = Leg()


@dataclass(frozen=True, slots=True)
class Draft:
    """A new order as it was asked for, with how it is to be answered."""

    new: NewOrder
    labels: dict[str, int]
    response: Response


def answer_placed(call: Call, order: Order, draft: Draft) -> dict[str, object]:
    """The answer to a new order, as long as it was asked for."""
    result = placed_order(order, draft.labels, call.time_of)
    if draft.response is Response.ACK:
        return {key: result[key] for key in _ACK_KEYS}
    if draft.response is Response.FULL:
        result["fills"] = [new_order_fill(fill) for fill in order.fills]
        prevented = _prevented_by(call, order)
        if prevented:
            result["preventedMatches"] = [new_prevented_match(match) for match in prevented]
    return result


def answer_pending(call: Call, order: Order, draft: Draft) -> dict[str, object]:
    """The same for an order that waits for another one: as it stood before that was filled."""
    result = pending_order(order, draft.labels, call.time_of)
    if draft.response is Response.ACK:
        return {key: result[key] for key in _ACK_KEYS}
    return {**result, "fills": []} if draft.response is Response.FULL else result


def _prevented_by(call: Call, order: Order) -> list[PreventedMatch]:
    """What `order` did not trade with, as taker."""
    if order.self_trade is SelfTradePrevention.NONE:
        return []
    matches = call.exchange.floor(order.market).prevented
    return [match for match in matches if match.taker_order_id == order.id]


def read_draft(call: Call, leg: Leg = _ALONE) -> Draft:
    """What the parameters ask for, alone or as a leg of a list; ApiError where they do not hang together."""
    new = read_order(call, leg)
    response = call.params.choice("newOrderRespType", Response, ApiError.invalid("newOrderRespType"))
    # the answer to a list is as long for all of its orders (New Order list, responses)
    by_default = Response.FULL if new.order_type in _FULL_BY_DEFAULT else Response.ACK
    return Draft(new, read_labels(call.params, leg), response or (Response.RESULT if leg.name else by_default))
