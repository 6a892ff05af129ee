"""Indicators: floats in, floats out, each defined once and run one candle at a time or over a whole series.

ema(10).stream().update(100.5)      one value after the other
ema(10).over([100.5, 101.0])        a whole series, bit for bit the same
"""

from yunmin.core.indicators.averages import Seed, ema, sma, wilder
from yunmin.core.indicators.crossing import Pair, crossed_over, crossed_under, crossover, crossunder
from yunmin.core.indicators.definition import NOT_YET, Bar, Indicator, Steps, Stream
from yunmin.core.indicators.momentum import Macd, macd, rsi
from yunmin.core.indicators.spread import Bands, atr, bollinger, highest, lowest, stddev

__all__ = [
    "NOT_YET",
    "Bands",
    "Bar",
    "Indicator",
    "Macd",
    "Pair",
    "Seed",
    "Steps",
    "Stream",
    "atr",
    "bollinger",
    "crossed_over",
    "crossed_under",
    "crossover",
    "crossunder",
    "ema",
    "highest",
    "lowest",
    "macd",
    "rsi",
    "sma",
    "stddev",
    "wilder",
]
