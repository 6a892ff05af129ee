"""`yunmin adapters`: which exchanges can be used, and what each can do."""

from __future__ import annotations

from yunmin.cli.connection import JsonOption
from yunmin.cli.outcome import emit_json, fail
from yunmin.cli.tables import show_table
from yunmin.errors import ConfigurationError
from yunmin.exchange import registry

__all__ = ["adapters"]


def adapters(as_json: JsonOption = False) -> None:
    """List the installed adapters and their capabilities."""
    found: dict[str, dict[str, object]] = {}
    for name in registry.installed():
        try:
            plugin = registry.load(name)
            traits = plugin.traits()
        except ConfigurationError as error:
            fail(error, as_json=as_json)
        found[name] = {
            "title": plugin.title,
            "capabilities": {capability.value: support.value for capability, support in traits.support.items()},
            "local_venue": plugin.local_venue is not None,
            "environment_variables": list(plugin.environment_variables),
        }
    if as_json:
        emit_json(found)
        return
    for name, about in found.items():
        capabilities = about["capabilities"]
        assert isinstance(capabilities, dict)  # noqa: S101  made above
        show_table(f"{name}: {about['title']}", ("capability", "support"), sorted(capabilities.items()))
