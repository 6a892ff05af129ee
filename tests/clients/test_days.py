"""The light clients live their day in every run of the tests; the rest do in `make clients`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.clients.day_of import day_of
from tests.clients.run_all import _told, main
from tests.clients.table import CLIENTS, LIGHT, ROWS, SETTINGS, STEPS, Client, Row

LIAR = """
import json, sys
for step in {steps}:
    print("a client's own chatter")
    claims = dict(markets=[], trades=[], book=None, orders={{}}, fills={{}}, balances={{}}, code=None)
    print(json.dumps({{"step": step, "status": "ok", "saw": "all is well", "claims": claims}}), flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("name", LIGHT)
async def test_an_unmodified_client_lives_its_day(name: str) -> None:
    client = CLIENTS[name]
    # this environment has ccxt already
    rows = await day_of(client, python=sys.executable if client.environment == "ccxt" else None)
    assert [row for row in rows if row.status == "failed"] == []
    done = {row.step for row in rows if row.status == "ok"}
    assert done == {step.name for step in ROWS} - set(client.cannot)


async def test_a_client_that_says_all_is_well_and_does_nothing_fails_where_it_should_have_done_something(
    tmp_path: Path,
) -> None:
    script = tmp_path / "liar.py"
    script.write_text(LIAR.format(steps=[step.name for step in STEPS]))
    rows = await day_of(Client("liar", "1", "ccxt", str(script)), python=sys.executable)
    assert {row.step for row in rows if row.status == "failed"} == {step.name for step in (SETTINGS, *STEPS)}


async def test_a_client_that_went_elsewhere_is_told_of(tmp_path: Path) -> None:
    script = tmp_path / "stray.py"
    script.write_text("import socket; socket.create_connection(('192.0.2.1', 443), timeout=5)")
    rows = await day_of(Client("stray", "1", "ccxt", str(script)), python=sys.executable)
    assert (rows[-1].status, rows[-1].saw) == ("failed", "was on its way to 192.0.2.1")


async def test_a_client_without_settings_whose_script_ends_early_fails_at_every_step(tmp_path: Path) -> None:
    script = tmp_path / "short.py"
    script.write_text("import sys; sys.exit('gone')")
    first, *rows, stayed = await day_of(Client("short", "1", "ccxt", str(script)), python=sys.executable)
    assert (first.step, first.status, first.saw) == ("settings", "failed", "no settings are printed for it")
    assert {(row.status, row.trace.strip()) for row in rows} == {("failed", "gone")}
    assert [row.step for row in rows] == [step.name for step in STEPS]
    assert (stayed.step, stayed.status) == ("stayed", "ok")


def test_the_table_has_a_cell_for_every_step_and_counts_what_is_in_them() -> None:
    client = CLIENTS["ccxt"]
    rows = [Row("ccxt", step.name, "n/a" if step.name in client.cannot else "ok", step.title) for step in ROWS]
    rows[1] = Row("ccxt", ROWS[1].name, "failed", "two\nlines")
    told = _told([client], rows)
    assert "| markets | FAILED |" in told
    assert "  FAILED  markets                         two lines\n" in told
    assert told.endswith(f"{len(ROWS) - 1 - len(client.cannot)} ok, 5 not to be done by the client, 1 failed\n")


def test_a_client_that_there_is_not_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "ccxt,nobody"])
    assert ended.value.code == 2
    assert "no such client: nobody" in capsys.readouterr().err
