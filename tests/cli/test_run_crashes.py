"""`yunmin run`, killed as `kill -9` does in the middle of its orders, and started again."""

from __future__ import annotations

import signal
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cli.a_bot import EVERY_CANDLE, a_bot, a_moving_venue, command, held_there, ledger, until, working_folder
from yunmin.core.data_contracts.enums import Certainty
from yunmin.execution.account_books import read_books
from yunmin.execution.crash_points import VARIABLE

NOW = "now"
"""At any moment: when the log told of a third order."""


ROUTES = ("BTC/USDT", "ETH/USDT", "BNB/USDT", "SOL/USDT")


def live_and_die(folder: Path, place: str) -> None:
    with a_bot(folder, **({} if place == NOW else {VARIABLE: place})) as bot:
        if place == NOW:
            for _ in range(3):
                bot.hear("order_submitted")
            bot.tell(signal.SIGKILL)
        assert bot.end().code == -signal.SIGKILL, bot.said


def all_is_certain(folder: Path) -> bool:
    orders = read_books(folder / "accounts" / "main").tracker.get_orders()
    return all(order.certainty is Certainty.CONFIRMED for order in orders)


def live_on(folder: Path) -> None:
    """A life in which it trades, and ends in order."""
    with a_bot(folder, "--json") as bot:
        for _ in ROUTES:
            bot.hear("order_completed", state="FILLED")
        until(lambda: all_is_certain(folder), "every order's end is known")
        bot.tell(signal.SIGTERM)
        ended = bot.end()
    assert ended.code == 0, ended.err
    assert ended.json["books_complete"] is True


def assert_its_books_are_the_venues(folder: Path, url: str) -> None:
    account = folder / "accounts" / "main"
    told = command(folder, "orders", str(account), "--all", "--json").json["orders"]
    ours = {order["client_order_id"]: order for order in told}
    assert len(ours) == len(told)
    assert {order["origin"] for order in told} == {"OWN"}, "an order was found there that nobody here meant to send"
    assert {order["certainty"] for order in told} == {"CONFIRMED"}
    theirs = ledger(url)["orders"]
    times = Counter(order["client_order_id"] for order in theirs)
    assert set(times.values()) == {1}, "an order was doubled"
    never_there = {name for name, order in ours.items() if order["state"] in ("FAILED", "REJECTED")}
    assert set(times) == set(ours) - never_there, "an order was lost"
    for order in theirs:
        known = ours[order["client_order_id"]]
        assert (known["state"], Decimal(known["filled_qty"])) == (order["state"], Decimal(order["filled"]))
    positions = command(folder, "positions", str(account), "--json").json["positions"]
    held = {position["symbol"].replace("/", ""): Decimal(position["qty"]) for position in positions}
    assert held == held_there(url)


@pytest.mark.parametrize(
    "deaths",
    [
        ("after_answer:3", "after_intent_durable:3", "before_send:1"),
        ("after_record_write_before_commit:16", NOW),
    ],
    ids=["around the sending", "around what was heard"],
)
def test_P6_killed_in_mid_order_again_and_again_it_has_the_same_positions_and_no_order_twice(
    tmp_path: Path, deaths: tuple[str, ...]
) -> None:
    with a_moving_venue() as url:
        folder = working_folder(tmp_path, url, EVERY_CANDLE, *ROUTES)
        sent = 0
        for place in deaths:
            live_and_die(folder, place)
            known = {order.client_order_id for order in read_books(folder / "accounts" / "main").tracker.get_orders()}
            there = {order["client_order_id"] for order in ledger(url)["orders"]}
            assert there <= known, "an order left that was not written down before"
            assert len(known) > sent
            sent = len(known)
        live_on(folder)
        assert_its_books_are_the_venues(folder, url)
