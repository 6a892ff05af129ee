"""Strategies by name and by file: what is found, and what is said when it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from yunmin.core.strategy_base import StrategyBase
from yunmin.errors import ConfigurationError
from yunmin.strategy import installed_strategies, load_strategy
from yunmin.strategy.builtin.ema_crossover import EmaCrossover
from yunmin.strategy.builtin.rsi_filter import RsiFilter

ONE = """
from dataclasses import dataclass

from yunmin.core.data_contracts import Decision, Side
from yunmin.strategy.builtin.ema_crossover import EmaCrossover
from yunmin.core.strategy_base import StrategyBase

@dataclass
class Memory:
    count: int = 0

class Mine(StrategyBase):
    size: int = 1
    def should_long(self) -> bool:
        return True
    def go_long(self) -> Decision:
        return self.enter(Side.BUY, qty=self.size)
"""
ANOTHER = """
class Yours(EmaCrossover):
    pass
"""


def a_file(folder: Path, text: str) -> Path:
    path = folder / "mine.py"
    path.write_text(text)
    return path


def test_those_that_come_with_yunmin_are_installed_and_found_by_name() -> None:
    assert {"ema_crossover", "rsi_filter"} <= set(installed_strategies())
    assert load_strategy("ema_crossover") is EmaCrossover
    assert load_strategy("rsi_filter") is RsiFilter


def test_a_file_is_loaded_by_path_and_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_file(tmp_path, ONE + ANOTHER)
    mine = load_strategy(f"{path}:Mine")
    assert issubclass(mine, StrategyBase)
    assert mine.parameters() == {"size": 1}
    monkeypatch.chdir(tmp_path)
    assert load_strategy("mine.py:Yours").__name__ == "Yours"


def test_the_class_need_not_be_named_where_the_file_has_one(tmp_path: Path) -> None:
    assert load_strategy(str(a_file(tmp_path, ONE))).__name__ == "Mine"


def test_a_file_that_was_changed_is_loaded_anew(tmp_path: Path) -> None:
    before = load_strategy(str(a_file(tmp_path, ONE)))
    after = load_strategy(str(a_file(tmp_path, ONE.replace("size: int = 1", "size: int = 22"))))
    assert (before.parameters(), after.parameters()) == ({"size": 1}, {"size": 22})


@pytest.mark.parametrize(
    ("text", "name", "complaint"),
    [
        (ONE + ANOTHER, "", r"has these strategies: Mine, Yours\. Nothing was started .* Name the one"),
        ("x = 1", "", "has these strategies: none"),
        (ONE, ":Mien", r"there is no Mien in .*mine\.py, which has Mine"),
        (ONE, ":Memory", "Memory in .* is no subclass of StrategyBase"),
        ("import nothing_like_it", ":Mine", "failed while it was loaded, at line 1: ModuleNotFoundError"),
        ("x = 1\n\n1 / 0", ":Mine", "at line 3: ZeroDivisionError: .* Mend the file; `python"),
        ("def broken(:", ":Mine", r"SyntaxError: .*mine\.py, line 1"),
        (ONE.replace("def go_long", "def went_long"), ":Mine", r"does not say go_long\. .* Define what is missing"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_what_to_do(
    tmp_path: Path, text: str, name: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint) as raised:
        load_strategy(f"{a_file(tmp_path, text)}{name}")
    assert "no order was sent" in str(raised.value)


def test_a_fault_of_the_file_is_chained(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as raised:
        load_strategy(str(a_file(tmp_path, "1 / 0")))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


def test_a_file_that_is_not_there_is_said_with_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no strategy file .*none\.py \(looked in "):
        load_strategy(str(tmp_path / "none.py:Mine"))
