"""Where a replay is: how much of its recorded time has passed, and whether there is anything left of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from yunmin.errors import ConfigurationError

__all__ = ["ReplayClock"]


class ReplayClock:
    """Recorded time that passes `speed` times as fast as `now` (microseconds), from `start` on.

    It begins when it is first asked, so that what it takes to set a venue up is no part of the replay.
    """

    def __init__(self, now: Callable[[], int], start: int, *, speed: Decimal) -> None:
        if speed <= 0:
            raise ConfigurationError("a replay's speed is above zero")
        self._now = now
        self._start = start
        self._speed = Fraction(speed)
        self._begun: int | None = None

    def moment(self) -> int:
        """The recorded moment that it is now, in microseconds since the epoch."""
        now = self._now()
        if self._begun is None:
            self._begun = now
        return self._start + int((now - self._begun) * self._speed)
