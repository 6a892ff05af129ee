"""Orders that wait for a price: found again at the moment when a trade reaches it."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from yunmin.core.data_contracts.enums import OrderType
from yunmin.simulation.orders import Order
from yunmin.simulation.trails import Trail

__all__ = ["STOP_LIMIT_TYPES", "STOP_TYPES", "StopBook", "begin_trail", "rises_to", "would_trigger"]

STOP_LIMIT_TYPES = frozenset({OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
STOP_TYPES = STOP_LIMIT_TYPES | {OrderType.STOP_LOSS, OrderType.TAKE_PROFIT}

_LOSSES = frozenset({OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT})


def rises_to(order_type: OrderType, *, is_buy: bool) -> bool:
    """Whether the price has to rise to such an order's stop: a buy that stops a loss, a sell that takes a profit."""
    return (order_type in _LOSSES) is is_buy


def would_trigger(order_type: OrderType, stop_price: int, last_price: int, *, is_buy: bool) -> bool:
    """Whether `last_price` (0: nothing traded yet) has reached the stop (0: none) already."""
    if not last_price or not stop_price:
        return False
    return last_price >= stop_price if rises_to(order_type, is_buy=is_buy) else last_price <= stop_price


def begin_trail(order: Order, last_price: int, now: int) -> Trail | None:
    """The trail of an order that is about to wait, begun where it has no stop price to wait for before."""
    delta = order.asked.trailing_delta
    if not delta:
        return None
    trail = Trail(delta, is_buy=order.is_buy)
    if last_price and not order.stop_price:
        trail.begin(last_price, now)
    return trail


class StopBook:
    """The waiting orders of one market. `seen` is the number of the first trade that has not been looked at.

    An order that trails follows the price from its stop price on, or from the last trade on where it has none.
    """

    __slots__ = ("_falling", "_following", "_rising", "seen", "waiting")

    def __init__(self) -> None:
        self.seen = 1
        self.waiting: dict[int, Order] = {}
        # the one that is reached first stands first; at one price, the oldest
        self._rising: list[tuple[int, int]] = []
        self._falling: list[tuple[int, int]] = []
        self._following: dict[int, Trail] = {}

    def add(self, order: Order, last_price: int, now: int) -> None:
        """Let `order` wait, with `last_price` (0: nothing traded yet) as the latest that it has seen."""
        self.waiting[order.id] = order
        if order.trail is None:
            order.trail = begin_trail(order, last_price, now)
        if order.stop_price:
            insort(*self._place_of(order))
        elif order.trail is not None:
            self._following[order.id] = order.trail

    def remove(self, order: Order) -> None:
        """Forget `order`, if it waits here."""
        if self.waiting.pop(order.id, None) is None or self._following.pop(order.id, None) is not None:
            return
        keys, key = self._place_of(order)
        del keys[bisect_left(keys, key)]

    def due(self, prices: Iterable[int], now: int) -> list[Order]:
        """Take out what trades at `prices`, one after the other, have reached."""
        found: list[int] = []
        for price in prices:
            if self._following:
                found += self._turned(price, now)
            found += self._reached(self._rising, price, price, now)
            found += self._reached(self._falling, -price, price, now)
        return [self.waiting.pop(order_id) for order_id in found]

    def _turned(self, price: int, now: int) -> list[int]:
        turned = [order_id for order_id, trail in self._following.items() if trail.is_turned_by(price, now)]
        for order_id in turned:
            del self._following[order_id]
        return turned

    def _reached(self, keys: list[tuple[int, int]], key: int, price: int, now: int) -> list[int]:
        count = bisect_left(keys, (key + 1, 0))
        if not count:
            return []
        reached = [order_id for _, order_id in keys[:count]]
        del keys[:count]
        return [order_id for order_id in reached if not self._follows_from(order_id, price, now)]

    def _follows_from(self, order_id: int, price: int, now: int) -> bool:
        """Whether the order trails: its stop price is where it begins to."""
        trail = self.waiting[order_id].trail
        if trail is None:
            return False
        trail.begin(price, now)
        self._following[order_id] = trail
        return True

    def _place_of(self, order: Order) -> tuple[list[tuple[int, int]], tuple[int, int]]:
        if rises_to(order.order_type, is_buy=order.is_buy):
            return self._rising, (order.stop_price, order.id)
        return self._falling, (-order.stop_price, order.id)
