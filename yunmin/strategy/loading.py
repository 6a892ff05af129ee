"""From a strategy's name to its class: one that is installed, or one in a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Final

from yunmin.core.strategy_base import StrategyBase
from yunmin.errors import ConfigurationError

__all__ = ["ENTRY_POINT_GROUP", "installed_strategies", "load_strategy"]

ENTRY_POINT_GROUP: Final = "yunmin.strategies"
_NOTHING_RUNS: Final = "Nothing was started and no order was sent."


def installed_strategies() -> tuple[str, ...]:
    """The names of all strategies that can be loaded without a path, sorted. Loads none."""
    return tuple(sorted({point.name for point in _entry_points()}))


def load_strategy(name: str) -> type[StrategyBase]:
    """The class that `name` means: the name of an installed strategy, or `path/file.py:ClassName`.

    Where the file has one strategy only, its class need not be named. A path is read from the working folder. The
    file is run as any program is: load none that you have not read.

    Raises ConfigurationError where nothing is found, importing fails (the cause is chained), or what is found is no
    strategy; the text says what to do.
    """
    path, _, class_name = name.rpartition(":") if _is_path_with_class(name) else (name, "", "")
    if path.endswith(".py"):
        return _from_file(Path(path).expanduser(), class_name)
    return _installed(name)


def _is_path_with_class(name: str) -> bool:
    return ".py:" in name


def _from_file(path: Path, class_name: str) -> type[StrategyBase]:
    if not path.is_file():
        raise ConfigurationError(
            f"there is no strategy file {path} (looked in {Path.cwd()}). {_NOTHING_RUNS} Check the path."
        )
    module = _run_file(path)
    if class_name:
        return _checked(getattr(module, class_name, None), f"{class_name} in {path}", module)
    found = _strategies_in(module)
    if len(found) != 1:
        names = ", ".join(each.__name__ for each in found) or "none"
        raise ConfigurationError(
            f"{path} has these strategies: {names}. {_NOTHING_RUNS} Name the one that is meant: {path}:ClassName."
        )
    return _checked(found[0], f"{found[0].__name__} in {path}", module)


def _run_file(path: Path) -> ModuleType:
    name = f"yunmin_user_strategy_{path.resolve()}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be read as Python. {_NOTHING_RUNS}")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigurationError(
            f"{path} failed while it was loaded{_line_of(error, path)}: {type(error).__name__}: {error}. "
            f"{_NOTHING_RUNS} Mend the file; `python {path}` shows the same fault."
        ) from error
    return module


def _line_of(error: Exception, path: Path) -> str:
    """Where in the user's own file it happened."""
    if isinstance(error, SyntaxError):
        return ""  # its own text has the line
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f", at line {line}" if line else ""


def _strategies_in(module: ModuleType) -> list[type[StrategyBase]]:
    """The strategies that the module itself defines, those that it only imports left out."""
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, StrategyBase)
        and each.__module__ == module.__name__
        and not isabstract(each)
    ]


def _installed(name: str) -> type[StrategyBase]:
    found = [point for point in _entry_points() if point.name == name]
    if not found:
        known = ", ".join(installed_strategies()) or "none"
        raise ConfigurationError(
            f"no strategy is called {name!r}; installed: {known}. {_NOTHING_RUNS} Use one of those, or a file: "
            "path/to/file.py:ClassName."
        )
    if len({(_owner(point), point.value) for point in found}) > 1:
        owners = " and ".join(sorted(f"{_owner(point)} ({point.value})" for point in found))
        raise ConfigurationError(f"two strategies are called {name!r}: {owners}. {_NOTHING_RUNS} Uninstall one.")
    return _imported(found[0])


def _imported(point: EntryPoint) -> type[StrategyBase]:
    try:
        found = point.load()
    except Exception as error:
        raise ConfigurationError(
            f"strategy {point.name!r} of {_owner(point)} failed to import: {type(error).__name__}: {error}. "
            f"{_NOTHING_RUNS}"
        ) from error
    return _checked(found, f"{point.value} of {_owner(point)}", None)


def _checked(found: object, what: str, module: ModuleType | None) -> type[StrategyBase]:
    if found is None and module is not None:
        names = ", ".join(each.__name__ for each in _strategies_in(module)) or "no strategy"
        raise ConfigurationError(f"there is no {what}, which has {names}. {_NOTHING_RUNS}")
    if not isinstance(found, type) or not issubclass(found, StrategyBase):
        raise ConfigurationError(f"{what} is no subclass of StrategyBase. {_NOTHING_RUNS}")
    if isabstract(found):
        missing = ", ".join(sorted(found.__abstractmethods__))
        raise ConfigurationError(f"{what} does not say {missing}. {_NOTHING_RUNS} Define what is missing.")
    return found


def _entry_points() -> Iterable[EntryPoint]:
    return entry_points(group=ENTRY_POINT_GROUP)


def _owner(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"
