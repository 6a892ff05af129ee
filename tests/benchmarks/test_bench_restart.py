"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_trades_again_with_every_order_found() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_restart", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    row = json.loads(run.stdout)
    assert (row["open_orders"], row["records"]) == (300, 6_600)
    assert 0 < row["ready_s"] <= row["trading_s"]
