"""`status.json` in a run's folder: the run as it was at most a second ago, for whoever looks in from outside."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import orjson
from pydantic import SecretStr, ValidationError

from yunmin.clock import Clock, SystemClock
from yunmin.engine.log.hiding import hider
from yunmin.engine.status.run_status import STATUS_FORMAT, RunStatus
from yunmin.errors import ConfigurationError

__all__ = ["STATUS_NAME", "StatusFile"]

STATUS_NAME: Final = "status.json"
_EVERY: Final = 1.0


class StatusFile:
    """In `folder`. Written whole or not at all, and not flushed: it is of no use after a power failure.

    `wall` is the machine's clock, however the run's own goes. `hide` are texts that are never written. `unwritten` says
    why it could not be written last.
    """

    def __init__(self, folder: Path, *, wall: Clock | None = None, hide: Iterable[SecretStr] = ()) -> None:
        self.path = folder / STATUS_NAME
        self.unwritten = ""
        self._wall = wall or SystemClock()
        self._hidden = hider(hide)
        self._next = float("-inf")

    def offer(self, make: Callable[[], RunStatus]) -> bool:
        """Write what `make` gives, if a second has passed since the last time; says whether it did. Never raises for
        the disk: a run does not end because nobody can look in.
        """
        if self._wall.monotonic() < self._next:
            return False
        self.write(make())
        return True

    def write(self, status: RunStatus) -> None:
        """Write `status` now: at the beginning and at the end."""
        self._next = self._wall.monotonic() + _EVERY
        beside = self.path.with_name(STATUS_NAME + ".new")
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(orjson.dumps(self._hidden(status.model_dump(mode="json"))))
            beside.replace(self.path)
            self.unwritten = ""
        except OSError as error:
            self.unwritten = str(error)

    def read(self) -> RunStatus | None:
        """What was written last; None where nothing was.

        Raises ConfigurationError for a file that is of another version, cut short, or no status at all.
        """
        try:
            written = orjson.loads(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}") from error
        except ValueError as error:
            raise ConfigurationError(f"{self.path} is cut short, or is no status of a run") from error
        found = written.get("format") if isinstance(written, dict) else None
        if found != STATUS_FORMAT:
            raise ConfigurationError(
                f"{self.path} is of format {found!r}; this version reads {STATUS_FORMAT}: look at it with the Yunmin "
                "that runs there"
            )
        try:
            return RunStatus.model_validate(written)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(map(str, problem["loc"]))
            raise ConfigurationError(f"{self.path} is no status of a run: {where}: {problem['msg']}") from error
