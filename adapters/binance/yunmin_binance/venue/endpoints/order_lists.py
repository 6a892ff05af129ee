"""Order lists: one cancels the other (Binance spot REST docs, 2026-07-21, Order lists)."""

from __future__ import annotations

from typing import Final

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import NewOrder
from yunmin.simulation.stops import STOP_LIMIT_TYPES, STOP_TYPES, rises_to
from yunmin_binance.venue.endpoints.account import time_range, within
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.cancelling import cancel_one, read_cancel_id
from yunmin_binance.venue.endpoints.placing import Draft, Response, answer_placed, read_labels, read_self_trade
from yunmin_binance.venue.errors import ApiError, wrong_prices
from yunmin_binance.venue.filters import is_priceless
from yunmin_binance.venue.wire import shown_list

__all__ = ["ORDER_LISTS"]

_DEFAULT_LIMIT: Final = 500
_MOST: Final = 1000

_LEG_TYPES: Final = STOP_TYPES | {OrderType.LIMIT_MAKER}
_STOP_LOSSES: Final = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})

_NOT_SUPPORTED: Final = {
    "TrailingDelta": "Trailing stop orders are not supported for this symbol.",
    "IcebergQty": "Iceberg orders are not supported for this symbol.",
    "PegPriceType": "Pegged orders are not supported for this symbol.",
    "PegOffsetType": "Pegged orders are not supported for this symbol.",
    "PegOffsetValue": "Pegged orders are not supported for this symbol.",
}

# errors.md, -1165 to -1199: which leg stands on the wrong side of the market
_MISPLACED: Final = {
    (Side.BUY, OrderType.LIMIT_MAKER): (-1165, "A limit order in a buy OCO must be below."),
    (Side.SELL, OrderType.LIMIT_MAKER): (-1166, "A limit order in a sell OCO must be above."),
    (Side.BUY, OrderType.STOP_LOSS): (-1196, "A stop loss order in a buy OCO must be above."),
    (Side.SELL, OrderType.STOP_LOSS): (-1197, "A stop loss order in a sell OCO must be below."),
    (Side.BUY, OrderType.TAKE_PROFIT): (-1198, "A take profit order in a buy OCO must be below."),
    (Side.SELL, OrderType.TAKE_PROFIT): (-1199, "A take profit order in a sell OCO must be above."),
}
_KINDS: Final = {
    OrderType.STOP_LOSS_LIMIT: OrderType.STOP_LOSS,
    OrderType.TAKE_PROFIT_LIMIT: OrderType.TAKE_PROFIT,
}


def _oco(call: Call) -> Answer:
    above, below = _read_leg(call, "above"), _read_leg(call, "below")
    if above.new.order_type is below.new.order_type is OrderType.LIMIT_MAKER:
        raise ApiError(-1168, "At least one OCO order must be contingent.")
    for leg, is_above in ((above.new, True), (below.new, False)):
        if _belongs_above(leg) is not is_above:
            code, text = _MISPLACED[leg.side, _KINDS.get(leg.order_type, leg.order_type)]
            raise ApiError(code, text)
    return _place(call, above, below)


def _old_oco(call: Call) -> Answer:
    """The deprecated form: a limit order, and a stop loss with or without a limit."""
    params = call.params
    for name in ("trailingDelta", "limitIcebergQty", "stopIcebergQty"):
        if params.has(name):
            raise ApiError(-1013, _NOT_SUPPORTED["TrailingDelta" if name == "trailingDelta" else "IcebergQty"])
    price = params.required_units("price")
    stop_price = params.required_units("stopPrice")
    stop_limit = params.units("stopLimitPrice")
    stop_type = OrderType.STOP_LOSS if stop_limit is None else OrderType.STOP_LOSS_LIMIT
    in_force = _read_in_force(call, "stopLimitTimeInForce", stop_type)
    stop = _leg(call, "stop", stop_type, price=stop_limit or 0, stop_price=stop_price, in_force=in_force)
    limit = _leg(call, "limit", OrderType.LIMIT_MAKER, price=price)
    return _place(call, stop, limit)


