"""How one order takes one piece of news: write the fact, derive the state, say what changed.

Every function that takes news has the same shape: (order, news, tell) -> None, where `tell` gathers events; `EVOLVE`
says which news is whose. The tracker hands over only news that fits its order, so nothing here is left half-done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from yunmin.clock import to_millis
from yunmin.core.data_contracts.enums import Certainty, FillKind, OrderState, Verdict
from yunmin.core.data_contracts.events import (
    Anomaly,
    AnomalyKind,
    FillConflict,
    FillEnriched,
    InferredFillReplaced,
    LateFill,
    OrderCancelled,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderCompleted,
    OrderCorrected,
    OrderExpired,
    OrderFailed,
    OrderFill,
    OrderFilled,
    OrderFillVoided,
    OrderOpened,
    OrderQueryNeeded,
    OrderRejected,
    OrderResolved,
    OrderSnapshot,
    OrderTermsChanged,
    OrderUncertain,
    Overfill,
    TrackerEvent,
)
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.money import EXACT, ZERO, plain
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, OrderSearched, SubmitResult
from yunmin.core.in_flight_order import (
    CANCEL_ACCEPTED,
    CANCEL_REFUSED,
    CANCEL_REQUESTED,
    CANCEL_UNKNOWN,
    InFlightOrder,
    price_to_18,
)
from yunmin.core.order_lifecycle import ENDS, TERMINAL, TRANSITIONS, is_complete, next_state, outranks
from yunmin.errors import RejectReason, RejectSource

__all__ = [
    "EVOLVE",
    "Tell",
    "acknowledge",
    "adds_nothing",
    "book_fill",
    "infer_residual",
    "request_cancel",
    "take_cancel_result",
    "take_fill",
    "take_search",
    "take_submit_result",
    "take_update",
    "void_fill",
]

_add, _subtract, _multiply, _multiply_add = EXACT.add, EXACT.subtract, EXACT.multiply, EXACT.fma

# Looking a member up on its enum class costs more than all else in a comparison.
_PENDING, _OPEN, _FILLED, _FAILED = OrderState.PENDING, OrderState.OPEN, OrderState.FILLED, OrderState.FAILED
_INFERRED = FillKind.INFERRED

_new_tuple = tuple.__new__  # what a NamedTuple's own constructor calls in the end

_NO_TIME = datetime.min.replace(tzinfo=UTC)
"""When something was said without a time: before everything that has one."""

_END_EVENTS: dict[OrderState, type[OrderCompleted | OrderCancelled | OrderExpired | OrderRejected | OrderFailed]] = {
    OrderState.FILLED: OrderCompleted,
    OrderState.CANCELLED: OrderCancelled,
    OrderState.EXPIRED: OrderExpired,
    OrderState.REJECTED: OrderRejected,
    OrderState.FAILED: OrderFailed,
}


class Tell:
    """Gathers the events of one input, each with the next number of the account's sequence."""

    __slots__ = ("_next", "events")

    def __init__(self, next_number: Callable[[], int]) -> None:
        self._next = next_number
        self.events: list[TrackerEvent] = []

    def __call__(self, kind: Callable[..., TrackerEvent], *details: object) -> None:
        self.events.append(kind(self._next(), *details))

    def anomaly(self, kind: AnomalyKind, order: InFlightOrder | None, message: str, subject: object) -> None:
        client_order_id = None if order is None else order.client_order_id
        self.events.append(Anomaly(self._next(), kind, client_order_id, message, subject))


# --- news of the exchange's own ----------------------------------------------------------------------------------


def acknowledge(order: InFlightOrder, exchange_order_id: str, tell: Tell) -> None:
    """The exchange gave the order an id."""
    was_unknown = order._uncertain and _is_unknown(order)
    order._exchange_order_id = exchange_order_id
    order._acknowledged = True
    _settle(order, tell, implied=False)
    if was_unknown:
        _tell_if_resolved(order, tell)


