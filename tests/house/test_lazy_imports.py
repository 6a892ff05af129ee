"""What must not be loaded before it is needed: ccxt costs seconds and a hundred megabytes."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("ccxt", "polars", "aiohttp", "yunmin_binance.connector", "yunmin_binance.venue")


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint('\\n'.join(sys.modules))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import yunmin",
        "import yunmin.cli.app",
        "from yunmin.core.order_tracker import OrderTracker",
        "from yunmin.exchange import registry; registry.load('binance').traits()",
        "from yunmin.ccxt_bridge import CcxtConnector",
        "from yunmin.connectors.binance_connector import BinanceConnector; BinanceConnector()",
    ],
)
def test_ccxt_is_not_imported_by(code: str) -> None:
    assert "ccxt" not in modules_after(code)


def test_the_help_text_needs_none_of_the_heavy_modules() -> None:
    code = """
from typer.testing import CliRunner
from yunmin.cli.app import app
assert CliRunner().invoke(app, ["--help"]).exit_code == 0
"""
    assert not modules_after(code) & set(HEAVY)


@pytest.mark.parametrize(
    "code", ["import yunmin.cli.app", "import yunmin.config.settings", "import yunmin.engine.status.run_look"]
)
def test_neither_settings_nor_a_status_load_what_trades(code: str) -> None:
    trades = {"yunmin.execution.account", "yunmin.execution.executor", "yunmin.engine.session", "structlog"}
    assert not modules_after(code) & trades


@pytest.mark.parametrize("package", ["yunmin.engine", "yunmin.execution"])
def test_a_package_that_loads_its_modules_late_has_each_name_and_no_others(package: str) -> None:
    code = f"""
import {package} as it
assert it.__all__ and all(hasattr(it, name) for name in it.__all__), it.__all__
assert set(it.__all__) <= set(dir(it))
assert not hasattr(it, "Nothing")
"""
    modules_after(code)


def test_loading_a_plugin_loads_neither_its_connector_nor_its_venue() -> None:
    loaded = modules_after("from yunmin.exchange import registry; registry.load('binance')")
    assert "yunmin_binance" in loaded
    assert not loaded & {"yunmin_binance.connector", "yunmin_binance.venue"}


def test_connecting_loads_one_exchange_of_ccxt_and_no_other() -> None:
    loaded = modules_after("from yunmin.ccxt_bridge.loading import exchange_class; exchange_class('binance')")
    exchanges = {name for name in loaded if name.startswith("ccxt.async_support.") and name.count(".") == 2}
    assert exchanges - {"ccxt.async_support.base"} == {"ccxt.async_support.binance"}
