"""Which world a run trades in. This is the only place that knows the mode: it swaps exchange, clock and feed.

| mode | exchange | clock | feed | books |
|---|---|---|---|---|
| LOCAL | a venue that is made for the run | its own, `run.speed` times the wall's | its streams | `runs/…` |
| LOCAL with `account.base_url` | the venue there | the wall's | its streams | the account's |
| PAPER with `run.candles` | simulated fills | the recording's, `run.speed` times | the recording | `runs/…` |
| PAPER | simulated fills | the wall's | public streams of the settings' environment | the account's, `-paper` |
| TESTNET, DEMO, LIVE | the exchange | the wall's | its streams | the account's |
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from enum import StrEnum

from yunmin.clock import Clock, SystemClock
from yunmin.config.configuration import Configuration
from yunmin.engine.worlds.exchange_world import exchange_world
from yunmin.engine.worlds.local_world import local_world
from yunmin.engine.worlds.paper_world import paper_world, replayed_world
from yunmin.engine.worlds.world import World
from yunmin.errors import ConfigurationError
from yunmin.exchange import registry
from yunmin.exchange.config import Environment, LiveConsent
from yunmin.exchange.plugin import AdapterPlugin

__all__ = ["Mode", "assemble"]


class Mode(StrEnum):
    """What a run trades in."""

    LOCAL = "local"
    PAPER = "paper"
    TESTNET = "testnet"
    DEMO = "demo"
    LIVE = "live"


@asynccontextmanager
async def assemble(
    configuration: Configuration, mode: Mode, *, consent: LiveConsent | None = None, wall: Clock | None = None
) -> AsyncIterator[World]:
    """The world of `mode`, for as long as the block runs. `wall` is the machine's clock.

    Raises ConfigurationError for settings that do not go together, and where one of the consents to real money is
    missing: it says which. Nothing was sent then.
    """
    wall = wall or SystemClock()
    settings = configuration.settings
    plugin = _adapter(settings.account.adapter)
    async with AsyncExitStack() as stack:
        if mode is Mode.PAPER:
            if settings.run.candles is not None:
                yield replayed_world(configuration, plugin, settings.run.candles, wall)
            else:
                yield await paper_world(configuration, plugin, wall, stack)
        elif mode is Mode.LOCAL and settings.account.base_url is None:
            yield await local_world(configuration, plugin, wall, stack)
        else:
            yield exchange_world(configuration, plugin, Environment(mode.value), consent or LiveConsent(), wall)


def _adapter(wanted: str | None) -> AdapterPlugin:
    names = registry.installed() if wanted is None else (wanted,)
    if len(names) != 1:
        known = ", ".join(names) or "none"
        raise ConfigurationError(f"say which adapter by account.adapter; installed: {known}. Nothing was sent")
    return registry.load(names[0])
