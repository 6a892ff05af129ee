"""A local venue in a process of its own, and its own door: the other side of a trial, and its oracle."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final
from urllib.request import Request, urlopen

from yunmin.clock import SystemClock
from yunmin.errors import ConfigurationError
from yunmin.exchange import AdapterPlugin, ConnectionWish, VenueOptions
from yunmin.testing.verify.forked import forked

__all__ = ["ask_venue", "forked_venue", "load_everything", "set_weather"]

_PATIENCE: Final = 600.0
"""Seconds for an answer: the ledger of an hour has a million fills and more."""


@contextmanager
def forked_venue(plugin: AdapterPlugin, seed: int, *, step_interval: float = 0.05) -> Iterator[str]:
    """A venue that limits nobody, in a forked process; its address. It moves every `step_interval` seconds, 0: never.

    Raises ConfigurationError where the adapter has none, or this system cannot fork.
    """
    if plugin.local_venue is None:
        raise ConfigurationError(f"the {plugin.title} adapter brings no local venue")
    here, there = os.pipe()
    options = VenueOptions(port=0, seed=seed, step_interval=step_interval, enforces_limits=False)

    def serve() -> None:
        os.close(here)
        asyncio.run(_serve(plugin, options, there))

    child = forked(serve)
    os.close(there)
    try:
        url = os.read(here, 1000).decode()
        if not url:
            raise ConfigurationError("the venue did not come up")
        yield url
    finally:
        os.close(here)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


async def _serve(plugin: AdapterPlugin, options: VenueOptions, pipe: int) -> None:
    assert plugin.local_venue is not None  # noqa: S101  `forked_venue` has looked
    async with plugin.local_venue(options) as venue:
        os.write(pipe, venue.url.encode())
        await asyncio.Event().wait()


async def load_everything(plugin: AdapterPlugin, url: str) -> None:
    """Import what a connection needs, once, so that a forked process begins at once."""
    async with plugin.connector(plugin.configure(ConnectionWish(base_url=url)), SystemClock()) as connector:
        await connector.fetch_account()


def set_weather(url: str, intensity: float, *, seed: int) -> None:
    """Lift all faults of the venue, and begin a storm where `intensity` is not zero."""
    ask_venue(url, "/venue/chaos", method="DELETE")
    if intensity:
        ask_venue(url, "/venue/chaos/storm", method="POST", body={"seed": seed, "intensity": intensity})


def ask_venue(url: str, path: str, *, method: str = "GET", body: dict[str, Any] | None = None) -> Any:
    """What the venue's own door says. Waits: not for a task that shares its loop with anything."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url + path, data=data, method=method)  # noqa: S310  the venue of this machine
    with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  as above
        return json.load(answer)
