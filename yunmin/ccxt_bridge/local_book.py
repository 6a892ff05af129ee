"""A book kept here from a snapshot and the differences that follow it, each numbered from its first to its last update.

The rule is that of exchanges which number their updates: a difference that ends at or before the book is old; one that
begins right after it, or overlaps it, joins; one that begins later proves that something is missing.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import Enum, auto
from typing import Final

from yunmin.core.data_contracts import BookLevel, OrderBook

__all__ = ["Joint", "LocalBook"]

Level = tuple[Decimal, Decimal]
"""Price and the quantity that rests there from now on; none when it is zero."""

_MOST_LEVELS: Final = 5000
"""Of each side. What lies farther out is forgotten once there is twice as much."""


class Joint(Enum):
    """How a difference fits the book."""

    JOINS = auto()
    OLD = auto()
    LEAVES_A_GAP = auto()


class LocalBook:
    """The book of one market after update number `sequence`."""

    def __init__(self, snapshot: OrderBook) -> None:
        assert snapshot.sequence is not None  # noqa: S101  a snapshot without a number cannot be joined to anything
        self.symbol = snapshot.symbol
        self.sequence = snapshot.sequence
        self._bids = _Side(snapshot.bids, best_last=True)
        self._asks = _Side(snapshot.asks, best_last=False)

    def apply(self, first: int, last: int, bids: Iterable[Level], asks: Iterable[Level]) -> Joint:
        """Take in the updates from number `first` to number `last`, where they join."""
        if last <= self.sequence:
            return Joint.OLD
        if first > self.sequence + 1:
            return Joint.LEAVES_A_GAP
        self._bids.set(bids)
        self._asks.set(asks)
        self.sequence = last
        return Joint.JOINS

    @property
    def is_crossed(self) -> bool:
        """Whether somebody bids as much as somebody asks: no true book does."""
        bid, ask = self._bids.best, self._asks.best
        return bid is not None and ask is not None and bid >= ask

    def show(self, limit: int) -> OrderBook:
        """The best `limit` levels of each side."""
        return OrderBook.from_checked(
            {
                "symbol": self.symbol,
                "bids": self._bids.top(limit),
                "asks": self._asks.top(limit),
                "sequence": self.sequence,
            }
        )


class _Side:
    def __init__(self, levels: Sequence[BookLevel], *, best_last: bool) -> None:
        self._levels = {level.price: level for level in levels}
        self._prices = sorted(self._levels)
        self._best_last = best_last

    @property
    def best(self) -> Decimal | None:
        if not self._prices:
            return None
        return self._prices[-1 if self._best_last else 0]

    def set(self, levels: Iterable[Level]) -> None:
        for price, qty in levels:
            if not qty:
                self._remove(price)
                continue
            if price not in self._levels:
                insort(self._prices, price)
            self._levels[price] = BookLevel.from_checked({"price": price, "qty": qty})
        if len(self._prices) > 2 * _MOST_LEVELS:
            self._forget_the_farthest()

    def top(self, limit: int) -> tuple[BookLevel, ...]:
        prices = reversed(self._prices[-limit:]) if self._best_last else self._prices[:limit]
        return tuple(self._levels[price] for price in prices)

    def _remove(self, price: Decimal) -> None:
        if self._levels.pop(price, None) is not None:
            del self._prices[bisect_left(self._prices, price)]

    def _forget_the_farthest(self) -> None:
        kept = self._prices[-_MOST_LEVELS:] if self._best_last else self._prices[:_MOST_LEVELS]
        self._levels = {price: self._levels[price] for price in kept}
        self._prices = kept
