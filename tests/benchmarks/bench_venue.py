"""What the local venue costs: its engine, signed orders over HTTP and over a WebSocket, events out, memory.

    python -m tests.benchmarks.bench_venue [--quick] [--json]

The server has one core to itself, the clients the other; each figure stands beside a floor measured in the same run: an
aiohttp handler that checks the HMAC and answers canned bytes, a server that sends canned frames, a matcher without
accounts. "CPU" is the server's own, for an order or an event, and "a core" how many of them one second of a core holds:
where other work shares the cores, that is the figure to read. Orders come in pairs of which the second trades.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.benchmarks.floor_engine import FloorEngine
from tests.benchmarks.raw_clients import HttpLoad, SocketCounter, SocketLoad, masked
from tests.benchmarks.venue_server import a_config
from yunmin.clock import ManualClock
from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import Market, NewOrder
from yunmin_binance.venue import LOCAL_ACCOUNT, LOCAL_API_KEY, LOCAL_API_SECRET
from yunmin_binance.venue.exchange import Exchange

ROOT = Path(__file__).parents[2]
CONNECTIONS = 8
UNIT = 10**8
AIMS = {"engine": 150_000, "HTTP": 2_000, "WebSocket": 5_000}


# --- the engine ------------------------------------------------------------------------------------------------------


def script(count: int) -> list[tuple[str, bool, int]]:
    """What happens, in turns: two orders rest, one of them is cancelled, another trades with the other."""
    steps: list[tuple[str, bool, int]] = []
    for number in range(count // 4):
        price = 50_000 - number % 20
        steps += [("place", True, price), ("place", True, price), ("cancel", True, 0), ("place", False, price)]
    return steps


def engine_round(steps: Sequence[tuple[str, bool, int]]) -> float:
    """Operations per second of CPU."""
    ledger = Ledger()
    for name in ("ann", "bob"):
        ledger.open_account(name, keeps_history=False)
        for asset in ("BTC", "USDT"):
            ledger.deposit(name, asset, 10**9 * UNIT)
    engine = MatchingEngine([Market("BTCUSDT", "BTC", "USDT", UNIT // 100, 1000)], ledger, ManualClock())
    commands = [
        None
        if what == "cancel"
        else NewOrder(
            "ann" if is_buy else "bob",
            "BTCUSDT",
            Side.BUY if is_buy else Side.SELL,
            OrderType.LIMIT,
            f"c{number}",
            qty=UNIT // 100,
            price=price * UNIT,
        )
        for number, (what, is_buy, price) in enumerate(steps)
    ]
    place, cancel, last = engine.place, engine.cancel, 0
    begun = time.process_time()
    for command in commands:
        if command is None:
            cancel("ann", "BTCUSDT", last)
        else:
            last = place(command).id  # type: ignore[union-attr]  # none of them is refused
    took = time.process_time() - begun
    assert engine.audit().ok
    return len(steps) / took


def floor_round(steps: Sequence[tuple[str, bool, int]]) -> float:
    engine = FloorEngine()
    last = 0
    begun = time.process_time()
    for what, is_buy, price in steps:
        if what == "cancel":
            engine.cancel(last)
        else:
            last = engine.place(is_buy, price, 1)
    took = time.process_time() - begun
    assert engine.trades
    return len(steps) / took


# --- the server ------------------------------------------------------------------------------------------------------


class Server:
    """The venue and its floors in a process of their own."""

    def __init__(self, core: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.venue_server", str(core)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.urls: dict[str, str] = {"yunmin": said["venue"], "floor": said["floor"]}

    def cpu(self) -> float:
        """Seconds of CPU used so far; to the nanosecond where the kernel tells it so."""
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{self._process.pid}/schedstat").read_text().split()[0]) / 1e9
        ticks = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(ticks[11]) + int(ticks[12])) / os.sysconf("SC_CLK_TCK")

    def burst(self, who: str, count: int) -> None:
        """Let it publish `count` events; it says when it has."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{'venue' if who == 'yunmin' else who} {count}\n")
        self._process.stdin.flush()

    def wait_for_burst(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "done\n"

    def end(self) -> None:
        self._process.communicate(timeout=20)


def signature_of(payload: str) -> str:
    return hmac.new(LOCAL_API_SECRET.encode(), payload.encode(), hashlib.sha256).hexdigest()


def order_params(number: int) -> dict[str, str]:
    return {
        "symbol": "BTCUSDT",
        "side": "SELL" if number % 2 else "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.001",
        "price": "50000.00",
        "recvWindow": "60000",
        "timestamp": str(int(time.time() * 1000)),
    }


def http_order(url: str, who: str, number: int) -> bytes:
    payload = urlencode(order_params(number))
    body = f"{payload}&signature={signature_of(payload)}"
    path = "/api/v3/order" if who == "yunmin" else "/order"
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nX-MBX-APIKEY: {LOCAL_API_KEY}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def socket_order(number: int) -> bytes:
    params = {**order_params(number), "apiKey": LOCAL_API_KEY}
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params))
    params["signature"] = signature_of(payload)
    return masked(json.dumps({"id": number, "method": "order.place", "params": params}).encode())


