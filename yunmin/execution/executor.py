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
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any, Final, NamedTuple

from yunmin.clock import Clock, SystemClock
from yunmin.core.data_contracts.decision import Decision, Intent
from yunmin.core.data_contracts.enums import Certainty, OrderState, OrderType, Side
from yunmin.core.data_contracts.events import Anomaly, TrackerEvent
from yunmin.core.data_contracts.money import EXACT, ZERO, floor_to_step, to_positive
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.data_contracts.route import Route
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import Position, PositionManager
from yunmin.errors import ConfigurationError, JournalError, LifecycleError, SubmitsPaused
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.order_port import CatchesUp, HasOrderPort, OrderPort, port_of
from yunmin.execution.order_tags import OrderRole, OrderTag, new_order_id, read_tag, tag_of
from yunmin.execution.protection import Protection
from yunmin.execution.risk_manager import Approved, Refused, RiskManager, RiskRule
from yunmin.execution.sizing import closing_qty, on_the_grid, opening_qty, order_terms, slack_of
from yunmin.execution.state_file import StateFile

__all__ = ["Deferred", "Executor", "Held", "Outcome", "Placed", "Withdrawn"]

_FORMAT: Final = 1
_STOP_SLACK: Final = Decimal("0.01")
"""How much worse than its stop a stop order of the exchange's may be filled, as a fraction: it must fill, not rest."""

_SAVE_EVERY: Final = 5.0

Number = object


class Placed(NamedTuple):
    """An order is under way."""

    order: InFlightOrder


class Deferred(NamedTuple):
    """These orders of ours are being cancelled; what was decided goes on by itself once all of them have ended."""

    waits_for: tuple[str, ...]


class Withdrawn(NamedTuple):
    """Cancels of these are under way; empty where nothing rested."""

    client_order_ids: tuple[str, ...]


class Held(NamedTuple):
    """Nothing was to be done."""


Outcome = Placed | Deferred | Withdrawn | Held | Refused
"""What became of a decision at once. What becomes of its orders, their events tell."""