def _read_leg(call: Call, name: str) -> Draft:
    params = call.params
    refused = ApiError(-1158, "Order type not supported in OCO.")
    order_type = params.required_choice(f"{name}Type", OrderType, refused)
    if order_type not in _LEG_TYPES:
        raise refused
    for suffix, message in _NOT_SUPPORTED.items():
        if params.has(name + suffix):
            raise ApiError(-1013, message)
    if is_priceless(order_type):
        params.refuse(f"{name}Price")
    if order_type not in STOP_TYPES:
        params.refuse(f"{name}StopPrice")
    return _leg(
        call,
        name,
        order_type,
        price=0 if is_priceless(order_type) else params.required_units(f"{name}Price"),
        stop_price=params.required_units(f"{name}StopPrice") if order_type in STOP_TYPES else 0,
        in_force=_read_in_force(call, f"{name}TimeInForce", order_type),
    )


def _leg(
    call: Call,
    name: str,
    order_type: OrderType,
    *,
    price: int,
    stop_price: int = 0,
    in_force: TimeInForce = TimeInForce.GTC,
) -> Draft:
    params = call.params
    new = NewOrder(
        account=call.account,
        market=call.exchange.floor(params.required_symbol()).market.symbol,
        side=params.required_choice("side", Side, ApiError(-1117, "Invalid side.")),
        order_type=order_type,
        client_order_id=params.client_order_id(f"{name}ClientOrderId") or call.exchange.new_client_order_id(),
        qty=params.required_units("quantity"),
        price=price,
        time_in_force=in_force,
        stop_price=stop_price,
        self_trade=read_self_trade(params),
    )
    response = params.choice("newOrderRespType", Response, ApiError.invalid("newOrderRespType"))
    labels = read_labels(params, f"{name}StrategyId", f"{name}StrategyType")
    return Draft(new, labels, response or Response.RESULT)


def _read_in_force(call: Call, name: str, order_type: OrderType) -> TimeInForce:
    if order_type not in STOP_LIMIT_TYPES:
        call.params.refuse(name)
        return TimeInForce.GTC
    return call.params.required_choice(name, TimeInForce, ApiError(-1115, "Invalid timeInForce."))


def _belongs_above(leg: NewOrder) -> bool:
    if leg.order_type is OrderType.LIMIT_MAKER:
        return leg.side is Side.SELL
    return rises_to(leg.order_type, is_buy=leg.side is Side.BUY)


def _place(call: Call, one: Draft, other: Draft) -> Answer:
    client_list_id = call.params.client_order_id("listClientOrderId") or call.exchange.new_client_order_id()
    call.params.refuse_unread()
    _refuse_wrong_prices(call, one.new, other.new)
    placed = call.exchange.submit_pair(one.new, other.new, (one.labels, other.labels), client_list_id)
    reports = [answer_placed(call, order, draft) for order, draft in zip(placed.orders, (one, other), strict=True)]
    return {**shown_list(placed, call.time_of), "orderReports": reports}


def _refuse_wrong_prices(call: Call, *legs: NewOrder) -> None:
    """Each leg's price, or its stop where that is what counts, lies on its own side of the last trade."""
    last = call.exchange.floor(legs[0].market).tape.last_price
    for leg in legs:
        counts = leg.stop_price if leg.order_type in _STOP_LOSSES or not leg.price else leg.price
        if last and (counts <= last if _belongs_above(leg) else counts >= last):
            raise wrong_prices()


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


ORDER_LISTS: Final = (
    Endpoint(
        "POST", "/api/v3/orderList/oco", _oco, 1, Security.SIGNED, free_when_done=True, places_order=True, order_count=2
    ),
    Endpoint(
        "POST", "/api/v3/order/oco", _old_oco, 1, Security.SIGNED, free_when_done=True, places_order=True, order_count=2
    ),
    Endpoint("DELETE", "/api/v3/orderList", _cancel, 1, Security.SIGNED, free_when_done=True),
    Endpoint("GET", "/api/v3/orderList", _query, 4, Security.SIGNED),
    Endpoint("GET", "/api/v3/allOrderList", _query_all, 20, Security.SIGNED),
    Endpoint("GET", "/api/v3/openOrderList", _query_open, 6, Security.SIGNED),
)
