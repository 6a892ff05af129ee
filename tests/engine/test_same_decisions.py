"""Strategy files, unchanged, decide the same wherever they run: on paper, and at a venue behind a real wire."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.engine.still_world import StillWorld, past_of, still_world
from yunmin.config.configuration import Configuration, load_configuration
from yunmin.config.layers import Flag
from yunmin.config.working_folder import WorkingFolder, write_working_folder
from yunmin.core.data_contracts import Intent, Side
from yunmin.engine.assembly import Mode, assemble
from yunmin.engine.run_events import CandleTrouble, Decided, FeedTrouble, RunEvent, StrategyFailed
from yunmin.engine.running import open_run
from yunmin.engine.session import Session, SessionReport
from yunmin.engine.worlds.recordings import begin_of, read_recordings
from yunmin.execution.outcomes import Deferred, Held, Placed
from yunmin.simulation.candles import candle_files

CANDLES = 150
QUARTER = 15.0

ROUTES = """
account: {adapter: binance}
paper: {balances: {USDT: 1000000}}
risk: {max_total_notional: 400000}
routes:
  - {symbol: BTC/USDT, timeframe: 1m, strategy: ema_crossover, parameters: {fast: 3, slow: 8, fraction: 0.02}}
  - {symbol: BTC/USDT, timeframe: 5m, strategy: ema_crossover, parameters: {fast: 2, slow: 4, fraction: 0.02}}
  - {symbol: BTC/USDT, timeframe: 1m, strategy: rsi_filter, parameters: {period: 7, trend: 0, overbought: 60,
     fraction: 0.02}}
  - {symbol: ETH/USDT, timeframe: 1m, strategy: ema_crossover, label: stopped,
     parameters: {fast: 3, slow: 8, fraction: 0.02, stop_loss: 0.001}}
  - {symbol: BNB/USDT, timeframe: 1m, strategy: strategies/example.py, parameters: {fast: 3, slow: 8}}
"""
EXAMPLE = "strategies/example.py"


class Made(NamedTuple):
    """A decision as a person would compare two: when, whose, what."""

    at: datetime
    route: str
    intent: Intent
    side: Side | None


def decisions(events: list[RunEvent]) -> list[Made]:
    """Of strategies alone, those to hold included: each candle that closed was decided about once."""
    return [
        Made(each.at, each.route.name, each.decision.intent, each.decision.side)
        for each in events
        if isinstance(each, Decided) and not each.by_itself
    ]


def outcomes(events: list[RunEvent]) -> set[type]:
    """What became of decisions: a refusal would stand out."""
    return {type(each.outcome) for each in events if isinstance(each, Decided)}


def troubles(events: list[RunEvent]) -> list[RunEvent]:
    return [event for event in events if isinstance(event, CandleTrouble | FeedTrouble | StrategyFailed)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as `yunmin init` makes it, of whose sample candles the first are kept."""
    write_working_folder(tmp_path, WorkingFolder(adapter="binance"))
    for file in candle_files(tmp_path / "candles"):
        file.write_text("".join(file.read_text().splitlines(keepends=True)[: CANDLES + 1]))
    return tmp_path


def configured(folder: Path, *flags: Flag) -> Configuration:
    (folder / "yunmin.yaml").write_text(ROUTES)
    return load_configuration(folder / "yunmin.yaml", environ={}, flags=flags)


async def on_paper(folder: Path) -> list[RunEvent]:
    events: list[RunEvent] = []
    candles = Flag("run.candles", str(folder / "candles"), "--candles")
    settings = configured(folder, candles, Flag("run.speed", "100000", "--speed"))
    async with assemble(settings, Mode.PAPER) as world, open_run(world, settings, [events.append]) as run:
        await run.go()
        assert await run.complete_books()
    return events


async def at_a_venue(folder: Path) -> list[RunEvent]:
    """The same candles happen at a venue, a quarter of one at a time, on a clock that waits for everybody."""
    candles = folder / "candles"
    recordings = read_recordings(candles)
    begin = begin_of(recordings)
    quarters = (CANDLES - recordings["BTC/USDT"].past) * 4
    past = past_of(candles, begin)
    async with still_world(configured(folder), start=begin, candles=str(candles), history=past) as world:
        for _ in range(quarters):
            await world.pass_time(QUARTER)
        assert world.venue.replay_is_over
        assert_books_are_equal(world)
    return world.told


def assert_books_are_equal(world: StillWorld) -> None:
    orders = world.venue.ledger().orders
    assert {each.client_order_id for each in orders} == {
        order.client_order_id for order in world.run.account.tracker.get_orders()
    }


async def test_the_same_candles_on_paper_and_at_a_venue_give_the_same_decisions(folder: Path) -> None:
    paper, venue = await on_paper(folder), await at_a_venue(folder)
    assert decisions(paper) == decisions(venue)
    assert not troubles(paper)
    assert not troubles(venue)
    wanted = [each for each in decisions(venue) if each.intent is not Intent.HOLD]
    assert len(wanted) > 40
    assert {each.route.partition(":")[2] for each in wanted} == {
        "BTC/USDT:1m:ema_crossover",
        "BTC/USDT:5m:ema_crossover",
        "BTC/USDT:1m:rsi_filter",
        "ETH/USDT:1m:ema_crossover:stopped",
        f"BNB/USDT:1m:{EXAMPLE}",
    }
    assert {(each.intent, each.side) for each in wanted} == {(Intent.ENTER, Side.BUY), (Intent.EXIT, None)}
    assert outcomes(paper) | outcomes(venue) == {Placed, Deferred, Held}


async def in_a_session(folder: Path, mode: Mode, speed: int) -> tuple[SessionReport, list[RunEvent]]:
    """As `yunmin run` has it, to the end of the recording."""
    events: list[RunEvent] = []
    flags = {"run.candles": folder / "candles", "run.speed": speed, "logging.file": folder / f"{mode}.log"}
    settings = configured(folder, *(Flag(name, str(value), "") for name, value in flags.items()))
    async with assemble(settings, mode) as world:
        session = Session(world, settings, events.append)
        async with session.opened() as run:
            return await session.run(run), events


@pytest.mark.parametrize(("mode", "speed"), [(Mode.LOCAL, 1000), (Mode.PAPER, 100_000)])
async def test_one_strategy_file_runs_unchanged_in_every_mode(folder: Path, mode: Mode, speed: int) -> None:
    report, events = await in_a_session(folder, mode, speed)
    assert report.is_equal, report.check
    assert not troubles(events)
    made = [each for each in decisions(events) if each.route.endswith(EXAMPLE)]
    assert {each.intent for each in made} == {Intent.ENTER, Intent.EXIT, Intent.HOLD}
    assert report.run.orders
