"""Strategies that are installed, by name: found through entry points, as adapters are, and loaded one at a time."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from inspect import isabstract
from typing import Final

from yunmin.core.strategy_base import StrategyBase
from yunmin.errors import ConfigurationError

__all__ = ["ENTRY_POINT_GROUP", "NOTHING_RUNS", "checked_strategy", "installed_strategies", "load_installed_strategy"]

ENTRY_POINT_GROUP: Final = "yunmin.strategies"
NOTHING_RUNS: Final = "Nothing was started and no order was sent."


def installed_strategies() -> tuple[str, ...]:
    """The names of all strategies that can be loaded without a path, sorted. Loads none."""
    return tuple(sorted({point.name for point in _entry_points()}))


def load_installed_strategy(name: str) -> type[StrategyBase]:
    """The strategy that is installed under that name.

    Raises ConfigurationError where none is (saying which are), where two are, and where importing it fails (the cause
    is chained).
    """
    found = [point for point in _entry_points() if point.name == name]
    if not found:
        known = ", ".join(installed_strategies()) or "none"
        raise ConfigurationError(
            f"no strategy is called {name!r}; installed: {known}. {NOTHING_RUNS} Use one of those, or "
            "yunmin.strategy.load_strategy with a file: path/to/file.py:ClassName."
        )
    if len({(_owner(point), point.value) for point in found}) > 1:
        owners = " and ".join(sorted(f"{_owner(point)} ({point.value})" for point in found))
        raise ConfigurationError(f"two strategies are called {name!r}: {owners}. {NOTHING_RUNS} Uninstall one.")
    return _imported(found[0])


def _imported(point: EntryPoint) -> type[StrategyBase]:
    try:
        found = point.load()
    except Exception as error:
        raise ConfigurationError(
            f"strategy {point.name!r} of {_owner(point)} failed to import: {type(error).__name__}: {error}. "
            f"{NOTHING_RUNS}"
        ) from error
    return checked_strategy(found, f"{point.value} of {_owner(point)}")


def checked_strategy(found: object, what: str) -> type[StrategyBase]:
    """`found`, which `what` names in words, where it is a strategy that can be made; else a ConfigurationError."""
    if not isinstance(found, type) or not issubclass(found, StrategyBase):
        raise ConfigurationError(f"{what} is no subclass of StrategyBase. {NOTHING_RUNS}")
    if isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise ConfigurationError(f"{what} does not say {missing}. {NOTHING_RUNS} Define what is missing.")
    return found


def _entry_points() -> Iterable[EntryPoint]:
    return entry_points(group=ENTRY_POINT_GROUP)


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"
