"""What an account does by itself, for as long as it is open: looks, passes, audits, and heeding the kill switch."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from yunmin.clock import Chance, Clock
from yunmin.core.data_contracts.enums import Origin
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.errors import ExchangeError, RateLimited, RejectReason
from yunmin.exchange.connector import ExchangeConnector, KeepsTime
from yunmin.execution.account_events import (
    AccountEvent,
    BalanceDrift,
    ReconcileFinished,
    ReconcileReport,
    ReconcileStarted,
    Warned,
)
from yunmin.execution.backoff import Backoff
from yunmin.execution.balance_audit import BalanceAudit
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.gate import PauseReason, SubmitGate
from yunmin.execution.host_pause import HostPause
from yunmin.execution.kill_switch import KillSwitch
from yunmin.execution.order_desk import OrderDesk
from yunmin.execution.policy import AccountPolicy
from yunmin.execution.reconciler import PassProgress, Reconciler
from yunmin.execution.waiting import race

__all__ = ["Keeper"]

_SHORTEST_NAP = 0.01

_MENDING = {
    RejectReason.CLOCK: "clock",
    RejectReason.MARKET_CLOSED: "markets",
    RejectReason.RULE_VIOLATION: "markets",
}
"""What is looked at anew when an order was refused for this reason."""


class Keeper:
    """Once a tick, or when something happens: what is due. It decides when; others know how."""

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        desk: OrderDesk,
        reconciler: Reconciler,
        gate: SubmitGate,
        pause: HostPause,
        clock: Clock,
        policy: AccountPolicy,
        chance: Chance,
        *,
        tell: Callable[[AccountEvent], None],
        kill_switch: KillSwitch | None,
    ) -> None:
        self._connector = connector
        self._books = books
        self._desk = desk
        self._reconciler = reconciler
        self._gate = gate
        self._pause = pause
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._tell = tell
        self._kill_switch = kill_switch
        self._wake = asyncio.Event()
        self._dues = _Dues(clock)
        self._why_reconcile: str | None = None
        self._so_far = PassProgress()
        self._backoff = Backoff(policy, chance)
        self._next_pass = 0.0
        self._is_killed = False
        self.audit = BalanceAudit()
        self.orders_interval = policy.orders_interval
        self.markets: Mapping[str, Instrument] = {}

    # --- being told --------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Something happened: look what is due."""
        self._wake.set()

    def ask_to_reconcile(self, why: str) -> None:
        """A full pass is needed, now; until one is complete no order is taken."""
        self._gate.close(PauseReason.RECONCILING, why)
        self._why_reconcile = why
        self._so_far = PassProgress()
        self._backoff.start_over()
        self._next_pass = 0.0
        self._wake.set()

    def mind_market_gone(self) -> None:
        """A market that orders are on is not listed: what we know of the markets may be out of date."""
        self._dues.bring_forward("markets")

    def mind_refusal(self, reason: RejectReason) -> None:
        """An order was refused for `reason`: what we know of clock or markets may be out of date."""
        duty = _MENDING.get(reason)
        if duty is not None:
            self._dues.bring_forward(duty)

    # --- the rounds --------------------------------------------------------------------------------------------------

    async def keep(self) -> None:
        """Go the rounds, for ever."""
        while True:
            await self._nap(self._until_something_is_due())
            if self._pause.left > 0:
                continue
            self._gate.lift(PauseReason.RATE_LIMITED)
            await self._reconcile_if_asked()
            await self._reconciler.look_at_what_is_due()
            await self._do_what_is_due()

    async def keep_cancelling(self) -> None:
        """Once a tick, for ever: heed the kill switch, and repeat the cancels of orders that have not ended.

        However long the exchange takes to answer whatever else is asked; and what a listener raises does not end it.
        """
        while True:
            try:
                self.heed_kill_switch()
                if self._pause.left <= 0:
                    self._desk.repeat_wanted_cancels()
            except Exception as failure:  # noqa: BLE001  of a listener: the other cancels must go on
                if PauseReason.HALTED not in self._gate.reasons:
                    with suppress(Exception):
                        self._desk.distrust(f"cancelling: {failure!r}")
            await self._clock.sleep(self._policy.tick)

    def _until_something_is_due(self) -> float:
        look = self._reconciler.next_look_in()
        return self._policy.tick if look is None else min(look, self._policy.tick)

    async def _nap(self, seconds: float) -> None:
        """Sleep, unless something happens."""
        if not self._wake.is_set():
            await race(self._wake.wait(), max(seconds, _SHORTEST_NAP), self._clock)
        self._wake.clear()

    async def _do_what_is_due(self) -> None:
        policy = self._policy
        due: tuple[tuple[str, float, Callable[[], Awaitable[object]]], ...] = (
            ("orders", self.orders_interval, self._compare),
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
            self._tell(Warned(self._clock.now(), f"{name}: {error}"))
            if isinstance(error, RateLimited):
                self._desk.leave_alone(error.retry_after)
            if name == "markets":
                self._dues.bring_forward(name)

    # --- passes ------------------------------------------------------------------------------------------------------

    async def reconcile(self, why: str) -> ReconcileReport:
        """One full pass, with a look at every order that is in doubt; told and noted."""
        return await self._told(why, self._reconciler.reconcile(why))

    async def _catch_up(self, why: str, so_far: PassProgress) -> ReconcileReport:
        """One pass over what was not heard; orders in doubt are looked for in their own time. Told and noted."""
        return await self._told(why, self._reconciler.catch_up(why, so_far))

    async def _compare(self) -> None:
        """One look at the list of open orders, as is due now and then. Told; noted where it found something."""
        await self._told("periodic", self._reconciler.compare("periodic"))

    async def _told(self, why: str, going: Coroutine[Any, Any, ReconcileReport]) -> ReconcileReport:
        self._tell(ReconcileStarted(self._clock.now(), why))
        report = await going
        if why != "periodic" or not report.complete or report.fills or report.resolved or report.adopted:
            self._books.note("reconciled", report.problem or "complete", why=why, fills=str(report.fills))
        self._tell(ReconcileFinished(self._clock.now(), report))
        return report

    async def reconcile_patiently(self, why: str, *, until: float, is_told: bool) -> ReconcileReport:
        """One full pass, tried again until it is complete, or it is `until` by the monotonic clock.

        Where a stream tells what happens meanwhile (`is_told`), orders that had an answer are not asked for again.
        Raises RateLimited where the exchange wants to be left alone for longer.
        """
        so_far, backoff = PassProgress(), Backoff(self._policy, self._chance)
        while True:
            await self._pause.over_by(until)
            if not is_told:
                so_far.answered.clear()
            answers, silences = so_far.answers, so_far.silences
            report = await self._told(why, self._reconciler.reconcile(why, so_far))
            if so_far.answers - answers >= so_far.silences - silences:
                backoff.start_over()
            wait = backoff.next_wait()
            if report.complete or self._clock.monotonic() + wait > until:
                return report
            await self._clock.sleep(wait)

    async def _reconcile_if_asked(self) -> None:
        why = self._why_reconcile
        if why is None or self._clock.monotonic() < self._next_pass:
            return
        self._why_reconcile = None
        so_far = self._so_far
        answers, silences = so_far.answers, so_far.silences
        report = await self._catch_up(why, so_far)
        if self._why_reconcile is not None:
            return  # another gap meanwhile: this pass does not count
        if report.complete:
            self._so_far = PassProgress()
            self._reconciler.note_what_is_in_doubt()
            self._gate.lift(PauseReason.RECONCILING)
            return
        self._why_reconcile = why
        if so_far.answers - answers >= so_far.silences - silences:  # then it may go on at once
            self._backoff.start_over()
        self._next_pass = self._clock.monotonic() + self._backoff.next_wait()

    # --- other duties ------------------------------------------------------------------------------------------------

    async def _audit_balances(self) -> None:
        if not self._desk.is_idle:
            return
        moves = self.audit.moves
        state = await self._connector.fetch_account()
        for drift in self.audit.compare(state, self._books.tracker.get_orders(), moves_before=moves):
            self._books.note("drift", drift.asset, expected=str(drift.expected), actual=str(drift.actual))
            self._tell(BalanceDrift(self._clock.now(), *drift))

    async def learn_markets(self) -> None:
        """The markets' rules, as far as there is an answer; else they are asked for again at once."""
        await self._do("markets", self._renew_markets)

    async def _renew_markets(self) -> None:
        """The rules of the markets may change while we run: the next order is checked against those of now."""
        markets = await self._connector.fetch_instruments()
        self.markets = markets
        self._desk.steps = {symbol: market.qty_step for symbol, market in markets.items()}

    async def _check_clock(self) -> None:
        """Stamps must not stray from the exchange's clock: set right at half a second, no orders at a second."""
        if not isinstance(self._connector, KeepsTime):
            return
        strayed = abs((await self._connector.synchronise_clock()).total_seconds())
        if strayed < self._policy.skew_warning:
            self._gate.lift(PauseReason.CLOCK)
            return
        self._tell(Warned(self._clock.now(), f"the clocks had strayed by {strayed:.3f} s; set right"))
        if strayed >= self._policy.skew_limit:
            self._gate.close(PauseReason.CLOCK, f"the clocks stray: {strayed:.3f} s since the last look")
            self._dues.bring_forward("clock")

    def heed_kill_switch(self) -> None:
        """Where it was pulled: take no order, and cancel what is ours; where it was lifted, trade again."""
        if self._kill_switch is None:
            return
        why = self._kill_switch.reason()
        if why is None:
            self._is_killed = False
            self._gate.lift(PauseReason.KILLED)
        elif not self._is_killed:
            self._is_killed = True
            ours = [order for order in self._books.tracker.get_open_orders() if order.origin is Origin.OWN]
            self._desk.want_cancels_of(order.client_order_id for order in ours)  # sent, and sent again, until they end
            self._books.note("killed", why)
            try:
                self._gate.close(PauseReason.KILLED, why)
            finally:
                self._desk.repeat_wanted_cancels()


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
