"""From a name to a plugin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from yunmin.errors import ConfigurationError
from yunmin.exchange import AdapterPlugin, registry


@dataclass(frozen=True)
class FakeDistribution:
    name: str


@dataclass(frozen=True)
class FakeEntryPoint:
    name: str
    value: str
    dist: FakeDistribution
    found: Any = None

    def load(self) -> Any:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def plugin() -> AdapterPlugin:
    return replace(registry.load("binance"), name="other")


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    yield
    registry.unregister("other")


def with_entry_points(monkeypatch: pytest.MonkeyPatch, *points: FakeEntryPoint) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda group: [p for p in points if group == "yunmin.adapters"])


def test_an_unknown_name_lists_what_is_installed() -> None:
    with pytest.raises(ConfigurationError, match=r"no adapter named 'nowhere'.*installed: binance"):
        registry.load("nowhere")


def test_with_nothing_installed_it_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry_points(monkeypatch)
    with pytest.raises(ConfigurationError, match="installed: none"):
        registry.load("binance")


def test_two_distributions_under_one_name_are_both_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry_points(
        monkeypatch,
        FakeEntryPoint("twin", "a:ADAPTER", FakeDistribution("first-dist")),
        FakeEntryPoint("twin", "b:ADAPTER", FakeDistribution("second-dist")),
    )
    with pytest.raises(ConfigurationError, match=r"first-dist.*second-dist"):
        registry.load("twin")


def test_an_import_failure_is_chained_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = FakeEntryPoint("broken", "x:ADAPTER", FakeDistribution("broken-dist"), ImportError("no module named y"))
    with_entry_points(monkeypatch, broken)
    with pytest.raises(ConfigurationError, match=r"broken-dist.*no module named y") as caught:
        registry.load("broken")
    assert isinstance(caught.value.__cause__, ImportError)


def test_something_that_is_no_plugin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with_entry_points(monkeypatch, FakeEntryPoint("odd", "x:THING", FakeDistribution("odd-dist"), object()))
    with pytest.raises(ConfigurationError, match="is no AdapterPlugin"):
        registry.load("odd")


def test_a_notebook_can_register_its_own(plugin: AdapterPlugin) -> None:
    registry.register(plugin)
    assert registry.load("other") is plugin
    assert "other" in registry.installed()
    registry.unregister("other")
    registry.unregister("other")
    assert "other" not in registry.installed()
