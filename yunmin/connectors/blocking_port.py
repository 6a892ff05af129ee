"""An executor's orders through the blocking front door: sent in its background thread, told in the caller's.

The caller's tracker is written by the caller's thread alone. What the exchange answered waits until `catch_up`, which
the executor calls at each decision and price, or `settle`, which waits for the answers first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import TypeVar

from yunmin.clock import Clock
from yunmin.connectors.sync import SyncConnector
from yunmin.core.data_contracts.events import TrackerEvent
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.data_contracts.verdicts import CancelRequest
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.errors import LifecycleError
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.order_port import ConnectorPort, UnwrittenBooks

__all__ = ["BlockingPort"]

C = TypeVar("C", bound=ExchangeConnector)


class BlockingPort:
    """Without a journal: what has no outcome when the program ends is not known to the next."""

    def __init__(self, sync: SyncConnector[C], tracker: OrderTracker, clock: Clock) -> None:
        self._sync = sync
        self._tracker = tracker
        self._clock = clock
        self._news: SimpleQueue[News] = SimpleQueue()
        self._under_way: list[Future[None]] = []
        self._port: ConnectorPort | None = None

    @property
    def connector(self) -> ExchangeConnector:
        """For its traits and its ids; its coroutines belong to the background."""
        return self._behind().connector

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The first time, the exchange is asked for them."""
        return self._behind().instruments

    def begin(self, request: OrderRequest) -> InFlightOrder:
        """Send in the background; the order is PENDING. Raises LifecycleError for an id that was used before."""
        port, order = self._behind(), self._tracker.submit(request, created_at=self._clock.now())

        async def send(_: ExchangeConnector) -> None:
            port.begin(request)
            await port.settle()

        self._under_way.append(self._sync.start(send))
        return order

    def begin_cancel(self, client_order_id: str) -> bool:
        """Send a cancel in the background. False where the order is done."""
        order, port = self._tracker.get_order(client_order_id), self._behind()
        if order is None:
            raise LifecycleError(f"{client_order_id} is not an order that is known here. Nothing was sent")
        if order.is_completed:
            return False

        async def send(_: ExchangeConnector) -> None:
            port.begin_cancel(client_order_id)
            await port.settle()

        self._under_way.append(self._sync.start(send))
        return True

    def note(self, kind: str, text: str, **data: str) -> None:
        """There is no journal."""

    def catch_up(self) -> None:
        """Let the tracker take what was answered, in this thread."""
        self._under_way = [each for each in self._under_way if not each.done()]
        while True:
            try:
                news = self._news.get_nowait()
            except Empty:
                return
            self._tracker.apply(news)

    def settle(self) -> None:
        """Return once every command has its outcome, and the tracker knows it."""
        while self._under_way:
            for each in self._under_way:
                each.result()
            self.catch_up()
        self.catch_up()

    def _behind(self) -> ConnectorPort:
        if self._port is None:
            self._port = self._sync.call(self._open)
        return self._port

    async def _open(self, connector: ExchangeConnector) -> ConnectorPort:
        beside = OrderTracker()
        port = ConnectorPort(connector, beside, self._clock, books=_Copied(beside, self._clock, self._news))
        await port.learn()
        return port


class _Copied(UnwrittenBooks):
    """The background's own books; a copy of everything goes to the caller."""

    def __init__(self, tracker: OrderTracker, clock: Clock, copy: SimpleQueue[News]) -> None:
        super().__init__(tracker, clock)
        self._copy = copy

    def begin_cancel(self, order: InFlightOrder) -> CancelRequest:
        request = super().begin_cancel(order)
        self._copy.put(request)
        return request

    def _apply(self, news: Sequence[News]) -> list[TrackerEvent]:
        for piece in news:
            self._copy.put(piece)
        return super()._apply(news)
