"""One account's orders and fills, findable by id, by client order id, by market."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import AccountFill, Order

__all__ = ["KEPT", "OrderIndex"]


KEPT: Final = 100_000
"""How many finished orders, fills and lists are remembered at least, where nothing else is said."""


class OrderIndex:
    """Client order ids are unique among open orders; a finished order keeps its id findable until it is used again.

    At least the last `keep` orders and fills of each market and the last `keep` lists are remembered; what is open is
    never forgotten.
    """

    def __init__(self, *, keeps_history: bool, keep: int = KEPT) -> None:
        self._keeps_history = keeps_history
        self._keep = keep
        self.open: dict[tuple[str, int], Order] = {}
        self.open_client_ids: set[str] = set()
        self.open_in: defaultdict[str, int] = defaultdict(int)
        """How many orders are open, by market."""

        self.lists: dict[int, OrderList] = {}
        self._by_market: defaultdict[str, list[Order]] = defaultdict(list)
        self._fills: defaultdict[str, list[AccountFill]] = defaultdict(list)
        self._by_id: dict[tuple[str, int], Order] = {}
        self._by_client_id: dict[tuple[str, str], Order] = {}

    def add(self, order: Order) -> None:
        key = (order.market, order.id)
        self.open[key] = order
        self.open_in[order.market] += 1
        self.open_client_ids.add(order.client_order_id)
        if self._keeps_history:
            self._by_id[key] = order
            self._by_client_id[(order.market, order.client_order_id)] = order
            orders = self._by_market[order.market]
            orders.append(order)
            if len(orders) > 2 * self._keep + len(self.open):
                self._forget(order.market)

    def _forget(self, market: str) -> None:
        """Let go of the oldest finished orders of a market."""
        orders = self._by_market[market]
        old, recent = orders[: -self._keep], orders[-self._keep :]
        for order in old:
            if not order.is_open:
                del self._by_id[(market, order.id)]
                name = (market, order.client_order_id)
                if self._by_client_id.get(name) is order:
                    del self._by_client_id[name]
        orders[:] = [order for order in old if order.is_open] + recent

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
            self._by_client_id.pop((order.market, order.client_order_id), None)
            self._by_client_id[(order.market, client_order_id)] = order
        order.client_order_id = client_order_id

    def close(self, order: Order) -> None:
        del self.open[(order.market, order.id)]
        self.open_in[order.market] -= 1
        self.open_client_ids.discard(order.client_order_id)

    def add_fill(self, fill: AccountFill) -> None:
        if self._keeps_history:
            fills = self._fills[fill.market]
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
        key = (market, order_id)
        return self._by_id.get(key) or self.open.get(key)

    def by_client_id(self, market: str, client_order_id: str) -> Order | None:
        """The latest order that carried this id in this market."""
        return self._by_client_id.get((market, client_order_id))

    def open_orders(self, market: str | None = None) -> list[Order]:
        """Oldest first; of every market where none is named."""
        return [order for order in self.open.values() if market is None or order.market == market]

    def orders(self, market: str) -> list[Order]:
        """Every order in this market, oldest first."""
        return self._by_market.get(market, [])

    def fills(self, market: str) -> list[AccountFill]:
        """Every fill in this market, oldest first."""
        return self._fills.get(market, [])

    def all_orders(self) -> list[Order]:
        """Every order of every market, market by market."""
        return [order for orders in self._by_market.values() for order in orders]

    def all_fills(self) -> list[AccountFill]:
        """Every fill of every market, market by market."""
        return [fill for fills in self._fills.values() for fill in fills]
