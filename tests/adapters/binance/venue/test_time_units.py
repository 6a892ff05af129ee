"""Times in microseconds where a request asks for them: every field that is a time, on every endpoint that tells one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.binance.venue.docs_scenes import OCO, OTO
from tests.adapters.binance.venue.docs_world import DocsWorld
from yunmin_binance.venue.endpoints import endpoint_of
from yunmin_binance.venue.endpoints.call import Security

BTC = {"symbol": "BTCUSDT"}
TIMES = frozenset(
    {
        "serverTime",
        "time",
        "updateTime",
        "workingTime",
        "transactTime",
        "transactionTime",
        "openTime",
        "closeTime",
        "timestamp",
        "T",
    }
)
"""What is a time wherever it stands; a kline's times have no name."""

ASKED: list[tuple[str, dict[str, Any]]] = [
    ("time", {}),
    ("exchangeInfo", {}),
    ("trades", BTC),
    ("historicalTrades", BTC),
    ("aggTrades", BTC),
    ("avgPrice", BTC),
    ("ticker", BTC),
    ("ticker/24hr", BTC),
    ("ticker/tradingDay", BTC),
    ("referencePrice", BTC),
    ("account", {}),
    ("order", {**BTC, "orderId": 3}),
    ("openOrders", BTC),
    ("allOrders", BTC),
    ("allOrderList", {}),
    ("openOrderList", {}),
    ("myTrades", BTC),
    ("myPreventedMatches", {**BTC, "orderId": 4}),
    ("order/amendments", {**BTC, "orderId": 3}),
]


def lived_in() -> DocsWorld:
    """Orders, trades, lists, an amendment and a prevented trade at a moment that is no whole millisecond."""
    world = DocsWorld()
    world.wire.clock.advance(0.0001234)
    world.wire.opposite("SELL", "1", "51000")
    world.wire.market(quantity="0.01")
    world.wire.order(price="48000")
    assert "executionId" in world.rest("PUT", "order/amend/keepPriority", **BTC, orderId=3, newQty="0.005")
    world.wire.order(price="50000")
    world.wire.order(price="50000", side="SELL", selfTradePreventionMode="EXPIRE_MAKER", quantity="0.001")
    for path, wanted in (("oco", OCO), ("oto", OTO)):
        assert "orderListId" in world.rest("POST", f"orderList/{path}", **wanted)
    return world


def times(value: Any, name: str = "") -> list[int]:
    if isinstance(value, dict):
        return [found for key, inner in value.items() for found in times(inner, key)]
    if isinstance(value, list):
        return [found for inner in value for found in times(inner, name)]
    return [value] if name in TIMES else []


@pytest.mark.parametrize(("path", "params"), ASKED, ids=[path for path, _ in ASKED])
def test_every_time_is_told_in_the_unit_that_is_asked_for(path: str, params: dict[str, Any]) -> None:
    world = lived_in()
    in_millis, in_micros = (times(ask(world, path, params, unit)) for unit in ("MILLISECOND", "MICROSECOND"))
    assert in_millis
    assert [moment // 1000 if moment > 0 else moment for moment in in_micros] == in_millis
    assert all(moment > 10**15 for moment in in_micros if moment > 0)


def ask(world: DocsWorld, path: str, params: dict[str, Any], unit: str) -> Any:
    headers = {"X-MBX-TIME-UNIT": unit}
    if endpoint_of(f"/api/v3/{path}")["GET"].security is Security.SIGNED:
        return world.wire.signed("GET", path, **params, headers=headers).ok
    query = "&".join(f"{name}={value}" for name, value in params.items())
    return world.wire.raw("GET", path, query, key=None, headers=headers).ok


def test_the_times_of_a_kline_are_told_in_that_unit_too() -> None:
    world = lived_in()
    wanted = {**BTC, "interval": "1m"}
    (millis,), (micros,) = (ask(world, "klines", wanted, unit) for unit in ("MILLISECOND", "MICROSECOND"))
    assert (micros[0], micros[6]) == (millis[0] * 1000, millis[6] * 1000 + 999)


@pytest.mark.parametrize("unit", ["MILLISECOND", "MICROSECOND"])
def test_a_placed_order_and_its_cancel_tell_their_times_in_that_unit(unit: str) -> None:
    world = DocsWorld()
    least = 10**15 if unit == "MICROSECOND" else 10**12
    headers = {"X-MBX-TIME-UNIT": unit}
    placed = world.wire.order(headers=headers).ok
    cancelled = world.wire.signed("DELETE", "order", **BTC, orderId=placed["orderId"], headers=headers).ok
    for moment in (*times(placed), *times(cancelled)):
        assert least < moment < least * 10
