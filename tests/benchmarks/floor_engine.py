"""The least that matching can be in plain Python: two heaps and a dict, no accounts, no locks, no fees, no history."""

from __future__ import annotations

from heapq import heappop, heappush

__all__ = ["FloorEngine"]


class FloorEngine:
    """Price-time priority for limit orders of one market."""

    def __init__(self) -> None:
        self._heaps: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
        self._open: dict[int, list[int]] = {}
        self._next = 0
        self.trades = 0

    def place(self, is_buy: bool, price: int, qty: int) -> int:
        self._next += 1
        mine, theirs = self._heaps if is_buy else self._heaps[::-1]
        sign = -1 if is_buy else 1
        while qty and theirs:
            key, number = theirs[0]
            order = self._open.get(number)
            if order is None:
                heappop(theirs)
                continue
            if (price + sign * key) * -sign < 0:
                break
            traded = min(qty, order[1])
            qty -= traded
            order[1] -= traded
            self.trades += 1
            if not order[1]:
                del self._open[number]
                heappop(theirs)
        if qty:
            self._open[self._next] = [price, qty]
            heappush(mine, (sign * price, self._next))
        return self._next

    def cancel(self, number: int) -> bool:
        return self._open.pop(number, None) is not None
