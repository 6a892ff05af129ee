"""Ctrl-C and SIGTERM, for a run: asked once it ends in order, asked twice at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from yunmin.engine.running import Run

__all__ = ["StopSignals", "stop_signals"]

_NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)

_IN_ORDER: Final = "Every order that was sent gets its outcome; once more does not wait."


class StopSignals:
    """What a signal does. Before there is a run, and while one stops already, `task` is cancelled."""

    def __init__(self, task: asyncio.Task[object] | None) -> None:
        self._task = task
        self._run: Run | None = None

    def stop_first(self, run: Run) -> None:
        """From now on the first signal stops `run`, and only the next one cancels."""
        self._run = run

    def take(self, name: str) -> None:
        """A signal came."""
        run = self._run
        if run is not None and not run.loop.is_stopping:
            sys.stderr.write(f"{name}: stopping. {_IN_ORDER}\n")
            run.stop(f"it was stopped by {name}")
            return
        if run is not None:
            run.account.stop_waiting()
        if self._task is not None:
            self._task.cancel()


@contextmanager
def stop_signals() -> Iterator[StopSignals]:
    """Mind both signals for as long as the block runs, which is in a task."""
    loop, signals = asyncio.get_running_loop(), StopSignals(asyncio.current_task())
    for number in _NUMBERS:
        loop.add_signal_handler(number, signals.take, number.name)
    try:
        yield signals
    finally:
        for number in _NUMBERS:
            loop.remove_signal_handler(number)
