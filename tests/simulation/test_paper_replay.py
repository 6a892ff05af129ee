"""Recorded candles on paper: at their moments, in order, over all markets, and exactly themselves again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.by_now import by_now
from yunmin.clock import ManualClock, seeded
from yunmin.core.data_contracts import Candle, OrderRequest
from yunmin.errors import ConfigurationError
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.paper_replay import PaperReplay
from yunmin.simulation.paper_rules import instrument_for_candles

START = datetime(2026, 1, 1, tzinfo=UTC)


def walk(symbol: str, seed: int, count: int = 20) -> list[Candle]:
    chance, price, made = seeded(seed), 10_000, []
    for number in range(count):
        opened, closed = price, price + chance.randint(-50, 50)
        high, low = max(opened, closed) + chance.randint(0, 30), min(opened, closed) - chance.randint(0, 30)
        made.append(
            Candle(
                symbol=symbol,
                open_time=START + timedelta(minutes=number),
                open=Decimal(opened) / 100,
                high=Decimal(high) / 100,
                low=Decimal(low) / 100,
                close=Decimal(closed) / 100,
                volume=Decimal(chance.randint(4, 900)) / 10,
            )
        )
        price = closed
    return made


def replayed(*symbols: str) -> tuple[ManualClock, PaperExchange, PaperReplay, dict[str, list[Candle]]]:
    candles = {symbol: walk(symbol, number) for number, symbol in enumerate(symbols)}
    clock = ManualClock(START)
    markets = {symbol: instrument_for_candles(symbol, some) for symbol, some in candles.items()}
    exchange = PaperExchange(markets, {"USD": Decimal(10_000)}, clock)
    return clock, exchange, PaperReplay(exchange, candles, clock), candles


@pytest.mark.parametrize("every", [1, 15, 37, 600])
async def test_the_candles_that_it_shows_are_those_that_were_recorded(every: int) -> None:
    """However seldom it is asked to catch up."""
    clock, exchange, replay, candles = replayed("ABC/USD", "DEF/USD")
    replay.catch_up()
    while not replay.is_over:
        clock.advance(every)
        replay.catch_up()
    for symbol, recorded in candles.items():
        shown = await exchange.connector().fetch_candles(symbol, "1m", since=START, limit=20)
        assert [candle.model_copy(update={"is_closed": None}) for candle in shown] == recorded


def test_it_is_due_when_its_next_trade_is_and_over_with_its_last_candle() -> None:
    clock, _, replay, _ = replayed("ABC/USD")
    assert by_now(replay.next_due) == START
    replay.catch_up()
    assert by_now(replay.next_due) == START + timedelta(seconds=15)
    clock.advance(20 * 60 - 1)
    replay.catch_up()
    assert (by_now(replay.next_due), replay.is_over) == (START + timedelta(minutes=20), False)
    clock.advance(1)
    assert (by_now(replay.next_due), replay.is_over) == (None, True)


async def test_an_order_is_filled_by_the_first_low_that_passes_it_and_at_that_time() -> None:
    clock, exchange, replay, candles = replayed("ABC/USD")
    replay.catch_up()
    price = Decimal("99.5")
    exchange.connector().place_now(
        OrderRequest(symbol="ABC/USD", side="BUY", order_type="LIMIT", qty=Decimal(1), price=price)
    )
    first = next(candle for candle in candles["ABC/USD"] if candle.low < price)
    while not replay.is_over:
        clock.advance(600)
        replay.catch_up()
    (fill,) = await exchange.connector().fetch_fills("ABC/USD")
    assert fill.price == price
    assert fill.ts is not None
    assert first.open_time < fill.ts <= first.open_time + timedelta(seconds=45)


def test_there_have_to_be_candles() -> None:
    clock, exchange, _, _ = replayed("ABC/USD")
    with pytest.raises(ConfigurationError, match="no candles"):
        PaperReplay(exchange, {}, clock)
    with pytest.raises(ConfigurationError, match="no candles"):
        PaperReplay(exchange, {"ABC/USD": []}, clock)


def test_an_order_finds_the_market_as_it_is_though_nobody_has_caught_up() -> None:
    clock, exchange, _, candles = replayed("ABC/USD")
    clock.advance(125)
    placed = exchange.connector().place_now(
        OrderRequest(symbol="ABC/USD", side="BUY", order_type="MARKET", qty=Decimal(1))
    )
    opened = candles["ABC/USD"][2].open
    assert opened < placed.fills[0].price <= opened * Decimal("1.0003")
