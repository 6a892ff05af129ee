"""What a trailing order remembers: the best price since it began to follow, and how far the price may turn from it."""

from __future__ import annotations

__all__ = ["BIPS", "Trail"]

BIPS = 10_000
"""Hundredths of a percent in one."""


class Trail:
    """Follows the price for one order. `since` is when it began, in microseconds; 0 before."""

    __slots__ = ("_best", "_delta", "_is_buy", "since")

    def __init__(self, delta: int, *, is_buy: bool) -> None:
        self._delta = delta
        self._is_buy = is_buy
        self._best = 0
        self.since = 0

    def begin(self, price: int, now: int) -> None:
        """Follow from `price` on."""
        self._best = price
        self.since = now

    def is_turned_by(self, price: int, now: int) -> bool:
        """Take note of a trade at `price`; whether the price has turned by the whole delta.

        A buy waits for a rise from the lowest price, a sell for a fall from the highest.
        """
        if not self.since:
            self.begin(price, now)
        if self._is_buy:
            self._best = min(self._best, price)
            return price * BIPS >= self._best * (BIPS + self._delta)
        self._best = max(self._best, price)
        return price * BIPS <= self._best * (BIPS - self._delta)
