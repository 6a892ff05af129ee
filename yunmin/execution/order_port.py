"""Where an executor's orders go: an account with its journal, or a connector alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Protocol, runtime_checkable

from yunmin.clock import Clock
from yunmin.core.data_contracts.events import TrackerEvent
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.data_contracts.verdicts import CancelRequest
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.gate import SubmitGate
from yunmin.execution.host_pause import HostPause
from yunmin.execution.order_desk import OrderDesk
from yunmin.execution.policy import AccountPolicy

__all__ = ["CatchesUp", "ConnectorPort", "HasOrderPort", "OrderPort", "port_of"]


class OrderPort(Protocol):
    """What an executor asks of whatever sends its orders. Every call returns at once."""

    @property
    def connector(self) -> ExchangeConnector: ...

    @property
    def instruments(self) -> Mapping[str, Instrument]: ...

    def begin(self, request: OrderRequest) -> InFlightOrder:
        """Send in a task of its own; the order is PENDING. Raises SubmitsPaused, JournalError, LifecycleError."""
        ...

    def begin_cancel(self, client_order_id: str) -> bool: ...

    def note(self, kind: str, text: str, **data: str) -> None: ...


@runtime_checkable
class CatchesUp(Protocol):
    """A port that works beside its caller, and tells what it heard only when it is asked to."""

    def catch_up(self) -> None:
        """Let the tracker take what came meanwhile."""
        ...


@runtime_checkable
class HasOrderPort(Protocol):
    """What is no connector for this loop, and knows how to send orders for a tracker all the same."""

    def order_port(self, tracker: OrderTracker, clock: Clock) -> OrderPort: ...


class ConnectorPort:
    """A connector and a tracker without a journal: what has no outcome when the program ends is not known to the next.

    For paper trading and for programs that keep their own books. News of orders must be fed to the tracker by the
    caller. `instruments` are those that were handed in, or those of `learn`.
    """

    def __init__(
        self,
        connector: ExchangeConnector,
        tracker: OrderTracker,
        clock: Clock,
        *,
        instruments: Mapping[str, Instrument] | None = None,
        policy: AccountPolicy | None = None,
        books: Bookkeeper | None = None,
    ) -> None:
        self._connector = connector
        self._policy = policy or AccountPolicy()
        pause = HostPause(clock, unsaid=self._policy.retry_longest)
        books = books or UnwrittenBooks(tracker, clock)
        self._desk = OrderDesk(connector, books, SubmitGate(), pause, clock, self._policy)
        self._instruments: dict[str, Instrument] = {}
        self._know(instruments or {})

    @property
    def connector(self) -> ExchangeConnector:
        return self._connector

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        return self._instruments

    async def learn(self) -> None:
        """Ask the exchange for its markets."""
        self._know(await self._connector.fetch_instruments())

    def _know(self, instruments: Mapping[str, Instrument]) -> None:
        self._instruments = dict(instruments)
        self._desk.steps = {symbol: market.qty_step for symbol, market in self._instruments.items()}

    def begin(self, request: OrderRequest) -> InFlightOrder:
        return self._desk.begin(request)

    def begin_cancel(self, client_order_id: str) -> bool:
        return self._desk.cancel(client_order_id)

    def note(self, kind: str, text: str, **data: str) -> None:
        """There is no journal."""

    async def settle(self) -> None:
        """Return once every command has its outcome."""
        await self._desk.settle()


class UnwrittenBooks(Bookkeeper):
    """Books that are kept in the tracker alone."""

    def __init__(self, tracker: OrderTracker, clock: Clock) -> None:
        self.tracker = tracker
        self._clock = clock
        self.heard = lambda client_order_id: None
        self.troubled = lambda why: None

    def begin(self, request: OrderRequest, *, qty_step: Decimal) -> InFlightOrder:
        return self.tracker.submit(request, qty_step=qty_step, created_at=self._clock.now())

    def begin_cancel(self, order: InFlightOrder) -> CancelRequest:
        request = CancelRequest(client_order_id=order.client_order_id, attempt=order.cancel_attempts + 1)
        self.tracker.apply(request)
        return request

    def _record(self, *entries: object) -> None:
        """Nowhere to write."""

    def _apply(self, news: Sequence[News]) -> list[TrackerEvent]:
        return self.tracker.apply_all(news)


def port_of(sender: OrderPort | ExchangeConnector | HasOrderPort, tracker: OrderTracker, clock: Clock) -> OrderPort:
    """`sender` itself where it takes orders, such as an Account; a connector by a port of its own."""
    if isinstance(sender, ExchangeConnector):
        return ConnectorPort(sender, tracker, clock)
    if isinstance(sender, HasOrderPort):
        return sender.order_port(tracker, clock)
    return sender
