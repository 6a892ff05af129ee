"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_quick_run_tells_every_size_plain_and_compressed() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_fanout", "--quick", "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    rows = json.loads(run.stdout)
    assert [(row["subscribers"], row["compressed"]) for row in rows] == [
        (1, False),
        (10, False),
        (100, False),
        (100, True),
    ]
    assert [row["events"] for row in rows] == [100, 1000, 10_000, 10_000]
    assert all(row["events per second"] > 0 for row in rows)
