"""A world that is made for one run: a venue on this machine, with its own time."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from yunmin.clock import Clock, ScaledClock
from yunmin.config.configuration import Configuration
from yunmin.engine.feeds.market_feed import MarketFeed
from yunmin.engine.worlds.books import WorldOf, claim_books, new_run_folder
from yunmin.engine.worlds.pace import policy_at_pace
from yunmin.engine.worlds.recordings import begin_of, read_recordings
from yunmin.engine.worlds.world import World
from yunmin.errors import ConfigurationError, NotSupported
from yunmin.exchange.config import Environment
from yunmin.exchange.plugin import AdapterPlugin, ConnectionWish
from yunmin.simulation.candles import recorded_span

__all__ = ["local_world"]

_STEP: Final = 0.25
"""Seconds on the wall between two moves of the market."""

_FASTEST: Final = 1000

_PAST: Final = timedelta(hours=2)
"""How much of a random walk has happened before the run begins: indicators are warm then."""


async def local_world(configuration: Configuration, plugin: AdapterPlugin, wall: Clock, stack: AsyncExitStack) -> World:
    """A venue of its own, in this process, with a clock of its own: everything in this world goes by that."""
    settings = configuration.settings
    if settings.run.speed > _FASTEST:
        raise ConfigurationError(
            f"a local venue goes at most {_FASTEST} times as fast as the wall, not {settings.run.speed}: orders and "
            "answers take their time on the wire. Nothing was sent. On paper recorded candles go faster: --paper "
            "--candles"
        )
    if plugin.local_venue is None:
        raise NotSupported(f"the {plugin.title} adapter brings no local venue. Nothing was sent; try --paper")
    pace = float(settings.run.speed)
    candles = settings.run.candles
    start, history = _beginning(candles, wall.now())
    clock = ScaledClock(wall, pace, start)
    step = settings.venue.step_interval if settings.venue.step_interval is not None else _STEP
    options = replace(
        settings.venue.options(),
        port=settings.venue.port or 0,  # any free one: its clock is nobody else's, so nobody else is to find it
        clock=clock,
        pace=pace,
        candles=None if candles is None else str(candles),
        history=history,
        step_interval=step * pace,
    )
    venue = await stack.enter_async_context(plugin.local_venue(options))
    config = plugin.configure(ConnectionWish(environment=Environment.LOCAL.value, base_url=venue.url))
    connector = plugin.connector(config.model_copy(update={"pace": pace}), clock)
    folder = new_run_folder(configuration.folder, wall.now(), "local")
    claim_books(
        folder, WorldOf(adapter=plugin.name, environment=Environment.LOCAL.value, address=venue.url, is_made=True)
    )
    return World(
        title=f"a local {plugin.title} venue at {venue.url}, made for this run; pace {settings.run.speed}",
        exchange=plugin.name,
        environment=Environment.LOCAL,
        connector=connector,
        feed=MarketFeed(connector, clock, wall_clock=wall, pace=pace),
        clock=clock,
        wall=wall,
        pace=pace,
        folder=folder,
        policy=policy_at_pace(settings.account.policy, pace),
        is_over=lambda: bool(venue.replay_is_over),
        ledger=venue.ledger,
    )


def _beginning(candles: Path | None, now: datetime) -> tuple[datetime, timedelta]:
    """When the venue's clock starts, and how much of its markets' past there is then."""
    if candles is None:
        return now, _PAST
    begin = begin_of(read_recordings(candles))
    return begin, begin - recorded_span(candles).start