def take_update(order: InFlightOrder, update: OrderUpdate, tell: Tell) -> None:
    """The exchange described the order in cumulative figures."""
    was_unknown = order._uncertain and _is_unknown(order)
    state = update.state
    if state is None and update.raw_status is not None:
        message = f"status {update.raw_status!r} is not known; the state is kept"
        tell.anomaly(AnomalyKind.UNKNOWN_STATUS, order, message, update)
    if state is not _PENDING and state is not _FAILED:
        order._acknowledged = True
    updated_at = update.updated_at
    if update.qty is not None or update.price is not None:
        _take_terms(order, update, tell)
    if state is _FILLED or update.filled_qty is not None or order._figures is not None:
        _take_figures(order, update)
    if state in _ENDING:
        _take_end(order, update, tell)
    if updated_at is not None and (order._updated_at is None or updated_at > order._updated_at):
        order._updated_at = updated_at
    gained = ZERO if order._inferred is None else _recount_inferred(order)
    previous = order._state
    _move(order, tell, implied=state is not _OPEN)
    if gained > ZERO:
        tell(OrderFilled, order.snapshot(), previous, _last_inferred(order)._replace(qty=gained))
    _tell_consequences(order, tell, previous)
    if was_unknown:
        _tell_if_resolved(order, tell)


def take_fill(order: InFlightOrder, fill: Fill, tell: Tell) -> None:
    """The exchange named one execution."""
    figures = fill.trade_id, fill.qty, fill.price, fill.fee, fill.fee_asset, fill.ts, fill.liquidity, fill.kind
    book_fill(order, _new_tuple(OrderFill, figures), tell)


def book_fill(order: InFlightOrder, fill: OrderFill, tell: Tell) -> None:
    """One execution; the same trade id again changes nothing, except that a fee may become known."""
    trade_id, qty, price = fill[:3]
    if qty <= ZERO or price <= ZERO:
        tell.anomaly(AnomalyKind.EMPTY_FILL, order, "an execution of nothing, or for nothing, is not a fill", fill)
        tell(OrderQueryNeeded, order.snapshot(), "an execution without quantity or price was reported")
        return
    if fill.kind is _INFERRED:
        _book_inferred(order, fill, tell)
        return
    known = order._fills.get(trade_id) if order._fills is not None else None
    if known is not None:
        _meet_again(order, known, fill, tell)
        return
    was_unknown = order._uncertain and _is_unknown(order)
    _add_real(order, fill)
    absorbed = ZERO if order._inferred is None else -_recount_inferred(order)
    previous = order._state
    after_end = order._told_end
    _move(order, tell, implied=not order._acknowledged)
    snapshot = order.snapshot()
    tell(OrderFilled, snapshot, previous, fill)
    if absorbed > ZERO:
        tell(InferredFillReplaced, snapshot, absorbed)
    if after_end:
        tell(LateFill, snapshot, fill)
    if order._voided is not None and trade_id in order._voided:  # taken back before we heard of it
        order._voided[trade_id] = fill
        snapshot = order.snapshot()
        tell(OrderFillVoided, snapshot, trade_id)
    _tell_consequences(order, tell, previous, snapshot)
    if was_unknown:
        _tell_if_resolved(order, tell)


def void_fill(order: InFlightOrder, voided: FillVoided, tell: Tell) -> None:
    """A trade was taken back: it no longer counts as filled, and it still does not reopen the order."""
    if order._voided is None:
        order._voided = {}
    if voided.trade_id in order._voided:
        return
    booked = (order._fills or {}).get(voided.trade_id)
    order._voided[voided.trade_id] = booked
    if booked is not None:
        _subtract_fee(order, booked)
        tell(OrderFillVoided, order.snapshot(), voided.trade_id)


# --- what became of our own commands -----------------------------------------------------------------------------


def take_submit_result(order: InFlightOrder, result: SubmitResult, tell: Tell) -> None:
    """The verdict on the placement. Evidence of the order itself always outweighs it."""
    was_unknown = order._uncertain and _is_unknown(order)
    if result.verdict is Verdict.ACCEPTED:
        order._acknowledged = True
    elif result.verdict is Verdict.UNKNOWN or result.reason is RejectReason.DUPLICATE_ID:
        # a duplicate id proves that an earlier attempt exists, and says nothing of what became of it
        _become_uncertain(order, result, tell)
        return
    else:
        _take_refusal(order, result, tell)
    _settle(order, tell, implied=False)
    if was_unknown:
        _tell_if_resolved(order, tell)


