"""The benchmark runs and says what it promises to say; what it measures is never judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import bench_routes

ROOT = Path(__file__).parents[2]


def output_of(*arguments: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.bench_routes", "--quick", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


def test_the_quick_run_has_a_row_for_every_load_and_indicator() -> None:
    lines = output_of().splitlines()
    assert lines[0].split() == ["what", "yunmin", "floor", "decisions", "peak", "MB", "unit"]
    for what in ("1 route", "10 routes", "100 routes", "100 on one symbol", "ema streamed", "ema series"):
        assert len([line for line in lines if line.startswith(f"{what} ")]) == 1


def test_the_json_has_one_object_per_row() -> None:
    rows = json.loads(output_of("--json"))
    assert len(rows) == 10
    assert all(row["yunmin"] > 0 and row["unit"] in {"candles a second", "updates a second"} for row in rows)


def test_routes_decide_what_the_same_rule_by_hand_decides() -> None:
    load = bench_routes.Load("3 routes", 3, 1)
    ours, floor = bench_routes.through_routes(load, 500), bench_routes.by_hand(load, 500)
    assert ours["decisions"] == floor["decisions"] > 20
