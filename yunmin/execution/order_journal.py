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

import hashlib
import logging
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import apsw
import orjson

from yunmin.clock import Clock
from yunmin.core import tracker_state
from yunmin.core.data_contracts import CancelRequest, Fill, FillVoided, OrderUpdate
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import (
    InvalidValue,
    JournalDamaged,
    JournalError,
    JournalFenced,
    JournalUnavailable,
    JournalUnwritable,
    LifecycleError,
)
from yunmin.execution.crash_points import reach
from yunmin.execution.journal_file import FILE_NAME, Durability, JournalFile, Snapshot, explained
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
    replay_entry,
    to_micros,
)

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
_LINKS_REMEMBERED: Final = 50_000


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

    def __init__(self, file: JournalFile, lock: JournalLock, clock: Clock, snapshot_every: int) -> None:
        self._file = file
        self._lock = lock
        self._clock = clock
        self._snapshot_every = snapshot_every
        self._failure: JournalError | None = None
        self._is_closed = False
        self._links: OrderedDict[str, str] = OrderedDict()  # client order id -> exchange order id, as the table has it
        self._seq, self._check = file.head()
        self._snapshot_seq = max((snapshot.seq for snapshot in file.snapshots()), default=file.base()[0])

    # --- opening and closing ---------------------------------------------------------------------------------------

    @classmethod
    def open(cls, folder: Path, *, clock: Clock, snapshot_every: int = 20_000, vfs: str | None = None) -> Self:
        """Take the journal in `folder`, made new where there is none; one folder is one account.

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
            file = JournalFile.open(folder / FILE_NAME, vfs=vfs)
            try:
                return cls._ready(file, lock, clock, snapshot_every)
            except BaseException:
                file.close()
                raise
        except BaseException:
            lock.release()
            raise

    @classmethod
    def _ready(cls, file: JournalFile, lock: JournalLock, clock: Clock, snapshot_every: int) -> Self:
        with explained(f"{file.path} cannot be opened", JournalUnavailable):
            _check(file)
            file.take_over()
            return cls(file, lock, clock, snapshot_every)

    def close(self) -> None:
        """Put everything into one file and let another process have it. Twice is once."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._failure is None:
                with explained("the journal could not be put away", JournalUnwritable):
                    self._file.checkpoint()
        finally:
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
        rows = self._rows(entries)
        links: dict[str, str] = {}
        try:
            with explained("the journal could not be written", JournalUnwritable):
                with self._file.transaction(durability):
                    for entry, row in zip(entries, rows, strict=True):
                        self._write_one(entry, row, links)
                    reach(point)
                if rows:
                    self._seq, self._check = rows[-1][0], rows[-1][-1]
                self._remember(links)
                self._file.checkpoint_when_due()
        except JournalError as error:
            self._fail(error)
            raise
        except BaseException:  # such as Ctrl-C: the transaction may have been committed or not, only the file knows
            self._look_where_it_ends()
            raise
        return self._seq

    def _rows(self, entries: Sequence[Entry]) -> list[tuple[int, int, str, bytes, bytes]]:
        at = to_micros(self._clock.now())
        seq, check = self._seq, self._check
        rows = []
        for entry in entries:
            seq += 1
            kind, body = kind_of(entry), encode(entry)
            check = checksum(check, seq, at, kind, body)
            rows.append((seq, at, kind, body, check))
        return rows

    def _write_one(self, entry: Entry, row: tuple[int, int, str, bytes, bytes], links: dict[str, str]) -> None:
        seq, at, kind, body, check = row
        ref = self._begin_order(entry, seq) if isinstance(entry, PlaceIntent | Adopted) else self._about(entry, links)
        self._file.add_records([(seq, at, kind, ref, body, check)])
        if isinstance(entry, Mark):
            self._file.set_mark(entry.name, entry.value, seq)

    def _begin_order(self, entry: PlaceIntent | Adopted, seq: int) -> str:
        if isinstance(entry, PlaceIntent):
            known = self._file.order(entry.client_order_id)
            if known is not None:
                raise LifecycleError(
                    f"{entry.client_order_id} is the id of an order of record {known[3]}. Nothing was sent; "
                    "give the new order a new id"
                )
            self._file.add_order(entry.client_order_id, entry.request.symbol, None, seq)
            return entry.client_order_id
        update = entry.update
        name = self._name_of(update.symbol, update.client_order_id, update.exchange_order_id)
        if self._file.order(name) is None:
            self._file.add_order(name, update.symbol, update.exchange_order_id, seq)
        return name

    def _about(self, entry: Entry, links: dict[str, str]) -> str | None:
        """Whose record it is: our id of the order; what it says of the exchange's id is learned."""
        if isinstance(entry, Mark | Note | PlaceIntent | Adopted):
            return None
        described = entry if isinstance(entry, OrderUpdate | Fill | FillVoided) else getattr(entry, "update", None)
        if described is None:
            return entry.client_order_id
        symbol, exchange_order_id = described.symbol, described.exchange_order_id
        client_order_id = entry.client_order_id
        if client_order_id is None:
            return self._name_of(symbol, None, exchange_order_id)
        if exchange_order_id is None or self._links.get(client_order_id) == exchange_order_id:
            return client_order_id
        name = self._name_of(symbol, client_order_id, exchange_order_id)
        if name == client_order_id:
            self._file.learn_exchange_id(name, exchange_order_id)
            links[name] = exchange_order_id
        return name

    def _name_of(self, symbol: str, client_order_id: str | None, exchange_order_id: str | None) -> str:
        """The id that we keep the order under: ours where it is known, else that of the exchange's id."""
        if client_order_id is not None and self._file.order(client_order_id) is not None:
            return client_order_id
        known = None
        if exchange_order_id is not None:
            known = self._file.order_by_exchange_id(symbol, exchange_order_id)
        return known or client_order_id or f"external:{symbol}:{exchange_order_id}"

    def _remember(self, links: dict[str, str]) -> None:
        self._links.update(links)
        while len(self._links) > _LINKS_REMEMBERED:
            self._links.popitem(last=False)

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
        body = zlib.compress(orjson.dumps(tracker_state.dump(tracker)), 1)
        snapshot = Snapshot(self._seq, self._check, tracker_state.digest(tracker), body, _body_check(body))
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

    def recover(self) -> OrderTracker:
        """The tracker as it was when the last entry had been taken, from the newest good snapshot and what came after.

        Raises JournalDamaged when that cannot be had.
        """
        with explained("the journal could not be read", JournalDamaged):
            return recovered(self._file)

    # --- reading ---------------------------------------------------------------------------------------------------

    def entries(self, since: int = 0) -> Iterator[tuple[int, datetime, Entry]]:
        """Number, time and content of every entry after number `since`."""
        for record in self._file.records(since):
            yield record.seq, record.moment, record.entry()

    def find(self, client_order_id: str) -> JournalledOrder | None:
        """What is known of an order, be it long gone from the tracker; None where it was never begun here."""
        row = self._file.order(client_order_id)
        if row is None:
            return None
        name, symbol, exchange_order_id, seq, archived = row
        order = _order_of(name, archived, self._file.records_about(name))
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
        marks = self._file.marks()
        return {name.removeprefix(_LAST_TRADE): value for name, value in marks.items() if name.startswith(_LAST_TRADE)}


