"""Order lists that are there: asked for and cancelled (Binance spot REST docs, 2026-07-21, Order lists, Account)."""

from __future__ import annotations

from typing import Final

from yunmin.simulation.order_lists import OrderList
from yunmin_binance.venue.endpoints.account import time_range, within
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.cancelling import cancel_one, read_cancel_id
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.wire import shown_list

__all__ = ["LIST_QUERIES"]

_DEFAULT_LIMIT: Final = 500
_MOST: Final = 1000


def _cancel(call: Call) -> Answer:
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    found = _find(call, "listClientOrderId", missing=ApiError.unknown_order())
    cancel_id = read_cancel_id(call)
    params.refuse_unread()
    still_open = [order for order in found.orders if order.is_open]
    if found.market != symbol or not still_open:
        raise ApiError.unknown_order()
    return cancel_one(call, still_open[0], cancel_id)


def _query(call: Call) -> Answer:
    return shown_list(_find(call, "origClientOrderId", missing=ApiError.no_such_order()), call.time_of)


def _find(call: Call, client_id_name: str, *, missing: ApiError) -> OrderList:
    """By orderListId, whose client id has to be the one sent, if any; else by client id."""
    list_id, client_id = call.params.long("orderListId"), call.params.text(client_id_name)
    index = call.exchange.engine.orders_of(call.account)
    if list_id is not None:
        found = index.lists.get(list_id)
    elif client_id is not None:
        found = index.list_by_client_id(client_id)
    else:
        raise ApiError.missing_both(client_id_name, "orderListId")
    if found is None or (client_id is not None and found.client_list_id != client_id):
        raise missing
    return found


def _query_all(call: Call) -> Answer:
    params = call.params
    from_id = params.long("fromId")
    if from_id is not None and (params.has("startTime") or params.has("endTime")):
        raise ApiError.bad_combination()
    start, end = time_range(params)
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    found = [
        one
        for one in call.exchange.engine.orders_of(call.account).lists.values()
        if (from_id is None or one.id >= from_id) and within(one.created, start, end)
    ]
    oldest_first = from_id is not None or start is not None
    return [shown_list(one, call.time_of) for one in (found[:limit] if oldest_first else found[-limit:])]


def _query_open(call: Call) -> Answer:
    return [shown_list(one, call.time_of) for one in call.exchange.engine.orders_of(call.account).open_lists()]


LIST_QUERIES: Final = (
    Endpoint("DELETE", "/api/v3/orderList", _cancel, 1, Security.SIGNED, free_when_done=True),
    Endpoint("GET", "/api/v3/orderList", _query, 4, Security.SIGNED),
    Endpoint("GET", "/api/v3/allOrderList", _query_all, 20, Security.SIGNED),
    Endpoint("GET", "/api/v3/openOrderList", _query_open, 6, Security.SIGNED),
)
