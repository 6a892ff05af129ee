"""From a strategy's name to its class: one that is installed, or one in a file."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from inspect import isabstract
from pathlib import Path
from types import ModuleType

from yunmin.core.strategy_base import StrategyBase
from yunmin.core.strategy_finding import NOTHING_RUNS, checked_strategy, installed_strategies, load_installed_strategy
from yunmin.errors import ConfigurationError

__all__ = ["installed_strategies", "load_strategy"]


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
    return load_installed_strategy(name)


def _is_path_with_class(name: str) -> bool:
    return ".py:" in name


def _from_file(path: Path, class_name: str) -> type[StrategyBase]:
    if not path.is_file():
        raise ConfigurationError(
            f"there is no strategy file {path} (looked in {Path.cwd()}). {NOTHING_RUNS} Check the path."
        )
    module = _run_file(path)
    if class_name:
        return _named(class_name, module, path)
    found = _strategies_in(module)
    if len(found) != 1:
        names = ", ".join(each.__name__ for each in found) or "none"
        raise ConfigurationError(
            f"{path} has these strategies: {names}. {NOTHING_RUNS} Name the one that is meant: {path}:ClassName."
        )
    return checked_strategy(found[0], f"{found[0].__name__} in {path}")


def _named(class_name: str, module: ModuleType, path: Path) -> type[StrategyBase]:
    found = getattr(module, class_name, None)
    if found is None:
        names = ", ".join(each.__name__ for each in _strategies_in(module)) or "no strategy"
        raise ConfigurationError(f"there is no {class_name} in {path}, which has {names}. {NOTHING_RUNS}")
    return checked_strategy(found, f"{class_name} in {path}")


def _run_file(path: Path) -> ModuleType:
    name = f"yunmin_user_strategy_{path.resolve()}"
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be read as Python. {NOTHING_RUNS}")
    module = module_from_spec(spec)
    sys.modules[name] = module  # dataclasses and pickles look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ConfigurationError(
            f"{path} failed while it was loaded{_line_of(error, path)}: {type(error).__name__}: {error}. "
            f"{NOTHING_RUNS} Mend the file; `python {path}` shows the same fault."
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