def _take_refusal(order: InFlightOrder, result: SubmitResult, tell: Tell) -> None:
    """REJECTED outranks FAILED, and a reason outranks OTHER, whichever came first."""
    state = _FAILED if result.reason in _NEVER_IN_THE_BOOK else OrderState.REJECTED
    refused = (state, result.reason or RejectReason.OTHER, result.source)
    if order._refused is not None and _refusal_rank(refused) <= _refusal_rank(order._refused):
        return
    order._refused = refused
    if order.has_evidence and (order._end is None or order._end[1] is not OrderState.REJECTED):
        message = f"a verdict of {state} against evidence of the order"
        tell.anomaly(AnomalyKind.REFUSED_TRANSITION, order, message, result)


_NEVER_IN_THE_BOOK = frozenset({RejectReason.NOT_SENT, RejectReason.NOT_PLACED})
"""Proven not to have left, and proven by the exchange's own fence not to have arrived."""


def _refusal_rank(refused: tuple[OrderState, RejectReason, RejectSource | None]) -> tuple[bool, bool, str, str]:
    state, reason, source = refused
    return state is OrderState.REJECTED, reason is not RejectReason.OTHER, reason, source or ""


def request_cancel(order: InFlightOrder, request: CancelRequest, tell: Tell) -> None:
    """A cancel is on its way."""
    if _take_cancel(order, request.attempt, CANCEL_REQUESTED) and not order.is_completed:
        tell(OrderCancelRequested, order.snapshot(), request.attempt)


def take_cancel_result(order: InFlightOrder, result: CancelResult, tell: Tell) -> None:
    """How a cancel ended. Accepted without figures proves nothing about the fills: the exchange must be asked."""
    known = _CANCEL_VERDICTS[result.verdict]
    if not _take_cancel(order, result.attempt, known) or order.is_completed:
        return
    if known == CANCEL_ACCEPTED:
        if result.update is None:
            tell(OrderQueryNeeded, order.snapshot(), "a cancel was accepted without saying what was filled before")
        return
    if known == CANCEL_REFUSED:
        tell(OrderCancelRejected, order.snapshot(), result.attempt, result.message)
    else:
        tell(OrderUncertain, order.snapshot(), result.message or "the cancel has no answer")
    tell(OrderQueryNeeded, order.snapshot(), "only the exchange knows whether the cancel took effect")


def take_search(order: InFlightOrder, search: OrderSearched, tell: Tell) -> None:
    """The exchange finds the order, or does not any more. Of two reports on one attempt, not found gives way."""
    if (search.attempt, search.found) <= order._search:
        return
    was_suspect = order.certainty is Certainty.SUSPECT
    order._search = (search.attempt, search.found)
    is_suspect = order.certainty is Certainty.SUSPECT
    if is_suspect and not was_suspect:
        tell(OrderUncertain, order.snapshot(), search.message or "the exchange does not find it any more")
    elif was_suspect and not is_suspect:
        tell(OrderResolved, order.snapshot())


_CANCEL_VERDICTS = {
    Verdict.ACCEPTED: CANCEL_ACCEPTED,
    Verdict.REJECTED: CANCEL_REFUSED,
    Verdict.UNKNOWN: CANCEL_UNKNOWN,
}

EVOLVE: Final[dict[type, Callable[[InFlightOrder, Any, Tell], None]]] = {
    OrderUpdate: take_update,
    Fill: take_fill,
    FillVoided: void_fill,
    SubmitResult: take_submit_result,
    CancelRequest: request_cancel,
    CancelResult: take_cancel_result,
    OrderSearched: take_search,
}
"""Which news is taken how."""


def adds_nothing(order: InFlightOrder, news: OrderUpdate | Fill) -> bool:
    """Whether `news` says only what is known of `order` already. In doubt it does not: False costs a second look."""
    if news.symbol != order._symbol or news.exchange_order_id != order._exchange_order_id:
        return False
    if news.side is not None and news.side is not order._side:
        return False
    return _is_booked(order, news) if isinstance(news, Fill) else _is_old(order, news)


