"""The venue's benchmark runs, and what it counts is what was asked of it; how fast it is, it shows by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.bench_venue import engine_round, floor_round, script

ROOT = Path(__file__).parents[2]


def test_it_measures_each_way_in_and_out_beside_its_floor() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_venue", "--quick", "--json"]
    rows = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert [row["what"] for row in rows] == ["engine", "HTTP", "WebSocket", "events to 5", "100 open orders"]
    *measured, memory = rows
    assert all(row["per second"] > 0 and row["cpu_us"] > 0 and row["floor_us"] > 0 for row in measured)
    assert 10_000 < memory["bytes"] < 1_000_000


def test_the_engine_and_its_floor_are_given_the_same_work() -> None:
    steps = script(400)
    assert len(steps) == 400
    assert {what for what, _, _ in steps} == {"place", "cancel"}
    assert engine_round(steps) > 0
    assert floor_round(steps) > 0
