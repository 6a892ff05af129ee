"""The house and the paths that it follows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError, InvalidValue
from yunmin.simulation.liquidity import House, HouseStyle
from yunmin.simulation.price_paths import CandlePath, PricePath, RandomWalk
from yunmin.simulation.units import align, from_micros, from_units, to_micros, to_units


def a_candle(number: int, opened: str, high: str, low: str, closed: str) -> Candle:
    return Candle(
        symbol="BTC/USD",
        open_time=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        open=Decimal(opened),
        high=Decimal(high),
        low=Decimal(low),
        close=Decimal(closed),
        volume=Decimal(1),
    )


def a_house(bench: Any, path: PricePath, *, seed: int = 1) -> House:
    for name in ("maker", "taker"):
        bench.ledger.open_account(name, keeps_history=False)
        for asset in ("BTC", "USD"):
            bench.ledger.deposit(name, asset, to_units(10**7))
    style = HouseStyle(level_qty=to_units("0.5"), levels=4)
    return House(bench.engine, "BTCUSD", path, style, seed=seed, maker="maker", taker="taker")


def test_a_random_walk_is_given_by_its_seed_and_stays_near_its_start() -> None:
    start = to_units(100)
    one, same, other = (
        RandomWalk(1, start, volatility=50_000),
        RandomWalk(1, start, volatility=50_000),
        RandomWalk(2, start),
    )
    prices = [one.next_price() for _ in range(2000)]
    assert prices == [same.next_price() for _ in range(2000)]
    assert prices[:10] != [other.next_price() for _ in range(10)]
    assert start * 2 // 3 <= min(prices) < max(prices) <= start * 4 // 3


def test_candles_are_walked_low_first_when_they_rise_and_high_first_when_they_fall() -> None:
    path = CandlePath([a_candle(0, "10", "13", "9", "12"), a_candle(1, "12", "14", "8", "9")])
    walked = [path.next_price() // to_units(1) for _ in range(10)]
    assert walked == [10, 9, 13, 12, 12, 14, 8, 9, 9, 9]


def test_the_house_quotes_both_sides_and_never_crosses_the_book(bench: Any) -> None:
    house = a_house(bench, RandomWalk(1, to_units(100)))
    for _ in range(50):
        house.step()
        book = bench.engine.floor("BTCUSD").book
        assert book.best_bid is not None
        assert book.best_ask is not None
        assert bench.engine.audit().ok
    assert bench.engine.floor("BTCUSD").tape.trades


def test_a_resting_order_near_the_market_is_filled_in_several_parts(bench: Any) -> None:
    house = a_house(bench, RandomWalk(1, to_units(100)))
    house.step()
    ask = bench.engine.floor("BTCUSD").book.best_ask
    order = bench.order("ann", "BUY", "1.5", str(from_units(ask.price - to_units("0.01"))))
    for _ in range(200):
        if not order.is_open:
            break
        house.step()
    assert order.remaining == 0
    assert len(order.fills) > 1
    assert all(fill.price == order.price and fill.is_maker for fill in order.fills)


def test_a_house_without_funds_stays_quiet(bench: Any) -> None:
    bench.ledger.open_account("poor")
    style = HouseStyle(level_qty=to_units("0.5"))
    house = House(bench.engine, "BTCUSD", RandomWalk(1, to_units(100)), style, seed=1, maker="poor", taker="poor")
    house.step()
    assert bench.engine.floor("BTCUSD").tape.trades == []


@pytest.mark.parametrize(
    "broken",
    [
        lambda: RandomWalk(1, 0),
        lambda: RandomWalk(1, 1, volatility=1_000_000),
        lambda: CandlePath([]),
        lambda: HouseStyle(level_qty=0),
        lambda: HouseStyle(level_qty=1, gap=0),
    ],
)
def test_a_set_up_that_makes_no_sense_is_refused(broken: Any) -> None:
    with pytest.raises(ConfigurationError):
        broken()


def test_units_are_exact_and_refuse_what_they_cannot_hold() -> None:
    assert to_units("0.00000001") == 1
    assert from_units(150_000_000) == Decimal("1.5")
    assert align(7, 5) == 5
    assert align(1, 5) == 5
    moment = datetime(2026, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
    assert from_micros(to_micros(moment)) == moment
    with pytest.raises(InvalidValue):
        to_units("0.000000001")
