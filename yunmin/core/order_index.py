"""Where the orders of one account are found: by either id, by whether they are open, and by when they ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Final

from yunmin.core.data_contracts.enums import OrderState
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_lifecycle import TERMINAL

__all__ = ["ExchangeIds", "OrderIndex"]

_MOST_SPARED: Final = 64
"""So many done orders are passed over, at most, when one has to leave the history."""

_FILLED = OrderState.FILLED


class OrderIndex:
    """Every order that is kept, open and done; and how many there were.

    `orders` is by our own ids, oldest first; `open` by symbol and then by our ids; `done` in the order in which they
    ended. All three are for reading. `history_limit` bounds how many done orders are kept.
    """

    __slots__ = (
        "_by_exchange_id", "_history_limit", "_shared_ids", "created", "done", "ended", "filled", "open", "orders",
    )  # fmt: skip

    def __init__(self, history_limit: int) -> None:
        self.orders: dict[str, InFlightOrder] = {}
        self.open: dict[str, dict[str, InFlightOrder]] = {}
        self.done: deque[InFlightOrder] = deque()
        self.created = 0
        self.ended = 0
        self.filled = 0
        self._history_limit = history_limit
        self._by_exchange_id: dict[str, InFlightOrder] = {}
        self._shared_ids: dict[str, dict[str, InFlightOrder]] = {}  # exchange id -> symbol -> order, where two share it

    @property
    def history_limit(self) -> int:
        """How many done orders are kept at most. Where it is set lower, the oldest go at once."""
        return self._history_limit

    @history_limit.setter
    def history_limit(self, limit: int) -> None:
        self._history_limit = limit
        self._let_go_of_the_oldest()

    # --- what happens to an order ------------------------------------------------------------------------------------

    def begin(self, order: InFlightOrder) -> None:
        """A new order, which is open."""
        self.orders[order.client_order_id] = order
        self._list_open(order)
        self.created += 1

    def put_back(self, order: InFlightOrder) -> None:
        """An order of before, open or done: it is not counted again."""
        self.orders[order.client_order_id] = order
        if order.exchange_order_id is not None:
            self.learn_exchange_id(order, order.exchange_order_id)
        if order.state in TERMINAL:
            self.done.append(order)
        else:
            self._list_open(order)

    def learn_exchange_id(self, order: InFlightOrder, exchange_order_id: str) -> None:
        """From now on the order is found by that id too."""
        shared = self._shared_ids.get(exchange_order_id)
        other = self._by_exchange_id.pop(exchange_order_id, None) if shared is None else None
        # an id is in one of the two: in the second once orders on several symbols share it
        if shared is not None:
            shared[order.symbol] = order
        elif other is not None:
            self._shared_ids[exchange_order_id] = {other.symbol: other, order.symbol: order}
        else:
            self._by_exchange_id[exchange_order_id] = order

    def refile(self, order: InFlightOrder, before: OrderState, after: OrderState) -> None:
        """Keep lists and counts true to an order whose state has changed."""
        self.filled += (after is _FILLED) - (before is _FILLED)
        if before in TERMINAL:
            if after not in TERMINAL:  # a correction
                self.done.remove(order)
                self.ended -= 1
                self._list_open(order)
        elif after in TERMINAL:
            listed = self.open[order.symbol]
            del listed[order.client_order_id]
            if not listed:
                del self.open[order.symbol]
            self.done.append(order)
            self.ended += 1
            self._let_go_of_the_oldest()

    # --- questions ---------------------------------------------------------------------------------------------------

    def on(self, symbol: str, exchange_order_id: str) -> InFlightOrder | None:
        """The order on `symbol` of that exchange id."""
        order = self._by_exchange_id.get(exchange_order_id)
        if order is None:
            shared = self._shared_ids.get(exchange_order_id)
            return None if shared is None else shared.get(symbol)
        return order if order.symbol == symbol else None

    def all_with(self, exchange_order_id: str) -> list[InFlightOrder]:
        """The orders of that exchange id: none, one, or one on each of several symbols."""
        order = self._by_exchange_id.get(exchange_order_id)
        return list(self._shared_ids.get(exchange_order_id, {}).values()) if order is None else [order]

    # --- inside ------------------------------------------------------------------------------------------------------

    def _list_open(self, order: InFlightOrder) -> None:
        listed = self.open.get(order.symbol)
        if listed is None:
            listed = self.open[order.symbol] = {}
        listed[order.client_order_id] = order

    def _let_go_of_the_oldest(self) -> None:
        """Keep to the history's limit. An order whose fills are not all known goes to its end again: they may come."""
        spared = 0
        while len(self.done) > self._history_limit:
            oldest = self.done.popleft()
            if oldest.unattributed_qty > ZERO and spared < _MOST_SPARED:
                self.done.append(oldest)
                spared += 1
            else:
                self._forget(oldest)

    def _forget(self, order: InFlightOrder) -> None:
        del self.orders[order.client_order_id]
        exchange_order_id = order.exchange_order_id
        if exchange_order_id is None:
            return
        shared = self._shared_ids.get(exchange_order_id)
        if shared is None:
            del self._by_exchange_id[exchange_order_id]
            return
        del shared[order.symbol]
        if len(shared) == 1:
            del self._shared_ids[exchange_order_id]
            self._by_exchange_id[exchange_order_id] = shared.popitem()[1]


class ExchangeIds(Mapping[str, str]):
    """client order id -> exchange order id, read through to the orders."""

    def __init__(self, orders: Mapping[str, InFlightOrder]) -> None:
        self._orders = orders

    def __getitem__(self, client_order_id: str) -> str:
        exchange_order_id = self._orders[client_order_id].exchange_order_id
        if exchange_order_id is None:
            raise KeyError(client_order_id)
        return exchange_order_id

    def __iter__(self) -> Iterator[str]:
        return (key for key, order in self._orders.items() if order.exchange_order_id is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