def _is_booked(order: InFlightOrder, fill: Fill) -> bool:
    known = None if order._fills is None else order._fills.get(fill.trade_id)
    if known is None or fill.kind is _INFERRED:
        return False
    told = (fill.trade_id, fill.qty, fill.price, fill.fee, fill.fee_asset, fill.ts, fill.liquidity, fill.kind)
    return known == told


def _is_old(order: InFlightOrder, update: OrderUpdate) -> bool:
    if order._updated_at is None or update.updated_at is None or update.updated_at > order._updated_at:
        return False
    if update.qty != order._qty or (update.price != order._price and order._asked_price is not None):
        return False
    if update.state in ENDS:
        is_known = order._end is not None and not outranks((_millis(update.updated_at), update.state), order._end)
    else:
        is_known = order._said_full if update.state is _FILLED else order._acknowledged and update.state is not None
    figures = (update.filled_qty or ZERO, update.filled_cost or ZERO)
    return is_known and order._figures is None and figures <= (order._reported_qty, order._reported_cost or ZERO)


def infer_residual(order: InFlightOrder) -> Fill | None:
    """The one fill that would account for what the exchange reports filled and no trade shows yet.

    Priced at the difference of cost over the difference of quantity; None where nothing is missing, or where the
    exchange gave no cost to price it by. The id is fixed by order and cumulative quantity, so it is the same in
    every run.
    """
    residual = order.unattributed_qty
    if residual <= ZERO or order._reported_cost is None:
        return None
    cost = _subtract(order._reported_cost, order._real_cost)
    for fill in order._inferred_needed():
        cost = _subtract(cost, _multiply(fill.qty, fill.price))
    price = price_to_18(cost, residual)
    if price is None:
        return None
    return Fill(
        symbol=order.symbol,
        trade_id=f"inferred:{order.client_order_id}:{plain(order._reported_qty)}",
        client_order_id=order.client_order_id,
        exchange_order_id=order.exchange_order_id,
        side=order.side,
        qty=residual,
        price=price,
        kind=FillKind.INFERRED,
        ts=order.updated_at,
    )


# --- facts -------------------------------------------------------------------------------------------------------


def _take_terms(order: InFlightOrder, update: OrderUpdate, tell: Tell) -> None:
    """The exchange's own quantity and price: of each, the newest word stands, and the larger of two of one time."""
    at = update.updated_at or _NO_TIME
    qty, price = update.qty, update.price
    previous_qty, previous_price = order._qty, order._price
    if qty is not None and _is_newer(at, order._qty_at, qty, previous_qty):
        order._qty, order._qty_at = qty, at
    # an average, or a zero, that is reported as the price of a market order is not a limit
    if price is not None and order._asked_price is not None and _is_newer(at, order._price_at, price, previous_price):
        order._price, order._price_at = price, at
    if previous_qty is not None and (order._qty != previous_qty or order._price != previous_price):
        tell(OrderTermsChanged, order.snapshot(), previous_qty, previous_price)


def _is_newer(at: datetime, known_at: datetime | None, value: Decimal, known: Decimal | None) -> bool:
    if known_at is None or at > known_at:
        return True
    return at == known_at and known is not None and value > known


def _take_figures(order: InFlightOrder, update: OrderUpdate) -> None:
    """Cumulative quantity and cost: the largest ever said stands, so a stale answer changes nothing.

    FILLED without a figure means all of the order's quantity, whatever that turns out to be.
    """
    filled, cost = update.filled_qty, update.filled_cost
    known = order._figures or (order._reported_qty, order._reported_cost)
    if update.state is _FILLED:
        order._said_full = True
        if filled is None:
            filled = update.qty
        if filled is None and order._figures is None:
            order._figures = known
    # a cost of 0 is how the wire says that it does not know
    if filled is not None and (filled, cost or ZERO) > (known[0], known[1] or ZERO):
        known = (filled, cost or None)
    if order._figures is not None:
        order._figures = known
        if order._qty is not None and order._qty > known[0]:
            known = (order._qty, None)
    order._reported_qty, order._reported_cost = known


