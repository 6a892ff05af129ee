"""Whether one series went through another at the newest value."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from yunmin.core.indicators.definition import NOT_YET, Indicator, Steps

__all__ = ["Pair", "crossed_over", "crossed_under", "crossover", "crossunder"]


class Pair(NamedTuple):
    """Two series at one moment."""

    first: float
    second: float


def crossed_over(before: tuple[float, float], now: tuple[float, float]) -> bool:
    """Whether the first of two was not above the second before, and is now. With a value that is not there yet: no."""
    return before[0] <= before[1] and now[0] > now[1]


def crossed_under(before: tuple[float, float], now: tuple[float, float]) -> bool:
    """Whether the first of two was not below the second before, and is now. With a value that is not there yet: no."""
    return before[0] >= before[1] and now[0] < now[1]


def crossover() -> Indicator[tuple[float, float], bool]:
    """`crossed_over`, along two series."""
    return Indicator("crossover", (), 2, lambda: _crossing_steps(crossed_over))


def crossunder() -> Indicator[tuple[float, float], bool]:
    """`crossed_under`, along two series."""
    return Indicator("crossunder", (), 2, lambda: _crossing_steps(crossed_under))


def _crossing_steps(
    has_crossed: Callable[[tuple[float, float], tuple[float, float]], bool],
) -> Steps[bool, tuple[float, float]]:
    before: tuple[float, float] = Pair(NOT_YET, NOT_YET)
    now = yield False
    while True:
        crossing = has_crossed(before, now)
        before = now
        now = yield crossing
