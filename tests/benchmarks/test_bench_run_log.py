"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_measures_both_formats() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_run_log", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    rows = json.loads(run.stdout)
    assert [row["format"] for row in rows] == ["json", "console"]
    assert all(row["taken"] > 0 and row["below"] > 0 for row in rows)
