"""A disk in memory under SQLite: any of its calls can fail, and its power can go at any moment.

What was written is seen by the running process at once, and by one that is killed and started again; after a loss of
power only what was flushed is sure, and of the rest any part may be there. A layer of SQLite's kind, as apsw lets one
be written: https://rogerbinns.github.io/apsw/vfs.html
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from itertools import count
from types import TracebackType
from typing import Any, Final

import apsw

from yunmin.clock import seeded

__all__ = ["Disk", "DiskError", "Sticky"]

_SECTOR: Final = 512
_names: Final = count(1)


class DiskError(StrEnum):
    """How a call fails."""

    IO = "EIO"
    FULL = "ENOSPC"


class Sticky(StrEnum):
    """Whether only one call fails, or all of the same sort from that one on."""

    ONCE = "once"
    FROM_THEN_ON = "from then on"


_WRITING: Final = frozenset({"write", "truncate", "sync", "create", "delete"})
_CODES: Final = {
    "read": apsw.SQLITE_IOERR_READ,
    "write": apsw.SQLITE_IOERR_WRITE,
    "truncate": apsw.SQLITE_IOERR_TRUNCATE,
    "sync": apsw.SQLITE_IOERR_FSYNC,
    "delete": apsw.SQLITE_IOERR_DELETE,
    "size": apsw.SQLITE_IOERR_FSTAT,
    "delete of nothing": apsw.SQLITE_IOERR_DELETE_NOENT,
}


class _File:
    """One file: what the operating system shows, what is sure to be on the disk, and the difference in writes."""

    def __init__(self, content: bytes = b"") -> None:
        self.content = bytearray(content)
        self.flushed = bytes(content)
        self.unflushed: list[tuple[int, bytes] | int] = []

    def write(self, data: bytes, offset: int) -> None:
        _put(self.content, data, offset)
        self.unflushed.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.content[size:]
        self.unflushed.append(size)

    def flush(self) -> None:
        self.flushed = bytes(self.content)
        self.unflushed.clear()

    def after_power_loss(self, survives: Callable[[], bool]) -> bytes:
        content = bytearray(self.flushed)
        for change in self.unflushed:
            if isinstance(change, int):
                if survives():
                    del content[change:]
                continue
            offset, data = change
            for start in range(0, len(data), _SECTOR):
                if survives():
                    _put(content, data[start : start + _SECTOR], offset + start)
        return bytes(content)


class Disk(apsw.VFS):
    """The disk, registered with SQLite under `name` until it is dropped.

    `fail_at` is the number of the call that fails, counted from 1; None for a disk without faults. `only` names the
    sorts of call that count (read, write, truncate, sync, create, delete, size); None for all.
    """

    def __init__(
        self,
        files: dict[str, bytes] | None = None,
        *,
        fail_at: int | None = None,
        error: DiskError = DiskError.IO,
        sticky: Sticky = Sticky.ONCE,
        only: frozenset[str] | None = None,
    ) -> None:
        self.name = f"yunmin-disk-{next(_names)}"
        super().__init__(self.name, "")
        self.files = {name: _File(content) for name, content in (files or {}).items()}
        self.calls = 0
        self.syncs: list[str] = []
        self.failed: list[str] = []
        self.fail_at = fail_at
        self._error = error
        self._sticky = sticky
        self._only = only

    # --- what the tests do with it ---------------------------------------------------------------------------------

    def killed(self) -> dict[str, bytes]:
        """The files as a process finds them that starts after this one was killed."""
        return {name: bytes(file.content) for name, file in self.files.items()}

    def unplugged(self, seed: int | None = None) -> dict[str, bytes]:
        """The files after a loss of power: of what was not flushed nothing, or what `seed` decides by sectors."""
        chance = None if seed is None else seeded(seed)
        survives = (lambda: False) if chance is None else (lambda: chance.random() < 0.5)
        return {name: file.after_power_loss(survives) for name, file in self.files.items()}

    def call(self, sort: str, path: str) -> None:
        """Count one call, and fail it where that was asked for."""
        if self._only is not None and sort not in self._only:
            return
        self.calls += 1
        if self.fail_at is None or not self._is_hit(sort):
            return
        self.failed.append(f"{sort} {path.rpartition('/')[2]}")
        if self._error is DiskError.FULL and sort in ("write", "create"):
            raise apsw.FullError("database or disk is full")
        raise _failure(sort)

    def _is_hit(self, sort: str) -> bool:
        assert self.fail_at is not None  # noqa: S101  asked before
        if self._sticky is Sticky.ONCE:
            return self.calls == self.fail_at
        return self.calls == self.fail_at or (self.calls > self.fail_at and sort in _WRITING)

    # --- what SQLite asks of it ------------------------------------------------------------------------------------

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802  SQLite's own names
        path = name if isinstance(name, str) else name.filename()
        if path not in self.files:
            self.call("create", path)
            self.files[path] = _File()
        flags[1] = flags[0]
        return _OpenFile(self, path)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802, FBT001
        self.call("delete", filename)
        if filename not in self.files:
            raise _failure("delete of nothing")
        del self.files[filename]

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802
        return pathname in self.files

    def xFullPathname(self, filename: str) -> str:  # noqa: N802
        return filename

    def excepthook(
        self, etype: type[BaseException] | None, evalue: BaseException | None, etraceback: TracebackType | None
    ) -> bool:
        """Errors here are meant, and SQLite hands them on: nothing more is to be said of them."""
        return True


class _OpenFile:
    """One opening of a file. Locks are left to the lock of the journal itself."""

    def __init__(self, disk: Disk, path: str) -> None:
        self._disk = disk
        self._path = path
        self._file = disk.files[path]

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        self._disk.call("read", self._path)
        return bytes(self._file.content[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk.call("write", self._path)
        self._file.write(bytes(data), offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._disk.call("truncate", self._path)
        self._file.truncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.call("sync", self._path)
        self._disk.syncs.append(self._path)
        self._file.flush()

    def xFileSize(self) -> int:  # noqa: N802
        self._disk.call("size", self._path)
        return len(self._file.content)

    def xClose(self) -> None:  # noqa: N802
        return

    def xLock(self, level: int) -> None:  # noqa: N802
        return

    def xUnlock(self, level: int) -> None:  # noqa: N802
        return

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return _SECTOR

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return 0

    def excepthook(
        self, etype: type[BaseException] | None, evalue: BaseException | None, etraceback: TracebackType | None
    ) -> bool:
        """Errors here are meant, and SQLite hands them on: nothing more is to be said of them."""
        return True


def _failure(sort: str) -> apsw.Error:
    if sort == "create":
        return apsw.CantOpenError("unable to open database file")
    error = apsw.IOError("disk I/O error")
    setattr(error, "extendedresult", _CODES[sort])  # noqa: B010  apsw reads it; its types do not know of it
    return error


def _put(content: bytearray, data: bytes, offset: int) -> None:
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
