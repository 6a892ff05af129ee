"""Orders that wait for a price: found again at the moment when a trade reaches it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from yunmin.core.data_contracts.enums import OrderType
from yunmin.simulation.orders import Order

__all__ = ["STOP_LIMIT_TYPES", "STOP_TYPES", "StopBook", "rises_to", "would_trigger"]

STOP_LIMIT_TYPES = frozenset({OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
STOP_TYPES = STOP_LIMIT_TYPES | {OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}

_LOSSES = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})


def rises_to(order_type: OrderType, *, is_buy: bool) -> bool:
    """Whether the price has to rise to such an order's stop: a buy that stops a loss, a sell that takes a profit."""
    return (order_type in _LOSSES) is is_buy


def would_trigger(order_type: OrderType, stop_price: int, last_price: int, *, is_buy: bool) -> bool:
    """Whether `last_price` (0: nothing traded yet) has reached the stop already."""
    if not last_price:
        return False
    return last_price >= stop_price if rises_to(order_type, is_buy=is_buy) else last_price <= stop_price


class StopBook:
    """The waiting orders of one market. `seen` is the number of the first trade that has not been looked at."""

    __slots__ = ("_falling", "_orders", "_rising", "seen")

    def __init__(self) -> None:
        self.seen = 1
        self._orders: dict[int, Order] = {}
        # the one that is reached first stands first; at one price, the oldest
        self._rising: list[tuple[int, int]] = []
        self._falling: list[tuple[int, int]] = []

    def __bool__(self) -> bool:
        return bool(self._orders)

    def add(self, order: Order) -> None:
        """Let `order` wait for its stop price."""
        self._orders[order.id] = order
        insort(*self._place_of(order))

    def remove(self, order: Order) -> None:
        """Forget `order`, if it waits here."""
        if self._orders.pop(order.id, None) is not None:
            keys, key = self._place_of(order)
            del keys[bisect_left(keys, key)]

    def due(self, prices: Iterable[int]) -> list[Order]:
        """Take out what trades at `prices`, one after the other, have reached."""
        found: list[Order] = []
        for price in prices:
            found += self._reached(self._rising, price)
            found += self._reached(self._falling, -price)
        return found

    def _reached(self, keys: list[tuple[int, int]], price: int) -> list[Order]:
        count = bisect_left(keys, (price + 1, 0))
        found = [self._orders.pop(order_id) for _, order_id in keys[:count]]
        del keys[:count]
        return found

    def _place_of(self, order: Order) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        if rises_to(order.order_type, is_buy=order.is_buy):
            return self._rising, (order.stop_price, order.id)
        return self._falling, (-order.stop_price, order.id)
