"""What a run's events told so far, as far as somebody who looks in wants to know it.

notes = RunNotes(clock)
account.listen(notes.take)                      # and every event of the run itself
notes.routes[route.name].decided                # its last decision, and what became of it
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from yunmin.clock import Clock
from yunmin.core.data_contracts.decision import Intent
from yunmin.core.data_contracts.enums import FillKind
from yunmin.core.data_contracts.events import OrderFilled
from yunmin.core.data_contracts.stream import StreamGap, StreamLost, StreamOpened
from yunmin.engine.run_events import Decided, RouteSwitchedOff, RunEnded, RunEvent, RunStarted, StrategyFailed
from yunmin.engine.status.run_warnings import RunWarning, warning_of
from yunmin.execution.risk_verdicts import Refused, RiskRule

__all__ = ["RouteNotes", "RunNotes", "RunPhase", "StreamNotes", "StreamState"]

_KEPT: Final = 20


class RunPhase(StrEnum):
    """How far a run has come. STOPPING: nothing is decided any more, and the account is being closed."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    ENDED = "ENDED"


class StreamState(StrEnum):
    """Whether the account is heard. NONE: no stream was opened; the exchange is asked now and then."""

    NONE = "NONE"
    OPEN = "OPEN"
    LOST = "LOST"


class StreamNotes(NamedTuple):
    """The account's stream: as it is `since` then, and how often it was lost in this run."""

    state: StreamState = StreamState.NONE
    since: datetime | None = None
    why: str = ""
    losses: int = 0


@dataclass(slots=True)
class RouteNotes:
    """Of one route: its last decision (a HOLD only where it never decided anything else), and its failures."""

    decided: Decided | None = None
    decisions: int = 0
    failures: int = 0
    last_failure: str = ""
    switched_off: str = ""


class RunNotes:
    """See the module. `fills` are those that trades showed; `refusals` are counted by rule. Of warnings the last 20."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.phase = RunPhase.STARTING
        self.why = ""
        self.started_at: datetime | None = None
        self.routes: dict[str, RouteNotes] = {}
        self.warnings: deque[RunWarning] = deque(maxlen=_KEPT)
        self.fills = 0
        self.refusals: Counter[RiskRule] = Counter()
        self.stream = StreamNotes()

    def take(self, event: RunEvent) -> None:
        """Take notice of an event. Never raises."""
        match event:
            case OrderFilled():
                self.fills += event.fill.kind is FillKind.REAL
            case Decided():
                self._decided(event)
            case RunStarted():
                self.phase, self.started_at = RunPhase.RUNNING, event.at
            case RunEnded():
                self.phase, self.why = RunPhase.STOPPING, event.why
            case StrategyFailed():
                notes = self._of(event.route.name)
                notes.failures += 1
                notes.last_failure = f"{event.hook}: {event.what}"
            case RouteSwitchedOff():
                self._of(event.route.name).switched_off = event.why
            case StreamOpened():
                self.stream = self.stream._replace(state=StreamState.OPEN, since=event.at, why="")
            case StreamLost():
                self.stream = StreamNotes(StreamState.LOST, event.since, event.why, self.stream.losses + 1)
            case StreamGap():
                self.stream = self.stream._replace(state=StreamState.OPEN, since=event.end, why="")
            case _:
                pass
        warning = warning_of(event, self._clock.now())
        if warning is not None:
            self.warnings.append(warning)

    def ended(self, why: str = "") -> None:
        """The account is closed: nothing comes any more."""
        self.phase = RunPhase.ENDED
        self.why = self.why or why

    def _decided(self, event: Decided) -> None:
        notes = self._of(event.route.name)
        if isinstance(event.outcome, Refused):
            self.refusals[event.outcome.rule] += 1
        if event.decision.intent is not Intent.HOLD:
            notes.decisions += 1
        elif notes.decisions:
            return
        notes.decided = event

    def _of(self, route: str) -> RouteNotes:
        return self.routes.setdefault(route, RouteNotes())
