"""CPU per call of the connector, side by side in one run with ccxt's unified calls, its implicit ones, and raw aiohttp.

    python -m tests.benchmarks.bench_connector [--quick] [--json]

All clients talk to one canned server in another process, in turn, round by round; the figure is the median over rounds
of this process's CPU time per call, and its ratio to the raw client's in the same round. The raw client is aiohttp,
orjson and HMAC, with no model and no check. "ours, fresh" makes a new connection for each order.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import hmac
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
import yarl

from tests.benchmarks.canned_server import CLIENT_ORDER_ID
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderRequest, OrderType, Side
from yunmin.exchange import ConnectorConfig, Credentials, PlacementConnection
from yunmin_binance.connector import BinanceSpot

KEY, SECRET = "k" * 64, "s" * 64
TERMS = {
    "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02", "price": "27123.45",
    "newOrderRespType": "FULL", "newClientOrderId": CLIENT_ORDER_ID,
}  # fmt: skip
CALLS_PER_ROUND = {"createOrder": 40, "openOrders(100)": 10, "myTrades(500)": 5, "balance": 30}
BARS = {"createOrder": 1.9, "openOrders(100)": 4.0, "myTrades(500)": 5.0, "balance": 2.0}
REFERENCE = "raw aiohttp"

Calls = dict[str, Callable[[], Awaitable[Any]]]


class RawClient:
    """The floor: what has to happen for the bytes to come and go."""

    def __init__(self, base: str) -> None:
        self._base = f"{base}/api/v3/"
        self._session = aiohttp.ClientSession(headers={"X-MBX-APIKEY": KEY})

    async def call(self, method: str, path: str, params: dict[str, Any]) -> Any:
        query = urlencode({**params, "timestamp": int(time.time() * 1000)})
        signature = hmac.new(SECRET.encode(), query.encode(), hashlib.sha256).hexdigest()
        url = yarl.URL(f"{self._base}{path}?{query}&signature={signature}", encoded=True)
        async with self._session.request(method, url) as answer:
            return orjson.loads(await answer.read())

    def calls(self) -> Calls:
        return {
            "createOrder": lambda: self.call("POST", "order", TERMS),
            "openOrders(100)": lambda: self.call("GET", "openOrders", {"symbol": "BTCUSDT"}),
            "myTrades(500)": lambda: self.call("GET", "myTrades", {"symbol": "BTCUSDT", "limit": 500}),
            "balance": lambda: self.call("GET", "account", {}),
        }

    async def close(self) -> None:
        await self._session.close()


def ccxt_exchange(base: str) -> Any:
    import ccxt.async_support as ccxt

    exchange = ccxt.binance(
        {
            "apiKey": KEY, "secret": SECRET, "enableRateLimit": False,
            "urls": {"api": {"public": f"{base}/api/v3", "private": f"{base}/api/v3"}},
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
        }
    )  # fmt: skip
    exchange.has["fetchCurrencies"] = False
    return exchange


def unified_calls(exchange: Any) -> Calls:
    params = {"clientOrderId": CLIENT_ORDER_ID}
    return {
        "createOrder": lambda: exchange.create_order("BTC/USDT", "limit", "buy", 0.02, 27123.45, dict(params)),
        "openOrders(100)": lambda: exchange.fetch_open_orders("BTC/USDT"),
        "myTrades(500)": lambda: exchange.fetch_my_trades("BTC/USDT", None, 500),
        "balance": lambda: exchange.fetch_balance(),
    }


def implicit_calls(exchange: Any) -> Calls:
    return {
        "createOrder": lambda: exchange.private_post_order(dict(TERMS)),
        "openOrders(100)": lambda: exchange.private_get_openorders({"symbol": "BTCUSDT"}),
        "myTrades(500)": lambda: exchange.private_get_mytrades({"symbol": "BTCUSDT", "limit": 500}),
        "balance": lambda: exchange.private_get_account({}),
    }


def our_connector(base: str, connection: PlacementConnection) -> BinanceSpot:
    config = ConnectorConfig(
        base_url=base, credentials=Credentials.of(KEY, SECRET), rate_limit=False, placement_connection=connection
    )
    return BinanceSpot(config, clock=SystemClock())


def our_calls(connector: BinanceSpot) -> Calls:
    request = OrderRequest(
        symbol="BTC/USDT", side=Side.BUY, order_type=OrderType.LIMIT, qty="0.02", price="27123.45",
        client_order_id=CLIENT_ORDER_ID,
    )  # fmt: skip
    return {
        "createOrder": lambda: connector.place_order(request),
        "openOrders(100)": lambda: connector.fetch_open_orders("BTC/USDT"),
        "myTrades(500)": lambda: connector.fetch_fills("BTC/USDT"),
        "balance": lambda: connector.fetch_account(),
    }


async def measure(base: str, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    raw, exchange = RawClient(base), ccxt_exchange(base)
    ours = our_connector(base, PlacementConnection.QUIET)
    fresh = our_connector(base, PlacementConnection.FRESH)
    await exchange.load_markets()
    await ours.connect()
    await fresh.connect()
    clients = {
        REFERENCE: raw.calls(),
        "ccxt unified": unified_calls(exchange),
        "ccxt implicit": implicit_calls(exchange),
        "ours": our_calls(ours),
        "ours, fresh": {"createOrder": our_calls(fresh)["createOrder"]},
    }
    try:
        return await interleaved(clients, rounds)
    finally:
        await asyncio.gather(raw.close(), exchange.close(), ours.close(), fresh.close())


async def interleaved(clients: dict[str, Calls], rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    cpu: dict[tuple[str, str], list[float]] = {}
    wall: dict[tuple[str, str], list[float]] = {}
    for round_number in range(rounds + 1):
        for call, count in CALLS_PER_ROUND.items():
            for client, calls in clients.items():
                if call not in calls:
                    continue
                gc.collect()
                started, started_wall = time.process_time(), time.perf_counter()
                for _ in range(count):
                    await calls[call]()
                if round_number:  # the first round only warms up
                    cpu.setdefault((call, client), []).append((time.process_time() - started) / count * 1e6)
                    wall.setdefault((call, client), []).append((time.perf_counter() - started_wall) / count * 1e6)
    return {
        call: {
            client: {
                "cpu_us": statistics.median(cpu[call, client]),
                "wall_us": statistics.median(wall[call, client]),
                "ratio": statistics.median(
                    mine / base for mine, base in zip(cpu[call, client], cpu[call, REFERENCE], strict=True)
                ),
            }
            for client in clients
            if (call, client) in cpu
        }
        for call in CALLS_PER_ROUND
    }


def table(figures: dict[str, dict[str, dict[str, float]]]) -> str:
    lines = [f"{'CPU per call':<18}{'client':<16}{'µs':>8}{'x raw':>8}{'bar':>7}{'wall µs':>10}"]
    for call, clients in figures.items():
        for client, figure in clients.items():
            bar = f"{BARS[call]:.1f}" if client == "ours" else ""
            lines.append(
                f"{call:<18}{client:<16}{figure['cpu_us']:>8.0f}{figure['ratio']:>8.2f}{bar:>7}{figure['wall_us']:>10.0f}"
            )
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds: shows that it runs, not how fast")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(argv)
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("canned_server.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        figures = asyncio.run(measure(base, rounds=2 if asked.quick else 15))
    finally:
        server.communicate(timeout=20)
    sys.stdout.write((json.dumps(figures, indent=2) if asked.json else table(figures)) + "\n")


if __name__ == "__main__":
    main()
