"""What an account is told of itself (Binance spot user-data-stream.md and enums.md, 2026-07-21).

An order's figures are those of the query endpoint, so a report and a query never disagree.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from yunmin.simulation.ledger import Account
from yunmin.simulation.orders import EngineEvent, EventKind
from yunmin_binance.venue.wire import TimeOf, amount, queried_order

__all__ = ["EXECUTIONS", "account_position", "balance_update", "execution_report", "stream_terminated"]

EXECUTIONS: Final = {
    EventKind.ACCEPTED: "NEW",
    EventKind.TRIGGERED: "NEW",  # again, now on the book
    EventKind.AMENDED: "REPLACED",
    EventKind.PREVENTED: "TRADE_PREVENTION",
    EventKind.TRADED: "TRADE",
    EventKind.CANCELLED: "CANCELED",
    EventKind.EXPIRED: "EXPIRED",
}
"""The execution type of what happens to an order. REJECTED stands for replacements that are refused only."""


def execution_report(
    event: EngineEvent, *, execution_id: int, cancel_id: str | None, replaced_id: str | None, time_of: TimeOf
) -> dict[str, object]:
    """`cancel_id` names the cancel where this is one: then `c` is the cancel's name and `C` the order's.

    `replaced_id` is the name that an amended order had before: then `C`.
    """
    order, fill = event.order, event.fill
    shown = queried_order(order, {}, time_of)
    is_cancel = event.kind is EventKind.CANCELLED
    report = {
        "e": "executionReport",
        "E": time_of(event.time),
        "s": shown["symbol"],
        "c": cancel_id if is_cancel and cancel_id is not None else shown["clientOrderId"],
        "S": shown["side"],
        "o": shown["type"],
        "f": shown["timeInForce"],
        "q": shown["origQty"],
        "p": shown["price"],
        "P": shown["stopPrice"],
        "F": shown["icebergQty"],
        "g": shown["orderListId"],
        "C": shown["clientOrderId"] if is_cancel else replaced_id or "",
        "x": EXECUTIONS[event.kind],
        "X": shown["status"],
        "r": "NONE",
        "i": shown["orderId"],
        "l": amount(fill.qty if fill else 0),
        "z": shown["executedQty"],
        "L": amount(fill.price if fill else 0),
        "n": amount(fill.fee) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": time_of(event.time),
        "t": fill.trade_id if fill else -1,
        "I": execution_id,
        "w": shown["isWorking"] and order.is_open,
        "m": fill.is_maker if fill else False,
        "M": False,
        "O": shown["time"],
        "Z": shown["cummulativeQuoteQty"],
        "Y": amount(fill.cost if fill else 0),
        "Q": shown["origQuoteOrderQty"],
        "W": shown["workingTime"],
        "V": shown["selfTradePreventionMode"],
    }
    if "expiryReason" in shown:
        report["eR"] = shown["expiryReason"]
    return report


def account_position(account: Account, assets: Iterable[str], now: int, time_of: TimeOf) -> dict[str, object]:
    return {
        "e": "outboundAccountPosition",
        "E": time_of(now),
        "u": time_of(account.updated),
        "B": [{"a": asset, "f": amount(account.free[asset]), "l": amount(account.locked[asset])} for asset in assets],
    }


def balance_update(asset: str, change: int, now: int, time_of: TimeOf) -> dict[str, object]:
    return {"e": "balanceUpdate", "E": time_of(now), "a": asset, "d": amount(change), "T": time_of(now)}


def stream_terminated(now: int, time_of: TimeOf) -> dict[str, object]:
    return {"e": "eventStreamTerminated", "E": time_of(now)}
