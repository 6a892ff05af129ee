"""Orders that belong together: one goes ahead, the others end, and they share what is set aside."""

from __future__ import annotations

from yunmin.core.data_contracts.enums import OrderType
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.stops import STOP_TYPES

__all__ = ["OrderList", "may_pair"]

_MEMBERS = STOP_TYPES | {OrderType.LIMIT_MAKER}


class OrderList:
    """Orders of one account in one market, of one side and quantity, of which only one can ever trade."""

    __slots__ = ("account", "client_list_id", "created", "id", "market", "orders")

    def __init__(self, list_id: int, client_list_id: str, *, account: str, market: str, created: int) -> None:
        self.id = list_id
        self.client_list_id = client_list_id
        self.account = account
        self.market = market
        self.created = created
        self.orders: list[Order] = []

    @property
    def is_open(self) -> bool:
        return any(order.is_open for order in self.orders)

    @property
    def updated(self) -> int:
        """When the latest thing happened to one of its orders."""
        return max(order.updated for order in self.orders)

    def open_besides(self, order: Order) -> list[Order]:
        """The other orders that are open."""
        return [other for other in self.orders if other is not order and other.is_open]


def may_pair(one: NewOrder, other: NewOrder) -> bool:
    """Whether two orders can be a pair: alike in all but type, price and stop, and neither trades at once."""
    is_alike = (one.account, one.market, one.side, one.qty) == (other.account, other.market, other.side, other.qty)
    return is_alike and one.order_type in _MEMBERS and other.order_type in _MEMBERS
