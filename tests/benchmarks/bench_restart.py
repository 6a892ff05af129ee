"""How long an account takes to trade again after its program was killed: many open orders, a long journal.

    python -m tests.benchmarks.bench_restart [--quick] [--json]

The orders rest at a local venue in this process (its work counts against us); the journal has an intent, an
acknowledgement and a fill for each of very many more. Timed is everything from opening the journal to the answer of
the first new order: recovery, connection, stream, the full pass over the account.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.bench_journal import a_fill, an_acceptance, an_intent, name_of
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderRequest
from yunmin.exchange import ConnectionWish, registry
from yunmin.execution import Entry, OrderJournal, apply_entry, open_account
from yunmin_binance.venue import LOCAL_ACCOUNT, LimitsConfig, Liquidity, LocalVenue, VenueConfig

CLOCK = SystemClock()
GOAL = 10.0
OPEN_NAME = "ym-open-{:06d}"


def a_venue(open_orders: int) -> LocalVenue:
    """Its markets take as many orders of one account as are needed."""
    usual = VenueConfig(liquidity=Liquidity.NONE)
    roomy = tuple(rules.model_copy(update={"max_open_orders": open_orders + 10}) for rules in usual.markets().values())
    return LocalVenue(
        usual.model_copy(update={"extra_symbols": roomy, "limits": LimitsConfig(is_enforced=False)}), clock=CLOCK
    )


def place_all(venue: LocalVenue, count: int) -> list[tuple[str, str]]:
    """Our name and the exchange's of orders that rest."""
    names = []
    venue.deposit(LOCAL_ACCOUNT, "USDT", "100000000")
    for number in range(count):
        name = OPEN_NAME.format(number)
        placed = venue.place_as(
            LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.02", price="27000.10", client_order_id=name
        )
        names.append((name, str(placed.order_id)))
    return names


def write_journal(folder: Path, resting: Sequence[tuple[str, str]], records: int) -> int:
    """As if they had been placed from here, after a long life of others; returns the number of records."""
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        tracker = journal.recover()
        number = 0
        while journal.seq < records - 2 * len(resting):
            names = [name_of(each) for each in range(number, number + 500)]
            number += 500
            intents = [an_intent(name) for name in names]
            journal.intend(*intents)
            news: list[Entry] = [an_acceptance(name) for name in names]
            news += [a_fill(name, each) for each in (1, 2) for name in names]
            journal.record(*news)
            for entry in (*intents, *news):
                apply_entry(tracker, entry)
        journal.snapshot(tracker)
        for name, exchange_order_id in resting:
            intent = an_intent(name)
            result = an_acceptance(name)
            assert result.update is not None
            update = result.update.model_copy(update={"exchange_order_id": exchange_order_id})
            journal.intend(intent)
            journal.record(result.model_copy(update={"update": update}))
        return journal.seq


async def measure(folder: Path, open_orders: int, records: int) -> dict[str, Any]:
    adapter = registry.load("binance")
    async with a_venue(open_orders) as venue:
        count = write_journal(folder, place_all(venue, open_orders), records)
        wish = ConnectionWish(base_url=venue.url, timeout=60.0)
        # what a program imports once is not part of a restart that is compared between machines
        async with adapter.connector(adapter.configure(wish), CLOCK):
            pass
        start, cpu = time.perf_counter(), time.process_time()
        async with open_account("binance", folder=folder, wish=wish) as account:
            ready = time.perf_counter()
            order = await account.place(
                OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="0.1", price="300")
            )
            trading, cpu = time.perf_counter(), time.process_time() - cpu
            found = len(account.tracker.get_open_orders())
        if found != open_orders + 1 or order.exchange_order_id is None:
            raise SystemExit(f"{found} open orders after the restart, not {open_orders + 1}")
    return {
        "open_orders": open_orders,
        "records": count,
        "ready_s": ready - start,
        "trading_s": trading - start,
        "cpu_s": cpu,
        "goal_s": GOAL,
    }


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a small journal")
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args(argv)
    place = Path(tempfile.mkdtemp(prefix="yunmin-bench-"))
    try:
        row = asyncio.run(measure(place / "account", *((300, 5_000) if options.quick else (10_000, 1_000_000))))
    finally:
        shutil.rmtree(place)
    if options.as_json:
        sys.stdout.write(json.dumps(row, indent=2) + "\n")
    else:
        sys.stdout.write(
            f"{row['open_orders']:,} open orders, {row['records']:,} records: ready in {row['ready_s']:.2f} s, trading "
            f"in {row['trading_s']:.2f} s ({row['cpu_s']:.2f} s of CPU, the venue's too); goal {GOAL:.0f} s\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