class Executor:
    """See the module. `sender` is an Account, or a connector where no journal is wanted; `tracker` has its orders.

    `risk` is bound to the tracker if it is not yet. `file` keeps positions by route and their stops across restarts.
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
        self._clock = clock or SystemClock()
        self._port = port_of(sender, tracker, self._clock)
        self._traits = self._port.connector.traits
        self._tracker = tracker
        self._risk = risk
        self._file = file
        self._desks: dict[str, _RouteDesk] = {}
        self._saved = self._load()
        self._unsaved = ""
        self._next_save = float("-inf")
        self.positions = PositionManager()
        self._listeners: list[Callable[[Route, Decision, Outcome], None]] = []
        self.positions.follow(tracker)
        if not risk.is_bound:
            risk.bind(tracker, self.positions)
        tracker.subscribe(self._on_event)

    @property
    def port(self) -> OrderPort:
        """Where its orders go."""
        return self._port

    # --- decisions ---------------------------------------------------------------------------------------------------

    def execute_decision(self, route: Route, decision: Decision) -> Outcome:
        """Do what was decided, as far as risk and the market's rules allow. Returns at once; never raises for a no."""
        self._catch_up()
        desk = self._desk(route)
        if decision.intent is Intent.HOLD:
            return Held()
        if decision.intent is Intent.CANCEL:
            return self._withdraw(desk, decision.symbol)
        uncertain = self._uncertain(desk, decision.symbol)
        if uncertain is not None:
            return uncertain
        desk.plans.pop(decision.symbol, None)  # the newer decision stands
        if decision.intent is Intent.ENTER:
            return self._enter(desk, decision, self._held(desk, decision.symbol))
        return self._after_the_others(desk, decision)

    def replace(self, route: Route, client_order_id: str, *, price: Number = None, qty: Number = None) -> Outcome:
        """Cancel an order of `route` and, once its end is seen, place what is left of it at `price`, or `qty` in all.

        Nothing is placed for what was filled meanwhile. Refused for an order that is not this route's or is done, and
        for one whose outcome is not known: it may be filled yet.
        """
        self._catch_up()
        desk, order = self._desk(route), self._tracker.get_order(client_order_id)
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
        desk.plans[order.symbol] = _Plan(decision, (client_order_id,), lambda: self._place_the_rest(desk, wanted))
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
        market = to_positive(price)
        for desk in tuple(self._desks.values()):
            protection = desk.protections.get(symbol)
            if protection is not None:
                self._watch(desk, protection, market)

    # --- questions ---------------------------------------------------------------------------------------------------

    def add_route(self, route: Route) -> None:
        """Take up what is kept of `route`: its position and its stops. `execute_decision` does it too."""
        self._desk(route)

    def position(self, route: Route, symbol: str | None = None) -> Position:
        """What `route` holds of its symbol, or of another."""
        return self._desk(route).position(symbol or route.symbol)

    def holding(self, route: Route, symbol: str | None = None) -> Position:
        """`position` as a strategy is to see it: nothing where what is left is less than one step of the market.

        A fee taken in the base asset leaves such rests; who believed to hold them would for ever try to sell them.
        """
        position = self.position(route, symbol)
        is_nothing = self._held(self._desk(route), position.symbol) == ZERO
        return position._replace(qty=ZERO, cost=ZERO) if is_nothing else position

    def protection(self, route: Route, symbol: str | None = None) -> Protection | None:
        """The stop and the profit of that position."""
        return self._desk(route).protections.get(symbol or route.symbol)

    def open_orders(self, route: Route, symbol: str | None = None) -> list[InFlightOrder]:
        """The orders of `route` that are or may be open."""
        return self._desk(route).live(self._tracker, symbol or route.symbol)

    # --- entries, exits ----------------------------------------------------------------------------------------------

    def _enter(self, desk: _RouteDesk, decision: Decision, held: Decimal, *, closes: Decimal = ZERO) -> Outcome:
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
        if self._unsaved or (known is not None and known.is_triggered and held):
            return self._not_now()
        request = self._request(
            desk, decision.symbol, decision.side, EXACT.add(qty, closes), decision.price, OrderRole.ENTRY
        )
        approved = request if isinstance(request, Refused) else self._risk.check(request, desk.route.risk)
        if isinstance(approved, Refused):
            return approved
        self._protect(desk, decision, is_fresh=held == ZERO or closes != ZERO)
        outcome = self._not_now() if self._unsaved else self._place(approved)
        if isinstance(outcome, Refused):
            self._risk.release(approved)
            _put(desk.protections, decision.symbol, known)
        return outcome

    def _not_now(self) -> Refused:
        if self._unsaved:
            return Refused(RiskRule.STATE_UNSAVED, f"stops cannot be kept: {self._unsaved}")
        return Refused(RiskRule.POSITION, "the position is being closed: its stop or its profit was reached")

    def _unit_value(self, symbol: str, price: Decimal | None) -> Decimal | None:
        """One base unit in the account's currency, at `price` where that is in it already."""
        if symbol.endswith(f"/{self._risk.currency}"):
            return price
        return self._risk.value_in_currency(symbol)

    def _after_the_others(self, desk: _RouteDesk, decision: Decision) -> Outcome:
        """EXIT and REVERSE: what still rests of this route ends first, for it could open the position anew."""
        symbol = decision.symbol
        ids = tuple(order.client_order_id for order in desk.live(self._tracker, symbol))
        if not ids:
            return self._close_or_turn(desk, decision)
        desk.plans[symbol] = _Plan(decision, ids, lambda: self._close_or_turn(desk, decision))
        for client_order_id in ids:
            self._port.begin_cancel(client_order_id)
        return Deferred(ids)

    def _close_or_turn(self, desk: _RouteDesk, decision: Decision) -> Outcome:
        held = self._held(desk, decision.symbol)
        if decision.intent is Intent.EXIT:
            return self._close(desk, decision, held)
        assert decision.side is not None  # noqa: S101  a REVERSE has one
        if held != ZERO and (held > ZERO) is (decision.side is Side.BUY):
            return Refused(RiskRule.POSITION, f"{held} are held on that side already", {"held": str(held)})
        return self._enter(desk, decision, held, closes=held.copy_abs())

    def _close(self, desk: _RouteDesk, decision: Decision, held: Decimal) -> Outcome:
        closing_side = Side.SELL if held > ZERO else Side.BUY
        if held == ZERO or decision.side not in (None, closing_side):
            return Refused(RiskRule.POSITION, f"nothing to close: {held} are held", {"held": str(held)})
        qty = closing_qty(decision, held)
        request = self._request(desk, decision.symbol, closing_side, qty, decision.price, OrderRole.EXIT)
        approved = request if isinstance(request, Refused) else self._risk.check(request, desk.route.risk)
        return approved if isinstance(approved, Refused) else self._place(approved)

    def _place_the_rest(self, desk: _RouteDesk, wanted: _Replacement) -> Outcome:
        order = wanted.order
        left = EXACT.subtract(wanted.qty or ZERO, order.filled_qty)
        if order.state not in (OrderState.CANCELLED, OrderState.EXPIRED) or left <= ZERO:
            return Held()
        tag = read_tag(order.client_order_id, self._traits)
        role = OrderRole.ENTRY if tag is None else tag.role
        request = self._request(desk, order.symbol, order.side, left, wanted.price, role)
        approved = request if isinstance(request, Refused) else self._risk.check(request, desk.route.risk)
        return approved if isinstance(approved, Refused) else self._place(approved)

    def _withdraw(self, desk: _RouteDesk, symbol: str) -> Withdrawn:
        """Entries and exits that rest; a stop stays, for the position does."""
        desk.plans.pop(symbol, None)
        resting = [order for order in desk.live(self._tracker, symbol) if not self._is_stop(order.client_order_id)]
        for order in resting:
            self._port.begin_cancel(order.client_order_id)
        return Withdrawn(tuple(order.client_order_id for order in resting))

    def _uncertain(self, desk: _RouteDesk, symbol: str) -> Refused | None:
        for order in desk.live(self._tracker, symbol):
            if order.certainty is not Certainty.CONFIRMED:
                text = f"the outcome of {order.client_order_id} is not known; nothing is put in its place before it is"
                return Refused(RiskRule.UNCERTAIN_ORDER, text, {"order": order.client_order_id})
        return None

    def _request(
        self, desk: _RouteDesk, symbol: str, side: Side, qty: Decimal, price: Decimal | None, role: OrderRole
    ) -> OrderRequest | Refused:
        terms = order_terms(symbol, side, qty, price, self._new_id(desk, role))
        instrument = self._port.instruments.get(symbol)
        return on_the_grid(terms, instrument, market_price=self._risk.price(symbol))

    def _new_id(self, desk: _RouteDesk, role: OrderRole) -> str:
        drawn = self._port.connector.new_client_order_id()
        return new_order_id(drawn, OrderTag(desk.tag, role), self._traits)

    def _place(self, approved: Approved[OrderRequest]) -> Placed | Refused:
        """The only way out: what risk has not approved cannot be handed in."""
        try:
            return Placed(self._port.begin(approved.request))
        except (SubmitsPaused, JournalError, LifecycleError) as error:
            self._risk.release(approved)
            return Refused(RiskRule.PAUSED, str(error))

    # --- stops and profits -------------------------------------------------------------------------------------------

    def _protect(self, desk: _RouteDesk, decision: Decision, *, is_fresh: bool) -> None:
        """Write the stop and the profit down, before the order leaves that makes them needed.

        A position that is added to keeps what it has where nothing new is said.
        """
        symbol, known = decision.symbol, desk.protections.get(decision.symbol)
        says_nothing = decision.stop is None and decision.take_profit is None
        if says_nothing and (known is None or not is_fresh):
            return
        stop_order = "" if known is None else known.stop_order
        new = None if says_nothing else Protection(symbol, decision.stop, decision.take_profit, stop_order)
        _put(desk.protections, symbol, new)
        self._save()
        told = {"stop": str(decision.stop), "profit": str(decision.take_profit)}
        self._port.note("protection", desk.route.name, symbol=symbol, **told)

    def _watch(self, desk: _RouteDesk, protection: Protection, market: Decimal) -> None:
        """Close the position where its stop or profit is reached, and again until it is closed."""
        symbol = protection.symbol
        held = self._held(desk, symbol)
        why = protection.reached(held, market)
        if held == ZERO or not (why or protection.is_triggered) or symbol in desk.plans:
            return
        if self._closes_already(desk, symbol):
            return
        if protection.stop_order and why.startswith("the stop") and self._is_live(protection.stop_order):
            return  # the exchange's own order is doing it
        if not protection.is_triggered:
            desk.protections[symbol] = protection._replace(is_triggered=True)
            self._save()
            self._port.note("protection", f"{why} was reached at {market}", route=desk.route.name, symbol=symbol)
        decision = Decision.exit(symbol, reason=why or "a stop or profit was reached before")
        self._tell(desk.route, decision, self.execute_decision(desk.route, decision))

    def _closes_already(self, desk: _RouteDesk, symbol: str) -> bool:
        tags = (read_tag(order.client_order_id, self._traits) for order in desk.live(self._tracker, symbol))
        return any(tag is not None and tag.role is OrderRole.EXIT for tag in tags)

    def _place_exchange_stop(self, desk: _RouteDesk, protection: Protection) -> None:
        """The exchange's own stop order, once the position stands still; it works when this program does not run."""
        symbol, held = protection.symbol, self._held(desk, protection.symbol)
        instrument = self._port.instruments.get(symbol)
        if protection.stop is None or protection.is_triggered or held == ZERO or instrument is None:
            return
        if not self._has_exchange_stops(instrument.order_types):
            return
        live = desk.live(self._tracker, symbol)
        if live:
            self._withdraw_if_outgrown(live, protection, held.copy_abs())
            return
        side = Side.SELL if held > ZERO else Side.BUY
        terms = order_terms(
            symbol,
            side,
            held.copy_abs(),
            slack_of(protection.stop, side, _STOP_SLACK),
            self._new_id(desk, OrderRole.STOP),
        ) | {"order_type": OrderType.STOP_LOSS_LIMIT, "trigger_price": protection.stop}
        request = on_the_grid(terms, instrument, market_price=self._risk.price(symbol))
        approved = request if isinstance(request, Refused) else self._risk.check(request, desk.route.risk)
        if isinstance(approved, Refused):
            self._port.note("protection", f"watched here, for {approved}", route=desk.route.name, symbol=symbol)
            return
        desk.protections[symbol] = protection._replace(stop_order=approved.request.client_order_id or "")
        self._save()
        self._place(approved)

    def _withdraw_if_outgrown(self, live: list[InFlightOrder], protection: Protection, held: Decimal) -> None:
        """A stop for another quantity than is held gives way to one for all of it: once its end is seen."""
        (first, *others) = live
        instrument = self._port.instruments[protection.symbol]
        wanted = floor_to_step(held, instrument.qty_step)
        if others or first.client_order_id != protection.stop_order or first.remaining_qty == wanted:
            return
        if first.certainty is Certainty.CONFIRMED and first.state is not OrderState.PENDING:
            self._port.begin_cancel(first.client_order_id)

    def _held(self, desk: _RouteDesk, symbol: str) -> Decimal:
        """What can be closed: less than one step of the market is nothing."""
        held = desk.position(symbol).qty
        instrument = self._port.instruments.get(symbol)
        is_dust = instrument is not None and held.copy_abs() < instrument.qty_step
        return ZERO if is_dust else held

    def _has_exchange_stops(self, order_types: frozenset[OrderType]) -> bool:
        is_listed = not order_types or OrderType.STOP_LOSS_LIMIT in order_types
        return is_listed and self._traits.support_of(Capability.STOP_ORDER).is_usable

    def _is_stop(self, client_order_id: str) -> bool:
        tag = read_tag(client_order_id, self._traits)
        return tag is not None and tag.role is OrderRole.STOP

    def _is_live(self, client_order_id: str) -> bool:
        order = self._tracker.get_order(client_order_id)
        return order is not None and order.is_open

    # --- events ------------------------------------------------------------------------------------------------------

    def _on_event(self, event: TrackerEvent) -> None:
        if isinstance(event, Anomaly):
            return
        tag = read_tag(event.order.client_order_id, self._traits)
        desk = None if tag is None else self._desks.get(tag.route)
        if desk is None:
            return
        before = desk.position(event.order.symbol)
        desk.positions.take(event)
        if desk.position(event.order.symbol) != before:
            self._save_when_due()
        _soon(lambda: self._go_on(desk, event.order.symbol))

    def _go_on(self, desk: _RouteDesk, symbol: str) -> None:
        """Something happened to an order of this route: what waited for its end, and what its position needs now."""
        plan = desk.plans.get(symbol)
        if plan is not None and not any(self._is_live(each) for each in plan.waits_for):
            del desk.plans[symbol]
            self._tell(desk.route, plan.decision, plan.go_on())
        protection = desk.protections.get(symbol)
        if protection is None or symbol in desk.plans:
            return
        if self._held(desk, symbol) != ZERO:
            self._place_exchange_stop(desk, protection)
        elif not desk.live(self._tracker, symbol):
            del desk.protections[symbol]
            self._save()
        elif self._is_live(protection.stop_order):
            self._port.begin_cancel(protection.stop_order)

    def _tell(self, route: Route, decision: Decision, outcome: Outcome) -> None:
        for listener in self._listeners:
            listener(route, decision, outcome)

    def _catch_up(self) -> None:
        if isinstance(self._port, CatchesUp):
            self._port.catch_up()

    # --- across a restart --------------------------------------------------------------------------------------------

    def _desk(self, route: Route) -> _RouteDesk:
        tag = tag_of(route).route
        desk = self._desks.get(tag)
        if desk is None:
            desk = self._desks[tag] = self._open_desk(route, tag)
        elif desk.route.name != route.name:
            raise ConfigurationError(f"{route.name} and {desk.route.name} have one tag; give one of them a label")
        return desk

    def _open_desk(self, route: Route, tag: str) -> _RouteDesk:
        def is_ours(client_order_id: str) -> bool:
            found = read_tag(client_order_id, self._traits)
            return found is not None and found.route == tag

        saved = self._saved.get(tag)
        positions = (
            PositionManager(owns=is_ours) if saved is None else PositionManager.load(saved["positions"], owns=is_ours)
        )
        positions.catch_up(self._tracker.get_orders())
        protections = {} if saved is None else {each["symbol"]: Protection.load(each) for each in saved["protections"]}
        desk = _RouteDesk(route, tag, is_ours, positions, protections, {})
        for symbol in protections:
            _soon(partial(self._go_on, desk, symbol))
        return desk

    def _load(self) -> dict[str, Any]:
        state = None if self._file is None else self._file.load()
        if state is None:
            return {}
        if state.get("format") != _FORMAT:
            raise ConfigurationError(
                f"the executor's state is of format {state.get('format')!r}; this version reads {_FORMAT}"
            )
        routes: dict[str, Any] = state["routes"]
        return routes

    def _save_when_due(self) -> None:
        """Positions can be made anew from the orders of the last while; so they are written down now and then."""
        if self._clock.monotonic() >= self._next_save:
            self._save()

    def _save(self) -> None:
        if self._file is None:
            return
        self._next_save = self._clock.monotonic() + _SAVE_EVERY
        self._saved |= {tag: desk.dump() for tag, desk in self._desks.items()}
        try:
            self._file.save({"format": _FORMAT, "routes": self._saved})
            self._unsaved = ""
        except OSError as error:
            self._unsaved = str(error)


