"""From the events of the user data stream to our values.

Field names: user-data-stream.md of 2026-07-21. An executionReport has cumulative figures (`z`, `Z`) beside those of
the one execution (`l`, `L`, `n`, `N`, `t`). On a cancel `c` names the cancel and `C` the order; an amended order has
its new name in `c`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from yunmin.core.data_contracts import (
    Balance,
    BalanceUpdate,
    Fill,
    FillKind,
    Liquidity,
    OrderUpdate,
    Source,
    Transfer,
)
from yunmin.core.data_contracts.money import ZERO
from yunmin_binance.fields import figure, flag, moment, rows, signed, text, wire_id
from yunmin_binance.parse import SIDES, STATES, TIMES_IN_FORCE, TYPES

__all__ = ["Report", "parse_balances", "parse_report", "parse_transfer"]

Json = Mapping[str, Any]

_STREAM, _REAL, _MAKER, _TAKER = Source.STREAM, FillKind.REAL, Liquidity.MAKER, Liquidity.TAKER
_NO_TRADE: Final = -1
_EXECUTIONS: Final = frozenset({"TRADE", "CALCULATED"})
_NO_REASON: Final = "NONE"


Report = tuple[OrderUpdate, Fill | None, str | None]
"""What one executionReport says: the order, the execution if it was one, and why it cannot be all, where it cannot."""


def parse_report(event: Json, symbol: str) -> Report:
    """The order as it stands after the event, and the execution that the event was, if it was one.

    The third part says what is missing from the event: then the exchange is to be asked.
    """
    status = text(event["X"])
    order_id = wire_id(event["i"])
    client_order_id = text(event["c"])
    side = SIDES.get(event["S"])
    ts = moment(event["T"])
    filled = figure(event["z"])
    if event["x"] == "CANCELED":
        client_order_id = text(event["C"]) or client_order_id
    update = OrderUpdate.from_checked(
        {
            "symbol": symbol,
            "client_order_id": client_order_id or None,
            "exchange_order_id": order_id,
            "state": STATES.get(status),
            "raw_status": status,
            "side": side,
            "order_type": TYPES.get(event["o"]),
            "time_in_force": TIMES_IN_FORCE.get(event["f"]),
            "qty": figure(event["q"]) or None,  # zero: a market order by quote quantity that has not executed yet
            "price": figure(event["p"]) or None,
            "trigger_price": figure(event["P"]) or None,
            "filled_qty": filled,
            "filled_cost": _cost(event["Z"], filled),
            "created_at": ts if event["O"] == event["T"] else moment(event["O"]),
            "updated_at": ts,
            "reason": _reason(event),
            "source": _STREAM,
            "raw": event,
        }
    )
    if event["t"] == _NO_TRADE:
        missing = event["x"] in _EXECUTIONS and figure(event["l"]) > ZERO
        return update, None, "an execution without a trade id" if missing else None
    qty, price = figure(event["l"]), figure(event["L"])
    if qty == ZERO or price == ZERO:
        return update, None, "an execution without a quantity or a price"
    fill = Fill.from_checked(
        {
            "symbol": symbol,
            "trade_id": wire_id(event["t"]),
            "client_order_id": client_order_id or None,
            "exchange_order_id": order_id,
            "side": side,
            "qty": qty,
            "price": price,
            "fee": None if event["N"] is None else signed(event["n"]),
            "fee_asset": None if event["N"] is None else text(event["N"]),
            "liquidity": _MAKER if flag(event["m"]) else _TAKER,
            "ts": ts,
            "kind": _REAL,
            "source": _STREAM,
        }
    )
    return update, fill, None


def parse_balances(event: Json) -> BalanceUpdate:
    """outboundAccountPosition: every balance that may have changed, as it stands."""
    balances = tuple(
        Balance.from_checked({"asset": text(one["a"]), "free": signed(one["f"]), "locked": signed(one["l"])})
        for one in rows(event["B"])
    )
    return BalanceUpdate.from_checked({"balances": balances, "as_of": moment(event["u"]) if event["u"] else None})


def parse_transfer(event: Json) -> Transfer:
    """balanceUpdate: a deposit, a withdrawal, or a transfer between accounts."""
    return Transfer(asset=text(event["a"]), amount=signed(event["d"]), ts=moment(event["T"]))


def _cost(raw: object, filled: Any) -> Any:
    """The cumulative cost; zero, while something was filled, is a cost that was not said."""
    cost = signed(raw)
    return cost if cost > ZERO or filled == ZERO else None


def _reason(event: Json) -> str | None:
    """Why an order was refused (`r`) or has expired (`eR`)."""
    reason, expiry = text(event["r"]), event.get("eR")
    if reason != _NO_REASON or expiry is None:
        return reason if reason != _NO_REASON else None
    return text(expiry)
