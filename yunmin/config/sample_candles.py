"""Made-up candles to try a strategy on: the same seed gives the same file, to the last digit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from yunmin.clock import seeded
from yunmin.core.data_contracts.money import plain
from yunmin.simulation.price_paths import RandomWalk
from yunmin.simulation.units import align, from_units, to_units

__all__ = ["sample_candles"]

_FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_CENT: Final = to_units(Decimal("0.01"))
_PRICES_A_CANDLE: Final = 12
_MOST_VOLUME: Final = to_units(50)
_LEAST_VOLUME: Final = to_units(Decimal("0.001"))


def sample_candles(name: str, start: Decimal, *, seed: int, count: int) -> str:
    """`count` candles of a minute as CSV, the prices a random walk from `start`; each `name` has a walk of its own."""
    walk = RandomWalk(f"{seed}:{name}", to_units(start))
    volumes = seeded(f"{seed}:{name}:volumes")
    lines = ["timestamp,open,high,low,close,volume"]
    price = align(walk.next_price(), _CENT)
    for number in range(count):
        prices = [price, *_next_prices(walk)]
        price = prices[-1]
        volume = align(volumes.randint(_LEAST_VOLUME, _MOST_VOLUME), _LEAST_VOLUME)
        figures = (prices[0], max(prices), min(prices), price, volume)
        opened = (_FIRST + number * _MINUTE).isoformat()
        lines.append(",".join([opened, *(plain(from_units(figure)) for figure in figures)]))
    return "\n".join(lines) + "\n"


def _next_prices(walk: RandomWalk) -> Iterator[int]:
    for _ in range(_PRICES_A_CANDLE):
        yield align(walk.next_price(), _CENT)
