"""Recorded candles as recorded trades, such that the trades make the same candles again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from yunmin.core.data_contracts import Candle
from yunmin.simulation.candles import corners, length_of
from yunmin.simulation.recorded_trades import RecordedTrade
from yunmin.simulation.units import align, to_micros, to_units

__all__ = ["candle_trades"]

_CORNERS = 4


def candle_trades(
    candles: Sequence[Candle], *, tick: int, step: int, length: timedelta | None = None
) -> tuple[RecordedTrade, ...]:
    """Four trades a candle, at the quarters of its time, at its corners; its volume is shared among them.

    `tick` and `step` are the market's, in units of 10^-8: prices and volumes are rounded to them first. Where a volume
    has fewer steps than there are corners, corners at the price that stands already are left out, and the others get
    one step each, so that prices are right in any case. Nothing trades in a candle without volume whose price is the
    one before it. A trade at a price that is not below the last one has a buyer as its taker.
    """
    micros = (length or length_of(candles)) // timedelta(microseconds=1)
    trades: list[RecordedTrade] = []
    standing = 0
    for candle in candles:
        prices = [align(to_units(price), tick) for price in corners(candle)]
        steps = (to_units(candle.volume) + step // 2) // step
        points = _points(prices, steps, standing)
        opened = to_micros(candle.open_time)
        for (number, price), qty in zip(points, _shares(steps, len(points), step), strict=True):
            trades.append(RecordedTrade(opened + number * micros // _CORNERS, price, qty, price < standing))
            standing = price
    return tuple(trades)


def _points(prices: Sequence[int], steps: int, standing: int) -> list[tuple[int, int]]:
    """(number of the quarter, price) of what is to trade; `standing` is the price before."""
    points = list(enumerate(prices))
    if steps >= _CORNERS:
        return points
    if steps > 0:
        standing = 0
    moving = []
    for number, price in points:
        if price != standing:
            moving.append((number, price))
            standing = price
    return moving


def _shares(steps: int, count: int, step: int) -> Iterator[int]:
    """`steps` in `count` parts as even as they go, each of them one at least."""
    for number in range(count):
        yield max(steps * (number + 1) // count - steps * number // count, 1) * step
