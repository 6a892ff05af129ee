"""The table at the end: everything that matters is on it, no digit is cut, and a difference cannot be overlooked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.a_run import SYMBOL, a_run, a_venue
from tests.engine.report.test_run_report import a_day
from yunmin.cli.run_report_view import report_as_json, show_report
from yunmin.engine.report.ledger_check import LedgerCheck
from yunmin.engine.report.run_report import RunReport
from yunmin_binance.venue import LOCAL_ACCOUNT


async def a_report(folder: Path, *, by_hand: bool = False) -> tuple[RunReport, LedgerCheck]:
    async with a_venue() as venue, a_run(venue, folder) as run:
        opening, begin = await run.opening(), run.ledger()
        await a_day(run)
        if by_hand:
            venue.place_as(LOCAL_ACCOUNT, "BNBUSDT", "BUY", "LIMIT", quantity="1", price="200")
        run.risk.update_equity("99990.5")
        return run.report(opening), run.check(opening, begin, run.ledger())


async def test_it_is_plain_text_where_nobody_looks_from_a_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, check = await a_report(tmp_path / "a")
    show_report(report, check)
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    for expected in (
        "1 OPEN, 2 FILLED, 1 CANCELLED, 1 REJECTED",
        "100000 -> 99990.5 USDT  (-9.5)",
        "0.001122 BNB, 0.12222 USDT",
        SYMBOL,
        "4 orders, 5 fills",
        "Both say the same, to the last digit.",
    ):
        assert expected in shown


async def test_what_differs_is_a_table_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report, check = await a_report(tmp_path / "a", by_hand=True)
    show_report(report, check)
    shown = capsys.readouterr().out
    assert "1 DIFFERENCES" in shown
    assert "not known" in shown
    assert "Both say the same" not in shown


async def test_in_json_every_figure_is_text_and_the_comparison_stands_beside_it(tmp_path: Path) -> None:
    report, check = await a_report(tmp_path / "a")
    told = json.loads(json.dumps(report_as_json(report, check)))
    assert (told["equity_change"], told["ledger"]["is_equal"]) == ("-9.5", True)
    assert told["ledger"]["pnl_ours"] == told["ledger"]["pnl_theirs"]
    assert told["gains"][0]["net"] == told["ledger"]["pnl_ours"]
    assert report_as_json(report)["ledger"] is None
