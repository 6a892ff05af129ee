"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_measures_the_wire_and_paper() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_run", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    found = json.loads(run.stdout)
    wire = found["wire"]
    assert wire["turns"] == 5
    assert wire["raw_cpu_us"] > 0
    assert wire["cpu_us"] > 0
    assert wire["wall_us"] > 0
    assert [row["where"] for row in found["paper"]] == ["on the disk", "in memory"]
    assert {row["candles"] for row in found["paper"]} == {135}
    assert len({row["orders"] for row in found["paper"]}) == 1
    assert all(row["orders"] > 0 and row["candles_per_s"] > 0 for row in found["paper"])
