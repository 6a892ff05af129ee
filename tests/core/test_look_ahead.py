"""No strategy sees what has not closed: not by asking, nor by walking through every attribute of all that it holds."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest

from tests.core.markets import BTC, ETH, START, Quiet, a_candle, a_manager, at, run
from yunmin.core.candle_history import Candles
from yunmin.core.data_contracts import Candle, PublicTrade, Timeframe
from yunmin.core.route_manager import RouteManager
from yunmin.errors import LifecycleError

TIMEFRAMES = {1: Timeframe.M1, 5: Timeframe.M5}
ATOMS = (str, bytes, int, float, bool, type(None), datetime, type, types.ModuleType)


def reachable(root: object) -> Iterator[object]:
    """Everything that attributes, slots, items, closures, bound methods and paused generators lead to."""
    seen: set[int] = set()
    waiting, kept = [root], []
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, ATOMS):
            continue
        seen.add(id(each))
        kept.append(each)  # or another object could take its id
        yield each
        waiting += parts_of(each)


def parts_of(each: Any) -> list[object]:
    if isinstance(each, Mapping):
        return [*each.keys(), *each.values()]
    if isinstance(each, (list, tuple, set, frozenset)):
        return list(each)
    found: list[object] = list(vars(each).values()) if hasattr(each, "__dict__") else []
    for kind in type(each).__mro__:
        found += [getattr(each, name) for name in slots_of(kind) if hasattr(each, name)]
    if isinstance(each, types.FunctionType):
        found += [cell.cell_contents for cell in each.__closure__ or ()]
    if isinstance(each, (types.MethodType, types.BuiltinMethodType)):
        found.append(each.__self__)
    if isinstance(each, types.GeneratorType) and each.gi_frame is not None:
        found += each.gi_frame.f_locals.values()
    return found


def slots_of(kind: type) -> tuple[str, ...]:
    slots = kind.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else tuple(slots)


def end_of(candle: Candle) -> datetime:
    minutes = 5 if candle.volume == 5 else 1  # the long candles below have five times the volume
    return TIMEFRAMES[minutes].close_of(candle.open_time)


def future_within(root: object, now: datetime) -> list[Candle]:
    return [each for each in reachable(root) if isinstance(each, Candle) and end_of(each) > now]


class Spy(Quiet):
    """Looks everywhere it can, at every candle and in every hook."""

    symbols = (ETH,)
    timeframes = ("5m",)

    def prepare(self) -> None:
        self.kept: list[Candles] = []
        self.looks = 0
        self.seen: list[tuple[datetime, Candle]] = []

    def on_candle(self, candle: Candle) -> None:
        assert self.series.timeframe.close_of(candle.open_time) <= self.time
        self.look()

    def should_long(self) -> bool:
        self.look()
        return False

    def look(self) -> None:
        self.looks += 1
        self.indicator_of_everything()
        assert future_within(self, self.time) == []
        for symbol in (BTC, ETH):
            for timeframe in ("1m", "5m"):
                self.ask(self.candles(symbol, timeframe))
        for earlier in self.kept:
            self.ask(earlier)
        self.kept.append(self.candles())

    def indicator_of_everything(self) -> None:
        for symbol in (BTC, ETH):
            self.ema(3, symbol=symbol)
            self.atr(3, symbol=symbol, timeframe="5m")
            self.bollinger(3, symbol=symbol)

    def ask(self, candles: Candles) -> None:
        count = len(candles)
        for index in (count, count + 1, -count - 1):
            with pytest.raises(IndexError):
                candles[index]
        shown = [*candles, *candles[:], *candles[-3:], *candles[count - 1 : count + 99], *candles[::-1]]
        assert all(end_of(each) <= self.time for each in shown)


def a_market(manager: RouteManager, minutes: int) -> None:
    """All candles of the day at once, ahead of their time, each once as it forms and once as it ended."""
    for symbol in (ETH, BTC):
        for number in reversed(range(minutes)):
            manager.on_candle("local", "1m", a_candle(number, 100 + number, symbol=symbol, is_closed=False))
            manager.on_candle("local", "1m", a_candle(number, 200 + number, symbol=symbol))
            if number % 5 == 0:
                manager.on_candle("local", "5m", a_candle(number // 5, 300, minutes=5, symbol=symbol, volume="5"))


def test_a_strategy_that_looks_everywhere_sees_no_candle_that_has_not_closed() -> None:
    manager = a_manager(Spy)
    manager.add_route("local", BTC, "1m", "Spy")
    a_market(manager, 30)
    run(manager, at(20))
    spy = manager.strategy_of("local:BTC/USDT:1m:Spy")
    assert isinstance(spy, Spy)
    assert spy.looks > 20
    assert len(spy.candles()) == 20


def test_the_walk_would_find_the_future_if_there_were_a_way_to_it() -> None:
    manager = a_manager(Spy)
    manager.add_route("local", BTC, "1m", "Spy")
    a_market(manager, 10)
    run(manager, at(5))
    assert len(future_within(manager, at(5))) == 2 * 5 + 2
    spy = manager.strategy_of("local:BTC/USDT:1m:Spy")
    spy.leak = manager.next_moment  # type: ignore[attr-defined]
    assert future_within(spy, at(5))


def test_a_candle_that_is_still_forming_is_seen_by_nobody() -> None:
    manager = a_manager(Quiet)
    manager.add_route("local", BTC, "1m", "Quiet")
    manager.on_candle("local", "1m", a_candle(0, is_closed=False))
    manager.set_global_time(at(5))
    assert len(manager.candles("local", BTC, "1m")) == 0


def test_a_candle_that_does_not_say_whether_it_is_closed_counts_as_it_was_last_told() -> None:
    manager = a_manager(Quiet)
    manager.add_route("local", BTC, "1m", "Quiet")
    for close in (100, 101, 102):
        manager.on_candle("local", "1m", a_candle(0, close))
    manager.set_global_time(at(1))
    assert [each.close for each in manager.candles("local", BTC, "1m")] == [102]


def test_the_time_before_the_first_moment_is_before_all_candles() -> None:
    manager = a_manager(Quiet)
    manager.add_route("local", BTC, "1m", "Quiet")
    assert manager.global_time < START


def test_nobody_is_told_of_a_trade_that_has_not_happened_yet() -> None:
    manager = a_manager(Quiet)
    route = manager.add_route("local", BTC, "1m", "Quiet")
    manager.set_global_time(at(1))
    with pytest.raises(LifecycleError, match="after the global time"):
        manager.on_trade(route, PublicTrade(symbol=BTC, trade_id="1", price="1", qty="1", ts=at(1.5)))
