"""From the command line's options to a connected connector."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from yunmin.clock import SystemClock
from yunmin.errors import ConfigurationError
from yunmin.exchange import AdapterPlugin, ConnectionWish, ExchangeConnector, registry
from yunmin.exchange.config import LiveConsent

__all__ = ["AdapterOption", "EnvironmentOption", "JsonOption", "Target", "UrlOption", "choose_adapter", "connected"]

AdapterOption = Annotated[
    str | None, typer.Option("--adapter", help="Which adapter; needed only when several are installed.")
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option("--environment", "-e", help="local (default), testnet or demo. Real money is not offered here yet."),
]
UrlOption = Annotated[
    str | None, typer.Option("--url", help="Another address on this machine, as `yunmin venue up` prints it.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")]


@dataclass(frozen=True, slots=True)
class Target:
    """What the user said of where to connect. `consent` is for what may touch real money."""

    adapter: str | None
    environment: str | None
    url: str | None
    consent: LiveConsent | None = None


def choose_adapter(name: str | None) -> AdapterPlugin:
    """The named adapter, that of YUNMIN_ADAPTER, or the only one installed. Raises ConfigurationError."""
    wanted = name or os.environ.get("YUNMIN_ADAPTER")
    if wanted:
        return registry.load(wanted)
    names = registry.installed()
    if len(names) == 1:
        return registry.load(names[0])
    known = ", ".join(names) or "none"
    raise ConfigurationError(f"say which adapter with --adapter or YUNMIN_ADAPTER; installed: {known}")


@asynccontextmanager
async def connected(target: Target) -> AsyncIterator[ExchangeConnector]:
    """A connector that is connected for as long as the block runs: to what the command says, else the settings."""
    plugin, wish = _completed(target)
    if wish.environment == "live" and target.consent is None:
        raise ConfigurationError("the command line does not trade real money yet; use local, testnet or demo")
    async with plugin.connector(plugin.configure(wish), SystemClock()) as connector:
        yield connector


def _completed(target: Target) -> tuple[AdapterPlugin, ConnectionWish]:
    """What the command says, and where it is silent the settings; what they leave open too is the adapter's matter."""
    from yunmin.config.configuration import load_configuration

    loaded = load_configuration()
    account = loaded.settings.account
    wish = replace(
        loaded.connection_wish(target.consent),
        base_url=target.url or account.base_url,
        environment=target.environment
        or (account.environment.value if loaded.says("account", "environment") else None),
    )
    return choose_adapter(target.adapter or os.environ.get("YUNMIN_ADAPTER") or account.adapter), wish
