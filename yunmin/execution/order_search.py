"""Finding out about one order: whether the exchange has it, and when its absence proves that it never came to be.

Absence is never proof by itself. A request that was sent may still be under way, and a query may be answered from a
copy that lags. Only where an exchange promises that a request cannot reach its book later than some time after it was
stamped (`Traits.placement_fence`) does absence, after that time, asked four ways and more than once, become proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Certainty, Verdict
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import OrderSearched, SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.errors import OrderNotFound, RejectReason, RejectSource, UnknownSymbol
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.backfill import Backfill
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.nameless_trades import CLOCKS_DIFFER_BY, NamelessTrades
from yunmin.execution.order_desk import ref_of
from yunmin.execution.policy import AccountPolicy
from yunmin.execution.shared_answers import SharedAnswers

__all__ = ["Finding", "OrderSearch"]

_NEWEST = 250
"""How many of the newest orders a sweep has in memory, at most."""

_OWN_TIME = 500
"""Orders on a page of an order's own time, at most.

It must be more than may be open on a market at once, some hundreds: a list from a time on may begin with all that were
open then.
"""

_OWN_TIMES_AT_ONCE = 2


class Finding(Enum):
    """What one look came to. NOT_PLACED is proof; ABSENT is not."""

    FOUND = "FOUND"
    ABSENT = "ABSENT"
    NOT_PLACED = "NOT_PLACED"


@dataclass(slots=True)
class _Fence:
    """From when on the time counts, by the exchange's clock and by ours, and what was proven since it ended."""

    server_from: datetime
    local_from: float
    absences: int = 0
    last_absence: float = 0.0


@dataclass(frozen=True, slots=True)
class _Sweep:
    """What there is of orders that are open here, by our ids; of all orders since the first one, or after `oldest`."""

    shown: dict[str, OrderUpdate]
    oldest: datetime | None
    is_whole: bool

    def reaches_back_to(self, order: InFlightOrder) -> bool:
        """Whether a list that lacks `order` is long enough to say so."""
        if self.is_whole or order.created_at is None:
            return True
        return self.oldest is not None and self.oldest < order.created_at - CLOCKS_DIFFER_BY


