"""What an account is told of itself (Binance spot user-data-stream.md and enums.md, 2026-07-21).

An order's figures are those of the query endpoint, so a report and a query never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from yunmin.simulation.ledger import Account
from yunmin.simulation.order_lists import NewList, OrderList
from yunmin.simulation.orders import EngineEvent, EventKind, Order, PreventedMatch
from yunmin.simulation.units import cost_of
from yunmin_binance.venue.outside import Movement
from yunmin_binance.venue.wire import TimeOf, amount, queried_order, shown_list

__all__ = [
    "EXECUTIONS",
    "LIST_STATUSES",
    "account_position",
    "balance_movement",
    "execution_report",
    "list_status",
    "reject_reason",
    "rejected_list",
    "rejection_report",
    "stream_terminated",
]

EXECUTIONS: Final = {
    EventKind.ACCEPTED: "NEW",
    EventKind.RELEASED: "NEW",  # again, now that the order before it is filled
    EventKind.TRIGGERED: "NEW",  # again, now on the book
    EventKind.AMENDED: "REPLACED",
    EventKind.PREVENTED: "TRADE_PREVENTION",
    EventKind.TRADED: "TRADE",
    EventKind.CANCELLED: "CANCELED",
    EventKind.EXPIRED: "EXPIRED",
}
"""The execution type of what happens to an order. REJECTED stands for replacements that are refused only."""


LIST_STATUSES: Final = {
    EventKind.LIST_STARTED: ("EXEC_STARTED", "EXECUTING"),
    EventKind.LIST_RENAMED: ("UPDATED", "EXECUTING"),
    EventKind.LIST_DONE: ("ALL_DONE", "ALL_DONE"),
}
"""listStatusType and listOrderStatus of what happens to a list (enums.md)."""

_REFUSED_LIST: Final = ("RESPONSE", "REJECT")
_NO_LIST: Final = -1

_REJECT_REASONS: Final = {
    "Account has insufficient balance for requested action.": "INSUFFICIENT_BALANCES",
    "Order would trigger immediately.": "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY",
    "Order would immediately match and take.": "WOULD_MATCH_IMMEDIATELY",
    "The relationship of the prices for the orders is not correct.": "OCO_BAD_PRICES",
}


def execution_report(
    event: EngineEvent,
    *,
    execution_id: int,
    cancel_id: str | None,
    replaced_id: str | None,
    prevented: PreventedMatch | None,
    time_of: TimeOf,
) -> dict[str, object]:
    """`cancel_id` names the cancel where this is one: then `c` is the cancel's name and `C` the order's.

    `replaced_id` is the name that an amended order had before: then `C`. `prevented` is the trade that did not happen
    where the event tells of one.
    """
    order, fill = event.order, event.fill
    is_cancel = event.kind is EventKind.CANCELLED
    report = _report(order, EXECUTIONS[event.kind], event.time, execution_id, time_of)
    if is_cancel:
        report |= {"c": cancel_id or order.client_order_id, "C": order.client_order_id}
    elif replaced_id is not None:
        report["C"] = replaced_id
    if fill is not None:
        report |= {
            "l": amount(fill.qty),
            "L": amount(fill.price),
            "n": amount(fill.fee),
            "N": fill.fee_asset,
            "t": fill.trade_id,
            "m": fill.is_maker,
            "Y": amount(fill.cost),
        }
    if prevented is not None:
        report |= _prevention(order, prevented)
    return report


def rejection_report(order: Order, message: str, *, execution_id: int, now: int, time_of: TimeOf) -> dict[str, object]:
    """Of an order that was to replace another one and never came to be; `message` is the error that it was told."""
    report = _report(order, "REJECTED", now, execution_id, time_of)
    return {**report, "r": reject_reason(message)}


def _report(order: Order, execution: str, now: int, execution_id: int, time_of: TimeOf) -> dict[str, object]:
    """What every report says, in the order of the documented sample, and then what only some orders have."""
    shown = queried_order(order, {}, time_of)
    working_time = {"W": shown["workingTime"]} if order.working_since else {}
    return {
        "e": "executionReport",
        "E": time_of(now),
        "s": shown["symbol"],
        "c": shown["clientOrderId"],
        "S": shown["side"],
        "o": shown["type"],
        "f": shown["timeInForce"],
        "q": shown["origQty"],
        "p": shown["price"],
        "P": shown["stopPrice"],
        "F": shown["icebergQty"],
        "g": shown["orderListId"],
        "C": "",
        "x": execution,
        "X": shown["status"],
        "r": "NONE",
        "i": shown["orderId"],
        "l": amount(0),
        "z": shown["executedQty"],
        "L": amount(0),
        "n": "0",
        "N": None,
        "T": time_of(now),
        "t": -1,
        "I": execution_id,
        "w": shown["isWorking"] and order.is_open and order.expiry_reason is None,
        "m": False,
        "M": False,
        "O": shown["time"],
        "Z": shown["cummulativeQuoteQty"],
        "Y": amount(0),
        "Q": shown["origQuoteOrderQty"],
        **working_time,
        "V": shown["selfTradePreventionMode"],
        **{short: shown[name] for short, name in _CONDITIONAL.items() if name in shown},
    }


# the conditional fields that a report shares with the query of an order (user-data-stream.md)
_CONDITIONAL: Final = {
    "d": "trailingDelta",
    "D": "trailingTime",
    "v": "preventedMatchId",
    "A": "preventedQuantity",
    "gP": "pegPriceType",
    "gOT": "pegOffsetType",
    "gOV": "pegOffsetValue",
    "gp": "peggedPrice",
    "eR": "expiryReason",
}


def _prevention(order: Order, match: PreventedMatch) -> dict[str, object]:
    """What ended of `order` in place of a trade, and what that would have been."""
    is_taker = order.id == match.taker_order_id
    return {
        "B": amount(match.taker_qty if is_taker else match.maker_qty),
        "u": match.trade_group,
        "U": match.maker_order_id if is_taker else match.taker_order_id,
        "Cs": match.market,
        "pl": amount(match.qty),
        "pL": amount(match.price),
        "pY": amount(cost_of(match.price, match.qty)),
    }


def list_status(event: EngineEvent, group: OrderList, time_of: TimeOf) -> dict[str, object]:
    """What has happened to a list."""
    return _list_status(LIST_STATUSES[event.kind], shown_list(group, time_of), "NONE", time_of(event.time))


def rejected_list(new: NewList, message: str, *, now: int, time_of: TimeOf) -> dict[str, object]:
    """A list that was not placed: it has no number, nor have its orders."""
    orders = [{"symbol": one.market, "orderId": _NO_LIST, "clientOrderId": one.client_order_id} for one in new.orders]
    shown: dict[str, object] = {
        "symbol": new.orders[0].market,
        "orderListId": _NO_LIST,
        "contingencyType": "OCO" if new.working is None else "OTO",
        "listClientOrderId": new.client_list_id,
    }
    return _list_status(_REFUSED_LIST, {**shown, "orders": orders}, reject_reason(message), time_of(now))


def _list_status(status: tuple[str, str], shown: dict[str, object], reason: str, moment: int) -> dict[str, object]:
    orders = cast("list[dict[str, object]]", shown["orders"])
    return {
        "e": "listStatus",
        "E": moment,
        "s": shown["symbol"],
        "g": shown["orderListId"],
        "c": shown["contingencyType"],
        "l": status[0],
        "L": status[1],
        "r": reason,
        "C": shown["listClientOrderId"],
        "T": moment,
        "O": [{"s": one["symbol"], "i": one["orderId"], "c": one["clientOrderId"]} for one in orders],
    }


def reject_reason(message: str) -> str:
    """The `r` that stands for an error's text (section Order Reject Reason); NONE where there is no word for it."""
    return _REJECT_REASONS.get(message, "NONE")


def account_position(account: Account, assets: Iterable[str], now: int, time_of: TimeOf) -> dict[str, object]:
    return {
        "e": "outboundAccountPosition",
        "E": time_of(now),
        "u": time_of(account.updated),
        "B": [{"a": asset, "f": amount(account.free[asset]), "l": amount(account.locked[asset])} for asset in assets],
    }


def balance_movement(movement: Movement, now: int, time_of: TimeOf) -> dict[str, object]:
    """A deposit, a withdrawal, or a lock by another system."""
    moved = {"a": movement.asset, "d": amount(movement.units), "T": time_of(now)}
    return {"e": movement.kind.value, "E": time_of(now), **moved}


def stream_terminated(now: int, time_of: TimeOf) -> dict[str, object]:
    return {"e": "eventStreamTerminated", "E": time_of(now)}
