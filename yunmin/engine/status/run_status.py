"""One moment of a run, as a value: what it trades, what it holds, what it owes an answer, and how it does.

    status = status_of(about, account=account, executor=executor, risk=risk, routes=routes, notes=notes, clock=clock)
    status.model_dump_json()                        # every figure as text with all its digits

Quantities are in base units, prices in quote units per base unit, gains of a position in its quote asset.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

from pydantic import PlainSerializer, PlainValidator

from yunmin.clock import Clock, SystemClock
from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.decision import Intent
from yunmin.core.data_contracts.enums import CancelState, Certainty, OrderState, OrderType, Origin, Side
from yunmin.core.data_contracts.money import plain
from yunmin.core.data_contracts.route import Route
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.position_manager import Position
from yunmin.engine.status.run_notes import RouteNotes, RunNotes, RunPhase, StreamNotes, StreamState
from yunmin.execution.gate import PauseReason
from yunmin.execution.outcomes import Deferred, Held, Outcome, Placed
from yunmin.execution.risk_verdicts import Refused

if TYPE_CHECKING:  # a status that was written is read without loading what it was taken from
    from yunmin.core.order_tracker import OrderTracker
    from yunmin.core.route_manager import RouteManager
    from yunmin.execution.account import Account
    from yunmin.execution.executor import Executor
    from yunmin.execution.risk_manager import RiskManager

__all__ = [
    "STATUS_FORMAT",
    "AboutRun",
    "DecisionStatus",
    "Exact",
    "LockStatus",
    "OrderStatus",
    "OutcomeStatus",
    "PositionStatus",
    "RiskStatus",
    "RouteStatus",
    "RunStatus",
    "StreamStatus",
    "WarningStatus",
    "order_status",
    "orders_by_state",
    "position_status",
    "status_of",
]

STATUS_FORMAT: Final = 1


def _exact(value: object) -> Decimal:
    if not isinstance(value, str | Decimal):
        raise ValueError("an exact number is text")
    try:
        number = Decimal(value)
    except InvalidOperation:
        raise ValueError("not a number") from None
    if not number.is_finite():
        raise ValueError("not a finite number")
    return number


Exact = Annotated[
    Decimal,
    PlainValidator(_exact),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
"""A finite number with all of its digits, however many a product or a quotient has; text in JSON."""

Prices = Callable[[str], Decimal | None]


class AboutRun(NamedTuple):
    """What does not change: `world` says in words what is traded in; `currency` is what equity is counted in."""

    world: str
    currency: str


class OrderStatus(Contract):
    """An order. `qty` is None for one by quote amount until the exchange says; `route` for one of no route here."""

    client_order_id: str
    exchange_order_id: str | None
    route: str | None
    symbol: str
    side: Side
    order_type: OrderType
    qty: Exact | None
    price: Exact | None
    filled_qty: Exact
    average_price: Exact | None
    state: OrderState
    certainty: Certainty
    cancel_state: CancelState
    origin: Origin
    created_at: UtcDatetime | None


class PositionStatus(Contract):
    """A position. `mark_price` is the market's last known one; without one, nothing unrealised can be said.

    `fees` are by asset, `fees_complete` only where every fill's fee is known; `realised` is before fees.
    """

    symbol: str
    qty: Exact
    average_price: Exact | None
    mark_price: Exact | None
    unrealised: Exact | None
    realised: Exact
    fees: dict[str, Exact]
    fees_complete: bool


class DecisionStatus(Contract):
    """A decision. `by_itself`: of a stop, or of one that had waited for an order's end."""

    at: UtcDatetime
    intent: Intent
    symbol: str
    side: Side | None
    reason: str
    by_itself: bool


class OutcomeStatus(Contract):
    """What became of a decision at once: `kind` is PLACED, DEFERRED, WITHDRAWN, HELD or REFUSED; `rule` refused it."""

    kind: str
    orders: tuple[str, ...] = ()
    rule: str = ""
    text: str = ""


