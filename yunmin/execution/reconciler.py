"""Asking the exchange what happened: at the start, after every gap, and now and then.

It never edits an order: it asks, and hands the answers to the books. Fills are taken before statuses. What has no
answer is asked again; nothing is concluded from silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Certainty, Source
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import ExchangeError, RateLimited, Unavailable, UnknownSymbol
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.account_events import ReconcileReport
from yunmin.execution.backfill import Backfill, Strangers
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.crash_points import reach
from yunmin.execution.doubt import is_in_doubt
from yunmin.execution.market_fills import MarketFills
from yunmin.execution.nameless_trades import NamelessTrades
from yunmin.execution.order_desk import OrderDesk
from yunmin.execution.order_search import Finding, OrderSearch
from yunmin.execution.policy import AccountPolicy

__all__ = ["PassProgress", "Reconciler"]

_SIDE_BY_SIDE: Final = 8
"""So many orders are asked for at once."""

_LONG_AGO: Final = float("-inf")

_IN_A_ROUND: Final = 4 * _SIDE_BY_SIDE

_PROBLEMS_TOLD: Final = 5
"""A report names so many questions without an answer, and counts the others."""


@dataclass(slots=True)
class _Counts:
    """What one pass has found so far."""

    why: str
    open_orders: int = 0
    fills: int = 0
    resolved: int = 0
    suspect: int = 0
    inferred: int = 0
    looks_answered: int = 0
    looks_silent: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def nobody_answers(self) -> bool:
        """Whether so many orders were asked for in vain that the others need not be, for now."""
        return self.looks_silent >= max(2 * _SIDE_BY_SIDE, 8 * self.looks_answered)

    @property
    def problem(self) -> str:
        told = "; ".join(self.problems[:_PROBLEMS_TOLD])
        more = len(self.problems) - _PROBLEMS_TOLD
        return f"{told}; and {more} more" if more > 0 else told


class _Scope(NamedTuple):
    """How far a pass goes: whether every market's executions are asked for, and which orders in doubt are not."""

    fills_of_all: bool
    left_alone: Collection[str]


_Place = tuple[str, str | None]
"""Where an order is found: symbol and exchange order id."""


class _Listing(NamedTuple):
    """A list of open orders: where they are, and those that say what is not known; of ours without the wire's text.

    It may be long, and stays while the executions are fetched.
    """

    there: frozenset[_Place]
    news: Sequence[OrderUpdate]

    @classmethod
    def of(cls, listed: Sequence[OrderUpdate], tracker: OrderTracker, strangers: Strangers) -> _Listing:
        news = [update for update in listed if not tracker.knows(update)]
        return cls(
            frozenset((update.symbol, update.exchange_order_id) for update in listed),
            [update.model_copy(update={"raw": None}) if strangers.is_known(update) else update for update in news],
        )


@dataclass(slots=True)
class PassProgress:
    """What one pass has had answers to: where it is tried again, it asks for the rest, and for what has changed.

    The list of open orders is asked for each time. `caught_up` are symbols whose fills were, `answered` our orders: the
    latter count for as long as a stream tells what happens meanwhile. After a gap a pass begins anew.
    """

    caught_up: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    silences: int = 0
    """Questions without an answer, over all tries."""

    @property
    def answers(self) -> int:
        """How much of it is done."""
        return len(self.caught_up) + len(self.answered)


