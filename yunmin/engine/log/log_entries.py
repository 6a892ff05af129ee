"""A run's events as log entries: one name, one level and plain fields each. docs/logging.md has the table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from yunmin.config.settings import LogLevel
from yunmin.core.candle_queue import CandleDelayed, CandleRefused, CandlesMissing
from yunmin.core.data_contracts.decision import Decision, Intent
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.events import (
    Anomaly,
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
    OrderSubmitted,
    OrderTermsChanged,
    OrderUncertain,
    Overfill,
)
from yunmin.core.data_contracts.stream import BalanceUpdate, StreamGap, StreamLost, StreamOpened, Transfer
from yunmin.engine.run_events import (
    CandleTrouble,
    Decided,
    FeedTrouble,
    RouteSwitchedOff,
    RunEnded,
    RunEvent,
    RunStarted,
    StrategyFailed,
)
from yunmin.execution.account_events import (
    BalanceDrift,
    ExternalOrderSeen,
    ReconcileFinished,
    ReconcileStarted,
    SubmitsChanged,
    Warned,
)
from yunmin.execution.gate import PauseReason
from yunmin.execution.outcomes import Deferred, Held, Placed, Withdrawn
from yunmin.execution.risk_verdicts import Refused

__all__ = ["KINDS", "EntryKind", "LogEntry", "entry_of", "entry_of_lost_entries"]

Fields = dict[str, Any]


class EntryKind(NamedTuple):
    """`event` is what the entry is called, `says` what it means."""

    event: str
    level: LogLevel
    says: str


class LogEntry(NamedTuple):
    """`fields` are strings, Decimals, times, numbers, enums, and lists and dicts of those; none of them is None."""

    kind: EntryKind
    fields: Fields


KINDS: Final[dict[str, EntryKind]] = {}
"""Every kind there is, by its event."""

DEBUG, INFO, WARNING, ERROR = LogLevel


def _kind(event: str, level: LogLevel, says: str) -> EntryKind:
    kind = KINDS[event] = EntryKind(event, level, says)
    return kind


def entry_of(event: RunEvent) -> LogEntry:
    """The event as an entry. Raises KeyError for what is none of a run's events."""
    kind, fields = _ENTRIES[type(event)](event)
    return LogEntry(kind, {name: value for name, value in fields.items() if value is not None})


def entry_of_lost_entries(count: int, why: str = "they could not be written") -> LogEntry:
    """What stands in the place of entries that are not there."""
    return LogEntry(_LOST, {"count": count, "why": why})


# --- of a run --------------------------------------------------------------------------------------------------------

_STARTED = _kind("run_started", INFO, "orders are taken from here on")
_ENDED = _kind("run_ended", INFO, "nothing is decided any more; the account is closed next")
_HELD = _kind("decision_held", DEBUG, "a strategy wants nothing, or nothing was left to do")
_PLACED = _kind("decision_placed", INFO, "a decision became an order, which is under way")
_DEFERRED = _kind("decision_deferred", INFO, "a decision waits until orders of ours, which are being cancelled, ended")
_WITHDRAWN = _kind("decision_withdrawn", INFO, "what rested is being cancelled, as was decided")
_REFUSED = _kind("decision_refused", WARNING, "risk or the market's rules refused it: the rule, its figures and why")
_FAILED = _kind("strategy_failed", ERROR, "a strategy raised, or did not return; it decided nothing")
_SWITCHED_OFF = _kind("route_switched_off", ERROR, "a route decides nothing more in this run")
_DELAYED = _kind("candle_delayed", WARNING, "a candle closed late, because it came late")
_CANDLE_REFUSED = _kind("candle_refused", WARNING, "a candle came whose time had passed; nobody saw it")
_MISSING = _kind("candles_missing", WARNING, "candles never came")
_FEED = _kind("feed_troubled", WARNING, "market data is lost, or has a gap that was or was not filled")
_LOST = _kind("log_entries_lost", ERROR, "so many entries are missing here, and why")


