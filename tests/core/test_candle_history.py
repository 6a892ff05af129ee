"""A series' closed candles, what is seen of them, and the indicators along them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.markets import BTC, a_candle
from yunmin.core.candle_history import CandleHistory, Line, NotEnoughCandles, SeriesKey
from yunmin.core.data_contracts import Timeframe
from yunmin.core.indicators import Bar, Indicator, Steps, atr, ema, macd
from yunmin.errors import InvalidValue, LifecycleError

closes = st.lists(st.integers(1, 10**6).map(lambda each: each / 100), max_size=30)


def a_history(*prices: float, keep: int = 100) -> CandleHistory:
    history = CandleHistory(SeriesKey("local", BTC, Timeframe.M1), keep=keep)
    for number, price in enumerate(prices):
        history.append(a_candle(number, price, high=str(price + 1), low=str(price)))
    return history


def test_candles_are_seen_oldest_first_by_index_and_slice() -> None:
    candles = a_history(1, 2, 3).candles()
    assert [float(each.close) for each in candles] == [1, 2, 3]
    assert (float(candles[-1].close), float(candles[0].close), len(candles)) == (3, 1, 3)
    assert [float(each.close) for each in candles[-2:]] == [2, 3]
    assert [float(each.close) for each in candles[::-1]] == [3, 2, 1]
    assert [float(each.close) for each in candles[1:99]] == [2, 3]


@pytest.mark.parametrize("index", [3, 99])
def test_beyond_the_newest_there_is_nothing(index: int) -> None:
    with pytest.raises(IndexError, match="what has not closed is not seen") as raised:
        a_history(1, 2, 3).candles()[index]
    assert not isinstance(raised.value, NotEnoughCandles)


def test_before_the_first_there_is_nothing_yet() -> None:
    with pytest.raises(NotEnoughCandles, match="there are 3 candles yet, none at -4"):
        a_history(1, 2, 3).candles()[-4]


def test_what_was_forgotten_is_no_matter_of_waiting() -> None:
    candles = a_history(1, 2, 3, 4, 5, keep=2).candles()
    with pytest.raises(IndexError, match=r"2 candles are remembered, none at -5: RouteManager\(keep") as raised:
        candles[-5]
    assert not isinstance(raised.value, NotEnoughCandles)
    assert candles.forgotten == 3


@given(st.integers(2, 6), st.integers(0, 40))
def test_what_is_remembered_is_bounded_and_always_enough(keep: int, count: int) -> None:
    history = a_history(*range(1, count + 1), keep=keep)
    seen = [float(each.close) for each in history.candles()]
    assert history.count == count
    assert min(keep, count) <= len(seen) <= 2 * keep
    assert seen == [float(each) for each in range(count + 1 - len(seen), count + 1)]


@given(st.integers(2, 6), st.integers(1, 20), st.integers(0, 30))
def test_what_was_asked_for_earlier_stays_as_it_was(keep: int, first: int, later: int) -> None:
    history = a_history(*range(1, first + 1), keep=keep)
    earlier = history.candles()
    before = list(earlier)
    for number in range(first, first + later):
        history.append(a_candle(number, 999))
    assert list(earlier) == before == list(earlier[:])
    assert earlier[-1] == before[-1]


@given(closes, st.integers(0, 30))
def test_an_indicator_is_the_same_whenever_it_is_first_asked_for(prices: list[float], asked_at: int) -> None:
    early, late = a_history(), a_history()
    early_line = early.line(ema(3))
    for number, price in enumerate(prices):
        if number == asked_at:
            late.line(ema(3))
        early.append(a_candle(number, price))
        late.append(a_candle(number, price))
    one, other = early_line.reading(), late.line(ema(3)).reading()
    assert (one.hex(), one.previous.hex()) == (other.hex(), other.previous.hex())


def test_a_line_has_the_value_now_and_the_one_before_and_knows_when_it_is_warm() -> None:
    history = a_history(10, 20)
    line = history.line(ema(3))
    assert history.count < line.warm_at
    assert (line.reading(), line.reading().previous) == (15, 10)
    history.append(a_candle(2, 25))
    assert history.count == line.warm_at
    assert (line.reading(), line.reading().previous) == (20, 15)


def test_an_indicator_of_ranges_is_given_ranges() -> None:
    history = a_history(10, 20, 30)
    assert history.line(atr(2)).reading() == atr(2).over([Bar(11, 10, 10), Bar(21, 20, 20), Bar(31, 30, 30)])[-1]


def test_an_indicator_of_several_figures_gives_readings_of_each() -> None:
    history = a_history(10)
    first = history.line(macd(2, 3, 2)).reading()
    assert math.isnan(first.line.previous)
    history.append(a_candle(1, 20))
    second = history.line(macd(2, 3, 2)).reading()
    assert second.line.previous == first.line
    assert type(second) is type(first)


def test_exactly_the_same_candle_is_known_again() -> None:
    history = a_history(1, 2)
    assert history.knows(a_candle(0, 1, high="2.0", low="1"))
    assert not history.knows(a_candle(0, 1.5))
    assert not history.knows(a_candle(7, 1))


def test_a_history_that_remembers_too_little_is_refused() -> None:
    with pytest.raises(InvalidValue, match="at least 2"):
        a_history(keep=1)


def test_an_indicator_that_is_another_at_every_candle_is_stopped_before_it_fills_the_memory() -> None:
    history = a_history(1)
    for period in range(1, 1001):
        history.line(ema(period))
    assert history.line(ema(7)) is history.line(ema(7))
    with pytest.raises(LifecycleError, match=r"has 1000 indicators and was asked for ema\(1001, FIRST\)"):
        history.line(ema(1001))


class Fragile:
    """An indicator that gives back what it takes, and fails at 13."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    def steps(self) -> Steps[float, float]:
        value = yield math.nan
        while value != 13:
            self.taken.append(value)
            value = yield value
        raise ZeroDivisionError("thirteen")

    def along(self, history: CandleHistory) -> Line:
        return history.line(Indicator("fragile", (), warm_up=1, steps=self.steps))


