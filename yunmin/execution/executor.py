"""From a decision to orders: sized to the market, approved by risk, tagged with their route, and followed to their end.

    executor = Executor(account, account.tracker, risk)
    executor.on_price("BTC/USDT", "42000")
    match executor.execute_decision(route, decision):         # a plain call: it returns at once
        case Placed(order): ...                               # PENDING, and under way in a task of the account's
        case Deferred(waits_for): ...                         # ours that must end first; then it goes on by itself
        case Refused(rule, text): ...

What a position needs to be closed again (its stop, its profit) is written down before the order that opens it leaves.
An order whose outcome is not known is never replaced, and nobody else's order is ever touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from yunmin.clock import Clock, SystemClock
from yunmin.core.data_contracts.decision import Decision, Intent
from yunmin.core.data_contracts.enums import Certainty, OrderState, Side
from yunmin.core.data_contracts.events import Anomaly, TrackerEvent
from yunmin.core.data_contracts.money import EXACT, ZERO, to_positive
from yunmin.core.data_contracts.route import Route
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import Position, PositionManager
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.order_maker import OrderMaker
from yunmin.execution.order_port import CatchesUp, HasOrderPort, OrderPort, port_of
from yunmin.execution.order_tags import OrderRole
from yunmin.execution.outcomes import Deferred, Held, Outcome, Placed, Withdrawn
from yunmin.execution.protection import Protection
from yunmin.execution.risk_manager import Refused, RiskManager, RiskRule
from yunmin.execution.route_desk import Plan, RouteDesk, RouteDesks
from yunmin.execution.sizing import closing_qty, opening_qty
from yunmin.execution.state_file import StateFile
from yunmin.execution.stop_keeper import StopKeeper

__all__ = ["Deferred", "Executor", "Held", "Outcome", "Placed", "Withdrawn"]

Number = object


class Executor:
    """See the module. `sender` is an Account, or a connector where no journal is wanted; `tracker` has its orders.

    `risk` is bound to the tracker if it is not yet. `file` keeps positions, by route and of all, and their stops across
    restarts.
    """

    def __init__(
        self,
        sender: OrderPort | ExchangeConnector | HasOrderPort,
        tracker: OrderTracker,
        risk: RiskManager,
        *,
        clock: Clock | None = None,
        file: StateFile | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._port = port_of(sender, tracker, clock)
        self._catch_up = self._port.catch_up if isinstance(self._port, CatchesUp) else _nothing
        self._tracker = tracker
        self._risk = risk
        self._desks = RouteDesks(tracker, self._port.connector.traits, clock, file)
        self._maker = OrderMaker(self._port, risk)
        self._stops = StopKeeper(self._port, tracker, self._desks, self._maker, self._decide_by_itself)
        self._listeners: list[Callable[[Route, Decision, Outcome], None]] = []
        if not risk.is_bound:
            risk.bind(tracker, self.positions)
        tracker.subscribe(self._on_event)

    @property
    def port(self) -> OrderPort:
        """Where its orders go."""
        return self._port

    @property
    def positions(self) -> PositionManager:
        """Those of the whole account, all routes and orders of others included."""
        return self._desks.positions

    # --- decisions ---------------------------------------------------------------------------------------------------

    def execute_decision(self, route: Route, decision: Decision) -> Outcome:
        """Do what was decided, as far as risk and the market's rules allow. Returns at once; never raises for a no."""
        self._catch_up()
        desk = self._desks.of(route)
        if decision.intent is Intent.HOLD:
            return Held()
        if decision.intent is Intent.CANCEL:
            return self._withdraw(desk, decision.symbol)
        uncertain = self._uncertain(desk, decision.symbol)
        if uncertain is not None:
            return uncertain
        desk.plans.pop(decision.symbol, None)  # the newer decision stands
        if decision.intent is Intent.ENTER:
            return self._enter(desk, decision, self._maker.held(desk, decision.symbol))
        return self._after_the_others(desk, decision)

    def replace(self, route: Route, client_order_id: str, *, price: Number = None, qty: Number = None) -> Outcome:
        """Cancel an order of `route` and, once its end is seen, place what is left of it at `price`, or `qty` in all.

        Nothing is placed for what was filled meanwhile. Refused for an order that is not this route's or is done, and
        for one whose outcome is not known: it may be filled yet.
        """
        self._catch_up()
        desk, order = self._desks.of(route), self._tracker.get_order(client_order_id)
        if order is None or not desk.owns(client_order_id) or order.is_completed:
            text = f"{client_order_id} is no open order of this route"
            return Refused(RiskRule.NOT_OURS, text, {"order": client_order_id})
        uncertain = self._uncertain(desk, order.symbol)
        if uncertain is not None:
            return uncertain
        wanted = _Replacement(
            order,
            order.price if price is None else to_positive(price),
            order.qty if qty is None else to_positive(qty),
        )
        decision = Decision.cancel(order.symbol, reason=f"replace {client_order_id}")
        desk.plans[order.symbol] = Plan(decision, (client_order_id,), lambda: self._place_the_rest(desk, wanted))
        self._port.begin_cancel(client_order_id)
        return Deferred((client_order_id,))

    def on_outcome(self, listener: Callable[[Route, Decision, Outcome], None]) -> None:
        """Call `listener` with what becomes of deferred decisions and of stops: what happens without being asked."""
        self._listeners.append(listener)

    # --- prices ------------------------------------------------------------------------------------------------------

    def on_price(self, symbol: str, price: Number) -> None:
        """The market trades at `price`: risk is told, and every stop and profit in `symbol` is held against it."""
        self._catch_up()
        self._risk.update_price(symbol, price)
        self._stops.watch(symbol, to_positive(price))

    # --- questions ---------------------------------------------------------------------------------------------------

    def add_route(self, route: Route) -> None:
        """Take up what is kept of `route`: its position and its stops. `execute_decision` does it too."""
        desk = self._desks.of(route)
        for symbol in desk.protections:
            _soon(partial(self._go_on, desk, symbol))

    def position(self, route: Route, symbol: str | None = None) -> Position:
        """What `route` holds of its symbol, or of another."""
        return self._desks.of(route).position(symbol or route.symbol)

    def holding(self, route: Route, symbol: str | None = None) -> Position:
        """`position` as a strategy is to see it: nothing where what is left is less than one step of the market.

        A fee taken in the base asset leaves such rests; who believed to hold them would for ever try to sell them.
        """
        position = self.position(route, symbol)
        is_nothing = self._maker.held(self._desks.of(route), position.symbol) == ZERO
        return position._replace(qty=ZERO, cost=ZERO) if is_nothing else position

    def protection(self, route: Route, symbol: str | None = None) -> Protection | None:
        """The stop and the profit of that position."""
        return self._desks.of(route).protections.get(symbol or route.symbol)

    def route_of(self, client_order_id: str) -> Route | None:
        """The route that placed that order; None where it is of no route that is here."""
        desk = self._desks.find(client_order_id)
        return None if desk is None else desk.route

    def open_orders(self, route: Route, symbol: str | None = None) -> list[InFlightOrder]:
        """The orders of `route` that are or may be open."""
        return self._desks.of(route).live(self._tracker, symbol or route.symbol)

    # --- entries, exits ----------------------------------------------------------------------------------------------

    def _enter(self, desk: RouteDesk, decision: Decision, held: Decimal, *, closes: Decimal = ZERO) -> Outcome:
        """Open with one order; `closes` units of the other side come on top of its size."""
        assert decision.side is not None  # noqa: S101  a Decision that opens has one
        price = decision.price or self._risk.price(decision.symbol)
        unit_value = self._unit_value(decision.symbol, price)
        qty = opening_qty(decision, equity=self._risk.equity, unit_value=unit_value)
        if isinstance(qty, Refused):
            return qty
        if held and (held > ZERO) is not (decision.side is Side.BUY) and not closes:
            text = f"{held} are held on the other side; EXIT or REVERSE"
            return Refused(RiskRule.POSITION, text, {"held": str(held)})
        known = desk.protections.get(decision.symbol)
        if self._desks.unsaved or (known is not None and known.is_triggered and held):
            return self._not_now()
        approved = self._maker.make(
            desk, decision.symbol, decision.side, EXACT.add(qty, closes), decision.price, OrderRole.ENTRY
        )
        if isinstance(approved, Refused):
            return approved
        self._stops.write_down(desk, decision, is_fresh=held == ZERO or closes != ZERO)
        if self._desks.unsaved:
            self._risk.release(approved)
        outcome = self._not_now() if self._desks.unsaved else self._maker.place(approved)
        if isinstance(outcome, Refused):
            desk.protect(decision.symbol, known)
        return outcome

    def _not_now(self) -> Refused:
        if self._desks.unsaved:
            return Refused(RiskRule.STATE_UNSAVED, f"stops cannot be kept: {self._desks.unsaved}")
        return Refused(RiskRule.POSITION, "the position is being closed: its stop or its profit was reached")

    def _unit_value(self, symbol: str, price: Decimal | None) -> Decimal | None:
        """One base unit in the account's currency, at `price` where that is in it already."""
        if symbol.endswith(f"/{self._risk.currency}"):
            return price
        return self._risk.value_in_currency(symbol)

    def _after_the_others(self, desk: RouteDesk, decision: Decision) -> Outcome:
        """EXIT and REVERSE: what still rests of this route ends first, for it could open the position anew."""
        symbol = decision.symbol
        ids = tuple(order.client_order_id for order in desk.live(self._tracker, symbol))
        if not ids:
            return self._close_or_turn(desk, decision)
        desk.plans[symbol] = Plan(decision, ids, lambda: self._close_or_turn(desk, decision))
        for client_order_id in ids:
            self._port.begin_cancel(client_order_id)
        return Deferred(ids)

    def _close_or_turn(self, desk: RouteDesk, decision: Decision) -> Outcome:
        held = self._maker.held(desk, decision.symbol)
        if decision.intent is Intent.EXIT:
            return self._close(desk, decision, held)
        assert decision.side is not None  # noqa: S101  a REVERSE has one
        if held != ZERO and (held > ZERO) is (decision.side is Side.BUY):
            return Refused(RiskRule.POSITION, f"{held} are held on that side already", {"held": str(held)})
        return self._enter(desk, decision, held, closes=held.copy_abs())

    def _close(self, desk: RouteDesk, decision: Decision, held: Decimal) -> Outcome:
        closing_side = Side.SELL if held > ZERO else Side.BUY
        if held == ZERO or decision.side not in (None, closing_side):
            return Refused(RiskRule.POSITION, f"nothing to close: {held} are held", {"held": str(held)})
        qty = closing_qty(decision, held)
        return self._maker.place(
            self._maker.make(desk, decision.symbol, closing_side, qty, decision.price, OrderRole.EXIT)
        )

    def _place_the_rest(self, desk: RouteDesk, wanted: _Replacement) -> Outcome:
        order = wanted.order
        left = EXACT.subtract(wanted.qty or ZERO, order.filled_qty)
        if order.state not in (OrderState.CANCELLED, OrderState.EXPIRED) or left <= ZERO:
            return Held()
        role = self._desks.role(order.client_order_id) or OrderRole.ENTRY
        return self._maker.place(self._maker.make(desk, order.symbol, order.side, left, wanted.price, role))

    def _withdraw(self, desk: RouteDesk, symbol: str) -> Withdrawn:
        """Entries and exits that rest; a stop stays, for the position does."""
        desk.plans.pop(symbol, None)
        resting = [
            order
            for order in desk.live(self._tracker, symbol)
            if self._desks.role(order.client_order_id) is not OrderRole.STOP
        ]
        for order in resting:
            self._port.begin_cancel(order.client_order_id)
        return Withdrawn(tuple(order.client_order_id for order in resting))

    def _uncertain(self, desk: RouteDesk, symbol: str) -> Refused | None:
        for order in desk.live(self._tracker, symbol):
            if order.certainty is not Certainty.CONFIRMED:
                text = f"the outcome of {order.client_order_id} is not known; nothing is put in its place before it is"
                return Refused(RiskRule.UNCERTAIN_ORDER, text, {"order": order.client_order_id})
        return None

    # --- events ------------------------------------------------------------------------------------------------------

    def _on_event(self, event: TrackerEvent) -> None:
        if isinstance(event, Anomaly):
            return
        desk = self._desks.find(event.order.client_order_id)
        if desk is None:
            return
        symbol = event.order.symbol
        before = desk.position(symbol)
        desk.positions.take(event)
        if desk.position(symbol) != before:
            self._desks.save_when_due()
        _soon(lambda: self._go_on(desk, symbol))

    def _go_on(self, desk: RouteDesk, symbol: str) -> None:
        """Something happened to an order of this route: what waited for its end, and what its position needs now."""
        plan = desk.plans.get(symbol)
        if plan is not None and not any(self._is_live(each) for each in plan.waits_for):
            del desk.plans[symbol]
            self._tell(desk.route, plan.decision, plan.go_on())
        self._stops.tend(desk, symbol)

    def _decide_by_itself(self, desk: RouteDesk, decision: Decision) -> None:
        self._tell(desk.route, decision, self.execute_decision(desk.route, decision))

    def _tell(self, route: Route, decision: Decision, outcome: Outcome) -> None:
        for listener in self._listeners:
            listener(route, decision, outcome)

    def _is_live(self, client_order_id: str) -> bool:
        order = self._tracker.get_order(client_order_id)
        return order is not None and order.is_open


class _Replacement(NamedTuple):
    order: InFlightOrder
    price: Decimal | None
    qty: Decimal | None


def _nothing() -> None:
    """Nothing came meanwhile."""


def _soon(act: Callable[[], None]) -> None:
    """After everybody was told of what happened; at once where there is no loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        act()
        return
    loop.call_soon(act)
