"""What a run costs from a candle to the fill that its strategy is told of, and how fast a recording is played on paper.

    python -m tests.benchmarks.bench_run [--quick] [--json]

*Over the wire*: each candle closes, its strategy is asked and decides, risk approves, the journal has the intent on
the disk, the order goes over HTTP to a local venue in another process, its answer and its events come back, and the
strategy is told of its fill. Counted is all CPU of this process, of every thread, for one such turn; beside it, in
turn, the same market order by raw aiohttp, HMAC and orjson, whose answer is only decoded. `wall` has the venue's work
and the disk's in it.

*On paper*: a whole run as `yunmin run --paper --candles` makes it, log and status included, in a folder on the disk and
in one in memory, where a flush costs nothing: the difference is the disk's.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
from pydantic import SecretStr

from yunmin.clock import SystemClock, to_millis
from yunmin.config.configuration import Configuration, load_configuration
from yunmin.config.layers import Flag
from yunmin.config.sample_candles import sample_candles
from yunmin.config.working_folder import WorkingFolder, write_working_folder
from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts.market import Candle
from yunmin.engine import Mode, Run, Session, World, assemble, open_run
from yunmin.engine.feeds.feed import Sink, Wanted
from yunmin.engine.worlds.pace import policy_at_pace
from yunmin.exchange.config import ConnectorConfig, Environment
from yunmin.simulation.steered_clock import SteeredClock
from yunmin_binance import ADAPTER
from yunmin_binance.local_account import LOCAL_CREDENTIALS
from yunmin_binance.venue import LimitsConfig, LocalVenue, VenueConfig
from yunmin_binance.venue.config import default_accounts

MINUTE = timedelta(minutes=1)
SYMBOL = "BTC/USDT"
QTY = "0.001"
RAW_KEY, RAW_SECRET = "raw0client0key", "play-money"
"""Of an account of the raw client's own, so that nobody hears of its orders."""

IN_MEMORY = Path("/dev/shm")
NEVER = 1e6

STRATEGY = f'''
from yunmin.core.data_contracts import Side
from yunmin.core.strategy_base import StrategyBase


class EveryCandle(StrategyBase):
    """Buys at one candle and sells at the next, by two averages that are read and not heeded."""

    told = staticmethod(print)

    def should_long(self):
        self.crossover(self.ema(10), self.ema(30))
        return True

    def should_exit(self):
        self.crossunder(self.ema(10), self.ema(30))
        return True

    def go_long(self):
        return self.enter(Side.BUY, qty="{QTY}")

    def on_order_filled(self, fill):
        self.told()
'''

SETTINGS = f"""
account: {{adapter: binance}}
risk: {{max_orders_per_minute: 1000000}}
routes:
  - {{symbol: {SYMBOL}, timeframe: 1m, strategy: every_candle.py}}
"""


class HandFeed:
    """A market that is told by the benchmark."""

    patience = timedelta(0)

    def __init__(self, price: Decimal) -> None:
        self._price = price
        self._series: SeriesKey | None = None
        self._sink: Sink | None = None
        self._next: datetime | None = None

    async def begin(self, wanted: Wanted, sink: Sink) -> None:
        self._sink, (self._series,) = sink, wanted.series

    def start(self, now: datetime) -> float:
        """A past of 50 candles; how many seconds are left of the one that forms."""
        assert self._sink is not None
        assert self._series is not None
        opened = now.replace(second=0, microsecond=0)
        self._sink.seed(self._series, [self._candle(opened - number * MINUTE) for number in range(50, 0, -1)])
        self._sink.on_price(SYMBOL, self._price)
        self._next = opened
        return (opened + MINUTE - now).total_seconds()

    def close_candle(self) -> None:
        assert self._sink is not None
        assert self._series is not None
        assert self._next is not None
        self._sink.on_price(SYMBOL, self._price)
        self._sink.on_candle(self._series, self._candle(self._next))
        self._next += MINUTE

    def _candle(self, opened: datetime) -> Candle:
        price = self._price
        return Candle(symbol=SYMBOL, open_time=opened, open=price, high=price, low=price, close=price,
                      volume=Decimal(1), is_closed=True)  # fmt: skip

    async def run(self) -> None:
        await asyncio.get_running_loop().create_future()

    async def close(self) -> None:
        pass