def _decided(event: Decided) -> tuple[EntryKind, Fields]:
    decision, outcome = event.decision, event.outcome
    wanted: Fields = {"route": event.route.name, **_terms(decision), "by_itself": event.by_itself or None}
    match outcome:
        case Placed():
            return _PLACED, {**wanted, "client_order_id": outcome.order.client_order_id}
        case Deferred():
            return _DEFERRED, {**wanted, "waits_for": list(outcome.waits_for)}
        case Withdrawn():
            return _WITHDRAWN, {**wanted, "client_order_ids": list(outcome.client_order_ids)}
        case Refused():
            return _REFUSED, {**wanted, "rule": outcome.rule, "why": outcome.text, "figures": _some(outcome.figures)}
        case Held():
            return _HELD, wanted


def _terms(decision: Decision) -> Fields:
    figures = {name: getattr(decision, name) for name in ("qty", "fraction", "price", "stop", "take_profit")}
    is_hold = decision.intent is Intent.HOLD
    return {
        "symbol": decision.symbol,
        "intent": None if is_hold else decision.intent,
        "side": decision.side,
        **figures,
        "reason": decision.reason or None,
    }


def _candle(event: CandleTrouble) -> tuple[EntryKind, Fields]:
    told = event.event
    series: Fields = {"symbol": told.series.symbol, "timeframe": told.series.timeframe}
    match told:
        case CandleDelayed():
            return _DELAYED, {**series, "open_time": told.open_time, "delay": told.delay.total_seconds()}
        case CandleRefused():
            return _CANDLE_REFUSED, {**series, "open_time": told.candle.open_time, "why": told.why}
        case CandlesMissing():
            return _MISSING, {**series, "start": told.start, "end": told.end, "count": told.missing}


# --- of orders -------------------------------------------------------------------------------------------------------

_ANOMALY = _kind("anomaly_seen", ERROR, "something about an order did not fit, and was not applied as it stood")
_CONFLICT = _kind("fill_conflicted", ERROR, "a known trade came again with other figures; the first is kept")


def _order(order: OrderSnapshot) -> Fields:
    return {
        "symbol": order.symbol,
        "side": order.side,
        "qty": order.qty,
        "price": order.price,
        "order_type": order.order_type,
        "state": order.state,
        "certainty": None if order.certainty is Certainty.CONFIRMED else order.certainty,
        "filled_qty": order.filled_qty or None,
        "average_price": order.average_price,
        "fees": _some(order.fees),
        "reason": order.reject_reason,
        "said_by": order.reject_source,
        "client_order_id": order.client_order_id,
        "exchange_order_id": order.exchange_order_id,
    }


def _fill(order: OrderSnapshot, fill: OrderFill) -> Fields:
    return {
        "symbol": order.symbol,
        "side": order.side,
        "qty": fill.qty,
        "price": fill.price,
        "fee": fill.fee,
        "fee_asset": fill.fee_asset,
        "liquidity": fill.liquidity,
        "trade_id": fill.trade_id,
        "fill_kind": fill.kind,
        "state": order.state,
        "filled_qty": order.filled_qty,
        "order_qty": order.qty,
        "client_order_id": order.client_order_id,
        "exchange_order_id": order.exchange_order_id,
    }


def _order_entry(
    event: str, level: LogLevel, says: str, **more: Callable[[Any], Any]
) -> Callable[[Any], tuple[EntryKind, Fields]]:
    kind = _kind(event, level, says)
    return lambda told: (kind, {**_order(told.order), **{name: read(told) for name, read in more.items()}})


def _fill_entry(event: str, level: LogLevel, says: str) -> Callable[[Any], tuple[EntryKind, Fields]]:
    kind = _kind(event, level, says)
    return lambda told: (kind, _fill(told.order, told.fill))


