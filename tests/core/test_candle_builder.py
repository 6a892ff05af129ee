"""Long candles out of short ones, and candles out of trades."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.markets import BTC, ETH, START, a_candle, at
from yunmin.core.candle_builder import CandleBuilder, CandlesFromTrades
from yunmin.core.data_contracts import Candle, PublicTrade, Timeframe
from yunmin.errors import InvalidValue

fives = st.lists(st.integers(1, 1000), min_size=0, max_size=30)


def a_trade(seconds: float, price: Any, qty: Any = 1, symbol: str = BTC) -> PublicTrade:
    moment = START + timedelta(seconds=seconds)
    return PublicTrade(symbol=symbol, trade_id=str(seconds), price=str(price), qty=str(qty), ts=moment)


def built(parts: list[Candle]) -> list[Candle]:
    builder = CandleBuilder(Timeframe.M5, out_of=Timeframe.M1)
    return [whole for part in parts for whole in builder.add(part)]


def test_five_minutes_have_the_first_open_the_last_close_both_extremes_and_all_the_volume() -> None:
    prices = [10, 14, 8, 11, 12]
    (whole,) = built([a_candle(n, p, high=str(p + 1), low=str(p - 1)) for n, p in enumerate(prices)])
    assert (whole.open, whole.high, whole.low, whole.close) == (Decimal(10), Decimal(15), Decimal(7), Decimal(12))
    assert (whole.volume, whole.open_time, whole.is_closed) == (Decimal(5), START, True)


@given(fives)
def test_a_whole_candle_is_told_with_its_last_part_and_not_before(prices: list[int]) -> None:
    builder = CandleBuilder(Timeframe.M5, out_of=Timeframe.M1)
    for number, price in enumerate(prices):
        wholes = builder.add(a_candle(number, price))
        assert len(wholes) == (1 if number % 5 == 4 else 0)
        for whole in wholes:
            parts = [Decimal(each) for each in prices[number - 4 : number + 1]]
            assert (whole.open, whole.close, whole.high, whole.low) == (parts[0], parts[-1], max(parts), min(parts))


def test_a_candle_whose_beginning_was_not_seen_is_not_made() -> None:
    assert [each.open_time for each in built([a_candle(n) for n in range(2, 10)])] == [at(5)]


def test_missing_parts_in_the_middle_are_gone_without() -> None:
    (whole,) = built([a_candle(n) for n in (0, 1, 4)])
    assert whole.volume == 3


def test_where_the_last_part_is_missing_a_later_one_shows_that_the_candle_is_over() -> None:
    for later in (5, 9):
        (whole,) = built([a_candle(0), a_candle(1), a_candle(later)])
        assert (whole.open_time, whole.volume) == (at(0), Decimal(2))


@pytest.mark.parametrize(("long", "short"), [("5m", "3m"), ("1m", "5m"), ("1h", "1h"), ("1M", "1w")])
def test_what_does_not_divide_cannot_be_put_together(long: str, short: str) -> None:
    with pytest.raises(InvalidValue, match="cannot be put together"):
        CandleBuilder(Timeframe(long), out_of=Timeframe(short))


def test_trades_make_a_candle_that_is_told_when_it_is_over() -> None:
    maker = CandlesFromTrades(BTC, Timeframe.M1, complete_from=START)
    for seconds, price in ((0, 10), (20, 12), (59.9, 9)):
        assert maker.add(a_trade(seconds, price, "0.5")) == ()
    (candle,) = maker.add(a_trade(60, 11))
    assert (candle.open, candle.high, candle.low, candle.close) == (Decimal(10), Decimal(12), Decimal(9), Decimal(9))
    assert (candle.volume, candle.open_time) == (Decimal("1.5"), START)


def test_time_alone_ends_a_candle_of_trades_once() -> None:
    maker = CandlesFromTrades(BTC, Timeframe.M1, complete_from=START)
    maker.add(a_trade(1, 10))
    assert maker.close_until(at(0.99)) == ()
    assert len(maker.close_until(at(1))) == 1
    assert maker.close_until(at(2)) == ()


def test_trades_before_the_first_whole_interval_make_none() -> None:
    maker = CandlesFromTrades(BTC, Timeframe.M1, complete_from=START + timedelta(seconds=30))
    assert maker.add(a_trade(40, 10)) == maker.add(a_trade(61, 11)) == ()
    assert [each.open for each in maker.close_until(at(2))] == [11]


def test_trades_of_another_symbol_or_of_a_candle_that_was_told_are_refused() -> None:
    maker = CandlesFromTrades(BTC, Timeframe.M1, complete_from=START)
    maker.add(a_trade(10, 10))
    maker.close_until(at(1))
    with pytest.raises(InvalidValue, match="is none of"):
        maker.add(a_trade(70, 1, symbol=ETH))
    with pytest.raises(InvalidValue, match="was told"):
        maker.add(a_trade(50, 1))


@given(st.lists(st.tuples(st.floats(0, 600), st.integers(1, 99)), max_size=40))
def test_candles_of_trades_hold_every_trade_once(told: list[tuple[float, int]]) -> None:
    maker = CandlesFromTrades(BTC, Timeframe.M1, complete_from=START)
    trades = [a_trade(seconds, price) for seconds, price in sorted(told)]
    candles = [candle for trade in trades for candle in maker.add(trade)] + list(maker.close_until(at(99)))
    assert sum(each.volume for each in candles) == len(trades)
    assert [each.open_time for each in candles] == sorted({Timeframe.M1.open_of(each.ts) for each in trades})
