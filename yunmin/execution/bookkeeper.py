"""One writer for one account: the journal first, then the state, then whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import Verdict
from yunmin.core.data_contracts.events import TrackerEvent
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.order import OrderRequest, OrderUpdate
from yunmin.core.data_contracts.verdicts import CancelRequest, SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.errors import JournalError
from yunmin.execution.doubt import is_in_doubt
from yunmin.execution.order_journal import Adopted, Entry, Mark, Note, OrderJournal, PlaceIntent

__all__ = ["Bookkeeper"]


class Bookkeeper:
    """Everything that changes what is known of an account's orders passes through here, and is written down before.

    `heard` is told of every order that news was taken of, `doubted` of those that are in doubt after it, `troubled`
    when something could not be written down: it is still taken, for the exchange can be asked for it again after a
    restart.
    """

    def __init__(self, journal: OrderJournal, tracker: OrderTracker, clock: Clock) -> None:
        self.tracker = tracker
        self._journal = journal
        self._clock = clock
        self.heard: Callable[[str], None] = lambda client_order_id: None
        self.doubted: Callable[[str], None] = lambda client_order_id: None
        self.troubled: Callable[[str], None] = lambda why: None

    @property
    def journal(self) -> OrderJournal:
        return self._journal

    def begin(self, request: OrderRequest, *, qty_step: Decimal) -> InFlightOrder:
        """Write down, durably, that `request` is about to be sent, and follow it.

        Raises JournalError, or LifecycleError for a client order id that was used before: then send nothing.
        """
        intent = PlaceIntent(request=request, qty_step=qty_step, created_at=self._clock.now())
        self._journal.intend(intent)
        order = self.tracker.submit(request, qty_step=qty_step, created_at=intent.created_at)
        self.heard(order.client_order_id)
        return order

    def begin_cancel(self, order: InFlightOrder) -> CancelRequest:
        """Write down that a cancel of `order` is about to be sent."""
        request = CancelRequest(client_order_id=order.client_order_id, attempt=order.cancel_attempts + 1)
        self._journal.intend(request)
        self.tracker.apply(request)
        return request

    def take(self, *news: News) -> list[TrackerEvent]:
        """Write down what is new of `news`, then apply it. What is known already is passed over."""
        fresh = [piece for piece in news if not self._is_old(piece)]
        if not fresh:
            return []
        self._record(*fresh)
        return self._apply(fresh)

    def take_fills(self, fills: Sequence[Fill], *, upto: Mark) -> int:
        """Write down what is new of `fills`, and at once that all up to a trade is; returns how many were new."""
        fresh = [fill for fill in fills if not self.tracker.knows(fill)]
        if fresh or self._journal.mark(upto.name) != upto.value:
            self._record(*fresh, upto)
        self._apply(fresh)
        return len(fresh)

    def _is_old(self, piece: News) -> bool:
        return isinstance(piece, OrderUpdate | Fill) and self.tracker.knows(piece)

    def _apply(self, news: Sequence[News]) -> list[TrackerEvent]:
        for piece in news:
            if piece.client_order_id is not None:
                self.heard(piece.client_order_id)
        # all of it before anybody is told: a listener that writes must find the state that the journal describes
        events = self.tracker.apply_all(news)
        for name in {piece.client_order_id for piece in news if piece.client_order_id is not None}:
            order = self.tracker.get_order(name)
            if order is not None and is_in_doubt(order):
                self.doubted(name)
        self._tidy()
        return events

    def adopt(self, update: OrderUpdate) -> InFlightOrder:
        """Follow an order that somebody else placed."""
        self._record(Adopted(update=update))
        return self.tracker.adopt(update)

    def note(self, kind: str, text: str, **data: str) -> None:
        """Leave a trace of something that changes no order."""
        self._record(Note(kind=kind, text=text, at=self._clock.now(), data=data))

    def _record(self, *entries: Entry) -> None:
        try:
            self._journal.record(*entries)
        except JournalError as error:
            self.troubled(str(error))

    def _tidy(self) -> None:
        """What keeps the journal short to read and to keep, where it is due."""
        try:
            if self._journal.snapshot_due:
                self._journal.snapshot(self.tracker)
            if self._journal.is_long:
                self._journal.let_go()
        except JournalError as error:
            self.troubled(str(error))

    def doubt_what_has_no_verdict(self) -> list[str]:
        """After a restart: a placement that has neither verdict nor evidence may have been sent. Returns their ids."""
        doubtful = [order.client_order_id for order in self.tracker.get_open_orders() if _has_no_verdict(order)]
        self.take(*_unanswered(doubtful))
        return doubtful


def _has_no_verdict(order: InFlightOrder) -> bool:
    return not order.has_evidence and order.is_open


def _unanswered(client_order_ids: Iterable[str]) -> list[SubmitResult]:
    message = "the program ended before the answer came"
    return [
        SubmitResult(client_order_id=client_order_id, verdict=Verdict.UNKNOWN, message=message)
        for client_order_id in client_order_ids
    ]
