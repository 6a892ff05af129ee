"""The terms of one new order among the parameters of a request, alone or as a leg of a list.

Binance spot REST docs, 2026-07-21, sections New order and Order lists. A leg's parameters carry its name before theirs:
`stopPrice` is `aboveStopPrice` for the leg `above`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.orders import NewOrder, Peg, PegSide, SelfTradePrevention
from yunmin.simulation.stops import STOP_LIMIT_TYPES, STOP_TYPES
from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.errors import ApiError, filter_failure
from yunmin_binance.venue.filters import is_priceless
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["Leg", "read_labels", "read_order"]

_NOT_REQUIRED: Final = {
    OrderType.LIMIT: ("quoteOrderQty", "stopPrice", "trailingDelta"),
    OrderType.MARKET: ("price", "timeInForce", "stopPrice", "trailingDelta", "icebergQty"),
    OrderType.LIMIT_MAKER: ("timeInForce", "quoteOrderQty", "stopPrice", "trailingDelta"),
    OrderType.STOP_LOSS: ("price", "timeInForce", "quoteOrderQty", "icebergQty"),
    OrderType.STOP_LOSS_LIMIT: ("quoteOrderQty",),
    OrderType.TAKE_PROFIT: ("price", "timeInForce", "quoteOrderQty", "icebergQty"),
    OrderType.TAKE_PROFIT_LIMIT: ("quoteOrderQty",),
}
_WITH_TIME_IN_FORCE: Final = STOP_LIMIT_TYPES | {OrderType.LIMIT}
_LEAST_STRATEGY_TYPE: Final = 1_000_000
_MOST_PEG_OFFSET: Final = 100

_BAD_TYPE: Final = (-1116, "Invalid orderType.")
_BAD_SIDE: Final = (-1117, "Invalid side.")


class _PegPriceType(StrEnum):
    PRIMARY_PEG = "PRIMARY_PEG"
    MARKET_PEG = "MARKET_PEG"


class _PegOffsetType(StrEnum):
    PRICE_LEVEL = "PRICE_LEVEL"


_PEG_SIDES: Final = {_PegPriceType.PRIMARY_PEG: PegSide.OWN, _PegPriceType.MARKET_PEG: PegSide.OPPOSITE}


@dataclass(frozen=True, slots=True)
class Leg:
    """Which parameters hold an order: `name` goes before its own, `shared` before its side and quantity.

    `types` are those that it may have, and `refused` what is said of any other; `fixed_type` is one that is not asked
    for. `is_unsized` is an order whose quantity another one will give. `renamed` are parameters with other names.
    """

    name: str = ""
    shared: str = ""
    types: frozenset[OrderType] = frozenset(OrderType)
    refused: tuple[int, str] = _BAD_TYPE
    is_unsized: bool = False
    fixed_type: OrderType | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)

    def of(self, parameter: str) -> str:
        """The name that this parameter has for this leg."""
        return self.renamed.get(parameter) or _prefixed(self.name, parameter)

    def of_all(self, parameter: str) -> str:
        """The same for a parameter that legs share."""
        return _prefixed(self.shared, parameter)

    @property
    def client_order_id(self) -> str:
        return self.of("clientOrderId") if self.name else "newClientOrderId"


def _prefixed(prefix: str, parameter: str) -> str:
    return f"{prefix}{parameter[0].upper()}{parameter[1:]}" if prefix else parameter


def read_order(call: Call, leg: Leg) -> NewOrder:
    """What the parameters ask for; ApiError where they do not hang together."""
    params = call.params
    symbol = call.exchange.floor(params.required_symbol()).market.symbol
    side = params.required_choice(leg.of_all("side"), Side, ApiError(*_BAD_SIDE))
    order_type = leg.fixed_type or _read_type(params, leg)
    params.refuse(*(leg.of(name) for name in _NOT_REQUIRED[order_type]))
    peg = _read_peg(params, leg, order_type)
    qty, quote_qty = _read_amounts(params, leg, order_type)
    new = NewOrder(
        account=call.account,
        market=symbol,
        side=side,
        order_type=order_type,
        client_order_id=params.client_order_id(leg.client_order_id) or call.exchange.new_client_order_id(),
        qty=qty,
        price=_read_price(params, leg, order_type, peg),
        quote_qty=quote_qty,
        time_in_force=_read_time_in_force(params, leg, order_type),
        self_trade=_read_self_trade(params, call.exchange.rules[symbol]),
        stop_price=params.units(leg.of("stopPrice")) or 0,
        trailing_delta=_read_trailing_delta(params, leg),
        iceberg_qty=params.units(leg.of("icebergQty")) or 0,
        peg=peg,
    )
    if order_type in STOP_TYPES and not (params.has(leg.of("stopPrice")) or new.trailing_delta):
        raise ApiError.missing_both(leg.of("stopPrice"), leg.of("trailingDelta"))
    if peg is not None:
        _refuse_peg(new, peg)
    return new


def _read_type(params: Params, leg: Leg) -> OrderType:
    order_type = params.required_choice(leg.of("type"), OrderType, ApiError(*leg.refused))
    if order_type not in leg.types:
        raise ApiError(*leg.refused)
    return order_type


def _read_amounts(params: Params, leg: Leg, order_type: OrderType) -> tuple[int, int]:
    """(quantity, quote quantity), zero for what there is not."""
    if leg.is_unsized:
        if params.has(leg.of_all("quantity")):
            raise ApiError(-1225, f"Pending orders should not include the '{leg.of_all('quantity')}' tag.")
        return 0, 0
    if order_type is not OrderType.MARKET or leg.name:
        return params.required_units(leg.of_all("quantity")), 0
    qty, quote_qty = params.units("quantity"), params.units("quoteOrderQty")
    if qty is None and quote_qty is None:
        raise ApiError.missing_both("quantity", "quoteOrderQty")
    if qty is not None and quote_qty is not None:
        raise ApiError.bad_combination()
    if quote_qty == 0:
        raise ApiError.invalid("quoteOrderQty")
    return qty or 0, quote_qty or 0


def _read_price(params: Params, leg: Leg, order_type: OrderType, peg: Peg | None) -> int:
    if is_priceless(order_type):
        return 0
    price = params.units(leg.of("price"))
    if price is None and peg is None:
        raise ApiError.missing(leg.of("price"))
    return price or 0


def _read_time_in_force(params: Params, leg: Leg, order_type: OrderType) -> TimeInForce:
    if order_type not in _WITH_TIME_IN_FORCE:
        return TimeInForce.GTC
    return params.required_choice(leg.of("timeInForce"), TimeInForce, ApiError(-1115, "Invalid timeInForce."))


def _read_trailing_delta(params: Params, leg: Leg) -> int:
    delta = params.long(leg.of("trailingDelta"))
    if delta == 0:
        raise filter_failure("TRAILING_DELTA")
    return delta or 0


def _read_peg(params: Params, leg: Leg, order_type: OrderType) -> Peg | None:
    type_name, offset_name, value_name = (leg.of(f"peg{end}") for end in ("PriceType", "OffsetType", "OffsetValue"))
    price_type = params.choice(type_name, _PegPriceType, ApiError(-1210, "Invalid pegPriceType."))
    offset = params.choice(offset_name, _PegOffsetType, ApiError(-1211, "Invalid pegOffsetType."))
    level = params.long(value_name)
    if (offset is None) is not (level is None) or (price_type is None and offset is not None):
        together = (offset_name, value_name) if price_type is not None else (type_name, offset_name)
        recommended = "' and '".join(together)
        text = f"Combination of optional fields invalid. Recommendation: '{recommended}' must both be sent."
        raise ApiError(-1128, text)
    if price_type is None:
        return None
    if is_priceless(order_type):
        raise ApiError(-2010, "This order type may not use pegged price.")
    if level is not None and level > _MOST_PEG_OFFSET:
        raise ApiError.invalid(value_name)
    return Peg(_PEG_SIDES[price_type], level)


def _refuse_peg(new: NewOrder, peg: Peg) -> None:
    if new.order_type is OrderType.LIMIT_MAKER and peg.side is PegSide.OPPOSITE:
        raise ApiError(-2010, "This price peg cannot be used with this order type.")
    rests = peg.side is PegSide.OWN and new.order_type is OrderType.LIMIT
    if rests and new.time_in_force is not TimeInForce.GTC:
        raise ApiError(-2010, "Unsupported order combination")


def _read_self_trade(params: Params, rules: SymbolRules) -> SelfTradePrevention:
    name = "selfTradePreventionMode"
    mode = params.choice(name, SelfTradePrevention, ApiError.invalid(name))
    if mode is not None and mode not in rules.self_trade_modes:
        raise ApiError.self_trade_mode_not_allowed()
    return mode or rules.default_self_trade_mode


def read_labels(params: Params, leg: Leg) -> dict[str, int]:
    """The strategy that the order is labelled with, if any."""
    strategy_type = params.long(leg.of("strategyType"))
    if strategy_type is not None and strategy_type < _LEAST_STRATEGY_TYPE:
        raise ApiError.strategy_type_too_small()
    labels = {"strategyId": params.long(leg.of("strategyId")), "strategyType": strategy_type}
    return {name: value for name, value in labels.items() if value is not None}