class RouteStatus(Contract):
    """A route. `last_candle` is when its newest closed candle ended; `qty` and what follows is what it holds.

    `failures` are those of its strategy; `switched_off` says why it decides nothing more, where that is so.
    """

    name: str
    symbol: str
    timeframe: str
    enabled: bool
    last_candle: UtcDatetime | None
    decisions: int
    last_decision: DecisionStatus | None
    last_outcome: OutcomeStatus | None
    failures: int
    last_failure: str
    switched_off: str
    qty: Exact
    average_price: Exact | None
    unrealised: Exact | None
    stop: Exact | None
    take_profit: Exact | None


class LockStatus(Contract):
    """Why no new risk is taken."""

    rule: str
    text: str


class RiskStatus(Contract):
    """How the account does, in `currency`. `drawdown` is a fraction of the peak; `day_loss` is negative for a gain."""

    currency: str
    equity: Exact | None
    peak: Exact | None
    drawdown: Exact | None
    day_loss: Exact | None
    locks: tuple[LockStatus, ...]
    refusals: dict[str, int]


class StreamStatus(Contract):
    """The account's stream: NONE where the exchange has none, OPEN or LOST `since` then; `losses` in this run."""

    state: StreamState
    since: UtcDatetime | None
    why: str
    losses: int


class WarningStatus(Contract):
    """Something that a person should look at."""

    at: UtcDatetime
    kind: str
    text: str


class RunStatus(Contract):
    """See the module. `at` is by the run's clock, which may go faster or elsewhere; `written_at` by the machine's.

    `orders` counts by state all that the account's books remember, `fills` those of this run; `uncertain` are the
    open orders that are UNKNOWN or SUSPECT; `pauses` says why no orders are taken, by reason.
    """

    format: int = STATUS_FORMAT
    world: str
    pid: int
    host: str
    phase: RunPhase
    why: str
    started_at: UtcDatetime | None
    at: UtcDatetime
    written_at: UtcDatetime
    takes_orders: bool
    pauses: dict[str, str]
    stream: StreamStatus
    routes: tuple[RouteStatus, ...]
    open_orders: tuple[OrderStatus, ...]
    uncertain: tuple[OrderStatus, ...]
    positions: tuple[PositionStatus, ...]
    risk: RiskStatus
    orders: dict[str, int]
    fills: int
    warnings: tuple[WarningStatus, ...]


def status_of(
    about: AboutRun,
    *,
    account: Account,
    executor: Executor,
    risk: RiskManager,
    routes: RouteManager,
    notes: RunNotes,
    clock: Clock,
    wall: Clock | None = None,
) -> RunStatus:
    """The run as it is now. Changes nothing; `clock` is the run's, `wall` the machine's."""
    owners = _owners(executor, routes.routes)
    opened = tuple(
        order_status(order, owners.get(order.client_order_id)) for order in account.tracker.get_open_orders()
    )
    return RunStatus(
        world=about.world,
        pid=os.getpid(),
        host=socket.gethostname(),
        phase=notes.phase,
        why=notes.why,
        started_at=notes.started_at,
        at=clock.now(),
        written_at=(wall or SystemClock()).now(),
        takes_orders=account.takes_orders,
        pauses={str(reason): why for reason, why in account.pause_reasons.items()},
        stream=_stream(notes.stream, account),
        routes=tuple(
            _route(route, routes, executor, notes.routes.get(route.name), risk.price) for route in routes.routes
        ),
        open_orders=opened,
        uncertain=tuple(order for order in opened if order.certainty is not Certainty.CONFIRMED),
        positions=tuple(
            position_status(position, risk.price(symbol)) for symbol, position in executor.positions.positions().items()
        ),
        risk=_risk(about.currency, risk, notes),
        orders=orders_by_state(account.tracker),
        fills=notes.fills,
        warnings=tuple(WarningStatus(at=each.at, kind=each.kind, text=each.text) for each in notes.warnings),
    )


def order_status(order: InFlightOrder, route: str | None = None) -> OrderStatus:
    """An order as it is now; `route` is the name of the one that it is of."""
    return OrderStatus(
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        route=route,
        symbol=order.symbol,
        side=order.side,
        order_type=order.order_type,
        qty=order.qty,
        price=order.price,
        filled_qty=order.filled_qty,
        average_price=order.average_price,
        state=order.state,
        certainty=order.certainty,
        cancel_state=order.cancel_state,
        origin=order.origin,
        created_at=order.created_at,
    )


