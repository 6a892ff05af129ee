"""What following orders costs, beside the least that plain Python can do, in one run.

    python -m tests.benchmarks.bench_tracker [--quick] [--json]

Every order has four events: create, acknowledgement, a fill, the last fill. All orders of a size are open together,
over ten symbols. "apply" is the tracker alone; "with build" also makes the message from text, as an adapter does. CPU
time, medians over rounds in which the two take turns.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median
from typing import Any, Protocol

from tests.benchmarks import floor_tracker as floor
from yunmin.clock import from_millis
from yunmin.core.data_contracts import (
    Fill,
    FillKind,
    Liquidity,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    Source,
    TimeInForce,
)
from yunmin.core.data_contracts.money import to_decimal, to_non_negative
from yunmin.core.order_tracker import OrderTracker

SYMBOLS = [f"{base}/USDT" for base in ("BTC", "ETH", "SOL", "XRP", "ADA", "DOGE", "LTC", "DOT", "LINK", "AVAX")]
STEPS = ("create", "acknowledge", "fill", "last_fill")
START = 1_760_000_000_000
CHUNK = 50  # messages that exist at one time: enough to time, few enough to be like a stream

GOALS = {
    "apply": {100: 5.0, 1_000: 5.0, 10_000: 5.0, 100_000: 8.0},
    "with build": {100: 10.0, 1_000: 10.0, 10_000: 10.0, 100_000: 14.0},
    "bytes per open order": 2500,
    "ratio": 3.0,
}


class Contender(Protocol):
    """What both do: make each message from text, and take it."""

    name: str

    def begin(self, history_limit: int) -> None: ...
    def message(self, step: str, i: int) -> Any: ...
    def taker(self, step: str) -> Callable[[Any], object]: ...
    def look_up(self, exchange_id: str) -> object: ...
    def list_open(self, symbol: str) -> Sequence[object]: ...


def text_of(i: int) -> tuple[str, str, str, bool, str]:
    """Ids, symbol, side and price of order i, as they stand in a message. Every order has a price of its own."""
    return f"ym-{i:09d}", str(900_000_000 + i), SYMBOLS[i % 10], bool(i & 1), f"{27_000 + i // 100}.{i % 100:02d}"


class Yunmin:
    name = "yunmin"

    def begin(self, history_limit: int) -> None:
        self.tracker = OrderTracker(history_limit=history_limit)

    def message(self, step: str, i: int) -> Any:
        name, exchange_id, symbol, is_buy, price = text_of(i)
        side = Side.BUY if is_buy else Side.SELL
        if step == "create":
            return name, symbol, side, OrderType.LIMIT, to_decimal("0.02000000"), to_decimal(price)
        if step == "acknowledge":
            return OrderUpdate.from_checked(
                {
                    "symbol": symbol,
                    "client_order_id": name,
                    "exchange_order_id": exchange_id,
                    "state": OrderState.OPEN,
                    "raw_status": "NEW",
                    "side": side,
                    "order_type": OrderType.LIMIT,
                    "time_in_force": TimeInForce.GTC,
                    "qty": to_non_negative("0.02000000"),
                    "price": to_non_negative(price),
                    "trigger_price": None,
                    "filled_qty": to_non_negative("0.00000000"),
                    "filled_cost": to_non_negative("0.00000000"),
                    "created_at": None,
                    "updated_at": from_millis(START + i),
                    "reason": None,
                    "source": Source.STREAM,
                    "raw": None,
                }
            )
        return Fill.from_checked(
            {
                "symbol": symbol,
                "trade_id": f"{i}-{step}",
                "client_order_id": name,
                "exchange_order_id": exchange_id,
                "side": side,
                "qty": to_non_negative("0.01000000"),
                "price": to_non_negative(price),
                "fee": to_decimal("0.00001000"),
                "fee_asset": "BNB",
                "liquidity": Liquidity.MAKER,
                "ts": from_millis(START + i),
                "kind": FillKind.REAL,
                "source": Source.STREAM,
            }
        )

    def taker(self, step: str) -> Callable[[Any], object]:
        create = self.tracker.create_order
        return (lambda terms: create(*terms)) if step == "create" else self.tracker.apply

    def look_up(self, exchange_id: str) -> object:
        return self.tracker.get_order_by_exchange_id(exchange_id)

    def list_open(self, symbol: str) -> Sequence[object]:
        return self.tracker.get_open_orders(symbol)


class Floor:
    name = "floor"

    def begin(self, history_limit: int) -> None:
        self.tracker = floor.FloorTracker(history_limit)

    def message(self, step: str, i: int) -> Any:
        name, exchange_id, symbol, is_buy, price = text_of(i)
        side = "BUY" if is_buy else "SELL"
        if step == "create":
            return floor.PlainOrder(name, symbol, side, Decimal("0.02000000"), Decimal(price))
        if step == "acknowledge":
            figures = Decimal("0.02000000"), Decimal(price), Decimal("0.00000000")
            return floor.PlainAck(name, exchange_id, symbol, side, *figures, START + i)
        figures = Decimal("0.01000000"), Decimal(price), Decimal("0.00001000")
        return floor.PlainFill(f"{i}-{step}", name, exchange_id, symbol, side, *figures, "BNB", True, START + i)

    def taker(self, step: str) -> Callable[[Any], object]:
        tracker = self.tracker
        takers: dict[str, Callable[[Any], object]] = {"create": tracker.create, "acknowledge": tracker.acknowledge}
        return takers.get(step, tracker.fill)

    def look_up(self, exchange_id: str) -> object:
        return self.tracker.by_exchange_id.get(exchange_id)

    def list_open(self, symbol: str) -> Sequence[object]:
        return list(self.tracker.by_symbol.get(symbol, {}).values())


# --- measuring -------------------------------------------------------------------------------------------------------


def cpu_of(action: Callable[[], object]) -> float:
    begun = time.process_time()
    action()
    return time.process_time() - begun


def run_step(contender: Contender, step: str, first: int, last: int) -> tuple[float, float]:
    """CPU seconds to build and to apply one step of the orders first..last."""
    building = applying = 0.0
    for begin in range(first, last, CHUNK):
        numbers = range(begin, min(last, begin + CHUNK))
        begun = time.process_time()
        messages = [contender.message(step, i) for i in numbers]
        built = time.process_time()
        take = contender.taker(step)
        for message in messages:
            take(message)
        applying += time.process_time() - built
        building += built - begun
    return building, applying


def one_round(contender: Contender, size: int) -> dict[str, float]:
    """µs of everything, with `size` orders open together (several such sets, one after the other, for small sizes)."""
    repeats = max(1, 2_000 // size)
    building = applying = looking = listing = 0.0
    looks, lists = 500, max(5, 2_000 // size)
    for _ in range(repeats):
        contender.begin(size)
        gc.collect()
        for step in STEPS:
            built, applied = run_step(contender, step, 0, size)
            building, applying = building + built, applying + applied
            if step == "fill":
                wanted = [text_of(i * 7919 % size)[1] for i in range(looks)]
                look_up, list_open = contender.look_up, contender.list_open
                looking += cpu_of(lambda ids=wanted, ask=look_up: [ask(each) for each in ids])  # type: ignore[misc]  # bound now, not later
                listing += cpu_of(lambda n=lists, ask=list_open: [len(ask(SYMBOLS[3])) for _ in range(n)])  # type: ignore[misc]  # bound now, not later
    events = repeats * size * len(STEPS)
    return {
        "apply": applying / events * 1e6,
        "with build": (building + applying) / events * 1e6,
        "lookup": looking / repeats / looks * 1e6,
        "listing": listing / repeats / lists * 1e6,
    }


def steady_round(contender: Contender, orders: int) -> float:
    """µs per event, build included, with at most 100 open and 1000 done ones kept."""
    contender.begin(1000)
    gc.collect()
    total = 0.0
    for first in range(0, orders, 100):
        for step in STEPS:
            total += sum(run_step(contender, step, first, first + 100))
    return total / orders / len(STEPS) * 1e6


def bytes_per_order(contender: Contender, orders: int) -> float:
    gc.collect()
    tracemalloc.start()
    contender.begin(orders)
    before = tracemalloc.get_traced_memory()[0]
    for step in STEPS[:3]:
        run_step(contender, step, 0, orders)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / orders


def measured(sizes: Sequence[int], rounds: int, *, steady: int, weighed: int) -> list[dict[str, Any]]:
    """One row per measurement: both figures, their ratio, the goal."""
    contenders: tuple[Contender, ...] = (Yunmin(), Floor())
    rows: list[dict[str, Any]] = []
    for size in sizes:
        figures: dict[str, list[dict[str, float]]] = {contender.name: [] for contender in contenders}
        for _ in range(rounds if size < 100_000 else max(1, rounds // 2)):
            for contender in contenders:
                figures[contender.name].append(one_round(contender, size))
                contender.begin(0)
        for what, unit in (("apply", "µs"), ("with build", "µs"), ("lookup", "µs"), ("listing", "µs")):
            ours, least = (median(each[what] for each in figures[name]) for name in ("yunmin", "floor"))
            goal = GOALS[what].get(size) if what in GOALS else None  # type: ignore[attr-defined]  # as the line shows
            rows.append(a_row(what, size, unit, ours, least, goal))
    steadies = [[steady_round(contender, steady) for contender in contenders] for _ in range(rounds)]
    ours, least = (median(each) for each in zip(*steadies, strict=True))
    rows.append(a_row("steady", 100, "µs", ours, least, None))
    ours, least = (bytes_per_order(contender, weighed) for contender in contenders)
    rows.append(a_row("bytes per open order", weighed, "B", ours, least, GOALS["bytes per open order"]))
    return rows


def a_row(what: str, size: int, unit: str, ours: float, least: float, goal: Any) -> dict[str, Any]:
    goal_text = f"≤ {goal:g} {unit}" if goal is not None else f"≤ {GOALS['ratio']:g}x"
    return {
        "what": what,
        "open": size,
        "unit": unit,
        "yunmin": round(ours, 3),
        "floor": round(least, 3),
        "ratio": round(ours / least, 2) if least else None,
        "goal": goal_text,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; the figures are for reading, nothing is judged."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round: does it run, not what it costs")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    options = parser.parse_args(argv)
    if options.quick:
        rows = measured((100,), 1, steady=200, weighed=200)
    else:
        rows = measured((100, 1_000, 10_000, 100_000), 5, steady=3_000, weighed=5_000)
    if options.json:
        print(json.dumps(rows, indent=2))
        return 0
    print(f"{'':22}{'open':>8}{'yunmin':>11}{'floor':>11}{'ratio':>8}   goal")
    for row in rows:
        print(
            f"{row['what']:22}{row['open']:>8}{row['yunmin']:>9.2f} {row['unit']:2}{row['floor']:>8.2f} {row['unit']:2}"
            f"{row['ratio'] or 0:>7.2f}x   {row['goal']}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