class RawClient:
    """The least that places a market order: sign, send, decode."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = f"{url}/api/v3/order"
        self._session = session
        self._secret = RAW_SECRET.encode()

    async def place(self, side: str) -> None:
        terms = {"symbol": "BTCUSDT", "side": side, "type": "MARKET", "quantity": QTY, "newOrderRespType": "FULL"}
        payload = urlencode({**terms, "timestamp": to_millis(SystemClock().now())})
        signed = f"{payload}&signature={hmac.new(self._secret, payload.encode(), hashlib.sha256).hexdigest()}"
        headers = {"X-MBX-APIKEY": RAW_KEY, "Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.post(self._url, data=signed, headers=headers) as answer:
            assert orjson.loads(await answer.read())["status"] == "FILLED"


async def over_the_wire(url: str, turns: int, folder: Path) -> dict[str, Any]:
    """Medians of `turns` turns, the raw client's in between."""
    (folder / "every_candle.py").write_text(STRATEGY)
    (folder / "yunmin.yaml").write_text(SETTINGS)
    settings = load_configuration(folder / "yunmin.yaml", environ={})
    clock, wall = SteeredClock(SystemClock()), SystemClock()
    clock.freeze()
    config = ConnectorConfig(base_url=url, credentials=LOCAL_CREDENTIALS, rate_limit=False)
    connector = ADAPTER.connector(config, wall)
    feed = HandFeed(await price_at(url))
    world = World(
        title="a venue in another process",
        exchange="binance",
        environment=Environment.LOCAL,
        connector=connector,
        feed=feed,
        clock=clock,
        wall=wall,
        pace=1.0,
        folder=folder / "books",
        policy=policy_at_pace(settings.settings.account.policy, NEVER),
    )
    async with open_run(world, settings) as run, aiohttp.ClientSession() as session:
        going = asyncio.create_task(run.go())
        clock.advance(feed.start(clock.now()))
        rows = [await one_round(run, feed, clock, RawClient(url, session), number) for number in range(turns)]
        run.stop("it is measured")
        await going
        assert len(run.account.tracker.get_orders()) == turns
    cpu, on_the_wall, raw = (median(values) for values in zip(*rows, strict=True))
    return {"turns": turns, "cpu_us": cpu * 1e6, "wall_us": on_the_wall * 1e6, "raw_cpu_us": raw * 1e6}


async def price_at(url: str) -> Decimal:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{url}/api/v3/ticker/price", params={"symbol": "BTCUSDT"}) as answer,
    ):
        return Decimal((await answer.json())["price"])


async def one_round(
    run: Run, feed: HandFeed, clock: SteeredClock, raw: RawClient, number: int
) -> tuple[float, float, float]:
    """Seconds: CPU of a turn, the same on the wall, CPU of the raw order."""
    (route,) = run.routes.routes
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    run.routes.strategy_of(route).told = lambda: loop.call_soon_threadsafe(told.set)  # type: ignore[attr-defined]  # its own
    cpu, wall = time.process_time(), time.perf_counter()
    feed.close_candle()
    await asyncio.wait_for(told.wait(), 30)
    took = time.process_time() - cpu, time.perf_counter() - wall
    while not run.loop.is_settled(clock.now()) or run.account.tracker.get_open_orders():
        await asyncio.sleep(0.001)
    cpu = time.process_time()
    await raw.place("BUY" if number % 2 else "SELL")
    raw_took = time.process_time() - cpu
    clock.advance(60)
    return (*took, raw_took)


