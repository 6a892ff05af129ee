"""Recorded candles happen on a paper exchange, at the moments of their record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from yunmin.clock import Clock
from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import length_of
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.units import from_micros, to_micros

__all__ = ["PaperReplay"]


class PaperReplay:
    """Tells `exchange` the candles of each market, by its symbol, as four trades each, when `clock` has come to them.

    The clock is the exchange's own. No order is taken before what is due has happened. It is over when the last candle
    is.
    """

    def __init__(self, exchange: PaperExchange, candles: Mapping[str, Sequence[Candle]], clock: Clock) -> None:
        if not candles or not all(candles.values()):
            raise ConfigurationError("there are no candles to replay")
        self._exchange = exchange
        self._clock = clock
        everything = [(symbol, trade) for symbol in candles for trade in exchange.trades_of(symbol, candles[symbol])]
        self._timeline = sorted(everything, key=lambda one: one[1].time)
        self._end = max(to_micros(some[-1].open_time + length_of(some)) for some in candles.values())
        self._done = 0
        exchange.follow(self.catch_up)
        self._hold()

    @property
    def is_over(self) -> bool:
        """Whether everything has happened, and the last candle's time has passed."""
        return self._done == len(self._timeline) and to_micros(self._clock.now()) >= self._end

    @property
    def next_due(self) -> datetime | None:
        """When the next trade is due, or after the last one, the end; None when it is over."""
        if self._done < len(self._timeline):
            return from_micros(self._timeline[self._done][1].time)
        return None if self.is_over else from_micros(self._end)

    def catch_up(self) -> None:
        """Let happen what is due by now."""
        now = to_micros(self._clock.now())
        while self._done < len(self._timeline) and self._timeline[self._done][1].time <= now:
            symbol, trade = self._timeline[self._done]
            self._done += 1
            self._exchange.on_recorded_trade(symbol, trade)
            self._hold()

    def _hold(self) -> None:
        """The exchange's time goes on to the next trade, and no further until that has happened."""
        is_left = self._done < len(self._timeline)
        self._exchange.engine.hold_at(self._timeline[self._done][1].time if is_left else None)