class Reconciler:
    """Full passes over an account, and single looks at the orders that are in doubt."""

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        desk: OrderDesk,
        strangers: Strangers,
        nameless: NamelessTrades,
        clock: Clock,
        policy: AccountPolicy,
        *,
        rate_limited: Callable[[float | None], None],
        market_gone: Callable[[str], None],
    ) -> None:
        """`rate_limited` is told of quiet that was asked for, `market_gone` of a market that is not there any more."""
        self._connector = connector
        self._books = books
        self._desk = desk
        self._strangers = strangers
        self._clock = clock
        self._policy = policy
        self._rate_limited = rate_limited
        self._backfill = Backfill(connector, books, strangers, nameless, policy)
        self._fills = MarketFills(books, self._backfill, clock, policy, market_gone=market_gone)
        self._search = OrderSearch(connector, books, self._backfill, nameless, clock, policy)
        self._heard_at: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._short_since: dict[str, float] = {}
        self._one_at_a_time = asyncio.Lock()

    # --- what is in doubt --------------------------------------------------------------------------------------------

    def heard_of(self, client_order_id: str) -> None:
        """News of that order came in just now."""
        self._heard_at[client_order_id] = self._clock.monotonic()

    def moved(self, symbol: str) -> None:
        """Something happened to an order on that market."""
        self._fills.moved(symbol)

    def want(self, client_order_id: str, *, after: float = 0.0) -> None:
        """Look for that order in `after` seconds, or sooner if that was wanted before."""
        due = self._clock.monotonic() + after
        self._due[client_order_id] = min(due, self._due.get(client_order_id, due))

    def next_look_in(self) -> float | None:
        """Seconds until some order is due; None where none is wanted."""
        return max(0.0, min(self._due.values()) - self._clock.monotonic()) if self._due else None

    def note_what_is_in_doubt(self) -> None:
        """Want every order, open or done, whose state, cancel or fills are in doubt."""
        for order in self._books.tracker.get_orders():
            if is_in_doubt(order):
                self.want(order.client_order_id)

    async def look_at_what_is_due(self) -> None:
        """Look for orders whose time has come, those that wait longest first, and not for more than a few.

        The others stay due: whoever has something more urgent to ask need not wait for all of them. What has no answer
        is looked for again later.
        """
        async with self._one_at_a_time:
            await self._side_by_side(self._look_at, self._take_what_is_due())

    def _take_what_is_due(self) -> list[InFlightOrder]:
        now = self._clock.monotonic()
        due = sorted((due, client_order_id) for client_order_id, due in self._due.items() if due <= now)
        taken = [client_order_id for _, client_order_id in due[:_IN_A_ROUND]]
        for client_order_id in taken:
            del self._due[client_order_id]
        return [order for order in map(self._books.tracker.get_order, taken) if order is not None]

    async def _look_at(self, order: InFlightOrder) -> None:
        answered = await self._look(order)
        self._look_again_if_needed(order, answered=answered)

    async def _side_by_side(
        self, look: Callable[[InFlightOrder], Awaitable[None]], orders: Iterable[InFlightOrder]
    ) -> None:
        """Look at all of them, a few at a time: one answer that takes long must not hold up all others."""
        places = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def take_a_place(order: InFlightOrder) -> None:
            async with places:
                await look(order)

        async with asyncio.TaskGroup() as group:
            for order in orders:
                group.create_task(take_a_place(order), name=f"look {order.client_order_id}")

    async def _look(self, order: InFlightOrder) -> bool:
        """Whether there was an answer."""
        if self._desk.is_sending(order.client_order_id):
            return False
        try:
            await self._search.look(order)
            await self._explain_what_is_filled(order)
        except UnknownSymbol as gone:
            self._fills.pass_over(order.symbol, gone)
        except ExchangeError as error:
            self._mind(error)
            return False
        return True

    def _look_again_if_needed(self, order: InFlightOrder, *, answered: bool) -> None:
        if not is_in_doubt(order):
            self._short_since.pop(order.client_order_id, None)
            return
        self.want(order.client_order_id, after=self._wait_after(order) if answered else self._policy.query_interval)

    def _wait_after(self, order: InFlightOrder) -> float:
        if self._fills.is_gone(order.symbol):
            return self._policy.audit_interval  # no sooner are the markets looked at again
        if order.certainty is Certainty.SUSPECT:
            return self._policy.suspect_interval
        return self._search.next_look_in(order)

    # --- passes ------------------------------------------------------------------------------------------------------

    async def reconcile(self, why: str, so_far: PassProgress | None = None) -> ReconcileReport:
        """One full pass, with a look at every order that is in doubt, or what is left of one after `so_far`.

        Where a question has no answer the others are asked all the same; the report is not complete, and says why.
        """
        return await self._report(why, so_far or PassProgress(), _Scope(fills_of_all=True, left_alone=()))

    async def catch_up(self, why: str, so_far: PassProgress | None = None) -> ReconcileReport:
        """One pass over what may have happened unheard: open orders, executions, orders that are not listed any more.

        An order that was in doubt before is so for reasons of its own, and is looked for in its own time. For the rest
        as `reconcile`.
        """
        scope = _Scope(fills_of_all=True, left_alone=self._due.keys())
        return await self._report(why, so_far or PassProgress(), scope)

    async def compare(self, why: str) -> ReconcileReport:
        """One pass over the list of open orders, and the fills of markets where any is or something happened since.

        A market where nothing is open and nothing happened costs no question, so that an account may have been on any
        number of them. For the rest as `catch_up`.
        """
        return await self._report(why, PassProgress(), _Scope(fills_of_all=False, left_alone=self._due.keys()))

    async def _report(self, why: str, so_far: PassProgress, scope: _Scope) -> ReconcileReport:
        async with self._one_at_a_time:
            counts = _Counts(why)
            adopted_before = self._strangers.adopted
            try:
                await self._pass(counts, so_far, scope)
            except ExchangeError as error:
                self._mind(error)
                so_far.silences += 1
                counts.problems.append(f"{type(error).__name__}: {error}")
            self._forget_what_is_settled()
        open_orders = self._books.tracker.get_open_orders()
        return ReconcileReport(
            why=why,
            complete=not counts.problems,
            open_orders=counts.open_orders,
            fills=counts.fills,
            resolved=counts.resolved,
            adopted=self._strangers.adopted - adopted_before,
            suspect=sum(order.certainty is Certainty.SUSPECT for order in open_orders),
            unknown=sum(order.certainty is Certainty.UNKNOWN for order in open_orders),
            inferred=counts.inferred,
            problem=counts.problem,
        )

    async def _pass(self, counts: _Counts, so_far: PassProgress, scope: _Scope) -> None:
        asked_at = self._clock.monotonic()
        there, news = _Listing.of(await self._fetch_open(), self._books.tracker, self._strangers)
        counts.open_orders = len(there)
        caught = await self._fills.catch_up(self._to_catch_up(there, news, so_far, scope), so_far.caught_up)
        reach("in_reconcile")
        counts.fills += caught.fills
        counts.problems += caught.problems
        so_far.silences += len(caught.problems)
        # what is filled is booked before what has ended: where the fills had no answer, the rest waits
        self._take_listed(update for update in news if update.symbol not in caught.unread)
        missing = [
            order
            for order in self._missing_in(there, asked_at)
            if order.symbol not in caught.unread
            and order.client_order_id not in so_far.answered
            and not (is_in_doubt(order) and order.client_order_id in scope.left_alone)
        ]
        await self._side_by_side(lambda order: self._look_for_missing(order, counts, so_far), missing)

    def _to_catch_up(
        self, there: Iterable[_Place], news: Iterable[OrderUpdate], so_far: PassProgress, scope: _Scope
    ) -> set[str]:
        """The markets whose fills are asked for: in any case those where the list says what is not known."""
        if scope.fills_of_all:
            wanted = (self._fills.known | {symbol for symbol, _ in there}) - so_far.caught_up
        else:
            wanted = self._fills.busy
        return wanted | {update.symbol for update in news}

    async def catch_up_fills(self) -> int:
        """Book what was executed since the marks on a few markets, in turn; returns how many fills came new.

        Raises RateLimited; and Unavailable where a market had no answer, after the others.
        """
        async with self._one_at_a_time:
            caught = await self._fills.catch_up(self._fills.whose_turn_it_is, set())
            if caught.problems:
                raise Unavailable("; ".join(caught.problems))
            return caught.fills

    async def _fetch_open(self) -> list[OrderUpdate]:
        if self._connector.traits.support_of(Capability.OPEN_ORDERS_OF_ALL_SYMBOLS).is_usable:
            return list(await self._connector.fetch_open_orders())
        pages = [await self._fetch_open_on(symbol) for symbol in sorted(self._fills.known)]
        return [update for page in pages for update in page]

    async def _fetch_open_on(self, symbol: str) -> Sequence[OrderUpdate]:
        """None where the exchange has no such market any more: whoever is missing there is asked for."""
        try:
            return await self._connector.fetch_open_orders(symbol)
        except UnknownSymbol as gone:
            self._fills.pass_over(symbol, gone)
            return ()

    def _take_listed(self, listed: Iterable[OrderUpdate]) -> None:
        known = []
        for update in listed:
            if self._strangers.is_known(update):
                known.append(update)
            else:
                self._strangers.meet(update)
        self._books.take(*known)

    def _missing_in(self, there: Collection[_Place], asked_at: float) -> Iterator[InFlightOrder]:
        """Each open order that is not listed or is in doubt: suspicion, so it is asked for.

        Of which something was heard since, is wanted a little later: it may be on its way into the list.
        """
        quiet_since = asked_at - self._policy.touch_grace
        for order in self._books.tracker.get_open_orders():
            if (order.symbol, order.exchange_order_id) in there and not is_in_doubt(order):
                continue
            if self._desk.is_sending(order.client_order_id):
                continue
            if not is_in_doubt(order) and self._heard_at.get(order.client_order_id, _LONG_AGO) > quiet_since:
                self.want(order.client_order_id, after=self._policy.touch_grace)
                continue
            yield order

    async def _look_for_missing(self, order: InFlightOrder, counts: _Counts, so_far: PassProgress) -> None:
        if counts.nobody_answers:
            counts.problems.append(f"{order.client_order_id}: not asked for, since nobody answers")
            return
        try:
            found = await self._search.look(order)
            counts.inferred += await self._explain_what_is_filled(order)
            counts.resolved += found is not Finding.ABSENT
        except UnknownSymbol as gone:
            self._fills.pass_over(order.symbol, gone)
        except ExchangeError as error:  # the others can be asked for all the same
            self._mind(error)
            counts.looks_silent += 1
            so_far.silences += 1
            counts.problems.append(f"{order.client_order_id}: {error}")
            self._look_again_if_needed(order, answered=False)
            return
        counts.looks_answered += 1
        so_far.answered.add(order.client_order_id)
        self._look_again_if_needed(order, answered=True)

    # --- residuals ---------------------------------------------------------------------------------------------------

    async def _explain_what_is_filled(self, order: InFlightOrder) -> int:
        """Where an order's figures say more than its trades, ask for the trades; after a grace infer. 1 if inferred."""
        name = order.client_order_id
        if order.unattributed_qty <= ZERO:
            self._short_since.pop(name, None)
            return 0
        if order.exchange_order_id is not None:
            try:
                self._books.take(*await self._backfill.of_order(order.symbol, order.exchange_order_id, name))
            except UnknownSymbol as gone:  # nobody can say that there are no such trades
                self._fills.pass_over(order.symbol, gone)
                return 0
        if order.unattributed_qty <= ZERO:
            return 0
        now = self._clock.monotonic()
        if now - self._short_since.setdefault(name, now) < self._policy.residual_grace:
            return 0
        inferred = self._books.tracker.infer_residual(name)
        if inferred is None:
            return 0
        self._books.take(inferred.model_copy(update={"source": Source.LOCAL}))
        return 1

    def _forget_what_is_settled(self) -> None:
        """Of orders that are done and in no doubt, or that left the history, nothing is kept here."""
        for kept in (self._heard_at, self._short_since):
            for name in [name for name in kept if self._is_settled(name)]:
                del kept[name]
        self._search.forget(self._is_settled)

    def _is_settled(self, client_order_id: str) -> bool:
        order = self._books.tracker.get_order(client_order_id)
        return order is None or (order.is_completed and not is_in_doubt(order))

    def _mind(self, error: ExchangeError) -> None:
        if isinstance(error, RateLimited):
            self._rate_limited(error.retry_after)
