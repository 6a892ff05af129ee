"""What each public module offers is written down: a name that comes or goes shows in the diff."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("exports.txt")
MODULES = (
    "yunmin.errors",
    "yunmin.clock",
    "yunmin.core.data_contracts",
    "yunmin.core.indicators",
    "yunmin.core.context",
    "yunmin.core.order_lifecycle",
    "yunmin.core.order_tracker",
    "yunmin.core.position_manager",
    "yunmin.core.equity_curve",
    "yunmin.core.route_manager",
    "yunmin.core.strategy_base",
    "yunmin.core.tracker_state",
    "yunmin.exchange",
    "yunmin.exchange.registry",
    "yunmin.execution",
    "yunmin.execution",
    "yunmin.ccxt_bridge",
    "yunmin.config.configuration",
    "yunmin.config.layers",
    "yunmin.config.origins",
    "yunmin.config.plain_yaml",
    "yunmin.config.problems",
    "yunmin.config.secret_files",
    "yunmin.config.secrets",
    "yunmin.config.settings",
    "yunmin.connectors.binance_connector",
    "yunmin.connectors.binance_websocket",
    "yunmin.connectors.sync",
    "yunmin.strategy",
    "yunmin.testing",
    "yunmin_binance",
    "yunmin_binance.venue",
)


def offered() -> list[str]:
    return [f"{module}.{name}" for module in MODULES for name in sorted(importlib.import_module(module).__all__)]


def test_the_exports_are_those_that_are_written_down() -> None:
    assert offered() == LIST.read_text().split(), "if this is meant, write tests/house/exports.txt anew"


@pytest.mark.parametrize("module", MODULES)
def test_every_export_exists(module: str) -> None:
    loaded = importlib.import_module(module)
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []
