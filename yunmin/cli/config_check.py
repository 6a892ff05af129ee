"""Whether settings can be used, as far as that can be known without asking an exchange."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from yunmin.cli.connection import choose_adapter
from yunmin.config.configuration import Configuration
from yunmin.config.plain_yaml import Location
from yunmin.config.problems import Problems
from yunmin.config.secrets import find_secrets
from yunmin.config.settings import RouteSettings
from yunmin.errors import ConfigurationError
from yunmin.exchange import registry
from yunmin.strategy import load_strategy

__all__ = ["Checked", "check_configuration"]

T = TypeVar("T")


class Checked(NamedTuple):
    """One thing that was looked at, and found good."""

    what: str
    found: str


def check_configuration(loaded: Configuration) -> list[Checked]:
    """What was found. Raises ConfigurationError naming everything that is wrong, each with its place."""
    problems = loaded.problems()
    account = loaded.settings.account
    plugin = _tried(problems, ("account", "adapter"), lambda: choose_adapter(account.adapter))
    _tried(problems, ("account", "secrets_file"), lambda: find_secrets(account, os.environ))
    for location, path in (
        (("run", "candles"), loaded.settings.run.candles),
        (("venue", "config_file"), loaded.settings.venue.config_file),
    ):
        if path is not None and not path.is_file():
            problems.add(location, f"there is no file {path}")
    checked = [
        Checked("adapter", "" if plugin is None else f"{plugin.name}: {plugin.title}"),
        Checked("account", f"{account.name}, {account.environment.value}, {account.folder}"),
    ]
    for number, route in enumerate(loaded.settings.routes):
        checked.append(_route(loaded, problems, number, route))
    problems.raise_if_any()
    return checked


def _route(loaded: Configuration, problems: Problems, number: int, route: RouteSettings) -> Checked:
    place: Location = ("routes", number)
    if route.exchange is not None:
        exchange = route.exchange
        _tried(problems, (*place, "exchange"), lambda: registry.load(exchange))
    strategy = _tried(problems, (*place, "strategy"), lambda: load_strategy(loaded.strategy_at(route.strategy)))
    if strategy is not None:
        _tried(problems, (*place, "parameters"), lambda: strategy(**route.parameters))
    kind = "" if strategy is None else f" ({strategy.__name__})"
    state = "" if route.enabled else ", not enabled"
    return Checked(f"route {number}", f"{route.symbol} {route.timeframe.value} {route.strategy}{kind}{state}")


def _tried(problems: Problems, location: Location, look: Callable[[], T]) -> T | None:
    try:
        return look()
    except ConfigurationError as error:
        problems.add(location, str(error))
    return None
