"""The order journal: what one account was about to do and what it was told, kept so that nothing is lost.

Write first, then act: an intent is on the disk before the order is sent, and news is kept before the tracker takes it.
After any end of the process `recover` gives the tracker as it was, bit for bit.

    with OrderJournal.open(folder, clock=SystemClock()) as journal:
        tracker = journal.recover()
        journal.intend(intent)             # returns once it is on the disk; raises: then nothing may be sent
        apply_entry(tracker, intent)
        ...                                # send the order
        journal.record(result)
        apply_entry(tracker, result)

Single-threaded. Entries must be taken by the tracker in the order in which they were written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import apsw

from yunmin.clock import Clock
from yunmin.core.data_contracts import CancelRequest
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import (
    InvalidValue,
    JournalDamaged,
    JournalError,
    JournalFenced,
    JournalUnavailable,
    JournalUnwritable,
)
from yunmin.execution.crash_points import reach
from yunmin.execution.journal_check import check_at_start
from yunmin.execution.journal_file import FILE_NAME, Durability, JournalFile, explained
from yunmin.execution.journal_lock import JournalLock
from yunmin.execution.journal_records import (
    Adopted,
    Entry,
    Mark,
    Note,
    PlaceIntent,
    Record,
    apply_entry,
    checksum,
    encode,
    kind_of,
    to_micros,
)
from yunmin.execution.journal_retention import KEPT_BY_DEFAULT, LET_GO_EVERY, let_go_of_old_records, order_from
from yunmin.execution.journal_rows import RowWriter
from yunmin.execution.journal_state import readable, recovered, snapshot_of
from yunmin.execution.journal_wal import WAL_SUFFIX, committed_frames

__all__ = [
    "Adopted",
    "Entry",
    "JournalledOrder",
    "Mark",
    "Note",
    "OrderJournal",
    "PlaceIntent",
    "apply_entry",
    "last_trade",
]

_log = logging.getLogger(__name__)

_LAST_TRADE: Final = "last_trade:"


class JournalledOrder(NamedTuple):
    """What the journal knows of one order, also long after the tracker let it go.

    `order` is made anew from its own records, with every fill; it is not the tracker's own object.
    """

    client_order_id: str
    symbol: str
    exchange_order_id: str | None
    first_seq: int
    order: InFlightOrder | None


class OrderJournal:
    """The journal of one account, held by this process alone."""

    def __init__(
        self, file: JournalFile, lock: JournalLock, clock: Clock, snapshot_every: int, keep_records: int
    ) -> None:
        self._file = file
        self._lock = lock
        self._clock = clock
        self._snapshot_every = snapshot_every
        self._keep_records = keep_records
        self._let_go_every = min(LET_GO_EVERY, max(1, keep_records // 4))
        self._failure: JournalError | None = None
        self._is_closed = False
        self._rows = RowWriter(file)
        self._seq, self._check = file.head()
        self._let_go_at = file.base()[0]  # lives may be short: the first look is soon
        self.alarms: tuple[str, ...] = ()
        """What was lost or cut off when it was opened, for whoever must know; it is in the journal as Notes too."""
        self._snapshot_seq = max((snapshot.seq for snapshot in file.snapshots()), default=file.base()[0])

    # --- opening and closing ---------------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        clock: Clock,
        snapshot_every: int = 20_000,
        keep_records: int = KEPT_BY_DEFAULT,
        checkpoint_pages: int = 1_000,
        vfs: str | None = None,
    ) -> Self:
        """Take the journal in `folder`, made new where there is none; one folder is one account.

        A snapshot is due every `snapshot_every` records; the write-ahead log is put away every `checkpoint_pages`.
        `keep_records` stay; older ones go, a few at a time, but never any that the state is made from.
        Raises JournalBusy while another process has it, JournalDamaged when what it holds cannot be trusted,
        JournalTooNew, JournalUnavailable. After an error nothing is held. `vfs` names a file layer of SQLite, for
        tests.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise JournalUnavailable(
                f"{folder} cannot be made: {error.strerror}. Nothing was sent. Name a folder that can be written"
            ) from error
        lock = JournalLock.take(folder, clock.now())
        try:
            frames_in_log = 0 if vfs is not None else _committed_frames(folder / FILE_NAME)
            file = JournalFile.open(folder / FILE_NAME, checkpoint_pages=checkpoint_pages, vfs=vfs)
            try:
                with explained(f"{file.path} cannot be opened", JournalUnavailable):
                    alarms = check_at_start(file, frames_in_log, clock.now())
                    file.take_over()
                    journal = cls(file, lock, clock, snapshot_every, keep_records)
                    journal._sound(alarms)
                return journal
            except BaseException:
                file.close()
                raise
        except BaseException:
            lock.release()
            raise

    def _sound(self, alarms: tuple[str, ...]) -> None:
        self.alarms = alarms
        notes = [Note(kind="journal_damaged", text=alarm, at=self._clock.now()) for alarm in alarms]
        if notes:
            self.record(*notes)

    def close(self) -> None:
        """Put everything into one file and let another process have it. Twice is once.

        Raises JournalError when that fails; what was kept is kept all the same, and the journal can be opened again.
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._failure is None:
                with explained("the journal could not be put away", JournalUnwritable):
                    self._file.checkpoint()
        except JournalError as error:
            self._failure = error
            raise
        finally:
            if self._failure is not None:
                self._file.leave_log()
            self._file.close()
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # --- writing ---------------------------------------------------------------------------------------------------

    def intend(self, *intents: PlaceIntent | CancelRequest) -> int:
        """Put what is about to be sent on the disk; returns its number (of several, the last one's) once it is there.

        Raises JournalError when it is not: then no order may be sent, by this process never again (`failure` says
        why). A cancel may be sent all the same: it can only take away. Raises LifecycleError, and nothing else
        happens, for an order under a client order id that was used before, ever.
        """
        if self._failure is not None and any(isinstance(intent, PlaceIntent) for intent in intents):
            raise JournalUnwritable(f"the journal has failed before: {self._failure}") from self._failure
        reach("before_intent_write")
        seq = self._write(intents, Durability.DURABLE, "after_intent_write_before_commit")
        reach("after_intent_durable")
        return seq

    def record(self, *entries: Entry) -> int:
        """Keep what was learned, all of it or nothing; returns the number of the last one.

        It survives the end of the process at once, and a loss of power with the next intent or checkpoint. Raises
        JournalError when it is not kept; the tracker may take it all the same, the exchange knows it too. Raises
        InvalidValue for a PlaceIntent, which must be durable.
        """
        if any(isinstance(entry, PlaceIntent) for entry in entries):
            raise InvalidValue("the intent to place an order is written with intend, before the order is sent")
        reach("before_record_write")
        seq = self._write(entries, Durability.KEPT, "after_record_write_before_commit")
        reach("after_record_kept")
        return seq

    def set_mark(self, name: str, value: str) -> int:
        """Remember how far something was seen; to move it together with news, record a Mark beside the news."""
        return self.record(Mark(name=name, value=value))

    def set_last_trade_id(self, symbol: str, trade_id: str) -> int:
        """Every trade of the symbol up to this one is recorded."""
        return self.set_mark(_LAST_TRADE + symbol, trade_id)

    @property
    def failure(self) -> JournalError | None:
        """Why no new order may be sent any more; None while all is well."""
        return self._failure

    @property
    def seq(self) -> int:
        """The number of the last entry."""
        return self._seq

    def _write(self, entries: Sequence[Entry], durability: Durability, point: str) -> int:
        if self._is_closed:
            raise JournalUnavailable("the journal is closed. Nothing was written or sent; open it again")
        if isinstance(self._failure, JournalFenced):
            raise self._failure
        if self._failure is not None:
            # a flush that failed once is never tried again: its success would prove nothing of what was written before
            durability = Durability.NOT_FLUSHED
        records = self._records(entries)
        try:
            with explained("the journal could not be written", JournalUnwritable):
                with self._file.transaction(durability):
                    for record, entry in zip(records, entries, strict=True):
                        self._rows.write(record, entry)
                    reach(point)
                self._rows.commit()
                if records:
                    self._seq, self._check = records[-1].seq, records[-1].check
                if self._failure is None:
                    self._file.checkpoint_when_due()
        except JournalError as error:
            self._rows.roll_back()
            self._fail(error)
            raise
        except BaseException:  # such as Ctrl-C: the transaction may have been committed or not, only the file knows
            self._rows.roll_back()
            self._look_where_it_ends()
            raise
        return self._seq

    def _records(self, entries: Sequence[Entry]) -> list[Record]:
        at = to_micros(self._clock.now())
        seq, check = self._seq, self._check
        records = []
        for entry in entries:
            seq += 1
            kind, body = kind_of(entry), encode(entry)
            check = checksum(check, seq, at, kind, body)
            records.append(Record(seq, at, kind, body, check))
        return records

    def _fail(self, error: JournalError) -> None:
        """No intent from now on. What the disk did with a flush that failed is not known, so it is not tried again."""
        if self._failure is None:
            self._failure = error
            _log.critical("%s", error)
        self._look_where_it_ends()

    def _look_where_it_ends(self) -> None:
        try:
            self._seq, self._check = self._file.head()
        except (JournalError, apsw.Error) as again:
            _log.critical("the journal cannot be read either: %s", again)

    # --- snapshots and recovery ------------------------------------------------------------------------------------

    @property
    def snapshot_due(self) -> bool:
        """Whether so much was written since the last snapshot that the next start would take long."""
        return self._failure is None and self._seq - self._snapshot_seq >= self._snapshot_every

    def snapshot(self, tracker: OrderTracker) -> None:
        """Keep the tracker's state, which must be that after the last entry. Raises JournalError when it is not kept.

        All of it or nothing; a crash in its middle leaves the one before.
        """
        if self._failure is not None:
            raise JournalUnwritable(f"the journal has failed before: {self._failure}") from self._failure
        snapshot = snapshot_of(tracker, self._seq, self._check)
        try:
            with explained("the snapshot could not be written", JournalUnwritable):
                with self._file.transaction(Durability.DURABLE):
                    self._file.add_snapshot(snapshot)
                    reach("mid_snapshot")
                self._file.checkpoint_when_due()
        except JournalError as error:
            self._fail(error)
            raise
        self._snapshot_seq = snapshot.seq
        reach("after_snapshot")

    @property
    def is_long(self) -> bool:
        """Whether it is time to see if old records can go."""
        return self._failure is None and self._seq - self._let_go_at >= self._let_go_every

    def let_go(self) -> None:
        """Drop the oldest records where there are more than are kept. Raises JournalError when that fails."""
        self._let_go_at = self._seq
        try:
            with explained("old records could not be let go", JournalUnwritable):
                with self._file.transaction(Durability.KEPT):
                    let_go_of_old_records(self._file, keep=self._keep_records, at_most=2 * self._let_go_every)
                    reach("mid_letting_go")
                self._file.checkpoint_when_due()
        except JournalError as error:
            self._fail(error)
            raise

    def recover(self) -> OrderTracker:
        """The tracker as it was when the last entry had been taken, from the newest good snapshot and what came after.

        Raises JournalDamaged when that cannot be had.
        """
        with self._reading():
            return recovered(self._file)

    # --- reading ---------------------------------------------------------------------------------------------------

    def entries(self, since: int = 0) -> Iterator[tuple[int, datetime, Entry]]:
        """Number, time and content of every entry after number `since`."""
        with self._reading():
            for record in self._file.records(since):
                yield record.seq, record.moment, readable(self._file, record)

    def find(self, client_order_id: str) -> JournalledOrder | None:
        """What is known of an order, be it long gone from the tracker; None where it was never begun here."""
        with self._reading():
            row = self._file.order(client_order_id)
            if row is None:
                return None
            name, symbol, exchange_order_id, seq, archived = row
            order = order_from(name, archived, self._file.records_about(name))
            return JournalledOrder(name, symbol, exchange_order_id, seq, order)

    def has_order(self, client_order_id: str) -> bool:
        """Whether an order of that id was ever begun or adopted here."""
        return self._file.order(client_order_id) is not None

    def find_by_exchange_id(self, symbol: str, exchange_order_id: str) -> JournalledOrder | None:
        """The same by the exchange's id, which is unique per symbol only."""
        name = self._file.order_by_exchange_id(symbol, exchange_order_id)
        return None if name is None else self.find(name)

    def mark(self, name: str) -> str | None:
        """The last value that was set; None where none was."""
        return self._file.mark(name)

    def last_trade_ids(self) -> dict[str, str]:
        """symbol -> the trade up to which all are recorded."""
        with self._reading():
            marks = self._file.marks().items()
            return {name.removeprefix(_LAST_TRADE): value for name, value in marks if name.startswith(_LAST_TRADE)}

    def _reading(self) -> AbstractContextManager[None]:
        """Inside, what a spoilt file brings about is JournalDamaged."""
        return explained("the journal could not be read", JournalDamaged)


def last_trade(symbol: str, trade_id: str) -> Mark:
    """The mark that every trade of the symbol up to this one is recorded, for `record` beside the trades."""
    return Mark(name=_LAST_TRADE + symbol, value=trade_id)


def _committed_frames(path: Path) -> int:
    with explained(f"{path} cannot be read", JournalUnavailable):
        return committed_frames(path.with_name(path.name + WAL_SUFFIX))
