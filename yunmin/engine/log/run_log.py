"""The log of a run: every event as one entry, on a terminal for people, as lines of JSON for machines.

    with RunLog(settings.logging, clock) as log:
        account.listen(log.take)                # and every event of the run itself

Built on structlog with processors of its own: how a program that uses Yunmin has set up structlog or logging does not
matter, and is not changed. Entries are written by a thread (log_writer.py): taking one costs microseconds, and a disk
that is full stops nothing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, Final, Self, TextIO

import structlog
from pydantic import SecretStr
from structlog.typing import WrappedLogger

from yunmin.clock import Clock, SystemClock
from yunmin.config.settings import LogFormat, LoggingSettings, LogLevel
from yunmin.engine.log.hiding import hider
from yunmin.engine.log.log_entries import LogEntry, entry_of, entry_of_lost_entries
from yunmin.engine.log.log_lines import ConsoleLines, JsonLines
from yunmin.engine.log.log_writer import FileSink, LogWriter, StreamSink
from yunmin.engine.run_events import Decided, RunEvent, RunStarted
from yunmin.execution.order_tags import seeming_tag, tag_of
from yunmin.execution.outcomes import Deferred, Placed

__all__ = ["RunLog"]

Processor = Callable[[WrappedLogger, str, Any], Any]

_RANKS: Final = {level: rank for rank, level in enumerate(LogLevel)}
_APART: Final = timedelta(seconds=1)


class RunLog:
    """Writes what it takes, from `settings.level` on, to `settings.file` or else to `stream` (None: stderr).

    `clock` is the run's: an entry's `ts` is its time, and `wall` the machine's, where they are a second or more apart.
    `hide` are texts that are never written, whoever says them; what looks like a signature or a key is not, either.
    Raises ConfigurationError where the file cannot be opened, and never after that.
    """

    def __init__(
        self,
        settings: LoggingSettings,
        clock: Clock,
        *,
        wall: Clock | None = None,
        stream: TextIO | None = None,
        hide: Iterable[SecretStr] = (),
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        stream = stream or sys.stderr
        self._least = _RANKS[settings.level]
        self._clock = clock
        self._wall = wall or SystemClock()
        self._routes: dict[str, str] = {}
        is_terminal = settings.file is None and stream.isatty()
        self._log: Any = structlog.wrap_logger(
            structlog.ReturnLogger(),
            processors=[_hiding(hide), _renderer(settings.format, is_terminal=is_terminal, environ=environ)],
            wrapper_class=structlog.BoundLogger,
            context_class=dict,
        ).bind()
        sink = StreamSink(stream) if settings.file is None else FileSink(settings.file)
        self._writer = LogWriter(sink, self._line_of_loss)

    def take(self, event: RunEvent) -> None:
        """Write the event, if its level is high enough. Returns at once and never raises."""
        try:
            self._learn_routes(event)
            entry = entry_of(event)
        except Exception as error:  # noqa: BLE001  trading goes on, whatever cannot be told
            why = f"{type(event).__name__} cannot be told: {type(error).__name__}"
            entry = entry_of_lost_entries(1, why)
        if _RANKS[entry.kind.level] >= self._least:
            stamped = self._stamped(entry)
            self._writer.put(lambda: self._line(stamped))

    @property
    def written(self) -> int:
        """How many entries were handed to the operating system."""
        return self._writer.written

    @property
    def lost(self) -> int:
        """How many were not, and never will be."""
        return self._writer.lost

    def close(self) -> None:
        """Write what is not written yet, for some seconds at most. May be called twice."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- entries -----------------------------------------------------------------------------------------------------

    def _stamped(self, entry: LogEntry) -> dict[str, Any]:
        now, wall = self._clock.now(), self._wall.now()
        fields: dict[str, Any] = {"ts": now, "level": entry.kind.level.value, "event": entry.kind.event}
        if abs(wall - now) >= _APART:
            fields["wall"] = wall
        fields.update(entry.fields)
        tag = seeming_tag(entry.fields.get("client_order_id", ""))
        if tag is not None and tag.route in self._routes:
            fields.setdefault("route", self._routes[tag.route])
        return fields

    def _learn_routes(self, event: RunEvent) -> None:
        """Orders carry the digest of their route's name at the end of their ids."""
        match event:
            case RunStarted():
                self._routes.update({tag_of(route).route: route.name for route in event.routes})
            case Decided(route=route, outcome=Placed() | Deferred()):
                self._routes[tag_of(route).route] = route.name

    def _line(self, fields: dict[str, Any]) -> str:
        return f"{getattr(self._log, fields['level'])(**fields)}\n"

    def _line_of_loss(self, lost: int) -> str:
        return self._line(self._stamped(entry_of_lost_entries(lost)))


def _renderer(wanted: LogFormat, *, is_terminal: bool, environ: Mapping[str, str]) -> Processor:
    is_for_people = wanted is LogFormat.CONSOLE or (wanted is LogFormat.AUTO and is_terminal)
    has_colours = is_terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return ConsoleLines(colours=has_colours) if is_for_people else JsonLines()


def _hiding(hide: Iterable[SecretStr]) -> Processor:
    hidden = hider(hide)
    return lambda _, __, entry: hidden(entry)
