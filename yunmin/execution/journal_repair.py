"""A damaged journal made usable: `yunmin journal repair`. The files are kept, and what is lost is written down.

Every record that is intact stays under its number. In the place of one that is not stands a Note. Replay then misses
what that record said: to reconcile with the exchange afterwards is not optional.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from yunmin.clock import Clock
from yunmin.errors import InvalidValue, JournalDamaged, JournalUnavailable, JournalUnwritable
from yunmin.execution.journal_check import follow_chain, keep_copy
from yunmin.execution.journal_file import FILE_NAME, Durability, JournalFile, explained, flush_folder
from yunmin.execution.journal_lock import JournalLock
from yunmin.execution.journal_records import RECORD_LOST, Note, Record, checksum, encode, kind_of, to_micros
from yunmin.execution.journal_rows import RowWriter
from yunmin.execution.journal_state import snapshot_check
from yunmin.execution.journal_verify import verify_journal

__all__ = ["RepairReport", "repair_journal"]

_STEP: Final = 1_000
_END: Final = 20
"""So many steps of numbers under which nothing can be read are taken for the end."""


class RepairReport(NamedTuple):
    """What a repair did. `lost` numbers the records that are Notes now; `copy` is None where all was well."""

    path: str
    copy: str | None
    kept: int
    lost: tuple[int, ...]


def repair_journal(folder: Path, *, clock: Clock) -> RepairReport:
    """Put right what can be, with a copy of all files kept in a folder beside them.

    Raises JournalBusy while a process writes the journal, JournalTooNew, and JournalDamaged when not even SQLite can
    read it; the journal is then as it was.
    """
    path = folder / FILE_NAME
    if not path.exists():
        raise JournalUnavailable(f"there is no journal in {folder}. Nothing was changed; name the journal's folder")
    lock = JournalLock.take(folder, clock.now())
    try:
        with contextlib.suppress(JournalDamaged):
            report = verify_journal(folder)
            if not report.problems:
                return RepairReport(str(path), None, report.records, ())
        return _repaired(path, clock)
    finally:
        lock.release()


def _repaired(path: Path, clock: Clock) -> RepairReport:
    copy = keep_copy(path, clock.now())
    new_path = path.with_name(path.name + ".new")
    new_path.unlink(missing_ok=True)
    with explained(f"{path} cannot be repaired (its copy is {copy})", JournalDamaged):
        damaged = JournalFile.open(path)
        try:
            kept, lost = _write_anew(new_path, damaged, clock)
        finally:
            damaged.leave_log()
            damaged.close()
    with explained(f"{new_path} is the repaired journal and could not be put in its place", JournalUnwritable):
        # the old log first: over the new file it would be applied to what it is not the log of
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        os.replace(new_path, path)
        flush_folder(path.parent)
    return RepairReport(str(path), str(copy), kept, lost)


def _write_anew(new_path: Path, damaged: JournalFile, clock: Clock) -> tuple[int, tuple[int, ...]]:
    base = damaged.base()
    bad = set(follow_chain(_readable(damaged, base[0]), *base).bad)
    new = JournalFile.open(new_path)
    try:
        with new.transaction(Durability.DURABLE):
            new.set_base(*base)
            kept, lost = _copy_records(new, damaged, bad, clock)
            _copy_tables(new, damaged)
        new.checkpoint()
    finally:
        new.close()
    return kept, lost


def _copy_records(new: JournalFile, damaged: JournalFile, bad: set[int], clock: Clock) -> tuple[int, tuple[int, ...]]:
    writer = RowWriter(new)
    seq, check = new.base()
    kept, lost = 0, []
    for record in _with_holes(damaged, seq):
        entry = None
        if record.seq not in bad:
            with contextlib.suppress(InvalidValue):
                entry = record.entry()
        if entry is None:
            lost.append(record.seq)
            text = f"record {record.seq} was not what was written and is lost; reconcile"
            entry = Note(kind=RECORD_LOST, text=text, at=clock.now())
            record = Record(record.seq, to_micros(clock.now()), kind_of(entry), encode(entry), b"")
        else:
            kept += 1
        check = checksum(check, record.seq, record.at, record.kind, record.body)
        writer.write(record._replace(check=check), entry)
    writer.commit()
    return kept, tuple(lost)


def _with_holes(damaged: JournalFile, seq: int) -> Iterator[Record]:
    """Every number from the first to the last; an empty record where nothing can be read."""
    for record in _readable(damaged, seq):
        for number in range(seq + 1, record.seq):
            yield Record(number, 0, "", b"", b"")
        yield record
        seq = record.seq
    for number in range(seq + 1, _highest(damaged) + 1):
        yield Record(number, 0, "", b"", b"")


def _readable(file: JournalFile, seq: int) -> Iterator[Record]:
    """Every record that SQLite can still reach; around pages that it cannot read, number by number."""
    empty_steps = 0
    while empty_steps < _END:
        try:
            for record in file.records(seq, 1 << 62):
                seq = record.seq
                yield record
        except apsw.Error:
            found = [each for number in range(seq + 1, seq + 1 + _STEP) if (each := _one_of(file, number))]
            yield from found
            seq += _STEP
            empty_steps = 0 if found else empty_steps + 1
        else:
            return


def _one_of(file: JournalFile, number: int) -> Record | None:
    with contextlib.suppress(apsw.Error):
        return file.record_at(number)
    return None


def _highest(damaged: JournalFile) -> int:
    with contextlib.suppress(apsw.Error):
        return damaged.highest_number()
    return 0


def _copy_tables(new: JournalFile, damaged: JournalFile) -> None:
    """What the records do not say again: ids whose records are gone stay used, and snapshots that are intact."""
    with contextlib.suppress(apsw.Error):
        for row in damaged.orders():
            new.put_order(row)
    with contextlib.suppress(apsw.Error):
        for snapshot in reversed(damaged.snapshots()):
            check = new.check_at(snapshot.seq)
            if check is not None and snapshot.body_check == snapshot_check(snapshot.body):
                new.add_snapshot(snapshot._replace(check=check))
    with contextlib.suppress(apsw.Error):
        new.set_token(damaged.token())
