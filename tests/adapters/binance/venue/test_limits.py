"""Limits: what is counted, what is refused, who is banned, and when it is over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.binance.venue.docs_scenes import OCO, OPO, OPOCO, OTO, OTOCO
from yunmin.simulation.intervals import DAY, MINUTE
from yunmin_binance.venue import LimitsConfig, Liquidity, VenueConfig
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.limits import TrafficMeter

MakeWire = Callable[[VenueConfig], Any]

TOO_MUCH = (
    "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
    "Please use WebSocket Streams for live updates to avoid polling the API."
)


def limited(make_wire: MakeWire, **limits: int) -> Any:
    return make_wire(VenueConfig(liquidity=Liquidity.NONE, limits=LimitsConfig(**limits)))


def test_limits_are_told_as_they_are_set(make_wire: MakeWire) -> None:
    wire = limited(make_wire, weight_per_minute=100, orders_per_10_seconds=3)
    told = {
        (one["rateLimitType"], one["intervalNum"], one["interval"]): one["limit"]
        for one in wire.get("exchangeInfo").ok["rateLimits"]
    }
    assert told == {
        ("REQUEST_WEIGHT", 1, "MINUTE"): 100,
        ("ORDERS", 10, "SECOND"): 3,
        ("ORDERS", 1, "DAY"): 200_000,
        ("RAW_REQUESTS", 5, "MINUTE"): 300_000,
    }


def test_weight_beyond_the_minutes_limit_is_refused_until_the_minute_is_over(wire: Any) -> None:
    wire.clock.advance(12.5)
    for _ in range(75):
        assert wire.get("ticker/24hr").status == 200
    said = wire.get("ping")
    assert said.status == 429
    assert said.error == (-1003, TOO_MUCH)
    assert said.headers["X-MBX-USED-WEIGHT-1M"] == "6001"
    assert said.headers["Retry-After"] == "48"
    wire.clock.advance(47)
    assert wire.get("ping").status == 429
    wire.clock.advance(0.5)
    assert wire.get("ping").headers["X-MBX-USED-WEIGHT-1M"] == "1"


def test_who_keeps_asking_is_banned_for_two_minutes_then_for_longer_each_time(make_wire: MakeWire) -> None:
    wire = limited(make_wire, weight_per_minute=4, refusals_before_ban=3)
    lengths = []
    for _ in range(3):
        statuses = [wire.get("ticker/price").status for _ in range(5)]
        assert statuses == [200, 429, 429, 429, 418]
        banned = wire.get("ping")
        assert banned.status == 418
        until = wire.now + int(banned.headers["Retry-After"]) * 1000
        assert banned.error == (
            -1003,
            f"Way too much request weight used; IP banned until {until}. "
            "Please use WebSocket Streams for live updates to avoid bans.",
        )
        lengths.append(int(banned.headers["Retry-After"]))
        wire.clock.advance(lengths[-1])
    assert lengths == [120, 240, 480]
    assert wire.get("ping").status == 200


def test_a_ban_is_for_every_request_and_can_be_lifted(make_wire: MakeWire) -> None:
    wire = limited(make_wire, weight_per_minute=4, refusals_before_ban=1)
    assert [wire.get("ticker/price").status for _ in range(3)] == [200, 429, 418]
    assert wire.order().status == 418
    assert wire.get("nowhere").status == 418
    wire.venue.exchange.traffic.lift_bans()
    wire.clock.advance(60)
    assert wire.order().status == 200


def test_a_ban_never_lasts_longer_than_three_days_and_is_forgotten_three_days_later() -> None:
    meter = TrafficMeter(LimitsConfig(weight_per_minute=1, refusals_before_ban=1))
    now, lengths = 0, []

    def next_ban() -> int:
        for _ in range(2):
            with pytest.raises(ApiError) as refused:
                meter.use("1.2.3.4", 2, now)
        assert refused.value.status == 418
        assert refused.value.retry_at is not None
        return refused.value.retry_at

    for _ in range(14):
        until = next_ban()
        lengths.append(until - now)
        now = until
    assert lengths[:3] == [2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert lengths[-1] == 3 * DAY
    now += 3 * DAY + 1
    assert next_ban() - now == 2 * MINUTE


def test_addresses_do_not_share_their_weight() -> None:
    meter = TrafficMeter(LimitsConfig(weight_per_minute=5))
    meter.use("1.1.1.1", 5, 0)
    meter.use("2.2.2.2", 5, 0)
    with pytest.raises(ApiError):
        meter.use("1.1.1.1", 1, 0)


def test_raw_requests_are_limited_by_the_five_minutes(make_wire: MakeWire) -> None:
    wire = limited(make_wire, requests_per_5_minutes=3)
    assert [wire.get("ping").status for _ in range(3)] == [200] * 3
    said = wire.get("ping")
    assert (said.status, said.error[0]) == (429, -1003)
    assert int(said.headers["Retry-After"]) == 300 - wire.now // 1000 % 300
    wire.clock.advance(300)
    assert wire.get("ping").status == 200


def test_orders_that_succeed_never_reach_the_weight_limit(make_wire: MakeWire) -> None:
    wire = limited(make_wire, weight_per_minute=3, orders_per_10_seconds=1000)
    for _ in range(20):
        order = wire.order().ok
        assert wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=order["orderId"]).status == 200
    assert [wire.order(quantity="0").status for _ in range(4)] == [400, 400, 400, 429]


def test_too_many_unfilled_orders_are_refused_until_the_window_is_over(make_wire: MakeWire) -> None:
    wire = limited(make_wire, orders_per_10_seconds=3)
    wire.clock.advance(4)
    assert [wire.order().status for _ in range(3)] == [200] * 3
    said = wire.order()
    assert said.status == 429
    assert said.error == (-1015, "Too many new orders; current limit is 3 orders per 10 SECOND.")
    assert said.headers["Retry-After"] == "6"
    assert len(wire.signed("GET", "openOrders", symbol="BTCUSDT").ok) == 3
    wire.clock.advance(6)
    assert wire.order().status == 200


def test_the_days_limit_ends_at_midnight(make_wire: MakeWire) -> None:
    wire = limited(make_wire, orders_per_day=1)
    assert wire.order().status == 200
    said = wire.order()
    assert said.error == (-1015, "Too many new orders; current limit is 1 orders per 1 DAY.")
    assert int(said.headers["Retry-After"]) == 86_400 - wire.now // 1000 % 86_400
    wire.clock.advance(86_400)
    assert wire.order().status == 200


def test_orders_that_trade_may_go_on_for_ever(make_wire: MakeWire) -> None:
    wire = limited(make_wire, orders_per_10_seconds=2)
    wire.opposite("SELL", "1", "50000")
    for _ in range(10):
        assert wire.market(quantity="0.001").status == 200


def test_cancelled_and_expired_orders_still_count(make_wire: MakeWire) -> None:
    wire = limited(make_wire, orders_per_10_seconds=2)
    order = wire.order().ok
    wire.signed("DELETE", "order", symbol="BTCUSDT", orderId=order["orderId"])
    assert wire.order(timeInForce="FOK").ok["status"] == "EXPIRED"
    assert wire.order().status == 429


def test_a_fill_of_yesterdays_order_makes_room_today(make_wire: MakeWire) -> None:
    wire = limited(make_wire, orders_per_day=2)
    wire.order()
    wire.clock.advance(86_400)
    assert [wire.order(price="40000").status for _ in range(3)] == [200, 200, 429]
    wire.opposite("SELL", "0.001", "50000")
    assert wire.order(price="40000").status == 200


def test_an_order_list_counts_as_its_orders(make_wire: MakeWire) -> None:
    wire = limited(make_wire, orders_per_10_seconds=3)
    wire.opposite("SELL", "1", "50000")
    wire.market(quantity="0.001")
    pair = {
        "symbol": "BTCUSDT",
        "side": "SELL",
        "quantity": "0.01",
        "aboveType": "LIMIT_MAKER",
        "abovePrice": "60000",
        "belowType": "STOP_LOSS",
        "belowStopPrice": "40000",
    }
    assert wire.signed("POST", "orderList/oco", **pair).status == 200
    assert wire.signed("POST", "orderList/oco", **pair).error[0] == -1015
    assert wire.order().status == 200


def test_counted_but_not_enforced_limits_refuse_nothing(unlimited_wire: Any) -> None:
    for _ in range(110):
        assert unlimited_wire.order(symbol="ETHUSDT", price="2000").status == 200
        assert unlimited_wire.get("ticker/24hr").status == 200
    assert int(unlimited_wire.get("ping").headers["X-MBX-USED-WEIGHT-1M"]) == 110 * 80 + 1
    assert unlimited_wire.signed("GET", "rateLimit/order").ok[0]["count"] == 110


@pytest.mark.parametrize(
    ("path", "weight"),
    [
        ("exchangeInfo", 20),
        ("executionRules", 40),
        ("executionRules?symbol=BTCUSDT", 2),
        ('executionRules?symbols=["BTCUSDT","ETHUSDT"]', 4),
        ("depth?symbol=BTCUSDT", 5),
        ("depth?symbol=BTCUSDT&limit=500", 25),
        ("depth?symbol=BTCUSDT&limit=1000", 50),
        ("depth?symbol=BTCUSDT&limit=5000", 250),
        ("trades?symbol=BTCUSDT", 25),
        ("historicalBlockTrades?symbol=BTCUSDT&fromId=0", 25),
        ("aggTrades?symbol=BTCUSDT", 4),
        ("klines?symbol=BTCUSDT&interval=1m", 2),
        ("avgPrice?symbol=BTCUSDT", 2),
        ("ticker/24hr?symbol=BTCUSDT", 2),
        ("ticker/24hr", 80),
        ("ticker/price", 4),
        ("ticker/bookTicker?symbol=BTCUSDT", 2),
        ("ticker?symbol=BTCUSDT", 4),
        ('ticker/tradingDay?symbols=["BTCUSDT","ETHUSDT"]', 8),
        ("referencePrice?symbol=BTCUSDT", 2),
    ],
)
def test_a_request_weighs_what_the_docs_say(wire: Any, path: str, weight: int) -> None:
    name, _, query = path.partition("?")
    said = wire.raw("GET", name, query.replace('"', "%22"), key=None)
    assert int(said.headers["X-MBX-USED-WEIGHT-1M"]) == weight


@pytest.mark.parametrize(
    ("mode", "is_open", "when_limited", "status", "code", "results"),
    [
        ("STOP_ON_FAILURE", True, None, 429, -1015, None),
        ("ALLOW_FAILURE", True, "DO_NOTHING", 429, -1015, None),
        ("STOP_ON_FAILURE", True, "CANCEL_ONLY", 429, -2021, ("SUCCESS", "FAILURE")),
        ("STOP_ON_FAILURE", False, "CANCEL_ONLY", 429, -2022, ("FAILURE", "NOT_ATTEMPTED")),
        ("ALLOW_FAILURE", True, "CANCEL_ONLY", 409, -2021, ("SUCCESS", "FAILURE")),
        ("ALLOW_FAILURE", False, "CANCEL_ONLY", 400, -2022, ("FAILURE", "FAILURE")),
    ],
)
def test_replacing_beyond_the_limit_does_nothing_or_cancels_only(
    make_wire: MakeWire,
    mode: str,
    is_open: bool,
    when_limited: str | None,
    status: int,
    code: int,
    results: tuple[str, str] | None,
) -> None:
    wire = limited(make_wire, orders_per_10_seconds=2)
    orders = [wire.order().ok["orderId"] for _ in range(2)]
    named = orders[0] if is_open else 99
    said = wire.order(
        path="order/cancelReplace",
        cancelReplaceMode=mode,
        cancelOrderId=named,
        orderRateLimitExceededMode=when_limited,
    )
    assert (said.status, said.error[0]) == (status, code)
    open_orders = {one["orderId"] for one in wire.signed("GET", "openOrders", symbol="BTCUSDT").ok}
    assert open_orders == (set(orders[1:]) if results is not None and is_open else set(orders))
    if results is not None:
        assert (said.json["data"]["cancelResult"], said.json["data"]["newOrderResult"]) == results


@pytest.mark.parametrize(
    ("method", "path", "params", "weight"),
    [
        ("GET", "account", {}, 20),
        ("GET", "account/commission", {"symbol": "BTCUSDT"}, 20),
        ("GET", "order", {"symbol": "BTCUSDT", "orderId": 1}, 4),
        ("GET", "openOrders", {"symbol": "BTCUSDT"}, 6),
        ("GET", "openOrders", {}, 80),
        ("GET", "allOrders", {"symbol": "BTCUSDT"}, 20),
        ("GET", "orderList", {"orderListId": 1}, 4),
        ("GET", "allOrderList", {}, 20),
        ("GET", "openOrderList", {}, 6),
        ("GET", "myTrades", {"symbol": "BTCUSDT"}, 20),
        ("GET", "myTrades", {"symbol": "BTCUSDT", "orderId": 1}, 5),
        ("GET", "rateLimit/order", {}, 40),
        ("GET", "myPreventedMatches", {"symbol": "BTCUSDT", "preventedMatchId": 1}, 2),
        ("GET", "myPreventedMatches", {"symbol": "BTCUSDT", "orderId": 1}, 20),
        ("GET", "myAllocations", {"symbol": "BTCUSDT"}, 20),
        ("GET", "order/amendments", {"symbol": "BTCUSDT", "orderId": 1}, 4),
        ("GET", "myFilters", {"symbol": "BTCUSDT"}, 40),
        ("DELETE", "order", {"symbol": "BTCUSDT", "orderId": 1}, 1),
        ("DELETE", "openOrders", {"symbol": "BTCUSDT"}, 1),
        ("DELETE", "orderList", {"symbol": "BTCUSDT", "orderListId": 1}, 1),
        ("PUT", "order/amend/keepPriority", {"symbol": "BTCUSDT", "orderId": 1, "newQty": "1"}, 4),
        ("POST", "order", {"symbol": "BTCUSDT"}, 1),
        ("POST", "order/test", {"symbol": "BTCUSDT"}, 1),
        ("POST", "order/test", {"symbol": "BTCUSDT", "computeCommissionRates": "true"}, 20),
        ("POST", "order/cancelReplace", {"symbol": "BTCUSDT"}, 1),
        ("POST", "orderList/oco", {"symbol": "BTCUSDT"}, 1),
    ],
)
def test_a_signed_request_weighs_what_the_docs_say(
    wire: Any, method: str, path: str, params: dict[str, object], weight: int
) -> None:
    assert int(wire.signed(method, path, **params).headers["X-MBX-USED-WEIGHT-1M"]) == weight


@pytest.mark.parametrize(("path", "orders"), [("oco", 2), ("oto", 2), ("otoco", 3), ("opo", 2), ("opoco", 3)])
def test_an_order_list_needs_room_for_all_its_orders(make_wire: MakeWire, path: str, orders: int) -> None:
    lists = {"oco": OCO, "oto": OTO, "otoco": OTOCO, "opo": OPO, "opoco": OPOCO}
    for limit, status in ((orders, 200), (orders - 1, 429)):
        wire = limited(make_wire, orders_per_10_seconds=limit)
        wire.opposite("SELL", "1", "50000")
        wire.market(quantity="0.01")
        assert wire.signed("POST", f"orderList/{path}", **lists[path]).status == status
