"""A file with an API secret in it is for its owner's eyes only."""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path
from typing import Final

from dotenv import dotenv_values  # as pydantic-settings reads it, and brings it along

from yunmin.errors import ConfigurationError

__all__ = ["require_private"]

_EYES: Final = stat.S_IRWXG | stat.S_IRWXO
"""Whatever others may do with a file: also one that they can only write makes the key somebody else's."""


def require_private(path: Path, variable: str) -> None:
    """Raise ConfigurationError where `path` holds a value for `variable` and its group or others have any right to it.

    Where files have no such rights (Windows), and where there is no such file, nothing is asked.
    """
    if os.name != "posix" or not path.is_file():
        return
    mode = path.stat().st_mode
    if not mode & _EYES or not _holds(path, variable):
        return
    where = path.absolute()
    raise ConfigurationError(
        f"{where} holds {variable} and is open to others on this machine ({stat.filemode(mode)}). Nothing was sent. "
        f"Run: chmod 600 {shlex.quote(str(where))}"
    )


def _holds(path: Path, variable: str) -> bool:
    return any(name.upper() == variable and value for name, value in dotenv_values(path, interpolate=False).items())
