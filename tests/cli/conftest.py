"""The command line, run as a user runs it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.err)
        return found


Run = Callable[..., Ran]


@pytest.fixture
def yunmin(venue_url: str) -> Run:
    """Run `yunmin` with these words; its local environment is the test's venue."""

    def run(*words: str, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "yunmin", *words],
            capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
            env={**os.environ, "BINANCE_BASE_URL": venue_url, "NO_COLOR": "1", **environment},
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return run
