"""Indicators against TA-Lib, which others trust: equal within one part in a thousand million."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest

from tests.core.indicators.test_indicators import a_walk
from yunmin.core.indicators import Bar, Seed, atr, bollinger, ema, highest, lowest, macd, rsi, sma, stddev

talib = pytest.importorskip("talib", reason="TA-Lib cannot be imported here; its wheels are for Python 3.11 to 3.13")
numpy = pytest.importorskip("numpy")

RELATIVE = 1e-9
CLOSES = a_walk(5_000)
HIGHS = [each * 1.01 for each in CLOSES]
LOWS = [each * 0.985 for each in CLOSES]
BARS = [Bar(high, low, close) for high, low, close in zip(HIGHS, LOWS, CLOSES, strict=True)]


def array(values: Sequence[float]) -> Any:
    return numpy.array(values, dtype=float)


def agree(ours: Sequence[float], theirs: Any, *, scale: float = 0.0) -> None:
    """As good as equal wherever TA-Lib has a value, and none of ours where it has none."""
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs.tolist(), strict=True):
        assert math.isnan(one) == math.isnan(other)
        assert math.isnan(one) or math.isclose(one, other, rel_tol=RELATIVE, abs_tol=RELATIVE * scale)


def test_simple_average() -> None:
    agree(sma(20).over(CLOSES), talib.SMA(array(CLOSES), 20))


def test_exponential_average_from_a_simple_one() -> None:
    agree(ema(20, Seed.SMA).over(CLOSES), talib.EMA(array(CLOSES), 20))


def test_relative_strength() -> None:
    agree(rsi(14).over(CLOSES), talib.RSI(array(CLOSES), 14))


def test_average_true_range() -> None:
    agree(atr(14).over(BARS), talib.ATR(array(HIGHS), array(LOWS), array(CLOSES), 14))


def test_standard_deviation() -> None:
    # TA-Lib takes the difference of two large sums: its own error is that of the squares
    agree(stddev(20).over(CLOSES), talib.STDDEV(array(CLOSES), 20), scale=100.0)


def test_bollinger_bands() -> None:
    upper, middle, lower = talib.BBANDS(array(CLOSES), 20, 2.0, 2.0)
    ours = bollinger(20, 2.0).over(CLOSES)
    for name, theirs in (("upper", upper), ("middle", middle), ("lower", lower)):
        agree([getattr(each, name) for each in ours], theirs)


def test_highest_and_lowest() -> None:
    agree(highest(20).over(CLOSES), talib.MAX(array(CLOSES), 20))
    agree(lowest(20).over(CLOSES), talib.MIN(array(CLOSES), 20))


def test_distance_of_two_averages() -> None:
    line, signal, histogram = talib.MACD(array(CLOSES), 12, 26, 9)
    ours = macd(12, 26, 9, Seed.SMA).over(CLOSES)
    warm = 12 + 26  # TA-Lib shows no line before there is a signal, we do
    for name, theirs in (("line", line), ("signal", signal), ("histogram", histogram)):
        agree([getattr(each, name) for each in ours][warm:], theirs[warm:], scale=100.0)
