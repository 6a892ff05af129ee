"""`yunmin run --paper` at the prices of this moment: nothing goes to the exchange, and paper outlives its program."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.cli.a_bot import EVERY_CANDLE, a_bot, a_moving_venue, command, ledger, working_folder
from tests.cli.conftest import Ran


def live(folder: Path, *, fills: int, end: signal.Signals) -> Ran:
    """A life of the run, that ends after so many orders were filled."""
    with a_bot(folder, "--paper", "--json") as bot:
        for _ in range(fills):
            bot.hear("order_completed", state="FILLED")
        bot.tell(end)
        return bot.end()


def orders_in(books: Path) -> dict[str, dict[str, Any]]:
    told = command(books, "orders", str(books), "--all", "--json").json["orders"]
    return {order["client_order_id"]: order for order in told}


def assert_its_books_are_papers(ended: Ran) -> None:
    assert ended.code == 0, ended.err
    assert ended.json["books_complete"] is True
    assert ended.json["ledger"]["orders"] > 0
    assert ended.json["ledger"]["differences"] == []


def test_paper_at_the_prices_of_now_sends_nothing_and_goes_on_after_an_end_and_after_a_kill(tmp_path: Path) -> None:
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, EVERY_CANDLE, "BTC/USDT")
        books = folder / "accounts" / "main-paper"
        first = live(folder, fills=2, end=signal.SIGTERM)
        assert_its_books_are_papers(first)
        after_first = orders_in(books)
        assert len(after_first) >= 2

        assert live(folder, fills=1, end=signal.SIGKILL).code == -signal.SIGKILL
        after_kill = orders_in(books)
        assert after_first.keys() < after_kill.keys()

        last = live(folder, fills=1, end=signal.SIGTERM)
        assert_its_books_are_papers(last)
        at_the_end = orders_in(books)
        assert after_kill.keys() < at_the_end.keys()
        assert all(at_the_end[name] == order for name, order in after_first.items() if order["state"] == "FILLED")
        assert ledger(url)["orders"] == [], "an order of paper went to the exchange"


def test_paper_prices_that_do_not_come_are_told_and_nothing_was_sent(tmp_path: Path) -> None:
    folder = working_folder(tmp_path, "http://127.0.0.1:9", EVERY_CANDLE, "BTC/USDT")
    with a_bot(folder, "--paper", "--json") as bot:
        ended = bot.end()
    assert ended.code != 0
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "127.0.0.1:9" in ended.err
