"""Orders that were accepted and that no question shows yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from yunmin_binance.venue.chaos.faults import Hide

__all__ = ["HiddenOrders"]

_MICROS: Final = 1_000_000


@dataclass(slots=True)
class _Hidden:
    until: int
    queries: int


class HiddenOrders:
    """Which orders are hidden, by market and id, and for how long. Questions that would have shown one are counted."""

    def __init__(self) -> None:
        self._hidden: dict[tuple[str, int], _Hidden] = {}

    def __bool__(self) -> bool:
        return bool(self._hidden)

    def hide(self, answer: object, fault: Hide, now: int) -> None:
        """Hide every order that `answer`, to the request that placed it, tells of."""
        until = now + round(fault.seconds * _MICROS)
        for key in _orders_in(answer):
            self._hidden[key] = _Hidden(until, fault.queries)

    def censor(self, answer: object, now: int) -> tuple[object, bool]:
        """`answer` without what is hidden, and whether anything had to be left out."""
        if isinstance(answer, list):
            shown = [row for row in answer if not self._is_hidden(row, now)]
            return shown, len(shown) < len(answer)
        return answer, self._is_hidden(answer, now)

    def clear(self) -> None:
        """Show everything."""
        self._hidden.clear()

    def _is_hidden(self, row: object, now: int) -> bool:
        return any(self._counts_as_hidden(key, now) for key in _orders_in(row))

    def _counts_as_hidden(self, key: tuple[str, int], now: int) -> bool:
        hidden = self._hidden.get(key)
        if hidden is None:
            return False
        if now >= hidden.until and hidden.queries <= 0:
            del self._hidden[key]
            return False
        hidden.queries -= 1
        return True


def _orders_in(row: object) -> list[tuple[str, int]]:
    """The orders that one answer, or one row of it, tells of; for a list of orders, those of the list."""
    if not isinstance(row, Mapping):
        return []
    symbol, order_id = row.get("symbol"), row.get("orderId")
    of_list = [key for one in row.get("orders", ()) for key in _orders_in(one)]
    return [(symbol, order_id), *of_list] if isinstance(symbol, str) and isinstance(order_id, int) else of_list
