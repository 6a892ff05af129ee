"""Candles, prices and trades as a run hears them from an exchange, through cuts, losses and silence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.engine.still_world import HEADER, PATIENCE, a_clock
from yunmin.clock import ManualClock
from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts.market import Candle, PublicTrade
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.engine.feeds.feed import Wanted
from yunmin.engine.feeds.market_feed import MarketFeed
from yunmin.errors import ConfigurationError, Unavailable
from yunmin.exchange import ConnectionWish, VenueOptions
from yunmin.simulation.paper_connector import PaperConnector
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.paper_rules import instrument_for_candles
from yunmin.simulation.steered_clock import SteeredClock
from yunmin_binance import ADAPTER
from yunmin_binance.venue.chaos import Disconnect, Lose, Rule, Say
from yunmin_binance.venue.opening import OpenVenue, open_venue

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PAST = 10
SYMBOL = "BTC/USDT"
SERIES = SeriesKey("binance", SYMBOL, Timeframe.M1)
WANTED = Wanted((SERIES,), (SYMBOL,), ())
CUT = Rule(where="socket /ws*", fault=Disconnect())
_PACE = 1000.0


def recorded(folder: Path, count: int) -> list[Candle]:
    """`count` candles in a file, each a little above the one before."""
    candles = []
    for number in range(count):
        low = Decimal(50_000 + number)
        candles.append(
            Candle(symbol=SYMBOL, open_time=START + number * MINUTE, open=low, high=low + 3, low=low, close=low + 2,
                   volume=Decimal(1), is_closed=True)
        )  # fmt: skip
    rows = [f"{c.open_time.isoformat()},{c.open},{c.high},{c.low},{c.close},{c.volume}" for c in candles]
    (folder / "BTC_USDT_1m.csv").write_text("\n".join((HEADER, *rows)) + "\n")
    return candles


@dataclass
class Ears:
    """A sink that writes down what it is told."""

    past: list[Candle] = field(default_factory=list)
    candles: list[Candle] = field(default_factory=list)
    prices: list[Decimal] = field(default_factory=list)
    trades: list[PublicTrade] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def build(self, series: SeriesKey, *, out_of: Timeframe) -> None:
        raise AssertionError("an exchange has candles of every timeframe")

    def seed(self, series: SeriesKey, candles: list[Candle]) -> None:
        self.past += candles

    def on_candle(self, series: SeriesKey, candle: Candle) -> None:
        assert series == SERIES
        self.candles.append(candle)

    def on_price(self, symbol: str, price: Decimal) -> None:
        assert symbol == SYMBOL
        self.prices.append(price)

    def on_trade(self, trade: PublicTrade) -> None:
        self.trades.append(trade)

    def on_trouble(self, what: str) -> None:
        self.troubles.append(what)

    async def settled(self, moment: datetime, is_quiet: Callable[[], bool]) -> None:
        raise AssertionError("an exchange's time waits for nobody")


@dataclass
class Scene:
    """A venue that plays a recording on a clock that stands still, and a feed that listens to it."""

    venue: OpenVenue
    clock: SteeredClock
    feed: MarketFeed
    ears: Ears
    expected: list[Candle]
    wall: ManualClock

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.venue.venue.flush_streams()
        for _ in range(20):
            await asyncio.sleep(0)

    async def until(self, holds: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not holds():
                    await asyncio.sleep(0)
        except TimeoutError:
            pytest.fail(f"it did not come to that: {self.ears.candles[-3:]}, {self.ears.troubles}")

    async def close_candles(self, count: int) -> None:
        """Let so many candles close, one at a time, each heard before the next begins to end."""
        for _ in range(count):
            before = len(self.ears.candles)
            await self.pass_time(60)
            await self.until(lambda before=before: len(self.ears.candles) > before)  # type: ignore[misc]  # bound now

    async def cut(self) -> None:
        """Every stream breaks, and is not regained before the clock goes on."""
        before = len(self.ears.troubles)
        self.venue.venue.chaos.add(CUT)
        await self.until(lambda: any("not heard" in each for each in self.ears.troubles[before:]))

    async def regain(self) -> None:
        """Pass the pauses before the next attempts."""
        gaps = len(self.gaps)
        async with asyncio.timeout(PATIENCE):
            while len(self.gaps) == gaps:
                await self.pass_time(15)

    @property
    def gaps(self) -> list[str]:
        return [each for each in self.ears.troubles if each.startswith("candles") and "were not heard from" in each]

    def has_all(self) -> bool:
        """Whether everything that is over by now was told, each candle once and in order."""
        return self.told() == self.due((self.clock.now() - START) // MINUTE - PAST)

    def told(self) -> list[tuple[datetime, Decimal]]:
        return [(each.open_time, each.close) for each in self.ears.candles]

    def due(self, count: int) -> list[tuple[datetime, Decimal]]:
        """The first `count` of those that close after the beginning."""
        return [(each.open_time, each.close) for each in self.expected[PAST : PAST + count]]


@asynccontextmanager
async def listening(folder: Path, count: int, wanted: Wanted = WANTED) -> AsyncIterator[Scene]:
    expected = recorded(folder, count)
    clock = a_clock(START + PAST * MINUTE)
    options = VenueOptions(
        clock=clock, pace=_PACE, step_interval=0.0, candles=str(folder), history=PAST * MINUTE, enforces_limits=False
    )
    async with open_venue(options) as venue:
        config = ADAPTER.configure(ConnectionWish(environment="local", base_url=venue.url))
        config = config.model_copy(update={"pace": _PACE, "rate_limit": False})
        wall = ManualClock()
        async with ADAPTER.connector(config, clock) as connector:
            feed = MarketFeed(connector, clock, wall_clock=wall, pace=_PACE)
            scene = Scene(venue, clock, feed, Ears(), expected, wall)
            await feed.begin(wanted, scene.ears)
            running = asyncio.create_task(feed.run())
            try:
                yield scene
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)
                await feed.close()


async def test_the_past_is_told_first_then_every_candle_once_and_in_order(tmp_path: Path) -> None:
    async with listening(tmp_path, 30) as scene:
        assert [(each.open_time, each.close) for each in scene.ears.past] == [
            (each.open_time, each.close) for each in scene.expected[:PAST]
        ]
        await scene.close_candles(15)
        assert scene.told() == scene.due(15)
        assert all(each.is_closed for each in scene.ears.candles)
        assert not scene.ears.troubles


async def test_prices_are_told_at_the_beginning_and_as_they_change(tmp_path: Path) -> None:
    async with listening(tmp_path, 30) as scene:
        assert scene.ears.prices == [scene.expected[PAST].open]
        await scene.pass_time(15)
        await scene.pass_time(15)
        await scene.until(lambda: scene.expected[PAST].high in scene.ears.prices)


async def test_trades_are_told_only_where_they_are_wanted(tmp_path: Path) -> None:
    async with listening(tmp_path, 20) as scene:
        await scene.close_candles(2)
        assert scene.ears.trades == []


async def test_wanted_trades_are_told_and_are_prices_too(tmp_path: Path) -> None:
    async with listening(tmp_path, 20, Wanted((SERIES,), (SYMBOL,), (SYMBOL,))) as scene:
        for _ in range(4):
            await scene.pass_time(15)
        await scene.until(lambda: len(scene.ears.trades) == 4)
        candle, after = scene.expected[PAST : PAST + 2]
        assert [each.price for each in scene.ears.trades] == [candle.low, candle.high, candle.close, after.open]
        assert [each.ts for each in scene.ears.trades] == [
            candle.open_time + quarter * timedelta(seconds=15) for quarter in (1, 2, 3, 4)
        ]
        assert {each.price for each in scene.ears.trades} <= set(scene.ears.prices)


async def test_candles_that_closed_while_the_stream_was_cut_are_asked_for(tmp_path: Path) -> None:
    async with listening(tmp_path, 40) as scene:
        await scene.close_candles(3)
        await scene.cut()
        scene.clock.advance(7 * 60)
        await scene.regain()
        await scene.until(scene.has_all)
        assert len(scene.ears.candles) >= 10
        await scene.close_candles(3)
        assert scene.has_all()


async def test_what_was_lost_and_what_was_missed_is_told_in_words(tmp_path: Path) -> None:
    async with listening(tmp_path, 30) as scene:
        await scene.cut()
        await scene.regain()
        lost = next(each for each in scene.ears.troubles if "are not heard" in each and each.startswith("candles"))
        assert lost.startswith(f"candles of {SYMBOL} 1m are not heard: ")
        since = (START + PAST * MINUTE).isoformat()
        assert scene.gaps[0].startswith(f"candles of {SYMBOL} 1m were not heard from {since} to ")


async def test_more_than_a_page_of_missing_candles_is_asked_for_page_by_page(tmp_path: Path) -> None:
    async with listening(tmp_path, 1300) as scene:
        await scene.close_candles(1)
        await scene.cut()
        scene.clock.advance(1200 * 60)
        await scene.regain()
        await scene.until(scene.has_all)
        assert len(scene.ears.candles) > 1200


async def test_a_candle_whose_end_was_not_told_is_asked_for_when_the_next_one_forms(tmp_path: Path) -> None:
    async with listening(tmp_path, 30) as scene:
        await scene.close_candles(2)
        lost = Rule(where="event btcusdt@kline_1m", fault=Lose())
        with scene.venue.venue.chaos.active(lost):
            await scene.pass_time(60)
        assert scene.venue.venue.chaos.fired("lose") >= 1
        assert scene.told() == scene.due(2)
        await scene.pass_time(15)
        await scene.until(lambda: len(scene.ears.candles) == 3)
        await scene.close_candles(2)
        assert scene.told() == scene.due(5)


async def test_candles_that_cannot_be_had_are_told_and_the_next_ones_are_heard(tmp_path: Path) -> None:
    async with listening(tmp_path, 30) as scene:
        await scene.close_candles(1)
        silence = Rule(where="GET /api/v3/klines", fault=Say(status=503))
        with scene.venue.venue.chaos.active(silence):
            await scene.cut()
            scene.clock.advance(5 * 60)
            await scene.regain()
            await scene.until(lambda: any("cannot be had" in each for each in scene.ears.troubles))
        assert scene.venue.venue.chaos.fired("say") == 5
        assert scene.wall.monotonic() == 0.5 + 1 + 2 + 4
        # what was missed is asked for again behind the next candle
        await scene.close_candles(1)
        await scene.until(scene.has_all)


async def test_an_exchange_that_does_not_answer_at_the_beginning_is_an_error_after_five_questions(
    tmp_path: Path,
) -> None:
    silence = Rule(where="GET /api/v3/klines", fault=Say(status=503))
    recorded(tmp_path, 20)
    clock = a_clock(START + PAST * MINUTE)
    options = VenueOptions(clock=clock, pace=_PACE, step_interval=0.0, candles=str(tmp_path))
    async with open_venue(options) as venue:
        config = ADAPTER.configure(ConnectionWish(environment="local", base_url=venue.url))
        async with ADAPTER.connector(config.model_copy(update={"pace": _PACE}), clock) as connector:
            feed = MarketFeed(connector, clock, wall_clock=ManualClock())
            venue.venue.chaos.add(silence)
            with pytest.raises(Unavailable):
                await feed.begin(WANTED, Ears())
            assert venue.venue.chaos.fired("say") == 5
            await feed.close()
            await feed.close()


async def test_closing_leaves_no_task_and_no_socket(tmp_path: Path) -> None:
    before = asyncio.all_tasks()
    async with listening(tmp_path, 20) as scene:
        await scene.close_candles(1)
        assert len(scene.venue.venue.sockets.connections) == 2
        await scene.feed.close()
        await scene.until(lambda: not scene.venue.venue.sockets.connections)
    assert asyncio.all_tasks() == before


async def test_patience_with_a_candle_is_the_walls(tmp_path: Path) -> None:
    async with listening(tmp_path, 20) as scene:
        assert scene.feed.patience == timedelta(seconds=5) * _PACE


def test_an_exchange_that_streams_no_market_is_refused(tmp_path: Path) -> None:
    clock = ManualClock()
    market = instrument_for_candles(SYMBOL, recorded(tmp_path, 3))
    connector = PaperExchange({SYMBOL: market}, {"USDT": Decimal(1)}, clock).connector()
    assert isinstance(connector, PaperConnector)
    with pytest.raises(ConfigurationError, match="tells nothing of the market as it changes"):
        MarketFeed(connector, clock, wall_clock=clock)
