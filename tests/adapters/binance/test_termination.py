"""A program that is told to end, while an order is on its way."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.adapters.binance.venue.conftest import UNLIMITED
from yunmin.clock import SystemClock
from yunmin.core.data_contracts import OrderRequest, OrderState, SubmitResult, Verdict
from yunmin.exchange import ConnectionWish
from yunmin.execution import Account, OrderJournal, open_account
from yunmin.execution.gate import PauseReason
from yunmin_binance.venue import LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.chaos import Delay, Drop, Ending, Rule

PROGRAM = """
import asyncio, sys
from yunmin.core.data_contracts import OrderRequest
from yunmin.exchange import ConnectionWish
from yunmin.execution import open_account

async def main(url, folder):
    async with open_account("binance", folder=folder, wish=ConnectionWish(base_url=url)) as account:
        terms = {"symbol": "BNB/USDT", "side": "BUY", "order_type": "LIMIT", "qty": "1", "price": "300"}
        account.begin(OrderRequest(**terms, client_order_id="ym-1"))
        print("sent", flush=True)
        await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
async def test_P17_a_program_that_is_told_to_end_writes_down_what_became_of_its_order(
    tmp_path: Path, told: signal.Signals
) -> None:
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE, limits=UNLIMITED)) as venue:
        venue.chaos.add(Rule(where="POST /api/v3/order", fault=Delay(seconds=0.5)))
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, venue.url, str(tmp_path / "account"),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert program.stdout is not None
        assert await program.stdout.readline() == b"sent\n"
        os.kill(program.pid, told)
        await program.communicate()
        [there] = venue.ledger_report(LOCAL_ACCOUNT).orders
    assert there.state is OrderState.OPEN
    with OrderJournal.open(tmp_path / "account", clock=SystemClock()) as journal:
        [result] = [entry for _, _, entry in journal.entries() if isinstance(entry, SubmitResult)]
        assert result.verdict is Verdict.ACCEPTED
        order = journal.recover().get_order("ym-1")
        assert order is not None
        assert (order.state, order.exchange_order_id) == (OrderState.OPEN, str(there.order_id))


async def test_P17_who_is_told_twice_waits_for_no_answer_and_what_has_none_is_unknown(tmp_path: Path) -> None:
    opened: list[Account] = []

    async def program(url: str) -> None:
        wish = ConnectionWish(base_url=url, timeout=100)
        async with open_account("binance", folder=tmp_path / "account", wish=wish) as account:
            account.begin(
                OrderRequest(symbol="BNB/USDT", side="BUY", order_type="LIMIT", qty="1", price="300",
                             client_order_id="ym-1")
            )  # fmt: skip
            opened.append(account)
            await asyncio.Event().wait()

    clock = SystemClock()
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE, limits=UNLIMITED)) as venue:
        venue.chaos.add(Rule(where="POST /api/v3/order", fault=Drop(ending=Ending.SILENCE)))
        running = asyncio.create_task(program(venue.url))
        while not venue.ledger_report(LOCAL_ACCOUNT).orders:
            await clock.sleep(0.01)
        running.cancel()
        while PauseReason.CLOSING not in opened[0].pause_reasons:
            await clock.sleep(0.01)
        assert not running.done()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    with OrderJournal.open(tmp_path / "account", clock=clock) as journal:
        [result] = [entry for _, _, entry in journal.entries() if isinstance(entry, SubmitResult)]
        assert result.verdict is Verdict.UNKNOWN
        assert "(CancelledError)" in (result.message or "")  # and no Timeout