class OrderSearch:
    """Looks for orders and writes down what it finds. Several may be looked for at once, each by one look."""

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        backfill: Backfill,
        nameless: NamelessTrades,
        clock: Clock,
        policy: AccountPolicy,
    ) -> None:
        self._connector = connector
        self._books = books
        self._backfill = backfill
        self._nameless = nameless
        self._clock = clock
        self._policy = policy
        self._fences: dict[str, _Fence] = {}
        self._answers = SharedAnswers()
        self._one_sweep_at_a_time = asyncio.Lock()
        self._few_own_times_at_once = asyncio.Semaphore(_OWN_TIMES_AT_ONCE)

    async def look(self, order: InFlightOrder) -> Finding:
        """Ask for `order` and write down the answer.

        Raises ConnectivityError, MalformedResponse or Rejected where there is no answer: that is no absence. Nor is it
        one where its market is gone, and UnknownSymbol is raised: nobody can say what became of it, so it is in doubt.
        """
        try:
            return await self._ask_for(order)
        except UnknownSymbol:
            if order.has_evidence:
                self._suspect(order)
            raise

    async def _ask_for(self, order: InFlightOrder) -> Finding:
        begun = self._answers.moment()
        if order.certainty is Certainty.UNKNOWN and order.client_order_id not in self._fences:
            # asked after the placement ended, so no earlier than any stamp that it can bear
            self._fences[order.client_order_id] = _Fence(await self._server_time(begun), self._clock.monotonic())
        try:
            update = await self._connector.fetch_order(ref_of(order))
        except OrderNotFound:
            return await self._miss(order, begun)
        await self._take(order, update)
        return Finding.FOUND

    def next_look_in(self, order: InFlightOrder) -> float:
        """Seconds until another look at an order that was not found may tell more than the last one did.

        Within its fence each look waits as long again as all before it, up to the fence's end: absence proves nothing
        until then, and what comes late comes soon.
        """
        fence, promised = self._fences.get(order.client_order_id), self._connector.traits.placement_fence
        if fence is None or promised is None:
            return self._policy.query_interval
        passed = self._clock.monotonic() - fence.local_from
        left = promised + self._policy.fence_margin - passed
        return self._policy.query_interval if left <= 0 else min(max(self._policy.query_interval, passed), left)

    async def _take(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """Fills before the status, so that an end finds them booked."""
        fills = []
        if (update.filled_qty or ZERO) > order.attributed_qty and update.exchange_order_id is not None:
            try:
                fills = await self._backfill.of_order(order.symbol, update.exchange_order_id, order.client_order_id)
            except UnknownSymbol:
                fills = []  # what the exchange says of the order itself counts all the same
        self._books.take(*fills, update)
        if order.certainty is Certainty.SUSPECT:
            self._books.take(_searched(order, found=True))
        self._fences.pop(order.client_order_id, None)

    async def _miss(self, order: InFlightOrder, begun: int) -> Finding:
        if order.has_evidence:
            await self._ask_what_its_trades_say(order)
            self._suspect(order)
            return Finding.ABSENT
        fence = self._fences.get(order.client_order_id)
        if fence is None or not await self._is_past(fence, begun):
            return Finding.ABSENT
        finding = await self._search_everywhere(order)
        if finding is Finding.FOUND:
            self._fences.pop(order.client_order_id, None)
        return self._count(order, fence) if finding is Finding.NOT_PLACED else finding

    async def _ask_what_its_trades_say(self, order: InFlightOrder) -> None:
        if order.exchange_order_id is not None:
            self._books.take(
                *await self._backfill.of_order(order.symbol, order.exchange_order_id, order.client_order_id)
            )

    def _suspect(self, order: InFlightOrder) -> None:
        """The exchange showed it once, and does not now: it stays, under suspicion."""
        if order.is_open and order.certainty is not Certainty.SUSPECT:
            self._books.take(_searched(order, found=False))

    async def _is_past(self, fence: _Fence, begun: int) -> bool:
        """Whether a placement of that time can no longer arrive, by both clocks."""
        promised = self._connector.traits.placement_fence
        if promised is None:
            return False
        wait = promised + self._policy.fence_margin
        if self._clock.monotonic() - fence.local_from < wait:
            return False
        return await self._server_time(begun) - fence.server_from >= timedelta(seconds=wait)

    async def _server_time(self, since: int) -> datetime:
        return await self._answers.ask("time", self._connector.server_time, since=since)

    async def _search_everywhere(self, order: InFlightOrder) -> Finding:
        """NOT_PLACED where open orders, history and trades of its symbol all lack it; ABSENT where they cannot say."""
        # questions that leave from now on, after the fence has ended and the order itself was not found
        sweep = await self._answers.ask(order.symbol, lambda: self._sweep(order.symbol), since=self._answers.moment())
        update = sweep.shown.get(order.client_order_id)
        if update is not None:
            await self._take(order, update)
            return Finding.FOUND
        found = Finding.NOT_PLACED if sweep.reaches_back_to(order) else await self._search_its_own_time(order)
        if order.has_evidence:  # the stream may have told of it meanwhile
            return Finding.FOUND
        if found is Finding.NOT_PLACED and self._nameless.is_there_since(order.symbol, order.created_at):
            return Finding.ABSENT  # that trade may be of this order
        return found

    async def _search_its_own_time(self, order: InFlightOrder) -> Finding:
        """The history from just before `order` was made until it could arrive no more: so much has come since then."""
        promised = self._connector.traits.placement_fence
        if order.created_at is None or promised is None:
            return Finding.ABSENT
        until = order.created_at + timedelta(seconds=self._policy.intent_age + promised) + CLOCKS_DIFFER_BY
        since, limit = order.created_at - CLOCKS_DIFFER_BY, self._at_most(_OWN_TIME)
        while True:
            async with self._few_own_times_at_once:
                page = await self._connector.fetch_order_history(order.symbol, since=since, limit=limit)
                shown = next((one for one in page if one.client_order_id == order.client_order_id), None)
                newest, is_last = page[0].created_at if page else None, self._is_last(page, limit)
                del page  # before the next one comes: a page is large
            if shown is not None:
                await self._take(order, shown)
                return Finding.FOUND
            if is_last or (newest is not None and newest > until):
                return Finding.NOT_PLACED
            if newest is None or newest <= since:
                return Finding.ABSENT  # more orders of one moment than a page has: nothing tells the next page apart
            since = newest

    async def _sweep(self, symbol: str) -> _Sweep:
        """Open orders, history and trades of `symbol`, for all of its orders that are looked for now."""
        async with self._one_sweep_at_a_time:
            # in this order: an order that ends in between is in the second list
            open_ones = self._open_ones_of(await self._connector.fetch_open_orders(symbol))
            past, oldest, is_whole = await self._newest_history(symbol)
            # the trades of those that are looked for, if there are any, are among those of strangers: each is asked for
            # its order, which has a name
            await self._backfill.catch_up(symbol)
            return _Sweep(past | open_ones, oldest, is_whole)

    async def _newest_history(self, symbol: str) -> tuple[dict[str, OrderUpdate], datetime | None, bool]:
        """The open ones of the newest, when the oldest of those was made, and whether there are no more."""
        limit = self._at_most(_NEWEST)
        page = await self._connector.fetch_order_history(symbol, limit=limit)
        is_whole = self._is_last(page, limit)
        return self._open_ones_of(page), None if is_whole or not page else page[-1].created_at, is_whole

    def _at_most(self, limit: int) -> int:
        """As many orders of history as an answer may have, and no more than `limit`."""
        return min(limit, self._connector.traits.history_page or limit)

    def _is_last(self, page: Sequence[OrderUpdate], limit: int) -> bool:
        """Whether no more orders follow: the exchange could have told more. Where it does not say, that is no proof."""
        return self._connector.traits.history_page is not None and len(page) < limit

    def _open_ones_of(self, updates: Sequence[OrderUpdate]) -> dict[str, OrderUpdate]:
        """Those that are of orders which are open here, by our ids; the last of each."""
        named = ((update.client_order_id, update) for update in updates)
        return {name: update for name, update in named if name is not None and self._is_open(name)}

    def _is_open(self, client_order_id: str) -> bool:
        order = self._books.tracker.get_order(client_order_id)
        return order is not None and order.is_open

    def forget(self, is_settled: Callable[[str], bool]) -> None:
        """Keep nothing of orders that are settled: most of those in doubt are explained by the stream."""
        for name in [name for name in self._fences if is_settled(name)]:
            del self._fences[name]

    def _count(self, order: InFlightOrder, fence: _Fence) -> Finding:
        now = self._clock.monotonic()
        if fence.absences and now - fence.last_absence < self._policy.proof_spacing:
            return Finding.ABSENT
        fence.absences += 1
        fence.last_absence = now
        if fence.absences < self._policy.proofs:
            return Finding.ABSENT
        del self._fences[order.client_order_id]
        self._books.take(
            SubmitResult(
                client_order_id=order.client_order_id,
                verdict=Verdict.REJECTED,
                reason=RejectReason.NOT_PLACED,
                source=RejectSource.TRANSPORT,
                message=f"absent in {fence.absences} full searches after the exchange's fence",
            )
        )
        return Finding.NOT_PLACED


def _searched(order: InFlightOrder, *, found: bool) -> OrderSearched:
    return OrderSearched(client_order_id=order.client_order_id, attempt=order.searches + 1, found=found)
