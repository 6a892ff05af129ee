"""A journal whose process can end at any moment, without ending this one."""

from __future__ import annotations

from yunmin.clock import Clock
from yunmin.core.data_contracts.verdicts import CancelRequest
from yunmin.core.order_tracker import OrderTracker
from yunmin.execution.journal_file import JournalFile
from yunmin.execution.journal_lock import JournalLock
from yunmin.execution.order_journal import Entry, OrderJournal, PlaceIntent

__all__ = ["Dead", "MortalJournal"]


class Dead(BaseException):
    """Somebody tried to write after the end: in a real process nobody would be there to try."""


class MortalJournal(OrderJournal):
    """After `die` nothing is written any more, and whoever tries is stopped. What was written stays.

    `intended` are the client order ids whose intents were durable in this life.
    """

    def __init__(
        self, file: JournalFile, lock: JournalLock, clock: Clock, snapshot_every: int, keep_records: int
    ) -> None:
        super().__init__(file, lock, clock, snapshot_every, keep_records)
        self.intended: set[str] = set()
        self._is_dead = False

    def die(self) -> None:
        """End here."""
        self._is_dead = True
        super().close()

    def intend(self, *intents: PlaceIntent | CancelRequest) -> int:
        self._live()
        seq = super().intend(*intents)
        self.intended.update(intent.client_order_id for intent in intents if isinstance(intent, PlaceIntent))
        return seq

    def record(self, *entries: Entry) -> int:
        self._live()
        return super().record(*entries)

    def snapshot(self, tracker: OrderTracker) -> None:
        self._live()
        super().snapshot(tracker)

    def let_go(self) -> None:
        self._live()
        super().let_go()

    def close(self) -> None:
        if not self._is_dead:
            super().close()

    def _live(self) -> None:
        if self._is_dead:
            raise Dead
