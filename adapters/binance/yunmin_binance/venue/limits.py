"""What has been used of the exchange's limits: request weight per address, unfilled orders per account.

Windows are aligned to the clock. Counted and told in headers, as Binance spot REST docs, 2026-07-21, section Limits,
say; the unfilled-order count falls when an order gets its first fill (Spot Unfilled Order Count Rules).
"""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from yunmin.simulation.intervals import DAY, MINUTE, SECOND

__all__ = ["RATE_LIMITS", "OrderMeter", "WeightMeter"]

TEN_SECONDS: Final = 10 * SECOND

RATE_LIMITS: Final[tuple[dict[str, object], ...]] = (
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
)


class _Window:
    """Counts by key within the current window; a new window starts at zero."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._number = 0
        self._counts: defaultdict[str, int] = defaultdict(int)

    def add(self, key: str, count: int, now: int) -> int:
        self._roll(now)
        self._counts[key] = max(self._counts[key] + count, 0)
        return self._counts[key]

    def is_current(self, moment: int, now: int) -> bool:
        return moment // self._length == now // self._length

    def _roll(self, now: int) -> None:
        number = now // self._length
        if number != self._number:
            self._number = number
            self._counts.clear()


class WeightMeter:
    """Request weight used by an address in the current minute."""

    def __init__(self) -> None:
        self._minute = _Window(MINUTE)

    def add(self, address: str, weight: int, now: int) -> int:
        """Add `weight` and return what is used now."""
        return self._minute.add(address, weight, now)


class OrderMeter:
    """Unfilled orders that an account has placed in the current ten seconds and the current day."""

    def __init__(self) -> None:
        self._windows = (_Window(TEN_SECONDS), _Window(DAY))

    def placed(self, account: str, now: int) -> None:
        for window in self._windows:
            window.add(account, 1, now)

    def first_filled(self, account: str, placed_at: int, now: int) -> None:
        for window in self._windows:
            if window.is_current(placed_at, now):
                window.add(account, -1, now)

    def counts(self, account: str, now: int) -> tuple[int, int]:
        """(in ten seconds, in the day)."""
        short, long = (window.add(account, 0, now) for window in self._windows)
        return short, long
