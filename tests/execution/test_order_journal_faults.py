"""The journal when the disk, the power, the file or another process is against it."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.execution.lives import SYMBOL, a_fill, a_life, an_intent, an_update, follow
from yunmin.clock import ManualClock, seeded
from yunmin.core.data_contracts import CancelRequest
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.tracker_state import digest
from yunmin.errors import (
    JournalBusy,
    JournalDamaged,
    JournalError,
    JournalFenced,
    JournalFull,
    JournalTooNew,
    JournalUnavailable,
    JournalUnwritable,
)
from yunmin.execution.journal_file import FILE_NAME, SCHEMA_VERSION, Durability, JournalFile
from yunmin.execution.journal_state import snapshot_check
from yunmin.execution.order_journal import Note, OrderJournal
from yunmin.testing.verify.disk import Disk, DiskError, Sticky
from yunmin.testing.verify.io import sweep_journal

CANCEL = CancelRequest(client_order_id="a", attempt=1)


@pytest.fixture(autouse=True)
def _expected_alarms_are_quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with caplog.at_level(logging.CRITICAL + 1, logger="yunmin"):
        yield


def opened(folder: Path, disk: Disk | None = None, **options: Any) -> OrderJournal:
    return OrderJournal.open(folder, clock=ManualClock(), vfs=None if disk is None else disk.name, **options)


def failing(files: dict[str, bytes], sort: str, error: DiskError, at: int = 1) -> Disk:
    """A disk of which one sort of call fails from now on."""
    disk = Disk(files, error=error, sticky=Sticky.FROM_THEN_ON, only=frozenset({sort}))
    disk.fail_at = at
    return disk


# --- power -----------------------------------------------------------------------------------------------------------


def test_P10_after_a_loss_of_power_every_intent_is_there_and_news_up_to_the_last_one(folder: Path) -> None:
    disk = Disk()
    journal = opened(folder, disk)
    tracker = OrderTracker()
    follow(journal, tracker, *a_life("a"), an_intent("b"))
    at_the_intent = digest(tracker)
    follow(journal, tracker, an_update("b"), a_fill("b", "1"))
    files = disk.unplugged()
    journal.close()
    with opened(folder, Disk(files)) as journal:
        assert journal.seq == 6
        assert digest(journal.recover()) == at_the_intent


@pytest.mark.parametrize("seed", range(20))
def test_P10_whatever_part_of_the_unflushed_survives_a_beginning_is_recovered(folder: Path, seed: int) -> None:
    disk = Disk()
    journal = opened(folder, disk, checkpoint_pages=8)
    tracker = OrderTracker()
    states = [digest(tracker)]
    for entry in [*a_life("a"), *a_life("b"), an_update("a")]:
        follow(journal, tracker, entry)
        states.append(digest(tracker))
    files = disk.unplugged(seed)
    journal.close()
    with opened(folder, Disk(files)) as journal:
        assert journal.seq >= 6  # the intent of b
        assert digest(journal.recover()) == states[journal.seq]


# --- a disk that fails -----------------------------------------------------------------------------------------------


def test_P11_a_full_disk_takes_no_intent_and_none_is_taken_ever_after(folder: Path) -> None:
    disk = Disk(error=DiskError.FULL, sticky=Sticky.FROM_THEN_ON, only=frozenset({"write"}))
    journal = opened(folder, disk)
    journal.intend(an_intent("a"))
    disk.fail_at = disk.calls + 1
    with pytest.raises(JournalFull, match=r"does not count as kept.*cancels still are.*Make room"):
        journal.intend(an_intent("b"))
    disk.fail_at = None  # room again: this process still sends no order
    with pytest.raises(JournalError, match="has failed before"):
        journal.intend(an_intent("c"))
    assert isinstance(journal.failure, JournalFull)
    assert not journal.snapshot_due
    assert journal.intend(CANCEL) == 2
    assert journal.record(a_fill("a", "1")) == 3
    journal.close()
    with opened(folder, Disk(disk.killed())) as journal:
        assert [type(entry).__name__ for _, _, entry in journal.entries()] == ["PlaceIntent", "CancelRequest", "Fill"]
        journal.intend(an_intent("b"))


def test_P11_on_a_full_disk_a_cancel_is_not_kept_and_says_so(folder: Path) -> None:
    disk = Disk(error=DiskError.FULL, sticky=Sticky.FROM_THEN_ON, only=frozenset({"write"}))
    journal = opened(folder, disk)
    journal.intend(an_intent("a"))
    disk.fail_at = disk.calls + 1
    for _ in range(2):
        with pytest.raises(JournalFull):
            journal.intend(CANCEL)
        with pytest.raises(JournalFull):
            journal.record(a_fill("a", "1"))
    assert journal.seq == 1
    journal.close()


def test_P12_a_flush_that_fails_is_never_tried_again(folder: Path) -> None:
    disk = Disk(only=frozenset({"sync"}))
    journal = opened(folder, disk, checkpoint_pages=1)
    journal.intend(an_intent("a"))
    disk.fail_at = disk.calls + 1
    with pytest.raises(JournalUnwritable, match="No new order is sent by this process any more"):
        journal.intend(an_intent("b"))
    flushed = list(disk.syncs)
    with pytest.raises(JournalError):
        journal.intend(an_intent("c"))
    journal.intend(CANCEL)
    journal.record(a_fill("a", "1"), a_fill("a", "2"))
    journal.close()
    assert disk.syncs == flushed
    with opened(folder, Disk(disk.killed())) as journal:
        kinds = [type(entry).__name__ for _, _, entry in journal.entries()]
    assert kinds == ["PlaceIntent", "CancelRequest", "Fill", "Fill"]


def test_P12_a_flush_that_fails_while_the_log_is_put_away_stops_new_orders_too(folder: Path) -> None:
    disk = Disk(only=frozenset({"sync"}))
    journal = opened(folder, disk, checkpoint_pages=1)
    journal.intend(an_intent("a"))
    disk.fail_at = disk.calls + 1
    with pytest.raises(JournalUnwritable):
        journal.record(a_fill("a", "1"))
    with pytest.raises(JournalError):
        journal.intend(an_intent("b"))
    seq = journal.seq
    journal.close()
    with opened(folder, Disk(disk.killed())) as journal:
        assert journal.seq == seq
        journal.intend(an_intent("b"))


def test_io_each_call_of_the_disk_fails_in_turn_and_no_promise_is_broken() -> None:
    ways = ((DiskError.IO, Sticky.ONCE), (DiskError.FULL, Sticky.FROM_THEN_ON))
    report = sweep_journal(orders=1, seed=7, ways=ways)
    assert report.violations == ()
    assert report.failures > 100
    assert report.runs == report.failures + len(ways)  # of each way the run in which nothing fails is the last


def test_io_the_sweep_finds_a_journal_that_does_not_flush_its_intents(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_flushed(file: JournalFile, _: Durability) -> None:
        file._execute("PRAGMA synchronous=OFF")

    monkeypatch.setattr(JournalFile, "_set_durability", never_flushed)
    report = sweep_journal(orders=1, ways=((DiskError.IO, Sticky.ONCE),), every=9)
    assert any("durable intents are lost" in violation for violation in report.violations)


def test_io_the_sweep_finds_a_journal_that_takes_intents_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrderJournal, "_fail", lambda journal, _: journal._look_where_it_ends())
    report = sweep_journal(orders=2, ways=((DiskError.IO, Sticky.ONCE),), every=5)
    assert any("an intent was taken after a failure" in violation for violation in report.violations)


# --- a file that is damaged ------------------------------------------------------------------------------------------


def written(folder: Path, *names: str) -> list[str]:
    """A closed journal of these orders; returns the digest after each of its entries, and before the first."""
    tracker = OrderTracker()
    states = [digest(tracker)]
    with opened(folder) as journal:
        for name in names:
            for entry in a_life(name):
                follow(journal, tracker, entry)
                states.append(digest(tracker))
    return states


def spoil(folder: Path, seq: int, column: str = "body") -> None:
    connection = apsw.Connection(str(folder / FILE_NAME))
    ((value,),) = connection.execute(f"SELECT {column} FROM records WHERE seq = ?", (seq,))
    spoilt = bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else value + 1
    connection.execute(f"UPDATE records SET {column} = ? WHERE seq = ?", (spoilt, seq))
    connection.close()


@pytest.mark.parametrize("column", ["body", "chk", "at"])
def test_P13_a_spoilt_last_record_is_cut_off_loudly_and_a_copy_is_kept(folder: Path, column: str) -> None:
    states = written(folder, "a", "b")
    spoil(folder, 10, column)
    with opened(folder) as journal:
        (alarm,) = journal.alarms
        assert "1 records of the journal, from 10 on" in alarm
        assert "Reconcile before anything is sent" in alarm
        assert digest(journal.recover()) == states[9]
        *_, (seq, _, last) = journal.entries()
        assert (seq, type(last)) == (10, Note)
        with pytest.raises(Exception, match="give the new order a new id"):
            journal.intend(an_intent("b"))
    (copy,) = folder.glob("damaged-*")
    assert (copy / FILE_NAME).stat().st_size > 0
    with opened(folder) as journal:
        assert journal.alarms == ()


def test_P13_several_spoilt_records_at_the_end_are_a_tail(folder: Path) -> None:
    states = written(folder, "a", "b")
    for seq in (8, 9, 10):
        spoil(folder, seq)
    with opened(folder) as journal:
        assert digest(journal.recover()) == states[7]


def test_P13_marks_fall_back_to_what_the_records_that_are_left_say(folder: Path) -> None:
    with opened(folder) as journal:
        journal.set_last_trade_id(SYMBOL, "1")
        journal.set_last_trade_id(SYMBOL, "2")
        journal.set_mark("other", "x")
    spoil(folder, 2)
    spoil(folder, 3)
    with opened(folder) as journal:
        assert journal.last_trade_ids() == {SYMBOL: "1"}
        assert journal.mark("other") is None


def as_if_killed(folder: Path, journal: OrderJournal, target: Path) -> Path:
    """The folder as another process would find it after this one was killed now."""
    target.mkdir()
    for name in (FILE_NAME, f"{FILE_NAME}-wal"):
        (target / name).write_bytes((folder / name).read_bytes())
    return target


@pytest.mark.parametrize("seed", range(25))
def test_P13_a_log_that_is_spoilt_anywhere_gives_a_beginning_or_an_alarm_never_a_wrong_state(
    folder: Path, tmp_path: Path, seed: int
) -> None:
    chance = seeded(seed)
    tracker = OrderTracker()
    states = [digest(tracker)]
    with opened(folder) as journal:
        for entry in [*a_life("a"), *a_life("b")]:
            follow(journal, tracker, entry)
            states.append(digest(tracker))
        killed = as_if_killed(folder, journal, tmp_path / "killed")
    log = killed / f"{FILE_NAME}-wal"
    content = bytearray(log.read_bytes())
    place = chance.randrange(len(content))
    content[place] ^= 1 << chance.randrange(8)
    log.write_bytes(content)
    with opened(killed) as journal:
        notes = len(journal.alarms)
        assert digest(journal.recover()) == states[journal.seq - notes]
        is_whole = journal.seq - notes == len(states) - 1
        assert notes == (0 if is_whole else 1), (place, journal.seq)


def test_P13_a_log_that_is_cut_short_gives_a_beginning(folder: Path, tmp_path: Path) -> None:
    states = [digest(OrderTracker())]
    tracker = OrderTracker()
    with opened(folder) as journal:
        for entry in a_life("a"):
            follow(journal, tracker, entry)
            states.append(digest(tracker))
        killed = as_if_killed(folder, journal, tmp_path / "killed")
    whole = (killed / f"{FILE_NAME}-wal").read_bytes()
    for size in range(0, len(whole), 4099):
        cut = tmp_path / f"cut-at-{size}"
        cut.mkdir()
        (cut / FILE_NAME).write_bytes((killed / FILE_NAME).read_bytes())
        (cut / f"{FILE_NAME}-wal").write_bytes(whole[:size])
        with opened(cut) as journal:
            assert digest(journal.recover()) == states[journal.seq - len(journal.alarms)]


@pytest.mark.parametrize("column", ["body", "at"])
def test_P14_a_spoilt_record_in_the_middle_is_refused_and_nothing_is_changed(folder: Path, column: str) -> None:
    written(folder, "a", "b")
    spoil(folder, 4, column)
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(
        JournalDamaged, match=r"record 4 .*Nothing was changed or sent.*yunmin journal repair"
    ) as caught:
        opened(folder)
    assert caught.value.seq == 4
    assert (folder / FILE_NAME).read_bytes() == before
    with pytest.raises(JournalDamaged):  # and the lock was let go
        opened(folder)


def test_P14_a_record_that_is_missing_in_the_middle_is_refused(folder: Path) -> None:
    written(folder, "a", "b")
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute("DELETE FROM records WHERE seq = 5")
    connection.close()
    with pytest.raises(JournalDamaged, match="record 5"):
        opened(folder)


def test_P14_a_file_that_is_no_journal_is_refused(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(b"not a database" * 1000)
    with pytest.raises(JournalDamaged):
        opened(folder)
    (folder / FILE_NAME).unlink()
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute("CREATE TABLE somebody_elses (x)")
    connection.close()
    with pytest.raises(JournalDamaged, match="no journal of Yunmin"):
        opened(folder)


@pytest.mark.parametrize("seed", range(40))
def test_P14_a_file_that_is_spoilt_anywhere_is_refused_or_right(folder: Path, seed: int) -> None:
    chance = seeded(f"spoilt-{seed}")
    states = written(folder, "a", "b", "c")
    path = folder / FILE_NAME
    content = bytearray(path.read_bytes())
    for _ in range(3):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    try:
        with opened(folder) as journal:
            notes = len(journal.alarms)
            assert digest(journal.recover()) == states[journal.seq - notes]
    except (JournalDamaged, JournalUnavailable):
        return


def test_a_spoilt_snapshot_gives_way_to_the_one_before_it(folder: Path) -> None:
    tracker = OrderTracker()
    with opened(folder) as journal:
        for name in ("a", "b", "c"):
            follow(journal, tracker, *a_life(name))
            journal.snapshot(tracker)
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute("UPDATE snapshots SET body = zeroblob(30) WHERE seq = 15")
    connection.close()
    with opened(folder) as journal:
        assert digest(journal.recover()) == digest(tracker)


# --- another version, another process, another place -----------------------------------------------------------------


def test_P15_a_journal_of_a_later_version_is_refused_and_left_as_it_is(folder: Path) -> None:
    written(folder, "a")
    connection = apsw.Connection(str(folder / FILE_NAME))
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    before = (folder / FILE_NAME).read_bytes()
    with pytest.raises(JournalTooNew, match=r"schema 2; this one reads 1.*Nothing was changed"):
        opened(folder)
    assert (folder / FILE_NAME).read_bytes() == before


def test_P16_a_second_opening_is_refused_and_told_who_has_it(folder: Path) -> None:
    with opened(folder):
        with pytest.raises(JournalBusy, match="Nothing was sent") as caught:
            opened(folder)
        assert caught.value.pid == os.getpid()
        assert caught.value.host == socket.gethostname()
        assert caught.value.since == "2026-01-01T00:00:00+00:00"
        assert str(os.getpid()) in str(caught.value)
    opened(folder).close()


def test_P16_where_the_lock_does_not_hold_the_fence_does(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcntl.flock", lambda *_: None)  # a shared folder whose locks do not reach the other machine
    first = opened(folder)
    first.intend(an_intent("a"))
    second = opened(folder)
    writes: tuple[Callable[[], object], ...] = (
        lambda: first.intend(an_intent("b")),
        lambda: first.intend(CANCEL),
        lambda: first.record(CANCEL),
    )
    for write in writes:
        with pytest.raises(JournalError):
            write()
    assert isinstance(first.failure, JournalFenced)
    assert second.intend(an_intent("b")) == 2
    second.close()
    first.close()


def test_P20_a_folder_that_cannot_be_written_gives_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(Path, "mkdir", read_only)
    with pytest.raises(JournalUnavailable, match=r"Read-only file system.*Nothing was sent"):
        opened(tmp_path / "new")
    monkeypatch.undo()
    monkeypatch.setattr("yunmin.execution.journal_lock.os.open", read_only)
    with pytest.raises(JournalUnavailable, match=r"Read-only file system.*Nothing was sent"):
        opened(tmp_path / "new")


def test_P20_no_more_open_files_gives_a_clear_error_and_holds_nothing(folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    opened(folder).close()
    top = max(int(name) for name in os.listdir("/dev/fd"))
    holes = [os.open(os.devnull, os.O_RDONLY)]  # below the highest, where the one who started us has left some
    while holes[-1] < top:
        holes.append(os.open(os.devnull, os.O_RDONLY))
    top = holes.pop()
    os.close(top)
    top -= 1
    try:
        for spare in range(3):
            resource.setrlimit(resource.RLIMIT_NOFILE, (top + 1 + spare, hard))
            with pytest.raises(JournalUnavailable, match="Nothing was sent"):
                opened(folder)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for hole in holes:
            os.close(hole)
    opened(folder).close()


def test_P20_a_file_layer_that_cannot_create_files_gives_a_clear_error(folder: Path) -> None:
    with pytest.raises(JournalUnavailable, match="Nothing was sent"):
        opened(folder, failing({}, "create", DiskError.IO))
    opened(folder).close()


def test_the_lock_says_in_plain_json_who_has_it(folder: Path) -> None:
    with opened(folder):
        holder = json.loads((folder / "journal.lock").read_text())
    assert holder == {"pid": os.getpid(), "host": socket.gethostname(), "since": "2026-01-01T00:00:00+00:00"}


def test_nobody_else_may_read_what_is_in_it(folder: Path) -> None:
    with opened(folder) as journal:
        journal.intend(an_intent("a"))
        others = {path.name: path.stat().st_mode & 0o077 for path in folder.iterdir()}
    assert others == dict.fromkeys((FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm", "journal.lock"), 0)


def test_P14_a_value_of_another_type_is_damage_wherever_it_is_read(folder: Path) -> None:
    with opened(folder) as journal:
        journal.set_last_trade_id("BTC/USDT", "1")
        journal._file._execute("UPDATE marks SET name = CAST(name AS BLOB)")
        with pytest.raises(JournalDamaged, match="Keep a copy"):
            journal.last_trade_ids()


def test_P14_a_snapshot_whose_checksum_fits_and_that_is_none_is_passed_over(folder: Path) -> None:
    with opened(folder) as journal:
        before = digest(journal.recover())
        journal.snapshot(journal.recover())
        body = b"no snapshot"
        journal._file._execute("UPDATE snapshots SET body = ?, body_chk = ?", (body, snapshot_check(body)))
        assert digest(journal.recover()) == before
