"""Which of a run's events a person should look at, and in which words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from yunmin.core.candle_queue import CandleDelayed, CandleEvent, CandleRefused
from yunmin.core.data_contracts.events import (
    Anomaly,
    FillConflict,
    LateFill,
    OrderFailed,
    OrderRejected,
    OrderUncertain,
    Overfill,
)
from yunmin.core.data_contracts.stream import StreamLost
from yunmin.engine.run_events import CandleTrouble, FeedTrouble, RouteSwitchedOff, RunEvent, StrategyFailed
from yunmin.execution.account_events import BalanceDrift, Warned

__all__ = ["RunWarning", "warning_of"]


class RunWarning(NamedTuple):
    """Something that a person should look at. `kind` is the event's name."""

    at: datetime
    kind: str
    text: str


def warning_of(event: RunEvent, now: datetime) -> RunWarning | None:
    """The event as a warning, at its own time or, where it has none, `now`; None for what is in order."""
    words = _WORDS.get(type(event))
    if words is None:
        return None
    told = event.event if isinstance(event, CandleTrouble) else event
    return RunWarning(getattr(event, "at", now), type(told).__name__, words(event))


def _refused(event: OrderRejected | OrderFailed) -> str:
    order = event.order
    return f"{order.client_order_id} ({order.symbol}): {order.reject_reason}, said by {order.reject_source}"


def _candle(event: CandleEvent) -> str:
    series = f"{event.series.symbol} {event.series.timeframe}"
    if isinstance(event, CandleDelayed):
        return f"{series}: the candle of {event.open_time.isoformat()} was {event.delay.total_seconds():g} s late"
    if isinstance(event, CandleRefused):
        return f"{series}: the candle of {event.candle.open_time.isoformat()} was refused: {event.why}"
    return f"{series}: {event.missing} missing from {event.start.isoformat()} to {event.end.isoformat()}"


def _of_order(words: str) -> Callable[[Any], str]:
    return lambda event: f"{event.order.client_order_id} ({event.order.symbol}) {words}"


_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    Anomaly: lambda event: f"{event.kind}: {event.message}",
    BalanceDrift: lambda event: f"{event.asset}: {event.actual} are there, {event.expected} were expected",
    CandleTrouble: lambda event: _candle(event.event),
    FeedTrouble: lambda event: event.what,
    FillConflict: _of_order("had a known trade told again with other figures; the first is kept"),
    LateFill: _of_order("was filled after its end had been told"),
    OrderFailed: _refused,
    OrderRejected: _refused,
    OrderUncertain: lambda event: f"{event.order.client_order_id} is {event.order.certainty}: {event.message}",
    Overfill: _of_order("was filled beyond what was asked"),
    RouteSwitchedOff: lambda event: f"{event.route.name}: {event.why}",
    StrategyFailed: lambda event: f"{event.route.name}, {event.hook}: {event.what}",
    StreamLost: lambda event: f"the account's stream: {event.why}",
    Warned: lambda event: event.message,
}
