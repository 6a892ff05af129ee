"""Whether an account holds what its fills and fees make of what it held before."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from yunmin.core.data_contracts.account import AccountState
from yunmin.core.data_contracts.enums import FillKind, Side
from yunmin.core.data_contracts.events import (
    FillEnriched,
    OrderFill,
    OrderFilled,
    OrderFillVoided,
    OrderSnapshot,
    TrackerEvent,
)
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.data_contracts.stream import Transfer
from yunmin.core.in_flight_order import InFlightOrder

__all__ = ["BalanceAudit", "Drift"]


class Drift(NamedTuple):
    """`actual` is not `expected`, in units of `asset`."""

    asset: str
    expected: Decimal
    actual: Decimal


class BalanceAudit:
    """Adds every fill to the last totals seen, and compares.

    A difference counts only if it is there twice in a row with nothing executed in between: an account is read while
    it trades. Deposits, withdrawals and trades of orders that are not followed show as drifts.
    """

    def __init__(self) -> None:
        self._totals: dict[str, Decimal] | None = None
        self._moved: dict[str, Decimal] = {}
        self._moves = 0
        self._suspicion: tuple[int, list[Drift]] | None = None

    @property
    def moves(self) -> int:
        """How many movements were counted so far: unchanged means that nothing was executed."""
        return self._moves

    def count(self, event: TrackerEvent) -> None:
        """Take notice of an event that moves balances; others are passed over."""
        if isinstance(event, OrderFilled) and event.fill.kind is FillKind.REAL:
            self._add(event.order, event.fill, 1)
        elif isinstance(event, FillEnriched):
            self._add_fee(event.fill, 1)
        elif isinstance(event, OrderFillVoided):
            # what a voided trade gives back differs from exchange to exchange: the next totals say
            self._totals = None

    def count_transfer(self, transfer: Transfer) -> None:
        """Take notice of what came in or went out otherwise than by trading."""
        self._move(transfer.asset, transfer.amount)

    def compare(self, state: AccountState, orders: list[InFlightOrder], *, moves_before: int) -> list[Drift]:
        """The drifts that are certain. `moves_before` is what `moves` was when the account was asked for."""
        if moves_before != self._moves or not all(_is_explained(order) for order in orders):
            return []
        totals = {asset: balance.total for asset, balance in state.balances.items()}
        drifts = self._drifts(totals)
        if drifts and self._suspicion != (self._moves, drifts):
            self._suspicion = (self._moves, drifts)
            return []
        self._totals, self._moved, self._suspicion = totals, {}, None
        return drifts

    def _drifts(self, totals: dict[str, Decimal]) -> list[Drift]:
        if self._totals is None:
            return []
        found = []
        for asset in sorted({*self._totals, *totals, *self._moved}):
            expected = EXACT.add(self._totals.get(asset, ZERO), self._moved.get(asset, ZERO))
            actual = totals.get(asset, ZERO)
            if expected != actual:
                found.append(Drift(asset, expected, actual))
        return found

    def _add(self, order: OrderSnapshot, fill: OrderFill, sign: int) -> None:
        base, _, quote = order.symbol.partition("/")
        direction = sign if order.side is Side.BUY else -sign
        self._move(base, EXACT.multiply(fill.qty, direction))
        self._move(quote, EXACT.multiply(EXACT.multiply(fill.qty, fill.price), -direction))
        self._add_fee(fill, sign)

    def _add_fee(self, fill: OrderFill, sign: int) -> None:
        if fill.fee is not None and fill.fee_asset is not None:
            self._move(fill.fee_asset, EXACT.multiply(fill.fee, -sign))

    def _move(self, asset: str, amount: Decimal) -> None:
        self._moves += 1
        self._moved[asset] = EXACT.add(self._moved.get(asset, ZERO), amount)


def _is_explained(order: InFlightOrder) -> bool:
    return order.unattributed_qty <= ZERO and order.fees_complete
