"""Trades on this account whose orders the exchange does not find: each may be of any order of ours that is in doubt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from yunmin.core.data_contracts.enums import Certainty
from yunmin.execution.bookkeeper import Bookkeeper

__all__ = ["CLOCKS_DIFFER_BY", "NamelessTrades"]

CLOCKS_DIFFER_BY: Final = timedelta(seconds=5)
"""More than the exchange's clock and ours may differ by while orders leave: that is a second."""

_KEPT: Final = 10_000
_MISSES: Final = 10
"""So often an order is asked for whose trade is there, before it is given up, loudly."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_NOBODY_KNOWS_WHEN: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Trade:
    """When the order traded last, and how often it was not found."""

    at: datetime = _LONG_AGO
    misses: int = 0
    is_given_up: bool = False


class NamelessTrades:
    """By the order that nobody finds: symbol and exchange order id. What gets its name, in whatever way, leaves."""

    def __init__(self, books: Bookkeeper, *, warn: Callable[[str], None]) -> None:
        self._books = books
        self._warn = warn
        self._by_order: dict[tuple[str, str], _Trade] = {}

    def miss(self, symbol: str, exchange_order_id: str, traded_at: datetime | None) -> bool:
        """The exchange shows a trade of ours and does not find its order. True while it is worth asking again.

        That is as long as an order is in doubt that it may be of: what is given up is not asked for in the next life.
        """
        trade = self._by_order.setdefault((symbol, exchange_order_id), _Trade())
        trade.at = max(trade.at, traded_at or _NOBODY_KNOWS_WHEN)
        trade.misses += 1
        if trade.misses == _MISSES:
            self._warn(f"a trade on {symbol} is of order {exchange_order_id}, which the exchange does not find")
        if trade.misses < _MISSES or self._may_be_of_one_in_doubt(symbol, trade.at):
            return True
        trade.is_given_up = True
        if len(self._by_order) > _KEPT:
            del self._by_order[next(iter(self._by_order))]
        self._warn(f"a trade on {symbol} of order {exchange_order_id} is given up; it is not booked")
        return False

    def is_given_up(self, symbol: str, exchange_order_id: str) -> bool:
        """Whether it was missed so often that it is not asked for any more."""
        trade = self._by_order.get((symbol, exchange_order_id))
        return trade is not None and trade.is_given_up

    def find(self, symbol: str, exchange_order_id: str) -> None:
        """Its order was found."""
        self._by_order.pop((symbol, exchange_order_id), None)

    def is_there_since(self, symbol: str, created_at: datetime | None) -> bool:
        """Whether one on `symbol` may be of an order that was made then; None: nobody knows when."""
        for market, exchange_order_id in list(self._by_order):
            if market == symbol and self._has_name(symbol, exchange_order_id):
                self.find(symbol, exchange_order_id)
        return any(
            market == symbol and _is_after(trade.at, created_at) for (market, _), trade in self._by_order.items()
        )

    def _has_name(self, symbol: str, exchange_order_id: str) -> bool:
        """Whether that order became known here."""
        if self._books.tracker.get_order_by_exchange_id(exchange_order_id, symbol) is not None:
            return True
        return self._books.journal.find_by_exchange_id(symbol, exchange_order_id) is not None

    def _may_be_of_one_in_doubt(self, symbol: str, traded_at: datetime) -> bool:
        orders = self._books.tracker.get_open_orders(symbol)
        return any(order.certainty is Certainty.UNKNOWN and _is_after(traded_at, order.created_at) for order in orders)


def _is_after(traded_at: datetime, created_at: datetime | None) -> bool:
    """Whether a trade may be of an order that was made then, by clocks that may differ."""
    return created_at is None or traded_at >= created_at - CLOCKS_DIFFER_BY
