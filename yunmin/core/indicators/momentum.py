"""Which way a series goes, and how strongly: RSI and MACD."""

from __future__ import annotations

from math import fsum
from typing import NamedTuple

from yunmin.core.indicators.averages import Seed, ema_steps
from yunmin.core.indicators.definition import NOT_YET, Indicator, Steps, a_period
from yunmin.errors import InvalidValue

__all__ = ["Macd", "macd", "rsi"]

_NEITHER = 50.0


class Macd(NamedTuple):
    """The distance of two averages, the average of that distance, and what lies between; in the unit of the values."""

    line: float
    signal: float
    histogram: float


def rsi(period: int = 14) -> Indicator[float, float]:
    """Wilder's relative strength: the share of gains in all changes, from 0 to 100; 50 where nothing changed."""
    period = a_period("period", period)
    return Indicator("rsi", (period,), period + 1, lambda: _rsi_steps(period))


def _rsi_steps(period: int) -> Steps[float, float]:
    before = yield NOT_YET
    changes: list[float] = []
    while len(changes) < period:
        value = yield NOT_YET
        changes.append(value - before)
        before = value
    gain = fsum([max(each, 0.0) for each in changes]) / period
    loss = fsum([max(-each, 0.0) for each in changes]) / period
    weight = 1 / period
    while True:
        value = yield _strength(gain, loss)
        change, before = value - before, value
        # as `wilder` twice, in a third of the time
        gain += weight * ((change if change > 0.0 else 0.0) - gain)
        loss += weight * ((-change if change < 0.0 else 0.0) - loss)


def _strength(gain: float, loss: float) -> float:
    moved = gain + loss
    return 100.0 * (gain / moved) if moved else _NEITHER


def macd(fast: int = 12, slow: int = 26, signal: int = 9, seed: Seed = Seed.FIRST) -> Indicator[float, Macd]:
    """The EMA of `fast` less that of `slow`, and its own EMA of `signal`.

    Seeded by simple averages, both EMAs begin at the same candle, as TA-Lib has it: the fast one from its `fast`
    values before that.
    """
    fast, slow, signal = a_period("fast", fast), a_period("slow", slow), a_period("signal", signal)
    if fast >= slow:
        raise InvalidValue(f"fast must be less than slow: {fast} and {slow}")
    seed = Seed(seed)
    steps = _macd_steps if seed is Seed.FIRST else _macd_steps_of_averages
    return Indicator("macd", (fast, slow, signal, seed), slow + signal - 1, lambda: steps(fast, slow, signal))


def _macd_steps(fast: int, slow: int, signal: int) -> Steps[Macd, float]:
    fast_steps, slow_steps, signal_steps = (ema_steps(period, Seed.FIRST) for period in (fast, slow, signal))
    for steps in (fast_steps, slow_steps, signal_steps):
        next(steps)
    value = yield Macd(NOT_YET, NOT_YET, NOT_YET)
    while True:
        line = fast_steps.send(value) - slow_steps.send(value)
        average = signal_steps.send(line)
        value = yield Macd(line, average, line - average)


def _macd_steps_of_averages(fast: int, slow: int, signal: int) -> Steps[Macd, float]:
    fast_steps, slow_steps, signal_steps = (ema_steps(period, Seed.SMA) for period in (fast, slow, signal))
    for steps in (fast_steps, slow_steps, signal_steps):
        next(steps)
    number = 0
    shown = Macd(NOT_YET, NOT_YET, NOT_YET)
    while True:
        value = yield shown
        number += 1
        slow_average = slow_steps.send(value)
        fast_average = fast_steps.send(value) if number > slow - fast else NOT_YET
        line = fast_average - slow_average
        average = signal_steps.send(line) if number >= slow else NOT_YET
        shown = Macd(line, average, line - average)
