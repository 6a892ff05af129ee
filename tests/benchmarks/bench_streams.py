"""CPU per executionReport, from the socket to whoever reads, beside ccxt.pro and raw aiohttp; and the time it takes.

    python -m tests.benchmarks.bench_streams [--quick] [--json]

All clients listen to one canned server in another process, in turn, round by round; figures are medians over rounds of
this process's CPU time per report. A flood comes as fast as the socket takes it, paced ones at 500 a second, where
waking up costs most. The raw client is aiohttp, orjson and one object with Decimals. "ours, an item" ends where
`next_batch` gives the values, "ours, a listener" where a listener of the order tracker has heard of the change. Of
15,500 reports each client says how many orders' states it delivered.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from tests.benchmarks.canned_streams import LAST
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import Fill, OrderUpdate
from yunmin.core.order_tracker import OrderTracker
from yunmin.exchange import ConnectorConfig, Credentials
from yunmin_binance.connector import BinanceSpot

KEY, SECRET = "k" * 64, "s" * 64
REFERENCE = "raw aiohttp"
FLOOD, PACED, PACE = 15_500, 1_000, 500
RATES = (100, 1_000, 5_000)


class Listening:
    """A client that is subscribed: what it has delivered, and when the run's last report was there."""

    def __init__(self) -> None:
        self.delivered = 0
        self.done = asyncio.Event()
        self.latencies: list[float] = []
        self.prepare: Callable[[int], None] = lambda reports: None

    def begin(self, reports: int) -> None:
        self.prepare(reports)
        self.delivered = 0
        self.done.clear()
        self.latencies = []


Client = Callable[[str], AbstractAsyncContextManager[Listening]]


@dataclass(slots=True)
class Report:
    symbol: str
    client_order_id: str
    order_id: str
    status: str
    qty: Decimal
    price: Decimal
    filled: Decimal
    cost: Decimal
    last_qty: Decimal
    last_price: Decimal
    fee: Decimal


@asynccontextmanager
async def raw_aiohttp(base: str) -> AsyncIterator[Listening]:
    listening = Listening()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(base.replace("http", "ws") + "/ws-api/v3", compress=0) as ws,
    ):
        await ws.send_str('{"id":1,"method":"userDataStream.subscribe.signature","params":{}}')
        await ws.receive()

        async def read() -> None:
            async for message in ws:
                event = orjson.loads(message.data)["event"]
                made = Report(
                    event["s"], event["c"], str(event["i"]), event["X"], Decimal(event["q"]), Decimal(event["p"]),
                    Decimal(event["z"]), Decimal(event["Z"]), Decimal(event["l"]), Decimal(event["L"]),
                    Decimal(event["n"]),
                )  # fmt: skip
                listening.delivered += 1
                if made.client_order_id == LAST and made.status == "FILLED":
                    listening.done.set()

        async with _running(read()):
            yield listening


@asynccontextmanager
async def ccxt_pro(base: str) -> AsyncIterator[Listening]:
    import ccxt.pro as ccxt

    listening, port = Listening(), base.rsplit(":", 1)[1]
    exchange = ccxt.binance(
        {
            "apiKey": KEY, "secret": SECRET, "enableRateLimit": False,
            "urls": {"api": {
                "public": f"{base}/api/v3", "private": f"{base}/api/v3",
                "ws": {"ws-api": {"spot": f"ws://127.0.0.1:{port}/ws-api/v3"}},
            }},
            "options": {"fetchMarkets": {"types": ["spot"]}, "fetchCurrencies": False, "fetchMargins": False},
        }
    )  # fmt: skip
    exchange.has["fetchCurrencies"] = False
    await exchange.load_markets()

    async def orders() -> None:
        while True:
            for order in await exchange.watch_orders():
                listening.delivered += 1
                if order["clientOrderId"] == LAST and order["status"] == "closed":
                    listening.done.set()

    async def trades() -> None:
        while True:
            await exchange.watch_my_trades()

    try:
        async with _running(orders()), _running(trades()):
            await asyncio.sleep(0.3)
            yield listening
    finally:
        await exchange.close()


def _ours(base: str) -> BinanceSpot:
    return BinanceSpot(
        ConnectorConfig(base_url=base, credentials=Credentials.of(KEY, SECRET), rate_limit=False), clock=SystemClock()
    )


@asynccontextmanager
async def ours_an_item(base: str) -> AsyncIterator[Listening]:
    listening = Listening()
    async with _ours(base) as spot, spot.stream_account() as news:

        async def read() -> None:
            while batch := await news.next_batch():
                for item in batch:
                    if type(item) is OrderUpdate:
                        listening.delivered += 1
                        if item.client_order_id == LAST and item.raw_status == "FILLED":
                            listening.done.set()

        async with _running(read()):
            yield listening


