"""Every error that a client can bring about: its code, its exact text and its HTTP status (errors.md, 2026-07-21)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import pytest

from tests.adapters.binance.venue.conftest import Said, Wire
from tests.adapters.binance.venue.docs_world import DocsWorld
from yunmin_binance.venue import AccountConfig, KeyRight, LimitsConfig, Liquidity, SymbolStatus, VenueConfig

Provoke = Callable[[Wire], Said]

BTC: Final[dict[str, Any]] = {"symbol": "BTCUSDT"}
NINETY_DAYS: Final = 90 * 86_400


class Case(NamedTuple):
    """One way to be refused."""

    code: int
    message: str
    provoke: Provoke
    status: int = 400


def get(path: str, **params: object) -> Provoke:
    return lambda wire: wire.get(path, **params)


def signed(method: str, path: str, **params: object) -> Provoke:
    return lambda wire: wire.signed(method, path, **params)


def order(**changes: object) -> Provoke:
    return lambda wire: wire.order(**changes)


def market(**changes: object) -> Provoke:
    return lambda wire: wire.market(**changes)


def after(*happenings: Callable[[Wire], object], then: Provoke) -> Provoke:
    def provoke(wire: Wire) -> Said:
        for happening in happenings:
            happening(wire)
        return then(wire)

    return provoke


def raw(query: str, *, path: str = "account", key: str | None = "yunminLocalKey".ljust(64, "0")) -> Provoke:
    return lambda wire: wire.raw("GET", path, query.replace("NOW", str(wire.now)), key=key)


def an_order(wire: Wire) -> None:
    assert wire.order(newClientOrderId="mine").status == 200


def an_ask(wire: Wire) -> None:
    wire.opposite("SELL", "1", "50000")


def a_trade(wire: Wire) -> None:
    an_ask(wire)
    assert wire.market(quantity="0.01").status == 200


def halt(wire: Wire) -> None:
    wire.venue.set_symbol_status("BTCUSDT", SymbolStatus.HALT)


def cancel_and_wait(wire: Wire) -> None:
    wire.signed("DELETE", "order", **BTC, orderId=1)
    wire.clock.advance(NINETY_DAYS + 1)


def many_requests(wire: Wire) -> None:
    for _ in range(75):
        wire.get("ticker/24hr")


def many_more_requests(wire: Wire) -> None:
    many_requests(wire)
    for _ in range(10):
        wire.get("ping")


def hundred_orders(wire: Wire) -> None:
    for _ in range(100):
        wire.order(quantity="0.001")


def replace(**changes: object) -> Provoke:
    return order(path="order/cancelReplace", cancelReplaceMode="STOP_ON_FAILURE", **changes)


UNSUPPORTED: Final = "This operation is not supported."
WRONG_KEY: Final = "Invalid API-key, IP, or permissions for action."

CASES: Final = (
    Case(
        -1003,
        "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        after(many_requests, then=get("ping")),
        429,
    ),
    Case(
        -1003,
        "Way too much request weight used; IP banned until 1767225720000. "
        "Please use WebSocket Streams for live updates to avoid bans.",
        after(many_more_requests, then=get("ping")),
        418,
    ),
    Case(-1013, "Market is closed.", after(halt, then=order())),
    Case(-1013, "Filter failure: PRICE_FILTER", order(price="50000.001")),
    Case(-1013, "Filter failure: LOT_SIZE", order(quantity="0.000001")),
    Case(-1013, "Filter failure: NOTIONAL", order(quantity="0.00001", price="50000")),
    Case(-1013, "Filter failure: MARKET_LOT_SIZE", after(an_ask, then=market(quantity="121"))),
    Case(
        -1015,
        "Too many new orders; current limit is 100 orders per 10 SECOND.",
        after(hundred_orders, then=order()),
        429,
    ),
    Case(-1020, UNSUPPORTED, get("nowhere"), 404),
    Case(-1020, UNSUPPORTED, signed("PUT", "order"), 405),
    Case(-1020, UNSUPPORTED, signed("POST", "userDataStream"), 410),
    Case(
        -1021,
        "Timestamp for this request is outside of the recvWindow.",
        lambda wire: wire.signed("GET", "account", timestamp=wire.now - 5001),
    ),
    Case(
        -1021,
        "Timestamp for this request was 1000ms ahead of the server's time.",
        lambda wire: wire.signed("GET", "account", timestamp=wire.now + 1000),
    ),
    Case(-1022, "Signature for this request is not valid.", raw("timestamp=NOW&signature=00")),
    Case(
        -1100,
        "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.",
        get("depth", symbol="btcusdt"),
    ),
    Case(-1100, "Illegal characters found in a parameter.", raw("symbol=%ff", path="depth", key=None)),
    Case(
        -1101,
        "Too many parameters; expected '100' and received '101'.",
        get("ticker", symbols="[" + ",".join(f'"S{n}"' for n in range(101)) + "]"),
    ),
    Case(
        -1101,
        "Duplicate values for a parameter detected.",
        raw("symbol=BTCUSDT&symbol=ETHUSDT", path="depth", key=None),
    ),
    Case(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.", get("depth")),
    Case(
        -1102,
        "Param 'symbol' or 'symbols' must be sent, but both were empty/null!",
        get("ticker"),
    ),
    Case(
        -1102,
        "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
        signed("GET", "order", **BTC),
    ),
    Case(
        -1104,
        "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
        get("avgPrice", **BTC, colour="red"),
    ),
    Case(-1105, "Parameter 'newClientOrderId' was empty.", order(newClientOrderId="")),
    Case(-1106, "Parameter 'timeInForce' sent when not required.", market(quantity="1", timeInForce="GTC")),
    Case(-1108, "Parameter 'orderId' overflowed.", signed("GET", "order", **BTC, orderId=2**63)),
    Case(-1111, "Parameter 'price' has too much precision.", order(price="50000.000000001")),
    Case(-1115, "Invalid timeInForce.", order(timeInForce="GTX")),
    Case(-1116, "Invalid orderType.", order(type="ICEBERG")),
    Case(-1117, "Invalid side.", order(side="LONG")),
    Case(-1120, "Invalid interval.", get("klines", **BTC, interval="7m")),
    Case(-1121, "Invalid symbol.", get("depth", symbol="NOPE")),
    Case(-1122, "Invalid symbolStatus.", get("ticker/price", symbolStatus="OPEN")),
    Case(
        -1127,
        "More than 24 hours between startTime and endTime.",
        signed("GET", "myTrades", **BTC, startTime=0, endTime=86_400_001),
    ),
    Case(-1128, "Combination of optional parameters invalid.", get("ticker/price", **BTC, symbols='["BTCUSDT"]')),
    Case(-1130, "Data sent for parameter 'windowSize' is not valid.", get("ticker", **BTC, windowSize="60m")),
    Case(-1131, "recvWindow must be less than 60000", signed("GET", "account", recvWindow=60_001)),
    Case(-1134, "`strategyType` was less than 1000000.", order(strategyType=1)),
    Case(-1135, "JSON sent for parameter 'symbols' is not valid", get("ticker/price", symbols="[BTCUSDT]")),
    Case(-1139, "Invalid ticker type.", get("ticker/24hr", **BTC, type="HALF")),
    Case(
        -1145,
        "Invalid cancelRestrictions",
        after(an_order, then=signed("DELETE", "order", **BTC, orderId=1, cancelRestrictions="ONLY_OLD")),
    ),
    Case(
        -1151,
        "Symbol is present multiple times in the list.",
        get("ticker/price", symbols='["BTCUSDT","BTCUSDT"]'),
    ),
    Case(
        -1155,
        "SBE is not enabled.",
        lambda wire: wire.raw("GET", "time", key=None, headers={"Accept": "application/sbe", "X-MBX-SBE": "3:5"}),
        406,
    ),
    Case(
        -1194,
        "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.",
        lambda wire: wire.raw("GET", "time", key=None, headers={"X-MBX-TIME-UNIT": "SECOND"}),
    ),
    Case(
        -1220,
        "The symbol's status does not match the requested symbolStatus.",
        get("depth", **BTC, symbolStatus="HALT"),
    ),
    Case(-2010, "Account has insufficient balance for requested action.", order(quantity="100")),
    Case(-2010, "Duplicate order sent.", after(an_order, then=order(newClientOrderId="mine"))),
    Case(
        -2010,
        "Order would immediately match and take.",
        after(an_ask, then=order(type="LIMIT_MAKER", timeInForce=None)),
    ),
    Case(
        -2010,
        "Order would trigger immediately.",
        after(a_trade, then=market(type="STOP_LOSS", quantity="0.01", stopPrice="49000")),
    ),
    Case(
        -2010,
        "Order book liquidity is less than symbol minimum quantity.",
        market(quantity=None, quoteOrderQty="100"),
    ),
    Case(-2011, "Unknown order sent.", signed("DELETE", "order", **BTC, orderId=99)),
    Case(-2011, "Unknown order sent.", signed("DELETE", "openOrders", **BTC)),
    Case(-2011, "Market is closed.", after(an_order, halt, then=signed("DELETE", "order", **BTC, orderId=1))),
    Case(
        -2011,
        "Order was not canceled due to cancel restrictions.",
        after(
            an_order,
            then=signed("DELETE", "order", **BTC, orderId=1, cancelRestrictions="ONLY_PARTIALLY_FILLED"),
        ),
    ),
    Case(-2013, "Order does not exist.", signed("GET", "order", **BTC, orderId=99)),
    Case(-2014, "API-key format invalid.", raw("timestamp=NOW&signature=00", key=None), 401),
    Case(-2015, WRONG_KEY, raw("timestamp=NOW&signature=00", key="nobody"), 401),
    Case(
        -2016,
        "No trading window could be found for the symbol. Try ticker/24hrs instead.",
        get("ticker", **BTC),
    ),
    Case(
        -2021,
        "Order cancel-replace partially failed.",
        after(an_order, then=replace(cancelOrderId=1, quantity="100")),
        409,
    ),
    Case(-2022, "Order cancel-replace failed.", replace(cancelOrderId=99)),
    Case(
        -2026,
        "Order was canceled or expired with no executed qty over 90 days ago and has been archived.",
        after(an_order, cancel_and_wait, then=signed("GET", "order", **BTC, orderId=1)),
    ),
    Case(
        -2038,
        "The requested action would change no state; rejecting",
        after(an_order, then=signed("PUT", "order/amend/keepPriority", **BTC, orderId=1, newQty="0.01")),
    ),
    Case(
        -2038,
        "Order amend (quantity increase) is not supported.",
        after(an_order, then=signed("PUT", "order/amend/keepPriority", **BTC, orderId=1, newQty="0.02")),
    ),
    Case(
        -2039,
        "Client order ID is not correct for this order ID.",
        after(an_order, then=signed("GET", "order", **BTC, orderId=1, origClientOrderId="other")),
    ),
    Case(-2043, "This symbol doesn't have a reference price.", get("referencePrice", **BTC)),
)

# codes of errors.md that nothing a client sends brings about here
NOT_PROVOKED: Final = {
    "broken by faults on demand alone": {-1000, -1001, -1006, -1007, -1008, -1016},
    "for the FIX API": {
        -1033,
        -1035,
        *range(-1178, -1168),
        -1179,
        -1180,
        -1181,
        -1182,
        -1183,
        -1184,
        -1185,
        -1186,
        -1187,
        -1188,
        -1189,
        -1190,
        -1191,
    },
    "for SBE": {-1152, -1153, -1161, -1221},
    "the exchange answers with another code first": {-1002, -1014, -1103, -1112, -1114, -1118, -1119},
    "see test_order_lists": {-1158, -1160, -1165, -1166, -1168, -1196, -1197, -1198, -1199, *range(-1225, -1221)},
    "see the tests of pegged orders": {-1210, -1211},
    "where listen keys are kept: see test_listen_keys": {-1125},
    "see the tests of connections and of the WebSocket API below": {-1034, -2035, -2036, -2042},
}

DOCUMENTED: Final = frozenset(
    {
        *(-1000, -1001, -1002, -1003, -1006, -1007, -1008, -1013, -1014, -1015, -1016, -1020, -1021, -1022),
        *(-1033, -1034, -1035, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1112, -1114),
        *(-1115, -1116, -1117, -1118, -1119, -1120, -1121, -1122, -1125, -1127, -1128, -1130, -1134, -1135),
        *(-1139, -1145, -1151, -1152, -1153, -1155, -1158, -1160, -1161, -1165, -1166, -1168, -1169, -1170),
        *(-1171, -1172, -1173, -1174, -1175, -1176, -1177, -1178, -1179, -1180, -1181, -1182, -1183, -1184),
        *(-1185, -1186, -1187, -1188, -1189, -1190, -1191, -1194, -1196, -1197, -1198, -1199, -1210, -1211),
        *(-1220, -1221, -1222, -1223, -1224, -1225, -2010, -2011, -2013, -2014, -2015, -2016, -2021, -2022),
        *(-2026, -2035, -2036, -2039, -2042, -2043),
    }
)
# beside those: named in rest-api.md, in errors.md only among messages, or only by clients
ALSO_SAID: Final = {-1131, -2038}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code} {case.message[:40]}")
def test_a_refusal_has_its_code_its_text_and_its_status(wire: Wire, case: Case) -> None:
    said = case.provoke(wire)
    assert (said.error, said.status) == ((case.code, case.message), case.status)


def test_every_documented_code_is_provoked_or_has_a_reason_not_to_be() -> None:
    provoked = {case.code for case in CASES}
    reasoned = set().union(*NOT_PROVOKED.values())
    assert provoked - ALSO_SAID | reasoned == DOCUMENTED
    assert not provoked & reasoned


def keyed(**changes: Any) -> VenueConfig:
    mine, counterparty = VenueConfig().accounts
    changed = AccountConfig.model_validate({**dict(mine), **changes})
    return VenueConfig(liquidity=Liquidity.NONE, accounts=(changed, counterparty))


@pytest.mark.parametrize(
    ("config", "error", "status"),
    [
        (keyed(key_rights=(KeyRight.USER_DATA,)), (-2015, WRONG_KEY), 401),
        (keyed(can_trade=False), (-2010, "This account may not place or cancel orders."), 400),
        (keyed(permissions=("TRD_GRP_002",)), (-2010, "This symbol is not permitted for this account."), 400),
    ],
)
def test_what_an_account_may_not_do_is_refused(config: VenueConfig, error: tuple[int, str], status: int) -> None:
    said = Wire(config).order()
    assert (said.error, said.status) == (error, status)


def ws_error(answer: Any) -> tuple[int, int, str]:
    return answer["status"], answer["error"]["code"], answer["error"]["msg"]


def test_errors_of_the_websocket_api_alone() -> None:
    world = DocsWorld()
    world.ws("userDataStream.subscribe.signature")
    again = world.ws("userDataStream.subscribe.signature")
    assert ws_error(again) == (400, -2035, "User Data Stream subscription already active.")
    not_there = world.ws("userDataStream.unsubscribe", is_signed=False, subscriptionId=7)
    assert ws_error(not_there) == (400, -2036, "User Data Stream subscription not active.")
    world.session.unsubscribe(None)
    world.session._next_subscription = 65_535
    worn_out = world.ws("userDataStream.subscribe.signature")
    assert ws_error(worn_out) == (400, -2042, "Maximum subscription ID reached for this connection.")
    assert ws_error(world.ask({"id": 1, "method": "order.dance"})) == (404, -1020, UNSUPPORTED)
    assert ws_error(world.ask({"id": 1})) == (400, -1135, "Invalid JSON Request")


def test_the_websocket_api_says_when_to_ask_again() -> None:
    world = DocsWorld(limits=LimitsConfig(weight_per_minute=5, refusals_before_ban=2, orders_per_10_seconds=1))
    now = world.wire.now
    world.wire.clock.advance(1.5)
    assert world.ws("order.place", **{**BTC, **ORDER})["status"] == 200
    limited = world.ws("order.place", **{**BTC, **ORDER})
    assert ws_error(limited)[:2] == (429, -1015)
    assert limited["error"]["data"] == {"serverTime": now + 1500, "retryAfter": now + 10_000}
    told = {(one["rateLimitType"], one["interval"]): one["count"] for one in limited["rateLimits"]}
    assert told == {("ORDERS", "SECOND"): 1, ("ORDERS", "DAY"): 1, ("REQUEST_WEIGHT", "MINUTE"): 1}
    answers = [world.ws("ticker.24hr", is_signed=False) for _ in range(4)]
    assert [ws_error(one)[:2] for one in answers] == [(429, -1003), (429, -1003), (418, -1003), (418, -1003)]
    assert answers[0]["error"]["data"] == {"serverTime": now + 1500, "retryAfter": now + 60_000}
    assert answers[0]["rateLimits"][0]["count"] == 81
    assert answers[-1]["error"]["data"] == {"serverTime": now + 1500, "retryAfter": now + 121_500}


ORDER: Final = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "50000"}
