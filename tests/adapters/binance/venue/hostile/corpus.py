"""What is right before it is bent: requests of every operation, commands of the market streams, and nasty values."""

from __future__ import annotations

from random import Random
from typing import Any

from yunmin_binance.venue import endpoints
from yunmin_binance.venue.ws_api.methods import ENDPOINT_OF_METHOD

__all__ = [
    "DOCUMENTED",
    "ERRANDS",
    "METHODS",
    "NASTY",
    "OPERATIONS",
    "SIGNED_METHODS",
    "commands",
    "operation_of",
    "parameters",
]

DOCUMENTED = frozenset(
    -code
    for code in (
        *(1001, 1002, 1003, 1006, 1007, 1008, 1013, 1014, 1015, 1016, 1020, 1021, 1022, 1033, 1034, 1035),
        *(1100, 1101, 1102, 1103, 1104, 1105, 1106, 1108, 1111, 1112, 1114, 1115, 1116, 1117, 1118, 1119, 1120, 1121),
        *(1122, 1125, 1127, 1128, 1130, 1131, 1134, 1135, 1139, 1145, 1151, 1152, 1153, 1155, 1158, 1160, 1161, 1165),
        *(1166, 1168, *range(1169, 1192), 1194, 1196, 1197, 1198, 1199, 1210, 1211, 1220, 1221, 1222, 1223, 1224, 1225),
        *(2010, 2011, 2013, 2014, 2015, 2016, 2021, 2022, 2026, 2035, 2036, 2038, 2039, 2042, 2043),
    )
)
"""Every code of errors.md, 2026-07-21, but -1000: that one would be a failure of ours. -1131 and -2038 are documented
elsewhere (the recvWindow of rest-api.md and filters.md)."""

OPERATIONS = tuple(
    (method, path, endpoint.security.value)
    for path, by_method in endpoints._ENDPOINTS.items()
    for method, endpoint in by_method.items()
    if not path.startswith("/api/v1/")
)
"""Every REST operation that is not retired: method, path, and whether it is SIGNED."""

_SESSION_METHODS = (
    "session.logon",
    "session.status",
    "session.logout",
    "session.subscriptions",
    "userDataStream.subscribe",
    "userDataStream.subscribe.signature",
    "userDataStream.unsubscribe",
)
SIGNED_METHODS = frozenset(
    {"session.logon", "userDataStream.subscribe.signature"}
    | {name for name, endpoint in ENDPOINT_OF_METHOD.items() if endpoint.security.value != "NONE"}
)
METHODS = (*ENDPOINT_OF_METHOD, *_SESSION_METHODS)

_VALUES: dict[str, tuple[Any, ...]] = {
    "symbol": ("BTCUSDT", "BTCUSDT", "BTCUSDT", "ETHUSDT", "NOPE"),
    "symbols": ('["BTCUSDT"]', '["BTCUSDT","ETHUSDT"]'),
    "side": ("BUY", "SELL"),
    "type": ("LIMIT", "LIMIT", "MARKET", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT", "FULL"),
    "timeInForce": ("GTC", "IOC", "FOK"),
    "quantity": ("0.01", "1", 0.5, "0.00001"),
    "price": ("60000", 59000, "60000.5"),
    "quoteOrderQty": ("20", "1000"),
    "stopPrice": ("61000", "58000"),
    "icebergQty": ("0.001",),
    "trailingDelta": (100, 2000),
    "newClientOrderId": ("mine", "other-1"),
    "newOrderRespType": ("ACK", "RESULT", "FULL"),
    "selfTradePreventionMode": ("NONE", "EXPIRE_BOTH", "DECREMENT"),
    "strategyId": (1,),
    "strategyType": (1_000_000,),
    "orderId": (1, 2, 30),
    "origClientOrderId": ("mine",),
    "cancelRestrictions": ("ONLY_NEW", "ONLY_PARTIALLY_FILLED"),
    "cancelReplaceMode": ("STOP_ON_FAILURE", "ALLOW_FAILURE"),
    "cancelOrderId": (1, 2),
    "newQty": ("0.005",),
    "orderListId": (0, 1),
    "listClientOrderId": ("list-1",),
    "aboveType": ("LIMIT_MAKER", "STOP_LOSS_LIMIT"),
    "abovePrice": ("65000",),
    "aboveStopPrice": ("64000",),
    "aboveTimeInForce": ("GTC",),
    "belowType": ("STOP_LOSS", "STOP_LOSS_LIMIT"),
    "belowPrice": ("55000",),
    "belowStopPrice": ("56000",),
    "belowTimeInForce": ("GTC",),
    "stopLimitPrice": ("55000",),
    "workingType": ("LIMIT", "LIMIT_MAKER"),
    "workingSide": ("BUY", "SELL"),
    "workingPrice": ("59000",),
    "workingQuantity": ("0.01",),
    "workingTimeInForce": ("GTC",),
    "pendingType": ("LIMIT", "MARKET"),
    "pendingSide": ("BUY", "SELL"),
    "pendingPrice": ("61000",),
    "pendingQuantity": ("0.01",),
    "pendingTimeInForce": ("GTC",),
    "limit": (1, 5, 500, 5000),
    "fromId": (0, 1, 5),
    "startTime": (0, 1_767_225_600_000),
    "endTime": (1, 1_767_225_600_000),
    "interval": ("1s", "1m", "3d", "1w", "1M"),
    "timeZone": ("0", "8", "-1:30"),
    "windowSize": ("1m", "4h", "7d"),
    "omitZeroBalances": ("true",),
    "permissions": ("SPOT", '["SPOT"]'),
    "symbolStatus": ("TRADING", "HALT"),
    "recvWindow": (5000, "60000", "1.5"),
    "listenKey": ("A" * 64,),
    "subscriptionId": (0, 1),
    "returnRateLimits": (False, True),
    "computeCommissionRates": ("true",),
    "preventedMatchId": (0,),
}

_PAIR = {
    "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "aboveType": "LIMIT_MAKER", "abovePrice": "65000",
    "belowType": "STOP_LOSS", "belowStopPrice": "56000",
}  # fmt: skip
_LIMIT = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "59000",
}  # fmt: skip
_WORKING = {
    "symbol": "BTCUSDT", "workingType": "LIMIT", "workingSide": "BUY", "workingTimeInForce": "GTC",
    "workingPrice": "59000", "workingQuantity": "0.01", "pendingSide": "SELL",
}  # fmt: skip
_BITCOIN = {"symbol": "BTCUSDT"}
_RANGE = {"symbol": "BTCUSDT", "startTime": 1_767_225_600_000, "limit": 5}

