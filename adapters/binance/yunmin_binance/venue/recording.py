"""What was recorded of one market, as candles or as trades, for a venue to replay."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from yunmin.core.data_contracts import Candle
from yunmin.simulation.candle_trades import candle_trades
from yunmin.simulation.candles import length_of, read_candles
from yunmin.simulation.recorded_trades import RecordedTrade, read_trades
from yunmin.simulation.units import to_micros
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["Recording"]


@dataclass(frozen=True, slots=True)
class Recording:
    """Of the market `rules`, from `start` until `end` (microseconds); with candles where it is of candles."""

    rules: SymbolRules
    start: int
    end: int
    candles: tuple[Candle, ...] | None
    recorded_trades: tuple[RecordedTrade, ...]

    @classmethod
    def of_candles(cls, file: Path, rules: SymbolRules) -> Self:
        """Raises what `read_candles` raises."""
        candles = read_candles(file, rules.symbol)
        end = to_micros(candles[-1].open_time) + length_of(candles) // timedelta(microseconds=1)
        return cls(rules, to_micros(candles[0].open_time), end, candles, ())

    @classmethod
    def of_trades(cls, file: Path, rules: SymbolRules) -> Self:
        """Raises what `read_trades` raises."""
        trades = read_trades(file)
        return cls(rules, trades[0].time, trades[-1].time, None, trades)

    def trades(self, before: int | None = None) -> tuple[RecordedTrade, ...]:
        """Its trades, or those that make its candles; where `before` is given, only what is earlier than that."""
        if self.candles is None:
            return tuple(one for one in self.recorded_trades if before is None or one.time < before)
        market = self.rules.market()
        if before is None:
            return candle_trades(self.candles, tick=market.tick, step=market.step)
        early = tuple(one for one in self.candles if to_micros(one.open_time) < before)
        made = candle_trades(early, tick=market.tick, step=market.step) if early else ()
        return tuple(one for one in made if one.time < before)
