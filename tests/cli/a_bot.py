"""`yunmin run` as a user starts it: a working folder, a process of its own, and what it is heard to say."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.adapters.binance.venue.conftest import UNLIMITED
from tests.cli.conftest import Ran
from yunmin.clock import SystemClock
from yunmin.testing.verify.forked_venue import ask_venue
from yunmin_binance.venue import LOCAL_ACCOUNT, LocalVenue, VenueConfig

LONGEST = 180
"""Seconds after which a bot that nobody ends is killed: a test fails then, and does not hang."""

_SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT", "SOLUSDT")

EVERY_CANDLE = """
from yunmin.core.data_contracts import Side
from yunmin.core.strategy_base import StrategyBase


class EveryCandle(StrategyBase):
    warm_up = 1

    def should_long(self):
        return True

    def should_exit(self):
        return True

    def go_long(self):
        return self.enter(Side.BUY, fraction=0.001)
"""
"""In and out by turns, with an order at every candle."""

RESTING = """
from yunmin.core.data_contracts import Side
from yunmin.core.strategy_base import StrategyBase


class Resting(StrategyBase):
    warm_up = 1
    asked = 0

    def should_long(self):
        type(self).asked += 1
        if self.asked > 2:
            self.then()
        return self.asked == 1

    def go_long(self):
        return self.enter(Side.BUY, fraction=0.01, price=self.close * 0.95)

    def then(self):
        pass
"""
"""One order far below the market, and then nothing more."""


@contextmanager
def a_moving_venue(**changes: Any) -> Iterator[str]:
    """The address of a venue of the test's own, in a thread, whose prices move four times a second."""
    ready, found = threading.Event(), dict[str, Any]()

    async def serve() -> None:
        async with LocalVenue(VenueConfig(symbols=_SYMBOLS, step_interval=0.25, limits=UNLIMITED, **changes)) as venue:
            found.update(url=venue.url, loop=asyncio.get_running_loop(), stop=asyncio.Event())
            ready.set()
            await found["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield found["url"]
    found["loop"].call_soon_threadsafe(found["stop"].set)
    thread.join(10)


def working_folder(
    folder: Path, url: str | None, strategy: str, *symbols: str, account: str = "", parameters: str = "{}"
) -> Path:
    """A `yunmin.yaml` with a route for each symbol, and the strategy's file; its account is at `url`."""
    (folder / "strategy.py").write_text(strategy)
    where = "" if url is None else f'  base_url: "{url}"\n'
    routes = "".join(
        f"  - {{symbol: {symbol}, timeframe: 1s, strategy: strategy.py, parameters: {parameters}}}\n"
        for symbol in symbols
    )
    (folder / "yunmin.yaml").write_text(
        f"account:\n  adapter: binance\n{where}{account}routes:\n{routes}risk: {{max_orders_per_minute: 1000}}\n"
    )
    return folder


class Bot:
    """A run that goes. Its log is read line by line as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def hear(self, event: str, **fields: object) -> dict[str, Any]:
        """Wait for that entry of the log, or for that word where the line is no entry."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if not line.startswith("{"):
                if event in line:
                    return {}
                continue
            entry: dict[str, Any] = json.loads(line)
            if entry.get("event") == event and all(entry.get(name) == value for name, value in fields.items()):
                return entry
        raise AssertionError(f"it ended before {event}:\n{self.said}")

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> Ran:
        """Wait for its end."""
        assert self.process.stderr is not None
        assert self.process.stdout is not None
        self.lines += self.process.stderr.readlines()
        out = self.process.stdout.read()
        return Ran(self.process.wait(), out, self.said)


def started(folder: Path, words: tuple[str, ...], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "yunmin", *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **environment},
    )  # fmt: skip


@contextmanager
def a_bot(folder: Path, *words: str, **environment: str) -> Iterator[Bot]:
    """`yunmin run` with these words, in `folder`."""
    process = started(folder, ("run", *words), environment)
    guard = threading.Timer(LONGEST, process.kill)
    guard.start()
    try:
        with process:
            try:
                yield Bot(process)
            finally:
                process.kill()
    finally:
        guard.cancel()


def command(folder: Path, *words: str, **environment: str) -> Ran:
    """Any other command of yunmin, in `folder`."""
    process = started(folder, words, environment)
    out, err = process.communicate(timeout=LONGEST)
    return Ran(process.returncode, out, err)


# --- what the venue knows --------------------------------------------------------------------------------------------


def ledger(url: str) -> dict[str, Any]:
    found: dict[str, Any] = ask_venue(url, f"/venue/ledger?account={LOCAL_ACCOUNT}")
    return found


def open_orders(url: str) -> set[str]:
    return {one["client_order_id"] for one in ledger(url)["orders"] if one["state"] in ("OPEN", "PARTIALLY_FILLED")}


def until(holds: Callable[[], bool], what: str) -> None:
    """Look again and again whether it is so."""
    clock = SystemClock()
    deadline = clock.monotonic() + LONGEST
    while not holds():
        assert clock.monotonic() < deadline, f"it never came to this: {what}"
        threading.Event().wait(0.05)


def held_there(url: str) -> dict[str, Decimal]:
    """By the market's name there, what all fills came to, without what their fees took of it."""
    held: dict[str, Decimal] = {}
    for fill in ledger(url)["fills"]:
        sign = 1 if fill["side"] == "BUY" else -1
        fee = Decimal(fill["fee"]) if fill["symbol"].startswith(fill["fee_asset"]) else Decimal(0)
        held[fill["symbol"]] = held.get(fill["symbol"], Decimal(0)) + sign * Decimal(fill["qty"]) - fee
    return held
