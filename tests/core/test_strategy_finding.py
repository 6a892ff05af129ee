"""Installed strategies by name: what is found, and what is said when it is not."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from yunmin.core import strategy_finding
from yunmin.core.strategy_finding import installed_strategies, load_installed_strategy
from yunmin.errors import ConfigurationError


def test_those_that_come_with_yunmin_are_found() -> None:
    assert load_installed_strategy("rsi_filter").__name__ == "RsiFilter"


def test_an_unknown_name_is_said_with_those_that_are_installed() -> None:
    with pytest.raises(
        ConfigurationError, match=r"'ema_cross'; installed: .*ema_crossover.*load_strategy with a file: path"
    ):
        load_installed_strategy("ema_cross")


def test_two_under_one_name_an_import_that_fails_and_what_is_no_strategy_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    points = [
        EntryPoint("twice", "one:A", strategy_finding.ENTRY_POINT_GROUP),
        EntryPoint("twice", "other:B", strategy_finding.ENTRY_POINT_GROUP),
        EntryPoint("lost", "no_such_module:A", strategy_finding.ENTRY_POINT_GROUP),
        EntryPoint("other", "pathlib:Path", strategy_finding.ENTRY_POINT_GROUP),
    ]
    monkeypatch.setattr(strategy_finding, "_entry_points", lambda: points)
    assert installed_strategies() == ("lost", "other", "twice")
    for name, complaint in (
        ("twice", r"two strategies .*one:A.* and .*other:B"),
        ("lost", "failed to import: ModuleNotFoundError"),
        ("other", "pathlib:Path .* is no subclass"),
    ):
        with pytest.raises(ConfigurationError, match=complaint):
            load_installed_strategy(name)
