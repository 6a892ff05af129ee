"""Lives that are killed: each crash point once, in the small size of `yunmin verify crash`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from yunmin.exchange import registry
from yunmin.testing.verify import crash
from yunmin.testing.verify.crash import CrashReport, verify_crashes


@pytest.mark.skipif(sys.platform == "win32", reason="lives are forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_P1_to_P9_four_lives_that_were_killed_lose_no_order_and_double_none(tmp_path: Path) -> None:
    report = verify_crashes(registry.load("binance"), tmp_path / "account", cycles=4, seed=3)
    assert report.violations == ()
    assert sum(count for place, count in report.killed_at.items() if place != "not killed") >= 3
    assert report.orders > 0


@pytest.mark.skipif(sys.platform == "win32", reason="lives are forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("intensity", "told"), [(0.0, ("life 0 did not come to trade within 0 s, in fair weather",)), (0.6, ())]
)
def test_a_life_that_takes_long_to_start_is_killed_and_in_fair_weather_that_is_told(
    intensity: float, told: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crash, "_LONGEST_START", 0.0)
    monkeypatch.setattr(crash, "_WEATHER", (intensity,))
    report = verify_crashes(registry.load("binance"), tmp_path / "account", cycles=1, seed=3)
    assert report.killed_at == {"a start that took long": 1}
    assert report.violations == told


@pytest.mark.parametrize(
    ("place", "code", "intensity", "told"),
    [
        ("an end that took long", -9, 0.0, ["life 7 did not end within 20 s, in fair weather"]),
        ("an end that took long", -9, 0.3, []),
        ("any moment", -9, 0.0, []),
        ("before_send", 0, 0.0, []),
        ("before_send", 1, 0.6, ["life 7 ended with 1"]),
        ("any moment", -11, 0.0, ["life 7 ended with -11"]),
    ],
)
def test_a_life_that_does_not_end_as_it_should_is_told(
    place: str, code: int, intensity: float, told: list[str]
) -> None:
    assert list(crash._what_is_wrong_with(crash._End(place, code), 7, intensity)) == told


def test_what_is_wrong_is_told_in_words() -> None:
    report = CrashReport(0, 1, {}, 1, 1, ("a",), ("b",), ("c",), ("d differs",), ("life 3 ended with 1",))
    assert report.violations == (
        "lost: a", "doubled: b", "unknown after heal: c", "d differs", "life 3 ended with 1",
    )  # fmt: skip