def _conflict(event: FillConflict) -> tuple[EntryKind, Fields]:
    refused = {"refused_qty": event.refused.qty, "refused_price": event.refused.price, "refused_fee": event.refused.fee}
    return _CONFLICT, {**_fill(event.order, event.kept), **refused}


def _anomaly(event: Anomaly) -> tuple[EntryKind, Fields]:
    return _ANOMALY, {"anomaly": event.kind, "why": event.message, "client_order_id": event.client_order_id}


# --- of an account ---------------------------------------------------------------------------------------------------

_BALANCES = _kind("balances_changed", DEBUG, "balances as they stand now; assets that are not named are as they were")
_TRANSFER = _kind("transfer_seen", INFO, "an amount came in, or left, otherwise than by trading")
_STREAM_OPENED = _kind("stream_opened", INFO, "the account is heard, live")
_STREAM_LOST = _kind("stream_lost", WARNING, "nothing is sure to be heard of the account")
_STREAM_GAP = _kind("stream_gap_seen", WARNING, "what happened in a time may not have been told; the exchange is asked")
_ASKED = _kind("reconcile_started", DEBUG, "the exchange is asked what happened")
_RECONCILED = _kind("reconcile_finished", INFO, "every question was answered")
_UNRECONCILED = _kind("reconcile_incomplete", WARNING, "a question had no answer; it is asked again")
_RESUMED = _kind("submits_resumed", INFO, "new orders are taken again")
_PAUSED = _kind("submits_paused", WARNING, "new orders are not taken now; cancels are")
_CLOSING = _kind("account_closing", INFO, "the program ends: new orders are not taken any more")
_HALTED = _kind("submits_halted", ERROR, "new orders are not taken, and only a person can change that")
_STRANGER = _kind("external_order_seen", WARNING, "somebody else's order on this account")
_DRIFT = _kind("balance_drifted", WARNING, "a total is not what fills and fees make of the last one")
_WARNED = _kind("account_warned", WARNING, "something that a person should look at")

_FOR_A_PERSON: Final = frozenset({PauseReason.HALTED, PauseReason.KILLED, PauseReason.JOURNAL})


def _balances(event: BalanceUpdate) -> tuple[EntryKind, Fields]:
    return _BALANCES, {"balances": {each.asset: {"free": each.free, "locked": each.locked} for each in event.balances}}


def _reconciled(event: ReconcileFinished) -> tuple[EntryKind, Fields]:
    report = event.report._asdict()
    is_complete = report.pop("complete")
    problem = report.pop("problem")
    counts = {name: count or None for name, count in report.items()}
    return _RECONCILED if is_complete else _UNRECONCILED, {**counts, "problem": problem or None}


def _submits(event: SubmitsChanged) -> tuple[EntryKind, Fields]:
    if not event.reasons:
        return _RESUMED, {}
    if set(event.reasons) == {PauseReason.CLOSING}:
        return _CLOSING, {}
    kind = _PAUSED if _FOR_A_PERSON.isdisjoint(event.reasons) else _HALTED
    return kind, {"reasons": {str(reason): why for reason, why in event.reasons.items()}}


def _stranger(event: ExternalOrderSeen) -> tuple[EntryKind, Fields]:
    names = ("symbol", "side", "qty", "price", "order_type", "state", "client_order_id", "exchange_order_id")
    return _STRANGER, {name: getattr(event.update, name) for name in names}


def _some(values: Any) -> Fields | None:
    return dict(values) or None


