"""Tickers of a window and of a trading day: what they count, where they begin and end, and what is no window."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.adapters.binance.venue.conftest import QUIET, Wire

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@pytest.fixture
def three_trades(wire: Any) -> Any:
    """Trades of 0.01 BTC at 50000, 51000 and 49000, at 00:00:00, 00:10:00 and 00:20:00; it is 00:30:30 then."""
    for price in (50_000, 51_000, 49_000):
        wire.opposite("SELL", "0.01", str(price))
        wire.market(quantity="0.01")
        wire.clock.advance(600)
    wire.clock.advance(30.25)
    return wire


def test_a_window_begins_on_a_whole_minute_and_ends_now(three_trades: Any) -> None:
    said = three_trades.get("ticker", symbol="BTCUSDT", windowSize="15m").ok
    assert said == {
        "symbol": "BTCUSDT",
        "priceChange": "0.00000000",
        "priceChangePercent": "0.000",
        "weightedAvgPrice": "49000.00000000",
        "openPrice": "49000.00000000",
        "highPrice": "49000.00000000",
        "lowPrice": "49000.00000000",
        "lastPrice": "49000.00000000",
        "volume": "0.01000000",
        "quoteVolume": "490.00000000",
        "openTime": three_trades.now // MINUTE * MINUTE - 15 * MINUTE,
        "closeTime": three_trades.now,
        "firstId": 3,
        "lastId": 3,
        "count": 1,
    }


@pytest.mark.parametrize(
    ("window", "first", "change"),
    [
        ("9m", None, "0.000"),
        ("10m", 3, "0.000"),
        ("20m", 2, "-3.921"),
        ("59m", 1, "-2.000"),
        ("1h", 1, "-2.000"),
        ("1d", 1, "-2.000"),
        ("7d", 1, "-2.000"),
        (None, 1, "-2.000"),
    ],
)
def test_a_window_counts_what_traded_in_it(
    three_trades: Any, window: str | None, first: int | None, change: str
) -> None:
    sized = {} if window is None else {"windowSize": window}
    said = three_trades.get("ticker", symbol="BTCUSDT", **sized).ok
    assert (said["firstId"], said["count"]) == ((-1, 0) if first is None else (first, 4 - first))
    assert said["priceChangePercent"] == change
    assert said["lastPrice"] == "49000.00000000"


@pytest.mark.parametrize("bad", ["0m", "60m", "24h", "8d", "1w", "1d2h", "m", "h1", "-1h", "1.5h", "٣m", "100m"])
def test_what_is_no_window_is_refused(three_trades: Any, bad: str) -> None:
    said = three_trades.get("ticker", symbol="BTCUSDT", windowSize=bad)
    assert said.error == (-1130, "Data sent for parameter 'windowSize' is not valid.")


@pytest.mark.parametrize(
    ("zone", "ahead"), [(None, 0), ("0", 0), ("8", 8 * HOUR), ("-1:00", -HOUR), ("05:45", 5 * HOUR + 45 * MINUTE)]
)
def test_a_trading_day_is_a_whole_day_of_its_zone(three_trades: Any, zone: str | None, ahead: int) -> None:
    zoned = {} if zone is None else {"timeZone": zone}
    said = three_trades.get("ticker/tradingDay", symbol="BTCUSDT", **zoned).ok
    assert said["openTime"] == (three_trades.now + ahead) // DAY * DAY - ahead
    assert said["closeTime"] == said["openTime"] + DAY - 1
    assert said["count"] == 3


def test_a_trading_day_forgets_yesterday(three_trades: Any) -> None:
    three_trades.clock.advance(86_400)
    said = three_trades.get("ticker/tradingDay", symbol="BTCUSDT").ok
    assert (said["count"], said["volume"], said["openPrice"]) == (0, "0.00000000", "49000.00000000")


def test_the_short_kind_leaves_changes_out(three_trades: Any) -> None:
    for path in ("ticker", "ticker/tradingDay"):
        full = three_trades.get(path, symbol="BTCUSDT", type="FULL").ok
        mini = three_trades.get(path, symbol="BTCUSDT", type="MINI").ok
        assert set(full) - set(mini) == {"priceChange", "priceChangePercent", "weightedAvgPrice"}
        assert mini.items() <= full.items()
        assert three_trades.get(path, symbol="BTCUSDT", type="mini").error[0] == -1139


def test_one_symbol_is_an_object_and_several_are_an_array(three_trades: Any) -> None:
    for path in ("ticker", "ticker/tradingDay"):
        assert [one["symbol"] for one in three_trades.get(path, symbols='["BTCUSDT"]').ok] == ["BTCUSDT"]
        assert three_trades.get(path).error[0] == -1102
        assert three_trades.get(path, symbol="BTCUSDT", symbols='["BTCUSDT"]').error[0] == -1128
        assert three_trades.get(path, symbol="BTCUSDT", symbolStatus="HALT").error[0] == -1220
        assert three_trades.get(path, symbols='["BTCUSDT"]', symbolStatus="HALT").ok == []
        assert three_trades.get(path, symbol="ETHUSDT").error[0] == -2016


def test_the_documented_example_of_a_window() -> None:
    wire = Wire(QUIET, start=datetime(2022, 1, 4, 9, 17, 47, 99_000, tzinfo=UTC))
    wire.opposite("SELL", "0.01", "50000")
    wire.market(quantity="0.01")
    said = wire.get("ticker", symbol="BTCUSDT", windowSize="1d").ok
    assert (said["openTime"], said["closeTime"]) == (1641201420000, 1641287867099)
