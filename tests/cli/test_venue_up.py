"""`yunmin venue up`: comes up, says where, goes down cleanly."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request

import pytest


def start(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "yunmin", "venue", "up", "--port", "0", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop_and_then_exits_with_zero(how: signal.Signals) -> None:
    process = start("--json")
    assert process.stdout is not None
    announced = json.loads(process.stdout.readline())
    with urllib.request.urlopen(f"{announced['url']}/api/v3/ping", timeout=10) as answer:
        assert answer.read() == b"{}"
    process.send_signal(how)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    first = start("--json")
    assert first.stdout is not None
    port = json.loads(first.stdout.readline())["url"].rsplit(":", 1)[1]
    second = subprocess.run(
        [sys.executable, "-m", "yunmin", "venue", "up", "--port", port], capture_output=True, text=True, check=False
    )
    first.terminate()
    first.communicate(timeout=20)
    assert second.returncode == 3
    assert port in second.stderr
    assert "Traceback" not in second.stderr
