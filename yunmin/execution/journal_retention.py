"""How long records are kept: so many of them, and never fewer than the state is made from.

What goes, goes from the front, a small piece at a time, for whoever writes waits for it. Of every order that loses
records its state as they had it stays, so that `find` knows it for ever, and its id stays used.
"""

from __future__ import annotations

from typing import Final

import orjson

from yunmin.core import tracker_state
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.errors import JournalDamaged
from yunmin.execution.journal_check import follow_chain
from yunmin.execution.journal_file import JournalFile
from yunmin.execution.journal_records import Record, replay_entry

__all__ = ["KEPT_BY_DEFAULT", "LET_GO_EVERY", "let_go_of_old_records", "order_from"]

KEPT_BY_DEFAULT: Final = 5_000_000
"""Some 2.5 GB."""

LET_GO_EVERY: Final = 500
"""Records. An order's state is written down again for each piece that has records of it: smaller ones cost more."""


def let_go_of_old_records(file: JournalFile, *, keep: int, at_most: int) -> None:
    """Inside a transaction: drop up to `at_most` records from the front while more than `keep` are there.

    Nothing after the older of two snapshots is dropped; with fewer than two, nothing at all. Raises JournalDamaged
    where they are not what was written: they are the evidence.
    """
    snapshots = file.snapshot_numbers()
    base = file.base()[0]
    last = min(file.head()[0] - keep, base + at_most, min(snapshots, default=0))
    if len(snapshots) < 2 or last <= base:
        return
    chain = follow_chain(file.records(base, upto=last), *file.base())
    if chain.bad or chain.last_good != last:
        raise JournalDamaged(
            f"{file.path}: record {min(chain.bad, default=chain.last_good + 1)} is not what was written; the oldest "
            "records stay. `yunmin journal verify` shows the damage"
        )
    for name in file.names_upto(last):
        row = file.order(name)
        if row is None:
            continue
        order = order_from(name, row[4], file.records_about(name, upto=last))
        if order is not None:
            file.archive(name, orjson.dumps(tracker_state.dump_order(order)))
    file.drop_upto(last)
    file.set_base(last, chain.last_good_check)


def order_from(name: str, archived: bytes | None, records: list[Record]) -> InFlightOrder | None:
    """The order as its own records have it, from the state on in which older ones left it."""
    tracker = tracker_state.tracker_of(None if archived is None else orjson.loads(archived))
    for record in records:
        replay_entry(tracker, record.entry())
    return tracker.get_order(name)
