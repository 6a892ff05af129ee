"""From the engine's values to Binance's JSON: amounts, orders, fills, trades.

Binance spot REST docs, 2026-07-21. Amounts are texts with eight decimals. `cummulativeQuoteQty` is spelled like this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.ledger import NO_TRADE_GROUP
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import AccountFill, Amendment, ExpiryReason, Order, PegSide, PreventedMatch
from yunmin.simulation.stops import STOP_TYPES
from yunmin.simulation.units import SCALE

__all__ = [
    "TimeOf",
    "account_trade",
    "amended_order",
    "amendment",
    "amount",
    "cancelled_order",
    "list_id_of",
    "new_order_fill",
    "new_prevented_match",
    "pending_order",
    "percent",
    "placed_order",
    "prevented_match",
    "queried_order",
    "shown_list",
]

TimeOf = Callable[[int], int]
"""Turns microseconds into what the request asked for: milliseconds or microseconds."""

_STATUS: Final[dict[OrderState, str]] = {
    OrderState.OPEN: "NEW",
    OrderState.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderState.FILLED: "FILLED",
    OrderState.CANCELLED: "CANCELED",
    OrderState.EXPIRED: "EXPIRED",
    OrderState.REJECTED: "REJECTED",
}

_EXPIRY: Final[dict[ExpiryReason, str]] = {
    ExpiryReason.UNFILLED_IOC: "UNFILLED_IOC_QUANTITY_EXPIRED",
    ExpiryReason.UNFILLED_FOK: "UNFILLED_FOK_ORDER_EXPIRED",
    ExpiryReason.NO_LIQUIDITY: "INSUFFICIENT_LIQUIDITY",
    ExpiryReason.LIST_DECIDED: "OCO_TRIGGER",
    ExpiryReason.NO_FUNDS: "REJECTED",
    ExpiryReason.PRICE_OUT_OF_BOUNDS: "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
    ExpiryReason.REFUSED_AT_WORK: "REJECTED",
    ExpiryReason.WORKING_ORDER_ENDED: "OTO_PHASE_ONE_EXPIRED",
}
_PEGS: Final[dict[PegSide, str]] = {PegSide.OWN: "PRIMARY_PEG", PegSide.OPPOSITE: "MARKET_PEG"}

_PERCENT_PLACES: Final = 1000
_NO_LIST: Final = -1
_NOT_WORKING: Final = -1
_PENDING: Final = "PENDING_NEW"


def amount(units: int) -> str:
    """Whole units of 10^-8 with eight decimals."""
    if units < 0:
        return f"-{amount(-units)}"
    return f"{units // SCALE}.{units % SCALE:08d}"


def percent(change: int, base: int) -> str:
    """`change` in hundredths of `base`, with three decimals, towards zero."""
    thousandths = abs(change) * 100 * _PERCENT_PLACES // base if base else 0
    whole, rest = divmod(thousandths, _PERCENT_PLACES)
    return f"{'-' if change < 0 and thousandths else ''}{whole}.{rest:03d}"


def placed_order(order: Order, labels: Mapping[str, int], time_of: TimeOf) -> dict[str, object]:
    """The RESULT answer to a new order; its first five entries are the ACK answer (section New order)."""
    group = order.owner.trade_group
    return {
        "symbol": order.market,
        "orderId": order.id,
        "orderListId": list_id_of(order),
        "clientOrderId": order.client_order_id,
        "transactTime": time_of(order.created),
        **_figures(order),
        **_stop(order, time_of),
        "workingTime": _working_time(order, time_of),
        "selfTradePreventionMode": order.self_trade.value,
        **({"tradeGroupId": group} if order.prevented and group != NO_TRADE_GROUP else {}),
        **_conditional(order, labels),
    }


def pending_order(order: Order, labels: Mapping[str, int], time_of: TimeOf) -> dict[str, object]:
    """The same of an order that waits for another one: as it was placed, even where it works by now (New OTO)."""
    shown = placed_order(order, labels, time_of)
    shown |= {
        "executedQty": amount(0),
        "cummulativeQuoteQty": amount(0),
        "status": _PENDING,
        "workingTime": _NOT_WORKING,
    }
    if order.group is not None and order.group.pays:
        del shown["origQty"]
    for name in ("peggedPrice", "expiryReason"):
        shown.pop(name, None)
    return shown


def cancelled_order(order: Order, cancel_id: str, labels: Mapping[str, int], time_of: TimeOf) -> dict[str, object]:
    """The answer to a cancel: `clientOrderId` names the cancel, `origClientOrderId` the order."""
    return {
        "symbol": order.market,
        "origClientOrderId": order.client_order_id,
        "orderId": order.id,
        "orderListId": list_id_of(order),
        "clientOrderId": cancel_id,
        "transactTime": time_of(order.updated),
        **_figures(order),
        **_stop(order, time_of),
        "selfTradePreventionMode": order.self_trade.value,
        **_conditional(order, labels),
    }


def queried_order(order: Order, labels: Mapping[str, int], time_of: TimeOf) -> dict[str, object]:
    """An order as the query endpoints show it (section Query order)."""
    return {
        "symbol": order.market,
        "orderId": order.id,
        "orderListId": list_id_of(order),
        "clientOrderId": order.client_order_id,
        **_figures(order),
        "stopPrice": amount(order.stop_price),
        "icebergQty": amount(order.asked.iceberg_qty),
        **_trail(order, time_of),
        "time": time_of(order.created),
        "updateTime": time_of(order.updated),
        "isWorking": order.working_since > 0,
        "workingTime": _working_time(order, time_of),
        "selfTradePreventionMode": order.self_trade.value,
        **_conditional(order, labels),
    }


def amended_order(order: Order, done: Amendment, labels: Mapping[str, int], time_of: TimeOf) -> dict[str, object]:
    """The `amendedOrder` of an amendment; its fields are spelled unlike those of the other answers."""
    working = {"workingTime": time_of(order.working_since)} if order.working_since else {}
    return {
        "symbol": order.market,
        "orderId": order.id,
        "orderListId": list_id_of(order),
        "origClientOrderId": done.old_client_order_id,
        "clientOrderId": done.new_client_order_id,
        "price": amount(order.asked.price),
        "qty": amount(order.qty),
        "executedQty": amount(order.filled),
        "preventedQty": amount(order.prevented),
        "quoteOrderQty": amount(order.quote_qty),
        "cumulativeQuoteQty": amount(order.quote_spent),
        "status": _status_of(order),
        "timeInForce": order.time_in_force.value,
        "type": order.order_type.value,
        "side": order.side.value,
        **_stop(order, time_of),
        **working,
        "selfTradePreventionMode": order.self_trade.value,
        **labels,
    }


def amendment(done: Amendment, time_of: TimeOf) -> dict[str, object]:
    """One amendment (section Query Order Amendments)."""
    return {
        "symbol": done.market,
        "orderId": done.order_id,
        "executionId": done.id,
        "origClientOrderId": done.old_client_order_id,
        "newClientOrderId": done.new_client_order_id,
        "origQty": amount(done.old_qty),
        "newQty": amount(done.new_qty),
        "time": time_of(done.time),
    }


def new_order_fill(fill: AccountFill) -> dict[str, object]:
    """One of the `fills` of a FULL answer."""
    return {
        "price": amount(fill.price),
        "qty": amount(fill.qty),
        "commission": amount(fill.fee),
        "commissionAsset": fill.fee_asset,
        "tradeId": fill.trade_id,
    }


def new_prevented_match(match: PreventedMatch) -> dict[str, object]:
    """One of the `preventedMatches` of a FULL answer, as the taker sees it (stp_faq.md)."""
    return {
        "preventedMatchId": match.id,
        "makerSymbol": match.market,
        "makerOrderId": match.maker_order_id,
        "price": amount(match.price),
        **_prevented_quantities(match),
    }


def prevented_match(match: PreventedMatch, time_of: TimeOf) -> dict[str, object]:
    """One trade that was prevented (section Query Prevented Matches)."""
    return {
        "symbol": match.market,
        "preventedMatchId": match.id,
        "takerOrderId": match.taker_order_id,
        "makerSymbol": match.market,
        "makerOrderId": match.maker_order_id,
        "tradeGroupId": match.trade_group,
        "selfTradePreventionMode": match.mode.value,
        "price": amount(match.price),
        **_prevented_quantities(match),
        "transactTime": time_of(match.time),
    }


def _prevented_quantities(match: PreventedMatch) -> dict[str, object]:
    parts = {"takerPreventedQuantity": match.taker_qty, "makerPreventedQuantity": match.maker_qty}
    return {name: amount(qty) for name, qty in parts.items() if qty}


def account_trade(fill: AccountFill, list_id: int, time_of: TimeOf) -> dict[str, object]:
    """One trade of an account (section Account trade list)."""
    return {
        "symbol": fill.market,
        "id": fill.trade_id,
        "orderId": fill.order_id,
        "orderListId": list_id,
        "price": amount(fill.price),
        "qty": amount(fill.qty),
        "quoteQty": amount(fill.cost),
        "commission": amount(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": time_of(fill.time),
        "isBuyer": fill.is_buyer,
        "isMaker": fill.is_maker,
        "isBestMatch": True,
    }


def _figures(order: Order) -> dict[str, object]:
    return {
        "price": amount(order.asked.price),
        **_peg(order),
        "origQty": amount(order.qty),
        "executedQty": amount(order.filled),
        "origQuoteOrderQty": amount(order.quote_qty),
        "cummulativeQuoteQty": amount(order.quote_spent),
        "status": _status_of(order),
        "timeInForce": order.time_in_force.value,
        "type": order.order_type.value,
        "side": order.side.value,
    }


def _peg(order: Order) -> dict[str, object]:
    """How a pegged order takes its price, and the price once it has one (pegged_orders.md)."""
    peg = order.asked.peg
    if peg is None:
        return {}
    offset = {} if peg.level is None else {"pegOffsetType": "PRICE_LEVEL", "pegOffsetValue": peg.level}
    found = {"peggedPrice": amount(order.price)} if order.price else {}
    return {"pegPriceType": _PEGS[peg.side], **offset, **found}


def _status_of(order: Order) -> str:
    if order.is_pending and order.is_open:
        return _PENDING
    return "EXPIRED_IN_MATCH" if order.expiry_reason is ExpiryReason.SELF_TRADE else _STATUS[order.state]


def list_id_of(order: Order | None) -> int:
    """The order's list, -1 where it is in none."""
    return _NO_LIST if order is None or order.group is None else order.group.id


