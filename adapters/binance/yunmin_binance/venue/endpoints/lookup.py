"""Finding one order of the caller by orderId, origClientOrderId, or both."""

from __future__ import annotations

from yunmin.simulation.orders import Order
from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.errors import ApiError

__all__ = ["find_order"]


def find_order(
    call: Call, symbol: str, *, missing: ApiError, named: tuple[int | None, str | None] | None = None
) -> Order:
    """The order that the request names; `missing` is raised where the caller has none such.

    With both ids the order is looked up by orderId, and its client order id has to be the one sent.
    `named` are the two ids where other parameters hold them.
    """
    order_id, client_order_id = named or (call.params.long("orderId"), call.params.text("origClientOrderId"))
    index = call.exchange.engine.orders_of(call.account)
    if order_id is not None:
        found = index.by_id(symbol, order_id)
    elif client_order_id is not None:
        found = index.by_client_id(symbol, client_order_id)
    else:
        raise ApiError.missing_both("origClientOrderId", "orderId")
    if found is None:
        raise missing
    if client_order_id is not None and found.client_order_id != client_order_id:
        raise ApiError.ids_do_not_match()
    return found
