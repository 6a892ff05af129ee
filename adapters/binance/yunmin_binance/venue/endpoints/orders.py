"""Trading endpoints: place, test and cancel (Binance spot REST docs, 2026-07-21, Trading endpoints)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.cancelling import cancel_one, read_cancel_id, read_restriction, refuse_restricted
from yunmin_binance.venue.endpoints.commission import discount, rates
from yunmin_binance.venue.endpoints.lookup import find_order
from yunmin_binance.venue.endpoints.placing import answer_placed, read_draft
from yunmin_binance.venue.errors import ApiError

__all__ = ["ORDERS"]


def _place(call: Call) -> Answer:
    draft = read_draft(call)
    call.params.refuse_unread()
    order = call.exchange.submit(draft.new, draft.labels)
    return answer_placed(call, order, draft)


def _test(call: Call) -> Answer:
    draft = read_draft(call)
    wants_rates = call.params.flag("computeCommissionRates")
    call.params.refuse_unread()
    call.exchange.check(draft.new)
    if not wants_rates:
        return {}
    fees = call.member.account.fees
    return {
        "standardCommissionForOrder": rates(fees.maker, fees.taker),
        "specialCommissionForOrder": rates(0, 0),
        "taxCommissionForOrder": rates(0, 0),
        "discount": discount(fees),
    }


def _cancel(call: Call) -> Answer:
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    order = find_order(call, symbol, missing=ApiError.unknown_order())
    cancel_id = read_cancel_id(call)
    only = read_restriction(call)
    call.params.refuse_unread()
    refuse_restricted(order, only)
    return cancel_one(call, order, cancel_id)


def _cancel_all(call: Call) -> Answer:
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    call.params.refuse_unread()
    orders = call.exchange.engine.orders_of(call.account).open_orders(symbol)
    if not orders:
        raise ApiError.unknown_order()
    cancel_id = call.exchange.new_client_order_id()
    # an order may have ended with its list before its turn comes
    return [cancel_one(call, order, cancel_id) for order in orders if order.is_open]


def _weight_of_test(sent: Mapping[str, str]) -> int:
    return 20 if sent.get("computeCommissionRates") == "true" else 1


ORDERS: Final = (
    Endpoint("POST", "/api/v3/order", _place, 1, Security.SIGNED, free_when_done=True, places_order=True),
    Endpoint("POST", "/api/v3/order/test", _test, _weight_of_test, Security.SIGNED),
    Endpoint("DELETE", "/api/v3/order", _cancel, 1, Security.SIGNED, free_when_done=True),
    Endpoint("DELETE", "/api/v3/openOrders", _cancel_all, 1, Security.SIGNED, free_when_done=True),
)
