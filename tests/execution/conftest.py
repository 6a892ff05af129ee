"""A journal in a folder of its own, and the entries of an order's life."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.execution.world import Play, live
from yunmin.clock import ManualClock
from yunmin.execution.order_journal import OrderJournal


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "account"


@pytest.fixture
def journal(folder: Path, clock: ManualClock) -> Iterator[OrderJournal]:
    with OrderJournal.open(folder, clock=clock) as opened:
        yield opened


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return lambda scenario: live(tmp_path, scenario)
