"""Binance's own JSON, as builders: what the server of the fault tests is given to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from yunmin.core.data_contracts import OrderRef, OrderRequest, OrderType, Side
from yunmin.exchange import ConnectorConfig, Credentials
from yunmin.testing.faulty_server import Fault, FaultyServer, Received, json_answer

API_KEY = "canaryKEYcanaryKEYcanaryKEYcanaryKEYcanaryKEYcanaryKEYcanary0001"
API_SECRET = "canarySECRETcanarySECRETcanarySECRETcanarySECRETcanarySECRET0002"

TIME = 1_767_225_600_000
ORDER = "/api/v3/order"
OPEN_ORDERS = "/api/v3/openOrders"
SYMBOL = "BTC/USDT"
CLIENT_ORDER_ID = "x-one"
ORDER_ID = 9_007_199_254_740_993


def a_market(name: str = "BTCUSDT", base: str = "BTC", **changes: Any) -> dict[str, Any]:
    """One symbol of exchangeInfo with the filters that Binance documents."""
    return {
        "symbol": name,
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": "0.00000000",
                "maxQty": "120.00000000",
                "stepSize": "0.00000000",
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": "5.00000000",
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "NONE",
        "allowedSelfTradePreventionModes": ["NONE"],
        **changes,
    }


def exchange_info() -> dict[str, Any]:
    return {
        "timezone": "UTC",
        "serverTime": TIME,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [a_market(), a_market("ETHUSDT", "ETH")],
    }


def an_order(**changes: Any) -> dict[str, Any]:
    """An order as GET order, openOrders and allOrders give it."""
    return {
        "symbol": "BTCUSDT",
        "orderId": ORDER_ID,
        "orderListId": -1,
        "clientOrderId": CLIENT_ORDER_ID,
        "price": "50000.00000000",
        "origQty": "0.00100000",
        "executedQty": "0.00040000",
        "origQuoteOrderQty": "0.00000000",
        "cummulativeQuoteQty": "20.00000000",
        "status": "PARTIALLY_FILLED",
        "timeInForce": "GTC",
        "type": "LIMIT",
        "side": "BUY",
        "stopPrice": "0.00000000",
        "icebergQty": "0.00000000",
        "time": TIME,
        "updateTime": TIME + 5,
        "isWorking": True,
        "workingTime": TIME,
        "selfTradePreventionMode": "NONE",
        **changes,
    }


def an_ack(**changes: Any) -> dict[str, Any]:
    """The FULL answer to a placement of `a_request()`, with one fill."""
    fill = {
        "price": "50000.00000000",
        "qty": "0.00040000",
        "commission": "0.00000040",
        "commissionAsset": "BTC",
        "tradeId": 77,
    }
    order = {name: value for name, value in an_order().items() if name not in ("time", "updateTime", "stopPrice")}
    return {**order, "transactTime": TIME, "fills": [fill], **changes}


def a_cancel(**changes: Any) -> dict[str, Any]:
    """The answer to a cancel: `clientOrderId` names the cancel, `origClientOrderId` the order."""
    order = {name: value for name, value in an_order().items() if name not in ("time", "updateTime")}
    return {
        **order,
        "origClientOrderId": CLIENT_ORDER_ID,
        "clientOrderId": "theCancelsOwnId",
        "status": "CANCELED",
        "transactTime": TIME + 9,
        **changes,
    }


def a_trade(**changes: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "id": 77,
        "orderId": ORDER_ID,
        "orderListId": -1,
        "price": "50000.00000000",
        "qty": "0.00040000",
        "quoteQty": "20.00000000",
        "commission": "0.00000040",
        "commissionAsset": "BTC",
        "time": TIME,
        "isBuyer": True,
        "isMaker": False,
        "isBestMatch": True,
        **changes,
    }


def an_account() -> dict[str, Any]:
    return {
        "makerCommission": 10,
        "takerCommission": 10,
        "commissionRates": {
            "maker": "0.00100000",
            "taker": "0.00100000",
            "buyer": "0.00000000",
            "seller": "0.00000000",
        },
        "canTrade": True,
        "updateTime": TIME,
        "accountType": "SPOT",
        "balances": [
            {"asset": "BTC", "free": "1.00000001", "locked": "0.50000000"},
            {"asset": "USDT", "free": "123456789.12345678", "locked": "0.00000000"},
            {"asset": "DUST", "free": "0.00000000", "locked": "0.00000000"},
        ],
        "permissions": ["SPOT"],
    }


def a_ticker() -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "bidPrice": "49999.99000000",
        "bidQty": "1.50000000",
        "askPrice": "50000.01000000",
        "askQty": "2.00000000",
        "lastPrice": "50000.00000000",
        "openTime": TIME - 1,
        "closeTime": TIME,
    }


def a_book() -> dict[str, Any]:
    return {
        "lastUpdateId": 12,
        "bids": [["49999.99000000", "1.50000000"]],
        "asks": [["50000.01000000", "2.00000000"]],
    }


def a_public_trade() -> dict[str, Any]:
    return {
        "id": 5,
        "price": "50000.00000000",
        "qty": "0.10000000",
        "quoteQty": "5000.00",
        "time": TIME,
        "isBuyerMaker": True,
        "isBestMatch": True,
    }


def a_candle() -> list[Any]:
    return [
        TIME,
        "1.10000000",
        "2.20000000",
        "0.90000000",
        "2.00000000",
        "300.00000000",
        TIME + 59_999,
        "600.0",
        9,
        "1.0",
        "2.0",
        "0",
    ]


def an_error(code: int, text: str = "Something.") -> dict[str, Any]:
    return {"code": code, "msg": text}


def refused(
    code: int, text: str = "Something.", *, status: int = 400, headers: Mapping[str, str] | None = None
) -> Fault:
    return json_answer(an_error(code, text), status=status, headers=headers)


def form_of(request: Received) -> dict[str, str]:
    """What a request says, wherever Binance lets it say so."""
    return dict(
        parse_qsl(request.query, keep_blank_values=True) + parse_qsl(request.body.decode(), keep_blank_values=True)
    )


def echoing_ack(request: Received) -> Fault:
    """Accept whatever was sent."""
    sent = form_of(request)
    kind = sent["type"]
    return json_answer(
        an_ack(
            symbol=sent["symbol"],
            clientOrderId=sent["newClientOrderId"],
            side=sent["side"],
            type=kind,
            price=sent.get("price", "0.00000000"),
            origQty=sent.get("quantity", "0.00100000"),
            timeInForce=sent.get("timeInForce", "GTC"),
        )
    )


def teach(server: FaultyServer) -> None:
    """Let `server` answer as a Binance on which all goes well."""
    server.on("GET", "/api/v3/ping", json_answer({}))
    server.on("GET", "/api/v3/time", json_answer({"serverTime": TIME}))
    server.on("GET", "/api/v3/exchangeInfo", json_answer(exchange_info()))
    server.on("GET", "/api/v3/account", json_answer(an_account()))
    server.on("GET", ORDER, json_answer(an_order()))
    server.on("GET", OPEN_ORDERS, json_answer([an_order()]))
    server.on("GET", "/api/v3/allOrders", json_answer([an_order()]))
    server.on("GET", "/api/v3/myTrades", json_answer([a_trade()]))
    server.on("GET", "/api/v3/ticker/24hr", json_answer(a_ticker()))
    server.on("GET", "/api/v3/depth", json_answer(a_book()))
    server.on("GET", "/api/v3/trades", json_answer([a_public_trade()]))
    server.on("GET", "/api/v3/klines", json_answer([a_candle()]))
    server.on("POST", "/api/v3/order/test", json_answer({}))
    server.on("DELETE", ORDER, json_answer(a_cancel()))
    server.on("DELETE", OPEN_ORDERS, json_answer([a_cancel()]))
    server.tell("POST", ORDER, echoing_ack)


def a_config(server: FaultyServer | None = None, **changes: Any) -> ConnectorConfig:
    settings: dict[str, Any] = {
        "base_url": None if server is None else server.url,
        "credentials": Credentials.of(API_KEY, API_SECRET),
        "rate_limit": False,
        **changes,
    }
    return ConnectorConfig(**settings)


def a_request(**changes: Any) -> OrderRequest:
    """A buy of 0.001 BTC at 50000 USDT."""
    terms: dict[str, Any] = {
        "symbol": SYMBOL,
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "qty": "0.001",
        "price": "50000",
        "client_order_id": CLIENT_ORDER_ID,
        **changes,
    }
    return OrderRequest(**terms)


def a_ref(**changes: Any) -> OrderRef:
    return OrderRef(**{"symbol": SYMBOL, "client_order_id": CLIENT_ORDER_ID, **changes})


def as_json(value: Any) -> bytes:
    return json.dumps(value).encode()
