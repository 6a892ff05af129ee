"""How far values lie apart: standard deviation, Bollinger bands, highest and lowest, true range."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import fsum, sqrt
from operator import ge, le
from typing import NamedTuple

from yunmin.core.indicators.averages import wilder
from yunmin.core.indicators.definition import NOT_YET, Bar, Indicator, Steps, a_period
from yunmin.errors import InvalidValue

__all__ = ["Bands", "atr", "bollinger", "highest", "lowest", "stddev"]


class Bands(NamedTuple):
    """Bollinger's bands, in the unit of the values."""

    lower: float
    middle: float
    upper: float


class _Moments(NamedTuple):
    mean: float
    deviation: float


_NO_MOMENTS = _Moments(NOT_YET, NOT_YET)


def stddev(period: int) -> Indicator[float, float]:
    """The standard deviation of the last `period` values, as of a whole population (divided by `period`)."""
    period = a_period("period", period)
    return Indicator("stddev", (period,), period, lambda: _stddev_steps(period))


def bollinger(period: int = 20, width: float = 2.0) -> Indicator[float, Bands]:
    """The mean of the last `period` values, and bands of `width` standard deviations below and above it."""
    period = a_period("period", period)
    if not 0 < width < float("inf"):
        raise InvalidValue(f"width must be more than zero: {width!r}")
    return Indicator("bollinger", (period, width), period, lambda: _bollinger_steps(period, width))


def _stddev_steps(period: int) -> Steps[float, float]:
    moments = _moments_steps(period)
    next(moments)
    value = yield NOT_YET
    while True:
        value = yield moments.send(value).deviation


def _bollinger_steps(period: int, width: float) -> Steps[Bands, float]:
    moments = _moments_steps(period)
    next(moments)
    value = yield Bands(NOT_YET, NOT_YET, NOT_YET)
    while True:
        mean, deviation = moments.send(value)
        value = yield Bands(mean - width * deviation, mean, mean + width * deviation)


def _moments_steps(period: int) -> Steps[_Moments, float]:
    """Mean and deviation, moved along by Welford's way; from the values themselves once a round."""
    window = [0.0] * period
    for slot in range(period):
        window[slot] = yield _NO_MOMENTS
    while True:
        mean = fsum(window) / period
        squares = fsum([(each - mean) ** 2 for each in window])
        for slot in range(period):
            value = yield _Moments(mean, sqrt(squares / period))
            oldest, window[slot] = window[slot], value
            moved = mean + (value - oldest) / period
            # never below zero: rounding may take away more than there was
            squares = max(squares + (value - oldest) * (value - moved + oldest - mean), 0.0)
            mean = moved


def highest(period: int) -> Indicator[float, float]:
    """The largest of the last `period` values."""
    period = a_period("period", period)
    return Indicator("highest", (period,), period, lambda: _extreme_steps(period, le))


def lowest(period: int) -> Indicator[float, float]:
    """The smallest of the last `period` values."""
    period = a_period("period", period)
    return Indicator("lowest", (period,), period, lambda: _extreme_steps(period, ge))


def _extreme_steps(period: int, gives_way_to: Callable[[float, float], bool]) -> Steps[float, float]:
    """Keeps only values that may yet be the extreme: those that no later one has beaten."""
    hopes: deque[tuple[int, float]] = deque()
    number = 0
    extreme = NOT_YET
    while True:
        value = yield extreme
        while hopes and gives_way_to(hopes[-1][1], value):
            hopes.pop()
        hopes.append((number, value))
        if hopes[0][0] <= number - period:
            hopes.popleft()
        number += 1
        extreme = hopes[0][1] if number >= period else NOT_YET


def atr(period: int = 14) -> Indicator[Bar, float]:
    """Wilder's average of the true range: how far prices moved in a candle, gaps to the one before included."""
    period = a_period("period", period)
    return Indicator("atr", (period,), period + 1, lambda: _atr_steps(period), takes_bars=True)


def _atr_steps(period: int) -> Steps[float, Bar]:
    average = wilder(period).stream().update
    _, _, before = yield NOT_YET
    value = NOT_YET
    while True:
        high, low, close = yield value
        value = average(max(high, before) - min(low, before))
        before = close
