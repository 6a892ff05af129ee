"""Candles as trades, and the candles that a tape makes of them again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from yunmin.core.data_contracts import Candle
from yunmin.simulation.candle_trades import candle_trades
from yunmin.simulation.intervals import MINUTE
from yunmin.simulation.orders import Trade
from yunmin.simulation.tape import Tape
from yunmin.simulation.units import cost_of, from_units, to_micros, to_units

START = datetime(2026, 1, 1, tzinfo=UTC)
TICK, STEP = to_units("0.01"), to_units("0.001")


def a_candle(number: int, opened: int, high: int, low: int, closed: int, volume: int) -> Candle:
    """Prices in ticks, the volume in steps."""
    prices = [from_units(price * TICK) for price in (opened, high, low, closed)]
    return Candle(
        symbol="BTC/USD",
        open_time=START + timedelta(minutes=number),
        open=prices[0],
        high=prices[1],
        low=prices[2],
        close=prices[3],
        volume=from_units(volume * STEP),
    )


def bars_of(candles: list[Candle]) -> list[tuple[int, ...]]:
    """Open time, open, high, low, close and volume of the bars that the tape makes of their trades."""
    tape = Tape()
    trades = candle_trades(candles, tick=TICK, step=STEP)
    assert [trade.time for trade in trades] == sorted(trade.time for trade in trades)
    for number, one in enumerate(trades, start=1):
        cost = cost_of(one.price, one.qty)
        tape.append(Trade(number, one.price, one.qty, cost, one.time, one.buyer_is_maker, 2, 1, 2))
    first, last = to_micros(candles[0].open_time), to_micros(candles[-1].open_time)
    return [bar[:6] for bar in tape.bars(MINUTE, now=last + MINUTE - 1, limit=1000, start=first)]


def as_bar(candle: Candle) -> tuple[int, ...]:
    prices = (to_units(price) for price in (candle.open, candle.high, candle.low, candle.close, candle.volume))
    return (to_micros(candle.open_time), *prices)


@st.composite
def some_candles(draw: st.DrawFn) -> list[Candle]:
    candles: list[Candle] = []
    for number in range(draw(st.integers(1, 20))):
        ticks = sorted(draw(st.lists(st.integers(1, 10**7), min_size=4, max_size=4)))
        low, *inner, high = ticks
        opened, closed = draw(st.permutations(inner))
        volume = draw(st.one_of(st.integers(4, 30), st.integers(4, 10**12)))
        candles.append(a_candle(number, opened, high, low, closed, volume))
    return candles


@settings(deadline=None)
@given(some_candles())
def test_the_venues_own_candles_of_them_are_the_recorded_ones(candles: list[Candle]) -> None:
    assert bars_of(candles) == [as_bar(candle) for candle in candles]


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 3))
def test_a_candle_of_two_or_three_steps_that_only_rises_or_falls_is_exact_too(one: int, other: int, steps: int) -> None:
    candle = a_candle(0, one, max(one, other), min(one, other), other, steps)
    (bar,) = bars_of([candle])
    assert bar == as_bar(candle)


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**6), min_size=4, max_size=4), st.integers(0, 3))
def test_prices_are_right_even_where_the_volume_is_too_small_for_them(ticks: list[int], steps: int) -> None:
    low, opened, closed, high = sorted(ticks)
    candle = a_candle(0, opened, high, low, closed, steps)
    (bar,) = bars_of([candle])
    assert bar[:5] == as_bar(candle)[:5]


def test_nothing_trades_in_a_candle_without_volume_whose_price_stood_still() -> None:
    candles = [
        a_candle(0, 100, 120, 90, 110, 40),
        a_candle(1, 110, 110, 110, 110, 0),
        a_candle(2, 110, 110, 110, 110, 4),
    ]
    assert bars_of(candles) == [as_bar(candle) for candle in candles]
    assert len(candle_trades(candles, tick=TICK, step=STEP)) == 8


def test_a_gap_without_candles_is_a_time_in_which_the_price_stands() -> None:
    candles = [a_candle(0, 100, 120, 90, 110, 40), a_candle(1, 110, 115, 105, 112, 8), a_candle(3, 90, 95, 80, 85, 9)]
    first, second, between, third = bars_of(candles)
    assert [first, second, third] == [as_bar(candle) for candle in candles]
    assert between[1:] == (second[4],) * 4 + (0,)


def test_they_trade_at_the_quarters_of_a_candle_and_takers_push_the_price() -> None:
    trades = candle_trades([a_candle(0, 100, 120, 90, 110, 10)], tick=TICK, step=STEP)
    opened = to_micros(START)
    assert [(trade.time - opened) / MINUTE for trade in trades] == [0, 0.25, 0.5, 0.75]
    assert [trade.price // TICK for trade in trades] == [100, 90, 120, 110]
    assert [trade.qty // STEP for trade in trades] == [2, 3, 2, 3]
    assert [trade.buyer_is_maker for trade in trades] == [False, True, False, True]


def test_what_is_off_the_markets_grid_is_brought_onto_it() -> None:
    candle = a_candle(0, 100, 120, 90, 110, 10).model_copy(
        update={"open": Decimal("1.0041"), "volume": Decimal("0.0104")}
    )
    trades = candle_trades([candle], tick=TICK, step=STEP)
    assert trades[0].price == to_units("1.00")
    assert sum(trade.qty for trade in trades) == to_units("0.010")
