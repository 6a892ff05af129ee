"""A run at a local venue on a clock that stands still: it is moved by hand, and only when all of a moment is done.

Everything goes over real HTTP and WebSockets of this machine, and nothing depends on how fast that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from yunmin.clock import ManualClock, SystemClock
from yunmin.config.configuration import Configuration, load_configuration
from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts import Intent
from yunmin.engine.feeds.market_feed import MarketFeed
from yunmin.engine.run_events import Decided, RunEvent
from yunmin.engine.running import Run, open_run
from yunmin.engine.worlds.pace import policy_at_pace
from yunmin.engine.worlds.world import World
from yunmin.exchange import ConnectionWish, ConnectorConfig, VenueOptions
from yunmin.exchange.config import Environment
from yunmin.simulation.candles import recorded_span
from yunmin.simulation.orders import EngineEvent, Order
from yunmin.simulation.steered_clock import SteeredClock
from yunmin.simulation.units import to_units
from yunmin_binance import ADAPTER
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.venue import LOCAL_ACCOUNT
from yunmin_binance.venue.opening import OpenVenue, open_venue

Kind = TypeVar("Kind")

PATIENCE = 60.0
"""Seconds on the wall after which a test gives up; nothing is judged by them."""

_PACE = 1000.0
"""So slow is the wall to this world that no connection grows old in it, and nobody compares its clock."""

_FOR_EVER = 1e6

HEADER = "timestamp,open,high,low,close,volume"


def a_clock(start: datetime) -> SteeredClock:
    """One that moves only when told, and lets nobody who sleeps by it move it."""
    clock = SteeredClock(ManualClock(start))
    clock.freeze()
    return clock


def configured(folder: Path, text: str) -> Configuration:
    """The settings that `text` says, in a working folder of their own."""
    (folder / "yunmin.yaml").write_text(text)
    return load_configuration(folder / "yunmin.yaml", environ={})


@dataclass
class StillWorld:
    """See the module. `run` is open, and goes where the test lets it go."""

    venue: OpenVenue
    clock: SteeredClock
    connector: BinanceSpot
    run: Run
    told: list[RunEvent]
    changed: dict[str, Order] = field(default_factory=dict)
    """Orders of the account of which the venue has told something since they were last compared."""

    def __post_init__(self) -> None:
        self.venue.venue.exchange.engine.listen(self._on_their_event)

    @property
    def decided(self) -> list[Decided]:
        """What strategies decided, HOLDs left out."""
        return [each for each in self.of(Decided) if each.decision.intent is not Intent.HOLD]

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.told if isinstance(event, kind)]

    async def pass_time(self, seconds: float) -> None:
        """Let the clock go on by so much, and all be done that is to be done then."""
        self.clock.advance(seconds)
        await self.settle()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Give others their turn until that holds, on a clock that stands still."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    await asyncio.sleep(0)
        except TimeoutError:
            pytest.fail(f"it did not come to that: {self.told[-5:]}")

    async def settle(self) -> None:
        """Return once the run has heard all that the exchange has told, and every order is done or rests on both
        sides."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.run.loop.inbox.settled(self.clock.now(), self._is_heard)
        except TimeoutError:
            pytest.fail(f"it does not come to rest: {self.run.account.tracker.get_orders()[-3:]}, {self.told[-5:]}")

    def _is_heard(self) -> bool:
        return all(map(self._is_up_to_date, self.run.routes.feeds)) and self._has_their_orders()

    def _is_up_to_date(self, series: SeriesKey) -> bool:
        candles = self.run.routes.candles(*series)
        return bool(candles) and series.timeframe.close_of(candles[-1].open_time) + _length(series) > self.clock.now()

    def _has_their_orders(self) -> bool:
        tracker = self.run.account.tracker
        for client_order_id, theirs in tuple(self.changed.items()):
            ours = tracker.get_order(client_order_id)
            if ours is not None and (ours.state, to_units(ours.filled_qty)) == (theirs.state, theirs.filled):
                if ours.fees_complete:
                    del self.changed[client_order_id]
        return not self.changed

    def _on_their_event(self, event: EngineEvent) -> None:
        if event.order.account == LOCAL_ACCOUNT:
            self.changed[event.order.client_order_id] = event.order


def _length(series: SeriesKey) -> timedelta:
    length = series.timeframe.length
    assert length is not None
    return length


@asynccontextmanager
async def still_world(
    settings: Configuration, *, start: datetime, going: bool = True, **options: object
) -> AsyncIterator[StillWorld]:
    """A venue as `options` say, and a run at it; `start` is when its clock stands at first. Goes on unless told not."""
    clock = a_clock(start)
    wanted = replace(VenueOptions(clock=clock, pace=_PACE, step_interval=0.0, enforces_limits=False), **options)  # type: ignore[arg-type]  # options by name
    async with open_venue(wanted) as venue:
        wish = ConnectionWish(environment=Environment.LOCAL.value, base_url=venue.url)
        config = ADAPTER.configure(wish).model_copy(update={"pace": _PACE, "rate_limit": False})
        told: list[RunEvent] = []
        world = _world_of(venue, config, clock, settings)
        async with open_run(world, settings, [told.append]) as run:
            assert isinstance(world.connector, BinanceSpot)
            still = StillWorld(venue, clock, world.connector, run, told)
            task = asyncio.create_task(run.go()) if going else None
            try:
                yield still
            finally:
                run.stop("the test is over")
                if task is not None:
                    await task


def _world_of(venue: OpenVenue, config: ConnectorConfig, clock: SteeredClock, settings: Configuration) -> World:
    connector = ADAPTER.connector(config, clock)
    return World(
        title="a venue of the test's own",
        exchange="binance",
        environment=Environment.LOCAL,
        connector=connector,
        feed=MarketFeed(connector, clock, wall_clock=SystemClock()),
        clock=clock,
        wall=SystemClock(),
        pace=_PACE,
        folder=settings.folder / "books",
        policy=policy_at_pace(settings.settings.account.policy, _FOR_EVER),
        is_over=lambda: bool(venue.replay_is_over),
        ledger=venue.ledger,
    )


def past_of(folder: Path, begin: datetime) -> timedelta:
    """How much of a folder's recordings is over at `begin`."""
    return begin - recorded_span(folder).start
