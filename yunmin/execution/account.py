"""One account at one exchange, as a program holds it: its orders, their events, and the promise to lose none.

    async with open_account(adapter, folder="accounts/main") as account:
        order = await account.place(OrderRequest(symbol="BTC/USDT", side="BUY", order_type="LIMIT", qty="1", price="9"))
        async for event in account.events(): ...

Opening locks the account's folder, replays its journal, opens the stream, and asks the exchange about everything that
is in doubt, before the first order is taken. Closing waits until every command has its outcome written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from types import TracebackType
from typing import Self

from yunmin.clock import Clock, seeded
from yunmin.core.data_contracts.enums import Certainty, OrderState, Origin
from yunmin.core.data_contracts.events import Anomaly, AnomalyKind, FillConflict, Overfill, TrackerEvent
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.order import OrderRequest, OrderUpdate
from yunmin.core.data_contracts.stream import AccountNews, BalanceUpdate, StreamGap, StreamLost, StreamOpened, Transfer
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import ConfigurationError, ExchangeError, LifecycleError, RateLimited, RejectReason, Unavailable
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.connector import ExchangeConnector, KeepsTime
from yunmin.exchange.streams import NewsStream, StreamsAccount
from yunmin.execution.account_events import (
    AccountEvent,
    BalanceDrift,
    ExternalOrderSeen,
    ReconcileFinished,
    ReconcileReport,
    ReconcileStarted,
    SubmitsChanged,
    Warned,
)
from yunmin.execution.backfill import Strangers
from yunmin.execution.balance_audit import BalanceAudit
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.event_feed import EventFeed
from yunmin.execution.gate import PauseReason, SubmitGate
from yunmin.execution.host_pause import HostPause
from yunmin.execution.kill_switch import KillSwitch
from yunmin.execution.order_desk import OrderDesk
from yunmin.execution.order_journal import OrderJournal
from yunmin.execution.policy import AccountPolicy, OnClose
from yunmin.execution.reconciler import Reconciler, is_in_doubt

__all__ = ["Account"]

_BREAKS = frozenset({AnomalyKind.CROSSED_IDS, AnomalyKind.SYMBOL_MISMATCH, AnomalyKind.SIDE_MISMATCH})
"""Anomalies after which nobody can say whose money is moving."""

_SHORTEST_NAP = 0.01

_MENDING = {
    RejectReason.CLOCK: "clock",
    RejectReason.MARKET_CLOSED: "markets",
    RejectReason.RULE_VIOLATION: "markets",
}
"""What is looked at anew when an order was refused for this reason."""


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
        self._kill_switch = kill_switch
        self._feed: EventFeed[AccountEvent] = EventFeed()
        self._gate = SubmitGate(lambda reasons: self._feed.tell(SubmitsChanged(clock.now(), reasons)))
        self._gate.close(PauseReason.STARTING, "the account is being opened")
        self.tracker: OrderTracker = journal.recover()
        self._books = Bookkeeper(journal, self.tracker, clock)
        self._pause = HostPause(clock, unsaid=self.policy.retry_longest)
        self._desk = OrderDesk(connector, self._books, self._gate, self._pause, clock, self.policy)
        self._strangers = Strangers(
            self._books, self.policy, lambda update: self._feed.tell(ExternalOrderSeen(clock.now(), update))
        )
        self._reconciler = Reconciler(
            connector,
            self._books,
            self._desk,
            self._strangers,
            clock,
            self.policy,
            rate_limited=self._desk.leave_alone,
        )
        self._audit = BalanceAudit()
        self._books.heard = self._reconciler.heard_of
        self._books.troubled = lambda why: self._gate.close(PauseReason.JOURNAL, why)
        self._chance = seeded(f"account-{journal.seq}")
        self._wake = asyncio.Event()
        self._why_reconcile: str | None = None
        self._failures = 0
        self._next_pass = 0.0
        self._dues = _Dues(clock)
        self._tasks: list[asyncio.Task[None]] = []
        self._stream: NewsStream[AccountNews] | None = None
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
        self._books.note("opened", f"{len(doubtful)} placements without a verdict")
        try:
            return await self._open()
        except BaseException:
            await self._let_go()
            raise

    async def _open(self) -> ReconcileReport:
        await self._do("markets", self._renew_markets)
        if self.connector.traits.support_of(Capability.ACCOUNT_STREAM).is_usable:
            self._stream = await self._new_stream().__aenter__()
            self._tasks.append(asyncio.create_task(self._listen(), name="account stream"))
        report = await self._reconcile_patiently("start")
        if not report.complete:
            raise Unavailable(
                f"the account could not be reconciled: {report.problem}. No order was sent; what is open "
                "stays as it is. Start again when the exchange answers"
            )
        self._reconciler.note_what_is_in_doubt()
        self._tasks.append(asyncio.create_task(self._mind(), name="account"))
        self._gate.lift(PauseReason.STARTING)
        return report

    async def close(self) -> None:
        """Take no more orders, wait for the outcome of every command, and let go. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._gate.close(PauseReason.CLOSING, "the account is being closed")
        await self._desk.settle()
        if self.policy.on_close is OnClose.CANCEL:
            await self.cancel_all()
        self._books.note("closed", f"{len(self.tracker.get_open_orders())} orders open")
        await self._let_go()

    async def _let_go(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._stream is not None:
            await self._stream.aclose()
        self._feed.close()
        self._journal.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.close())

    # --- orders ------------------------------------------------------------------------------------------------------

    @property
    def takes_orders(self) -> bool:
        return self._gate.is_open

    @property
    def pause_reasons(self) -> dict[PauseReason, str]:
        """Why no orders are taken; empty while they are."""
        return self._gate.reasons

    @property
    def quiet_for(self) -> float:
        """Seconds for which the exchange asked to be left alone; 0 when it may be asked."""
        return self._pause.left

    def begin(self, request: OrderRequest) -> InFlightOrder:
        """Write `request` down and send it in a task of its own; returns the order, PENDING, at once.

        Raises SubmitsPaused while orders are not taken, LifecycleError for a client order id that was used before,
        JournalError where it could not be written down. Nothing was sent in any of these cases.
        """
        self._heed_kill_switch()
        return self._desk.begin(request)

    async def place(self, request: OrderRequest) -> InFlightOrder:
        """Send `request` once, and return the order when the placement has a verdict, UNKNOWN included.

        Waits up to `policy.submit_patience` seconds for a pause to end, then raises SubmitsPaused. Cancelling the
        caller does not cancel the placement.
        """
        if not self._gate.is_open:
            await self._within(self._gate.opened(), self.policy.submit_patience)
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
        """Cancel every open order of ours, and of nobody else; returns those that were asked for."""
        asked = [order for order in self.tracker.get_open_orders(symbol) if order.origin is Origin.OWN]
        for order in asked:
            self._desk.cancel(order.client_order_id)
        for order in asked:
            await self._desk.cancelled(order.client_order_id)
        return asked

    def events(self) -> AsyncIterator[AccountEvent]:
        """Everything that happens from this call on, in order, none left out. Ends when the account is closed."""
        return self._feed.read()

    def listen(self, listener: Callable[[AccountEvent], None]) -> Callable[[], None]:
        """Call `listener` with every event at the moment it happens; returns the way to stop. It must not raise."""
        return self._feed.listen(listener)

    async def reconcile(self, why: str = "asked") -> ReconcileReport:
        """Ask the exchange now."""
        return await self._reconcile(why)

    def halt(self, why: str) -> None:
        """Take no more orders until `resume`. Cancels are still taken."""
        self._books.note("halted", why)
        self._gate.close(PauseReason.HALTED, why)

    def resume(self, who: str) -> None:
        """Somebody has looked, and takes orders again."""
        self._books.note("resumed", who)
        self._gate.lift(PauseReason.HALTED)

    # --- news --------------------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Take what the stream tells; where the stream itself ends, open another."""
        while True:
            stream = self._stream
            if stream is None:
                return
            batch = await stream.next_batch()
            if batch:
                self._take_news(batch)
                continue
            lost_at = self._clock.now()
            await stream.aclose()
            self._take_news([StreamLost(since=lost_at, why="the stream ended")])
            self._stream = await self._open_stream_again()
            self._take_news([StreamGap(start=lost_at, end=self._clock.now(), why="the stream ended")])

    def _new_stream(self) -> NewsStream[AccountNews]:
        if not isinstance(self.connector, StreamsAccount):
            raise ConfigurationError(f"{self.connector.traits.title}: its traits promise a stream, and it has none")
        return self.connector.stream_account()

    async def _open_stream_again(self) -> NewsStream[AccountNews]:
        wait = self.policy.retry_first
        while True:
            try:
                return await self._new_stream().__aenter__()
            except ExchangeError as error:
                self._feed.tell(Warned(self._clock.now(), f"the stream cannot be opened: {error}"))
            await self._clock.sleep(wait * (0.5 + self._chance.random()))
            wait = min(wait * 2, self.policy.retry_longest)

    def _take_news(self, batch: Sequence[AccountNews]) -> None:
        """Known orders' news is booked as it came; a stranger's order is met before its fills are looked at."""
        pending: list[OrderUpdate | Fill] = []
        for item in batch:
            if isinstance(item, OrderUpdate | Fill):
                pending.append(item)
                continue
            self._take_orders_news(pending)
            pending = []
            self._take_stream_news(item)
        self._take_orders_news(pending)

    def _take_orders_news(self, news: list[OrderUpdate | Fill]) -> None:
        strange = [piece for piece in news if not self._strangers.is_known(piece)]
        if strange:
            for piece in strange:
                if isinstance(piece, OrderUpdate) and not self._strangers.is_known(piece):
                    self._strangers.meet(piece)
            news = [piece for piece in news if self._strangers.is_known(piece)]
        self._books.take(*news)

    def _take_stream_news(self, item: BalanceUpdate | Transfer | StreamOpened | StreamLost | StreamGap) -> None:
        self._feed.tell(item)
        if isinstance(item, StreamLost):
            self._gate.close(PauseReason.STREAM_LOST, item.why)
        elif isinstance(item, StreamGap):
            self._books.note("gap", item.why, start=item.start.isoformat(), end=item.end.isoformat())
            self._gate.close(PauseReason.RECONCILING, f"after a gap: {item.why}")
            self._gate.lift(PauseReason.STREAM_LOST)
            self._ask_to_reconcile(f"gap: {item.why}")
        elif isinstance(item, Transfer):
            self._audit.count_transfer(item)

    def _on_event(self, event: TrackerEvent) -> None:
        self._feed.tell(event)
        self._audit.count(event)
        if isinstance(event, Anomaly):
            if event.kind in _BREAKS:
                self.halt(f"{event.kind}: {event.message}")
            return
        if isinstance(event, Overfill | FillConflict):
            self.halt(f"{type(event).__name__} on {event.order.client_order_id}")
        duty = _MENDING.get(event.order.reject_reason) if event.order.reject_reason else None
        if duty is not None:
            self._dues.bring_forward(duty)
        if is_in_doubt(event.order):
            self._reconciler.want(event.order.client_order_id, after=self.policy.query_interval / 4)
            self._wake.set()

    # --- the mind ----------------------------------------------------------------------------------------------------

    async def _mind(self) -> None:
        """Once a tick, or when something happens: what is due."""
        while True:
            await self._nap(self._until_something_is_due())
            self._heed_kill_switch()
            if self._pause.left > 0:
                continue
            self._gate.lift(PauseReason.RATE_LIMITED)
            await self._reconcile_if_asked()
            self._desk.repeat_wanted_cancels()
            await self._reconciler.look_at_what_is_due()
            await self._do_what_is_due()

    def _until_something_is_due(self) -> float:
        look = self._reconciler.next_look_in()
        return self.policy.tick if look is None else min(look, self.policy.tick)

    async def _do_what_is_due(self) -> None:
        policy = self.policy
        fast = self._stream is None
        due: tuple[tuple[str, float, Callable[[], Awaitable[object]]], ...] = (
            ("orders", policy.query_interval if fast else policy.orders_interval, lambda: self._reconcile("periodic")),
            ("fills", policy.fills_interval, self._reconciler.catch_up_fills),
            ("audit", policy.audit_interval, self._audit_balances),
            ("clock", policy.audit_interval, self._check_clock),
            ("markets", policy.audit_interval, self._renew_markets),
        )
        for name, interval, act in due:
            if self._dues.is_due(name, interval):
                await self._do(name, act)

    async def _do(self, name: str, act: Callable[[], Awaitable[object]]) -> None:
        """One duty. Without an answer it is told, and comes again in its turn, the markets at once."""
        try:
            await act()
        except ExchangeError as error:
            self._feed.tell(Warned(self._clock.now(), f"{name}: {error}"))
            if isinstance(error, RateLimited):
                self._desk.leave_alone(error.retry_after)
            if name == "markets":
                self._dues.bring_forward(name)

    def _ask_to_reconcile(self, why: str) -> None:
        self._why_reconcile = why
        self._failures = 0
        self._next_pass = 0.0
        self._wake.set()

    async def _reconcile_if_asked(self) -> None:
        why = self._why_reconcile
        if why is None or self._clock.monotonic() < self._next_pass:
            return
        self._why_reconcile = None
        report = await self._reconcile(why)
        if self._why_reconcile is not None:
            return  # another gap meanwhile: this pass does not count
        if report.complete:
            self._reconciler.note_what_is_in_doubt()
            self._gate.lift(PauseReason.RECONCILING)
            return
        self._why_reconcile = why
        wait = min(self.policy.retry_first * 2**self._failures, self.policy.retry_longest)
        self._failures = min(self._failures + 1, 16)
        self._next_pass = self._clock.monotonic() + wait * (0.5 + self._chance.random())

    async def _reconcile(self, why: str) -> ReconcileReport:
        self._feed.tell(ReconcileStarted(self._clock.now(), why))
        report = await self._reconciler.reconcile(why)
        if why != "periodic" or not report.complete or report.fills or report.resolved or report.adopted:
            self._books.note("reconciled", report.problem or "complete", why=why, fills=str(report.fills))
        self._feed.tell(ReconcileFinished(self._clock.now(), report))
        return report

    async def _reconcile_patiently(self, why: str) -> ReconcileReport:
        """Pass after pass until one is complete, or the patience is over: each asks only for what is still open."""
        deadline = self._clock.monotonic() + self.policy.start_patience
        wait = self.policy.retry_first
        while True:
            await self._pause.over()
            report = await self._reconcile(why)
            if report.complete or self._clock.monotonic() + wait > deadline:
                return report
            await self._clock.sleep(wait * (0.5 + self._chance.random()))
            wait = min(wait * 2, self.policy.retry_longest)

    async def _audit_balances(self) -> None:
        if not self._desk.is_idle:
            return
        moves = self._audit.moves
        state = await self.connector.fetch_account()
        for drift in self._audit.compare(state, self.tracker.get_orders(), moves_before=moves):
            self._books.note("drift", drift.asset, expected=str(drift.expected), actual=str(drift.actual))
            self._feed.tell(BalanceDrift(self._clock.now(), *drift))

    async def _renew_markets(self) -> None:
        """The rules of the markets may change while we run: the next order is checked against those of now."""
        markets = await self.connector.fetch_instruments()
        self._desk.steps = {symbol: market.qty_step for symbol, market in markets.items()}

    async def _check_clock(self) -> None:
        """Stamps must not stray from the exchange's clock: set right at half a second, no orders at a second."""
        if not isinstance(self.connector, KeepsTime):
            return
        strayed = abs((await self.connector.synchronise_clock()).total_seconds())
        if strayed < self.policy.skew_warning:
            self._gate.lift(PauseReason.CLOCK)
            return
        self._feed.tell(Warned(self._clock.now(), f"the clocks had strayed by {strayed:.3f} s; set right"))
        if strayed >= self.policy.skew_limit:
            self._gate.close(PauseReason.CLOCK, f"the clocks stray: {strayed:.3f} s since the last look")
            self._dues.bring_forward("clock")

    def _heed_kill_switch(self) -> None:
        if self._kill_switch is None:
            return
        why = self._kill_switch.reason()
        if why is None:
            self._gate.lift(PauseReason.KILLED)
        elif PauseReason.KILLED not in self._gate.reasons:
            self._books.note("killed", why)
            self._gate.close(PauseReason.KILLED, why)
            for order in self.tracker.get_open_orders():
                if order.origin is Origin.OWN:
                    self._desk.cancel(order.client_order_id)

    async def _nap(self, seconds: float) -> None:
        """Sleep, unless something happens."""
        if not self._wake.is_set():
            await self._race(self._wake.wait(), max(seconds, _SHORTEST_NAP))
        self._wake.clear()

    async def _within(self, waited: Awaitable[object], seconds: float) -> None:
        await self._race(waited, seconds)
        self._gate.check()

    async def _race(self, waited: Awaitable[object], seconds: float) -> None:
        """Until `waited` is done, or `seconds` have passed on the account's clock."""
        tasks = [asyncio.ensure_future(waited), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


class _Dues:
    """When each repeated duty comes next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def is_due(self, name: str, interval: float) -> bool:
        """Whether `interval` has passed since it was due last; the first time counts from the first question."""
        now = self._clock.monotonic()
        last = self._last.setdefault(name, now)
        if now - last < interval:
            return False
        self._last[name] = now
        return True

    def bring_forward(self, name: str) -> None:
        """Let it be due at the next question."""
        self._last[name] = float("-inf")
