"""From records to a tracker: the newest snapshot that is intact, and every record after it."""

from __future__ import annotations

import hashlib
import logging
import zlib

import orjson

from yunmin.core import tracker_state
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import InvalidValue, JournalDamaged
from yunmin.execution.crash_points import reach
from yunmin.execution.journal_file import JournalFile, Snapshot
from yunmin.execution.journal_records import Entry, Record, replay_entry

__all__ = ["readable", "recovered", "snapshot_check", "snapshot_of"]

_log = logging.getLogger(__name__)


def snapshot_of(tracker: OrderTracker, seq: int, check: bytes) -> Snapshot:
    """The tracker's state after record `seq`, whose checksum is `check`."""
    packer = zlib.compressobj(1)
    pieces = [packer.compress(piece) for piece in tracker_state.dump_pieces(tracker)]
    body = b"".join([*pieces, packer.flush()])
    return Snapshot(seq, check, body, snapshot_check(body))


def snapshot_check(body: bytes) -> bytes:
    """The checksum of a snapshot's own bytes."""
    # a spoilt page can turn it into a value of another type
    return hashlib.blake2b(body, digest_size=16).digest() if isinstance(body, bytes) else b""


def recovered(file: JournalFile, *, upto: int | None = None, from_the_first: bool = False) -> OrderTracker:
    """The tracker after the last record, or after number `upto`.

    Raises JournalDamaged when no snapshot is intact and the first records are not kept, or a record cannot be read.
    """
    seq, tracker = (0, OrderTracker()) if from_the_first else _from_snapshot(file, upto)
    for record in file.records(seq, upto):
        replay_entry(tracker, readable(file, record))
        reach("in_recovery")
    return tracker


def readable(file: JournalFile, record: Record) -> Entry:
    """The record's entry. Raises JournalDamaged where it is none."""
    try:
        return record.entry()
    except InvalidValue as error:
        raise JournalDamaged(
            f"record {record.seq} of {file.path} cannot be read: {error}. Nothing was changed or sent. "
            "Keep a copy of the folder, then `yunmin journal repair`",
            seq=record.seq,
        ) from error


def _from_snapshot(file: JournalFile, upto: int | None) -> tuple[int, OrderTracker]:
    for snapshot in file.snapshots():
        if upto is not None and snapshot.seq > upto:
            continue
        if snapshot.check == file.check_at(snapshot.seq) and snapshot.body_check == snapshot_check(snapshot.body):
            tracker = _state_in(snapshot)
            if tracker is not None:
                return snapshot.seq, tracker
        _log.error("the snapshot of record %d is not intact; an older one is used", snapshot.seq)
    if file.base()[0] > 0:
        raise JournalDamaged(
            f"no snapshot in {file.path} is intact, and its first records are not kept any more. Nothing was changed "
            "or sent. Keep the folder, begin a new journal, and let it adopt what the exchange has"
        )
    return 0, OrderTracker()


def _state_in(snapshot: Snapshot) -> OrderTracker | None:
    """The tracker that was written; None where it is none: a checksum may have been spoilt together with its body."""
    try:
        return tracker_state.load(orjson.loads(zlib.decompress(snapshot.body)))
    except (zlib.error, orjson.JSONDecodeError, InvalidValue):
        return None
