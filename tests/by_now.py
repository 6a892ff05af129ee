"""What is true by now, where it was something else a moment ago."""

from __future__ import annotations

from typing import TypeVar

Seen = TypeVar("Seen")


def by_now(seen: Seen) -> Seen:
    """What was seen at this moment and at no other.

    mypy takes an attribute for what an assertion found it to be until it is assigned to; that a call in between may
    change it is not known to it. Whatever a test looks at more than once, as it changes, is looked at through this.
    """
    return seen
