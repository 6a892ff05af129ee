"""The connector's benchmark runs; how fast it is, it shows by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*options: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.bench_connector", "--quick", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_it_measures_every_client_beside_the_raw_one() -> None:
    figures = json.loads(run("--json"))
    assert set(figures) == {"createOrder", "openOrders(100)", "myTrades(500)", "balance"}
    for call, clients in figures.items():
        assert {"raw aiohttp", "ccxt unified", "ccxt implicit", "ours"} <= set(clients), call
        assert clients["raw aiohttp"]["ratio"] == 1.0
        assert all(figure["cpu_us"] > 0 for figure in clients.values())
