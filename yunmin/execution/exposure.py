"""How much may come to be held, whatever becomes of every order: the worst case, in base units.

An order whose outcome is not known counts as filled in full, and as open; so does one that is approved and not sent
yet. What the exchange reports filled counts before a trade shows it. Nothing is a relief before it has happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.core.data_contracts.events import Anomaly, TrackerEvent
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import PositionManager

__all__ = ["Exposure"]


class Exposure:
    """Of one account: its positions, its orders, and `reserved`, what was approved and is not among its orders yet."""

    def __init__(self, tracker: OrderTracker, positions: PositionManager) -> None:
        self._tracker = tracker
        self._positions = positions
        self._reserved: dict[str, OrderRequest] = {}
        self._watched = {order.client_order_id for order in tracker.get_orders()}

    def follow(self) -> Callable[[], None]:
        """Notice the orders as they come; returns the way to stop."""
        return self._tracker.subscribe(self._on_event)

    def reserve(self, request: OrderRequest) -> None:
        """Count `request` until its order is followed, or it is released."""
        assert request.client_order_id is not None  # noqa: S101  checked by whoever approves
        self._reserved[request.client_order_id] = request

    def release(self, client_order_id: str) -> None:
        """It will not be sent."""
        self._reserved.pop(client_order_id, None)

    def of(self, symbol: str, side: Side) -> Decimal:
        """The largest position on `side` that there may come to be; negative while it would only be a smaller one
        on the other side.
        """
        sign = 1 if side is Side.BUY else -1
        total = EXACT.multiply(self._positions.position(symbol).qty, sign)
        for qty in self._may_be_filled(symbol, side):
            total = EXACT.add(total, qty)
        return total

    def worst(self, symbol: str) -> Decimal:
        """The larger of both sides, and never below zero."""
        return max(self.of(symbol, Side.BUY), self.of(symbol, Side.SELL), ZERO)

    def symbols(self) -> set[str]:
        """Every symbol of which something is held, or may come to be."""
        held = {symbol for symbol, position in self._positions.positions().items() if position.qty}
        ordered = {order.symbol for order, _ in self._unbooked()}
        return held | ordered | {request.symbol for request in self._waiting()}

    def open_orders(self) -> int:
        """How many orders are open, may be open, or are about to be."""
        return len(self._tracker.get_open_orders()) + sum(1 for _ in self._waiting())

    def has_unknown_qty(self, symbol: str) -> bool:
        """Whether an order is open whose quantity the exchange has not said yet."""
        return any(order.qty is None for order in self._tracker.get_open_orders(symbol))

    def would_meet(self, request: OrderRequest) -> str | None:
        """The client order id of an order of this account that `request` could trade with; None where there is none."""
        for name, side, order_type, price in self._resting(request.symbol):
            if side is request.side or order_type in _TRIGGERED:
                continue
            if price is None or request.price is None or _crosses(request.side, request.price, price):
                return name
        return None

    def _resting(self, symbol: str) -> Iterator[tuple[str, Side, OrderType, Decimal | None]]:
        for order in self._tracker.get_open_orders(symbol):
            yield order.client_order_id, order.side, order.order_type, order.price
        for request in self._waiting():
            if request.symbol == symbol:
                yield request.client_order_id or "", request.side, request.order_type, request.price

    def _may_be_filled(self, symbol: str, side: Side) -> Iterator[Decimal]:
        for order, qty in self._unbooked():
            if order.symbol == symbol and order.side is side:
                yield qty
        for request in self._waiting():
            if request.symbol == symbol and request.side is side and request.qty is not None:
                yield request.qty

    def _unbooked(self) -> Iterator[tuple[InFlightOrder, Decimal]]:
        """The orders of which more may be filled than is booked, and how much.

        What is booked is what the positions have: while events are being told, the orders are ahead of them.
        """
        for order in self._tracker.get_open_orders():
            yield order, max(ZERO, EXACT.subtract(order.qty or ZERO, self._positions.booked(order.client_order_id)))
        for name in tuple(self._watched):
            ended = self._tracker.get_order(name)
            if ended is not None and ended.is_open:
                continue
            left = ZERO if ended is None else EXACT.subtract(ended.filled_qty, self._positions.booked(name))
            if ended is None or left <= ZERO:
                self._watched.discard(name)
            else:
                yield ended, left

    def _waiting(self) -> Iterator[OrderRequest]:
        for name, request in list(self._reserved.items()):
            if self._tracker.get_order(name) is None:
                yield request
            else:
                del self._reserved[name]

    def _on_event(self, event: TrackerEvent) -> None:
        if not isinstance(event, Anomaly):
            self._watched.add(event.order.client_order_id)


_TRIGGERED = frozenset(
    {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
)


def _crosses(side: Side, price: Decimal, resting: Decimal) -> bool:
    return price >= resting if side is Side.BUY else price <= resting
