"""Record the cassettes of an adapter.

python -m yunmin.testing.record ADAPTER [--environment local|testnet] [--into cassettes]
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track

from yunmin.errors import ConfigurationError, YunminError
from yunmin.exchange import ConnectionWish, Environment, registry
from yunmin.testing.conformance import AdapterConformance, ConformanceSuite, cassette_name, scenarios_of

__all__ = ["main", "record", "suite_for"]

_SUITES: Final = "tests/adapters/{adapter}/test_conformance_cassettes.py"
_PLACES: Final = (Environment.LOCAL, Environment.TESTNET)


def suite_for(adapter: str, *, file: Path | None = None) -> type[ConformanceSuite]:
    """The suite that is replayed for an adapter: the one in its test file, or the plain one where it has none.

    Raises ConfigurationError for a file that was named and holds none for this adapter.
    """
    path = file or Path(_SUITES.format(adapter=adapter))
    if not path.is_file():
        if file is not None:
            raise ConfigurationError(f"{file} is no file")
        return type("Plain", (AdapterConformance,), {"adapter": adapter, "cassettes": f"cassettes/{adapter}"})
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, ConformanceSuite) and found.cassettes is not None:
            if found.adapter == adapter:
                return found
    raise ConfigurationError(f"{path} has no suite with cassettes for the adapter {adapter!r}")


def record(suite: type[ConformanceSuite], into: Path, console: Console) -> int:
    """Play every scenario and write its cassette under `into`; the cassettes of scenarios that are gone are removed.

    Returns how many failed. A scenario that fails leaves no cassette.
    """
    failed = 0
    scenarios = list(scenarios_of(suite))
    what = f"Recording {suite.adapter} at {suite.environment}"
    for scenario in track(scenarios, description=what, console=console):
        name = cassette_name(suite, scenario.name)
        try:
            why_not = suite().record(scenario, into)
        except (AssertionError, YunminError, TimeoutError, ExceptionGroup) as error:
            failed += 1
            said = str(error)[:300]
            said = f"{type(error).__name__}: {str(error)[:300]}"
            console.print(f"[red]failed[/red]  {name}: {said}", highlight=False)
            continue
        if why_not is not None:
            console.print(f"skipped {name}: {why_not}", highlight=False)
    _remove_strays(into, {cassette_name(suite, scenario.name) for scenario in scenarios})
    console.print(f"{len(scenarios) - failed} of {len(scenarios)} scenarios went well; cassettes are in {into}")
    return failed


def main(arguments: Sequence[str] | None = None) -> int:
    """The command. Exit code 0: all recorded; 1: a scenario failed; 2: it could not begin."""
    parser = argparse.ArgumentParser(
        prog="python -m yunmin.testing.record", description="Record the cassettes of an adapter."
    )
    parser.add_argument("adapter", metavar="ADAPTER", help="the name of an installed adapter")
    parser.add_argument(
        "--environment",
        choices=[place.value for place in _PLACES],
        help="where to play; what the adapter's own settings say, if left out",
    )
    parser.add_argument("--into", type=Path, default=Path("cassettes"), help="the folder of all cassettes")
    parser.add_argument("--suite", type=Path, help=f"the adapter's test file (default: {_SUITES})")
    chosen = parser.parse_args(arguments)
    console = Console(stderr=True)
    sys.path.insert(0, "")  # test files may import one another from the working directory
    try:
        plugin = registry.load(chosen.adapter)
        place = Environment(chosen.environment or plugin.configure(ConnectionWish()).environment)
        if place not in _PLACES:
            raise ConfigurationError(f"the settings name {place}; recordings are made at {' or '.join(_PLACES)}")
        played = suite_for(chosen.adapter, file=chosen.suite)
        there = type(played.__name__, (played,), {"environment": place})
        failed = record(there, chosen.into / chosen.adapter, console)
    except ConfigurationError as error:
        console.print(f"[red]cannot record[/red]: {error}. Nothing was sent.", highlight=False)
        return 2
    return 1 if failed else 0


def _remove_strays(into: Path, known: set[Path]) -> None:
    for path in into.rglob("*.yaml"):
        if path.relative_to(into) not in known:
            path.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