def shown_list(one: OrderList, time_of: TimeOf) -> dict[str, object]:
    """An order list as it stands (section Query Order list)."""
    return {
        "orderListId": one.id,
        "contingencyType": "OTO" if one.has_working else "OCO",
        "listStatusType": "EXEC_STARTED" if one.is_open else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if one.is_open else "ALL_DONE",
        "listClientOrderId": one.client_list_id,
        "transactionTime": time_of(one.updated),
        "symbol": one.market,
        "orders": [
            {"symbol": order.market, "orderId": order.id, "clientOrderId": order.client_order_id}
            for order in one.orders
        ],
    }


def _stop(order: Order, time_of: TimeOf) -> dict[str, object]:
    fields: dict[str, object] = {}
    if order.order_type in STOP_TYPES:
        fields["stopPrice"] = amount(order.stop_price)
    if order.asked.iceberg_qty:
        fields["icebergQty"] = amount(order.asked.iceberg_qty)
    return {**fields, **_trail(order, time_of)}


def _trail(order: Order, time_of: TimeOf) -> dict[str, object]:
    if not order.asked.trailing_delta:
        return {}
    since = 0 if order.trail is None else order.trail.since
    return {"trailingDelta": order.asked.trailing_delta, "trailingTime": time_of(since) if since else _NOT_WORKING}


def _working_time(order: Order, time_of: TimeOf) -> int:
    return time_of(order.working_since) if order.working_since else _NOT_WORKING


def _conditional(order: Order, labels: Mapping[str, int]) -> dict[str, object]:
    fields: dict[str, object] = dict(labels)
    if order.prevented:
        fields |= {"preventedMatchId": order.prevented_match, "preventedQuantity": amount(order.prevented)}
    if order.expiry_reason in _EXPIRY:
        fields["expiryReason"] = _EXPIRY[order.expiry_reason]
    return fields
