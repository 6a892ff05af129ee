"""kill -9 at every place of the journal: nothing acknowledged is lost, nothing is there unwritten, and life goes on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.execution import crash_worker
from yunmin.clock import ManualClock
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.tracker_state import digest
from yunmin.errors import ConfigurationError, JournalBusy
from yunmin.execution.crash_points import CRASH_POINTS, VARIABLE, _asked_for
from yunmin.execution.journal_verify import verify_journal
from yunmin.execution.order_journal import OrderJournal, apply_entry

ROOT = Path(__file__).parents[2]
CASES = [f"{place}-{count}" for place in crash_worker.PLACES for count in crash_worker.COUNTS]


@pytest.fixture(scope="module")
def ends(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    base = tmp_path_factory.mktemp("crashes")
    command = [sys.executable, "-m", "tests.execution.crash_worker", str(base)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    return base, json.loads(done.stdout)


def state_after(entries: int) -> str:
    tracker = OrderTracker()
    for entry in crash_worker.plan()[:entries]:
        apply_entry(tracker, entry)
    return digest(tracker)


@pytest.mark.parametrize("case", CASES)
def test_P1_to_P9_killed_at_any_place_nothing_acknowledged_is_lost_and_it_goes_on(
    ends: tuple[Path, dict[str, int]], case: str
) -> None:
    base, signals = ends
    assert signals[case] == -signal.SIGKILL
    file = base / f"{case}.acknowledged"
    acknowledged = int(file.read_text() or "0")
    with OrderJournal.open(base / case, clock=ManualClock()) as journal:
        assert journal.alarms == ()
        assert journal.seq - acknowledged in (0, 1)  # one may have been kept before anybody was told
        there = list(journal.entries())
        first = there[0][0] if there else 1
        assert first == 1 or len(there) >= crash_worker.KEPT
        assert [entry for _, _, entry in there] == crash_worker.plan()[first - 1 : journal.seq]
        assert digest(journal.recover()) == state_after(journal.seq)
    crash_worker.live(base / case)
    report = verify_journal(base / case)
    assert report.problems == ()
    assert report.first_seq > 1, "no record was let go"
    assert (report.last_seq, report.digest) == (30, state_after(30))


def test_the_places_of_the_journal_are_all_tried() -> None:
    assert set(crash_worker.PLACES) <= set(CRASH_POINTS)
    sources = [path.read_text() for path in (ROOT / "yunmin" / "execution").glob("*.py")]
    for name in CRASH_POINTS:
        assert any(f'"{name}"' in source for source in sources if "CRASH_POINTS" not in source), name


@pytest.mark.parametrize("text", ["nowhere", "nowhere:1", "mid_snapshot:0", "mid_snapshot:x", "mid_snapshot:"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    if text == "mid_snapshot:":
        assert _asked_for(text) == ("mid_snapshot", 1)
        return
    with pytest.raises(ConfigurationError, match=VARIABLE):
        _asked_for(text)


def test_P16_a_second_process_is_refused_until_the_first_is_killed(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from yunmin.clock import SystemClock
from yunmin.execution.order_journal import OrderJournal
journal = OrderJournal.open(Path({str(tmp_path)!r}), clock=SystemClock())
print("open", flush=True)
sys.stdin.read()
"""
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(JournalBusy) as caught:
            OrderJournal.open(tmp_path, clock=ManualClock())
        assert caught.value.pid == holder.pid
        holder.kill()
        holder.wait()
    OrderJournal.open(tmp_path, clock=ManualClock()).close()
