"""What a run hears of the market, whoever tells it: a live stream, or a recording."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.data_contracts.timeframe import Timeframe

__all__ = ["Feed", "Sink", "Wanted"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run has to hear: candles of `series`, prices of `symbols`, everybody's trades of `trades`."""

    series: tuple[SeriesKey, ...]
    symbols: tuple[str, ...]
    trades: tuple[str, ...]


class Sink(Protocol):
    """Who hears it. No call waits, and none raises."""

    def build(self, series: SeriesKey, *, out_of: Timeframe) -> None:
        """Candles of `series` are to be put together from shorter ones. To be said before any candle."""
        ...

    def seed(self, series: SeriesKey, candles: list[Candle]) -> None:
        """Candles that were over before the run began, oldest first: no strategy is asked about them."""
        ...

    def on_candle(self, series: SeriesKey, candle: Candle) -> None:
        """A candle that has closed, or is known ahead of its end."""
        ...

    def on_price(self, symbol: str, price: Decimal) -> None:
        """The market trades at `price` now, in quote units per base unit."""
        ...

    def on_trade(self, trade: PublicTrade) -> None:
        """A trade between others."""
        ...

    def on_trouble(self, what: str) -> None:
        """Something cannot be heard now, or was missed; in words."""
        ...

    async def settled(self, moment: datetime, is_quiet: Callable[[], bool]) -> None:
        """Return once all that was told is dealt with, up to `moment`, and `is_quiet`, too.

        Who makes time pass waits for it.
        """
        ...


class Feed(Protocol):
    """A way to hear it. `begin`, then `run`, then `close`.

    `patience` is how long, on the run's clock, a candle may be waited for that is due and was not told.
    """

    patience: timedelta

    async def begin(self, wanted: Wanted, sink: Sink) -> None:
        """Tell the past, and the prices of now; from here on nothing is missed.

        Raises ExchangeError or ConfigurationError where that cannot be.
        """
        ...

    async def run(self) -> None:
        """Tell what happens until there is nothing more, or it is cancelled."""
        ...

    async def close(self) -> None:
        """Let everything go. May be called twice."""
        ...
