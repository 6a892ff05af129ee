"""All that can be asked of a journal without trusting it: `yunmin journal verify`. Nothing is changed.

Every checksum and their chain, SQLite's own check of the file, every entry readable, the tables that were made from
the records, each snapshot, and that a replay from the first record and one from the newest snapshot meet in one state
(I9), which does not change when all of it is told a second time (I10).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from yunmin.core import tracker_state
from yunmin.core.data_contracts import Fill, FillVoided, OrderUpdate
from yunmin.core.order_tracker import InFlightOrder, OrderTracker
from yunmin.errors import InvalidValue, JournalDamaged, JournalError, JournalUnavailable
from yunmin.execution.journal_check import whole_chain
from yunmin.execution.journal_file import FILE_NAME, JournalFile, explained
from yunmin.execution.journal_records import RECORD_LOST, Adopted, Entry, Mark, Note, PlaceIntent, Record, replay_entry
from yunmin.execution.journal_state import readable, recovered, snapshot_check

__all__ = ["JournalReport", "entries_in", "replay", "verify_journal"]


class JournalReport(NamedTuple):
    """What a journal holds and what is wrong with it; nothing is, where `problems` is empty."""

    path: str
    first_seq: int
    last_seq: int
    records: int
    orders: int
    open_orders: int
    snapshots: tuple[int, ...]
    lost: tuple[int, ...]
    """Records that a repair could not save; a snapshot may know what they said."""
    digest: str | None
    problems: tuple[str, ...]


def verify_journal(folder: Path) -> JournalReport:
    """Look at everything; also beside a process that writes it. Raises JournalError when it cannot be read at all."""
    file = JournalFile.open_to_read(folder / FILE_NAME)
    try:
        with explained(f"{file.path} cannot be read", JournalDamaged), file.reading():
            return _looked_over(file)
    finally:
        file.close()


def replay(folder: Path, upto: int | None = None) -> tuple[int, OrderTracker]:
    """The number of the last record, and the tracker after it (or after number `upto`), from the first record on.

    Where some of them are lost or not kept any more, from the newest snapshot before it. Raises JournalError.
    """
    file = JournalFile.open_to_read(folder / FILE_NAME)
    try:
        with explained(f"{file.path} cannot be read", JournalDamaged), file.reading():
            last = file.head()[0] if upto is None else min(upto, file.head()[0])
            return last, recovered(file, upto=last, from_the_first=_is_whole(file))
    finally:
        file.close()


def entries_in(folder: Path, since: int = 0) -> Iterator[tuple[int, datetime, Entry]]:
    """Number, time and content of every entry after number `since`. Raises JournalError."""
    file = JournalFile.open_to_read(folder / FILE_NAME)
    try:
        with explained(f"{file.path} cannot be read", JournalDamaged):
            last: int | None = None
            for record in file.records(since):
                if last is not None and record.seq != last + 1 and file.base()[0] >= last:
                    raise JournalUnavailable(
                        f"records {last + 1} to {record.seq - 1} went while they were read: their program lets old "
                        "ones go. Nothing was changed; ask again"
                    )
                last = record.seq
                yield record.seq, record.moment, readable(file, record)
    finally:
        file.close()


def _looked_over(file: JournalFile) -> JournalReport:
    problems = [f"SQLite: {line}" for line in file.integrity_problems()]
    chain = whole_chain(file)
    problems += [f"record {seq} is not what was written" for seq in chain.bad]
    records = _Readable(file, problems)
    live: OrderTracker | None = None
    if not chain.bad:
        try:
            live = recovered(file)
        except (InvalidValue, JournalError) as error:
            problems.append(f"it cannot be replayed: {error}")
    if live is not None:
        problems += _snapshot_problems(file)
        problems += _replay_problems(file, records, live)
        problems += _table_problems(file, records)
    base, head = file.base()[0], file.head()[0]
    return JournalReport(
        path=str(file.path),
        first_seq=base + 1,
        last_seq=head,
        records=file.count_records(),
        orders=file.count_orders(),
        open_orders=0 if live is None else len(live.get_open_orders()),
        snapshots=tuple(snapshot.seq for snapshot in file.snapshots()),
        lost=tuple(record.seq for record in _lost_before(file)),
        digest=None if live is None else tracker_state.digest(live),
        problems=tuple(problems),
    )


class _Readable:
    """The entries, as often as they are asked for; what cannot be read is a problem, told once."""

    def __init__(self, file: JournalFile, problems: list[str]) -> None:
        self._file = file
        for record in file.records(file.base()[0]):
            try:
                record.entry()
            except InvalidValue as error:
                problems.append(f"record {record.seq}: {error}")

    def __iter__(self) -> Iterator[tuple[Record, Entry]]:
        for record in self._file.records(self._file.base()[0]):
            yield record, record.entry()


def _snapshot_problems(file: JournalFile) -> Iterator[str]:
    for snapshot in file.snapshots():
        if snapshot.check != file.check_at(snapshot.seq):
            yield f"the snapshot of record {snapshot.seq} is of another journal"
        elif snapshot.body_check != snapshot_check(snapshot.body):
            yield f"the snapshot of record {snapshot.seq} is not what was written"


def _replay_problems(file: JournalFile, records: _Readable, live: OrderTracker) -> Iterator[str]:
    whole = live
    if _is_whole(file):
        whole = recovered(file, from_the_first=True)
        if tracker_state.digest(whole) != tracker_state.digest(live):
            yield "a replay from the first record and one from the snapshot end in different states"
    before = _orders_of(whole)
    for _, entry in records:
        if _is_of_a_kept_order(whole, entry):
            replay_entry(whole, entry)
    if _orders_of(whole) != before:
        yield "all of it told a second time changes an order"


def _is_whole(file: JournalFile) -> bool:
    """Whether the records alone say everything."""
    return file.base()[0] == 0 and not _lost_before(file)


def _lost_before(file: JournalFile) -> list[Record]:
    notes = ((record, readable(file, record)) for record in file.records_of_kind("note"))
    return [record for record, note in notes if isinstance(note, Note) and note.kind == RECORD_LOST]


def _orders_of(tracker: OrderTracker) -> dict[str, tuple[object, object]]:
    orders = [*tracker.get_open_orders(), *tracker.get_order_history(limit=1 << 62)]
    return {order.client_order_id: (order.snapshot(), order.fills) for order in orders}


def _is_of_a_kept_order(tracker: OrderTracker, entry: Entry) -> bool:
    """Not of one that the tracker has let go by now: that would begin a second time."""
    return not isinstance(entry, Mark | Note) and _order_of(tracker, entry) is not None


def _order_of(tracker: OrderTracker, entry: Entry) -> InFlightOrder | None:
    if isinstance(entry, Mark | Note):
        return None
    described = entry.update if isinstance(entry, Adopted) else entry
    if described.client_order_id is not None:
        order = tracker.get_order(described.client_order_id)
        if order is not None:
            return order
    if isinstance(described, OrderUpdate | Fill | FillVoided) and described.exchange_order_id is not None:
        return tracker.get_order_by_exchange_id(described.exchange_order_id, described.symbol)
    return None


def _table_problems(file: JournalFile, records: _Readable) -> Iterator[str]:
    marks: dict[str, str] = {}
    is_whole = _is_whole(file)
    for record, entry in records:
        if isinstance(entry, Mark):
            marks[entry.name] = entry.value
        if isinstance(entry, PlaceIntent):
            row = file.order(entry.client_order_id)
            if row is None or (row[1], row[3]) != (entry.request.symbol, record.seq):
                yield f"the id {entry.client_order_id} of record {record.seq} is not among those that were used"
    kept = file.marks()
    for name in sorted(marks.keys() | (kept.keys() if is_whole else set())):
        if kept.get(name) != marks.get(name):
            yield f"the mark {name} is {kept.get(name)}, and the records say {marks.get(name)}"
