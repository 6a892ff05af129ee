"""Averages that move along with a series: simple, exponential, and Wilder's."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from math import fsum
from typing import Final

from yunmin.core.indicators.definition import NOT_YET, Indicator, Steps, a_period

__all__ = ["Seed", "ema", "ema_steps", "sma", "wilder"]


class Seed(StrEnum):
    """What an exponential average starts from."""

    FIRST = "FIRST"
    """The first value; there is a value from the first input on."""

    SMA = "SMA"
    """The simple average of the first `period` values, as TA-Lib does; before them there is none."""

    __hash__ = str.__hash__  # an enum's own is slow, and an average is looked up by its seed at every candle


_PLAIN: Final = Seed.FIRST


def sma(period: int) -> Indicator[float, float]:
    """The mean of the last `period` values."""
    period = a_period("period", period)
    return Indicator("sma", (period,), period, lambda: _sma_steps(period))


def _sma_steps(period: int) -> Steps[float, float]:
    window = [0.0] * period
    for slot in range(period):
        window[slot] = yield NOT_YET
    total = fsum(window)
    while True:
        for slot in range(period):
            value = yield total / period
            total += value - window[slot]
            window[slot] = value
        total = fsum(window)  # once a round from the values themselves: errors of adding and taking away do not pile up


def ema(period: int, seed: Seed = _PLAIN) -> Indicator[float, float]:
    """The exponential average whose newest value weighs 2 / (period + 1)."""
    period, seed = a_period("period", period), Seed(seed)
    return Indicator("ema", (period, seed), period, lambda: ema_steps(period, seed))


def ema_steps(period: int, seed: Seed) -> Steps[float, float]:
    """The steps of an `ema`, for indicators that are made of several."""
    return _smoothed(2 / (period + 1), 1 if seed is Seed.FIRST else period)


def wilder(period: int) -> Indicator[float, float]:
    """Wilder's average: the newest value weighs 1 / period; it starts from the mean of the first `period` values."""
    period = a_period("period", period)
    return Indicator("wilder", (period,), period, lambda: _smoothed(1 / period, period))


def _smoothed(weight: float, seed_size: int) -> Steps[float, float]:
    seed: list[float] = [(yield NOT_YET)]
    while len(seed) < seed_size:
        seed.append((yield NOT_YET))
    average = _mean(seed)
    while True:
        average += weight * ((yield average) - average)


def _mean(values: Iterable[float]) -> float:
    every = list(values)
    return fsum(every) / len(every)
