"""A journal is looked over without trust, and put right without silence."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from tests.execution.lives import SYMBOL, a_life, an_intent, follow
from yunmin.clock import ManualClock
from yunmin.core.data_contracts import OrderState
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.tracker_state import digest
from yunmin.errors import JournalBusy, JournalDamaged, JournalUnavailable, LifecycleError
from yunmin.execution.journal_file import FILE_NAME
from yunmin.execution.journal_repair import repair_journal
from yunmin.execution.journal_verify import entries_in, replay, verify_journal
from yunmin.execution.order_journal import Note, OrderJournal

CLOCK = ManualClock()


@pytest.fixture
def tracker(folder: Path) -> OrderTracker:
    """What is live when a journal of three orders, with a snapshot after each, has been closed."""
    tracker = OrderTracker()
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        for name in ("a", "b", "c"):
            follow(journal, tracker, *a_life(name))
            journal.snapshot(tracker)
            journal.set_last_trade_id(SYMBOL, f"{name}-2")
    return tracker


def change(folder: Path, statement: str) -> None:
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute(statement)
    assert connection.changes() == 1
    connection.close()


def test_an_intact_journal_has_no_problems(folder: Path, tracker: OrderTracker) -> None:
    report = verify_journal(folder)
    assert report.problems == ()
    assert (report.first_seq, report.last_seq, report.records, report.orders) == (1, 18, 18, 3)
    assert (report.open_orders, report.snapshots) == (0, (17, 11))
    assert report.digest == digest(tracker)


def test_a_journal_is_looked_over_beside_the_process_that_writes_it(folder: Path, tracker: OrderTracker) -> None:
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        follow(journal, tracker, an_intent("d"))
        report = verify_journal(folder)
        assert (report.problems, report.last_seq, report.digest) == ((), 19, digest(tracker))
        follow(journal, tracker, an_intent("e"))


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("UPDATE records SET body = '{}' WHERE seq = 3", "record 3 is not what was written"),
        ("UPDATE records SET at = at + 1 WHERE seq = 9", "record 9 is not what was written"),
        ("DELETE FROM records WHERE seq = 7", "record 7 is not what was written"),
        ("DELETE FROM orders WHERE client_order_id = 'b'", "the id b of record 7 is not among those that were used"),
        ("UPDATE marks SET value = '9'", f"the mark last_trade:{SYMBOL} is 9, and the records say c-2"),
        ("UPDATE snapshots SET body = '' WHERE seq = 17", "the snapshot of record 17 is not what was written"),
        ("UPDATE snapshots SET chk = x'00' WHERE seq = 11", "the snapshot of record 11 is of another journal"),
    ],
)
def test_every_kind_of_damage_is_found(folder: Path, tracker: OrderTracker, statement: str, problem: str) -> None:
    del tracker
    change(folder, statement)
    problems = verify_journal(folder).problems
    assert any(found.startswith(problem) for found in problems), problems


def test_a_snapshot_of_another_state_is_found_by_the_replay(folder: Path, tracker: OrderTracker) -> None:
    follow_on = OrderTracker()
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        journal.snapshot(follow_on)
    problems = verify_journal(folder).problems
    assert "a replay from the first record and one from the snapshot end in different states" in problems


def test_replay_stops_where_it_is_told(folder: Path, tracker: OrderTracker) -> None:
    last, whole = replay(folder)
    assert (last, digest(whole)) == (18, digest(tracker))
    last, part = replay(folder, upto=3)
    assert last == 3
    (order,) = part.get_open_orders()
    assert (order.client_order_id, order.state) == ("a", OrderState.PARTIALLY_FILLED)


def test_a_repair_of_what_is_intact_changes_nothing(folder: Path, tracker: OrderTracker) -> None:
    del tracker
    before = (folder / FILE_NAME).read_bytes()
    report = repair_journal(folder, clock=CLOCK)
    assert (report.copy, report.kept, report.lost) == (None, 18, ())
    assert (folder / FILE_NAME).read_bytes() == before
    assert not list(folder.glob("damaged-*"))


def test_P14_a_repair_keeps_a_copy_and_every_record_that_is_intact(folder: Path, tracker: OrderTracker) -> None:
    del tracker
    intact = list(entries_in(folder))
    change(folder, "UPDATE records SET body = '{}' WHERE seq = 8")
    damaged = (folder / FILE_NAME).read_bytes()
    with pytest.raises(JournalDamaged):
        OrderJournal.open(folder, clock=CLOCK)
    report = repair_journal(folder, clock=CLOCK)
    assert (report.kept, report.lost) == (17, (8,))
    assert report.copy is not None
    assert Path(report.copy, FILE_NAME).read_bytes() == damaged
    repaired = list(entries_in(folder))
    assert [each for each in repaired if each[0] != 8] == [each for each in intact if each[0] != 8]
    note = repaired[7][2]
    assert isinstance(note, Note)
    assert "record 8 was not what was written" in note.text
    assert verify_journal(folder).problems == ()
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        assert journal.last_trade_ids() == {SYMBOL: "c-2"}
        assert journal.intend(an_intent("d")) == 19


def test_P14_a_snapshot_that_is_intact_keeps_what_the_lost_record_said(folder: Path, tracker: OrderTracker) -> None:
    change(folder, "UPDATE records SET body = '{}' WHERE seq = 3")
    repair_journal(folder, clock=CLOCK)
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        assert digest(journal.recover()) == digest(tracker)


def test_P14_the_id_of_a_lost_intent_stays_used(folder: Path, tracker: OrderTracker) -> None:
    del tracker
    change(folder, "UPDATE records SET body = '{}' WHERE seq = 7")
    repair_journal(folder, clock=CLOCK)
    with OrderJournal.open(folder, clock=CLOCK) as journal, pytest.raises(LifecycleError):
        journal.intend(an_intent("b"))


def test_P14_missing_records_and_tables_that_disagree_are_put_right(folder: Path, tracker: OrderTracker) -> None:
    del tracker
    change(folder, "DELETE FROM records WHERE seq = 18")
    change(folder, "DELETE FROM records WHERE seq = 5")
    change(folder, "DELETE FROM orders WHERE client_order_id = 'b'")
    change(folder, "DELETE FROM marks")
    report = repair_journal(folder, clock=CLOCK)
    assert set(report.lost) == {5}
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        assert journal.last_trade_ids() == {SYMBOL: "b-2"}
        found = journal.find_by_exchange_id(SYMBOL, "xb")
        assert found is not None
        assert found.client_order_id == "b"


def test_P14_pages_that_sqlite_cannot_read_cost_only_the_records_on_them(folder: Path) -> None:
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        for number in range(40):
            follow(journal, OrderTracker(), *a_life(f"order-{number}"))
    connection = apsw.Connection(str(folder / FILE_NAME))
    pages = (
        [row[0] for row in connection.execute("SELECT pageno FROM dbstat WHERE name = 'records' AND pagetype = 'leaf'")]
        if _has_dbstat(connection)
        else [connection.pragma("page_count") // 2]
    )
    connection.close()
    content = bytearray((folder / FILE_NAME).read_bytes())
    page = pages[len(pages) // 2]
    content[(page - 1) * 4096 : page * 4096] = b"\xff" * 4096
    (folder / FILE_NAME).write_bytes(content)
    report = repair_journal(folder, clock=CLOCK)
    assert 150 <= report.kept < 200
    assert report.kept + len(report.lost) == 200
    assert verify_journal(folder).problems == ()


def _has_dbstat(connection: apsw.Connection) -> bool:
    try:
        connection.execute("SELECT 1 FROM dbstat LIMIT 1").fetchall()
    except apsw.SQLError:
        return False
    return True


def test_what_sqlite_cannot_read_at_all_is_left_as_it_is(folder: Path, tracker: OrderTracker) -> None:
    del tracker
    path = folder / FILE_NAME
    path.write_bytes(b"\x00" * 100 + path.read_bytes()[100:])
    before = path.read_bytes()
    with pytest.raises(JournalDamaged, match="begin a new journal"):
        repair_journal(folder, clock=CLOCK)
    assert path.read_bytes() == before
    assert len(list(folder.glob("damaged-*"))) == 1


def test_a_repair_waits_for_nobody(folder: Path, tracker: OrderTracker) -> None:
    del tracker
    with OrderJournal.open(folder, clock=CLOCK), pytest.raises(JournalBusy):
        repair_journal(folder, clock=CLOCK)


def test_where_there_is_no_journal_nothing_is_made(tmp_path: Path) -> None:
    for ask in (verify_journal, replay, lambda folder: repair_journal(folder, clock=CLOCK)):
        with pytest.raises(JournalUnavailable, match="there is no journal"):
            ask(tmp_path)
    assert list(tmp_path.iterdir()) == []
