"""Worlds on paper: the fills are simulated; the prices were recorded, or are an exchange's of this moment."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from yunmin.clock import Clock, ScaledClock
from yunmin.config.configuration import Configuration
from yunmin.config.settings import PaperSettings
from yunmin.engine.feeds.market_feed import MarketFeed
from yunmin.engine.feeds.replay_feed import ReplayFeed
from yunmin.engine.worlds.books import WorldOf, claim_books, new_run_folder, require_claim
from yunmin.engine.worlds.exchange_world import refuse_playback
from yunmin.engine.worlds.pace import policy_at_pace
from yunmin.engine.worlds.recordings import begin_of, read_recordings
from yunmin.engine.worlds.world import World
from yunmin.errors import ConfigurationError
from yunmin.exchange.config import Environment
from yunmin.exchange.connector import ShowsMarket
from yunmin.exchange.plugin import AdapterPlugin
from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.paper_file import PaperFile
from yunmin.simulation.steered_clock import SteeredClock
from yunmin.simulation.units import to_units

__all__ = ["paper_world", "replayed_world"]

_PAPER = "paper"


def replayed_world(configuration: Configuration, plugin: AdapterPlugin, candles: Path, wall: Clock) -> World:
    """Recorded candles happen again. Raises ConfigurationError where they cannot be read."""
    settings = configuration.settings
    recordings = read_recordings(candles)
    clock = SteeredClock(ScaledClock(wall, 1, begin_of(recordings)))
    clock.freeze()
    exchange = PaperExchange(
        {symbol: recording.market for symbol, recording in recordings.items()},
        settings.paper.balances,
        clock,
        fees=_fees(settings.paper),
        seed=settings.run.seed,
    )
    connector, pace = exchange.connector(), float(settings.run.speed)
    folder = new_run_folder(configuration.folder, wall.now(), _PAPER)
    claim_books(folder, WorldOf(adapter=plugin.name, environment=_PAPER, is_made=True))
    return World(
        title=f"paper: {candles.name} played again, {settings.run.speed} times as fast as it was recorded",
        exchange=plugin.name,
        environment=Environment.LOCAL,
        connector=connector,
        feed=ReplayFeed(recordings, exchange, is_heard=lambda: connector.is_heard, clock=clock, wall=wall, pace=pace),
        clock=clock,
        wall=wall,
        pace=pace,
        folder=folder,
        policy=policy_at_pace(settings.account.policy, pace),
        ledger=exchange.ledger,
    )


async def paper_world(configuration: Configuration, plugin: AdapterPlugin, wall: Clock, stack: AsyncExitStack) -> World:
    """Prices of now. Nothing is ever sent to the exchange but public questions, and no key goes there."""
    settings = configuration.settings
    refuse_playback(configuration, "the market of now")
    environment = settings.account.environment
    if environment is Environment.LOCAL and settings.account.base_url is None:
        raise ConfigurationError(
            "paper needs prices: recorded ones by --candles FILE, or an exchange's by account.environment (testnet, "
            "live: public prices need no key and no consent). Nothing was sent"
        )
    wish = replace(configuration.connection_wish(), credentials=None)
    config = plugin.configure(wish).model_copy(update={"credentials": None})
    market = await stack.enter_async_context(plugin.connector(config, wall))
    assert isinstance(market, ShowsMarket)  # noqa: S101  MarketFeed says it in words
    folder = settings.account.folder.with_name(f"{settings.account.folder.name}-{_PAPER}")
    claim = WorldOf(adapter=plugin.name, environment=_PAPER, is_made=True)
    claim_books(folder, claim)
    exchange = PaperExchange(
        await market.fetch_instruments(),
        settings.paper.balances,
        wall,
        fees=_fees(settings.paper),
        seed=settings.run.seed,
        file=PaperFile(folder / "paper.jsonl"),
    )
    stack.callback(exchange.close)
    return World(
        title=f"paper, at the prices of {plugin.title}, {environment}",
        exchange=plugin.name,
        environment=Environment.LOCAL,
        connector=exchange.connector(),
        check_books=lambda: require_claim(folder, claim),
        feed=MarketFeed(market, wall, wall_clock=wall, tap=exchange),
        clock=wall,
        wall=wall,
        pace=1.0,
        folder=folder,
        policy=settings.account.policy,
        ledger=exchange.ledger,
    )


def _fees(settings: PaperSettings) -> FeeSchedule:
    return FeeSchedule(to_units(settings.maker_rate), to_units(settings.taker_rate))
