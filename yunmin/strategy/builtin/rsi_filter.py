"""RSI filter: buys what recovers from being oversold, while the long average says that prices rise."""

from __future__ import annotations

from yunmin.core.data_contracts import Decision, Side
from yunmin.core.strategy_base import StrategyBase
from yunmin.errors import ConfigurationError

__all__ = ["RsiFilter"]


class RsiFilter(StrategyBase):
    """Buys when the RSI of `period` rises through `oversold` while the close is above the SMA of `trend` candles.

    Sells all when the RSI rises above `overbought`, or the close falls below that average. A `trend` of 0 asks for no
    rising prices. It spends `fraction` of the route's equity.
    """

    period: int = 14
    oversold: float = 30.0
    overbought: float = 70.0
    trend: int = 100
    fraction: float = 1.0

    def prepare(self) -> None:
        if self.period < 1 or self.trend < 0:
            raise ConfigurationError(f"period must be at least 1 and trend at least 0: {self.period} and {self.trend}")
        if not 0 < self.oversold < self.overbought < 100:
            raise ConfigurationError(
                f"0 < oversold < overbought < 100 must hold: {self.oversold} and {self.overbought}"
            )
        if not 0 < self.fraction <= 1:
            raise ConfigurationError(f"fraction must be more than 0 and at most 1: {self.fraction}")
        self.warm_up = max(self.period + 1, self.trend)

    def should_long(self) -> bool:
        rising = self._prices_rise()  # asked first and always, so that warming up covers both
        return self.crossover(self.rsi(self.period), self.oversold) and rising

    def should_exit(self) -> bool:
        rising = self._prices_rise()
        return self.rsi(self.period) > self.overbought or not rising

    def go_long(self) -> Decision:
        reason = f"RSI {self.period} rose through {self.oversold:g}"
        return self.enter(Side.BUY, fraction=self.fraction, reason=reason)

    def go_exit(self) -> Decision:
        strength = self.rsi(self.period)
        why = "is above" if strength > self.overbought else "and the trend is over, far from"
        return self.exit(reason=f"RSI {self.period} of {strength:.1f} {why} {self.overbought:g}")

    def _prices_rise(self) -> bool:
        return not self.trend or self.close > self.sma(self.trend)