_ENTRIES: Final[dict[type, Callable[[Any], tuple[EntryKind, Fields]]]] = {
    RunStarted: lambda told: (_STARTED, {"world": told.world, "routes": [route.name for route in told.routes]}),
    RunEnded: lambda told: (_ENDED, {"why": told.why}),
    Decided: _decided,
    StrategyFailed: lambda told: (
        _FAILED,
        {"route": told.route.name, "hook": told.hook, "why": told.what, "trace": told.trace},
    ),
    RouteSwitchedOff: lambda told: (_SWITCHED_OFF, {"route": told.route.name, "why": told.why}),
    CandleTrouble: _candle,
    FeedTrouble: lambda told: (_FEED, {"why": told.what}),
    OrderSubmitted: _order_entry("order_submitted", INFO, "an order of ours exists here, and is about to be sent"),
    OrderOpened: _order_entry("order_opened", INFO, "the exchange has the order"),
    OrderTermsChanged: _order_entry(
        "order_terms_changed",
        WARNING,
        "the exchange's price or qty is not the one that was asked for",
        previous_qty=lambda told: told.previous_qty,
        previous_price=lambda told: told.previous_price,
    ),
    OrderFilled: _fill_entry("order_filled", INFO, "a fill was booked; qty and price are the fill's"),
    OrderCompleted: _order_entry("order_completed", INFO, "the end: filled, and every fill is known"),
    OrderCancelled: _order_entry("order_cancelled", INFO, "the end: cancelled, and every fill before is known"),
    OrderExpired: _order_entry("order_expired", INFO, "the end: expired, and every fill before is known"),
    OrderRejected: _order_entry("order_rejected", WARNING, "the end: refused, here or by the exchange"),
    OrderFailed: _order_entry("order_failed", WARNING, "the end: proven never to have reached the book"),
    OrderCorrected: _order_entry(
        "order_corrected",
        WARNING,
        "evidence changed the state of an order whose end had been told",
        previous_state=lambda told: told.previous,
    ),
    OrderCancelRequested: _order_entry(
        "order_cancel_requested", INFO, "a cancel is on its way", attempt=lambda told: told.attempt
    ),
    OrderCancelRejected: _order_entry(
        "order_cancel_rejected",
        WARNING,
        "the exchange did not cancel; the order may be alive or done",
        attempt=lambda told: told.attempt,
        why=lambda told: told.message,
    ),
    OrderUncertain: _order_entry(
        "order_uncertain",
        WARNING,
        "what became of a command is not known; it is found out",
        why=lambda told: told.message,
    ),
    OrderResolved: _order_entry("order_resolved", INFO, "evidence ended the uncertainty"),
    LateFill: _fill_entry("order_filled_late", WARNING, "a fill came after the order's end had been told"),
    Overfill: _order_entry("order_overfilled", ERROR, "more was filled than was asked"),
    FillConflict: _conflict,
    FillEnriched: _fill_entry("fill_fee_learned", DEBUG, "a fill's fee became known"),
    OrderFillVoided: _order_entry(
        "fill_voided", ERROR, "the exchange took a trade back", trade_id=lambda told: told.trade_id
    ),
    InferredFillReplaced: _order_entry(
        "inferred_fill_replaced",
        DEBUG,
        "a real fill took the place of an inferred one",
        absorbed_qty=lambda told: told.qty,
    ),
    OrderQueryNeeded: _order_entry("order_query_needed", DEBUG, "the exchange is asked", why=lambda told: told.why),
    Anomaly: _anomaly,
    BalanceUpdate: _balances,
    Transfer: lambda told: (_TRANSFER, {"asset": told.asset, "amount": told.amount}),
    StreamOpened: lambda _: (_STREAM_OPENED, {}),
    StreamLost: lambda told: (_STREAM_LOST, {"since": told.since, "why": told.why}),
    StreamGap: lambda told: (_STREAM_GAP, {"start": told.start, "end": told.end, "why": told.why}),
    ReconcileStarted: lambda told: (_ASKED, {"why": told.why}),
    ReconcileFinished: _reconciled,
    SubmitsChanged: _submits,
    ExternalOrderSeen: _stranger,
    BalanceDrift: lambda told: (_DRIFT, {"asset": told.asset, "expected": told.expected, "actual": told.actual}),
    Warned: lambda told: (_WARNED, {"why": told.message}),
}
