"""The skeleton of an adapter: a copy of it is one that loads, says what it is, and refuses politely."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from yunmin.clock import SystemClock
from yunmin.errors import ConfigurationError
from yunmin.exchange import (
    AdapterPlugin,
    Capability,
    ConnectionWish,
    ConnectorConfig,
    Credentials,
    Environment,
    ExchangeConnector,
    registry,
)
from yunmin.testing.conformance import AdapterConformance

TEMPLATE = Path(__file__).parents[2] / "adapters" / "_template"
CREDENTIALS = Credentials.of("key", "secret")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A renamed copy, as its author would make it."""
    copy = tmp_path / "copied"
    shutil.copytree(TEMPLATE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "yunmin_template").rename(copy / "yunmin_copied")
    for path in copy.rglob("*.py"):
        text = path.read_text().replace("yunmin_template", "yunmin_copied").replace("TEMPLATE_", "COPIED_")
        path.write_text(text.replace('"template"', '"copied"'))
    monkeypatch.syspath_prepend(str(copy))
    monkeypatch.chdir(tmp_path)
    yield copy
    registry.unregister("copied")
    for name in [name for name in sys.modules if name.startswith("yunmin_copied")]:
        del sys.modules[name]


@pytest.fixture
def plugin(folder: Path) -> AdapterPlugin:
    registry.register(importlib.import_module("yunmin_copied").ADAPTER)
    return registry.load("copied")


def a_connector(plugin: AdapterPlugin) -> ExchangeConnector:
    config = ConnectorConfig(base_url="http://127.0.0.1:9", credentials=CREDENTIALS)
    return plugin.connector(config, SystemClock())


def test_a_copy_is_found_under_its_own_name(plugin: AdapterPlugin) -> None:
    assert "copied" in registry.installed()
    assert plugin.traits().name == plugin.name == "copied"
    assert set(plugin.traits().support) == set(Capability), "each capability is to be thought about"


def test_loading_it_loads_no_connector(folder: Path) -> None:
    code = "import sys, yunmin_copied; sys.exit('yunmin_copied.connector' in sys.modules or 'ccxt' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


async def test_its_connector_is_made_and_says_what_is_missing(plugin: AdapterPlugin) -> None:
    """The name of the exchange is the first thing to fill in, and the error says so."""
    connector = a_connector(plugin)
    with pytest.raises(ConfigurationError, match="call connect"):
        await connector.fetch_account()
    with pytest.raises(ConfigurationError, match="no exchange named 'yourexchange'"):
        await connector.connect()
    await connector.close()


def test_it_reads_its_own_variables(plugin: AdapterPlugin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPIED_API_KEY", "a-key")
    monkeypatch.setenv("COPIED_API_SECRET", "a-secret")
    config = plugin.configure(ConnectionWish())
    assert config.environment is Environment.TESTNET
    assert config.credentials == Credentials.of("a-key", "a-secret")
    assert "a-secret" not in repr(config)
    with pytest.raises(ConfigurationError):
        plugin.configure(ConnectionWish(environment="nowhere"))
    assert plugin.configure(ConnectionWish(credentials=CREDENTIALS)).credentials == CREDENTIALS


def test_its_test_file_inherits_the_whole_suite(plugin: AdapterPlugin, folder: Path) -> None:
    module = importlib.import_module("test_conformance")
    suites = [found for found in vars(module).values() if isinstance(found, type) and found is not AdapterConformance]
    played = [suite for suite in suites if issubclass(suite, AdapterConformance)]
    assert [suite.adapter for suite in played] == ["copied", "copied"]


def test_it_is_fully_typed(folder: Path) -> None:
    pytest.importorskip("mypy")
    environment = {**os.environ, "MYPYPATH": str(TEMPLATE)}
    root = TEMPLATE.parents[1]
    command = [sys.executable, "-m", "mypy", "--strict", "--package", "yunmin_template"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
