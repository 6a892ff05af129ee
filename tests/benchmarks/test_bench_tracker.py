"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def output_of(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.bench_tracker", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return run.stdout


def test_the_quick_run_prints_every_figure_beside_the_floor_and_the_goal() -> None:
    lines = output_of("--quick").splitlines()
    assert lines[0].split() == ["open", "yunmin", "floor", "ratio", "goal"]
    for what in ("apply", "with build", "lookup", "listing", "steady", "bytes per open order"):
        (line,) = [line for line in lines if line.startswith(what)]
        assert "x   ≤" in line


def test_the_json_has_one_object_per_figure() -> None:
    rows = json.loads(output_of("--quick", "--json"))
    assert len(rows) == 6
    for row in rows:
        assert set(row) == {"what", "open", "unit", "yunmin", "floor", "ratio", "goal"}
        assert row["yunmin"] >= 0
        assert row["floor"] >= 0
