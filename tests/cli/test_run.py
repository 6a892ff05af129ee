"""`yunmin run` from outside: how it ends, what it says where, what it keeps to itself, and how it goes on."""

from __future__ import annotations

import json
import re
import signal
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.cli.a_bot import (
    EVERY_CANDLE,
    RESTING,
    a_bot,
    a_moving_venue,
    command,
    ledger,
    open_orders,
    until,
    working_folder,
)
from tests.cli.conftest import Ran
from yunmin.clock import SystemClock
from yunmin.execution import OrderJournal
from yunmin.execution.journal_records import Note
from yunmin.testing.verify.forked_venue import ask_venue
from yunmin_binance.venue import LOCAL_ACCOUNT, AccountConfig

IN_ORDER = "Every order that was sent gets its outcome"


def standing(folder: Path) -> tuple[str, str]:
    """How a status from outside says that the run stands, and why."""
    shown = command(folder, "status", "--json").json
    return shown["standing"], shown["status"]["why"]


def status(folder: Path) -> str:
    """What the run last said of itself, as it is written."""
    file = folder / "accounts" / "main" / "status.json"
    return file.read_text() if file.exists() else ""


def silence(url: str, where: str) -> None:
    rule = {"where": where, "fault": {"kind": "drop", "moment": "after", "ending": "silence"}}
    ask_venue(url, "/venue/chaos", method="POST", body=rule)


# --- its end ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order_and_with_its_report(tmp_path: Path, how: signal.Signals) -> None:
    is_json = how is signal.SIGTERM
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, EVERY_CANDLE, "BTC/USDT")
        with a_bot(folder, *(["--json"] if is_json else [])) as bot:
            bot.hear("order_completed")
            bot.tell(how)
            ended = bot.end()
    assert ended.code == 0, ended.err
    assert f"{how.name}: stopping. {IN_ORDER}" in ended.err
    assert "Traceback" not in ended.err
    assert standing(folder) == ("ENDED", f"it was stopped by {how.name}")
    assert was_closed(folder / "accounts" / "main")
    if is_json:
        assert ended.json["why"] == "it was stopped by SIGTERM"
        assert sum(ended.json["orders"].values()) == ended.json["orders"]["FILLED"] >= 1
    else:
        assert "it was stopped by SIGINT" in ended.out
        assert f"Its books: {folder / 'accounts' / 'main'}" in ended.out
        assert '"event"' not in ended.out  # the log goes to stderr alone


def was_closed(account: Path) -> bool:
    with OrderJournal.open(account, clock=SystemClock()) as journal:
        *_, last = [entry for _, _, entry in journal.entries() if isinstance(entry, Note)]
        return last.kind == "closed"


def test_a_second_signal_waits_for_nothing_and_the_next_start_knows_what_became_of_the_order(tmp_path: Path) -> None:
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, EVERY_CANDLE, "BTC/USDT", account="  timeout: 100\n")
        silence(url, "POST /api/v3/order")
        with a_bot(folder, "--json") as bot:
            bot.hear("order_submitted")
            until(lambda: len(ledger(url)["orders"]) == 1, "the order is there")
            bot.tell(signal.SIGINT)
            bot.hear("stopping")
            bot.tell(signal.SIGINT)
            ended = bot.end()
        assert ended.code == 130, ended.err
        assert ended.out == ""
        assert "Traceback" not in ended.err
        told = json.loads(ended.err.splitlines()[-1])
        assert (told["error"], told["exit_code"]) == ("Interrupted", 130)
        assert "the next start asks" in told["advice"]
        ask_venue(url, "/venue/chaos", method="DELETE")
        with a_bot(folder, "--json", "--for", "0.1s") as bot:
            assert bot.end().code == 0, bot.said
        there = {order["client_order_id"] for order in ledger(url)["orders"]}
    books = command(folder, "orders", "--all", "--json").json["orders"]
    assert {order["client_order_id"] for order in books if order["state"] == "FILLED"} == there


def test_a_signal_before_it_runs_ends_it_at_once_and_says_so(tmp_path: Path) -> None:
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, EVERY_CANDLE, "BTC/USDT", account="  timeout: 100\n")
        silence(url, "GET /api/v3/*")
        with a_bot(folder, "--json") as bot:
            until((folder / "accounts" / "main" / "journal.sqlite3").exists, "the account is being opened")
            bot.tell(signal.SIGTERM)
            ended = bot.end()
    assert (ended.code, ended.out) == (130, ""), ended.err
    assert json.loads(ended.err.splitlines()[-1])["error"] == "Interrupted"
    assert "Traceback" not in ended.err


def test_books_that_differ_from_the_venues_are_shown_and_end_with_one(tmp_path: Path) -> None:
    folder = working_folder(tmp_path, None, RESTING, "BTC/USDT")
    with a_bot(folder, "--local", "--json") as bot:
        bot.hear("order_opened")
        (world,) = (folder / "runs").glob("*-local/world.json")
        gift = {"account": LOCAL_ACCOUNT, "asset": "USDT", "amount": "5"}
        ask_venue(json.loads(world.read_text())["address"], "/venue/deposits", method="POST", body=gift)
        bot.tell(signal.SIGTERM)
        ended = bot.end()
    assert ended.code == 1, ended.err
    differences = ended.json["ledger"]["differences"]
    assert {Decimal(row["theirs"]) - Decimal(row["ours"]) for row in differences} == {Decimal(5)}


