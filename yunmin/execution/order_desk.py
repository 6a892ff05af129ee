"""Where orders leave and cancels leave: each sent once, in a task of its own, and its outcome written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Verdict
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.data_contracts.order import OrderRef, OrderRequest
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.errors import (
    ConfigurationError,
    InvalidValue,
    JournalError,
    LifecycleError,
    OutcomeUnknown,
    Rejected,
    RejectReason,
    RejectSource,
)
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.crash_points import reach
from yunmin.execution.gate import PauseReason, SubmitGate
from yunmin.execution.host_pause import HostPause
from yunmin.execution.policy import AccountPolicy

__all__ = ["OrderDesk", "ref_of"]


class OrderDesk:
    """Sends placements and cancels; never one placement twice. A cancel is sent again until its order ends.

    `distrust` hears of an answer that was about another order. `steps` is the step of each symbol whose rules are
    known: less than one step left counts as complete.
    """

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        gate: SubmitGate,
        pause: HostPause,
        clock: Clock,
        policy: AccountPolicy,
    ) -> None:
        self._connector = connector
        self._books = books
        self._gate = gate
        self._clock = clock
        self._policy = policy
        self._pause = pause
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._cancelling: dict[str, asyncio.Task[None]] = {}
        self._wanted: dict[str, _Wanted] = {}
        self.steps: Mapping[str, Decimal] = {}
        self.distrust: Callable[[str], None] = lambda why: None

    @property
    def is_idle(self) -> bool:
        """Whether every command that was sent has its outcome written down."""
        return not self._sending and not self._cancelling

    def is_sending(self, client_order_id: str) -> bool:
        """Whether the placement of that order is on its way now."""
        return client_order_id in self._sending

    def begin(self, request: OrderRequest) -> InFlightOrder:
        """Write the intent down, durably, then send it in a task of its own; returns the order, PENDING, at once.

        Raises SubmitsPaused, LifecycleError for an id that was used before, JournalError; nothing was sent then.
        """
        self._gate.check()
        if request.client_order_id is None:
            request = request.model_copy(update={"client_order_id": self._connector.new_client_order_id()})
        try:
            order = self._books.begin(request, qty_step=self.steps.get(request.symbol, ZERO))
        except JournalError as error:
            self._gate.close(PauseReason.JOURNAL, str(error))
            raise
        task = asyncio.create_task(self._send(request, self._clock.monotonic()), name=f"place {order.client_order_id}")
        self._sending[order.client_order_id] = task
        task.add_done_callback(lambda _: self._sending.pop(order.client_order_id, None))
        return order

    async def placed(self, client_order_id: str) -> None:
        """Return once the placement of that order has a verdict. Cancelling the wait does not cancel the placement."""
        task = self._sending.get(client_order_id)
        if task is not None:
            await asyncio.shield(task)

    def cancel(self, client_order_id: str) -> bool:
        """Send a cancel in a task of its own. False where the order is done, or a cancel is on its way already.

        Raises LifecycleError for an unknown order.
        """
        order = self._books.tracker.get_order(client_order_id)
        if order is None:
            raise LifecycleError(f"{client_order_id} is not an order of this account that is known here")
        if order.is_completed or client_order_id in self._cancelling:
            return False
        wanted = self._wanted.setdefault(client_order_id, _Wanted())
        wanted.tries += 1
        wanted.at = self._clock.monotonic()
        attempt = order.cancel_attempts + 1
        try:
            self._begin_cancel(order)
        finally:  # also where a listener has raised: the cancel is written down, and leaves
            task = asyncio.create_task(self._send_cancel(order, attempt), name=f"cancel {client_order_id}")
            self._cancelling[client_order_id] = task
            task.add_done_callback(lambda _: self._cancelling.pop(client_order_id, None))
        return True

    async def cancelled(self, client_order_id: str) -> None:
        """Return once the cancel of that order that is on its way has an outcome."""
        task = self._cancelling.get(client_order_id)
        if task is not None:
            await asyncio.shield(task)

    def want_cancels_of(self, client_order_ids: Iterable[str]) -> None:
        """From now on the end of these orders is wanted, and the next look at it sends their cancels at once."""
        for client_order_id in client_order_ids:
            self._wanted[client_order_id] = _Wanted()

    def repeat_wanted_cancels(self) -> None:
        """Send those cancels again whose orders have not ended, ever less often: a cancel may be sent twice.

        What listeners raise is raised after all were seen to, in an ExceptionGroup.
        """
        now, failures = self._clock.monotonic(), []
        for client_order_id, wanted in list(self._wanted.items()):
            order = self._books.tracker.get_order(client_order_id)
            if order is None or order.is_completed:
                del self._wanted[client_order_id]
            elif now - wanted.at >= self._policy.cancel_spacing * 2 ** min(wanted.tries, 5) / 2:
                try:
                    self.cancel(client_order_id)
                except Exception as failure:  # noqa: BLE001  the others must not wait for it; it is raised below
                    failures.append(failure)
        if failures:
            raise ExceptionGroup("listeners failed; the cancels have left", failures)

    def leave_alone(self, retry_after: float | None) -> None:
        """The exchange asked for quiet, for that many seconds where it said: nothing leaves until then."""
        left = self._pause.begin(retry_after)
        self._gate.close(PauseReason.RATE_LIMITED, f"the exchange asked to be left alone for {left:.0f} s")

    async def settle(self) -> None:
        """Return once every command that is on its way now has its outcome written down."""
        under_way = [*self._sending.values(), *self._cancelling.values()]
        if under_way:
            await asyncio.wait(under_way)

    def stop_waiting(self) -> None:
        """Wait for no answer any more: what has none yet is UNKNOWN, and is asked for at the next start."""
        for task in (*self._sending.values(), *self._cancelling.values()):
            task.cancel()

    # --- placements --------------------------------------------------------------------------------------------------

    async def _send(self, request: OrderRequest, begun: float) -> None:
        """The one request of an order. Whatever happens, its outcome is written down."""
        client_order_id = request.client_order_id or ""
        age = self._clock.monotonic() - begun
        if age > self._policy.intent_age:
            self._books.take(_held_back(client_order_id, f"held back: decided {age:.1f} s before it could be sent"))
            return
        if self._pause.left > 0:
            self._books.take(_held_back(client_order_id, "held back: the exchange asked to be left alone"))
            return
        reach("before_send")
        try:
            result = await self._place(request)
        except BaseException as error:
            # whatever it is, a task that was cancelled or a fault of ours, the request may have left
            self._books.take(
                SubmitResult(client_order_id=client_order_id, verdict=Verdict.UNKNOWN, message=type(error).__name__)
            )
            if not isinstance(error, Exception):
                raise
            return
        reach("after_answer")
        self._books.take(result)

    async def _place(self, request: OrderRequest) -> SubmitResult:
        name = request.client_order_id or ""
        try:
            ack = await self._connector.place_order(request)
        except Rejected as no:
            if no.reason is RejectReason.RATE_LIMITED:
                self.leave_alone(no.retry_after)
            return SubmitResult(
                client_order_id=name,
                verdict=Verdict.REJECTED,
                reason=no.reason,
                source=no.source,
                message=str(no),
            )
        except (InvalidValue, ConfigurationError) as error:
            return SubmitResult(
                client_order_id=name,
                verdict=Verdict.REJECTED,
                reason=RejectReason.INVALID_REQUEST,
                source=RejectSource.LOCAL,
                message=str(error),
            )
        except Exception as unknown:  # noqa: BLE001  by allow-list: what is not proven is unknown
            self._mind_crossing(unknown)
            return SubmitResult(client_order_id=name, verdict=Verdict.UNKNOWN, message=str(unknown))
        return SubmitResult(client_order_id=name, verdict=Verdict.ACCEPTED, update=ack.update, fills=ack.fills)

    def _mind_crossing(self, error: Exception) -> None:
        if isinstance(error, OutcomeUnknown) and error.is_crossed:
            self.distrust(str(error))

    # --- cancels -----------------------------------------------------------------------------------------------------

    def _begin_cancel(self, order: InFlightOrder) -> None:
        try:
            self._books.begin_cancel(order)
        except JournalError as error:
            # a cancel that is not written down is harmless; one that is not sent may not be
            self._gate.close(PauseReason.JOURNAL, str(error))
            request = CancelRequest(client_order_id=order.client_order_id, attempt=order.cancel_attempts + 1)
            self._books.tracker.apply(request)

    async def _send_cancel(self, order: InFlightOrder, attempt: int) -> None:
        await self._pause.over()
        try:
            result = await self._cancel(order, attempt)
        except asyncio.CancelledError:
            unanswered = CancelResult(client_order_id=order.client_order_id, attempt=attempt, verdict=Verdict.UNKNOWN)
            self._books.take(unanswered)
            raise
        self._books.take(result)

    async def _cancel(self, order: InFlightOrder, attempt: int) -> CancelResult:
        name = order.client_order_id
        try:
            update = await self._connector.cancel_order(ref_of(order))
        except Rejected as no:
            if no.reason is RejectReason.RATE_LIMITED:
                self.leave_alone(no.retry_after)
            return CancelResult(client_order_id=name, attempt=attempt, verdict=Verdict.REJECTED, message=str(no))
        except Exception as unknown:  # noqa: BLE001  by allow-list: what is not proven is unknown
            self._mind_crossing(unknown)
            return CancelResult(client_order_id=name, attempt=attempt, verdict=Verdict.UNKNOWN, message=str(unknown))
        return CancelResult(client_order_id=name, attempt=attempt, verdict=Verdict.ACCEPTED, update=update)


@dataclass(slots=True)
class _Wanted:
    """A cancel that is wanted until its order ends: how often it was sent, and when last."""

    tries: int = 0
    at: float = float("-inf")


def ref_of(order: InFlightOrder) -> OrderRef:
    """How `order` is named to the exchange: by both ids where both are the exchange's."""
    is_synthetic = order.client_order_id.startswith("external:")
    return OrderRef(
        symbol=order.symbol,
        client_order_id=None if is_synthetic else order.client_order_id,
        exchange_order_id=order.exchange_order_id,
    )


def _held_back(client_order_id: str, message: str) -> SubmitResult:
    return SubmitResult(
        client_order_id=client_order_id,
        verdict=Verdict.REJECTED,
        reason=RejectReason.NOT_SENT,
        source=RejectSource.LOCAL,
        message=message,
    )
