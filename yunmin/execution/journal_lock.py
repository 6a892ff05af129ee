"""One process per journal: a lock on a file beside it, which the operating system drops when the process ends.

The lock holds between processes of one machine. Where the folder is shared by several machines and the lock is not,
the fencing token inside the journal decides (`yunmin.execution.journal_file`).
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from yunmin.errors import JournalBusy, JournalUnavailable

__all__ = ["LOCK_NAME", "JournalLock", "is_held"]

LOCK_NAME: Final = "journal.lock"


class JournalLock:
    """Held from `take` until `release` or the end of the process, however it ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, folder: Path, now: datetime) -> JournalLock:
        """Take the lock and write down who has it.

        Raises JournalBusy with the holder when it is taken, JournalUnavailable when the file cannot be opened.
        """
        path = folder / LOCK_NAME
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalUnavailable(
                f"{path} cannot be opened: {error.strerror}. Nothing was sent. "
                "See that the folder can be written and that this process may open more files, then start again"
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write_down(descriptor, now)
        except OSError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise JournalUnavailable(
                    f"{path} cannot be locked: {error.strerror}. Nothing was sent. "
                    "Put the journal on a local disk with space left, then start again"
                ) from error
            raise _busy(path.parent, holder) from None
        return cls(path, descriptor)

    def release(self) -> None:
        """Let another process have it. The file stays: removing it would let two processes hold two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_held(folder: Path) -> bool:
    """Whether a process has the journal in `folder` now. Changes nothing, and makes no file.

    Where nobody has it, it is had for this one moment: whoever takes it right then is told that it is busy. So ask only
    where it matters.
    """
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _write_down(descriptor: int, now: datetime) -> None:
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now.isoformat(timespec="seconds")}
    text = json.dumps(holder).encode()
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))


def _holder(descriptor: int) -> dict[str, Any]:
    try:
        found = json.loads(os.pread(descriptor, 4096, 0))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _busy(folder: Path, holder: dict[str, Any]) -> JournalBusy:
    pid, host, since = holder.get("pid"), holder.get("host"), holder.get("since")
    who = f"process {pid} on {host}, since {since}" if pid else "another process"
    return JournalBusy(
        f"the journal in {folder} is held by {who}. Nothing was sent. "
        "One account has one process: stop that one, or use it; give another account a folder of its own",
        pid=pid,
        host=host,
        since=since,
    )
