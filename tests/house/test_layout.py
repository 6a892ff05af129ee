"""The rules of the house that can be read off the source."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted([*(ROOT / "yunmin").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")])
EXCHANGES = re.compile(r"binance|bybit|kraken|okx|coinbase|kucoin|bitget|bitfinex", re.IGNORECASE)
MODES = re.compile(r"\b(is_live|is_paper|is_backtest|is_backtesting|dry_run|is_dry_run|is_unit_testing|paper_mode)\b")
RAW_TIME_AND_CHANCE = {
    "time.time", "time.monotonic", "time.perf_counter", "time.sleep", "time.time_ns", "time.monotonic_ns",
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "asyncio.sleep",
    "uuid.uuid1", "uuid.uuid4", "os.urandom",
}  # fmt: skip
CHANCE_MODULES = {"random", "secrets", "uuid"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_sources_to_look_at() -> None:
    assert len(SOURCES) > 50


def test_imports_go_down_the_floors() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "yunmin")], ids=name_of)
def test_no_exchange_is_named_outside_the_front_doors(path: Path) -> None:
    if path.is_relative_to(ROOT / "yunmin" / "connectors"):
        return
    found = [line for line in path.read_text().splitlines() if EXCHANGES.search(line)]
    assert not found


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_function_asks_in_which_mode_it_runs(path: Path) -> None:
    assert not MODES.findall(path.read_text())


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_time_and_chance_come_from_the_clock_module_alone(path: Path) -> None:
    if path == ROOT / "yunmin" / "clock.py":
        return
    tree = ast.parse(path.read_text())
    assert not set(imported_modules(tree)) & CHANCE_MODULES
    assert not set(called_names(tree)) & RAW_TIME_AND_CHANCE


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_it_is_for_and_what_it_offers(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "a module opens with a sentence"
    made = [node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
    if not path.name.startswith("test_") and any(not node.name.startswith("_") for node in made):
        assert "__all__" in path.read_text(), "a module that offers something lists it"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_ccxt_is_imported_through_its_one_door(path: Path) -> None:
    imported = {module.split(".")[0] for module in imported_modules(ast.parse(path.read_text()))}
    if not path.is_relative_to(ROOT / "yunmin" / "ccxt_bridge"):
        assert "ccxt" not in imported


def test_the_checks_above_can_fail() -> None:
    tree = ast.parse("import random\nfrom time import sleep\nimport asyncio\nasyncio.sleep(1)\n")
    assert set(imported_modules(tree)) & CHANCE_MODULES
    assert set(called_names(tree)) & RAW_TIME_AND_CHANCE
    assert set(called_names(ast.parse("from datetime import datetime\ndatetime.now()"))) & RAW_TIME_AND_CHANCE
    assert EXCHANGES.search("a Binance order")
    assert MODES.search("if self.is_live:")


def imported_modules(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def called_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            yield ".".join(ast.unparse(node.func).split(".")[-2:])
