"""A run from its beginning to the table at its end: logged, seen from outside, ended by time or by somebody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from yunmin.config.configuration import Configuration
from yunmin.core.data_contracts.base import Contract
from yunmin.engine.log.run_log import RunLog
from yunmin.engine.report.ledger_check import LedgerCheck, compare
from yunmin.engine.report.run_opening import RunOpening, opening_of
from yunmin.engine.report.run_report import RunReport, report_of
from yunmin.engine.run_events import RunEvent
from yunmin.engine.running import Run, open_run
from yunmin.engine.status.run_notes import RunNotes
from yunmin.engine.status.run_status import AboutRun, RunStatus, status_of
from yunmin.engine.status.status_file import StatusFile
from yunmin.engine.worlds.world import World
from yunmin.exchange.plugin import VenueLedger

__all__ = ["Session", "SessionReport"]

_LOOK: Final = 0.25
"""Seconds on the wall between two looks at whether the world is over, and whether the status is to be written."""

_COMPARISONS: Final = 3


class SessionReport(Contract):
    """What a run came to. `check` is None where the world does not show its own books."""

    folder: str
    run: RunReport
    check: LedgerCheck | None
    books_complete: bool

    @property
    def is_equal(self) -> bool:
        """Whether nothing is in doubt: every outcome is known, and the books are those of the venue."""
        return self.books_complete and (self.check is None or not self.check.differences)


class Session:
    """One run in `world`. `log` and `more` hear of every event."""

    def __init__(
        self, world: World, configuration: Configuration, more: Callable[[RunEvent], None] | None = None
    ) -> None:
        self._world = world
        self._configuration = configuration
        self._about = AboutRun(world.title, configuration.settings.account.currency)
        self._notes = RunNotes(world.clock)
        self._status = StatusFile(world.folder, wall=world.wall, hide=world.secrets)
        self._log = RunLog(configuration.settings.logging, world.clock, wall=world.wall, hide=world.secrets)
        self._listeners = [self._log.take, self._notes.take, *([] if more is None else [more])]
        self._opening: RunOpening | None = None
        self._begun: VenueLedger | None = None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Run]:
        """The run, ready to go; at the end its account is closed and the last word is written."""
        run: Run | None = None
        try:
            async with open_run(self._world, self._configuration, self._listeners) as run:
                self._opening = opening_of(
                    run.started_at,
                    tracker=run.account.tracker,
                    positions=run.executor.positions,
                    balances=run.opening,
                    equity=run.risk.equity,
                )
                self._begun = None if self._world.ledger is None else self._world.ledger()
                self._status.write(self._status_of(run))
                yield run
        finally:
            self._notes.ended("it failed")
            if run is not None:
                self._status.write(self._status_of(run))
            self._log.close()

    async def run(self, run: Run) -> SessionReport:
        """Go until the settings' duration is over, the world is, or somebody stops it; then complete the books."""
        duration = self._configuration.settings.run.duration
        beside = [self._beside(self._watch(run))]
        if duration is not None:
            beside.append(self._beside(self._stop_after(run, duration)))
        try:
            await run.go()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        return await self._finish(run)

    # --- beside the run ----------------------------------------------------------------------------------------------

    def _beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.create_task(work, name="session")

    async def _watch(self, run: Run) -> None:
        while True:
            self._status.offer(lambda: self._status_of(run))
            if self._world.is_over():
                run.stop("all that was recorded has happened")
            await self._world.wall.sleep(_LOOK)

    async def _stop_after(self, run: Run, duration: timedelta) -> None:
        await self._world.wall.sleep(duration.total_seconds())
        run.stop("its time was over")

    def _status_of(self, run: Run) -> RunStatus:
        return status_of(
            self._about,
            account=run.account,
            executor=run.executor,
            risk=run.risk,
            routes=run.routes,
            notes=self._notes,
            clock=self._world.clock,
            wall=self._world.wall,
        )

    # --- the end -----------------------------------------------------------------------------------------------------

    async def _finish(self, run: Run) -> SessionReport:
        complete = await run.complete_books()
        check = self._compare(run)
        for _ in range(_COMPARISONS - 1):  # an order that rests may have been filled between the two books
            if check is None or not check.differences:
                break
            complete = await run.complete_books()
            check = self._compare(run)
        return SessionReport(
            folder=str(self._world.folder), run=self._report(run), check=check, books_complete=complete
        )

    def _report(self, run: Run) -> RunReport:
        assert self._opening is not None  # noqa: S101  the run was opened
        return report_of(
            self._about,
            self._opening,
            tracker=run.account.tracker,
            positions=run.executor.positions,
            price=run.risk.price,
            equity=run.risk.equity,
            at=self._world.clock.now(),
            why=self._notes.why,
        )

    def _compare(self, run: Run) -> LedgerCheck | None:
        if self._world.ledger is None or self._begun is None or self._opening is None:
            return None
        return compare(
            self._opening,
            self._begun,
            self._world.ledger(),
            tracker=run.account.tracker,
            positions=run.executor.positions,
            price=run.risk.price,
            currency=run.risk.currency,
        )
