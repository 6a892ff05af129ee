"""freqtrade, the bot: started as a user starts it, with a configuration and a strategy, until it has been in and out.

`python freqtrade_bot.py live` trades on the exchange, `python freqtrade_bot.py dry` on paper.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from day import PLAN, Day, Saw, live, plain

PAIR = f"{PLAN['base']}/{PLAN['quote']}"
STAKE = 1000
LONGEST_TRADE = 240.0
"""Seconds for starting, for a first minute to end with a candle, and for a trade."""

TRADE = """
    select orders.ft_order_side, orders.order_id, orders.filled, orders.average, orders.status
    from orders join trades on trades.id = orders.ft_trade_id
    where not trades.is_open order by orders.id
"""


class Freqtrade(Day):
    """The bot runs in a process of its own and keeps its trades in a database, which is where they are read."""

    longest_step = LONGEST_TRADE + 60

    def __init__(self, *, on_paper: bool) -> None:
        super().__init__()
        self.on_paper = on_paper

    async def bot_trade(self) -> Saw:
        with tempfile.TemporaryDirectory() as folder, self._bot(Path(folder)) as bot:
            orders = await self.wait_for(
                lambda: self._orders(Path(folder), bot), "the end of a trade", every=0.5, patience=LONGEST_TRADE
            )
        assert [order[0] for order in orders] == ["buy", "sell"], orders
        assert {order[4] for order in orders} == {"closed"}, orders
        words = ", ".join(f"{side} {plain(filled)} at {plain(average)}" for side, _, filled, average, _ in orders)
        if self.on_paper:
            low, high = self._range()
            assert all(low <= average <= high for *_, average, _ in orders), f"{orders} off {low} to {high}"
            return Saw(f"on paper: {words}; the market was at {low} to {high}")
        claims = {f"{PLAN['symbol']}:{number}": ("FILLED", plain(filled)) for _, number, filled, _, _ in orders}
        return Saw(words, orders=claims)

    @contextmanager
    def _bot(self, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
        shutil.copy(Path(__file__).with_name("freqtrade_user") / "in_and_out.py", folder)
        (folder / "config.json").write_text(json.dumps(self._config(folder)))
        command = [sys.executable, "-m", "freqtrade", "trade", "--config", "config.json", "--strategy", "InAndOut"]
        log = folder / "log.txt"
        with log.open("wb") as output:
            bot = subprocess.Popen([*command, "--strategy-path", "."], cwd=folder, stdout=output, stderr=output)
            try:
                yield bot
            finally:
                bot.send_signal(signal.SIGINT)
                try:
                    bot.wait(timeout=PLAN["patience_seconds"])
                except subprocess.TimeoutExpired:
                    bot.kill()
                    bot.wait()
                sys.stderr.write(log.read_text()[-3000:])

    def _orders(self, folder: Path, bot: subprocess.Popen[bytes]) -> list[tuple[Any, ...]]:
        if bot.poll() is not None:
            raise RuntimeError(f"freqtrade ended with {bot.returncode}: {(folder / 'log.txt').read_text()[-300:]}")
        database = folder / "trades.sqlite"
        if not database.exists():
            return []
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5.0)) as connection:
            if not connection.execute("select 1 from sqlite_master where name = 'orders'").fetchone():
                return []
            return connection.execute(TRADE).fetchall()

    def _range(self) -> tuple[float, float]:
        """Lowest bid and highest ask that there can have been: of the trades, a percent to either side."""
        with urllib.request.urlopen(f"{self.url}/api/v3/ticker/24hr?symbol={PLAN['symbol']}", timeout=10) as answer:
            day = json.load(answer)
        return float(day["lowPrice"]) * 0.99, float(day["highPrice"]) * 1.01

    def _config(self, folder: Path) -> dict[str, Any]:
        """The exchange as `yunmin venue settings freqtrade` prints it, and how to trade there."""
        ordered = dict.fromkeys(("entry", "exit", "emergency_exit", "force_entry", "force_exit", "stoploss"), "market")
        return {
            "initial_state": "running",
            "dry_run": self.on_paper,
            "dry_run_wallet": 10 * STAKE,
            "db_url": f"sqlite:///{folder}/trades.sqlite",
            "user_data_dir": str(folder),
            "trading_mode": "spot",
            "stake_currency": PLAN["quote"],
            "stake_amount": STAKE,
            "max_open_trades": 1,
            "order_types": {**ordered, "stoploss_on_exchange": False},
            "entry_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
            "exit_pricing": {"price_side": "other", "use_order_book": True, "order_book_top": 1},
            "internals": {"process_throttle_secs": 1},
            "pairlists": [{"method": "StaticPairList"}],
            **json.loads(os.environ["VENUE_SETTINGS"]),
        }


if __name__ == "__main__":
    live(Freqtrade(on_paper=sys.argv[1] == "dry"))
