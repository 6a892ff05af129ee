"""What a decision costs until its order is handed to the wire: CPU of this process, per decision.

    python -m tests.benchmarks.bench_executor [--quick] [--json]

Counted is everything between `execute_decision` and the connector's `place_order`: sizing, risk against the worst case
of all open orders, the id, the intent in the journal (durable), the task. What the connector then does, to the bytes on
the socket, is `bench_connector`'s. The exchange is the engine of this process; its work is not counted. `wall` includes
the flush of the disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderAck, OrderRequest, Side
from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.route import Route
from yunmin.core.order_tracker import OrderTracker
from yunmin.execution import Account, ConnectorPort, Executor, OrderJournal, Placed, RiskManager, StateFile
from yunmin.simulation.ledger import Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import Market
from yunmin.simulation.paper_connector import PaperConnector
from yunmin.simulation.units import to_units

CLOCK = SystemClock()
SYMBOL = "BTC/USDT"
MARKET = Market(SYMBOL, "BTC", "USDT", tick=to_units("0.01"), step=to_units("0.001"))
ROUTE = Route(exchange="paper", symbol=SYMBOL, timeframe="1m", strategy_name="bench")
RESTING = Route(exchange="paper", symbol=SYMBOL, timeframe="1m", strategy_name="resting")
LIMITS: dict[str, Any] = {
    "max_dd": "0.5",
    "max_daily_loss": "100000",
    "max_position_pct": "1",
    "max_total_notional": "900000",
    "max_order_notional": "1000",
    "max_open_orders": 10_000,
    "max_orders_per_minute": 1_000_000,
    "price_band": "0.2",
    "stale_after": "3600",
    "breaker_failures": 10,
}


class Sample(NamedTuple):
    """Microseconds of one decision."""

    call: float
    to_wire: float
    wall: float


class Timed(PaperConnector):
    """Notes the moment at which a placement is handed to it."""

    reached = (0.0, 0.0)

    async def place_order(self, request: OrderRequest) -> OrderAck:
        self.reached = (time.thread_time(), time.perf_counter())
        return await super().place_order(request)


def a_connector() -> Timed:
    ledger = Ledger()
    ledger.open_account("me")
    for asset in ("BTC", "USDT"):
        ledger.deposit("me", asset, to_units("10000000"))
    return Timed(MatchingEngine((MARKET,), ledger, CLOCK), "me", CLOCK)


async def with_journal(open_orders: int, decisions: int, folder: Path) -> list[Sample]:
    connector = a_connector()
    await connector.connect()
    with OrderJournal.open(folder / "account", clock=CLOCK) as journal:
        account = Account(connector, journal, CLOCK)
        async with account:
            executor = Executor(
                account, account.tracker, a_risk(folder), clock=CLOCK, file=StateFile(folder / "x.json")
            )
            samples = await measure(executor, connector, open_orders, decisions)
    await connector.close()
    return samples


async def without_journal(open_orders: int, decisions: int, folder: Path) -> list[Sample]:
    connector, tracker = a_connector(), OrderTracker()
    port = ConnectorPort(connector, tracker, CLOCK)
    await port.learn()
    executor = Executor(port, tracker, a_risk(folder), clock=CLOCK)
    return await measure(executor, connector, open_orders, decisions)


def a_risk(folder: Path) -> RiskManager:
    return RiskManager(clock=CLOCK, equity="1000000", file=StateFile(folder / "risk.json"), **LIMITS)


async def measure(executor: Executor, connector: Timed, open_orders: int, decisions: int) -> list[Sample]:
    executor.on_price(SYMBOL, "100")
    await place(executor, RESTING, open_orders)
    decision = Decision.enter(SYMBOL, Side.BUY, fraction="0.0001", price="90.005")
    samples = []
    for _ in range(decisions):
        cpu, wall = time.thread_time(), time.perf_counter()
        outcome = executor.execute_decision(ROUTE, decision)
        called = time.thread_time()
        assert isinstance(outcome, Placed), outcome
        await settled(executor, outcome)
        samples.append(
            Sample((called - cpu) * 1e6, (connector.reached[0] - cpu) * 1e6, (connector.reached[1] - wall) * 1e6)
        )
        executor.execute_decision(ROUTE, Decision.cancel(SYMBOL))
        while executor.open_orders(ROUTE):
            await asyncio.sleep(0)
    return samples


async def place(executor: Executor, route: Route, count: int) -> None:
    decision = Decision.enter(SYMBOL, Side.BUY, qty="0.01", price="85")
    for _ in range(count):
        outcome = executor.execute_decision(route, decision)
        assert isinstance(outcome, Placed), outcome
        await settled(executor, outcome)


async def settled(executor: Executor, outcome: Placed) -> None:
    while not outcome.order.has_evidence:
        await asyncio.sleep(0)


def run(decisions: int, counts: tuple[int, ...]) -> list[dict[str, Any]]:
    rows = []
    for name, measured in (("account with its journal", with_journal), ("connector alone", without_journal)):
        for open_orders in counts:
            with tempfile.TemporaryDirectory() as folder:
                samples = asyncio.run(measured(open_orders, decisions, Path(folder)))
            middle = Sample(*(median(values) for values in zip(*samples, strict=True)))
            rows.append(
                {"sender": name, "open_orders": open_orders, "decisions": decisions}
                | {f"{field}_us": round(value, 1) for field, value in middle._asdict().items()}
            )
    return rows


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few decisions")
    parser.add_argument("--json", action="store_true", help="one JSON document")
    chosen = parser.parse_args(argv)
    rows = run(20, (0, 10)) if chosen.quick else run(500, (0, 10, 100))
    if chosen.json:
        sys.stdout.write(json.dumps(rows) + "\n")
        return 0
    sys.stdout.write(
        f"{'orders go to':<26}{'open orders':>12}{'call':>11}{'to the wire':>13}{'wall':>11}   (medians, µs)\n"
    )
    for row in rows:
        figures = f"{row['call_us']:>11.0f}{row['to_wire_us']:>13.0f}{row['wall_us']:>11.0f}"
        sys.stdout.write(f"{row['sender']:<26}{row['open_orders']:>12}{figures}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
