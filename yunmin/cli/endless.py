"""Commands that go on until somebody ends them: by Ctrl-C, by SIGTERM, or by reading no further."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any

from yunmin.cli.outcome import OutputFailed, run

__all__ = ["run_until_ended"]


def run_until_ended(work: Coroutine[Any, Any, None], *, as_json: bool) -> None:
    """As `outcome.run`; a signal is how this work ends, and no failure. So is a reader that goes away (`| head`)."""

    async def until_ended() -> None:
        _end_on_signals(asyncio.current_task())
        try:
            await work
        except asyncio.CancelledError:
            return
        except OutputFailed:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    run(until_ended, as_json=as_json)


def _end_on_signals(task: asyncio.Task[Any] | None) -> None:
    assert task is not None  # noqa: S101  this runs in one
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
