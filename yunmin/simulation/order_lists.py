"""Orders that belong together: of rivals one goes ahead and the others end; pending orders wait for a working one."""

from __future__ import annotations

from typing import NamedTuple

from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.stops import STOP_TYPES

__all__ = ["NewList", "OrderList"]

_RIVAL_TYPES = STOP_TYPES | {OrderType.LIMIT_MAKER}
_WORKING_TYPES = frozenset({OrderType.LIMIT, OrderType.LIMIT_MAKER})
_MOST_RIVALS = 2


class NewList(NamedTuple):
    """A command to place a list: one order or two rivals, with `working` before them where they wait for its fill.

    `pays` says that what the working order buys is what the others sell; they are placed without a quantity.
    """

    client_list_id: str
    rivals: tuple[NewOrder, ...]
    working: NewOrder | None = None
    pays: bool = False

    @property
    def orders(self) -> tuple[NewOrder, ...]:
        """All of them, the working order first."""
        return self.rivals if self.working is None else (self.working, *self.rivals)

    @property
    def hangs_together(self) -> bool:
        """Whether these orders can be a list."""
        if self.working is None:
            return len(self.rivals) == _MOST_RIVALS and self._are_rivals_alike()
        if self.working.order_type not in _WORKING_TYPES or not 0 < len(self.rivals) <= _MOST_RIVALS:
            return False
        owner = (self.working.account, self.working.market)
        if any((one.account, one.market) != owner or one.quote_qty for one in self.rivals):
            return False
        if self.pays and (self.working.side is not Side.BUY or any(one.side is Side.BUY for one in self.rivals)):
            return False
        return len(self.rivals) == 1 or self._are_rivals_alike()

    def _are_rivals_alike(self) -> bool:
        """Alike in all but type, price and stop, and neither trades at once."""
        one, other = self.rivals
        is_alike = (one.account, one.market, one.side, one.qty) == (other.account, other.market, other.side, other.qty)
        return is_alike and one.order_type in _RIVAL_TYPES and other.order_type in _RIVAL_TYPES


class OrderList:
    """Orders of one account in one market. Of those that are not `working`, only one can ever trade."""

    __slots__ = ("account", "client_list_id", "created", "has_working", "id", "market", "orders", "pays")

    def __init__(
        self,
        list_id: int,
        client_list_id: str,
        *,
        account: str,
        market: str,
        created: int,
        has_working: bool = False,
        pays: bool = False,
    ) -> None:
        self.id = list_id
        self.client_list_id = client_list_id
        self.account = account
        self.market = market
        self.created = created
        self.has_working = has_working
        self.pays = pays
        self.orders: list[Order] = []

    @property
    def working(self) -> Order | None:
        """The order that the others wait for."""
        return self.orders[0] if self.has_working else None

    @property
    def is_open(self) -> bool:
        return any(order.is_open for order in self.orders)

    @property
    def updated(self) -> int:
        """When the latest thing happened to one of its orders."""
        return max(order.updated for order in self.orders)

    @property
    def pending(self) -> list[Order]:
        """The open orders that still wait for the working one."""
        return [order for order in self.orders if order.is_pending and order.is_open]

    def add(self, order: Order) -> None:
        """Let `order` belong to this list; the working one comes first."""
        order.group = self
        order.is_pending = self.has_working and bool(self.orders)
        self.orders.append(order)

    def open_besides(self, order: Order) -> list[Order]:
        """The other orders that are open."""
        return [other for other in self.orders if other is not order and other.is_open]

    def rivals_of(self, order: Order) -> list[Order]:
        """The open orders that end when `order` goes ahead, and have its quantity."""
        if order is self.working:
            return []
        return [other for other in self.open_besides(order) if other is not self.working]
