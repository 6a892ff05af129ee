"""Whatever comes, in whatever order: candles close once and in time order, and the future changes no decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.markets import BTC, ETH, Quiet, a_candle, a_manager, at, run
from yunmin.core.data_contracts import Candle, Decision, Side, Timeframe
from yunmin.core.route_manager import RouteManager
from yunmin.core.strategy_base import StrategyBase

LAST = 24
STEP = {"1m": 1, "5m": 5}
Told = tuple[str, Candle]


class Trader(StrategyBase):
    """Decides by everything that it can see."""

    symbols = (ETH,)
    timeframes = ("5m",)

    def prepare(self) -> None:
        self.heard: list[tuple[datetime, str, str, datetime]] = []

    def on_candle(self, candle: Candle) -> None:
        self.heard.append((self.time, candle.symbol, self.series.timeframe, candle.open_time))

    def should_long(self) -> bool:
        return self.close > self.sma(2) or self.ema(3, symbol=ETH) > self.ema(2, timeframe="5m")

    def go_long(self) -> Decision:
        size = self.close + self.highest(2, symbol=ETH, timeframe="5m") + self.rsi(2)
        return self.enter(Side.BUY, qty=size, reason=f"{len(self.candles(ETH))} {len(self.candles(timeframe='5m'))}")


@st.composite
def markets(draw: st.DrawFn) -> list[Told]:
    """Candles of four series, some of them missing, each once, in any order."""
    told = []
    for symbol in (BTC, ETH):
        for timeframe, minutes in STEP.items():
            numbers = draw(st.sets(st.integers(0, LAST // minutes - 1)))
            for number in numbers:
                price = draw(st.integers(50, 150))
                told.append((timeframe, a_candle(number, price, symbol=symbol, minutes=minutes)))
    return draw(st.permutations(told))


def end_of(told: Told) -> datetime:
    timeframe, candle = told
    return Timeframe(timeframe).close_of(candle.open_time)


def a_trader() -> RouteManager:
    manager = a_manager(Trader, Quiet)
    manager.add_route("local", BTC, "1m", "Trader")
    manager.add_route("local", ETH, "5m", "Trader")
    return manager


def decisions(told: Sequence[Told], until: datetime) -> list[tuple[datetime, str, Decision]]:
    manager = a_trader()
    for timeframe, candle in told:
        manager.on_candle("local", timeframe, candle)
    return run(manager, until)


def decisions_as_they_come(told: Sequence[Told]) -> list[tuple[datetime, str, Decision]]:
    """As in life: no candle is offered before it is over."""
    manager, made = a_trader(), []
    for moment in sorted({end_of(each) for each in told}):
        for timeframe, candle in told:
            if Timeframe(timeframe).close_of(candle.open_time) == moment:
                manager.on_candle("local", timeframe, candle)
        made += run(manager, moment)
    return made


@settings(max_examples=60)
@given(markets())
def test_candles_given_ahead_of_time_and_as_they_come_lead_to_the_same_decisions(told: list[Told]) -> None:
    assert decisions(told, at(LAST)) == decisions_as_they_come(told)


@settings(max_examples=60)
@given(markets(), st.integers(0, LAST))
def test_what_comes_later_changes_no_decision(told: list[Told], minute: int) -> None:
    past = [each for each in told if end_of(each) <= at(minute)]
    whole = decisions(told, at(LAST))
    assert [each for each in whole if each[0] <= at(minute)] == decisions(past, at(LAST))


@settings(max_examples=60)
@given(markets())
def test_every_candle_closes_once_at_its_end_and_none_before_an_earlier_one(told: list[Told]) -> None:
    manager = a_trader()
    for timeframe, candle in told:
        manager.on_candle("local", timeframe, candle)
    run(manager, at(LAST))
    trader = manager.strategy_of("local:BTC/USDT:1m:Trader")
    assert isinstance(trader, Trader)
    assert len(trader.heard) == len(told)
    for earlier, later in pairwise(trader.heard):
        assert rank(earlier) < rank(later)
    assert all(moment == Timeframe(timeframe).close_of(opened) for moment, _, timeframe, opened in trader.heard)


def rank(heard: tuple[datetime, str, str, datetime]) -> tuple[datetime, int, str]:
    moment, symbol, timeframe, _ = heard
    return moment, STEP[timeframe], symbol


@settings(max_examples=60)
@given(markets(), st.lists(st.integers(0, 2 * LAST), min_size=1, max_size=6))
def test_however_time_leaps_history_is_in_order_and_no_candle_is_before_its_end(
    told: list[Told], leaps: list[int]
) -> None:
    manager = a_trader()
    for timeframe, candle in told:
        manager.on_candle("local", timeframe, candle)
    for leap in sorted(leaps):
        for route in manager.set_global_time(at(leap / 2)):
            manager.step_route(route)
        for key in manager.feeds:
            opened = [each.open_time for each in manager.candles(*key)]
            assert opened == sorted(set(opened))
            assert all(key.timeframe.close_of(each) <= manager.global_time for each in opened)
