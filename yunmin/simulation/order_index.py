"""One account's orders and fills, findable by id, by client order id, by market."""

from __future__ import annotations

from collections import defaultdict

from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import AccountFill, Order

__all__ = ["OrderIndex"]


class OrderIndex:
    """Client order ids are unique among open orders; a finished order keeps its id findable until it is used again."""

    def __init__(self, *, keeps_history: bool) -> None:
        self._keeps_history = keeps_history
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
            self._by_market[order.market].append(order)

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
            self._fills[fill.market].append(fill)

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
