"""Finding out about one order: whether the exchange has it, and when its absence proves that it never came to be.

Absence is never proof by itself. A request that was sent may still be under way, and a query may be answered from a
copy that lags. Only where an exchange promises that a request cannot reach its book later than some time after it was
stamped (`Traits.placement_fence`) does absence, after that time, asked four ways and more than once, become proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Certainty, Verdict
from yunmin.core.data_contracts.money import ZERO
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import OrderSearched, SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.errors import OrderNotFound, RejectReason, RejectSource
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.backfill import Backfill
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.order_desk import ref_of
from yunmin.execution.policy import AccountPolicy

__all__ = ["Finding", "OrderSearch"]

_HISTORY = 1000


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


class OrderSearch:
    """Looks for orders, one at a time, and writes down what it finds."""

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        backfill: Backfill,
        clock: Clock,
        policy: AccountPolicy,
    ) -> None:
        self._connector = connector
        self._books = books
        self._backfill = backfill
        self._clock = clock
        self._policy = policy
        self._fences: dict[str, _Fence] = {}

    async def look(self, order: InFlightOrder) -> Finding:
        """Ask for `order` and write down the answer.

        Raises ConnectivityError, MalformedResponse or Rejected where there is no answer: that is no absence.
        """
        if order.certainty is Certainty.UNKNOWN and order.client_order_id not in self._fences:
            # asked after the placement ended, so no earlier than any stamp that it can bear
            self._fences[order.client_order_id] = _Fence(await self._connector.server_time(), self._clock.monotonic())
        try:
            update = await self._connector.fetch_order(ref_of(order))
        except OrderNotFound:
            return await self._miss(order)
        await self._take(order, update)
        return Finding.FOUND

    async def _take(self, order: InFlightOrder, update: OrderUpdate) -> None:
        """Fills before the status, so that an end finds them booked."""
        fills = []
        if (update.filled_qty or ZERO) > order.attributed_qty and update.exchange_order_id is not None:
            fills = await self._backfill.of_order(order.symbol, update.exchange_order_id, order.client_order_id)
        self._books.take(*fills, update)
        if order.certainty is Certainty.SUSPECT:
            self._books.take(_searched(order, found=True))
        self._fences.pop(order.client_order_id, None)

    async def _miss(self, order: InFlightOrder) -> Finding:
        if order.has_evidence:
            return await self._suspect(order)
        fence = self._fences.get(order.client_order_id)
        if fence is None or not await self._is_past(fence):
            return Finding.ABSENT
        finding = await self._search_everywhere(order)
        if finding is Finding.FOUND:
            self._fences.pop(order.client_order_id, None)
        return self._count(order, fence) if finding is Finding.NOT_PLACED else finding

    async def _suspect(self, order: InFlightOrder) -> Finding:
        """The exchange showed it once: its trades may say what became of it, and else it stays, under suspicion."""
        if order.exchange_order_id is not None:
            self._books.take(
                *await self._backfill.of_order(order.symbol, order.exchange_order_id, order.client_order_id)
            )
        if order.is_open and order.certainty is not Certainty.SUSPECT:
            self._books.take(_searched(order, found=False))
        return Finding.ABSENT

    async def _is_past(self, fence: _Fence) -> bool:
        """Whether a placement of that time can no longer arrive, by both clocks."""
        promised = self._connector.traits.placement_fence
        if promised is None:
            return False
        wait = promised + self._policy.fence_margin
        if self._clock.monotonic() - fence.local_from < wait:
            return False
        return await self._connector.server_time() - fence.server_from >= timedelta(seconds=wait)

    async def _search_everywhere(self, order: InFlightOrder) -> Finding:
        """NOT_PLACED where open orders, history and trades of its symbol all lack it; ABSENT where they cannot say."""
        symbol, name = order.symbol, order.client_order_id
        for update in await self._connector.fetch_open_orders(symbol):
            if update.client_order_id == name:
                await self._take(order, update)
                return Finding.FOUND
        history = await self._connector.fetch_order_history(symbol, limit=_HISTORY)
        for update in history:
            if update.client_order_id == name:
                await self._take(order, update)
                return Finding.FOUND
        # its trades, if there are any, are among those of strangers: each is asked for its order, which has a name
        await self._backfill.catch_up(symbol)
        if order.has_evidence:
            return Finding.FOUND
        return Finding.NOT_PLACED if _reaches_back(history, order) else Finding.ABSENT

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


def _reaches_back(history: Sequence[OrderUpdate], order: InFlightOrder) -> bool:
    """Whether a page of history that lacks the order is long enough to say so."""
    if len(history) < _HISTORY or order.created_at is None:
        return True
    oldest = history[-1].created_at
    return oldest is not None and oldest < order.created_at
