"""Recorded candles on paper: a run that is the same every time, by the strategies that run everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from yunmin.config.configuration import Configuration, load_configuration
from yunmin.config.layers import Flag
from yunmin.config.working_folder import WorkingFolder, write_working_folder
from yunmin.core.data_contracts import Intent
from yunmin.engine.assembly import Mode, assemble
from yunmin.engine.run_events import CandleTrouble, Decided, FeedTrouble, RunEnded, RunEvent, StrategyFailed
from yunmin.engine.running import open_run
from yunmin.errors import ConfigurationError
from yunmin.execution.outcomes import Placed

LAST_CANDLE = datetime(2026, 1, 1, 8, 19, tzinfo=UTC)
"""Of the sample candles: 500 minutes from midnight on."""

FAST = Flag("run.speed", "100000", "--speed")


class Told(NamedTuple):
    """What a run told, and what it held at its end."""

    events: list[RunEvent]
    equity: Decimal | None
    held: dict[str, Decimal]

    @property
    def decisions(self) -> list[str]:
        return [
            f"{each.at} {each.route.name} {each.decision.intent} {each.decision.side} {type(each.outcome).__name__}"
            for each in self.events
            if isinstance(each, Decided) and each.decision.intent is not Intent.HOLD
        ]


def settings(folder: Path, *flags: Flag) -> Configuration:
    if not (folder / "yunmin.yaml").exists():
        write_working_folder(folder, WorkingFolder(adapter="binance"))
    candles = Flag("run.candles", str(folder / "candles"), "--candles")
    return load_configuration(folder / "yunmin.yaml", environ={}, flags=[FAST, candles, *flags])


async def run(loaded: Configuration) -> Told:
    events: list[RunEvent] = []
    async with assemble(loaded, Mode.PAPER) as world, open_run(world, loaded, [events.append]) as going:
        await going.go()
        assert await going.complete_books()
        held = {symbol: each.qty for symbol, each in going.executor.positions.positions().items()}
        return Told(events, going.risk.equity, held)


def of_kind(events: Sequence[RunEvent], *kinds: type) -> list[RunEvent]:
    return [event for event in events if isinstance(event, kinds)]


def test_a_recording_is_traded_from_its_first_candle_to_its_last(tmp_path: Path) -> None:
    told = asyncio.run(run(settings(tmp_path)))
    assert len(told.decisions) > 20
    assert all(decision.endswith("Placed") for decision in told.decisions)
    assert {line.split()[2].split(":")[1] for line in told.decisions} == {"BTC/USDT", "ETH/USDT", "BNB/USDT"}
    assert not of_kind(told.events, CandleTrouble, FeedTrouble, StrategyFailed)
    (end,) = (each for each in told.events if isinstance(each, RunEnded))
    assert end.why == "there is nothing more to be heard of the market"
    assert end.at == LAST_CANDLE + timedelta(minutes=1)


def test_the_same_recording_gives_the_same_run_to_the_last_digit(tmp_path: Path) -> None:
    loaded = settings(tmp_path)
    first, second = (asyncio.run(run(loaded)) for _ in range(2))
    assert first.decisions == second.decisions
    assert (first.equity, first.held) == (second.equity, second.held)
    assert len([path for path in (tmp_path / "runs").iterdir() if path.is_dir()]) == 2


def test_every_order_was_placed_at_the_moment_of_its_candles_end(tmp_path: Path) -> None:
    told = asyncio.run(run(settings(tmp_path)))
    placed = [each for each in told.events if isinstance(each, Decided) and isinstance(each.outcome, Placed)]
    assert placed
    for each in placed:
        assert each.at == each.decision.as_of
        assert each.at.second == 0


def test_candles_of_a_longer_timeframe_are_put_together(tmp_path: Path) -> None:
    loaded = settings(tmp_path, Flag("routes.0.timeframe", "5m", ""), Flag("routes.1.enabled", "false", ""))
    told = asyncio.run(run(loaded))
    of_btc = [line for line in told.decisions if "BTC/USDT:5m" in line]
    assert of_btc
    assert all(int(line[14:16]) % 5 == 0 for line in of_btc)
    assert not any("ETH/USDT" in line for line in told.decisions)


def test_a_market_that_was_not_recorded_is_refused_before_anything_is_traded(tmp_path: Path) -> None:
    loaded = settings(tmp_path, Flag("routes.2.symbol", "SOL/USDT", ""))
    with pytest.raises(ConfigurationError, match=r"no recorded candles of SOL/USDT.*BTC/USDT"):
        asyncio.run(run(loaded))


def test_a_timeframe_shorter_than_what_was_recorded_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="are of 1m, and none of 1s can be made"):
        asyncio.run(run(settings(tmp_path, Flag("routes.0.timeframe", "1s", ""))))


def test_without_a_route_there_is_nothing_to_run(tmp_path: Path) -> None:
    loaded = settings(tmp_path)
    (tmp_path / "yunmin.yaml").write_text("account: {adapter: binance}\n")
    loaded = settings(tmp_path)
    with pytest.raises(ConfigurationError, match="no route is set"):
        asyncio.run(run(loaded))
