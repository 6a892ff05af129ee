"""The book of one market: price first, then time. Every operation costs the same however deep the book is."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from yunmin.simulation.orders import Order

__all__ = ["Level", "OrderBook"]


class Level:
    """All orders at one price, oldest first, as a linked list through the orders themselves.

    `qty` is what they show; `hidden` is what icebergs keep back.
    """

    __slots__ = ("head", "hidden", "price", "qty", "tail")

    def __init__(self, price: int) -> None:
        self.price = price
        self.qty = 0
        self.hidden = 0
        self.head: Order | None = None
        self.tail: Order | None = None

    def append(self, order: Order) -> None:
        order.level = self
        order.prev = self.tail
        if self.tail is None:
            self.head = order
        else:
            self.tail.next = order
        self.tail = order
        hidden = order.hidden
        self.qty += order.remaining - hidden
        self.hidden += hidden

    def unlink(self, order: Order) -> None:
        before, after = order.prev, order.next
        if before is None:
            self.head = after
        else:
            before.next = after
        if after is None:
            self.tail = before
        else:
            after.prev = before
        hidden = order.hidden
        self.qty -= order.remaining - hidden
        self.hidden -= hidden
        order.level = order.prev = order.next = None

    def orders(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.next


class _Half:
    """One side of the book. `sign` makes the best price the largest key, so it is always the last one; `best` is it."""

    __slots__ = ("best", "keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.best: Level | None = None
        self.levels: dict[int, Level] = {}
        self.keys: list[int] = []

    def add(self, order: Order) -> None:
        key = order.price * self.sign
        level = self.levels.get(key)
        if level is None:
            level = self.levels[key] = Level(order.price)
            if self.keys and key < self.keys[-1]:
                insort(self.keys, key)
            else:
                self.keys.append(key)
                self.best = level
        level.append(order)

    def remove(self, order: Order, level: Level) -> None:
        level.unlink(order)
        if level.head is not None:
            return
        key = level.price * self.sign
        del self.levels[key]
        if level is self.best:
            self.keys.pop()
            self.best = self.levels[self.keys[-1]] if self.keys else None
        else:
            del self.keys[bisect_left(self.keys, key)]

    def price_at(self, depth: int) -> int:
        return self.keys[-1 - depth] * self.sign if depth < len(self.keys) else 0

    def best_first(self) -> Iterator[Level]:
        for key in reversed(self.keys):
            yield self.levels[key]


def _show_next_part(order: Order) -> None:
    order.hidden = max(order.remaining - order.asked.iceberg_qty, 0)


class OrderBook:
    """Resting orders of one market. `sequence` grows by one with every change that the public can see."""

    def __init__(self) -> None:
        self.sequence = 0
        self._bids = _Half(1)
        self._asks = _Half(-1)

    def add(self, order: Order) -> None:
        """Let `order` rest behind everything at its price."""
        if order.asked.iceberg_qty:
            _show_next_part(order)
        (self._bids if order.is_buy else self._asks).add(order)
        self.sequence += 1

    def remove(self, order: Order) -> None:
        """Take a resting order out."""
        if order.level is not None:
            (self._bids if order.is_buy else self._asks).remove(order, order.level)
            self.sequence += 1

    def take(self, maker: Order, qty: int) -> None:
        """`qty` of what a resting order shows has traded.

        An order with nothing left leaves the book; an iceberg shows its next part, behind everything at its price.
        """
        level = maker.level
        if level is None:
            raise ValueError(f"order {maker.id} does not rest in the book")
        maker.remaining -= qty
        level.qty -= qty
        if maker.remaining == maker.hidden:
            if maker.remaining:
                level.unlink(maker)
                _show_next_part(maker)
                level.append(maker)
            else:
                (self._bids if maker.is_buy else self._asks).remove(maker, level)
        self.sequence += 1

    def shrink(self, order: Order, qty: int) -> None:
        """Take `qty` off a resting order that keeps its place, first off what it hides."""
        level = order.level
        order.remaining -= qty
        if level is None:
            return
        kept_back = min(order.hidden, qty)
        order.hidden -= kept_back
        level.hidden -= kept_back
        level.qty -= qty - kept_back
        self.sequence += 1

    def first_opposite(self, is_buy: bool, limit: int) -> Order | None:  # noqa: FBT001 - the side, in the hot path
        """The order that a taker would meet first, if its price is within `limit` (0: any price)."""
        level = (self._asks if is_buy else self._bids).best
        if level is None:
            return None
        if limit and (level.price > limit if is_buy else level.price < limit):
            return None
        return level.head

    def opposite_levels(self, is_buy: bool) -> Iterator[Level]:  # noqa: FBT001
        """What a taker of this side would meet, best price first."""
        return (self._asks if is_buy else self._bids).best_first()

    def level_price(self, is_bid: bool, depth: int) -> int:  # noqa: FBT001
        """The price `depth` levels behind the best one of a side; 0 where the side is not so deep."""
        return (self._bids if is_bid else self._asks).price_at(depth)

    def can_fill(self, is_buy: bool, limit: int, qty: int) -> bool:  # noqa: FBT001
        """Whether `qty` is there within `limit`."""
        for level in self.opposite_levels(is_buy):
            if level.price > limit if is_buy else level.price < limit:
                return False
            qty -= level.qty + level.hidden
            if qty <= 0:
                return True
        return False

    @property
    def best_bid(self) -> Level | None:
        return self._bids.best

    @property
    def best_ask(self) -> Level | None:
        return self._asks.best

    @property
    def is_crossed(self) -> bool:
        """Whether somebody would buy for more than another asks. Never true between two commands."""
        bid, ask = self.best_bid, self.best_ask
        return bid is not None and ask is not None and bid.price >= ask.price

    def bids(self) -> Iterator[Level]:
        """Levels from the highest price down."""
        return self._bids.best_first()

    def asks(self) -> Iterator[Level]:
        """Levels from the lowest price up."""
        return self._asks.best_first()

    def orders(self) -> Iterator[Order]:
        """Every resting order, bids first, in priority order."""
        for half in (self._bids, self._asks):
            for level in half.best_first():
                yield from level.orders()
