"""EMA crossover: long while the fast average is above the slow one."""

from __future__ import annotations

from yunmin.core.data_contracts import Decision, Side
from yunmin.core.strategy_base import StrategyBase
from yunmin.errors import ConfigurationError

__all__ = ["EmaCrossover"]


class EmaCrossover(StrategyBase):
    """Buys when the EMA of `fast` candles rises above that of `slow`, and sells all when it falls below again.

    It spends `fraction` of the route's equity. A `stop_loss` above zero asks for a stop that far below the close: 0.02
    is two per cent.
    """

    fast: int = 10
    slow: int = 30
    fraction: float = 1.0
    stop_loss: float = 0.0

    def prepare(self) -> None:
        if not 1 <= self.fast < self.slow:
            raise ConfigurationError(f"fast must be at least 1 and less than slow: {self.fast} and {self.slow}")
        if not 0 < self.fraction <= 1:
            raise ConfigurationError(f"fraction must be more than 0 and at most 1: {self.fraction}")
        if not 0 <= self.stop_loss < 1:
            raise ConfigurationError(f"stop_loss is a share of the price, from 0 to less than 1: {self.stop_loss}")
        self.warm_up = self.slow

    def should_long(self) -> bool:
        return self.crossover(self.ema(self.fast), self.ema(self.slow))

    def should_exit(self) -> bool:
        return self.crossunder(self.ema(self.fast), self.ema(self.slow))

    def go_long(self) -> Decision:
        reason = f"EMA {self.fast} rose above EMA {self.slow}"
        stop = self.close * (1 - self.stop_loss) if self.stop_loss else None
        return self.enter(Side.BUY, fraction=self.fraction, stop=stop, reason=reason)

    def go_exit(self) -> Decision:
        return self.exit(reason=f"EMA {self.fast} fell below EMA {self.slow}")
