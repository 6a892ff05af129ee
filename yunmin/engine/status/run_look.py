"""A run seen from outside: what it says of itself, and whether there is still anybody who says it."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from yunmin.clock import Clock
from yunmin.engine.status.run_notes import RunPhase
from yunmin.engine.status.run_status import RunStatus
from yunmin.engine.status.status_file import StatusFile
from yunmin.execution.journal_lock import is_held

__all__ = ["RunLook", "Standing", "look_at"]

_FRESH: Final = timedelta(seconds=5)
"""A run writes its status every second; what is older than this is not taken at its word."""


class Standing(StrEnum):
    """NEVER: no run has written its status there. ALIVE: it says so and is there. SILENT: it is there and says no more.

    ENDED: it said so. GONE: it ended without saying so: it was killed, or its machine was.
    """

    NEVER = "NEVER"
    ALIVE = "ALIVE"
    SILENT = "SILENT"
    ENDED = "ENDED"
    GONE = "GONE"


class RunLook(NamedTuple):
    """What is to be seen in `folder`. `age` is that of the status, by this machine's clock; None without one."""

    folder: Path
    standing: Standing
    status: RunStatus | None
    age: timedelta | None


def look_at(folder: Path, wall: Clock) -> RunLook:
    """The run in `folder` as it stands now. Changes nothing. Raises ConfigurationError, see `StatusFile.read`."""
    status = StatusFile(folder, wall=wall).read()
    if status is None:
        return RunLook(folder, Standing.NEVER, None, None)
    age = max(wall.now() - status.written_at, timedelta())
    return RunLook(folder, _standing(folder, status, age), status, age)


def _standing(folder: Path, status: RunStatus, age: timedelta) -> Standing:
    if status.phase is RunPhase.ENDED:
        return Standing.ENDED
    is_here = status.host == socket.gethostname()
    if is_here and not _exists(status.pid):
        return Standing.GONE
    if age <= _FRESH:
        return Standing.ALIVE
    # another process may have its number by now, and not the journal
    return Standing.GONE if is_here and not is_held(folder) else Standing.SILENT


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
