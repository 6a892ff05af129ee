"""At what price a position is to be closed, whatever its strategy does: kept where a restart finds it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple, Self

from yunmin.core.data_contracts.money import ZERO

__all__ = ["Protection"]


class Protection(NamedTuple):
    """The stop and the profit of one route's position in `symbol`. Prices in quote units per base unit.

    `stop_order` is the client order id of the exchange's own stop order, empty while the price is watched here.
    `is_triggered` once a price was reached: from then on the position is being closed, also if the price turns.
    """

    symbol: str
    stop: Decimal | None
    take_profit: Decimal | None
    stop_order: str = ""
    is_triggered: bool = False

    def reached(self, qty: Decimal, price: Decimal) -> str:
        """Which of its prices the market has reached for a position of `qty`; "" for none."""
        if qty == ZERO:
            return ""
        is_long = qty > ZERO
        if self.stop is not None and (price <= self.stop if is_long else price >= self.stop):
            return f"the stop at {self.stop}"
        if self.take_profit is not None and (price >= self.take_profit if is_long else price <= self.take_profit):
            return f"the profit at {self.take_profit}"
        return ""

    def dump(self) -> dict[str, Any]:
        """JSON-able and exact."""
        return {
            "symbol": self.symbol,
            "stop": None if self.stop is None else str(self.stop),
            "take_profit": None if self.take_profit is None else str(self.take_profit),
            "stop_order": self.stop_order,
            "is_triggered": self.is_triggered,
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """What `dump` wrote."""
        stop, take_profit = dumped["stop"], dumped["take_profit"]
        return cls(
            dumped["symbol"],
            None if stop is None else Decimal(stop),
            None if take_profit is None else Decimal(take_profit),
            dumped["stop_order"],
            dumped["is_triggered"],
        )