def position_status(position: Position, price: Decimal | None) -> PositionStatus:
    """A position at the market's last known price."""
    return PositionStatus(
        symbol=position.symbol,
        qty=position.qty,
        average_price=position.average_price,
        mark_price=price,
        unrealised=_unrealised(position, price),
        realised=position.realised,
        fees=dict(position.fees),
        fees_complete=position.fees_complete,
    )


def orders_by_state(tracker: OrderTracker) -> dict[str, int]:
    """State -> how many of the orders that the tracker remembers are in it; states that none is in are left out."""
    counted = Counter(order.state for order in tracker.get_orders())
    return {str(state): counted[state] for state in OrderState if counted[state]}


def _unrealised(position: Position, price: Decimal | None) -> Decimal | None:
    if position.qty == 0:
        return Decimal(0)
    return None if price is None else position.unrealised(price)


def _owners(executor: Executor, routes: Iterable[Route]) -> Mapping[str, str]:
    """Of each open order of a route on its own symbol, the route's name."""
    return {order.client_order_id: route.name for route in routes for order in executor.open_orders(route)}


def _stream(notes: StreamNotes, account: Account) -> StreamStatus:
    state = notes.state
    if state is StreamState.NONE and account.has_stream:  # what was told before anybody listened
        state = StreamState.LOST if PauseReason.STREAM_LOST in account.pause_reasons else StreamState.OPEN
    return StreamStatus(state=state, since=notes.since, why=notes.why, losses=notes.losses)


def _route(
    route: Route, routes: RouteManager, executor: Executor, notes: RouteNotes | None, prices: Prices
) -> RouteStatus:
    notes = notes or RouteNotes()
    candles = routes.candles(route.exchange, route.symbol, route.timeframe)
    held, protection = executor.holding(route), executor.protection(route)
    decided = notes.decided
    return RouteStatus(
        name=route.name,
        symbol=route.symbol,
        timeframe=route.timeframe,
        enabled=route.enabled,
        last_candle=route.timeframe.close_of(candles[-1].open_time) if candles else None,
        decisions=notes.decisions,
        last_decision=None
        if decided is None
        else DecisionStatus(
            at=decided.at,
            intent=decided.decision.intent,
            symbol=decided.decision.symbol,
            side=decided.decision.side,
            reason=decided.decision.reason,
            by_itself=decided.by_itself,
        ),
        last_outcome=None if decided is None else _outcome(decided.outcome),
        failures=notes.failures,
        last_failure=notes.last_failure,
        switched_off=notes.switched_off,
        qty=held.qty,
        average_price=held.average_price,
        unrealised=_unrealised(held, prices(route.symbol)),
        stop=None if protection is None else protection.stop,
        take_profit=None if protection is None else protection.take_profit,
    )


def _outcome(outcome: Outcome) -> OutcomeStatus:
    if isinstance(outcome, Refused):
        return OutcomeStatus(kind="REFUSED", rule=str(outcome.rule), text=outcome.text)
    if isinstance(outcome, Placed):
        return OutcomeStatus(kind="PLACED", orders=(outcome.order.client_order_id,))
    if isinstance(outcome, Deferred):
        return OutcomeStatus(kind="DEFERRED", orders=outcome.waits_for)
    if isinstance(outcome, Held):
        return OutcomeStatus(kind="HELD")
    return OutcomeStatus(kind="WITHDRAWN", orders=outcome.client_order_ids)


def _risk(currency: str, risk: RiskManager, notes: RunNotes) -> RiskStatus:
    return RiskStatus(
        currency=currency,
        equity=risk.equity,
        peak=risk.peak,
        drawdown=risk.drawdown,
        day_loss=risk.day_loss,
        locks=tuple(LockStatus(rule=str(lock.rule), text=lock.text) for lock in risk.locks),
        refusals={str(rule): count for rule, count in sorted(notes.refusals.items())},
    )
