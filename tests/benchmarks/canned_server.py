"""A loopback server with canned Binance answers, in a process of its own, so that only the client's CPU is measured.

python tests/benchmarks/canned_server.py      # prints its port, serves until stdin closes
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import orjson
from aiohttp import web

MOMENT = 1_767_225_600_123
CLIENT_ORDER_ID = "ym-bench-000123"
BASES = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "LTC", "DOT", "LINK")


def market(base: str) -> dict[str, Any]:
    return {
        "symbol": f"{base}USDT", "status": "TRADING", "baseAsset": base, "baseAssetPrecision": 8, "quoteAsset": "USDT",
        "quotePrecision": 8, "quoteAssetPrecision": 8, "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "isSpotTradingAllowed": True, "permissions": [], "permissionSets": [["SPOT"]],
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000.00", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000.00", "stepSize": "0.00001"},
            {"filterType": "NOTIONAL", "minNotional": "5.00", "applyMinToMarket": True, "maxNotional": "9000000.00",
             "applyMaxToMarket": False, "avgPriceMins": 5},
        ],
    }  # fmt: skip


def order(number: int, status: str, executed: str, cost: str) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "orderId": 28457 + number, "orderListId": -1, "clientOrderId": f"ym-bench-{number:06d}",
        "price": "27123.45000000", "origQty": "0.02000000", "executedQty": executed, "cummulativeQuoteQty": cost,
        "status": status, "timeInForce": "GTC", "type": "LIMIT", "side": "BUY", "stopPrice": "0.00000000",
        "icebergQty": "0.00000000", "time": MOMENT + number, "updateTime": MOMENT + number, "isWorking": True,
        "workingTime": MOMENT + number, "origQuoteOrderQty": "0.00000000", "selfTradePreventionMode": "NONE",
    }  # fmt: skip


def placed() -> dict[str, Any]:
    fills = [
        {
            "price": "27123.45000000",
            "qty": "0.01000000",
            "commission": "0.00001000",
            "commissionAsset": "BNB",
            "tradeId": 56 + k,
        }
        for k in (0, 1)
    ]
    return {**order(123, "FILLED", "0.02000000", "542.46900000"), "transactTime": MOMENT, "fills": fills}


def trade(number: int) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "id": 5600 + number, "orderId": 28457 + number // 2, "orderListId": -1,
        "price": "27123.45000000", "qty": "0.01000000", "quoteQty": "271.23450000", "commission": "0.00001000",
        "commissionAsset": "BNB", "time": MOMENT + number, "isBuyer": True, "isMaker": False, "isBestMatch": True,
    }  # fmt: skip


def account() -> dict[str, Any]:
    assets = [*BASES, "USDT", *(f"TOK{number}" for number in range(39))]
    return {
        "makerCommission": 10, "takerCommission": 10, "canTrade": True, "updateTime": MOMENT, "accountType": "SPOT",
        "commissionRates": {"maker": "0.001", "taker": "0.001"},
        "permissions": ["SPOT"], "uid": 1,
        "balances": [{"asset": asset, "free": "4723846.89208129", "locked": "0.00000000"} for asset in assets],
    }  # fmt: skip


ANSWERS = {
    ("GET", "ping"): {},
    ("GET", "time"): {"serverTime": MOMENT},
    ("GET", "exchangeInfo"): {
        "timezone": "UTC", "serverTime": MOMENT, "rateLimits": [], "exchangeFilters": [],
        "symbols": [market(base) for base in BASES],
    },
    ("POST", "order"): placed(),
    ("GET", "openOrders"): [order(number, "PARTIALLY_FILLED", "0.01000000", "271.23450000") for number in range(100)],
    ("GET", "myTrades"): [trade(number) for number in range(500)],
    ("GET", "account"): account(),
}  # fmt: skip


def make_app() -> web.Application:
    app = web.Application()
    for (method, name), answer in ANSWERS.items():
        body = orjson.dumps(answer)

        async def serve(request: web.Request, body: bytes = body) -> web.Response:
            await request.read()
            return web.Response(body=body, content_type="application/json")

        app.router.add_route(method, f"/api/v3/{name}", serve)
    return app


async def main() -> None:
    runner = web.AppRunner(make_app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
