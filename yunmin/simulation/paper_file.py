"""A paper exchange's state on the disk: the whole of it, then a line for each change, written before it is told.

A line that was torn by the end of its process was never told to anybody, and is left out. The lines are handed to the
operating system, so they survive the process; a loss of power may take the last of them.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any, Final

from yunmin.errors import ConfigurationError, OutcomeUnknown
from yunmin.simulation.paper_state import laid_over

__all__ = ["PaperFile"]

_DIGITS: Final = 8


class PaperFile:
    """State in lines of JSON at `path`, each behind its checksum."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether changes can be written."""
        return self._descriptor is not None

    def load(self) -> dict[str, Any] | None:
        """The state as it was when the last change was written; None where there is no file.

        Raises ConfigurationError where it cannot be read, or is damaged before its end.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"cannot read {self.path}: {error.strerror}") from error
        first, *changes = [_read(line) for line in text.split(b"\n")[:-1]] or [None]
        if first is None or None in changes:
            raise ConfigurationError(
                f"{self.path} is damaged: it is not what was written. Nothing was traded. "
                "Move it away to begin a new paper account"
            )
        for change in changes:
            laid_over(first, change or {})
        return first

    def begin(self, state: dict[str, Any]) -> None:
        """Write `state` whole, in place of what is there. Raises ConfigurationError where that cannot be."""
        self.close()
        beside = self.path.with_name(f".{self.path.name}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(_line(state))
                file.flush()
                os.fsync(descriptor)
            beside.replace(self.path)
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND)
        except OSError as error:
            raise ConfigurationError(f"cannot write {self.path}: {error.strerror}") from error

    def append(self, change: dict[str, Any]) -> None:
        """Write one change. Raises OutcomeUnknown where the disk does not take it: it has happened all the same."""
        if self._descriptor is None:
            raise OutcomeUnknown(f"{self.path} is not open: what the paper exchange did is not written down")
        line = _line(change)
        try:
            written = os.write(self._descriptor, line)
        except OSError as error:
            self.close()
            raise OutcomeUnknown(f"what the paper exchange did is not written down: {error.strerror}") from error
        if written != len(line):
            self.close()
            raise OutcomeUnknown("what the paper exchange did is written down in part only: the disk is full")

    def close(self) -> None:
        """Let the file go. May be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _line(state: dict[str, Any]) -> bytes:
    text = json.dumps(state, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _read(line: bytes) -> dict[str, Any] | None:
    """What a line says; None where it is not what was written."""
    text = line[_DIGITS + 1 :]
    if line[:_DIGITS] != b"%08x" % zlib.crc32(text):
        return None
    read: dict[str, Any] = json.loads(text)
    return read
