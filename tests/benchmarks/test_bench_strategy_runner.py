"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_measures_a_step_both_ways() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_strategy_runner", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    costs = json.loads(run.stdout)
    assert 0 < costs["direct"] < costs["through"] <= costs["through_p99"]
