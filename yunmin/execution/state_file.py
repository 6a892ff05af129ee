"""A small file that is always one whole state: the one before a crash, or the one after it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from yunmin.errors import ConfigurationError

__all__ = ["StateFile"]


class StateFile:
    """JSON at `path`. Writing puts a new file in its place, flushed to the disk before and after."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, state: dict[str, Any]) -> None:
        """Put `state` on the disk. Raises OSError where that fails; what was there before is there still."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = self.path.with_name(self.path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(state))  # in one piece: indented, or piece by piece, it takes ten times as long
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self._flush_folder()

    def load(self) -> dict[str, Any] | None:
        """What was saved last; None where nothing was. Raises ConfigurationError for a file that cannot be read."""
        try:
            state = json.loads(self.path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigurationError(self._unreadable(str(error))) from error
        if not isinstance(state, dict):
            raise ConfigurationError(self._unreadable("it is not what was written"))
        return state

    def _unreadable(self, why: str) -> str:
        return (
            f"{self.path} cannot be read: {why}. Nothing was sent. Losses and locks that stood there are not known: "
            "look at it, and move it away to begin anew"
        )

    def _flush_folder(self) -> None:
        """The new name is on the disk only when its folder is."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
