"""`yunmin status`, `positions` and `orders`: while a run goes, after it ended, and after it was killed."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.conftest import Ran
from tests.engine.a_run import SYMBOL, ARun, a_run, a_venue
from tests.engine.status.test_status_file import a_dead_pid, a_status
from yunmin.cli.app import app
from yunmin.clock import SystemClock
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import OrderState, Side
from yunmin.engine.status.run_notes import RunPhase
from yunmin.engine.status.status_file import StatusFile
from yunmin.execution import Placed

D = Decimal
Shown = Callable[..., Ran]

PROGRAM = """
import asyncio, sys
from pathlib import Path
from tests.engine.a_run import a_run
from yunmin.core.data_contracts.decision import Decision
from yunmin.engine.status.status_file import StatusFile

class Elsewhere:
    url = sys.argv[2]

async def main():
    folder = Path(sys.argv[1])
    async with a_run(Elsewhere(), folder) as run:
        placed = run.decide(Decision.enter("BNB/USDT", "BUY", qty="1", price="250"))
        await run.until(lambda: placed.order.state == "OPEN")
        StatusFile(folder).write(run.status())
        print("trading", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def yunmin(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shown:
    """Run `yunmin` with these words in a folder without settings; in this process, beside a running loop."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        done = CliRunner().invoke(app, words, env={"NO_COLOR": "1"})
        return Ran(done.exit_code, done.stdout, done.stderr)

    return run


@contextmanager
def watching(*words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "yunmin", "status", "--watch", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    with process:
        try:
            yield process
        finally:
            process.kill()


async def holding(run: ARun) -> None:
    """Half a coin is held, a buy rests, the market is at 310."""
    run.others("SELL", "0.5", "300")
    entered = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="0.5", price="300", reason="it rises"))
    assert isinstance(entered, Placed)
    await run.filled(entered.order.client_order_id)
    resting = run.decide(Decision.enter(SYMBOL, Side.BUY, qty="1", price="250", reason="it may fall"))
    assert isinstance(resting, Placed)
    await run.until(lambda: resting.order.state is OrderState.OPEN)
    run.price("310")


# --- while it runs ---------------------------------------------------------------------------------------------------


async def test_a_running_run_is_shown_beside_the_process_that_holds_its_journal(yunmin: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    async with a_venue() as venue, a_run(venue, folder) as run:
        await holding(run)
        StatusFile(folder).write(run.status())
        shown, as_json = yunmin("status", str(folder)), yunmin("status", str(folder), "--json")
        positions, orders = yunmin("positions", str(folder), "--json"), yunmin("orders", str(folder), "--json")
    assert shown.code == 0, shown.err
    for expected in (f"running, process {os.getpid()}", "it may fall", "BNB/USDT", "PLACED", "250", "takes orders"):
        assert expected in shown.out
    assert (as_json.json["standing"], as_json.json["status"]["fills"]) == ("ALIVE", 1)
    (position,), (order,) = positions.json["positions"], orders.json["orders"]
    assert (D(position["qty"]), D(position["mark_price"])) == (D("0.4995"), D(310))
    assert D(position["unrealised"]) == D("0.4995") * 10
    assert (order["state"], order["route"]) == ("OPEN", run.route.name)


async def test_orders_are_the_journals_word_and_all_of_them_on_demand(yunmin: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    async with a_venue() as venue, a_run(venue, folder) as run:
        await holding(run)
        some, every = yunmin("orders", str(folder), "--json"), yunmin("orders", str(folder), "--all", "--json")
        table = yunmin("orders", str(folder), "--all")
    assert [each["state"] for each in some.json["orders"]] == ["OPEN"]
    assert sorted(each["state"] for each in every.json["orders"]) == ["FILLED", "OPEN"]
    assert "2 orders" in table.out
    assert f"record {every.json['seq']} of its journal" in table.out
    assert "no run has written its status here" in table.out


# --- when none runs --------------------------------------------------------------------------------------------------


async def test_after_the_end_the_books_are_read_from_the_folder_alone(yunmin: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    async with a_venue() as venue:
        async with a_run(venue, folder) as run:
            await holding(run)
            status = run.status()
            held = run.executor.positions.position(SYMBOL)
        run.notes.ended("its time is over")
        StatusFile(folder).write(status.model_copy(update={"phase": run.notes.phase, "why": run.notes.why}))
    before = {each: each.read_bytes() for each in folder.iterdir()}
    shown, positions = yunmin("status", str(folder)), yunmin("positions", str(folder), "--json")
    assert shown.code == 0
    assert "its time is over" in shown.out
    (position,) = positions.json["positions"]
    assert (D(position["qty"]), D(position["realised"])) == (held.qty, held.realised)
    assert {each: each.read_bytes() for each in folder.iterdir() if each in before} == before


async def test_positions_outlive_the_orders_that_the_journal_still_has(yunmin: Shown, tmp_path: Path) -> None:
    folder = tmp_path / "a"
    async with a_venue() as venue, a_run(venue, folder) as run:
        await holding(run)
    (folder / "executor.json").unlink()
    of_orders = yunmin("positions", str(folder), "--json")
    (folder / "executor.json").write_text('{"format": 1, "account": {}}')
    spoilt = yunmin("positions", str(folder), "--json")
    assert D(of_orders.json["positions"][0]["qty"]) == D("0.4995")
    assert spoilt.code == 3
    assert "executor.json" in spoilt.error["message"]


async def test_a_run_that_was_killed_is_told_from_one_that_ended_and_its_journal_is_shown(
    yunmin: Shown, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    async with a_venue() as venue:
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(folder), venue.url], stdout=subprocess.PIPE, text=True
        )
        with program:
            try:
                assert program.stdout is not None
                assert await asyncio.to_thread(program.stdout.readline) == "trading\n"
                before = yunmin("status", str(folder), "--json")
            finally:
                program.kill()
    after, table = yunmin("status", str(folder), "--json"), yunmin("status", str(folder))
    assert (before.code, before.json["standing"]) == (0, "ALIVE")
    assert (after.code, after.json["standing"]) == (1, "GONE")
    assert [each["state"] for each in after.json["journal"]["open_orders"]] == ["OPEN"]
    assert "gone without saying goodbye" in table.out
    assert "it reconciles" in table.out


def test_a_folder_that_is_none_and_one_without_a_journal_are_named(yunmin: Shown, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for command in ("status", "positions", "orders"):
        for name in ("missing", "empty"):
            refused = yunmin(command, name, "--json")
            assert (refused.code, name in refused.error["message"]) == (3, True), refused


# --- which folder ----------------------------------------------------------------------------------------------------


def test_without_a_folder_the_newest_of_the_account_and_the_latest_run_is_shown_and_named(
    yunmin: Shown, tmp_path: Path
) -> None:
    nothing = yunmin("status", "--json")
    assert nothing.code == 3
    assert "yunmin run" in nothing.error["message"]
    account, run = tmp_path / "accounts" / "main", tmp_path / "runs" / "20260101T000000Z-local"
    for folder in (account, run):
        folder.mkdir(parents=True)
        StatusFile(folder).write(a_status(world=folder.name, phase=RunPhase.ENDED))
    os.utime(account / "status.json", (1, 1))
    only_the_account = yunmin("status", "--json")
    assert only_the_account.json["folder"] == str(account)
    (tmp_path / "runs" / "latest").write_text(f"{run.name}\n")
    assert yunmin("status", "--json").json["folder"] == str(run)
    assert str(run) in yunmin("status").out
    os.utime(run / "status.json", (0, 0))
    assert yunmin("status", "--json").json["status"]["world"] == "main"


# --- going on --------------------------------------------------------------------------------------------------------


def test_watching_prints_one_object_per_change_until_ctrl_c(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.write(a_status(fills=1, written_at=SystemClock().now()))
    with watching(str(tmp_path), "--json") as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        file.write(a_status(fills=1, written_at=SystemClock().now()))  # a second has passed, and nothing happened
        file.write(a_status(fills=2, written_at=SystemClock().now()))
        second = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=30)
    assert (first["status"]["fills"], second["status"]["fills"]) == (1, 2)
    assert (process.returncode, rest, errors) == (0, "", "")


def test_watching_prints_a_line_when_the_run_dies(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.write(a_status(written_at=SystemClock().now()))
    with watching(str(tmp_path)) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        file.write(a_status(pid=a_dead_pid(), written_at=SystemClock().now()))
        second = process.stdout.readline()
    assert "ALIVE RUNNING | 1 open | 3 fills | BTC/USDT 0.1 | equity 10000.1 USDT" in first
    assert "GONE" in second


def test_on_a_terminal_the_view_is_redrawn_in_place(tmp_path: Path) -> None:
    file = StatusFile(tmp_path)
    file.write(a_status(fills=4711, written_at=SystemClock().now()))
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "yunmin", "status", "--watch", str(tmp_path)],
        stdout=theirs, stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "60"},
    )  # fmt: skip
    os.close(theirs)
    with process:
        try:
            drawn = _until(ours, b"4711 in this run", b"BTC/USDT")
            file.write(a_status(fills=4712, written_at=SystemClock().now()))
            redrawn = _until(ours, b"4712 in this run")
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        finally:
            process.kill()
            os.close(ours)
    assert b"\x1b[?25l" in drawn  # no cursor in it
    assert b"\x1b[" in redrawn  # the cursor goes back up
    assert (process.returncode, errors) == (0, b"")


def _until(descriptor: int, *wanted: bytes) -> bytes:
    read = b""
    while not all(each in read for each in wanted):
        piece = os.read(descriptor, 65536)
        assert piece, read
        read += piece
    return read
