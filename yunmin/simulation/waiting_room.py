"""Orders that do not work yet: they wait for a price, or for the working order of their list, and then go to work."""

from __future__ import annotations

from collections.abc import Callable

from yunmin.core.data_contracts.enums import OrderType, TimeInForce
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import EventKind, ExpiryReason, Order
from yunmin.simulation.pit import Pit
from yunmin.simulation.plans import cost_to_buy, pegged_price
from yunmin.simulation.self_trades import can_fill
from yunmin.simulation.stops import STOP_TYPES, would_trigger
from yunmin.simulation.units import cost_of

__all__ = ["Vetting", "WaitingRoom"]

Vetting = Callable[[Order, int], int]
"""The quantity, at most the one offered, with which an order may go to work by the rules of its market; 0 for none."""


class WaitingRoom:
    """Puts waiting orders to work. `vet` is asked before an order that waited for another one does."""

    def __init__(self, pit: Pit) -> None:
        self._pit = pit
        self.vet: Vetting = _as_offered

    def wait(self, floor: MarketFloor, order: Order, now: int) -> None:
        """Let `order` wait for its price."""
        stops = floor.stops
        if not stops.waiting:
            stops.seen = floor.tape.next_id
        stops.add(order, floor.tape.last_price, now)

    def follow_up(self, floor: MarketFloor, now: int) -> None:
        """Let go to work what the last command has filled or reached, and then what that has, and so on."""
        pit, stops = self._pit, floor.stops
        while True:
            if pit.filled_lists:
                self._release(floor, pit.filled_lists.popleft(), now)
            elif stops.waiting and stops.seen < floor.tape.next_id:
                self._trigger(floor, now)
            else:
                return

    def _trigger(self, floor: MarketFloor, now: int) -> None:
        latest = floor.tape.trades[floor.stops.seen - floor.tape.next_id :]
        floor.stops.seen = floor.tape.next_id
        for order in floor.stops.due((trade.price for trade in latest), now):
            if order.is_open:  # a list that was decided meanwhile has ended it
                self._pit.decide(floor, order, now)
                self._begin(floor, order, EventKind.TRIGGERED, now)

    def _release(self, floor: MarketFloor, group: OrderList, now: int) -> None:
        """The working order is filled: what waited for it is placed, or ends where that cannot be."""
        waiting = group.pending
        if not waiting:
            return
        if self._pit.listeners:
            self._pit.tell(EventKind.LIST_STARTED, now, waiting[0])
        if group.pays:
            _size(floor, waiting, min(self.vet(order, _whole_steps(floor, waiting)) for order in waiting))
        refused = next((order for order in waiting if not self._may_begin(floor, order)), None)
        if refused is not None:
            self._pit.expire(floor, refused, ExpiryReason.REFUSED_AT_WORK, now)
            for other in group.pending:
                self._pit.expire(floor, other, ExpiryReason.LIST_DECIDED, now)
            return
        for order in waiting:
            order.is_pending = False
            self._begin(floor, order, EventKind.RELEASED, now)

    def _may_begin(self, floor: MarketFloor, order: Order) -> bool:
        if not order.remaining or self.vet(order, order.remaining) != order.remaining:
            return False
        if order.order_type in STOP_TYPES:
            last = floor.tape.last_price
            return not would_trigger(order.order_type, order.stop_price, last, is_buy=order.is_buy)
        if order.order_type is not OrderType.LIMIT_MAKER:
            return True
        price = pegged_price(order.asked, floor.book)
        return price > 0 and floor.book.first_opposite(order.is_buy, price) is None

    def _begin(self, floor: MarketFloor, order: Order, kind: EventKind, now: int) -> None:
        """Let `order` wait for its price where it has one to wait for, else trade and rest."""
        order.updated = now
        waits_on = kind is EventKind.RELEASED and order.order_type in STOP_TYPES
        if waits_on:
            self.wait(floor, order, now)
        else:
            order.working_since = now
        if self._pit.listeners:
            self._pit.tell(kind, now, order)
        if waits_on:
            return
        if order.asked.peg is not None:
            order.price = pegged_price(order.asked, floor.book)
            if not order.price:
                self._pit.expire(floor, order, ExpiryReason.REFUSED_AT_WORK, now)
                return
        if not self._lock_anew(floor, order):
            self._pit.expire(floor, order, ExpiryReason.NO_FUNDS, now)
            return
        if not _is_fill_or_kill(order) or can_fill(
            floor.book,
            order.self_trade,
            order.owner,
            is_buy=order.is_buy,
            limit=order.price,
            qty=order.remaining,
        ):
            self._pit.match(floor, order, now)
        self._pit.settle_remainder(floor, order, now)

    def _lock_anew(self, floor: MarketFloor, order: Order) -> bool:
        """Where only now it is known what a buy needs, set that aside in place of what had been reserved."""
        if not order.is_buy or (order.price and order.asked.peg is None):
            return True
        quote = floor.market.quote
        order.owner.unlock(quote, order.locked)
        order.locked = 0
        if order.price:
            needed = cost_of(order.price, order.remaining)
        else:
            needed = cost_to_buy(order.remaining, floor.book, order.self_trade, order.owner)
        if not order.owner.lock(quote, needed):
            return False
        order.locked = needed
        return True


def _as_offered(_: Order, qty: int) -> int:
    return qty


def _is_fill_or_kill(order: Order) -> bool:
    return order.time_in_force is TimeInForce.FOK and order.price > 0


def _whole_steps(floor: MarketFloor, waiting: list[Order]) -> int:
    """What was bought for `waiting`, in whole steps."""
    return sum(order.locked for order in waiting) // floor.market.step * floor.market.step


def _size(floor: MarketFloor, waiting: list[Order], qty: int) -> None:
    """Let each of `waiting` sell `qty`; the first holds it for all, and what is left over is free."""
    for order in waiting:
        order.qty = order.remaining = qty
    holder = waiting[0]
    holder.owner.unlock(floor.market.base, holder.locked - qty)
    holder.locked = qty
