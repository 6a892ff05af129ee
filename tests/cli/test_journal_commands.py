"""`yunmin journal …`, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from tests.cli.conftest import Run
from tests.execution.lives import a_life, follow
from yunmin.clock import ManualClock
from yunmin.core.tracker_state import digest
from yunmin.execution.order_journal import OrderJournal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with OrderJournal.open(tmp_path, clock=ManualClock()) as journal:
        tracker = journal.recover()
        follow(journal, tracker, *a_life("a"), *a_life("b")[:3])
        (tmp_path / "digest").write_text(digest(tracker))
    return tmp_path


def spoil(folder: Path) -> None:
    connection = apsw.Connection(str(folder / "journal.sqlite3"))
    connection.execute("UPDATE records SET body = '{}' WHERE seq = 2")
    connection.close()


def test_verify_and_replay_show_what_is_in_it(yunmin: Run, folder: Path) -> None:
    verified = yunmin("journal", "verify", str(folder), "--json")
    assert (verified.code, verified.json["problems"], verified.json["last_seq"]) == (0, [], 8)
    assert verified.json["digest"] == (folder / "digest").read_text()
    replayed = yunmin("journal", "replay", str(folder), "--json")
    assert replayed.json["digest"] == verified.json["digest"]
    states = {each["client_order_id"]: (each["state"], each["filled_qty"]) for each in replayed.json["orders"]}
    assert states == {"a": ("FILLED", "0.10"), "b": ("PARTIALLY_FILLED", "0.04")}
    assert "PARTIALLY_FILLED" in yunmin("journal", "replay", str(folder)).out
    earlier = yunmin("journal", "replay", str(folder), "--upto", "1", "--json").json
    assert [each["state"] for each in earlier["orders"]] == ["PENDING"]


def test_show_lists_the_records_of_one_order(yunmin: Run, folder: Path) -> None:
    shown = yunmin("journal", "show", str(folder), "--order", "b", "--json").json
    assert [(each["seq"], each["kind"]) for each in shown] == [(6, "PlaceIntent"), (7, "SubmitResult"), (8, "Fill")]
    assert "trade_id=b-1" in yunmin("journal", "show", str(folder), "--last", "1").out


def test_damage_is_exit_code_1_and_repair_says_what_it_did(yunmin: Run, folder: Path) -> None:
    spoil(folder)
    verified = yunmin("journal", "verify", str(folder))
    assert verified.code == 1
    assert "record 2 is not what was written" in verified.out
    repaired = yunmin("journal", "repair", str(folder), "--json")
    assert (repaired.code, repaired.json["kept"], repaired.json["lost"]) == (0, 7, [2])
    assert Path(repaired.json["copy"], "journal.sqlite3").exists()
    assert yunmin("journal", "verify", str(folder)).code == 0


def test_no_journal_and_a_busy_one_are_exit_code_3(yunmin: Run, folder: Path, tmp_path: Path) -> None:
    missing = yunmin("journal", "verify", str(tmp_path / "nowhere"), "--json")
    assert (missing.code, missing.error["error"]) == (3, "JournalUnavailable")
    spoil(folder)
    from yunmin.execution.journal_lock import JournalLock

    lock = JournalLock.take(folder, ManualClock().now())
    busy = yunmin("journal", "repair", str(folder), "--json")
    lock.release()
    assert (busy.code, busy.error["error"]) == (3, "JournalBusy")
