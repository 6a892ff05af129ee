"""How many candles a second go through routes, each with an EMA crossover that is asked at every one.

    python -m tests.benchmarks.bench_routes [--quick] [--json]

1, 10 and 100 routes, each on a symbol of its own, and 100 routes on one symbol, which share its candles and averages.
A candle is offered, closes at its moment, and its strategy decides; positions follow decisions, so that entries and
exits alternate. Candles are made beforehand. The floor is the same rule written by hand over plain floats: one loop
for each market, no routes, no queue, no decisions made. The last rows are the indicators alone, in updates a second.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from yunmin.clock import seeded
from yunmin.core.data_contracts import Candle, Intent, Route
from yunmin.core.indicators import Indicator, ema, rsi, sma
from yunmin.core.position_manager import Position
from yunmin.core.route_manager import RouteManager
from yunmin.strategy import load_strategy

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FAST, SLOW = 10, 30
CANDLES = 60_000
QUICK = 1_000


@dataclass(frozen=True)
class Load:
    what: str
    symbols: int
    routes_per_symbol: int

    @property
    def routes(self) -> int:
        return self.symbols * self.routes_per_symbol


LOADS = (Load("1 route", 1, 1), Load("10 routes", 10, 1), Load("100 routes", 100, 1), Load("100 on one symbol", 1, 100))


class Holdings:
    """What each route holds, as if every decision were filled at once."""

    def __init__(self) -> None:
        zero, one = Decimal(0), Decimal(1)
        self._nothing = Position("X", zero, zero, zero, {}, fees_complete=True, paid_in_quote=zero)
        self._something = Position("X", one, one, zero, {}, fees_complete=True, paid_in_quote=zero)
        self._held: set[str] = set()
        self.decisions = 0

    def position(self, route: Route, _: str) -> Position:
        return self._something if route.name in self._held else self._nothing

    def take(self, route: Route, intent: Intent) -> None:
        self.decisions += 1
        if intent is Intent.ENTER:
            self._held.add(route.name)
        else:
            self._held.discard(route.name)


def closes(count: int, seed: int) -> list[str]:
    chance, price, made = seeded(seed), 20_000.0, []
    for _ in range(count):
        price *= 1 + chance.gauss(0, 0.001)
        made.append(f"{price:.2f}")
    return made


def candles(symbol: str, prices: Iterable[str]) -> list[Candle]:
    return [
        Candle(
            symbol=symbol, open_time=START + number * MINUTE, open=price, high=price, low=price, close=price, volume="1"
        )
        for number, price in enumerate(prices)
    ]


def through_routes(load: Load, per_symbol: int) -> dict[str, Any]:
    """Candles a second, each counted once for every route that is asked about it."""
    holdings = Holdings()
    manager = RouteManager(load_strategy, positions=holdings.position)
    markets: list[list[Candle]] = []
    for symbol in (f"C{number}/USDT" for number in range(load.symbols)):
        markets.append(candles(symbol, closes(per_symbol, len(markets))))
        for label in range(load.routes_per_symbol):
            manager.add_route("local", symbol, "1m", "ema_crossover", label=str(label))
    moments = list(zip(*markets, strict=True))
    gc.collect()
    started = time.process_time()
    for number, together in enumerate(moments):
        for candle in together:
            manager.on_candle("local", "1m", candle)
        for route in manager.set_global_time(START + (number + 1) * MINUTE):
            for decision in manager.step_route(route):
                if not decision.is_hold:
                    holdings.take(route, decision.intent)
    seconds = time.process_time() - started
    return {"rate": load.routes * per_symbol / seconds, "decisions": holdings.decisions}


def by_hand(load: Load, per_symbol: int) -> dict[str, Any]:
    """The same rule over floats, for the same markets."""
    prices = [[float(each) for each in closes(per_symbol, number)] for number in range(load.symbols)]
    decisions = 0
    started = time.process_time()
    for _ in range(load.routes_per_symbol):
        for market in prices:
            decisions += crossings(market)
    seconds = time.process_time() - started
    return {"rate": load.routes * per_symbol / seconds, "decisions": decisions}


def crossings(market: list[float]) -> int:
    fast_weight, slow_weight = 2 / (FAST + 1), 2 / (SLOW + 1)
    fast = slow = market[0]
    is_in, made = False, 0
    for number, price in enumerate(market[1:], start=2):
        was_above, was_below = fast > slow, fast < slow
        fast += fast_weight * (price - fast)
        slow += slow_weight * (price - slow)
        if number < SLOW:
            continue
        if (fast < slow and not was_below) if is_in else (fast > slow and not was_above):
            is_in = not is_in
            made += 1
    return made


def updates(indicator: Indicator[float, float], count: int) -> tuple[float, float]:
    """Updates a second, one by one and over a whole series."""
    values = [float(each) for each in closes(count, 1)]

    def one_by_one() -> None:
        update = indicator.stream().update
        for value in values:
            update(value)

    return count / seconds_of(one_by_one), count / seconds_of(lambda: indicator.over(values))


def seconds_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def peak_megabytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def rows(*, is_quick: bool) -> list[dict[str, Any]]:
    total = QUICK if is_quick else CANDLES
    found = []
    for load in LOADS:
        per_symbol = max(total // load.symbols if load.symbols > 1 else total // min(load.routes_per_symbol, 10), 50)
        ours, floor = through_routes(load, per_symbol), by_hand(load, per_symbol)
        if ours["decisions"] != floor["decisions"]:
            raise AssertionError(f"{load.what}: {ours['decisions']} decisions, by hand {floor['decisions']}")
        found.append(
            {
                "what": load.what,
                "unit": "candles a second",
                "yunmin": round(ours["rate"]),
                "floor": round(floor["rate"]),
                "decisions": ours["decisions"],
                "peak MB": peak_megabytes(),
            }
        )
    for indicator in (ema(FAST), rsi(14), sma(FAST)):
        streamed, over = updates(indicator, 10 * total)
        for how, rate in (("streamed", streamed), ("series", over)):
            found.append({"what": f"{indicator.name} {how}", "unit": "updates a second", "yunmin": round(rate)})
    return found


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few candles: shows that it runs, measures nothing")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(argv)
    found = rows(is_quick=wanted.quick)
    if wanted.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write(f"{'what':<20}{'yunmin':>12}{'floor':>12}{'decisions':>11}{'peak MB':>9}  unit\n")
    for row in found:
        shown = [
            f"{row.get(name, ''):>{width}}"
            for name, width in (("yunmin", 12), ("floor", 12), ("decisions", 11), ("peak MB", 9))
        ]
        sys.stdout.write(f"{row['what']:<20}{''.join(shown)}  {row['unit']}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
