"""From an adapter's name to its plugin: found through entry points, loaded one at a time, only when asked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from yunmin.errors import ConfigurationError
from yunmin.exchange.plugin import AdapterPlugin

__all__ = ["ENTRY_POINT_GROUP", "installed", "load", "register", "unregister"]

ENTRY_POINT_GROUP: Final = "yunmin.adapters"

_registered: dict[str, AdapterPlugin] = {}


def installed() -> tuple[str, ...]:
    """The names of all adapters that can be loaded, sorted. Loads none."""
    return tuple(sorted({point.name for point in _entry_points()} | set(_registered)))


def load(name: str) -> AdapterPlugin:
    """The plugin of that name.

    Raises ConfigurationError when none is installed (saying which are), when two distributions claim the name (naming
    both), when importing it fails (the cause is chained), and when what it offers is no AdapterPlugin.
    """
    if name in _registered:
        return _registered[name]
    found = [point for point in _entry_points() if point.name == name]
    if not found:
        known = ", ".join(installed()) or "none"
        raise ConfigurationError(f"no adapter named {name!r} is installed; installed: {known}")
    if len({(_distribution(point), point.value) for point in found}) > 1:
        owners = " and ".join(sorted(f"{_distribution(point)} ({point.value})" for point in found))
        raise ConfigurationError(f"two adapters are named {name!r}: {owners}; uninstall one")
    return _loaded(found[0])


def register(plugin: AdapterPlugin) -> None:
    """Add an adapter without installing it: for notebooks and tests. Replaces one registered under the same name."""
    _registered[plugin.name] = plugin


def unregister(name: str) -> None:
    """Take back a `register`; an unknown name changes nothing."""
    _registered.pop(name, None)


def _entry_points() -> Iterable[EntryPoint]:
    return entry_points(group=ENTRY_POINT_GROUP)


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unnamed distribution"


def _loaded(point: EntryPoint) -> AdapterPlugin:
    try:
        plugin = point.load()
    except Exception as error:
        raise ConfigurationError(
            f"adapter {point.name!r} of {_distribution(point)} failed to import: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(plugin, AdapterPlugin):
        raise ConfigurationError(f"adapter {point.name!r}: {point.value} is no AdapterPlugin")
    return plugin