def host_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


async def http_load(server: Server, who: str, orders: int) -> tuple[float, float]:
    """(orders per second, µs of server CPU per order)."""
    url = server.urls[who]
    requests = iter([http_order(url, who, number) for number in range(orders)])
    loop, (host, port) = asyncio.get_running_loop(), host_and_port(url)
    loads = [(await loop.create_connection(lambda: HttpLoad(requests, 1), host, port))[1] for _ in range(CONNECTIONS)]
    return await _timed(server, loads, orders)


async def socket_load(server: Server, who: str, orders: int) -> tuple[float, float]:
    url = server.urls[who]
    requests = iter([socket_order(number) for number in range(orders)])
    loop, (host, port) = asyncio.get_running_loop(), host_and_port(url)
    loads = []
    for _ in range(CONNECTIONS):
        _, load = await loop.create_connection(lambda: SocketLoad(requests, 4), host, port)
        await load.upgrade(url + ("/ws-api/v3" if who == "yunmin" else "/ws-api"))
        loads.append(load)
    return await _timed(server, loads, orders)


async def _timed(server: Server, loads: Sequence[Any], orders: int) -> tuple[float, float]:
    begun, cpu = time.perf_counter(), server.cpu()
    for load in loads:
        load.begin()
    await asyncio.gather(*(load.done for load in loads))
    took, used = time.perf_counter() - begun, server.cpu() - cpu
    refused = [body for load in loads for body in load.refusals]
    assert not refused, f"{len(refused)} orders were refused, the first with {refused[0]!r}"
    assert sum(load.answers for load in loads) == orders
    for load in loads:
        load.close()
    return orders / took, used / orders * 1e6


async def stream_load(server: Server, who: str, events: int, subscribers: int) -> tuple[float, float]:
    """(events per second out to all, µs of server CPU per event and subscriber)."""
    url, loop = server.urls[who], asyncio.get_running_loop()
    (host, port), waiting, all_there = host_and_port(url), subscribers, asyncio.Event()

    def enough() -> None:
        nonlocal waiting
        waiting -= 1
        if not waiting:
            all_there.set()

    counters = []
    for _ in range(subscribers):
        _, counter = await loop.create_connection(lambda: SocketCounter(enough), host, port)
        await counter.upgrade(url + ("/ws/btcusdt@trade" if who == "yunmin" else "/stream"))
        counter.wanted = events
        counters.append(counter)
    begun, cpu = time.perf_counter(), server.cpu()
    server.burst(who, events)
    await asyncio.wait_for(all_there.wait(), 120)
    took, used = time.perf_counter() - begun, server.cpu() - cpu
    await asyncio.to_thread(server.wait_for_burst)
    for counter in counters:
        counter.close()
    return events * subscribers / took, used / events / subscribers * 1e6


