"""`yunmin positions` and `yunmin orders`: an account's own books, whether its program runs or not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yunmin.cli.connection import JsonOption
from yunmin.cli.outcome import emit_json, run_plainly, showing
from yunmin.cli.run_folder import RunFolderArgument, run_folder
from yunmin.cli.tables import show_table
from yunmin.clock import SystemClock
from yunmin.errors import ConfigurationError

if TYPE_CHECKING:
    from yunmin.engine.status.run_look import RunLook
    from yunmin.execution.account_books import AccountBooks

__all__ = ["orders", "positions"]


def positions(folder: RunFolderArgument = None, as_json: JsonOption = False) -> None:
    """What the account holds by its own books: its journal and what its executor kept. Asks no exchange.

    Works while its program runs, and when it does not. Prices are those that the run last saw.
    """

    def work() -> None:
        from yunmin.cli.run_views import POSITION_COLUMNS, position_cells
        from yunmin.engine.status.run_status import position_status

        place = run_folder(folder)
        look, books = _read(place)
        marks = _marks(look)
        held = [position_status(each, marks.get(symbol)) for symbol, each in books.positions.positions().items()]
        if as_json:
            emit_json(_about(place, look, books) | {"positions": [each.model_dump(mode="json") for each in held]})
            return
        show_table("Positions", POSITION_COLUMNS, map(position_cells, held))
        _say_where_from(place, look, books)

    run_plainly(work, as_json=as_json)


def orders(
    folder: RunFolderArgument = None,
    everything: Annotated[bool, typer.Option("--all", help="Orders that are done, too, as far as kept.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The open orders by the account's own books, and how certain each is. Asks no exchange.

    Works while the account's program runs, and when it does not. `yunmin order list` asks the exchange instead, and
    shows the orders of other programs on the same account, too.
    """

    def work() -> None:
        from yunmin.cli.run_views import ORDER_COLUMNS, order_cells
        from yunmin.engine.status.run_status import order_status

        place = run_folder(folder)
        look, books = _read(place)
        routes = {each.client_order_id: each.route for each in look.status.open_orders} if look and look.status else {}
        wanted = books.tracker.get_orders() if everything else books.tracker.get_open_orders()
        found = [order_status(each, routes.get(each.client_order_id)) for each in wanted]
        if as_json:
            emit_json(_about(place, look, books) | {"orders": [each.model_dump(mode="json") for each in found]})
            return
        title = f"{len(found)} {'' if everything else 'open '}order{'' if len(found) == 1 else 's'}"
        show_table(title, ORDER_COLUMNS, map(order_cells, found))
        _say_where_from(place, look, books)

    run_plainly(work, as_json=as_json)


def _read(folder: Path) -> tuple[RunLook | None, AccountBooks]:
    """The journal's word; what the run says of itself only adds to it, so a status that cannot be read is left out."""
    from yunmin.engine.status.run_look import look_at
    from yunmin.execution.account_books import read_books

    try:
        look = look_at(folder, SystemClock())
    except ConfigurationError:
        look = None
    return look, read_books(folder)


def _marks(look: RunLook | None) -> dict[str, Decimal]:
    if look is None or look.status is None:
        return {}
    return {each.symbol: each.mark_price for each in look.status.positions if each.mark_price is not None}


def _about(folder: Path, look: RunLook | None, books: AccountBooks) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "standing": None if look is None else look.standing,
        "seq": books.seq,
        "at": None if books.at is None else books.at.isoformat(),
        "age_seconds": _age(books),
    }


def _age(books: AccountBooks) -> float:
    return max(0.0, (SystemClock().now() - books.written_at).total_seconds())


def _say_where_from(folder: Path, look: RunLook | None, books: AccountBooks) -> None:
    from datetime import timedelta

    from yunmin.cli.run_views import age_in_words, standing_in_words

    age = age_in_words(timedelta(seconds=_age(books)))
    run = "its status cannot be read: yunmin status" if look is None else standing_in_words(look)
    with showing():
        typer.echo(f"From {folder}: record {books.seq} of its journal, last written {age} ago. The run: {run}.")