@asynccontextmanager
async def ours_a_listener(base: str) -> AsyncIterator[Listening]:
    listening, tracker, now = Listening(), OrderTracker(), time.time_ns
    seen = 0

    def hear(event: Any) -> None:
        nonlocal seen
        seen += 1

    tracker.subscribe(hear)

    def place(count: int) -> None:
        names = [*(f"ym-bench-{order:06d}" for order in range(count // 2 - 1)), LAST]
        for order, name in enumerate(names):
            tracker.create_order(name, "BTC/USDT", "BUY", "LIMIT", "0.02", f"{27000 + order % 97}.45")

    listening.prepare = place
    async with _ours(base) as spot, spot.stream_account() as news:

        async def read() -> None:
            while batch := await news.next_batch():
                for item in batch:
                    if type(item) is Fill:
                        tracker.apply(item)
                    elif type(item) is OrderUpdate:
                        tracker.apply(item)
                        listening.delivered += 1
                        listening.latencies.append((now() - item.raw["j"]) / 1000)
                        if item.client_order_id == LAST and item.raw_status == "FILLED":
                            listening.done.set()

        async with _running(read()):
            yield listening
    assert seen, "the listener heard nothing"


@asynccontextmanager
async def _running(work: Any) -> AsyncIterator[None]:
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


CLIENTS: dict[str, Client] = {
    REFERENCE: raw_aiohttp,
    "ccxt.pro": ccxt_pro,
    "ours, an item": ours_an_item,
    "ours, a listener": ours_a_listener,
}


async def one_run(base: str, client: Client, path: str, count: int) -> tuple[float, int, list[float]]:
    """CPU µs per report, how many states were delivered, and the µs that each took from the wire."""
    async with client(base) as listening:
        listening.begin(count)
        gc.collect()
        async with aiohttp.ClientSession() as control:
            started = time.process_time()
            asked = asyncio.ensure_future(_ask(control, f"{base}/bench/{path}"))
            async with asyncio.timeout(120):
                await listening.done.wait()
            spent = time.process_time() - started
            await asked
        return spent / count * 1e6, listening.delivered, listening.latencies


async def _ask(control: aiohttp.ClientSession, url: str) -> None:
    async with control.get(url) as answer:
        assert answer.status == 200


async def measure(base: str, rounds: int, *, flood: int, paced: int) -> dict[str, Any]:
    runs = {
        "flood": (f"flood?reports={flood}", flood),
        f"{PACE}/s": (f"paced?reports={paced}&rate={PACE}", paced),
    }
    cpu: dict[tuple[str, str], list[float]] = {}
    delivered: dict[tuple[str, str], int] = {}
    for round_number in range(rounds + 1):
        for name, (path, count) in runs.items():
            for client, make in CLIENTS.items():
                spent, states, _ = await one_run(base, make, path, count)
                if round_number:  # the first round only warms up
                    cpu.setdefault((name, client), []).append(spent)
                    delivered[name, client] = min(states, delivered.get((name, client), states))
    figures = {
        name: {
            client: {
                "cpu_us": statistics.median(cpu[name, client]),
                "ratio": statistics.median(
                    mine / floor for mine, floor in zip(cpu[name, client], cpu[name, REFERENCE], strict=True)
                ),
                "delivered": delivered[name, client],
                "of": count,
            }
            for client in CLIENTS
        }
        for name, (_, count) in runs.items()
    }
    return {"cpu": figures, "latency": await latencies(base, seconds=0.2 if rounds < 3 else 4.0)}


async def latencies(base: str, seconds: float) -> dict[str, dict[str, float]]:
    """From the server's write to the tracker's listener, in µs."""
    found = {}
    for rate in RATES:
        count = max(100, int(rate * seconds)) // 2 * 2
        _, _, took = await one_run(base, ours_a_listener, f"paced?reports={count}&rate={rate}", count)
        took.sort()
        found[f"{rate}/s"] = {f"p{q:g}": took[min(len(took) - 1, int(len(took) * q / 100))] for q in (50, 99, 99.9)}
    return found


def table(figures: dict[str, Any]) -> str:
    lines = [f"{'CPU per report':<16}{'client':<18}{'µs':>8}{'x raw':>8}{'delivered':>22}"]
    for run, clients in figures["cpu"].items():
        for client, one in clients.items():
            told = f"{one['delivered']} of {one['of']}"
            lines.append(f"{run:<16}{client:<18}{one['cpu_us']:>8.1f}{one['ratio']:>8.2f}{told:>22}")
    lines += ["", f"{'wire to listener':<18}{'p50 µs':>10}{'p99 µs':>10}{'p99.9 µs':>10}"]
    for rate, one in figures["latency"].items():
        lines.append(f"{rate:<18}" + "".join(f"{value:>10.0f}" for value in one.values()))
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few reports: shows that it runs, not how fast")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(argv)
    server = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("canned_streams.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        base = f"http://127.0.0.1:{int(server.stdout.readline())}"
        size = {"flood": 400, "paced": 100} if asked.quick else {"flood": FLOOD, "paced": PACED}
        figures = asyncio.run(measure(base, 1 if asked.quick else 5, **size))
    finally:
        server.communicate(timeout=20)
    sys.stdout.write((json.dumps(figures, indent=2) if asked.json else table(figures)) + "\n")


if __name__ == "__main__":
    main()
