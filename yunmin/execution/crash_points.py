"""Named places where a test may kill this process as `kill -9` would: to show that what follows is safe.

`YUNMIN_CRASH_AT=after_intent_durable:3` kills it the third time that this place is reached. Without the variable,
which is read once at import, `reach` does nothing.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from typing import Final

from yunmin.errors import ConfigurationError

__all__ = ["CRASH_POINTS", "VARIABLE", "arm", "reach"]

VARIABLE: Final = "YUNMIN_CRASH_AT"

CRASH_POINTS: Final = (
    "before_intent_write",
    "after_intent_write_before_commit",
    "after_intent_durable",
    "before_record_write",
    "after_record_write_before_commit",
    "after_record_kept",
    "mid_snapshot",
    "after_snapshot",
    "mid_letting_go",
    "in_recovery",
    "before_send",
    "after_answer",
    "in_reconcile",
)
"""Every name that `reach` is called with: first the journal's, in the order of an order's life, then the account's."""


def _asked_for(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    name, _, number = text.partition(":")
    if name not in CRASH_POINTS or not (number or "1").isdecimal() or number == "0":
        raise ConfigurationError(f"{VARIABLE} is NAME or NAME:COUNT with a name of {', '.join(CRASH_POINTS)}")
    return name, int(number or "1")


_asked = _asked_for(os.environ.get(VARIABLE, ""))
_reached: Final[Counter[str]] = Counter()


def arm(name: str, count: int) -> None:
    """As the environment's variable, for a process that was forked."""
    global _asked
    _asked = _asked_for(f"{name}:{count}")


def reach(name: str) -> None:
    """Say that the place is reached. Kills the process where the environment asks for it."""
    if _asked is None or _asked[0] != name:
        return
    _reached[name] += 1
    if _reached[name] == _asked[1]:
        os.kill(os.getpid(), signal.SIGKILL)