_FITTING: dict[str, tuple[dict[str, Any], ...]] = {
    "POST order": (
        _LIMIT,
        {**_LIMIT, "price": "61000", "newClientOrderId": "mine", "selfTradePreventionMode": "EXPIRE_BOTH"},
        {**_LIMIT, "side": "SELL", "price": "61000", "icebergQty": "0.001"},
        {"symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quoteOrderQty": "20"},
        {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01", "stopPrice": "58000"},
        {"symbol": "BTCUSDT", "side": "SELL", "type": "STOP_LOSS", "quantity": "0.01", "trailingDelta": 100},
    ),
    "POST order/test": (_LIMIT, {**_LIMIT, "computeCommissionRates": "true"}),
    "GET order": ({**_BITCOIN, "orderId": 1}, {**_BITCOIN, "orderId": 1, "origClientOrderId": "mine"}),
    "DELETE order": ({**_BITCOIN, "orderId": 1}, {**_BITCOIN, "origClientOrderId": "mine", "newClientOrderId": "x"}),
    "POST order/cancelReplace": ({**_LIMIT, "cancelReplaceMode": "ALLOW_FAILURE", "cancelOrderId": 1},),
    "PUT order/amend/keepPriority": ({**_BITCOIN, "orderId": 1, "newQty": "0.005"},),
    "GET order/amendments": ({**_BITCOIN, "orderId": 1, "limit": 5},),
    "GET allOrders": (_RANGE, {**_BITCOIN, "orderId": 1}),
    "GET openOrders": (_BITCOIN, {}),
    "DELETE openOrders": (_BITCOIN,),
    "GET myTrades": (_RANGE, {**_BITCOIN, "fromId": 1}, {**_BITCOIN, "orderId": 1}),
    "POST orderList/oco": (_PAIR,),
    "POST order/oco": (
        {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01", "price": "65000", "stopPrice": "56000"},
    ),
    "POST orderList/oto": ({**_WORKING, "pendingType": "MARKET", "pendingQuantity": "0.01"},),
    "POST orderList/otoco": (
        {**_WORKING, "pendingQuantity": "0.01", "pendingAboveType": "LIMIT_MAKER", "pendingAbovePrice": "65000",
         "pendingBelowType": "STOP_LOSS", "pendingBelowStopPrice": "56000"},
    ),
    "DELETE orderList": ({**_BITCOIN, "orderListId": 0},),
    "GET orderList": ({"orderListId": 0},),
    "GET depth": ({**_BITCOIN, "limit": 5},),
    "GET klines": ({**_BITCOIN, "interval": "1M", "startTime": 0, "endTime": 1, "timeZone": "1"},),
    "GET uiKlines": ({**_BITCOIN, "interval": "1m", "limit": 5},),
    "GET trades": ({**_BITCOIN, "limit": 5},),
    "GET aggTrades": (_RANGE, {**_BITCOIN, "fromId": 1}),
    "GET ticker": ({**_BITCOIN, "windowSize": "4h"},),
    "GET ticker/tradingDay": ({**_BITCOIN, "timeZone": "0"},),
    "GET myPreventedMatches": ({**_BITCOIN, "orderId": 1},),
    "GET account": ({"omitZeroBalances": "true"},),
    "GET exchangeInfo": ({"symbols": '["BTCUSDT"]'}, {"permissions": "SPOT"}),
    "session.logon": ({},),
    "session.status": ({},),
    "session.logout": ({},),
    "session.subscriptions": ({},),
    "userDataStream.subscribe": ({},),
    "userDataStream.subscribe.signature": ({},),
    "userDataStream.unsubscribe": ({}, {"subscriptionId": 0}),
}  # fmt: skip

NASTY: tuple[Any, ...] = (
    "", " ", "0", "-1", "-0", "+1", "1e400", "NaN", "Infinity", "1_000", "0x10", "00001", ".5", "5.", "1e2",
    "99999999999999999999", "99999999999999999999.99999999999999999999", "9223372036854775807", "9223372036854775808",
    "184467440737095516160", "0.00000001", "0.000000001", "１２３", "ВТСUSDT", "btcusdt", "BTC/USDT", "BTCUSDT\x00",
    "\x00", "\x7f", "\u202eTDSU", "💥", "e\u0301", "'; DROP TABLE orders; --", "../../etc/passwd", "%", "%zz", "%00",
    "[]", "{}", "null", "true", '["BTCUSDT", 1]', "[" * 3000, '{"a":' * 500, "A" * 5000, "LIMIT", "STOP_LOSS",
    "12:99", "-12:00", 0, -1, 1.5, 10**30, -(2**63), True, False, None, [], {}, ["BTCUSDT"], {"a": [1]}, 1e308,
)  # fmt: skip


def parameters(chance: Random, operation: str) -> dict[str, Any]:
    """Parameters that fit `operation` (`GET depth`, or a method's name) well, or a handful of some that exist."""
    if chance.random() < 0.85:
        return dict(chance.choice(_FITTING.get(operation, (_BITCOIN, {}))))
    names = ["symbol", *chance.sample(list(_VALUES), chance.randint(0, 4))]
    return {name: chance.choice(_VALUES[name]) for name in names}


def operation_of(method: str) -> str:
    """The name under which `parameters` knows a method of the WebSocket API."""
    endpoint = ENDPOINT_OF_METHOD.get(method)
    return method if endpoint is None else f"{endpoint.method} {endpoint.path.removeprefix('/api/v3/')}"


_STREAMS = (
    "btcusdt@trade", "btcusdt@depth@100ms", "btcusdt@kline_1m", "!miniTicker@arr", "!ticker_1h@arr", "ethusdt@depth5",
    "btcusdt@bookTicker", "btcusdt@ticker_1d", "nosuch@trade", "btcusdt@kline_1d@+08:00", "btcusdt@aggTrade",
)  # fmt: skip


ERRANDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("/venue/orders", {"account": "counterparty", "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT",
                       "quantity": "0.01", "price": "58000"}),
    ("/venue/orders", {"account": "local", "symbol": "BTCUSDT", "side": "SELL", "type": "MARKET", "quantity": "0.01"}),
    ("/venue/deposits", {"account": "counterparty", "asset": "USDT", "amount": "1000000"}),
    ("/venue/deposits", {"account": "counterparty", "asset": "BTC", "amount": "-0.1"}),
    ("/venue/locks", {"account": "counterparty", "asset": "BNB", "amount": "1"}),
    ("/venue/locks", {"account": "counterparty", "asset": "BNB", "amount": "-1"}),
)  # fmt: skip
"""What is asked at the venue's own door; nothing that would close the exchange's."""


def commands(chance: Random) -> dict[str, Any]:
    """One command of the market streams."""
    method = chance.choice(
        ("SUBSCRIBE", "SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
    )
    command: dict[str, Any] = {"method": method, "id": chance.choice((1, 2**40, "abc", None))}
    if method.endswith("SUBSCRIBE"):
        command["params"] = chance.sample(_STREAMS, chance.randint(0, 4))
    elif method.endswith("PROPERTY"):
        command["params"] = ["combined", *([chance.random() < 0.5] if method == "SET_PROPERTY" else [])]
    return command