async def on_paper(settings: Configuration) -> dict[str, Any]:
    """One whole run."""
    cpu, wall = time.process_time(), time.perf_counter()
    async with assemble(settings, Mode.PAPER) as world:
        session = Session(world, settings)
        async with session.opened() as run:
            report = await session.run(run)
        assert report.books_complete
        orders = len(run.account.tracker.get_orders())
    return {"orders": orders, "cpu_s": time.process_time() - cpu, "wall_s": time.perf_counter() - wall}


def paper_runs(candles: int) -> list[dict[str, Any]]:
    rows = []
    for where, parent in (("on the disk", None), ("in memory", IN_MEMORY if IN_MEMORY.is_dir() else None)):
        with tempfile.TemporaryDirectory(dir=parent) as name:
            folder = Path(name)
            row = asyncio.run(on_paper(a_folder(folder, candles)))
        closed = 3 * (candles - min(100, candles // 4))
        rows.append(
            {"where": where, "candles": closed, **row}
            | {"candles_per_cpu_s": closed / row["cpu_s"], "candles_per_s": closed / row["wall_s"]}
        )
    return rows


def a_folder(folder: Path, candles: int) -> Configuration:
    """What `yunmin init` makes, with more candles: three markets, three routes."""
    write_working_folder(folder, WorkingFolder(adapter="binance"))
    for market, price in (("BTC_USDT", 60_000), ("ETH_USDT", 3000), ("BNB_USDT", 600)):
        text = sample_candles(market, Decimal(price), seed=7, count=candles)
        (folder / "candles" / f"{market}_1m.csv").write_text(text)
    flags = {"run.candles": folder / "candles", "run.speed": 100_000, "logging.file": folder / "run.log"}
    flags |= {"risk.max_dd": "0.9", "risk.max_daily_loss": "90000"}
    named = [Flag(setting, str(value), "") for setting, value in flags.items()]
    return load_configuration(folder / "yunmin.yaml", environ={}, flags=named)


def a_venue_in_another_process() -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "tests.benchmarks.bench_run", "--serve"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


async def serve() -> None:
    """A venue with quotes that stand still, until stdin ends."""
    mine = default_accounts()[0]
    raw = mine.model_copy(update={"name": "raw", "api_key": RAW_KEY, "api_secret": SecretStr(RAW_SECRET)})
    config = VenueConfig(
        symbols=("BTCUSDT",), limits=LimitsConfig(is_enforced=False), accounts=(*default_accounts(), raw)
    )
    async with LocalVenue(config) as venue:
        sys.stdout.write(venue.url + "\n")
        sys.stdout.flush()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def measure(turns: int, candles: int) -> dict[str, Any]:
    process, url = a_venue_in_another_process()
    assert process.stdin is not None
    with process, closing(process.stdin), tempfile.TemporaryDirectory() as folder:
        wire = asyncio.run(over_the_wire(url, turns, Path(folder)))
    return {"wire": wire, "paper": paper_runs(candles)}


def shown(found: dict[str, Any], say: Callable[[str], object]) -> None:
    wire = found["wire"]
    say(
        f"a candle to its fill, over HTTP and back: {wire['cpu_us']:.0f} us of CPU, "
        f"{wire['wall_us']:.0f} us on the wall\n"
    )
    say(f"the order alone by a raw client: {wire['raw_cpu_us']:.0f} us; {wire['cpu_us'] / wire['raw_cpu_us']:.1f}x\n\n")
    for row in found["paper"]:
        say(
            f"paper, {row['where']}: {row['candles']} candles, {row['orders']} orders: {row['cpu_s']:.2f} s of CPU, "
            f"{row['wall_s']:.2f} s; {row['candles_per_cpu_s']:.0f} candles a second of CPU, "
            f"{row['candles_per_s']:.0f} on the wall\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few turns only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help="be the venue")
    asked = parser.parse_args()
    if asked.serve:
        asyncio.run(serve())
        return
    found = measure(turns=5, candles=60) if asked.quick else measure(turns=400, candles=3000)
    if asked.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        shown(found, sys.stdout.write)


if __name__ == "__main__":
    main()