@dataclass(slots=True)
class _Plan:
    """What goes on once these orders have ended."""

    decision: Decision
    waits_for: tuple[str, ...]
    go_on: Callable[[], Outcome]


class _Replacement(NamedTuple):
    order: InFlightOrder
    price: Decimal | None
    qty: Decimal | None


@dataclass(slots=True)
class _RouteDesk:
    """All that is one route's own."""

    route: Route
    tag: str
    owns: Callable[[str], bool]
    positions: PositionManager
    protections: dict[str, Protection]
    plans: dict[str, _Plan]

    def position(self, symbol: str) -> Position:
        return self.positions.position(symbol)

    def live(self, tracker: OrderTracker, symbol: str) -> list[InFlightOrder]:
        return [order for order in tracker.get_open_orders(symbol) if self.owns(order.client_order_id)]

    def dump(self) -> dict[str, Any]:
        return {
            "name": self.route.name,
            "positions": self.positions.dump(),
            "protections": [protection.dump() for protection in self.protections.values()],
        }


def _put(protections: dict[str, Protection], symbol: str, protection: Protection | None) -> None:
    if protection is None:
        protections.pop(symbol, None)
    else:
        protections[symbol] = protection


def _soon(act: Callable[[], None]) -> None:
    """After everybody was told of what happened; at once where there is no loop."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        act()
        return
    loop.call_soon(act)
