"""`yunmin watch`, as a user runs it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.conftest import Run
from yunmin.cli.watched import as_line
from yunmin.connectors.binance_connector import BinanceConnector
from yunmin.core.data_contracts import Candle


@contextmanager
def watching(venue_url: str, *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "yunmin", "watch", *words, "--url", venue_url],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=20)


def test_the_account_is_told_line_by_line_until_ctrl_c(venue_url: str) -> None:
    with watching(venue_url, "account", "--json") as process, BinanceConnector(base_url=venue_url) as connector:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["news"] == "StreamOpened"
        placed = connector.place_order("ETHUSDT", "BUY", "MARKET", quote_qty=20)
        fill = None
        while fill is None:
            told = json.loads(process.stdout.readline())
            fill = told if told["news"] == "Fill" and told["client_order_id"] == placed["clientOrderId"] else None
        assert fill["price"] == placed["fills"][0]["price"]
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
        assert (process.returncode, errors) == (0, "")


def test_trades_and_candles_are_told_as_they_happen(venue_url: str) -> None:
    for words, begins in ((("trades", "ETH/USDT"), "trade "), (("candles", "ETH/USDT"), "candle ")):
        with watching(venue_url, *words, "--count", "1") as process, BinanceConnector(base_url=venue_url) as connector:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("opened ")
            connector.place_order("ETHUSDT", "BUY", "MARKET", quote_qty=20)
            out, errors = process.communicate(timeout=20)
            assert out.startswith(begins)
            assert (process.returncode, errors) == (0, "")


def test_a_book_is_there_at_once(yunmin: Run) -> None:
    done = yunmin("watch", "book", "BTC/USDT", "--depth", "2", "--count", "1", "--json")
    assert done.code == 0, done.err
    opened, book = map(json.loads, done.out.splitlines())
    assert (opened["news"], book["news"], len(book["bids"]), len(book["asks"])) == ("StreamOpened", "OrderBook", 2, 2)


def test_a_reader_that_goes_away_is_no_failure(venue_url: str) -> None:
    with watching(venue_url, "account") as process, BinanceConnector(base_url=venue_url) as connector:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        connector.place_order("ETHUSDT", "BUY", "MARKET", quote_qty=20)
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("candles", "BTC/USDT", "--timeframe", "7m"), 2, "7m"),
        (("trades", "NO/SUCH"), 4, "NO/SUCH"),
        (("ticker", "BTC/USDT", "--url", "http://127.0.0.1:9"), 5, "127.0.0.1:9"),
    ],
)
def test_what_cannot_be_watched_ends_with_its_code(yunmin: Run, words: tuple[str, ...], code: int, says: str) -> None:
    done = yunmin("watch", *words, "--json")
    assert done.code == code
    assert says in done.error["message"]


def test_every_line_says_whether_a_candle_is_closed() -> None:
    figures = dict.fromkeys(("open", "high", "low", "close", "volume"), "1")
    candle = Candle(symbol="BTC/USDT", open_time="2026-01-01T00:00:00+00:00", is_closed=True, **figures)
    assert as_line(candle).endswith("volume 1 closed")
    assert not as_line(candle.model_copy(update={"is_closed": None})).endswith("closed")
