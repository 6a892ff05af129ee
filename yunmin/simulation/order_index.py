"""One account's orders and fills, findable by id, by client order id, by market."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import Final

from yunmin.simulation.ledger import Account
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import AccountFill, Order

__all__ = ["KEPT", "MarketHistory", "OrderIndex"]


KEPT: Final = 100_000
"""How many finished orders, fills and lists are remembered at least, where nothing else is said."""


class MarketHistory:
    """What one account has done in one market, oldest first."""

    __slots__ = ("by_client_id", "fills", "orders")

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.fills: list[AccountFill] = []
        self.by_client_id: dict[str, Order] = {}

    def forget(self, keep: int) -> None:
        """Let go of finished orders but the last `keep`."""
        old, recent = self.orders[:-keep], self.orders[-keep:]
        for order in old:
            if not order.is_open and self.by_client_id.get(order.client_order_id) is order:
                del self.by_client_id[order.client_order_id]
        self.orders[:] = [order for order in old if order.is_open] + recent


class OrderIndex:
    """Client order ids are unique among open orders; a finished order keeps its id findable until it is used again.

    At least the last `keep` orders and fills of each market and the last `keep` lists are remembered; what is open is
    never forgotten.
    """

    def __init__(self, owner: Account | None, *, keep: int = KEPT) -> None:
        self.owner = owner
        self._keeps_history = owner is not None and owner.keeps_history
        self._keep = keep
        self.open: dict[tuple[str, int], Order] = {}
        self.open_client_ids: set[str] = set()
        self.open_in: defaultdict[str, int] = defaultdict(int)
        """How many orders are open, by market."""

        self.lists: dict[int, OrderList] = {}
        self._histories: dict[str, MarketHistory] = {}

    def add(self, order: Order) -> None:
        market, client_order_id = order.market, order.client_order_id
        self.open[(market, order.id)] = order
        self.open_in[market] += 1
        self.open_client_ids.add(client_order_id)
        if self._keeps_history:
            history = self._histories.get(market)
            if history is None:
                history = self._histories[market] = MarketHistory()
            history.by_client_id[client_order_id] = order
            history.orders.append(order)
            if len(history.orders) > 2 * self._keep + len(self.open):
                history.forget(self._keep)

    def add_list(self, one: OrderList) -> None:
        """Remember a list of orders."""
        self.lists[one.id] = one
        if len(self.lists) > 2 * self._keep:
            finished = [number for number, old in self.lists.items() if not old.is_open]
            for number in finished[: -self._keep]:
                del self.lists[number]

    def rename(self, order: Order, client_order_id: str) -> None:
        """Let `order` carry another client order id; the old one is free again."""
        self.open_client_ids.discard(order.client_order_id)
        self.open_client_ids.add(client_order_id)
        if self._keeps_history:
            by_client_id = self._histories[order.market].by_client_id
            by_client_id.pop(order.client_order_id, None)
            by_client_id[client_order_id] = order
        order.client_order_id = client_order_id

    def close(self, order: Order) -> None:
        del self.open[(order.market, order.id)]
        self.open_in[order.market] -= 1
        self.open_client_ids.discard(order.client_order_id)

    def add_fill(self, fill: AccountFill) -> None:
        if self._keeps_history:
            fills = self._histories[fill.market].fills
            fills.append(fill)
            if len(fills) > 2 * self._keep:
                del fills[: -self._keep]

    def open_lists(self) -> list[OrderList]:
        """Oldest first."""
        return [one for one in self.lists.values() if one.is_open]

    def list_by_client_id(self, client_list_id: str) -> OrderList | None:
        """The latest list that carried this id."""
        return next((one for one in reversed(self.lists.values()) if one.client_list_id == client_list_id), None)

    def by_id(self, market: str, order_id: int) -> Order | None:
        """Open or done; for an account without history only open ones."""
        orders = self.orders(market)
        place = bisect_left(orders, order_id, key=_number)
        found = orders[place] if place < len(orders) else None
        return found if found is not None and found.id == order_id else self.open.get((market, order_id))

    def by_client_id(self, market: str, client_order_id: str) -> Order | None:
        """The latest order that carried this id in this market."""
        history = self._histories.get(market)
        return None if history is None else history.by_client_id.get(client_order_id)

    def open_orders(self, market: str | None = None) -> list[Order]:
        """Oldest first; of every market where none is named."""
        return [order for order in self.open.values() if market is None or order.market == market]

    def orders(self, market: str) -> list[Order]:
        """Every order in this market, oldest first."""
        history = self._histories.get(market)
        return [] if history is None else history.orders

    def fills(self, market: str) -> list[AccountFill]:
        """Every fill in this market, oldest first."""
        history = self._histories.get(market)
        return [] if history is None else history.fills

    def all_orders(self) -> list[Order]:
        """Every order of every market, market by market."""
        return [order for history in self._histories.values() for order in history.orders]

    def all_fills(self) -> list[AccountFill]:
        """Every fill of every market, market by market."""
        return [fill for history in self._histories.values() for fill in history.fills]


def _number(order: Order) -> int:
    return order.id
