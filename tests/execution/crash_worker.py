"""Writes journals and is killed at every named place, once at its first and once at a later passing.

`python -m tests.execution.crash_worker FOLDER`: one life for each place, in a process of its own, in FOLDER/NAME-COUNT.
What was acknowledged stands in `acknowledged` beside the journal: the number of the last entry of the plan.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.execution.lives import a_life
from yunmin.clock import ManualClock
from yunmin.execution import crash_points
from yunmin.execution.order_journal import Entry, OrderJournal, PlaceIntent, apply_entry

PLACES = (
    "before_intent_write", "after_intent_write_before_commit", "after_intent_durable", "before_record_write",
    "after_record_write_before_commit", "after_record_kept", "mid_snapshot", "after_snapshot", "mid_letting_go",
    "in_recovery",
)  # fmt: skip
COUNTS = (1, 3)
KEPT = 10


def plan() -> list[Entry]:
    """Six lives of orders, mixed, so that no entry is alone."""
    lives = [a_life(f"order-{number}") for number in range(6)]
    return [life[step] for step in range(5) for life in lives]


def live(folder: Path) -> None:
    """From wherever the journal is to the end of the plan."""
    acknowledged = os.open(folder.parent / f"{folder.name}.acknowledged", os.O_WRONLY | os.O_CREAT)
    with OrderJournal.open(folder, clock=ManualClock(), snapshot_every=6, keep_records=KEPT) as journal:
        tracker = journal.recover()
        for entry in plan()[journal.seq :]:
            seq = journal.intend(entry) if isinstance(entry, PlaceIntent) else journal.record(entry)
            os.pwrite(acknowledged, b"%04d" % seq, 0)
            apply_entry(tracker, entry)
            if journal.snapshot_due:
                journal.snapshot(tracker)
            if journal.is_long:
                journal.let_go()


def in_a_process_of_its_own(folder: Path, place: str, count: int) -> int:
    """Returns the signal that ended it, 0 for none."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    crash_points._asked = (place, count)
    live(folder)
    os._exit(0)


def main(base: Path) -> None:
    ends = {}
    for place in PLACES:
        for count in COUNTS:
            folder = base / f"{place}-{count}"
            if place == "in_recovery":
                in_a_process_of_its_own(folder, "after_record_kept", 23)
            ends[folder.name] = in_a_process_of_its_own(folder, place, count)
    sys.stdout.write(json.dumps(ends))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
