"""The status file: whole or not at all, at most once a second, and clear about what it cannot read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from yunmin.clock import ManualClock
from yunmin.core.data_contracts.enums import CancelState, Certainty, OrderState, OrderType, Origin, Side
from yunmin.engine.status.run_look import Standing, look_at
from yunmin.engine.status.run_notes import RunPhase, StreamState
from yunmin.engine.status.run_status import OrderStatus, PositionStatus, RiskStatus, RunStatus, StreamStatus
from yunmin.engine.status.status_file import STATUS_NAME, StatusFile
from yunmin.errors import ConfigurationError
from yunmin.execution.journal_lock import JournalLock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
D = Decimal


def a_status(**changes: object) -> RunStatus:
    """A run of this process that trades."""
    import os
    import socket

    usual: dict[str, object] = {
        "world": "a world", "pid": os.getpid(), "host": socket.gethostname(), "phase": RunPhase.RUNNING, "why": "",
        "started_at": NOW, "at": NOW, "written_at": NOW, "takes_orders": True, "pauses": {},
        "stream": StreamStatus(state=StreamState.OPEN, since=NOW, why="", losses=0), "routes": (),
        "open_orders": (an_order(),), "uncertain": (), "positions": (a_position(),),
        "risk": RiskStatus(currency="USDT", equity=D("10000.10"), peak=None, drawdown=None, day_loss=None, locks=(),
                           refusals={}),
        "orders": {"OPEN": 1}, "fills": 3, "warnings": (),
    }  # fmt: skip
    return RunStatus.model_validate(usual | changes)


def an_order(name: str = "ym-1") -> OrderStatus:
    return OrderStatus(
        client_order_id=name, exchange_order_id="17", route=None, symbol="BTC/USDT", side=Side.BUY,
        order_type=OrderType.LIMIT, qty=D("1.50"), price=D(42000), filled_qty=D(0), average_price=None,
        state=OrderState.OPEN, certainty=Certainty.CONFIRMED, cancel_state=CancelState.NONE, origin=Origin.OWN,
        created_at=NOW,
    )  # fmt: skip


def a_position() -> PositionStatus:
    return PositionStatus(
        symbol="BTC/USDT", qty=D("0.1"), average_price=D(1) / D(3), mark_price=D(43000), unrealised=D("-1E-30"),
        realised=D("12.5"), fees={"BNB": D("0.001")}, fees_complete=True,
    )  # fmt: skip


@pytest.fixture
def wall() -> ManualClock:
    return ManualClock(NOW)


def test_what_is_written_is_read_back_to_the_last_digit(tmp_path: Path, wall: ManualClock) -> None:
    StatusFile(tmp_path, wall=wall).write(a_status())
    assert StatusFile(tmp_path, wall=wall).read() == a_status()
    written = json.loads((tmp_path / STATUS_NAME).read_text())
    assert written["positions"][0]["unrealised"] == "-0." + "0" * 29 + "1"
    assert (tmp_path / STATUS_NAME).stat().st_mode & 0o777 == 0o600


def test_offering_writes_at_most_once_a_second_and_makes_nothing_in_between(tmp_path: Path, wall: ManualClock) -> None:
    file, made = StatusFile(tmp_path, wall=wall), []

    def make() -> RunStatus:
        made.append(1)
        return a_status(fills=len(made))

    outcomes = []
    for _ in range(21):
        outcomes.append(file.offer(make))
        wall.advance(0.1)
    assert outcomes.count(True) == len(made) == 3
    read = file.read()
    assert read is not None
    assert read.fills == 3


def test_a_folder_that_cannot_be_written_ends_no_run(tmp_path: Path, wall: ManualClock) -> None:
    file = StatusFile(tmp_path / "not" / "there", wall=wall)
    assert file.offer(a_status)
    assert "No such file" in file.unwritten


def test_where_none_was_written_there_is_none(tmp_path: Path) -> None:
    assert StatusFile(tmp_path).read() is None


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "cut short": (lambda text: text[: len(text) // 2], "cut short"),
    "empty": (lambda _: "", "cut short"),
    "a list": (lambda _: "[]", "of format None"),
    "of a later version": (lambda text: text.replace('"format":1', '"format":2'), "of format 2"),
    "without a field": (lambda text: text.replace('"fills":3,', ""), "fills: Field required"),
    "not exact": (lambda text: text.replace('"12.5"', "12.5"), "an exact number is text"),
    "not finite": (lambda text: text.replace('"12.5"', '"NaN"'), "not a finite number"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_read_is_said_with_its_place(name: str, tmp_path: Path, wall: ManualClock) -> None:
    spoil, said = BROKEN[name]
    path = tmp_path / STATUS_NAME
    StatusFile(tmp_path, wall=wall).write(a_status())
    path.write_text(spoil(path.read_text()))
    with pytest.raises(ConfigurationError, match=said) as caught:
        StatusFile(tmp_path).read()
    assert str(path) in str(caught.value)


# --- seen from outside -----------------------------------------------------------------------------------------------


def looked(folder: Path, wall: ManualClock, **changes: object) -> Standing:
    StatusFile(folder, wall=wall).write(a_status(**changes))
    return look_at(folder, wall).standing


def a_dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_run_that_wrote_a_moment_ago_is_alive(tmp_path: Path, wall: ManualClock) -> None:
    assert looked(tmp_path, wall) is Standing.ALIVE


def test_a_run_whose_process_does_not_exist_is_gone_however_fresh_its_word(tmp_path: Path, wall: ManualClock) -> None:
    assert looked(tmp_path, wall, pid=a_dead_pid()) is Standing.GONE


def test_a_run_that_said_that_it_ended_has_ended(tmp_path: Path, wall: ManualClock) -> None:
    assert looked(tmp_path, wall, pid=a_dead_pid(), phase=RunPhase.ENDED) is Standing.ENDED


def test_a_run_that_holds_its_journal_and_says_nothing_is_silent(tmp_path: Path, wall: ManualClock) -> None:
    lock = JournalLock.take(tmp_path, NOW)
    assert looked(tmp_path, wall, written_at=NOW - timedelta(seconds=60)) is Standing.SILENT
    lock.release()


def test_another_process_under_the_same_number_that_does_not_hold_the_journal_is_not_the_run(
    tmp_path: Path, wall: ManualClock
) -> None:
    JournalLock.take(tmp_path, NOW).release()
    assert looked(tmp_path, wall, written_at=NOW - timedelta(seconds=60)) is Standing.GONE


def test_of_a_run_on_another_machine_only_its_word_is_known(tmp_path: Path, wall: ManualClock) -> None:
    far = {"host": "elsewhere", "pid": a_dead_pid()}
    assert looked(tmp_path, wall, **far) is Standing.ALIVE
    assert looked(tmp_path, wall, **far, written_at=NOW - timedelta(seconds=60)) is Standing.SILENT


def test_looking_makes_no_file(tmp_path: Path, wall: ManualClock) -> None:
    assert look_at(tmp_path, wall).standing is Standing.NEVER
    assert looked(tmp_path, wall, written_at=NOW - timedelta(seconds=60)) is Standing.GONE
    assert [each.name for each in tmp_path.iterdir()] == [STATUS_NAME]
