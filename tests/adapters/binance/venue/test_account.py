"""Balances, histories and rates of an account, page by page."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin_binance.venue import AccountConfig, Liquidity, VenueConfig
from yunmin_binance.venue.api import RawRequest

DAY_MS = 86_400_000


def test_an_account_is_shown_as_the_docs_say(wire: Any) -> None:
    said = wire.signed("GET", "account").ok
    assert said["commissionRates"] == {
        "maker": "0.00100000",
        "taker": "0.00100000",
        "buyer": "0.00000000",
        "seller": "0.00000000",
    }
    assert (said["makerCommission"], said["accountType"], said["permissions"]) == (10, "SPOT", ["SPOT"])
    assert {"asset": "USDT", "free": "1000000.00000000", "locked": "0.00000000"} in said["balances"]


def test_zero_balances_may_be_left_out(wire: Any) -> None:
    wire.opposite("BUY", "100", "50000")
    wire.market(side="SELL", quantity="100")
    everything = wire.signed("GET", "account").ok["balances"]
    owned = wire.signed("GET", "account", omitZeroBalances="true").ok["balances"]
    assert {one["asset"] for one in everything} - {one["asset"] for one in owned} == {"BTC"}
    assert wire.signed("GET", "account", omitZeroBalances="yes").error[0] == -1130


def test_commission_rates_are_told_for_a_symbol(wire: Any) -> None:
    said = wire.signed("GET", "account/commission", symbol="BTCUSDT").ok
    assert list(said) == ["symbol", "standardCommission", "specialCommission", "taxCommission", "discount"]
    assert said["discount"] == {
        "enabledForAccount": False,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.25000000",
    }


def test_open_orders_are_listed_for_one_symbol_or_for_all(wire: Any) -> None:
    wire.order()
    wire.order(symbol="ETHUSDT", price="2000")
    assert len(wire.signed("GET", "openOrders").ok) == 2
    assert [one["symbol"] for one in wire.signed("GET", "openOrders", symbol="ETHUSDT").ok] == ["ETHUSDT"]
    assert wire.signed("GET", "openOrders", symbol="NOPE").error[0] == -1121


def ids(said: Any) -> list[int]:
    return [one["orderId"] for one in said.ok]


def test_all_orders_are_paged_by_id_and_by_time(wire: Any) -> None:
    times = []
    for _ in range(5):
        times.append(wire.now)
        wire.order()
        wire.clock.advance(60)
    page = {"symbol": "BTCUSDT"}
    assert ids(wire.signed("GET", "allOrders", **page)) == [1, 2, 3, 4, 5]
    assert ids(wire.signed("GET", "allOrders", **page, limit=2)) == [4, 5]
    assert ids(wire.signed("GET", "allOrders", **page, orderId=2, limit=2)) == [2, 3]
    assert ids(wire.signed("GET", "allOrders", **page, startTime=times[1], limit=2)) == [2, 3]
    assert ids(wire.signed("GET", "allOrders", **page, endTime=times[1])) == [1, 2]
    assert ids(wire.signed("GET", "allOrders", **page, startTime=times[1], endTime=times[3])) == [2, 3, 4]
    assert ids(wire.signed("GET", "allOrders", **page, startTime=times[4] * 1000)) == [5]


@pytest.mark.parametrize("path", ["allOrders", "myTrades"])
def test_a_range_of_time_is_at_most_a_day(wire: Any, path: str) -> None:
    day = {"symbol": "BTCUSDT", "startTime": wire.now, "endTime": wire.now + DAY_MS}
    assert wire.signed("GET", path, **day).ok == []
    too_long = wire.signed("GET", path, **{**day, "endTime": wire.now + DAY_MS + 1})
    assert too_long.error == (-1127, "More than 24 hours between startTime and endTime.")
    assert wire.signed("GET", path, **{**day, "endTime": wire.now - 1}).error[0] == -1128


def test_my_trades_are_shown_as_the_docs_say(wire: Any) -> None:
    wire.order()
    wire.opposite("SELL", "0.004", "50000")
    (said,) = wire.signed("GET", "myTrades", symbol="BTCUSDT").ok
    assert said == {
        "symbol": "BTCUSDT",
        "id": 1,
        "orderId": 1,
        "orderListId": -1,
        "price": "50000.00000000",
        "qty": "0.00400000",
        "quoteQty": "200.00000000",
        "commission": "0.00000400",
        "commissionAsset": "BTC",
        "time": wire.now,
        "isBuyer": True,
        "isMaker": True,
        "isBestMatch": True,
    }


def test_my_trades_are_paged_by_id_order_and_time(wire: Any) -> None:
    wire.opposite("SELL", "1", "50000")
    for _ in range(4):
        wire.market(quantity="0.001")
        wire.clock.advance(1)
    page = {"symbol": "BTCUSDT"}

    def trades(**selection: object) -> list[int]:
        return [one["id"] for one in wire.signed("GET", "myTrades", **page, **selection).ok]

    assert trades() == [1, 2, 3, 4]
    assert trades(limit=2) == [3, 4]
    assert trades(fromId=2, limit=2) == [2, 3]
    assert trades(orderId=3) == [2]
    assert trades(orderId=3, fromId=4) == []
    assert trades(startTime=wire.now - 2000, limit=1) == [3]
    assert trades(endTime=wire.now - 4000) == [1]


@pytest.mark.parametrize(
    "selection",
    [
        {"orderId": 1, "startTime": 1},
        {"fromId": 1, "startTime": 1},
        {"fromId": 1, "endTime": 1},
        {"orderId": 1, "fromId": 1, "endTime": 1},
    ],
)
def test_only_the_documented_selections_go_together(wire: Any, selection: dict[str, int]) -> None:
    said = wire.signed("GET", "myTrades", symbol="BTCUSDT", **selection)
    assert said.error == (-1128, "Combination of optional parameters invalid.")


@pytest.mark.parametrize(("limit", "code"), [("0", -1130), ("-1", -1100), ("x", -1100), ("", -1105)])
def test_a_limit_is_a_number_above_zero(wire: Any, limit: str, code: int) -> None:
    assert wire.signed("GET", "myTrades", symbol="BTCUSDT", limit=limit).error[0] == code
    assert wire.signed("GET", "myTrades", symbol="BTCUSDT", limit="5000").ok == []


def test_unfilled_orders_are_counted_by_interval(wire: Any) -> None:
    wire.order()
    wire.order()
    said = wire.signed("GET", "rateLimit/order").ok
    assert [(one["interval"], one["intervalNum"], one["count"]) for one in said] == [("SECOND", 10, 2), ("DAY", 1, 2)]
    assert {one["rateLimitType"] for one in said} == {"ORDERS"}
    wire.opposite("SELL", "0.02", "50000")
    assert [one["count"] for one in wire.signed("GET", "rateLimit/order").ok] == [0, 0]


def test_nothing_is_ever_allocated_but_the_parameters_are_checked(wire: Any) -> None:
    assert wire.signed("GET", "myAllocations", symbol="BTCUSDT", orderId=1, fromAllocationId=0, limit=5).ok == []
    assert wire.signed("GET", "myAllocations").error[0] == -1102
    assert wire.signed("GET", "myAllocations", symbol="NOPE").error[0] == -1121
    too_long = wire.signed("GET", "myAllocations", symbol="BTCUSDT", startTime=0, endTime=DAY_MS + 1)
    assert too_long.error[0] == -1127


def test_the_filters_that_an_order_meets_are_those_of_exchange_info(wire: Any) -> None:
    said = wire.signed("GET", "myFilters", symbol="BTCUSDT").ok
    info = wire.get("exchangeInfo", symbol="BTCUSDT").ok
    assert said["symbolFilters"] == info["symbols"][0]["filters"]
    assert said["exchangeFilters"] == info["exchangeFilters"]
    assert wire.signed("GET", "myFilters").error[0] == -1102


def test_block_trades_are_none(wire: Any) -> None:
    assert wire.get("historicalBlockTrades", symbol="BTCUSDT", fromId=0, limit=10).ok == []
    assert wire.get("historicalBlockTrades", symbol="BTCUSDT").error[0] == -1102


@pytest.mark.parametrize("path", ["ping", "time", "ticker/24hr", "ticker/bookTicker", "userDataStream"])
def test_version_one_is_gone(wire: Any, path: str) -> None:
    answer = wire.api.answer(RawRequest("GET", f"/api/v1/{path}", b"", b"", {}, "127.0.0.1"))
    assert answer.status == 410
    assert b"-1020" in answer.body


def bounded(**most: str) -> VenueConfig:
    mine, counterparty = VenueConfig().accounts
    changed = AccountConfig.model_validate({**dict(mine), "max_assets": most})
    return VenueConfig(liquidity=Liquidity.NONE, accounts=(changed, counterparty))


def test_an_account_may_be_bound_in_how_much_of_an_asset_goes_into_one_order(make_wire: Any) -> None:
    too_much = (-1013, "Filter failure: MAX_ASSET")
    wire = make_wire(bounded(BTC="0.02", USDT="600"))
    assert wire.order(quantity="0.012", price="50000").status == 200
    assert wire.order(quantity="0.0121", price="50000").error == too_much
    assert wire.order(quantity="0.021", price="10000").error == too_much
    assert wire.order(symbol="ETHBTC", quantity="0.4", price="0.05").status == 200
    assert wire.order(symbol="ETHBTC", quantity="0.5", price="0.05").error == too_much
    wire.opposite("SELL", "1", "50000")
    wire.market(quantity="0.001")
    assert wire.market(quantity="0.013").error == too_much
    assert wire.market(quantity=None, quoteOrderQty="601").error == too_much
    assert wire.market(quantity=None, quoteOrderQty="600").status == 200
    assert wire.signed("GET", "myFilters", symbol="BTCUSDT").ok["assetFilters"] == [
        {"filterType": "MAX_ASSET", "asset": "BTC", "limit": "0.02000000"},
        {"filterType": "MAX_ASSET", "asset": "USDT", "limit": "600.00000000"},
    ]
    assert [one["asset"] for one in wire.signed("GET", "myFilters", symbol="ETHBTC").ok["assetFilters"]] == ["BTC"]