# --- what it keeps to itself -----------------------------------------------------------------------------------------

API_KEY = "CanaryKey7f3a9c51e2b84d60"
API_SECRET = "CanarySecret04b1d8e6f72c93a5"

TALKS = (
    EVERY_CANDLE
    + """
    def on_order_filled(self, fill):
        import os
        raise ValueError("key " + os.environ["YUNMIN__ACCOUNT__API_KEY"] + os.environ["YUNMIN__ACCOUNT__API_SECRET"])
"""
)


def test_S1_nothing_that_it_says_or_writes_has_a_key_a_secret_or_a_signature(tmp_path: Path) -> None:
    us = AccountConfig(
        name=LOCAL_ACCOUNT, api_key=API_KEY, api_secret=SecretStr(API_SECRET), balances={"USDT": "100000"}
    )
    keys = {"YUNMIN__ACCOUNT__API_KEY": API_KEY, "YUNMIN__ACCOUNT__API_SECRET": API_SECRET}
    with a_moving_venue(accounts=(us, AccountConfig(name="counterparty", balances={}))) as url:
        folder = working_folder(tmp_path, url, TALKS, "BTC/USDT", "ETH/USDT")
        for where, fault in (
            ("POST /api/v3/order", {"kind": "drop", "moment": "after", "ending": "reset"}),
            ("GET /api/v3/openOrders", {"kind": "say", "status": 503, "code": -1001, "msg": "no"}),
        ):
            ask_venue(url, "/venue/chaos", method="POST", body={"where": where, "fault": fault, "count": 1})
        loud = ("--json", "--testnet", "--set", "logging.level=debug")
        with a_bot(folder, *loud, **keys) as bot:
            until(lambda: "on_order_filled" in status(folder), "its strategy has told all")
            bot.tell(signal.SIGTERM)
            ended = bot.end()
        assert ended.code == 0, ended.err
        assert "ValueError: key (hidden)" in ended.err
        assert_it_tells_nothing(folder, ended)
        with a_bot(folder, *loud, "--for", "1s", "--set", f"logging.file={tmp_path / 'run.log'}", **keys) as bot:
            ended = bot.end()
        assert (ended.code, ended.err) == (0, "")
        assert "run_started" in (tmp_path / "run.log").read_text()
        assert_it_tells_nothing(folder, ended)


def assert_it_tells_nothing(folder: Path, ended: Ran) -> None:
    written = {path.name: path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file()}
    assert {"status.json", "journal.sqlite3", "world.json", "executor.json", "risk.json"} <= set(written)
    said = {"stdout": ended.out, "stderr": ended.err, **written}
    telling = {
        name
        for name, text in said.items()
        if API_KEY in text or API_SECRET in text or re.search(r"signature[\"'=: ]+[0-9a-f]{16}", text)
    }
    assert telling == set()


# --- how it goes on --------------------------------------------------------------------------------------------------

HOLDS = """
from yunmin.strategy.builtin.ema_crossover import EmaCrossover


class Holds(EmaCrossover):
    def should_long(self):
        return True

    def should_exit(self):
        return False
"""


def test_positions_and_their_stops_are_there_again_after_a_kill_and_after_an_end(tmp_path: Path) -> None:
    parameters = "{fast: 1, slow: 2, fraction: 0.01, stop_loss: 0.05}"
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, HOLDS, "BTC/USDT", "ETH/USDT", parameters=parameters)
        with a_bot(folder, "--json") as bot:
            for _ in range(2):
                bot.hear("order_completed", state="FILLED")
            bot.tell(signal.SIGKILL)
            bot.end()
        with a_bot(folder, "--json") as bot:
            until(lambda: len(open_orders(url)) == 2, "both positions have their stops")
            bot.hear("run_started")
            bot.tell(signal.SIGTERM)
            assert bot.end().code == 0
        routes, stops = routes_of(folder), open_orders(url)
        assert all(qty > 0 and stop > 0 for qty, stop in routes.values())
        with a_bot(folder, "--json", "--for", "2s") as bot:
            assert bot.end().code == 0, bot.said
        assert (routes_of(folder), open_orders(url)) == (routes, stops)
        assert sorted(order["order_type"] for order in ledger(url)["orders"]) == 2 * ["MARKET"] + 2 * [
            "STOP_LOSS_LIMIT"
        ]
        refused = command(folder, "run", "--testnet", "--json")
    assert refused.code == 3
    assert "has the books of binance local" in refused.error["message"]


def routes_of(folder: Path) -> dict[str, tuple[Decimal, Decimal]]:
    routes = command(folder, "status", "--json").json["status"]["routes"]
    return {route["symbol"]: (Decimal(route["qty"]), Decimal(route["stop"])) for route in routes}