def _take_end(order: InFlightOrder, update: OrderUpdate, tell: Tell) -> None:
    if update.state is _FILLED:
        if order._qty is not None and not is_complete(order._qty, order.gross_filled_qty, order._qty_step):
            tell.anomaly(AnomalyKind.FILLED_SHORT, order, "reported FILLED with less than its quantity filled", update)
            tell(OrderQueryNeeded, order.snapshot(), "the status says filled, the figures do not")
    elif update.state is not None:
        reported = (_millis(update.updated_at), update.state)
        if outranks(reported, order._end):
            order._end = reported


_ENDING = frozenset({_FILLED, *ENDS})


def _add_real(order: InFlightOrder, fill: OrderFill) -> None:
    cost = _multiply_add(fill.qty, fill.price, order._real_cost)
    qty = _add(order._real_qty, fill.qty)
    if order._fills is None:
        order._fills = {fill.trade_id: fill}
    else:
        order._fills[fill.trade_id] = fill
    order._real_qty, order._real_cost = qty, cost
    if order._voided is None or fill.trade_id not in order._voided:
        _add_fee(order, fill)


def _fee_is_known(fill: OrderFill) -> bool:
    """Nothing paid is nothing of any asset."""
    return fill.fee is not None and (fill.fee_asset is not None or fill.fee == ZERO)


def _add_fee(order: InFlightOrder, fill: OrderFill) -> None:
    if fill.fee and fill.fee_asset is not None:
        _change_fee(order, fill.fee_asset, fill.fee)
    elif not _fee_is_known(fill):
        order._fees_unknown += 1


def _subtract_fee(order: InFlightOrder, fill: OrderFill) -> None:
    if fill.fee and fill.fee_asset is not None:
        _change_fee(order, fill.fee_asset, _subtract(ZERO, fill.fee))
    elif not _fee_is_known(fill):
        order._fees_unknown -= 1


def _change_fee(order: InFlightOrder, asset: str, change: Decimal) -> None:
    fees = order._fees
    if not fees:
        order._fees = ((asset, change),)
        return
    if len(fees) == 1 and fees[0][0] == asset:
        amount = _add(fees[0][1], change)
        order._fees = ((asset, amount),) if amount else ()
        return
    amounts = dict(fees)
    amounts[asset] = _add(amounts.get(asset, ZERO), change)
    order._fees = tuple(sorted(item for item in amounts.items() if item[1]))


def _meet_again(order: InFlightOrder, known: OrderFill, fill: OrderFill, tell: Tell) -> None:
    """A trade id that is booked already: identical, better informed, or in conflict."""
    if known == fill:
        return
    if _contradict(known, fill):
        tell(FillConflict, order.snapshot(), known, fill)
        return
    better = _merged(known, fill)
    if better == known:
        return
    assert order._fills is not None  # noqa: S101  it held `known`
    order._fills[fill.trade_id] = better
    if order._voided is not None and fill.trade_id in order._voided:
        order._voided[fill.trade_id] = better
        return
    _subtract_fee(order, known)
    _add_fee(order, better)
    if (better.fee, better.fee_asset) != (known.fee, known.fee_asset):
        tell(FillEnriched, order.snapshot(), better)


def _contradict(known: OrderFill, fill: OrderFill) -> bool:
    if known.qty != fill.qty or known.price != fill.price:
        return True
    if known.liquidity is not None and fill.liquidity is not None and known.liquidity is not fill.liquidity:
        return True
    both_full = all(each.fee is not None and each.fee_asset is not None for each in (known, fill))
    return both_full and (known.fee, known.fee_asset) != (fill.fee, fill.fee_asset)


def _merged(known: OrderFill, fill: OrderFill) -> OrderFill:
    """All that two accounts of one trade say: a fee with its asset before one without, the earlier of two times."""
    with_fee = max(known, fill, key=lambda each: (each.fee is not None) + (each.fee_asset is not None))
    times = [each.ts for each in (known, fill) if each.ts is not None]
    return known._replace(
        fee=with_fee.fee,
        fee_asset=with_fee.fee_asset,
        liquidity=known.liquidity or fill.liquidity,
        ts=min(times, default=None),
    )


