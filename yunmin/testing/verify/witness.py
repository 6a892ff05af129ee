"""Whoever watches an account and believes nothing: the invariants, checked at each event and against the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from yunmin.core.data_contracts.enums import Certainty, FillKind, OrderState, Origin, Side
from yunmin.core.data_contracts.events import Anomaly, OrderSnapshot, TrackerEvent
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_lifecycle import TERMINAL, TRANSITIONS
from yunmin.core.order_tracker import OrderTracker
from yunmin.simulation.reports import AccountReport, OrderReport

__all__ = ["Witness"]

_REVERSIBLE = frozenset({OrderState.REJECTED, OrderState.FAILED})
_NEVER_THERE = frozenset({OrderState.REJECTED, OrderState.FAILED})


class Witness:
    """Gathers violations; the numbers are those of docs/guarantees.md. One witness sees one account, over restarts."""

    def __init__(self) -> None:
        self.violations: list[str] = []
        self.events = 0
        self._states: dict[str, OrderState] = {}
        self._filled: dict[str, Decimal] = {}
        self._exchange_ids: dict[str, str] = {}
        self._seq = 0
        self._tracker: OrderTracker | None = None

    def watch(self, tracker: OrderTracker) -> None:
        """See every event of `tracker` from now on: a new life of the account."""
        self._tracker = tracker
        self._seq = 0
        for order in tracker.get_orders():
            self._see(order.snapshot(), is_event=False)
        tracker.subscribe(self._on_event)

    def violate(self, invariant: str, what: str) -> None:
        """Write a violation down."""
        self.violations.append(f"{invariant}: {what}")

    # --- at each event -----------------------------------------------------------------------------------------------

    def _on_event(self, event: TrackerEvent) -> None:
        self.events += 1
        if self._seq and event.seq != self._seq + 1:
            self.violate("I20", f"event {event.seq} after {self._seq}")
        self._seq = event.seq
        if isinstance(event, Anomaly):
            return
        self._see(event.order, is_event=True)
        order = None if self._tracker is None else self._tracker.get_order(event.order.client_order_id)
        if order is not None:
            self._check_sums(order)

    def _see(self, snapshot: OrderSnapshot, *, is_event: bool) -> None:
        name = snapshot.client_order_id
        self._check_transition(name, snapshot.state, is_event=is_event)
        if snapshot.filled_qty < self._filled.get(name, ZERO):
            self.violate("I4", f"{name} fell from {self._filled[name]} to {snapshot.filled_qty} filled")
        self._filled[name] = snapshot.filled_qty
        known = snapshot.exchange_order_id and self._exchange_ids.setdefault(name, snapshot.exchange_order_id)
        if known and known != snapshot.exchange_order_id:
            self.violate("I6", f"{name} is {known} and {snapshot.exchange_order_id}")

    def _check_transition(self, name: str, state: OrderState, *, is_event: bool) -> None:
        before = self._states.get(name)
        self._states[name] = state
        if before is None or before is state or not is_event:
            return
        if state not in TRANSITIONS[before]:
            self.violate("I3", f"{name} went from {before} to {state}")
        elif before in TERMINAL and state not in TERMINAL and before not in _REVERSIBLE:
            self.violate("I3", f"{name} was {before} and lives again as {state}")

    def _check_sums(self, order: InFlightOrder) -> None:
        fills = order.fills
        name = order.client_order_id
        if len({fill.trade_id for fill in fills}) != len(fills):
            self.violate("I2", f"{name} has a trade twice")
        total = _sum(fill.qty for fill in fills)
        if EXACT.add(total, order.unattributed_qty) != order.filled_qty:
            self.violate("I1", f"{name}: fills of {total}, filled {order.filled_qty}")
        if order.qty is not None and order.filled_qty > order.qty:
            self.violate("I1", f"{name}: {order.filled_qty} filled of {order.qty}")
        average = order.average_price
        if average is not None and not order.unattributed_qty and fills:
            low, high = min(fill.price for fill in fills), max(fill.price for fill in fills)
            if not low <= average <= high:
                self.violate("I5", f"{name}: average {average} outside of {low} to {high}")
        if not all(isinstance(value, Decimal) for fill in fills for value in (fill.qty, fill.price)):
            self.violate("I21", f"{name} has a figure that is no Decimal")

    # --- at the end --------------------------------------------------------------------------------------------------

    def compare(self, tracker: OrderTracker, truth: AccountReport, is_ours: Callable[[str], bool]) -> None:
        """After heal: every order and fill is on both sides, with the same figures, and nothing is in doubt."""
        there = {order.client_order_id: order for order in truth.orders}
        for order in tracker.get_orders():
            if order.certainty is not Certainty.CONFIRMED:
                self.violate("I18", f"{order.client_order_id} is {order.certainty} after heal")
            if order.origin is Origin.OWN and (order.state in _NEVER_THERE) is (order.client_order_id in there):
                told = "is at the exchange" if order.client_order_id in there else "is not at the exchange"
                self.violate("I17", f"{order.client_order_id} is {order.state} and {told}")
        for name, report in there.items():
            known = tracker.get_order(name)
            if known is not None:
                self._compare_order(known, report)
            elif is_ours(name):
                self.violate("I17", f"{name} is at the exchange ({report.state}) and not in the tracker")

    def _compare_order(self, order: InFlightOrder, report: OrderReport) -> None:
        name = order.client_order_id
        if (order.state, order.filled_qty) != (report.state, report.filled):
            self.violate(
                "I17",
                f"{name} is {order.state}, {order.filled_qty} filled; there {report.state}, {report.filled} filled",
            )
        ours = {fill.trade_id: (fill.qty, fill.price) for fill in order.fills if fill.kind is FillKind.REAL}
        theirs = {str(fill.trade_id): (fill.qty, fill.price) for fill in report.fills}
        if ours != theirs:
            self.violate("I17", f"{name}: fills {sorted(ours)} here, {sorted(theirs)} there")
        fees: dict[str, Decimal] = {}
        for fill in report.fills:
            fees[fill.fee_asset] = EXACT.add(fees.get(fill.fee_asset, ZERO), fill.fee)
        if order.fees != {asset: fee for asset, fee in fees.items() if fee}:
            self.violate("I14", f"{name}: fees {order.fees} here, {fees} there")

    def compare_position(self, tracker: OrderTracker, truth: AccountReport) -> None:
        """I13: what the tracker's fills come to is what the exchange's fills of the same orders come to."""
        here = _position((order.symbol, order.side, fill.qty) for order in tracker.get_orders() for fill in order.fills)
        followed = {order.client_order_id for order in tracker.get_orders()}
        there = _position(
            (fill.symbol, fill.side, fill.qty) for fill in truth.fills if fill.client_order_id in followed
        )
        if here != there:
            self.violate("I13", f"position {here} here, {there} there")


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total


def _position(moves: Iterable[tuple[str, Side, Decimal]]) -> dict[str, Decimal]:
    position: dict[str, Decimal] = {}
    for symbol, side, qty in moves:
        signed = qty if side is Side.BUY else EXACT.minus(qty)
        position[symbol] = EXACT.add(position.get(symbol, ZERO), signed)
    return {symbol: qty for symbol, qty in position.items() if qty}