def test_an_indicator_fails_where_it_is_read_and_again_at_every_reading_after() -> None:
    fragile, history = Fragile(), a_history(1, 2)
    line = fragile.along(history)
    assert line.reading() == 2
    history.append(a_candle(2, 13))
    with pytest.raises(ZeroDivisionError):
        line.reading()
    history.append(a_candle(3, 4))
    for _ in range(2):
        with pytest.raises(LifecycleError, match=r"the indicator fragile\(\) has failed, with ZeroDivisionError"):
            fragile.along(history).reading()


def test_an_indicator_that_fails_on_what_is_remembered_does_not_stay_silent_either() -> None:
    fragile, history = Fragile(), a_history(1, 13)
    with pytest.raises(ZeroDivisionError):
        fragile.along(history).reading()
    with pytest.raises(LifecycleError, match="has failed"):
        fragile.along(history).reading()


def test_an_indicator_that_is_not_read_is_moved_on_all_the_same_and_fails_for_the_next_reader() -> None:
    fragile, history = Fragile(), a_history(1)
    line = fragile.along(history)
    for number in range(1, 4_000):
        history.append(a_candle(number, 13 if number == 2_500 else 5))
        assert number - len(fragile.taken) <= 1_001 or number > 2_500, "what waits is bounded"
    assert len(fragile.taken) == 2_500
    with pytest.raises(LifecycleError, match="has failed"):
        line.reading()


def test_who_reads_an_indicator_that_another_reader_has_not_come_back_from_is_told() -> None:
    history = a_history(1)
    told: list[str] = []

    def nested() -> Steps[float, float]:
        value = yield math.nan
        while True:
            with pytest.raises(LifecycleError) as raised:
                line.reading()
            told.append(str(raised.value))
            history.append(a_candle(history.count, 5))
            value = yield value

    line = history.line(Indicator("nested", (), warm_up=1, steps=nested))
    assert line.reading() == 1
    assert told == ["the indicator nested() is being worked out, and has not returned"]
    with pytest.raises(LifecycleError, match="did not return before the next candle closed"):
        line.reading()
