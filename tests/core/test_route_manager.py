"""Routes under one global time: what closes when, who is asked, what is late, missing or refused."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tests.core.markets import BTC, ETH, START, Eager, Quiet, a_candle, a_manager, at, held, run
from yunmin.core.data_contracts import Candle, Decision, Fill, PublicTrade, Route, Timeframe
from yunmin.core.route_manager import (
    CandleDelayed,
    CandleEvent,
    CandleRefused,
    CandlesMissing,
    RouteManager,
    SeriesKey,
)
from yunmin.errors import ConfigurationError, InvalidValue, LifecycleError

SERIES = SeriesKey("local", BTC, Timeframe.M1)


class Diary(Quiet):
    """Writes down all that it is told."""

    symbols = (ETH,)
    timeframes = ("5m",)

    def prepare(self) -> None:
        self.told: list[tuple[str, str, datetime]] = []
        self.news: list[object] = []

    def on_candle(self, candle: Candle) -> None:
        self.told.append((candle.symbol, self.series.timeframe, candle.open_time))

    def on_order_filled(self, fill: Fill) -> None:
        self.news.append(fill)

    def on_trade(self, trade: PublicTrade) -> None:
        self.news.append(trade)


def a_route(manager: RouteManager, strategy: str = "Eager", **how: Any) -> Route:
    return manager.add_route("local", BTC, "1m", strategy, **how)


def events_of(manager: RouteManager) -> list[CandleEvent]:
    told: list[CandleEvent] = []
    manager.subscribe(told.append)
    return told


def intents(made: tuple[Decision, ...]) -> list[str]:
    return [each.intent for each in made]


# --- routes ----------------------------------------------------------------------------------------------------------


def test_a_route_is_added_by_the_names_that_scripts_use_and_shown_as_plain_values() -> None:
    manager = a_manager(Eager)
    manager.add_route("local", BTC, "1m", "Eager")
    manager.add_route("local", BTC, "1m", "Eager", label="bold", risk={"max_position_pct": "0.05"})
    manager.disable_route("local:BTC/USDT:1m:Eager")
    first, second = json.loads(json.dumps(manager.formatted_routes))
    assert first == {
        "name": "local:BTC/USDT:1m:Eager", "exchange": "local", "symbol": BTC, "timeframe": "1m", "label": "",
        "strategy_name": "Eager", "parameters": {}, "risk": {}, "enabled": False,
    }  # fmt: skip
    assert (second["label"], second["risk"], second["enabled"]) == ("bold", {"max_position_pct": "0.05"}, True)


def test_the_same_route_twice_is_refused() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    with pytest.raises(ConfigurationError, match="there already; give one of the two a label"):
        a_route(manager)


def test_a_route_that_makes_no_sense_is_refused_and_leaves_nothing_behind() -> None:
    manager = a_manager(Eager)
    with pytest.raises(ValidationError):
        manager.add_route("local", BTC, "7m", "Eager")
    with pytest.raises(ConfigurationError, match="no parameter 'fast'"):
        a_route(manager, parameters={"fast": 3})
    assert (manager.routes, manager.feeds) == ((), ())


def test_a_manager_finds_the_strategies_that_are_installed() -> None:
    manager = RouteManager()
    route = manager.add_route("local", BTC, "1m", "ema_crossover", parameters={"fast": 5})
    assert type(manager.strategy_of(route)).__name__ == "EmaCrossover"
    with pytest.raises(ConfigurationError, match=r"no strategy is called 'Eager'; installed: .*ema_crossover"):
        a_route(manager)


def test_a_timeframe_that_does_not_exist_is_named_with_those_that_do() -> None:
    class Odd(Quiet):
        timeframes = ("7m",)

    with pytest.raises(ConfigurationError, match="'7m'; there are: 1s, 1m, 3m"):
        a_route(a_manager(Odd), "Odd")


def test_an_unknown_route_is_named_with_those_that_are_known() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    with pytest.raises(ConfigurationError, match="no route 'x'; there are: local:BTC/USDT:1m:Eager"):
        manager.step_route("x")


def test_what_must_be_fed_is_every_series_that_a_strategy_sees_once() -> None:
    manager = a_manager(Diary, Eager)
    a_route(manager)
    a_route(manager, "Diary")
    assert [str(each) for each in manager.feeds] == [
        "local:BTC/USDT:1m", "local:BTC/USDT:5m", "local:ETH/USDT:1m", "local:ETH/USDT:5m",
    ]  # fmt: skip


def test_a_route_has_its_own_parameters_and_its_own_position() -> None:
    class Named(Eager):
        size: int = 1

        def go_long(self) -> Decision:
            return self.enter(self.side_to_take(), qty=self.size)

        def side_to_take(self) -> Any:
            return "BUY"

    manager = a_manager(Named, positions=lambda route, symbol: held(symbol, 1 if route.label == "rich" else 0))
    a_route(manager, "Named", parameters={"size": 7})
    a_route(manager, "Named", label="rich")
    manager.on_candle("local", "1m", a_candle(0))
    assert [(each.intent, each.qty) for _, _, each in run(manager, at(9))] == [("ENTER", 7), ("EXIT", None)]


def test_a_disabled_route_decides_nothing_and_hears_nothing_and_its_candles_go_on() -> None:
    manager = a_manager(Eager)
    route = a_route(manager)
    manager.on_candle("local", "1m", a_candle(0))
    manager.set_global_time(at(1))
    assert manager.disable_route(route).enabled is False
    assert intents(manager.step_route(route)) == ["HOLD"]
    manager.on_candle("local", "1m", a_candle(1))
    assert manager.set_global_time(at(2)) == ()
    assert manager.enable_route(route).enabled is True
    manager.on_candle("local", "1m", a_candle(2))
    assert manager.set_global_time(at(3)) == (route,)
    assert len(manager.candles("local", BTC, "1m")) == 3
    assert intents(manager.step_route(route)) == ["ENTER"]


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_candle_closes_when_the_global_time_reaches_its_end_and_not_before() -> None:
    manager = a_manager(Eager)
    route = a_route(manager)
    manager.on_candle("local", "1m", a_candle(0))
    assert manager.set_global_time(at(1) - timedelta(microseconds=1)) == ()
    assert intents(manager.step_route(route)) == ["HOLD"]
    assert manager.set_global_time(at(1)) == (route,)
    assert intents(manager.step_route(route)) == ["ENTER"]
    assert intents(manager.step_route(route)) == ["HOLD"]


def test_time_does_not_go_back() -> None:
    manager = a_manager(Eager)
    manager.set_global_time(at(5))
    with pytest.raises(LifecycleError, match="does not go back"):
        manager.set_global_time(at(4))
    with pytest.raises(InvalidValue, match="without a time zone"):
        manager.set_global_time(at(6).replace(tzinfo=None))
    assert manager.global_time == at(5)


def test_moments_are_taken_one_by_one_until_there_is_none() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    for number in (2, 0, 1):
        manager.on_candle("local", "1m", a_candle(number, 100 + number))
    assert [(moment, each.reason) for moment, _, each in run(manager, at(2))] == [
        (at(1), "closed at 100"), (at(2), "closed at 101"),
    ]  # fmt: skip
    assert manager.next_moment(at(2)) is None
    assert manager.next_moment(at(3)) == at(3)


def test_at_one_moment_short_candles_close_before_long_ones_and_every_strategy_hears_the_same_order() -> None:
    manager = a_manager(Diary)
    a_route(manager, "Diary")
    for symbol in (ETH, BTC):
        manager.on_candle("local", "5m", a_candle(0, minutes=5, symbol=symbol))
        manager.on_candle("local", "1m", a_candle(4, symbol=symbol))
    run(manager, at(5))
    diary = manager.strategy_of("local:BTC/USDT:1m:Diary")
    assert isinstance(diary, Diary)
    assert [(symbol, timeframe) for symbol, timeframe, _ in diary.told] == [
        (BTC, "1m"), (ETH, "1m"), (BTC, "5m"), (ETH, "5m"),
    ]  # fmt: skip


def test_a_strategy_is_asked_only_when_a_candle_of_its_own_series_has_closed() -> None:
    class Counting(Diary):
        asked: int = 0

        def should_long(self) -> bool:
            self.asked += 1
            return False

    manager = a_manager(Counting)
    route = a_route(manager, "Counting")
    for symbol in (BTC, ETH):
        manager.on_candle("local", "5m", a_candle(0, minutes=5, symbol=symbol))
        manager.on_candle("local", "1m", a_candle(4, symbol=symbol))
    manager.on_candle("local", "1m", a_candle(5, symbol=ETH))
    run(manager, at(9))
    strategy = manager.strategy_of(route)
    assert isinstance(strategy, Counting)
    assert (strategy.asked, len(strategy.told)) == (1, 5)
    assert strategy.series == SERIES


def test_whether_the_next_step_asks_is_known_before() -> None:
    manager = a_manager(Diary)
    route = a_route(manager, "Diary")
    for symbol, expected in ((ETH, False), (BTC, True)):
        manager.on_candle("local", "1m", a_candle(0 if symbol == ETH else 1, symbol=symbol))
        manager.set_global_time(at(1 if symbol == ETH else 2))
        assert manager.is_asked(route) is expected
        manager.step_route(route)
        assert not manager.is_asked(route), "once it was stepped"


def test_several_exchanges_share_the_time_and_nothing_else() -> None:
    manager = a_manager(Eager)
    manager.add_route("here", BTC, "1m", "Eager")
    manager.add_route("there", BTC, "1m", "Eager")
    manager.on_candle("there", "1m", a_candle(0, 7))
    manager.on_candle("here", "1m", a_candle(1, 8))
    assert [(moment, name.partition(":")[0], each.reason) for moment, name, each in run(manager, at(5))] == [
        (at(1), "there", "closed at 7"), (at(2), "here", "closed at 8"),
    ]  # fmt: skip


def test_a_fault_of_one_strategy_comes_out_where_it_is_stepped_and_the_others_go_on() -> None:
    class Broken(Quiet):
        def should_long(self) -> bool:
            raise ZeroDivisionError

    manager = a_manager(Broken, Eager)
    broken, sound = a_route(manager, "Broken"), a_route(manager)
    for number in range(2):
        manager.on_candle("local", "1m", a_candle(number))
        assert manager.set_global_time(at(number + 1)) == (broken, sound)
        with pytest.raises(ZeroDivisionError):
            manager.step_route(broken)
        assert intents(manager.step_route(sound)) == ["ENTER"]


# --- late, missing, refused ------------------------------------------------------------------------------------------


def test_missing_candles_are_reported_when_a_later_one_closes() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    told = events_of(manager)
    for number in (0, 4):
        manager.on_candle("local", "1m", a_candle(number))
    run(manager, at(5))
    assert told == [CandlesMissing(SERIES, at(1), at(4), 3)]


def test_missing_months_are_counted_by_the_calendar() -> None:
    manager = a_manager(Quiet)
    manager.add_route("local", BTC, "1M", "Quiet")
    told = events_of(manager)
    manager.on_candle("local", "1M", a_candle(0))
    later = START.replace(year=2027, month=3)
    manager.on_candle("local", "1M", a_candle(0).model_copy(update={"open_time": later}))
    run(manager, START.replace(year=2028))
    assert [each.missing for each in told if isinstance(each, CandlesMissing)] == [13]


def test_a_candle_whose_time_has_passed_in_its_series_is_refused_and_history_stays() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    told = events_of(manager)
    for number in (0, 2):
        manager.on_candle("local", "1m", a_candle(number))
    run(manager, at(3))
    manager.on_candle("local", "1m", a_candle(1))
    manager.on_candle("local", "1m", a_candle(0, 999))
    assert run(manager, at(9)) == []
    refused = [each for each in told if isinstance(each, CandleRefused)]
    assert [(each.candle.open_time, each.candle.close) for each in refused] == [
        (at(1), Decimal(100)),
        (at(0), Decimal(999)),
    ]
    assert [each.open_time for each in manager.candles("local", BTC, "1m")] == [at(0), at(2)]


def test_the_same_candle_again_is_no_event() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    told = events_of(manager)
    for _ in range(2):
        manager.on_candle("local", "1m", a_candle(0))
        manager.on_candle("local", "1m", a_candle(0))
        run(manager, at(1))
    assert told == []
    assert len(manager.candles("local", BTC, "1m")) == 1


def test_a_late_candle_that_is_the_next_of_its_series_closes_now_and_is_reported_beyond_the_grace() -> None:
    manager = a_manager(Eager, grace=timedelta(seconds=30))
    a_route(manager)
    told = events_of(manager)
    manager.set_global_time(at(1.25))
    manager.on_candle("local", "1m", a_candle(0))
    assert [moment for moment, _, _ in run(manager, at(1.25))] == [at(1.25)]
    manager.set_global_time(at(3))
    manager.on_candle("local", "1m", a_candle(1))
    assert [moment for moment, _, _ in run(manager, at(3))] == [at(3)]
    assert told == [CandleDelayed(SERIES, at(1), timedelta(minutes=1))]


def test_a_listener_that_has_gone_hears_nothing() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    told: list[CandleEvent] = []
    stop = manager.subscribe(told.append)
    stop()
    for number in (0, 4):
        manager.on_candle("local", "1m", a_candle(number))
    run(manager, at(9))
    assert told == []


def test_what_is_awaited_is_what_is_over_and_has_not_come() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    manager.add_route("local", ETH, "1m", "Eager")
    for symbol in (BTC, ETH):
        manager.on_candle("local", "1m", a_candle(0, symbol=symbol))
    run(manager, at(1))
    assert manager.awaited(at(1.9)) == ()
    manager.on_candle("local", "1m", a_candle(1))
    assert manager.awaited(at(2)) == (SeriesKey("local", ETH, Timeframe.M1),)
    manager.on_candle("local", "1m", a_candle(1, symbol=ETH))
    assert manager.awaited(at(2)) == ()


@pytest.mark.parametrize(
    ("candle", "exchange", "complaint"),
    [
        (a_candle(0, symbol="DOGE/USDT"), "local", "nobody asks to be fed candles of DOGE/USDT 1m at local"),
        (a_candle(0), "elsewhere", "at elsewhere"),
        (a_candle(0).model_copy(update={"open_time": at(0.5)}), "local", "no candle begins at"),
    ],
)
def test_candles_that_nobody_wants_are_refused(candle: Candle, exchange: str, complaint: str) -> None:
    manager = a_manager(Eager)
    a_route(manager)
    with pytest.raises(InvalidValue, match=complaint):
        manager.on_candle(exchange, "1m", candle)


# --- long candles out of short ones ----------------------------------------------------------------------------------


def test_long_candles_are_put_together_and_close_with_their_last_part() -> None:
    manager = a_manager(Diary)
    a_route(manager, "Diary")
    for symbol in (BTC, ETH):
        manager.build("local", symbol, "5m", out_of="1m")
    assert [each.timeframe for each in manager.feeds] == ["1m", "1m"]
    for number in range(6):
        for symbol in (BTC, ETH):
            manager.on_candle("local", "1m", a_candle(number, 100 + number, symbol=symbol))
    run(manager, at(4))
    assert len(manager.candles("local", BTC, "5m")) == 0
    run(manager, at(6))
    (whole,) = manager.candles("local", BTC, "5m")
    assert (whole.open, whole.close, whole.volume) == (Decimal(100), Decimal(104), Decimal(5))
    with pytest.raises(InvalidValue, match="nobody asks to be fed"):
        manager.on_candle("local", "5m", a_candle(1, minutes=5))


def test_building_is_said_once_and_before_the_first_candle() -> None:
    manager = a_manager(Diary)
    a_route(manager, "Diary")
    manager.build("local", BTC, "5m", out_of="1m")
    with pytest.raises(ConfigurationError, match="put together already"):
        manager.build("local", BTC, "5m", out_of="1m")
    with pytest.raises(InvalidValue, match="cannot be put together"):
        manager.build("local", ETH, "5m", out_of="3m")
    manager.on_candle("local", "1m", a_candle(0, symbol=ETH))
    run(manager, at(1))
    with pytest.raises(LifecycleError, match="before the first candle"):
        manager.build("local", ETH, "5m", out_of="1m")


# --- seeding ---------------------------------------------------------------------------------------------------------


def test_a_seeded_series_is_warm_at_its_first_candle_and_nobody_was_asked_about_the_past() -> None:
    class Warm(Eager):
        warm_up = 4

    manager = a_manager(Warm)
    route = a_route(manager, "Warm")
    manager.set_global_time(at(3))
    manager.seed("local", "1m", [a_candle(number) for number in range(3)])
    assert intents(manager.step_route(route)) == ["HOLD"]
    manager.on_candle("local", "1m", a_candle(3))
    assert [moment for moment, _, _ in run(manager, at(4))] == [at(4)]


def test_seeded_parts_go_into_long_candles_that_were_not_seeded_themselves() -> None:
    manager = a_manager(Diary)
    a_route(manager, "Diary")
    manager.build("local", BTC, "5m", out_of="1m")
    manager.set_global_time(at(10))
    manager.seed("local", "5m", [a_candle(0, 77, minutes=5)])
    manager.seed("local", "1m", [a_candle(number) for number in range(10)])
    assert [each.close for each in manager.candles("local", BTC, "5m")] == [77, 100]


@pytest.mark.parametrize(
    ("candles", "complaint"),
    [
        ([a_candle(5)], "is not over"),
        ([a_candle(0, is_closed=False)], "is not over"),
        ([a_candle(1), a_candle(0)], "not after the newest"),
        ([a_candle(0).model_copy(update={"open_time": at(0.5)})], "no candle begins"),
    ],
)
def test_what_cannot_be_past_is_not_seeded(candles: list[Candle], complaint: str) -> None:
    manager = a_manager(Eager)
    a_route(manager)
    manager.set_global_time(at(5))
    with pytest.raises(InvalidValue, match=complaint):
        manager.seed("local", "1m", candles)


def test_a_candle_that_waited_while_its_series_was_seeded_beyond_it_is_not_closed_twice() -> None:
    manager = a_manager(Eager)
    a_route(manager)
    told = events_of(manager)
    manager.set_global_time(at(3))
    manager.on_candle("local", "1m", a_candle(0))
    manager.on_candle("local", "1m", a_candle(1, 999))
    manager.seed("local", "1m", [a_candle(number) for number in range(3)])
    assert run(manager, at(3)) == []
    assert [type(each) for each in told] == [CandleRefused]


# --- news ------------------------------------------------------------------------------------------------------------


def test_fills_and_trades_reach_the_strategies_that_they_concern() -> None:
    manager = a_manager(Diary, Eager)
    diary, eager = a_route(manager, "Diary"), a_route(manager)
    manager.set_global_time(at(1))
    fill = Fill(symbol=BTC, trade_id="1", qty="1", price="1")
    trade = PublicTrade(symbol=ETH, trade_id="1", qty="1", price="1", ts=at(1))
    manager.on_order_filled(diary, fill)
    assert manager.routes_of("local", ETH) == (diary,)
    assert manager.routes_of("local", BTC) == (diary, eager)
    manager.on_trade(diary, trade)
    manager.disable_route(diary)
    manager.on_trade(diary, trade)
    manager.on_order_filled(diary, fill)
    strategy = manager.strategy_of(diary)
    assert isinstance(strategy, Diary)
    assert strategy.news == [fill, trade]


def test_a_route_that_comes_while_candles_wait_changes_nothing_of_their_order() -> None:
    manager = a_manager(Eager)
    manager.add_route("local", ETH, "1m", "Eager")
    for number in (1, 0):
        manager.on_candle("local", "1m", a_candle(number, 1, symbol=ETH))
    a_route(manager)
    for number in (1, 0):
        manager.on_candle("local", "1m", a_candle(number, 2))
    assert [(moment, each.symbol) for moment, _, each in run(manager, at(9))] == [
        (at(1), ETH), (at(1), BTC), (at(2), ETH), (at(2), BTC),
    ]  # fmt: skip
