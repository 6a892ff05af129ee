"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_measures_every_way_to_the_wire() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_executor", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    rows = json.loads(run.stdout)
    assert [(row["sender"], row["open_orders"]) for row in rows] == [
        ("account with its journal", 0),
        ("account with its journal", 10),
        ("connector alone", 0),
        ("connector alone", 10),
    ]
    assert all(0 < row["call_us"] <= row["to_wire_us"] for row in rows)
