"""What it costs to ask a strategy through the runner, in a thread of its own, beside asking it directly.

    python -m tests.benchmarks.bench_strategy_runner [--quick] [--json]

The strategy is the built-in `ema_crossover` on one market; each candle closes, then its route is stepped; wall time.
What is added is the way to the thread and back. The slow ones are those for which the machine's scheduler took its
time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import NamedTuple

from yunmin.clock import SystemClock
from yunmin.core.data_contracts import Candle
from yunmin.core.data_contracts.route import Route
from yunmin.core.route_manager import RouteManager
from yunmin.engine.run_events import RunEvent
from yunmin.engine.strategies.strategy_runner import StrategyRunner

START = datetime(2026, 1, 1, tzinfo=UTC)
ROUTE = Route(exchange="local", symbol="BTC/USDT", timeframe="1m", strategy_name="ema_crossover")


class Costs(NamedTuple):
    """Microseconds of one step: asked directly, and through the runner (half of them take no longer; 99 of 100)."""

    direct: float
    through: float
    through_p99: float


def candles(count: int) -> list[Candle]:
    made = []
    for number in range(count):
        close = str(100 + number % 17)
        opened = START + timedelta(minutes=number)
        made.append(
            Candle(symbol=ROUTE.symbol, open_time=opened, open=close, high=close, low=close, close=close, volume="1")
        )
    return made


def asked_directly(count: int) -> list[float]:
    routes, took = RouteManager(), []
    routes.add(ROUTE)
    for candle in candles(count):
        close(routes, candle)
        begun = time.perf_counter()
        routes.step_route(ROUTE)
        took.append(time.perf_counter() - begun)
    return took


async def asked_through(count: int) -> list[float]:
    routes, took = RouteManager(), []
    faults: list[RunEvent] = []
    runner = StrategyRunner(routes, SystemClock(), patience=10, most_failures=3, tell=faults.append)
    await runner.add(ROUTE)
    for candle in candles(count):
        close(routes, candle)
        begun = time.perf_counter()
        await runner.step(ROUTE)
        took.append(time.perf_counter() - begun)
    runner.close()
    if faults:
        raise RuntimeError(f"the strategy failed: {faults[0]}")
    return took


def close(routes: RouteManager, candle: Candle) -> None:
    routes.on_candle(ROUTE.exchange, ROUTE.timeframe, candle)
    routes.set_global_time(candle.open_time + timedelta(minutes=1))


def measure(count: int) -> Costs:
    direct, through = asked_directly(count), asyncio.run(asked_through(count))
    return Costs(1e6 * median(direct), 1e6 * median(through), 1e6 * quantiles(through, n=100)[98])


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    costs = measure(2_000 if chosen.quick else 20_000)
    if chosen.json:
        print(json.dumps(costs._asdict()))
        return
    direct, through, p99 = costs
    print(f"a step: {direct:.1f} µs directly, {through:.1f} µs through the runner (p99 {p99:.0f})")


if __name__ == "__main__":
    main(sys.argv[1:])
