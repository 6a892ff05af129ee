"""A strategy to start from: follow a rising average, unless everybody has bought already.

The same file runs on the local venue, on paper, on a testnet and live. It sees closed candles only.
"""

from __future__ import annotations

from yunmin.core.data_contracts import Decision, Side
from yunmin.core.strategy_base import StrategyBase
from yunmin.errors import ConfigurationError

__all__ = ["Example"]


class Example(StrategyBase):
    """Buys when the fast average rises above the slow one and the RSI is below `most_rsi`; sells when it falls back."""

    # parameters: a route of yunmin.yaml may set each of them
    fast: int = 9
    slow: int = 21
    most_rsi: float = 70.0
    fraction: float = 0.02  # of the equity

    def prepare(self) -> None:
        """Once, before the first candle: do the parameters go together?"""
        if not 1 <= self.fast < self.slow:
            raise ConfigurationError(f"fast must be at least 1 and less than slow: {self.fast} and {self.slow}")

    def should_long(self) -> bool:
        """Asked when a candle closes and nothing is held."""
        rises = self.crossover(self.ema(self.fast), self.ema(self.slow))
        return rises and self.rsi(14) < self.most_rsi

    def go_long(self) -> Decision:
        """What to do when should_long said yes."""
        return self.enter(Side.BUY, fraction=self.fraction, reason="the fast average rose above the slow one")

    def should_exit(self) -> bool:
        """Asked when a candle closes and something is held."""
        return self.crossunder(self.ema(self.fast), self.ema(self.slow))