def last_trade(symbol: str, trade_id: str) -> Mark:
    """The mark that every trade of the symbol up to this one is recorded, for `record` beside the trades."""
    return Mark(name=_LAST_TRADE + symbol, value=trade_id)


def recovered(file: JournalFile) -> OrderTracker:
    """The tracker after the last record of `file`."""
    seq, tracker = _from_snapshot(file)
    for record in file.records(seq):
        replay_entry(tracker, record.entry())
        reach("in_recovery")
    return tracker


def _from_snapshot(file: JournalFile) -> tuple[int, OrderTracker]:
    for snapshot in file.snapshots():
        if snapshot.check != file.check_at(snapshot.seq) or snapshot.body_check != _body_check(snapshot.body):
            _log.error("the snapshot of record %d is damaged; an older one is used", snapshot.seq)
            continue
        return snapshot.seq, tracker_state.load(orjson.loads(zlib.decompress(snapshot.body)))
    if file.base()[0] > 0:
        raise JournalDamaged("no snapshot of the journal is intact, and its first records are not kept any more")
    return 0, OrderTracker()


def _body_check(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()


def _order_of(name: str, archived: bytes | None, records: Sequence[Record]) -> InFlightOrder | None:
    tracker = OrderTracker()
    for record in records:
        replay_entry(tracker, record.entry())
    return tracker.get_order(name)


def _check(file: JournalFile) -> None:
    before = file.base()
    seq, check = before
    for record in file.records(seq):
        if record.seq != seq + 1 or not record.is_intact(check):
            raise JournalDamaged(
                f"record {record.seq} of {file.path} is not what was written. Nothing was changed or sent. "
                "`yunmin journal verify` shows the damage; `yunmin journal repair` keeps a copy and puts it right",
                seq=record.seq,
            )
        seq, check = record.seq, record.check
