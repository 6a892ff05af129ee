"""Where a market's price goes: a seeded random walk, or the way that recorded candles went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from yunmin.clock import seeded
from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import corners, length_of
from yunmin.simulation.units import to_micros, to_units

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
    over. With a clock, a step is a quarter of the candle's time and the price is the latest one reached by then;
    without, it is simply the next one. After the last candle the price stands still, and `is_over`.
    """

    def __init__(self, candles: Sequence[Candle], clock: Callable[[], int] | None = None) -> None:
        if not candles:
            raise ConfigurationError("there are no candles to follow")
        self._points = tuple(_walk(candles))
        self._clock = clock
        self._price = to_units(candles[0].open)
        self._done = 0

    @property
    def is_over(self) -> bool:
        """Whether the last price has been given."""
        return self._done == len(self._points)

    def skip_until(self, moment: int) -> None:
        """Go on behind all prices that were reached before `moment` (microseconds), which are the past."""
        while not self.is_over and self._points[self._done][0] < moment:
            self._advance()

    def next_price(self) -> int:
        if self._clock is None:
            self._advance()
            return self._price
        moment = self._clock()
        while not self.is_over and self._points[self._done][0] <= moment:
            self._advance()
        return self._price

    def _advance(self) -> None:
        if not self.is_over:
            self._price = self._points[self._done][1]
            self._done += 1


def _walk(candles: Sequence[Candle]) -> Iterator[tuple[int, int]]:
    """(moment in microseconds, price), four to a candle."""
    length = length_of(candles) // timedelta(microseconds=1)
    for candle in candles:
        opened = to_micros(candle.open_time)
        for number, price in enumerate(corners(candle)):
            yield opened + number * length // 4, to_units(price)
