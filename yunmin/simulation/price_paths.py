"""Where a market's price goes: a seeded random walk, or the way that recorded candles went."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from yunmin.clock import seeded
from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError
from yunmin.simulation.units import to_units

__all__ = ["CandlePath", "PricePath", "RandomWalk"]

_MILLION = 1_000_000


class PricePath(Protocol):
    """Gives one price after the other, in units of 10^-8, for as long as it is asked."""

    def next_price(self) -> int:
        """The next price, more than zero."""
        ...


class RandomWalk:
    """Starts at `start`, moves by at most `volatility` millionths a step, and turns back at a third away from it."""

    def __init__(self, seed: int | str, start: int, *, volatility: int = 500) -> None:
        if start <= 0 or not 0 <= volatility < _MILLION:
            raise ConfigurationError("a random walk starts above zero and moves by less than its price")
        self._random = seeded(seed)
        self._lowest, self._highest = start * 2 // 3, start * 4 // 3
        self._volatility = volatility
        self._price = start

    def next_price(self) -> int:
        move = self._price * self._random.randint(-self._volatility, self._volatility) // _MILLION
        wanted = self._price + move
        self._price = wanted if self._lowest <= wanted <= self._highest else self._price - move
        return self._price


class CandlePath:
    """Each candle in four steps: open, the extreme that comes first, the other one, close.

    A rising candle is taken to have visited its low first, a falling one its high. Gaps between candles are jumped
    over. After the last candle the price stands still.
    """

    def __init__(self, candles: Sequence[Candle]) -> None:
        if not candles:
            raise ConfigurationError("there are no candles to follow")
        self._prices = _walk(candles)
        self._price = to_units(candles[0].open)

    def next_price(self) -> int:
        self._price = next(self._prices, self._price)
        return self._price


def _walk(candles: Sequence[Candle]) -> Iterator[int]:
    for candle in candles:
        rises = candle.close >= candle.open
        extremes = (candle.low, candle.high) if rises else (candle.high, candle.low)
        for price in (candle.open, *extremes, candle.close):
            yield to_units(price)
