"""One account at one exchange, as a program holds it: its orders, their events, and the promise to lose none.

    async with open_account(adapter, folder="accounts/main") as account:
        order = await account.place(OrderRequest(symbol="BTC/USDT", side="BUY", order_type="LIMIT", qty="1", price="9"))
        async for event in account.events(): ...

Opening locks the account's folder, replays its journal, opens the stream, and asks the exchange about everything that
is in doubt, before the first order is taken. Closing waits until every command has its outcome written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Any, Self

from yunmin.clock import Clock, seeded
from yunmin.core.data_contracts.enums import Certainty, OrderState, Origin
from yunmin.core.data_contracts.events import Anomaly, AnomalyKind, FillConflict, Overfill, TrackerEvent
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.core.data_contracts.stream import StreamGap, StreamLost, Transfer
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import LifecycleError, Unavailable
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.account_events import AccountEvent, ExternalOrderSeen, ReconcileReport, SubmitsChanged, Warned
from yunmin.execution.account_keeper import Keeper
from yunmin.execution.backfill import Strangers
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.event_feed import EventFeed
from yunmin.execution.gate import PauseReason, SubmitGate
from yunmin.execution.host_pause import HostPause
from yunmin.execution.key_check import check_key
from yunmin.execution.kill_switch import KillSwitch
from yunmin.execution.nameless_trades import NamelessTrades
from yunmin.execution.news_listener import NewsListener, StreamNews
from yunmin.execution.order_desk import OrderDesk
from yunmin.execution.order_journal import OrderJournal
from yunmin.execution.policy import AccountPolicy, OnClose
from yunmin.execution.reconciler import Reconciler
from yunmin.execution.waiting import race

__all__ = ["Account"]

_BREAKS = frozenset({AnomalyKind.CROSSED_IDS, AnomalyKind.SYMBOL_MISMATCH, AnomalyKind.SIDE_MISMATCH})
"""Anomalies after which nobody can say whose money is moving."""


class Account:
    """See the module. Made by `open_account`; `connector` must be connected, `journal` open."""

    def __init__(
        self,
        connector: ExchangeConnector,
        journal: OrderJournal,
        clock: Clock,
        policy: AccountPolicy | None = None,
        *,
        kill_switch: KillSwitch | None = None,
    ) -> None:
        self.policy = policy or AccountPolicy()
        self.connector = connector
        self._clock = clock
        self._journal = journal
        self._feed: EventFeed[AccountEvent] = EventFeed()
        self._gate = SubmitGate(lambda reasons: self._feed.tell(SubmitsChanged(clock.now(), reasons)))
        self._gate.close(PauseReason.STARTING, "the account is being opened")
        self.tracker: OrderTracker = journal.recover()
        self._books = Bookkeeper(journal, self.tracker, clock)
        self._pause = HostPause(clock, unsaid=self.policy.retry_longest)
        self._desk = OrderDesk(connector, self._books, self._gate, self._pause, clock, self.policy)
        nameless = NamelessTrades(self._books, warn=self._warn)
        strangers = Strangers(
            self._books,
            self.policy,
            connector.traits.client_order_id_prefix,
            nameless=nameless,
            tell=lambda update: self._feed.tell(ExternalOrderSeen(clock.now(), update)),
            warn=self._warn,
        )
        self._reconciler = Reconciler(
            connector,
            self._books,
            self._desk,
            strangers,
            nameless,
            clock,
            self.policy,
            rate_limited=self._desk.leave_alone,
            market_gone=self._on_market_gone,
        )
        self._desk.distrust = self.halt
        self._books.heard = self._reconciler.heard_of
        self._books.doubted = self._on_doubt
        self._books.troubled = lambda why: self._gate.close(PauseReason.JOURNAL, why)
        chance = seeded(f"account-{journal.seq}")
        self._listener = NewsListener(
            connector,
            self._books,
            strangers,
            self._pause,
            clock,
            self.policy,
            chance,
            tell=self._on_stream_news,
            warn=self._warn,
            rate_limited=self._desk.leave_alone,
        )
        self._keeper = Keeper(
            connector,
            self._books,
            self._desk,
            self._reconciler,
            self._gate,
            self._pause,
            clock,
            self.policy,
            chance,
            tell=self._feed.tell,
            kill_switch=kill_switch,
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<Account {self.connector.traits.name} {'open' if self._gate.is_open else 'paused'}>"

    # --- life --------------------------------------------------------------------------------------------------------

    async def start(self) -> ReconcileReport:
        """Open the stream, settle what is in doubt, and take orders.

        Raises ExchangeError where that cannot be done; then nothing is left running, and nothing was sent.
        """
        self.tracker.subscribe(self._on_event)
        doubtful = self._books.doubt_what_has_no_verdict()
        self._desk.want_cancels_of(
            order.client_order_id for order in self.tracker.get_open_orders() if order.cancel_attempts
        )
        for alarm in self._journal.alarms:
            self._warn(str(alarm))
        self._books.note("opened", f"{len(doubtful)} placements without a verdict")
        try:
            return await self._open()
        except BaseException:
            await self._let_go()
            raise

    async def _open(self) -> ReconcileReport:
        for warning in await check_key(self.connector, self.policy):
            self._books.note("key", warning)
            self._warn(warning)
        await self._keeper.learn_markets()
        until = self._clock.monotonic() + self.policy.start_patience
        is_told = await self._listener.open(until=until)
        if is_told:
            self._run(self._listener.listen(), "listener")
        else:
            self._keeper.orders_interval = self.policy.query_interval
        report = await self._keeper.reconcile_patiently("start", until=until, is_told=is_told)
        if not report.complete:
            raise Unavailable(
                f"the account could not be reconciled: {report.problem}. No order was sent; what is open "
                "stays as it is. Start again when the exchange answers"
            )
        self._reconciler.note_what_is_in_doubt()
        self._run(self._keeper.keep(), "keeper")
        self._keeper.heed_kill_switch()
        self._run(self._keeper.keep_cancelling(), "cancelling")
        self._gate.lift(PauseReason.STARTING)
        return report

    async def close(self) -> None:
        """Take no more orders, wait for the outcome of every command, and let go. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            try:
                self._gate.close(PauseReason.CLOSING, "the account is being closed")
            finally:  # also where a listener has raised
                await self._desk.settle()
                if self.policy.on_close is OnClose.CANCEL:
                    await self.cancel_all()
        finally:
            self._books.note("closed", f"{len(self.tracker.get_open_orders())} orders open")
            await self._let_go()

    def stop_waiting(self) -> None:
        """Wait for no answer any more: what has none yet is written down as UNKNOWN, and asked for at the next start.

        For whoever is told to end at once; `close` is still to be called.
        """
        self._gate.close(PauseReason.CLOSING, "the account is being closed")
        self._desk.stop_waiting()

    async def _let_go(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._desk.stop_waiting()  # for cancels that were sent again meanwhile: they are wanted at the next start, too
        await self._desk.settle()
        await self._listener.close()
        self._feed.close()
        self._journal.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closing = asyncio.ensure_future(self.close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            self.stop_waiting()
            await closing
            raise

    # --- orders ------------------------------------------------------------------------------------------------------

    @property
    def takes_orders(self) -> bool:
        return self._gate.is_open

    @property
    def pause_reasons(self) -> dict[PauseReason, str]:
        """Why no orders are taken; empty while they are."""
        return self._gate.reasons

    @property
    def has_stream(self) -> bool:
        """Whether the exchange tells this account anything unasked; else it is asked now and then."""
        return self._listener.is_streaming

    @property
    def is_idle(self) -> bool:
        """Whether every command that was sent has its outcome written down."""
        return self._desk.is_idle

    @property
    def quiet_for(self) -> float:
        """Seconds for which the exchange asked to be left alone; 0 when it may be asked."""
        return self._pause.left

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The markets and their rules, as the exchange last told them."""
        return self._keeper.markets

    def note(self, kind: str, text: str, **data: str) -> None:
        """Leave a trace in the journal, for whoever reads it."""
        self._books.note(kind, text, **data)

    def begin(self, request: OrderRequest) -> InFlightOrder:
        """Write `request` down and send it in a task of its own; returns the order, PENDING, at once.

        Raises SubmitsPaused while orders are not taken, LifecycleError for a client order id that was used before,
        JournalError where it could not be written down. Nothing was sent in any of these cases.
        """
        self._keeper.heed_kill_switch()
        return self._desk.begin(request)

    async def place(self, request: OrderRequest) -> InFlightOrder:
        """Send `request` once, and return the order when the placement has a verdict, UNKNOWN included.

        Waits up to `policy.submit_patience` seconds for a pause to end, then raises SubmitsPaused. Cancelling the
        caller does not cancel the placement.
        """
        if not self._gate.is_open:
            await race(self._gate.opened(), self.policy.submit_patience, self._clock)
        order = self.begin(request)
        await self._desk.placed(order.client_order_id)
        return order

    def begin_cancel(self, client_order_id: str) -> bool:
        """Send a cancel in a task of its own; False where the order is done. It is sent again until the order ends."""
        return self._desk.cancel(client_order_id)

    async def cancel(self, client_order_id: str) -> InFlightOrder:
        """Cancel, and return the order once the attempt has an outcome: look at its state, it may have been filled.

        Raises LifecycleError for an order that is not known here.
        """
        self._desk.cancel(client_order_id)
        await self._desk.cancelled(client_order_id)
        order = self.tracker.get_order(client_order_id)
        if order is None:
            raise LifecycleError(f"{client_order_id} is not known here")
        return order

    async def replace(self, client_order_id: str, request: OrderRequest) -> InFlightOrder:
        """Cancel an order and, once its end is seen, place `request`: two orders, each with an outcome of its own.

        Raises LifecycleError, and places nothing, where the old order is in doubt, was filled completely before the
        cancel, or is not seen to end within `policy.submit_patience` seconds: it may still be filled then.
        """
        old = self.tracker.get_order(client_order_id)
        if old is None or old.certainty is not Certainty.CONFIRMED:
            raise LifecycleError(f"{client_order_id} is not known for certain. Nothing was sent; it is not replaced")
        await self.cancel(client_order_id)
        deadline = self._clock.monotonic() + self.policy.submit_patience
        while old.is_open and self._clock.monotonic() < deadline:
            await self._clock.sleep(self.policy.tick / 10)
        if old.state not in (OrderState.CANCELLED, OrderState.EXPIRED):
            raise LifecycleError(f"{client_order_id} is {old.state}. Its replacement was not sent")
        return await self.place(request)

    async def cancel_all(self, symbol: str | None = None) -> list[InFlightOrder]:
        """Cancel every open order of ours, and of nobody else; returns those that were asked for.

        What listeners raise is raised after all of them have an outcome, in an ExceptionGroup.
        """
        asked = [order for order in self.tracker.get_open_orders(symbol) if order.origin is Origin.OWN]
        failures = []
        for order in asked:
            try:
                self._desk.cancel(order.client_order_id)
            except Exception as failure:  # noqa: BLE001  the others must not wait for it; it is raised below
                failures.append(failure)
        for order in asked:
            await self._desk.cancelled(order.client_order_id)
        if failures:
            raise ExceptionGroup("listeners failed; the cancels have left", failures)
        return asked

    def events(self) -> AsyncIterator[AccountEvent]:
        """Everything that happens from this call on, in order, none left out. Ends when the account is closed."""
        return self._feed.read()

    def listen(self, listener: Callable[[AccountEvent], None]) -> Callable[[], None]:
        """Call `listener` with every event at the moment it happens; returns the way to stop. It must not raise."""
        return self._feed.listen(listener)

    async def reconcile(self, why: str = "asked") -> ReconcileReport:
        """Ask the exchange now."""
        return await self._keeper.reconcile(why)

    def halt(self, why: str) -> None:
        """Take no more orders until `resume`. Cancels are still taken."""
        self._books.note("halted", why)
        self._gate.close(PauseReason.HALTED, why)

    def resume(self, who: str) -> None:
        """Somebody has looked, and takes orders again."""
        self._books.note("resumed", who)
        self._gate.lift(PauseReason.HALTED)

    # --- what happens ------------------------------------------------------------------------------------------------

    def _on_event(self, event: TrackerEvent) -> None:
        self._feed.tell(event)
        self._keeper.audit.count(event)
        if isinstance(event, Anomaly):
            if event.kind in _BREAKS:
                self.halt(f"{event.kind}: {event.message}")
            return
        self._reconciler.moved(event.order.symbol)
        if isinstance(event, Overfill | FillConflict):
            self.halt(f"{type(event).__name__} on {event.order.client_order_id}")
        if event.order.reject_reason is not None:
            self._keeper.mind_refusal(event.order.reject_reason)

    def _on_doubt(self, client_order_id: str) -> None:
        self._reconciler.want(client_order_id, after=self.policy.query_interval / 4)
        self._keeper.wake()

    def _on_stream_news(self, item: StreamNews) -> None:
        self._feed.tell(item)
        if isinstance(item, StreamLost):
            self._gate.close(PauseReason.STREAM_LOST, item.why)
        elif isinstance(item, StreamGap):
            self._books.note("gap", item.why, start=item.start.isoformat(), end=item.end.isoformat())
            self._keeper.ask_to_reconcile(f"after a gap: {item.why}")
            self._gate.lift(PauseReason.STREAM_LOST)
        elif isinstance(item, Transfer):
            self._keeper.audit.count_transfer(item)

    def _on_market_gone(self, message: str) -> None:
        self._books.note("market gone", message)
        self._warn(message)
        self._keeper.mind_market_gone()

    def _warn(self, message: str) -> None:
        self._feed.tell(Warned(self._clock.now(), message))

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Work that goes on until the account is closed. Should it fail, no more orders are taken."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._on_end)
        self._tasks.append(task)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure is not None:
            self.halt(f"the {task.get_name()} failed, and that is a fault of ours: {type(failure).__name__}: {failure}")