def _book_inferred(order: InFlightOrder, fill: OrderFill, tell: Tell) -> None:
    if order._inferred is None:
        order._inferred = {}
    if fill.trade_id in order._inferred:
        return
    order._inferred[fill.trade_id] = fill
    gained = _recount_inferred(order)
    previous = order._state
    if gained > ZERO:
        tell(OrderFilled, order.snapshot(), previous, fill._replace(qty=gained))
    _tell_consequences(order, tell, previous)


def _recount_inferred(order: InFlightOrder) -> Decimal:
    """Count inferred fills only as far as real ones leave a gap; returns by how much that changed."""
    total = ZERO
    for fill in (order._inferred or {}).values():
        total = _add(total, fill.qty)
    gap = max(ZERO, _subtract(order._reported_qty, order._real_qty))
    before = order._inferred_effective
    order._inferred_effective = min(total, gap)
    return _subtract(order._inferred_effective, before)


def _last_inferred(order: InFlightOrder) -> OrderFill:
    inferred = order._inferred or {}
    return inferred[max(inferred)]


def _take_cancel(order: InFlightOrder, attempt: int, known: int) -> bool:
    if (attempt, known) <= order._cancel:
        return False
    order._cancel = (attempt, known)
    return True


def _become_uncertain(order: InFlightOrder, result: SubmitResult, tell: Tell) -> None:
    if order._uncertain:
        return
    order._uncertain = True
    if not _is_unknown(order):
        return
    tell(OrderUncertain, order.snapshot(), result.message or "the placement has no answer")
    tell(OrderQueryNeeded, order.snapshot(), "only the exchange knows whether the order was placed")


def _is_unknown(order: InFlightOrder) -> bool:
    """Whether nobody can say that the order exists: its placement has no answer, and nothing else shows it."""
    return order._uncertain and order._refused is None and not order.has_evidence


def _tell_if_resolved(order: InFlightOrder, tell: Tell) -> None:
    if not _is_unknown(order):
        tell(OrderResolved, order.snapshot())


# --- state -------------------------------------------------------------------------------------------------------


def _settle(order: InFlightOrder, tell: Tell, *, implied: bool) -> None:
    """Derive the state from the facts and tell what that changes."""
    previous = order._state
    _move(order, tell, implied=implied)
    _tell_consequences(order, tell, previous)


def _move(order: InFlightOrder, tell: Tell, *, implied: bool) -> None:
    gross = order._real_qty if order._real_qty >= order._reported_qty else order._reported_qty
    qty = order._qty
    state = next_state(
        complete=order._said_full if qty is None else is_complete(qty, gross, order._qty_step),
        end=None if order._end is None else order._end[1],
        any_filled=gross > ZERO,
        acknowledged=order._acknowledged,
        refused=None if order._refused is None else order._refused[0],
    )
    previous = order._state
    if state is not previous:
        if state not in TRANSITIONS[previous]:
            tell.anomaly(AnomalyKind.REFUSED_TRANSITION, order, f"{previous} does not become {state}", state)
            return
        order._state = state
    if not order._told_open and state not in _NOT_IN_THE_BOOK:
        order._told_open = True
        tell(OrderOpened, order.snapshot(), implied)


_NOT_IN_THE_BOOK = frozenset({_PENDING, OrderState.REJECTED, _FAILED})


def _tell_consequences(
    order: InFlightOrder, tell: Tell, previous: OrderState, snapshot: OrderSnapshot | None = None
) -> None:
    state = order._state
    if state not in TERMINAL:
        if order._told_end:
            order._told_end = False
            tell(OrderCorrected, snapshot or order.snapshot(), previous)
        return
    is_news = state is not previous if order._told_end else order.unattributed_qty <= ZERO
    if state is not _FILLED and not is_news:
        return
    snapshot = snapshot or order.snapshot()
    if is_news:
        tell(OrderCorrected if order._told_end else _END_EVENTS[state], snapshot, previous)
        order._told_end = True
    if snapshot.overfill_qty > order._told_overfill:
        order._told_overfill = snapshot.overfill_qty
        tell(Overfill, snapshot)


def _millis(moment: datetime | None) -> int:
    return -1 if moment is None else to_millis(moment)
