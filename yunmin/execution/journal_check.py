"""Whether a journal holds what was written: the chain of checksums, at every start, and all the rest when asked.

A tail that is spoilt is what a loss of power leaves, and is cut off, loudly and with a copy kept: what it said the
exchange says again. Damage before intact records is something else, and is never put right unasked.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, NamedTuple

from yunmin.errors import JournalDamaged
from yunmin.execution.journal_file import Durability, JournalFile
from yunmin.execution.journal_records import Mark, Record, checksum
from yunmin.execution.journal_wal import WAL_SUFFIX

__all__ = ["Chain", "check_at_start", "follow_chain", "keep_copy", "restore_marks", "whole_chain"]

_log = logging.getLogger(__name__)

CHECKED_WHOLE: Final = 250_000
"""A journal of no more records is checked from its first one at every start; a longer one from its older snapshot."""


class Chain(NamedTuple):
    """How far records are what was written. `bad` are the numbers of those that are not, or that are missing."""

    last_good: int
    last_good_check: bytes
    bad: tuple[int, ...]
    is_tail: bool
    """Whether nothing intact follows the first bad one."""


def follow_chain(records: Iterable[Record], seq: int, check: bytes) -> Chain:
    """Follow records on from the one numbered `seq`, whose checksum is `check`."""
    last_good = seq, check
    bad: list[int] = []
    candidates: tuple[bytes, ...] = (check,)  # the checksums that the next record may have been chained to
    is_tail = True
    for record in records:
        number, stored = record.seq, record.check
        is_next = number == seq + 1
        if is_next and (record.is_intact(candidates[0]) or any(map(record.is_intact, candidates[1:]))):
            candidates = (stored,)
            if bad:
                is_tail = False
            else:
                last_good = number, stored
        else:
            # one after a hole cannot be checked: that the next one is chained to its checksum speaks for it
            bad.extend((number,) if is_next else range(seq + 1, number))
            candidates = (stored, *(_content_check(record, before) for before in candidates))[:3]
        seq = number
    return Chain(*last_good, tuple(bad), is_tail=bool(bad) and is_tail)


def whole_chain(file: JournalFile) -> Chain:
    """All records that are kept, from the first."""
    seq, check = file.base()
    return follow_chain(file.records(seq), seq, check)


def check_at_start(file: JournalFile, frames_in_log: int, now: datetime) -> tuple[str, ...]:
    """See that what the state will be made from is what was written; cut off a spoilt tail.

    `frames_in_log` is what `committed_frames` said before SQLite opened the file. Returns what somebody must be told.
    Raises JournalDamaged where intact records follow a bad one: nothing is changed then.
    """
    alarms = []
    if frames_in_log:
        believed = file.frames_in_log()
        if believed < frames_in_log:
            alarms.append(_log_is_short(file, frames_in_log - believed, now))
    chain = _chain_at_start(file)
    if chain.bad and not chain.is_tail:
        raise JournalDamaged(
            f"record {chain.bad[0]} of {file.path} is not what was written, and intact records follow it. Nothing was "
            "changed or sent. `yunmin journal verify` shows the damage; `yunmin journal repair` keeps a copy and puts "
            "it right as far as that can be",
            seq=chain.bad[0],
        )
    if chain.bad:
        alarms.append(_cut_tail(file, chain, now))
    for alarm in alarms:
        _log.critical("%s", alarm)
    return tuple(alarms)


def keep_copy(path: Path, now: datetime) -> Path:
    """Copy the journal's files, as they are, into a new folder beside it, and return that folder."""
    stamp = now.strftime("%Y%m%dT%H%M%S")
    number = 1
    while (folder := path.parent / f"damaged-{stamp}-{number}").exists():
        number += 1
    folder.mkdir(mode=0o700)
    for name in (path.name, path.name + WAL_SUFFIX):
        if (source := path.parent / name).exists():
            shutil.copy2(source, folder / name)
    return folder


def _content_check(record: Record, before: bytes) -> bytes:
    try:
        return checksum(before, record.seq, record.at, record.kind, record.body)
    except (TypeError, AttributeError):
        return b""


def _chain_at_start(file: JournalFile) -> Chain:
    seq, check = file.base()
    if file.head()[0] - seq > CHECKED_WHOLE:
        for snapshot in file.snapshots():
            if snapshot.check == file.check_at(snapshot.seq):
                seq, check = snapshot.seq, snapshot.check
    return follow_chain(file.records(seq), seq, check)


def _log_is_short(file: JournalFile, lost: int, now: datetime) -> str:
    copy = keep_copy(file.path, now)
    return (
        f"the end of the journal's log is spoilt: {lost} pages of it that were committed cannot be read, as after a "
        f"loss of power. What is intact is used; a copy is in {copy}. Reconcile before anything is sent"
    )


def _cut_tail(file: JournalFile, chain: Chain, now: datetime) -> str:
    copy = keep_copy(file.path, now)
    with file.transaction(Durability.DURABLE):
        file.cut_after(chain.last_good)
        restore_marks(file)
    return (
        f"the last {len(chain.bad)} records of the journal, from {chain.bad[0]} on, are not what was written and were "
        f"cut off; a copy is in {copy}. Ids of orders in them stay used. Reconcile before anything is sent"
    )


def restore_marks(file: JournalFile) -> None:
    """Marks that were set by records which are gone fall back to what the records before say."""
    for record in file.records_of_kind("mark"):
        entry = record.entry()
        if isinstance(entry, Mark):
            file.set_mark(entry.name, entry.value, record.seq)
