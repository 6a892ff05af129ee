"""The streams' benchmark runs; how fast they are, it shows by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_report_of_a_flood_is_delivered_to_us() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.bench_streams", "--quick", "--json"]
    figures = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert set(figures["latency"]) == {"100/s", "1000/s", "5000/s"}
    for clients in figures["cpu"].values():
        assert set(clients) == {"raw aiohttp", "ccxt.pro", "ours, an item", "ours, a listener"}
        for name in ("raw aiohttp", "ours, an item", "ours, a listener"):
            assert clients[name]["delivered"] == clients[name]["of"], name
