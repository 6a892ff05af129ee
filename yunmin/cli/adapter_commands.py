"""`yunmin adapters`: which exchanges can be used, and what each can do."""

from __future__ import annotations

from typing import Annotated

import typer

from yunmin.cli.connection import JsonOption
from yunmin.cli.outcome import emit_json, fail
from yunmin.cli.tables import show_table
from yunmin.errors import ConfigurationError
from yunmin.exchange import Capability, registry

__all__ = ["adapters", "capabilities_page"]


MarkdownOption = Annotated[bool, typer.Option("--markdown", help="The page docs/capabilities.md.")]


def adapters(markdown: MarkdownOption = False, as_json: JsonOption = False) -> None:
    """List the installed adapters and their capabilities."""
    if markdown:
        typer.echo(capabilities_page(), nl=False)
        return
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


def capabilities_page() -> str:
    """What each installed adapter can do, as a page of Markdown."""
    traits = [registry.load(name).traits() for name in registry.installed()]
    lines = [
        "# Capabilities",
        "",
        "Made by `yunmin adapters --markdown`; a test holds it. FULL: by the exchange itself. EMULATED: by the",
        "adapter's own means. NOT_YET: not written. NEVER: not possible there. The conformance suite holds every",
        "cell, both ways.",
        "",
        "| capability | " + " | ".join(found.title for found in traits) + " |",
        "|---|" + "---|" * len(traits),
    ]
    for capability in Capability:
        cells = " | ".join(found.support_of(capability) for found in traits)
        lines.append(f"| {capability} | {cells} |")
    return "\n".join(lines) + "\n"