# --- memory ----------------------------------------------------------------------------------------------------------


def bytes_of_open_orders(count: int) -> float:
    """What `count` open orders of one account take, by tracemalloc, with the market's book and the account's index."""
    exchange = Exchange(a_config(), ManualClock())
    gc.collect()
    tracemalloc.start()
    for number in range(count):
        price = (40_000 + number % 1000) * UNIT
        new = NewOrder(
            LOCAL_ACCOUNT, "BTCUSDT", Side.BUY, OrderType.LIMIT, f"c{number:021}", qty=UNIT // 1000, price=price
        )
        exchange.submit(new, {})
    gc.collect()
    used = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return used


# --- all of it -------------------------------------------------------------------------------------------------------


Load = Callable[[Server, str, int], Any]


def measured(*, rounds: int, engine: int, orders: int, events: int, subscribers: int, kept: int) -> Iterator[Any]:
    steps = script(engine)
    engines = [(engine_round(steps), floor_round(steps)) for _ in range(rounds)]
    ours, least = (median(each) for each in zip(*engines, strict=True))
    yield {"what": "engine", "per second": ours, "cpu_us": 1e6 / ours, "floor_us": 1e6 / least}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    server = Server(cores[-1])
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[0]})
    try:
        yield asyncio.run(side_by_side("HTTP", server, http_load, orders, rounds))
        yield asyncio.run(side_by_side("WebSocket", server, socket_load, orders, rounds))

        def to_all(server: Server, who: str, count: int) -> Any:
            return stream_load(server, who, count, subscribers)

        yield asyncio.run(side_by_side(f"events to {subscribers}", server, to_all, events, rounds))
    finally:
        server.end()
        with contextlib.suppress(AttributeError):
            os.sched_setaffinity(0, set(cores))
    yield {"what": f"{kept:,} open orders", "bytes": bytes_of_open_orders(kept)}


async def side_by_side(what: str, server: Server, load: Load, count: int, rounds: int) -> dict[str, Any]:
    """Both in turn, round by round, after one of each to warm up."""
    figures: dict[str, list[tuple[float, float]]] = {"yunmin": [], "floor": []}
    for number in range(rounds + 1):
        for who, kept in figures.items():
            one = await load(server, who, count if number else max(count // 10, 2))
            if number:
                kept.append(one)
    (rate, cpu), (floor_rate, floor_cpu) = (
        tuple(median(each) for each in zip(*figures[who], strict=True)) for who in ("yunmin", "floor")
    )
    return {"what": what, "per second": rate, "cpu_us": cpu, "floor per second": floor_rate, "floor_us": floor_cpu}


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the figures are for reading, nothing is judged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run, not what it costs")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(argv)
    full = {"rounds": 5, "engine": 100_000, "orders": 5_000, "events": 300, "subscribers": 100, "kept": 10_000}
    quick = {"rounds": 1, "engine": 400, "orders": 40, "events": 4, "subscribers": 5, "kept": 100}
    sizes = quick if options.quick else full
    rows = list(measured(**sizes))
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'':20}{'per second':>12}{'CPU':>11}{'a core':>14}{'floor CPU':>12}{'ratio':>8}   aim")
    for row in rows:
        if "bytes" in row:
            print(f"{row['what']:20}{row['bytes'] / 1e6:>9.1f} MB")
            continue
        aim = f"{AIMS[row['what']]:,}/s" if row["what"] in AIMS else ""
        ratio = row["cpu_us"] / row["floor_us"]
        print(
            f"{row['what']:20}{row['per second']:>12,.0f}{row['cpu_us']:>8.1f} µs{1e6 / row['cpu_us']:>12,.0f}/s"
            f"{row['floor_us']:>9.1f} µs"
            f"{ratio:>7.1f}x   {aim}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
