"""A process that trades on paper is killed in the middle of it: whatever it had told anybody is in its file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.paper_bench import SYMBOL, Paper
from yunmin.simulation.paper_file import PaperFile

ROOT = Path(__file__).parents[2]

LIFE = """
import sys
from pathlib import Path
from tests.simulation.paper_bench import Paper
from yunmin.simulation.paper_file import PaperFile

paper = Paper(file=PaperFile(Path(sys.argv[1])))
paper.trade("100")
for number in range(1_000_000):
    paper.clock.advance(1)
    placed = paper.send("BUY", "0.1", "99", name=f"order-{number}")
    print("placed", placed.update.client_order_id, flush=True)
    if number % 3 == 0:
        paper.cancel(placed)
        print("cancelled", placed.update.client_order_id, flush=True)
    elif number % 3 == 1:
        paper.trade("98.5", "1")
        print("filled", placed.update.client_order_id, flush=True)
    paper.trade("100")
"""
ENDS = {"cancelled": "CANCELLED", "filled": "FILLED"}


@pytest.mark.parametrize("lines", [1, 7, 60])
def test_what_was_told_before_a_kill_is_there_after_it(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "paper.json"
    with subprocess.Popen(
        [sys.executable, "-c", LIFE, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().split() for _ in range(lines)]
        process.kill()
        told += [line.split() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    state = PaperFile(path).load()
    assert state is not None
    found = {one["client_order_id"]: one["state"] for one in state["orders"].values()}
    assert len(told) >= lines
    for what, client_order_id in told:
        assert client_order_id in found
        if what in ENDS:
            assert found[client_order_id] == ENDS[what]
    assert Paper(state=state).exchange.audit().ok
    assert {one["symbol"] for one in state["orders"].values()} == {SYMBOL}
