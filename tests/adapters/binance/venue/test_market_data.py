"""Public data: exchangeInfo, depth, trades, klines, tickers."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.simulation.intervals import INTERVALS

# section Exchange information, Response
SYMBOL_KEYS = {
    "symbol",
    "status",
    "baseAsset",
    "baseAssetPrecision",
    "quoteAsset",
    "quotePrecision",
    "quoteAssetPrecision",
    "baseCommissionPrecision",
    "quoteCommissionPrecision",
    "orderTypes",
    "icebergAllowed",
    "ocoAllowed",
    "otoAllowed",
    "opoAllowed",
    "quoteOrderQtyMarketAllowed",
    "allowTrailingStop",
    "cancelReplaceAllowed",
    "amendAllowed",
    "pegInstructionsAllowed",
    "isSpotTradingAllowed",
    "isMarginTradingAllowed",
    "filters",
    "permissions",
    "permissionSets",
    "defaultSelfTradePreventionMode",
    "allowedSelfTradePreventionModes",
}


def test_exchange_info_has_every_documented_field(wire: Any) -> None:
    said = wire.get("exchangeInfo").ok
    assert set(said) == {"timezone", "serverTime", "rateLimits", "exchangeFilters", "symbols"}
    assert len(said["symbols"]) == 7
    for symbol in said["symbols"]:
        assert set(symbol) == SYMBOL_KEYS
        assert symbol["permissionSets"] == [["SPOT"]]
        assert symbol["orderTypes"] == [
            "LIMIT",
            "LIMIT_MAKER",
            "MARKET",
            "STOP_LOSS",
            "STOP_LOSS_LIMIT",
            "TAKE_PROFIT",
            "TAKE_PROFIT_LIMIT",
        ]
        names = [one["filterType"] for one in symbol["filters"]]
        assert names == [
            "PRICE_FILTER",
            "LOT_SIZE",
            "ICEBERG_PARTS",
            "MARKET_LOT_SIZE",
            "TRAILING_DELTA",
            "PERCENT_PRICE_BY_SIDE",
            "NOTIONAL",
            "MAX_NUM_ORDERS",
            "MAX_NUM_ALGO_ORDERS",
            "MAX_NUM_ORDER_LISTS",
            "MAX_NUM_ORDER_AMENDS",
        ]


def names(said: Any) -> list[str]:
    return [one["symbol"] for one in said.ok["symbols"]]


def test_exchange_info_can_be_narrowed(wire: Any) -> None:
    assert names(wire.get("exchangeInfo", symbol="BNBBTC")) == ["BNBBTC"]
    assert names(wire.get("exchangeInfo", symbols='["BNBBTC","BTCUSDT"]')) == ["BNBBTC", "BTCUSDT"]
    assert len(names(wire.get("exchangeInfo", permissions="SPOT"))) == 7
    assert len(names(wire.get("exchangeInfo", permissions='["MARGIN","SPOT"]'))) == 7
    assert names(wire.get("exchangeInfo", permissions="MARGIN")) == []
    assert names(wire.get("exchangeInfo", symbolStatus="HALT")) == []
    assert (
        wire.get("exchangeInfo", symbol="BNBBTC", showPermissionSets="false").ok["symbols"][0]["permissionSets"] == []
    )


@pytest.mark.parametrize("path", ["exchangeInfo", "ticker/price", "ticker/24hr", "ticker/bookTicker"])
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"symbols": '["NOPE"]'}, -1121),
        ({"symbols": '["BTCUSDT","BTCUSDT"]'}, -1151),
        ({"symbols": "BTCUSDT"}, -1135),
        ({"symbols": "[]"}, -1135),
        ({"symbols": "[1]"}, -1135),
        ({"symbols": "[" * 5000}, -1135),
        ({"symbols": '["btcusdt"]'}, -1100),
        ({"symbol": "BTCUSDT", "symbols": '["BTCUSDT"]'}, -1128),
        ({"symbolStatus": "OPEN"}, -1122),
        ({"other": "1"}, -1104),
    ],
)
def test_selections_of_symbols_are_checked(wire: Any, path: str, params: dict[str, str], code: int) -> None:
    assert wire.get(path, **params).error[0] == code


def test_depth_shows_levels_best_first_and_counts_changes(wire: Any) -> None:
    before = wire.get("depth", symbol="BTCUSDT").ok
    assert (before["bids"], before["asks"]) == ([], [])
    for price in ("50000", "50001", "50001"):
        wire.opposite("BUY", "0.01", price)
    wire.opposite("SELL", "0.02", "50003")
    after = wire.get("depth", symbol="BTCUSDT", limit=1).ok
    assert after["bids"] == [["50001.00000000", "0.02000000"]]
    assert after["asks"] == [["50003.00000000", "0.02000000"]]
    assert after["lastUpdateId"] == before["lastUpdateId"] + 4
    assert len(wire.get("depth", symbol="BTCUSDT", limit=9999).ok["bids"]) == 2
    assert wire.get("depth", symbol="BTCUSDT", symbolStatus="HALT").error[0] == -1220
    assert wire.get("depth").error[0] == -1102


@pytest.fixture
def traded(wire: Any) -> Any:
    """Three trades of one taker at two prices, and one of another a minute later."""
    wire.opposite("SELL", "0.001", "50000")
    wire.opposite("SELL", "0.002", "50000")
    wire.opposite("SELL", "0.003", "50010")
    wire.market(quantity="0.006")
    wire.clock.advance(60)
    wire.opposite("BUY", "0.004", "49990")
    wire.market(side="SELL", quantity="0.004")
    return wire


def test_trades_are_shown_oldest_first(traded: Any) -> None:
    said = traded.get("trades", symbol="BTCUSDT").ok
    assert [(one["id"], one["price"], one["qty"], one["isBuyerMaker"]) for one in said] == [
        (1, "50000.00000000", "0.00100000", False),
        (2, "50000.00000000", "0.00200000", False),
        (3, "50010.00000000", "0.00300000", False),
        (4, "49990.00000000", "0.00400000", True),
    ]
    assert said[3]["quoteQty"] == "199.96000000"
    assert [one["id"] for one in traded.get("trades", symbol="BTCUSDT", limit=2).ok] == [3, 4]


def test_aggregate_trades_add_up_and_are_selected(traded: Any) -> None:
    said = traded.get("aggTrades", symbol="BTCUSDT").ok
    assert [(one["a"], one["q"], one["f"], one["l"]) for one in said] == [
        (1, "0.00300000", 1, 2),
        (2, "0.00300000", 3, 3),
        (3, "0.00400000", 4, 4),
    ]
    last = said[-1]["T"]

    def found(**selection: object) -> list[int]:
        return [one["a"] for one in traded.get("aggTrades", symbol="BTCUSDT", **selection).ok]

    assert found(fromId=2) == [2, 3]
    assert found(startTime=last) == [3]
    assert found(endTime=last - 1) == [1, 2]
    assert found(startTime=0, endTime=last, limit=2) == [1, 2]
    assert found(limit=1) == [3]
    assert traded.get("aggTrades", symbol="BTCUSDT", fromId=1, startTime=1).error[0] == -1128
    assert traded.get("aggTrades", symbol="BTCUSDT", startTime=5, endTime=1).error[0] == -1128


def test_klines_have_twelve_fields(traded: Any) -> None:
    first, second = traded.get("klines", symbol="BTCUSDT", interval="1m").ok
    opened = traded.now - 60_000
    assert first == [
        opened,
        "50000.00000000",
        "50010.00000000",
        "50000.00000000",
        "50010.00000000",
        "0.00600000",
        opened + 59_999,
        "300.03000000",
        3,
        "0.00600000",
        "300.03000000",
        "0",
    ]
    assert (second[4], second[9]) == ("49990.00000000", "0.00000000")


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_has_its_klines(traded: Any, interval: str) -> None:
    said = traded.get("klines", symbol="BTCUSDT", interval=interval, limit=1000).ok
    assert sum(one[8] for one in said) == 4
    assert all(one[6] > one[0] for one in said)


@pytest.mark.parametrize("zone", ["0", "8", "-3", "05:45", "-1:00", "+14:00"])
def test_a_time_zone_moves_the_opening(traded: Any, zone: str) -> None:
    (said,) = traded.get("klines", symbol="BTCUSDT", interval="1d", timeZone=zone).ok
    assert said[6] - said[0] == 86_399_999
    assert said[0] <= traded.now


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"interval": "1M "}, -1120),
        ({"interval": "1H"}, -1120),
        ({}, -1102),
        ({"interval": "1m", "timeZone": "15"}, -1130),
        ({"interval": "1m", "timeZone": "-12:01"}, -1130),
        ({"interval": "1m", "timeZone": "1:60"}, -1130),
        ({"interval": "1m", "startTime": "2", "endTime": "1"}, -1128),
        ({"interval": "1m", "startTime": "x"}, -1100),
    ],
)
def test_kline_requests_are_checked(wire: Any, params: dict[str, str], code: int) -> None:
    assert wire.get("klines", symbol="BTCUSDT", **params).error[0] == code


@pytest.mark.parametrize("moment", ["0", "1", "9223372036854775807", "253402300800000"])
@pytest.mark.parametrize("interval", ["1s", "1w", "1M"])
def test_far_away_times_are_no_trouble(traded: Any, moment: str, interval: str) -> None:
    for name in ("startTime", "endTime"):
        assert traded.get("klines", symbol="BTCUSDT", interval=interval, **{name: moment}).status == 200


def test_the_24_hour_ticker_has_every_documented_field(traded: Any) -> None:
    said = traded.get("ticker/24hr", symbol="BTCUSDT").ok
    assert said == {
        "symbol": "BTCUSDT",
        "priceChange": "-10.00000000",
        "priceChangePercent": "-0.020",
        "weightedAvgPrice": "49999.00000000",
        "prevClosePrice": "50000.00000000",
        "lastPrice": "49990.00000000",
        "lastQty": "0.00400000",
        "bidPrice": "0.00000000",
        "bidQty": "0.00000000",
        "askPrice": "0.00000000",
        "askQty": "0.00000000",
        "openPrice": "50000.00000000",
        "highPrice": "50010.00000000",
        "lowPrice": "49990.00000000",
        "volume": "0.01000000",
        "quoteVolume": "499.99000000",
        "openTime": traded.now - 86_400_000,
        "closeTime": traded.now,
        "firstId": 1,
        "lastId": 4,
        "count": 4,
    }
    mini = traded.get("ticker/24hr", symbol="BTCUSDT", type="MINI").ok
    assert mini == {key: value for key, value in said.items() if key in mini}
    assert len(mini) == 12
    assert traded.get("ticker/24hr", type="TINY").error == (-1139, "Invalid ticker type.")


@pytest.mark.parametrize(
    ("path", "first"),
    [
        ("ticker/price", {"symbol": "BTCUSDT", "price": "49990.00000000"}),
        (
            "ticker/bookTicker",
            {
                "symbol": "BTCUSDT",
                "bidPrice": "0.00000000",
                "bidQty": "0.00000000",
                "askPrice": "0.00000000",
                "askQty": "0.00000000",
            },
        ),
    ],
)
def test_tickers_come_alone_or_in_arrays(traded: Any, path: str, first: dict[str, str]) -> None:
    assert traded.get(path, symbol="BTCUSDT").ok == first
    assert traded.get(path, symbols='["BTCUSDT"]').ok == [first]
    assert len(traded.get(path).ok) == 7
    assert traded.get(path, symbolStatus="HALT").ok == []
    assert traded.get(path, symbol="BTCUSDT", symbolStatus="HALT").error[0] == -1220


def test_an_unknown_path_is_not_found_and_a_wrong_verb_not_allowed(wire: Any) -> None:
    assert wire.get("nowhere").status == 404
    assert wire.raw("PUT", "order").status == 405


def test_older_trades_are_found_by_their_id(wire: Any) -> None:
    for price in ("50000", "50001", "50002"):
        wire.opposite("SELL", "0.001", price)
        wire.opposite("BUY", "0.001", price)
    latest = wire.get("historicalTrades", symbol="BTCUSDT", limit=2).ok
    assert [trade["id"] for trade in latest] == [2, 3]
    assert wire.get("historicalTrades", symbol="BTCUSDT", fromId=2, limit=1).ok == latest[:1]
    assert wire.get("historicalTrades", symbol="BTCUSDT", fromId=4).ok == []
    assert wire.get("trades", symbol="BTCUSDT", limit=2).ok == latest


def test_the_average_price_is_weighted_by_volume(wire: Any) -> None:
    assert wire.get("avgPrice", symbol="BTCUSDT").ok == {"mins": 5, "price": "0.00000000", "closeTime": 0}
    for price, quantity in (("50000", "0.001"), ("50400", "0.003")):
        wire.opposite("SELL", quantity, price)
        wire.opposite("BUY", quantity, price)
    said = wire.get("avgPrice", symbol="BTCUSDT").ok
    assert said == {"mins": 5, "price": "50300.00000000", "closeTime": wire.now}


def test_klines_for_charts_are_klines(wire: Any) -> None:
    wire.opposite("SELL", "0.001", "50000")
    wire.opposite("BUY", "0.001", "50000")
    asked = {"symbol": "BTCUSDT", "interval": "1m"}
    assert wire.get("uiKlines", **asked).ok == wire.get("klines", **asked).ok
