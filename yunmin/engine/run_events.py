"""What a run tells beside its account's own events: decisions, strategies at fault, candles, and its end."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from yunmin.core.candle_queue import CandleEvent
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.route import Route
from yunmin.execution.account_events import AccountEvent
from yunmin.execution.outcomes import Outcome

__all__ = [
    "CandleTrouble",
    "Decided",
    "FeedTrouble",
    "RouteSwitchedOff",
    "RunEnded",
    "RunEvent",
    "RunStarted",
    "StrategyFailed",
]


class RunStarted(NamedTuple):
    """Orders are taken from here on. `world` says in words what is traded in; `routes` are all, in their order."""

    at: datetime
    world: str
    routes: tuple[Route, ...]


class RunEnded(NamedTuple):
    """Nothing is decided any more; the account is closed next."""

    at: datetime
    why: str


class Decided(NamedTuple):
    """A decision of a route, and what became of it at once. `by_itself`: of a stop, or of one that had waited."""

    at: datetime
    route: Route
    decision: Decision
    outcome: Outcome
    by_itself: bool


class StrategyFailed(NamedTuple):
    """A route's strategy raised, in the hook that is named; it decided nothing then. `trace` is its traceback."""

    at: datetime
    route: Route
    hook: str
    what: str
    trace: str


class RouteSwitchedOff(NamedTuple):
    """A route decides nothing more: its strategy failed too often, or did not return."""

    at: datetime
    route: Route
    why: str


class CandleTrouble(NamedTuple):
    """A candle that was late, refused or missing."""

    at: datetime
    event: CandleEvent


class FeedTrouble(NamedTuple):
    """Market data is lost, or has a gap that was or was not filled; in words."""

    at: datetime
    what: str


RunEvent = (
    AccountEvent | RunStarted | RunEnded | Decided | StrategyFailed | RouteSwitchedOff | CandleTrouble | FeedTrouble
)
"""All that a run tells its listeners."""
