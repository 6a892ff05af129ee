"""How many events a second the local venue tells to its subscribers, and what one of them costs.

    python -m tests.benchmarks.bench_fanout [--quick] [--json]

One market, one trade after the other, ten in a batch; every subscriber listens to `@trade`. The subscribers are in a
process of their own, so the CPU told is the venue's, its matching engine included. An event told to a hundred
subscribers counts as a hundred.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig

LISTENERS = Path(__file__).with_name("stream_listeners.py")
PATH = "/ws/btcusdt@trade"
BATCH = 10
SIZES = (1, 10, 100)


async def measure(subscribers: int, events: int, *options: str) -> dict[str, Any]:
    """Tell `events` trades to `subscribers` clients."""
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE)) as venue:
        port = venue.url.rpartition(":")[2]
        listeners = await asyncio.create_subprocess_exec(
            sys.executable, str(LISTENERS), port, PATH, str(subscribers), str(events), *options,
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert listeners.stdout is not None
        assert await listeners.stdout.readline() == b"open\n"
        started, cpu = time.perf_counter(), time.process_time()
        for _ in range(events // BATCH):
            for _ in range(BATCH):
                trade(venue)
            while any(connection.waiting for connection in venue.sockets.connections):
                await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert await listeners.stdout.readline() == b"heard\n"
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        await listeners.wait()
    told = subscribers * events
    return {
        "subscribers": subscribers,
        "compressed": bool(options),
        "events": told,
        "events per second": round(told / seconds),
        "µs of CPU per event": round(cpu / told * 1e6, 2),
    }


def trade(venue: LocalVenue) -> None:
    venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.01", price="50000")
    venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price="50000")


async def rows(*, is_quick: bool) -> list[dict[str, Any]]:
    events = 100 if is_quick else 2000
    found = [await measure(size, events) for size in SIZES]
    return [*found, await measure(SIZES[-1], events, "--deflate")]


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few events: shows that it runs, measures nothing")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(argv)
    found = asyncio.run(rows(is_quick=wanted.quick))
    if wanted.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    names = list(found[0])
    sys.stdout.write("  ".join(names) + "\n")
    for row in found:
        sys.stdout.write("  ".join(f"{row[name]!s:>{len(name)}}" for name in names) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
