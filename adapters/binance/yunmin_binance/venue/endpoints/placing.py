"""A new order as it is asked for and as it is answered (Binance spot REST docs, 2026-07-21, section New order)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.orders import NewOrder, Order, PreventedMatch, SelfTradePrevention
from yunmin.simulation.stops import STOP_LIMIT_TYPES, STOP_TYPES
from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.filters import is_priceless
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.wire import new_order_fill, new_prevented_match, placed_order

__all__ = ["Draft", "Response", "answer_placed", "read_draft", "read_labels", "read_self_trade"]


class Response(StrEnum):
    """How much of a new order is told."""

    ACK = "ACK"
    RESULT = "RESULT"
    FULL = "FULL"


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


def _prevented_by(call: Call, order: Order) -> list[PreventedMatch]:
    """What `order` did not trade with, as taker."""
    if order.self_trade is SelfTradePrevention.NONE:
        return []
    matches = call.exchange.floor(order.market).prevented
    return [match for match in matches if match.taker_order_id == order.id]


def read_draft(call: Call) -> Draft:
    """What the parameters ask for; ApiError where they do not hang together."""
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
        self_trade=read_self_trade(params),
        stop_price=params.required_units("stopPrice") if order_type in STOP_TYPES else 0,
    )
    response = params.choice("newOrderRespType", Response, ApiError.invalid("newOrderRespType"))
    by_default = Response.FULL if order_type in _FULL_BY_DEFAULT else Response.ACK
    return Draft(new, read_labels(params), response or by_default)


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


def read_self_trade(params: Params) -> SelfTradePrevention:
    """The parameter selfTradePreventionMode."""
    name = "selfTradePreventionMode"
    if params.text(name) == _TRANSFER:
        raise ApiError.self_trade_mode_not_allowed()
    return params.choice(name, SelfTradePrevention, ApiError.invalid(name)) or SelfTradePrevention.NONE


def read_labels(params: Params, id_name: str = "strategyId", type_name: str = "strategyType") -> dict[str, int]:
    """The strategy that the order is labelled with, if any."""
    strategy_type = params.long(type_name)
    if strategy_type is not None and strategy_type < _LEAST_STRATEGY_TYPE:
        raise ApiError.strategy_type_too_small()
    labels = {"strategyId": params.long(id_name), "strategyType": strategy_type}
    return {name: value for name, value in labels.items() if value is not None}
