"""Recorded candles and trades on a venue: at their own pace or faster, to their end."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from yunmin.clock import ManualClock
from yunmin.simulation.recorded_trades import read_trades
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, LocalVenue, VenueConfig
from yunmin_binance.venue.replayed_market import market_for_trades

polars = pytest.importorskip("polars")

START = datetime(2026, 1, 1, tzinfo=UTC)


def trades_file(folder: Path, *trades: tuple[float, float, float, str]) -> Path:
    """(seconds from the start, price, quantity, side of the taker)."""
    path = folder / "BTCUSDT_trades.parquet"
    moments, prices, quantities, sides = zip(*trades, strict=True)
    times = [START + timedelta(seconds=seconds) for seconds in moments]
    polars.DataFrame({"timestamp": times, "price": prices, "qty": quantities, "side": sides}).write_parquet(path)
    return path


def candles_file(folder: Path, *closes: float) -> Path:
    path = folder / "BTCUSDT_1m.parquet"
    times = [START + timedelta(minutes=number) for number in range(len(closes))]
    prices = {name: list(closes) for name in ("open", "high", "low", "close")}
    polars.DataFrame({"timestamp": times, **prices, "volume": [1.0] * len(closes)}).write_parquet(path)
    return path


def a_venue(**config: Any) -> tuple[LocalVenue, ManualClock, list[str]]:
    clock, notices = ManualClock(), list[str]()
    wanted = {"symbols": ("BTCUSDT",), "warmup_steps": 0, **config}
    return LocalVenue(VenueConfig(**wanted), clock=clock, on_notice=notices.append), clock, notices


def played(venue: LocalVenue) -> list[tuple[int, int, bool]]:
    tape = venue.exchange.floor("BTCUSDT").tape
    return [(trade.price // 10**8, trade.qty // 10**5, trade.buyer_is_maker) for trade in tape.trades]


def test_recorded_trades_happen_with_their_price_quantity_and_side(tmp_path: Path) -> None:
    path = trades_file(tmp_path, (0, 50_000, 0.5, "buy"), (1, 50_100, 0.25, "sell"))
    venue, _, _ = a_venue(liquidity="trades", trades_file=path)
    venue.step(2)
    assert played(venue) == [(50_000, 500, False), (50_100, 250, True)]
    assert venue.audit().ok


def test_with_a_speed_trades_come_when_their_time_has(tmp_path: Path) -> None:
    path = trades_file(tmp_path, (0, 50_000, 1, "buy"), (59, 50_001, 1, "buy"), (61, 50_002, 1, "buy"))
    venue, clock, _ = a_venue(liquidity="trades", trades_file=path, speed=60)
    venue.step()
    assert len(played(venue)) == 1
    clock.advance(1)
    venue.step()
    assert len(played(venue)) == 2
    clock.advance(1)
    venue.step()
    assert len(played(venue)) == 3


def test_the_end_is_told_once_and_the_price_stands_still_then(tmp_path: Path) -> None:
    path = trades_file(tmp_path, (0, 50_000, 1, "buy"), (1, 50_100, 1, "sell"))
    venue, _, notices = a_venue(liquidity="trades", trades_file=path)
    venue.step()
    assert (notices, venue.exchange.houses.replay_is_over) == ([], False)
    venue.step(3)
    assert len(notices) == 1
    assert "has come to its end" in notices[0]
    book = venue.exchange.floor("BTCUSDT").book
    assert book.best_bid is not None
    assert book.best_ask is not None
    assert book.best_bid.price < 50_100 * 10**8 < book.best_ask.price


def test_an_order_in_the_way_of_a_recorded_trade_is_filled_by_it(tmp_path: Path) -> None:
    path = trades_file(tmp_path, (0, 50_000, 1, "buy"), (1, 49_000, 1, "sell"))
    venue, _, _ = a_venue(liquidity="trades", trades_file=path)
    venue.step()
    venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.4", price="49500")
    venue.step()
    (fill,) = venue.ledger_report(LOCAL_ACCOUNT).fills
    assert (str(fill.qty), str(fill.price)) == ("0.40000000", "49500.00000000")
    assert venue.audit().ok


def test_candles_at_a_speed_give_the_price_of_their_time(tmp_path: Path) -> None:
    path = candles_file(tmp_path, 50_000, 51_000, 52_000)
    venue, clock, notices = a_venue(liquidity="candles", candles_file=path, speed=30, takes_per_step=0)

    def middle() -> int:
        book = venue.exchange.floor("BTCUSDT").book
        assert book.best_bid is not None
        assert book.best_ask is not None
        return round((book.best_bid.price + book.best_ask.price) / 2 / 10**8)

    venue.step()
    assert middle() == 50_000
    clock.advance(2)
    venue.step()
    assert middle() == 51_000
    assert notices == []
    clock.advance(60)
    venue.step()
    assert middle() == 52_000
    assert len(notices) == 1


@pytest.mark.skipif("YUNMIN_TEST_DATA" not in os.environ, reason="YUNMIN_TEST_DATA is not set")
def test_a_real_recording_is_played_to_the_last_trade_and_nothing_is_lost() -> None:
    path = Path(os.environ["YUNMIN_TEST_DATA"], "trades", "BTCUSDT_trades_2021-01-08.parquet")
    recorded = read_trades(path)
    rules = market_for_trades(path, None)
    venue, _, notices = a_venue(
        liquidity="trades", trades_file=path, replay_symbol=rules.symbol, extra_symbols=(rules,), levels=2
    )
    venue.step(len(recorded))
    tape = venue.exchange.floor(rules.symbol).tape
    assert [trade.price for trade in tape.trades] == [one.price for one in recorded]
    assert [trade.buyer_is_maker for trade in tape.trades] == [one.buyer_is_maker for one in recorded]
    assert len(notices) == 1
    assert venue.audit().ok
    assert venue.ledger_report(COUNTERPARTY).fills == ()
