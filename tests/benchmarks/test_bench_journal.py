"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_has_every_figure_beside_its_floors_and_goal() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_journal", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    rows = json.loads(run.stdout)
    written = {row["what"]: row for row in rows[:3]}
    assert set(written) == {"intent", "fill", "fill in a batch"}
    for row in written.values():
        assert min(row["yunmin"], row["sqlite"], row["append"], row["p99"]) > 0
    recovery, snapshot = rows[3:]
    assert recovery["what"].startswith("open and recover (500 open")
    assert snapshot["what"].startswith("snapshot")
    assert recovery["yunmin"] >= recovery["parts"]["open"] > 0
    assert all(row["goal"] > 0 for row in rows)
