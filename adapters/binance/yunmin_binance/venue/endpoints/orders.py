"""Trading endpoints: place, test and cancel (Binance spot REST docs, 2026-07-21, Trading endpoints)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, TimeInForce
from yunmin.simulation.orders import NewOrder, Order, PreventedMatch, Refusal, SelfTradePrevention
from yunmin.simulation.stops import STOP_LIMIT_TYPES, STOP_TYPES
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.endpoints.commission import discount, rates
from yunmin_binance.venue.endpoints.lookup import find_order
from yunmin_binance.venue.errors import ApiError, refused_cancel
from yunmin_binance.venue.filters import is_priceless
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.wire import cancelled_order, new_order_fill, new_prevented_match, placed_order

__all__ = ["ORDERS"]


class _Response(StrEnum):
    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


class _CancelRestriction(StrEnum):
    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


_ALLOWED_STATE: Final = {
    _CancelRestriction.ONLY_NEW: OrderState.OPEN,
    _CancelRestriction.ONLY_PARTIALLY_FILLED: OrderState.PARTIALLY_FILLED,
}

_FULL_BY_DEFAULT: Final = frozenset({OrderType.LIMIT, OrderType.MARKET})

_NOT_REQUIRED: Final = {
    OrderType.LIMIT: ("quoteOrderQty", "stopPrice", "trailingDelta"),
    OrderType.MARKET: ("price", "timeInForce", "stopPrice", "trailingDelta", "icebergQty"),
    OrderType.LIMIT_MAKER: ("timeInForce", "quoteOrderQty", "stopPrice", "trailingDelta"),
    OrderType.STOP_LOSS: ("price", "timeInForce", "quoteOrderQty", "icebergQty"),
    OrderType.STOP_LOSS_LIMIT: ("quoteOrderQty",),
    OrderType.TAKE_PROFIT: ("price", "timeInForce", "quoteOrderQty", "icebergQty"),
    OrderType.TAKE_PROFIT_LIMIT: ("quoteOrderQty",),
}

_UNSUPPORTED_PARAMETERS: Final = {
    "trailingDelta": "Trailing stop orders are not supported for this symbol.",
    "icebergQty": "Iceberg orders are not supported for this symbol.",
    "pegPriceType": "Pegged orders are not supported for this symbol.",
    "pegOffsetType": "Pegged orders are not supported for this symbol.",
    "pegOffsetValue": "Pegged orders are not supported for this symbol.",
}

_ACK_KEYS: Final = ("symbol", "orderId", "orderListId", "clientOrderId", "transactTime")
# the one mode of the exchange that needs groups of accounts, which the venue does not have
_TRANSFER: Final = "TRANSFER"
_LEAST_STRATEGY_TYPE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class _Draft:
    """A new order as it was asked for, with how it is to be answered."""

    new: NewOrder
    labels: dict[str, int]
    response: _Response


def _place(call: Call) -> Answer:
    draft = _read_draft(call)
    call.params.refuse_unread()
    order = call.exchange.submit(draft.new, draft.labels)
    return _answer(call, order, draft)


def _test(call: Call) -> Answer:
    draft = _read_draft(call)
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


def _answer(call: Call, order: Order, draft: _Draft) -> dict[str, object]:
    result = placed_order(order, draft.labels, call.time_of)
    if draft.response is _Response.ACK:
        return {key: result[key] for key in _ACK_KEYS}
    if draft.response is _Response.FULL:
        result["fills"] = [new_order_fill(fill) for fill in order.fills]
        prevented = _prevented_by(call, order)
        if prevented:
            result["preventedMatches"] = [new_prevented_match(match) for match in prevented]
    return result


def _prevented_by(call: Call, order: Order) -> list[PreventedMatch]:
    """What `order` did not trade with, as taker."""
    if order.self_trade is SelfTradePrevention.NONE:
        return []
    matches = call.exchange.floor(order.market).prevented
    return [match for match in matches if match.taker_order_id == order.id]


def _read_draft(call: Call) -> _Draft:
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    side = params.required_choice("side", Side, ApiError(-1117, "Invalid side."))
    order_type = _read_type(params)
    params.refuse(*_NOT_REQUIRED[order_type])
    _refuse_unsupported(params)
    qty, quote_qty, price = _read_amounts(params, order_type)
    new = NewOrder(
        account=call.account,
        market=symbol,
        side=side,
        order_type=order_type,
        client_order_id=params.client_order_id("newClientOrderId") or call.exchange.new_client_order_id(),
        qty=qty,
        price=price,
        quote_qty=quote_qty,
        time_in_force=_read_time_in_force(params, order_type),
        self_trade=_read_self_trade(params),
        stop_price=params.required_units("stopPrice") if order_type in STOP_TYPES else 0,
    )
    response = params.choice("newOrderRespType", _Response, ApiError.invalid("newOrderRespType"))
    by_default = _Response.FULL if order_type in _FULL_BY_DEFAULT else _Response.ACK
    return _Draft(new, _read_labels(params), response or by_default)


def _read_type(params: Params) -> OrderType:
    return params.required_choice("type", OrderType, ApiError(-1116, "Invalid orderType."))


def _refuse_unsupported(params: Params) -> None:
    for name, message in _UNSUPPORTED_PARAMETERS.items():
        if params.has(name):
            raise ApiError(-1013, message)


def _read_amounts(params: Params, order_type: OrderType) -> tuple[int, int, int]:
    """(quantity, quote quantity, price), zero for what this type does not have."""
    if order_type is not OrderType.MARKET:
        return params.required_units("quantity"), 0, 0 if is_priceless(order_type) else params.required_units("price")
    qty, quote_qty = params.units("quantity"), params.units("quoteOrderQty")
    if qty is None and quote_qty is None:
        raise ApiError.missing_both("quantity", "quoteOrderQty")
    if qty is not None and quote_qty is not None:
        raise ApiError.bad_combination()
    if quote_qty == 0:
        raise ApiError.invalid("quoteOrderQty")
    return qty or 0, quote_qty or 0, 0


def _read_time_in_force(params: Params, order_type: OrderType) -> TimeInForce:
    if order_type is not OrderType.LIMIT and order_type not in STOP_LIMIT_TYPES:
        return TimeInForce.GTC
    return params.required_choice("timeInForce", TimeInForce, ApiError(-1115, "Invalid timeInForce."))


def _read_self_trade(params: Params) -> SelfTradePrevention:
    name = "selfTradePreventionMode"
    if params.text(name) == _TRANSFER:
        raise ApiError.self_trade_mode_not_allowed()
    return params.choice(name, SelfTradePrevention, ApiError.invalid(name)) or SelfTradePrevention.NONE


def _read_labels(params: Params) -> dict[str, int]:
    strategy_type = params.long("strategyType")
    if strategy_type is not None and strategy_type < _LEAST_STRATEGY_TYPE:
        raise ApiError.strategy_type_too_small()
    labels = {"strategyId": params.long("strategyId"), "strategyType": strategy_type}
    return {name: value for name, value in labels.items() if value is not None}


def _cancel(call: Call) -> Answer:
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    order = find_order(call, symbol, missing=ApiError.unknown_order())
    cancel_id = params.client_order_id("newClientOrderId") or call.exchange.new_client_order_id()
    only = params.choice("cancelRestrictions", _CancelRestriction, ApiError.bad_cancel_restrictions())
    params.refuse_unread()
    if only is not None and order.is_open and order.state is not _ALLOWED_STATE[only]:
        raise ApiError.cancel_restricted()
    return _cancel_one(call, order, cancel_id)


def _cancel_all(call: Call) -> Answer:
    symbol = call.exchange.floor(call.params.required_symbol()).market.symbol
    call.params.refuse_unread()
    orders = call.exchange.engine.orders_of(call.account).open_orders(symbol)
    if not orders:
        raise ApiError.unknown_order()
    cancel_id = call.exchange.new_client_order_id()
    return [_cancel_one(call, order, cancel_id) for order in orders]


def _cancel_one(call: Call, order: Order, cancel_id: str) -> dict[str, object]:
    done = call.exchange.engine.cancel(call.account, order.market, order.id)
    if isinstance(done, Refusal):
        raise refused_cancel()
    return cancelled_order(done, cancel_id, call.exchange.labels_of(done), call.time_of)


def _weight_of_test(sent: Mapping[str, str]) -> int:
    return 20 if sent.get("computeCommissionRates") == "true" else 1


ORDERS: Final = (
    Endpoint("POST", "/api/v3/order", _place, 1, Security.SIGNED, free_when_done=True, places_order=True),
    Endpoint("POST", "/api/v3/order/test", _test, _weight_of_test, Security.SIGNED),
    Endpoint("DELETE", "/api/v3/order", _cancel, 1, Security.SIGNED, free_when_done=True),
    Endpoint("DELETE", "/api/v3/openOrders", _cancel_all, 1, Security.SIGNED, free_when_done=True),
)
