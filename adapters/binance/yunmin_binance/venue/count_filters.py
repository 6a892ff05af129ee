"""How many orders and lists of an account may be open, in a market or on the whole exchange.

Binance spot filters.md, 2026-07-21: MAX_NUM_ORDERS and its kin, and the same with EXCHANGE_ before them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from pydantic import Field

from yunmin.core.data_contracts import Contract
from yunmin.simulation.orders import NewOrder
from yunmin.simulation.stops import STOP_TYPES
from yunmin_binance.venue.errors import filter_failure

__all__ = ["CountFilters"]

_FILTERS: Final = {
    "orders": ("MAX_NUM_ORDERS", "maxNumOrders"),
    "algo_orders": ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders"),
    "iceberg_orders": ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders"),
    "order_lists": ("MAX_NUM_ORDER_LISTS", "maxNumOrderLists"),
}


class CountFilters(Contract):
    """The most of each kind; None sets no limit. `prefix` is EXCHANGE_ where all markets count together."""

    orders: int | None = Field(default=None, ge=0)
    algo_orders: int | None = Field(default=None, ge=0)
    iceberg_orders: int | None = Field(default=None, ge=0)
    order_lists: int | None = Field(default=None, ge=0)
    prefix: str = "EXCHANGE_"

    def describe(self) -> list[dict[str, object]]:
        """Those that are set, as exchangeInfo shows them."""
        return [
            {"filterType": self.prefix + name, key: most}
            for kind, (name, key) in _FILTERS.items()
            if (most := getattr(self, kind)) is not None
        ]

    def check(
        self, new: Collection[NewOrder], open_count: int, open_orders: Callable[[], Collection[NewOrder]]
    ) -> None:
        """Raise the first failure where `new` would be too many beside those that are open.

        `open_orders` is asked only where the kind of an open order counts: there may be many.
        """
        self._check("orders", len(new), open_count)
        for kind, count in _KINDS:
            adding = count(new)
            if adding and getattr(self, kind) is not None:
                self._check(kind, adding, count(open_orders()))

    def check_lists(self, open_lists: int) -> None:
        """Raise where no further order list may be opened."""
        self._check("order_lists", 1, open_lists)

    def _check(self, kind: str, adding: int, there: int) -> None:
        most = getattr(self, kind)
        if most is not None and adding and there + adding > most:
            raise filter_failure(self.prefix + _FILTERS[kind][0])


def _algos(orders: Collection[NewOrder]) -> int:
    return sum(order.order_type in STOP_TYPES for order in orders)


def _icebergs(orders: Collection[NewOrder]) -> int:
    return sum(order.iceberg_qty > 0 for order in orders)


_KINDS: Final = (("algo_orders", _algos), ("iceberg_orders", _icebergs))
