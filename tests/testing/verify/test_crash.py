"""Lives that are killed: each crash point once, in the small size of `yunmin verify crash`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from yunmin.exchange import registry
from yunmin.testing.verify.crash import CrashReport, verify_crashes


@pytest.mark.skipif(sys.platform == "win32", reason="lives are forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_P1_to_P9_four_lives_that_were_killed_lose_no_order_and_double_none(tmp_path: Path) -> None:
    report = verify_crashes(registry.load("binance"), tmp_path / "account", cycles=4, seed=3)
    assert report.violations == ()
    assert sum(count for place, count in report.killed_at.items() if place != "not killed") >= 3
    assert report.orders > 0


def test_what_is_wrong_is_told_in_words() -> None:
    report = CrashReport(0, 1, {}, 1, 1, ("a",), ("b",), ("c",), ("d differs",), ("life 3 ended with 1",))
    assert report.violations == (
        "lost: a", "doubled: b", "unknown after heal: c", "d differs", "life 3 ended with 1",
    )  # fmt: skip
