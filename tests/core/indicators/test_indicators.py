"""Indicators: one definition run two ways, equal to what the textbook says and to other people's libraries."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunmin.clock import seeded
from yunmin.core.indicators import (
    Bar,
    Indicator,
    Seed,
    atr,
    bollinger,
    crossover,
    crossunder,
    ema,
    highest,
    lowest,
    macd,
    rsi,
    sma,
    stddev,
    wilder,
)
from yunmin.errors import InvalidValue

EVERY: tuple[Indicator[Any, Any], ...] = (
    sma(1), sma(5), ema(10), ema(10, Seed.SMA), wilder(4), rsi(6), stddev(5), highest(4), lowest(4), bollinger(5, 1.5),
    macd(3, 6, 4), macd(3, 6, 4, Seed.SMA), atr(5), crossover(), crossunder(),
)  # fmt: skip

prices = st.floats(min_value=1e-8, max_value=1e8)
bars = st.tuples(prices, prices, prices).map(sorted).map(lambda each: Bar(each[2], each[0], each[1]))


def inputs_for(indicator: Indicator[Any, Any]) -> st.SearchStrategy[list[Any]]:
    if indicator.takes_bars:
        return st.lists(bars, max_size=60)
    if indicator.name.startswith("cross"):
        return st.lists(st.tuples(prices, prices), max_size=60)
    return st.lists(prices, max_size=60)


def bits(values: Sequence[Any]) -> list[str]:
    """Exactly what the values are: a float by all its bits, and nan equal to nan."""
    return [
        repr([each.hex() for each in value]) if isinstance(value, tuple) else float(value).hex() for value in values
    ]


def is_there(value: Any) -> bool:
    return all(not math.isnan(each) for each in (value if isinstance(value, tuple) else (value,)))


def a_walk(length: int, seed: int = 7) -> list[float]:
    chance, price, walk = seeded(seed), 100.0, []
    for _ in range(length):
        price *= 1 + chance.gauss(0, 0.01)
        walk.append(price)
    return walk


@pytest.mark.parametrize("indicator", EVERY, ids=str)
@given(data=st.data())
def test_a_stream_gives_bit_for_bit_what_the_whole_series_gives(indicator: Indicator[Any, Any], data: Any) -> None:
    inputs = data.draw(inputs_for(indicator))
    stream = indicator.stream()
    assert bits([stream.update(each) for each in inputs]) == bits(indicator.over(inputs))


@pytest.mark.parametrize("indicator", EVERY, ids=str)
@given(data=st.data())
def test_no_value_changes_when_more_comes_after_it(indicator: Indicator[Any, Any], data: Any) -> None:
    inputs = data.draw(inputs_for(indicator))
    cut = data.draw(st.integers(0, len(inputs)))
    assert bits(indicator.over(inputs[:cut])) == bits(indicator.over(inputs)[:cut])


@pytest.mark.parametrize("indicator", [each for each in EVERY if not each.name.startswith("cross")], ids=str)
def test_an_indicator_has_its_value_once_it_is_warm_and_those_that_wait_have_none_before(
    indicator: Indicator[Any, Any],
) -> None:
    inputs = [Bar(each + 1, each - 1, each) if indicator.takes_bars else each for each in a_walk(40)]
    there = [is_there(value) for value in indicator.over(inputs)]
    assert all(there[indicator.warm_up - 1 :])
    if Seed.FIRST not in indicator.parameters:
        assert not any(there[: indicator.warm_up - 1])


@given(st.lists(prices, min_size=1, max_size=80), st.integers(1, 12))
def test_windows_are_what_the_textbook_says(values: list[float], period: int) -> None:
    means, deviations = sma(period).over(values), stddev(period).over(values)
    highs, lows = highest(period).over(values), lowest(period).over(values)
    for end in range(period, len(values) + 1):
        window = values[end - period : end]
        scale = max(values)
        assert math.isclose(means[end - 1], statistics.fmean(window), rel_tol=1e-9, abs_tol=1e-12 * scale)
        assert math.isclose(deviations[end - 1], statistics.pstdev(window), rel_tol=1e-6, abs_tol=1e-6 * scale)
        assert highs[end - 1] == max(window)
        assert lows[end - 1] == min(window)


def test_errors_of_the_windows_do_not_pile_up() -> None:
    values = [1e9 + each for each in a_walk(50_000)]
    assert math.isclose(sma(10).over(values)[-1], statistics.fmean(values[-10:]), rel_tol=1e-15)
    assert math.isclose(stddev(10).over(values)[-1], statistics.pstdev(values[-10:]), rel_tol=1e-6)


@given(st.lists(prices, min_size=2, max_size=60), st.integers(1, 10))
def test_relative_strength_stays_between_its_bounds(values: list[float], period: int) -> None:
    assert all(0 <= each <= 100 for each in rsi(period).over(values) if not math.isnan(each))


@pytest.mark.parametrize(("values", "expected"), [([1, 2, 3, 4], 100.0), ([4, 3, 2, 1], 0.0), ([5, 5, 5, 5], 50.0)])
def test_relative_strength_of_only_gains_only_losses_and_nothing(values: list[float], expected: float) -> None:
    assert rsi(3).over(values)[-1] == expected


def test_a_crossing_is_seen_once_and_a_touch_is_none() -> None:
    firsts, seconds = [1, 2, 3, 3, 2, 1, 1], [2, 2, 2, 2, 2, 2, 2]
    pairs = list(zip(map(float, firsts), map(float, seconds), strict=True))
    assert crossover().over(pairs) == [False, False, True, False, False, False, False]
    assert crossunder().over(pairs) == [False, False, False, False, False, True, False]


def test_values_that_are_not_there_yet_cross_nothing() -> None:
    assert crossover().over([(math.nan, 1.0), (2.0, 1.0), (0.0, math.nan), (2.0, 1.0)]) == [False] * 4


@pytest.mark.parametrize(
    "wrong",
    [lambda: sma(0), lambda: ema(-1), lambda: rsi(1.5), lambda: atr(True), lambda: macd(26, 12),  # type: ignore[arg-type]
     lambda: bollinger(20, 0), lambda: bollinger(20, math.nan)],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(InvalidValue):
        wrong()


def test_indicators_are_equal_by_name_and_parameters() -> None:
    assert ema(10) == ema(10)
    assert ema(10) != ema(10, Seed.SMA)
    assert len({sma(5), sma(5), sma(6), wilder(5)}) == 3
    assert str(macd(3, 6, 4)) == "macd(3, 6, 4, FIRST)"


def test_the_exponential_average_from_the_first_value_is_that_of_polars_to_the_last_bit() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed: pip install 'yunmin[data]'")
    values = a_walk(20_000)
    assert bits(ema(10).over(values)) == bits(polars.Series(values).ewm_mean(span=10, adjust=False).to_list())


@given(st.lists(prices, min_size=2, max_size=60), st.integers(1, 8))
def test_relative_strength_is_made_of_wilders_averages_to_the_last_bit(values: list[float], period: int) -> None:
    changes = [after - before for before, after in pairwise(values)]
    gains = wilder(period).over([max(each, 0.0) for each in changes])
    losses = wilder(period).over([max(-each, 0.0) for each in changes])
    shares = [
        50.0 if gain + loss == 0 else 100.0 * (gain / (gain + loss)) for gain, loss in zip(gains, losses, strict=True)
    ]
    assert bits(rsi(period).over(values)[1:]) == bits(shares)
