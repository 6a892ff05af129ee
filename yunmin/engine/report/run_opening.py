"""What an account had when a run began: what came before is not the run's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from yunmin.core.data_contracts.account import AccountState
from yunmin.core.data_contracts.enums import FillKind
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import Position, PositionManager

__all__ = ["RunOpening", "opening_of", "trades_of"]


class RunOpening(NamedTuple):
    """At `at`, before the first decision. `equity` in the account's currency; `balances` as the exchange told them.

    `ended` are the orders that were done, `fills` how many trades each order had; `flows` what all fills had moved.
    """

    at: datetime
    equity: Decimal | None
    balances: AccountState
    ended: frozenset[str]
    fills: Mapping[str, int]
    positions: Mapping[str, Position]
    flows: Mapping[str, Decimal]


def opening_of(
    at: datetime, *, tracker: OrderTracker, positions: PositionManager, balances: AccountState, equity: Decimal | None
) -> RunOpening:
    """As it is now: once the account is reconciled, with `balances` that were asked for after that."""
    orders = tracker.get_orders()
    return RunOpening(
        at,
        equity,
        balances,
        frozenset(order.client_order_id for order in orders if order.is_completed),
        {order.client_order_id: trades_of(order) for order in orders},
        positions.positions(),
        positions.flows(),
    )


def trades_of(order: InFlightOrder) -> int:
    """How many of an order's fills a trade shows."""
    return sum(fill.kind is FillKind.REAL for fill in order.fills)
