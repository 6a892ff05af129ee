"""The table at the end of a run, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import typer

from yunmin.cli.outcome import showing
from yunmin.cli.run_views import POSITION_COLUMNS, age_in_words, number, position_cells
from yunmin.cli.tables import show_pairs, show_table
from yunmin.core.data_contracts.money import plain

if TYPE_CHECKING:
    from decimal import Decimal

    from yunmin.engine.report.ledger_check import LedgerCheck
    from yunmin.engine.report.run_report import RunReport

__all__ = ["report_as_json", "show_report"]


def show_report(report: RunReport, check: LedgerCheck | None = None) -> None:
    """Print it; with `check` where the venue's own ledger was there to be compared with."""
    length = age_in_words(report.ended_at - report.started_at)
    change = "" if report.equity_change is None else f"  ({_signed(report.equity_change)})"
    facts: list[tuple[str, object]] = [
        ("ended", report.why),
        ("time", f"{report.started_at:%Y-%m-%d %H:%M:%S} to {report.ended_at:%Y-%m-%d %H:%M:%S}, {length}"),
        ("orders", _counted(report.orders) or "none"),
        ("fills", report.fills),
        ("fees", _amounts(report.fees) + ("" if report.fees_complete else " and more that is not known")),
        (
            "equity",
            f"{number(report.equity_start)} -> {number(report.equity_end)} {report.currency}{change}",
        ),
    ]
    if report.uncertain:
        facts.append(("NOT CERTAIN", ", ".join(report.uncertain)))
    show_pairs(f"The run: {report.world}", facts)
    if report.positions:
        show_table("Positions", POSITION_COLUMNS, map(position_cells, report.positions))
    if report.gains:
        rows = [
            (each.quote_asset, *map(_signed, (each.realised, each.unrealised)), number(each.fees), _signed(each.net))
            for each in report.gains
        ]
        show_table("Made", ("in", "realised", "unrealised", "fees", "net"), rows)
    if check is not None:
        _show_check(check)


def report_as_json(report: RunReport, check: LedgerCheck | None = None) -> dict[str, Any]:
    """The same, every figure as text with all its digits; `ledger` is None where there was none to compare with."""
    gains = [gain.model_dump(mode="json") | {"net": _plain(gain.net)} for gain in report.gains]
    return report.model_dump(mode="json") | {
        "gains": gains,
        "equity_change": _plain(report.equity_change),
        "ledger": None if check is None else check.model_dump(mode="json") | {"is_equal": check.is_equal},
    }


def _show_check(check: LedgerCheck) -> None:
    compared = f"{check.orders} orders, {check.fills} fills, {check.assets} balances"
    facts: list[tuple[str, object]] = [
        ("compared", compared),
        ("made, ours", f"{_signed(check.pnl_ours)} {check.currency}" if not check.pnl_note else check.pnl_note),
    ]
    if not check.pnl_note:
        facts.append(("made, theirs", f"{_signed(check.pnl_theirs)} {check.currency}"))
    if check.forgotten:
        facts.append(("not compared", f"{check.forgotten} orders that are older than the tracker remembers"))
    show_pairs("Our books and the venue's own ledger", facts)
    if check.is_equal:
        with showing():
            typer.echo("Both say the same, to the last digit.")
        return
    rows = [(each.subject, each.what, each.ours, each.theirs) for each in check.differences]
    show_table(f"{len(rows)} DIFFERENCES", ("what", "in", "ours", "theirs"), rows)


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _signed(value: Decimal | None) -> str:
    text = number(value)
    return f"+{text}" if value is not None and value > 0 else text


def _amounts(amounts: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{number(amount)} {asset}" for asset, amount in amounts.items()) or "none"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
