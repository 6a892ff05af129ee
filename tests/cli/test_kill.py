"""`yunmin kill` and `yunmin order resolve`: what a person can do from outside, whatever the program is doing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.execution.world import a_buy
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderRequest, SubmitResult, Verdict
from yunmin.errors import SubmitsPaused
from yunmin.exchange import ConnectionWish
from yunmin.execution.gate import PauseReason
from yunmin.execution.opening import open_account
from yunmin.execution.order_journal import OrderJournal, PlaceIntent
from yunmin.testing.verify.forked_venue import ask_venue
from yunmin_binance.venue import LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig

HANGING_PROGRAM = """
import asyncio, sys
from yunmin.core.data_contracts import OrderRequest
from yunmin.exchange import ConnectionWish
from yunmin.execution.opening import open_account

def order(price):
    return OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price=str(price))

def hang(event):
    print("hanging", flush=True)
    while True:
        pass

async def main(folder, url):
    async with open_account("binance", folder=folder, wish=ConnectionWish(base_url=url)) as account:
        for number in range(20):
            await account.place(order(300 + number))
        account.listen(hang)
        await account.place(order(299))

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A venue of the test's own, in a thread: nobody else's orders are on it, and nobody quotes."""
    ready, found = threading.Event(), dict[str, Any]()

    async def serve() -> None:
        async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE)) as venue:
            found.update(url=venue.url, loop=asyncio.get_running_loop(), stop=asyncio.Event())
            ready.set()
            await found["stop"].wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert ready.wait(30)
    yield found["url"]
    found["loop"].call_soon_threadsafe(found["stop"].set)
    thread.join(10)


def open_orders(url: str) -> set[str]:
    orders = ask_venue(url, f"/venue/ledger?account={LOCAL_ACCOUNT}")["orders"]
    return {one["client_order_id"] for one in orders if one["state"] in ("OPEN", "PARTIALLY_FILLED")}


def by_hand(url: str, name: str) -> None:
    body = {"account": LOCAL_ACCOUNT, "symbol": "BNBUSDT", "side": "BUY", "type": "LIMIT",
            "quantity": "1", "price": "250", "client_order_id": name}  # fmt: skip
    ask_venue(url, "/venue/orders", method="POST", body=body)


async def place(folder: Path, url: str, *names: str) -> None:
    """Orders of ours, left open by a program that has ended."""
    async with open_account("binance", folder=folder, wish=ConnectionWish(base_url=url)) as account:
        for name in names:
            await account.place(
                OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price="300",
                             client_order_id=name)
            )  # fmt: skip


async def held_by(folder: Path, url: str) -> set[PauseReason]:
    """Why the account takes no orders when its program is started again; an order is tried, too."""
    async with open_account("binance", folder=folder, wish=ConnectionWish(base_url=url)) as account:
        if account.takes_orders:
            await account.place(OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price="300"))
            return set()
        with pytest.raises(SubmitsPaused):
            account.begin(OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price="300"))
        return set(account.pause_reasons)


def test_P18_a_program_that_hangs_is_stopped_from_outside_and_stays_stopped(
    yunmin: Run, url: str, tmp_path: Path
) -> None:
    folder = tmp_path / "account"
    program = subprocess.Popen(
        [sys.executable, "-c", HANGING_PROGRAM, str(folder), url], stdout=subprocess.PIPE, text=True
    )
    try:
        assert program.stdout is not None
        assert program.stdout.readline() == "hanging\n"
        assert len(open_orders(url)) == 20
        killed = yunmin("kill", str(folder), "--json", "--url", url)
        assert killed.code == 0, killed.err
        assert killed.json["is_flat"]
        assert len(killed.json["cancelled"]) == 20
        assert killed.json["seconds"] < 10  # two on a machine that has nothing else to do
        assert open_orders(url) == set()
        assert program.poll() is None  # it hangs to this moment
    finally:
        program.kill()
        program.communicate()
    assert asyncio.run(held_by(folder, url)) == {PauseReason.KILLED}
    assert open_orders(url) == set()
    assert yunmin("kill", str(folder), "--lift", "--json").json == {"lifted": True}
    assert asyncio.run(held_by(folder, url)) == set()
    assert len(open_orders(url)) == 1


def test_orders_of_somebody_else_are_left_alone_unless_everything_is_meant(
    yunmin: Run, url: str, tmp_path: Path
) -> None:
    asyncio.run(place(tmp_path, url, "ym-1", "a-name-of-our-own"))
    by_hand(url, "by-hand")
    killed = yunmin("kill", str(tmp_path), "--json", "--url", url, "--why", "the news").json
    assert set(killed["cancelled"]) == {"ym-1", "a-name-of-our-own"}
    assert killed["not_ours"] == ["by-hand"]
    assert open_orders(url) == {"by-hand"}
    assert Path(killed["switch"]).read_text() == "the news"
    assert yunmin("kill", str(tmp_path), "--json", "--url", url, "--everything").json["cancelled"] == ["by-hand"]
    assert open_orders(url) == set()


def test_it_says_in_words_what_it_did_and_how_to_take_it_back(yunmin: Run, url: str, tmp_path: Path) -> None:
    asyncio.run(place(tmp_path, url, "ym-1"))
    killed = yunmin("kill", str(tmp_path), "--url", url)
    assert killed.code == 0
    assert "cancelled 1; left alone 0" in killed.out
    assert f"yunmin kill {tmp_path} --lift" in killed.out
    assert "may trade again" in yunmin("kill", str(tmp_path), "--lift").out
    assert "was not stopped" in yunmin("kill", str(tmp_path), "--lift").out


def test_where_the_exchange_does_not_answer_the_switch_is_pulled_all_the_same(yunmin: Run, tmp_path: Path) -> None:
    killed = yunmin("kill", str(tmp_path), "--json", "--url", "http://127.0.0.1:9")
    assert killed.code == 5
    assert killed.error["error"] == "Unavailable"
    assert "the open orders were NOT cancelled" in killed.error["message"]
    assert (tmp_path / "KILL").exists()


def test_where_something_stays_open_it_says_so_and_ends_with_one(yunmin: Run, url: str, tmp_path: Path) -> None:
    asyncio.run(place(tmp_path, url, "ym-1"))
    ask_venue(url, "/venue/symbols", method="POST", body={"symbol": "BNBUSDT", "status": "HALT"})  # no cancels either
    killed = yunmin("kill", str(tmp_path), "--url", url, "--within", "1")
    assert killed.code == 1
    assert "STILL OPEN: ym-1" in killed.err


# --- yunmin order resolve --------------------------------------------------------------------------------------------


@pytest.fixture
def in_doubt(tmp_path: Path) -> Path:
    """An account with an order whose outcome nobody knows."""
    clock = SystemClock()
    with OrderJournal.open(tmp_path / "account", clock=clock) as journal:
        journal.intend(PlaceIntent(request=a_buy("ym-1"), created_at=clock.now()))
        journal.record(SubmitResult(client_order_id="ym-1", verdict=Verdict.UNKNOWN))
    return tmp_path / "account"


def test_a_person_says_what_became_of_an_order_and_it_is_kept(yunmin: Run, in_doubt: Path) -> None:
    told = yunmin("order", "resolve", str(in_doubt), "ym-1", "--as", "not_placed", "--why", "I looked", "--json")
    assert (told.code, told.json["state"]) == (0, "FAILED")
    replayed = yunmin("journal", "show", str(in_doubt), "--order", "ym-1").out
    assert "I looked" in replayed
    again = yunmin("order", "resolve", str(in_doubt), "ym-1", "--as", "not_placed", "--why", "once more", "--json")
    assert (again.code, again.error["error"]) == (1, "LifecycleError")


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("ym-1", "--as", "FILLED", "--why", "w"), 2, "InvalidValue"),
        (("ym-9", "--as", "CANCELLED", "--why", "w"), 1, "LifecycleError"),
    ],
    ids=["a word that is none", "an order that is not there"],
)
def test_what_cannot_be_said_changes_nothing(
    yunmin: Run, in_doubt: Path, words: tuple[str, ...], code: int, error: str
) -> None:
    told = yunmin("order", "resolve", str(in_doubt), *words, "--json")
    assert (told.code, told.error["error"]) == (code, error)
    with OrderJournal.open(in_doubt, clock=SystemClock()) as journal:
        order = journal.recover().get_order("ym-1")
        assert order is not None
        assert order.is_open


def test_while_the_account_runs_nothing_is_resolved(yunmin: Run, in_doubt: Path) -> None:
    with OrderJournal.open(in_doubt, clock=SystemClock()):
        told = yunmin("order", "resolve", str(in_doubt), "ym-1", "--as", "CANCELLED", "--why", "w", "--json")
    assert (told.code, told.error["error"]) == (3, "JournalBusy")
