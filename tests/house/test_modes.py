"""Where a run trades is decided once: whoever else asked would behave otherwise with real money than he was tested."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.test_layout import ROOT, imported_modules, name_of

SOURCES = sorted((ROOT / "yunmin").rglob("*.py"))

MAY_COMPARE_ENVIRONMENTS = {
    "yunmin/exchange/config.py": "real money needs consents, and has no address and no pace of its own",
    "yunmin/config/configuration.py": "the settings' own consent",
    "yunmin/cli/connection.py": "the command's own consent",
    "yunmin/engine/worlds/exchange_world.py": "the consents are asked for before anything is made",
    "yunmin/engine/worlds/paper_world.py": "a world of the assembly: prices of now have to come from somewhere",
    "yunmin/execution/risk_manager.py": "with real money every limit is mandatory",
    "yunmin/execution/key_check.py": "a key that may withdraw does not trade real money",
    "yunmin/testing/conformance/suite.py": "it judges an adapter in each environment, and trades in none",
    "yunmin/testing/provenance.py": "it names where a cassette is from",
}
MAY_KNOW_THE_MODE = {"yunmin/engine/assembly.py", "yunmin/cli/run_command.py"}
WORLDS = {f"yunmin.engine.worlds.{name}" for name in ("local_world", "paper_world", "exchange_world")}
MAY_MAKE_WORLDS = {"yunmin/engine/assembly.py", "yunmin/engine/worlds/paper_world.py"}
PARTS_OF_A_WORLD = {
    "PaperConnector", "PaperExchange", "ReplayFeed", "MarketFeed", "SteeredClock", "ScaledClock", "SystemClock",
    "ManualClock",
}  # fmt: skip


def tree_of(path: Path) -> ast.AST:
    return ast.parse(path.read_text())


def compares_environments(tree: ast.AST) -> bool:
    """Whether it holds a value against an environment's name, by whatever operator or pattern."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(map(is_environment, sides)):
                return True
            if any(is_called_environment(side) for side in sides) and any(map(is_text, sides)):
                return True
        if isinstance(node, ast.MatchValue) and is_environment(node.value):
            return True
    return False


def is_environment(node: ast.AST) -> bool:
    """`Environment.LIVE`, in a tuple too, or its value."""
    return any(
        isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name) and part.value.id == "Environment"
        for part in ast.walk(node)
    )


def is_called_environment(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).rpartition(".")[2] == "environment"


def is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def kinds_asked_for(tree: ast.AST) -> Iterator[str]:
    """The classes of every `isinstance`, and of every pattern that matches one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "isinstance":
            yield from (part.id for part in ast.walk(node.args[1]) if isinstance(part, ast.Name))
        elif isinstance(node, ast.MatchClass):
            yield ast.unparse(node.cls)


def test_an_environment_is_compared_where_that_is_written_down_and_nowhere_else() -> None:
    found = {name_of(path) for path in SOURCES if compares_environments(tree_of(path))}
    assert found == set(MAY_COMPARE_ENVIRONMENTS)


def test_the_mode_is_known_to_the_assembly_and_the_command_alone() -> None:
    modules = {name_of(path) for path in SOURCES if "yunmin.engine.assembly" in imported_modules(tree_of(path))}
    assert modules | {"yunmin/engine/assembly.py"} == MAY_KNOW_THE_MODE
    names = {name_of(path) for path in SOURCES if any(map(is_mode, ast.walk(tree_of(path))))}
    assert names <= MAY_KNOW_THE_MODE


def is_mode(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Mode"


def test_worlds_are_made_by_the_assembly_alone() -> None:
    found = {name_of(path) for path in SOURCES if WORLDS & set(imported_modules(tree_of(path)))}
    assert found == MAY_MAKE_WORLDS


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nobody_asks_of_which_kind_exchange_feed_and_clock_are(path: Path) -> None:
    assert not PARTS_OF_A_WORLD & set(kinds_asked_for(tree_of(path)))


@pytest.mark.parametrize(
    "text",
    [
        "if environment is Environment.LIVE: pass",
        "if self.environment in (Environment.LIVE, Environment.DEMO): pass",
        "if config.environment == 'live': pass",
        "match where:\n    case Environment.LOCAL: pass",
        "if world.environment != Environment.TESTNET.value: pass",
    ],
)
def test_a_comparison_is_seen_however_it_is_written(text: str) -> None:
    assert compares_environments(ast.parse(text))


def test_giving_and_asking_are_told_apart() -> None:
    assert not compares_environments(ast.parse("World(environment=Environment.LOCAL)"))
    assert list(kinds_asked_for(ast.parse("isinstance(a, (PaperConnector, int))"))) == ["PaperConnector", "int"]
    assert list(kinds_asked_for(ast.parse("match a:\n    case ReplayFeed(): pass"))) == ["ReplayFeed"]
