"""`yunmin journal verify | replay | show | repair`: looking at what an account has written down."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunmin.cli.connection import JsonOption
from yunmin.cli.outcome import Exit, emit_json, run_plainly, showing
from yunmin.cli.tables import show_pairs, show_table

if TYPE_CHECKING:
    from yunmin.core.order_tracker import InFlightOrder
    from yunmin.execution.order_journal import Entry

__all__ = ["journal"]

journal = typer.Typer(help="What an account has written down.", no_args_is_help=True, rich_markup_mode=None)

FolderArgument = Annotated[Path, typer.Argument(help="The account's folder, the one that has journal.sqlite3 in it.")]


@journal.callback()
def _group() -> None:
    """What an account has written down: its journal."""


@journal.command("verify")
def verify(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Check every checksum, every record, every snapshot and the replay. Changes nothing; exit code 1: damaged."""

    def work() -> None:
        from yunmin.execution.journal_verify import verify_journal

        report = verify_journal(folder)
        if as_json:
            emit_json(report._asdict())
        else:
            facts = [(name.replace("_", " "), value) for name, value in report._asdict().items() if name != "problems"]
            show_pairs("Journal", facts)
            with showing():
                for problem in report.problems:
                    typer.echo(f"  PROBLEM  {problem}")
                typer.echo("\nDamaged: `yunmin journal repair`." if report.problems else "\nAll of it is intact.")
        if report.problems:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


@journal.command("replay")
def replay(
    folder: FolderArgument,
    upto: Annotated[int | None, typer.Option("--upto", min=0, help="Stop after the record of this number.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The orders as they come out of the journal, from its first record on. Asks no exchange and changes nothing."""

    def work() -> None:
        from yunmin.core.tracker_state import digest
        from yunmin.execution.journal_verify import replay as replayed

        last, tracker = replayed(folder, upto)
        orders = [*tracker.get_open_orders(), *tracker.get_order_history(limit=1_000_000)]
        if as_json:
            found = {"last_seq": last, "digest": digest(tracker), "orders": [_order(each) for each in orders]}
            emit_json(found)
            return
        columns = list(_order(orders[0])) if orders else ["no orders"]
        show_table(f"Orders after record {last}", columns, [list(_order(each).values()) for each in orders])

    run_plainly(work, as_json=as_json)


@journal.command("show")
def show(
    folder: FolderArgument,
    since: Annotated[int, typer.Option("--since", min=0, help="Only records after this number.")] = 0,
    last: Annotated[int, typer.Option("--last", min=1, help="No more than so many, the newest.")] = 50,
    order: Annotated[str | None, typer.Option("--order", help="Only those that name this client order id.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The records themselves, as they were written."""

    def work() -> None:
        from yunmin.execution.journal_verify import entries_in

        found = ((seq, at, entry) for seq, at, entry in entries_in(folder, since) if _names(entry, order))
        newest = deque(found, maxlen=last)
        if as_json:
            emit_json(
                [
                    {"seq": seq, "at": at.isoformat(), "kind": type(entry).__name__, "entry": _content(entry)}
                    for seq, at, entry in newest
                ]
            )
            return
        rows = [(seq, at.isoformat(), type(entry).__name__, _in_short(entry)) for seq, at, entry in newest]
        show_table("Journal", ["seq", "at", "kind", "entry"], rows)

    run_plainly(work, as_json=as_json)


@journal.command("repair")
def repair(folder: FolderArgument, as_json: JsonOption = False) -> None:
    """Put a damaged journal right as far as that can be. Keeps a copy of it, and says what is lost.

    Afterwards the account must reconcile with the exchange before it sends anything; it does so when it opens.
    """

    def work() -> None:
        from yunmin.clock import SystemClock
        from yunmin.execution.journal_repair import repair_journal

        report = repair_journal(folder, clock=SystemClock())
        if as_json:
            emit_json(report._asdict())
            return
        with showing():
            if report.copy is None:
                typer.echo(f"{report.path} is intact: {report.kept} records. Nothing was changed.")
                return
            typer.echo(f"{report.path} has {report.kept} records again. The files as they were: {report.copy}")
            numbers = ", ".join(map(str, report.lost[:20])) + (" …" if len(report.lost) > 20 else "")
            typer.echo(f"Lost: {len(report.lost)} records{': ' + numbers if numbers else ''}.")
            typer.echo("What they said must come from the exchange: the account reconciles when it opens.")

    run_plainly(work, as_json=as_json)


def _order(order: InFlightOrder) -> dict[str, Any]:
    snapshot = order.snapshot()
    return {
        "client_order_id": snapshot.client_order_id,
        "exchange_order_id": snapshot.exchange_order_id,
        "symbol": snapshot.symbol,
        "side": str(snapshot.side),
        "type": str(snapshot.order_type),
        "qty": snapshot.qty,
        "price": snapshot.price,
        "state": str(snapshot.state),
        "certainty": str(snapshot.certainty),
        "filled_qty": snapshot.filled_qty,
        "average_price": snapshot.average_price,
        "fills": len(order.fills),
    }


def _content(entry: Entry) -> dict[str, Any]:
    content: dict[str, Any] = entry.model_dump(mode="json", exclude_none=True)
    return content


def _in_short(entry: Entry) -> str:
    return " ".join(f"{name}={value}" for name, value in _content(entry).items() if value not in ("", [], {}))


def _names(entry: Entry, client_order_id: str | None) -> bool:
    if client_order_id is None:
        return True
    content = _content(entry)
    inner = [each for each in content.values() if isinstance(each, dict)]
    return any(each.get("client_order_id") == client_order_id for each in (content, *inner))
