"""`yunmin status`: how a run does, whether there is one, and what it left."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from yunmin.cli.connection import JsonOption
from yunmin.cli.endless import run_until_ended
from yunmin.cli.outcome import Exit, emit_json, run_plainly, showing
from yunmin.cli.run_folder import RunFolderArgument, run_folder
from yunmin.clock import SystemClock
from yunmin.errors import JournalError

if TYPE_CHECKING:
    from yunmin.engine.status.run_look import RunLook
    from yunmin.execution.account_books import AccountBooks

__all__ = ["status"]

_EVERY: Final = 0.5
_MOMENTS: Final = {"at", "written_at"}
"""What alone is no change."""


def status(
    folder: RunFolderArgument = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until Ctrl-C: redrawn on a terminal, elsewhere a line per change.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """How a run does: routes, positions, orders, equity, what is not certain. Asks no exchange and changes nothing.

    It shows the status that the run writes each second. Where the run has died, it shows what its journal knows, and
    ends with exit code 1.
    """
    if watch:
        run_until_ended(_watch(folder, as_json=as_json), as_json=as_json)
        return

    def work() -> None:
        from yunmin.engine.status.run_look import Standing, look_at

        look = look_at(run_folder(folder), SystemClock())
        books = _books(look)
        if as_json:
            emit_json(_as_json(look, books))
        else:
            _show(look, books)
        if look.standing is Standing.GONE:
            raise typer.Exit(Exit.CHECK_FAILED)

    run_plainly(work, as_json=as_json)


async def _watch(folder: Path | None, *, as_json: bool) -> None:
    if as_json or not sys.stdout.isatty():
        await _tell_changes(run_folder(folder), as_json=as_json)
    else:
        await _redraw(run_folder(folder))


async def _tell_changes(folder: Path, *, as_json: bool) -> None:
    from yunmin.cli.run_views import as_line
    from yunmin.engine.status.run_look import look_at

    clock, told = SystemClock(), None
    while True:
        look = look_at(folder, clock)
        now = (look.standing, None if look.status is None else look.status.model_dump(exclude=_MOMENTS))
        if now != told:
            line = json.dumps(_as_json(look, _books(look)), default=str) if as_json else as_line(look)
            with showing():
                sys.stdout.write(line + "\n")
            told = now
        await clock.sleep(_EVERY)


async def _redraw(folder: Path) -> None:
    from rich.console import Console, Group
    from rich.live import Live

    from yunmin.engine.status.run_look import look_at

    clock = SystemClock()
    with Live(console=Console(highlight=False), auto_refresh=False) as screen:
        while True:
            look = look_at(folder, clock)
            screen.update(Group(*_blocks(look, _books(look))), refresh=True)
            await clock.sleep(_EVERY)


def _books(look: RunLook) -> AccountBooks | None:
    """What the journal knows, where the run does not say it itself."""
    from yunmin.engine.status.run_look import Standing
    from yunmin.execution.account_books import read_books

    if look.standing not in (Standing.NEVER, Standing.GONE):
        return None
    try:
        return read_books(look.folder)
    except JournalError:
        if look.status is None:
            raise
        return None


def _show(look: RunLook, books: AccountBooks | None) -> None:
    from rich.console import Console, Group

    with showing():
        # as wide as needed where it is piped: a cell that is cut cannot be copied
        console = Console(highlight=False, width=None if sys.stdout.isatty() else 1000)
        console.print(Group(*_blocks(look, books)), crop=False)


def _blocks(look: RunLook, books: AccountBooks | None) -> list[Any]:
    from rich.text import Text

    from yunmin.cli.run_views import books_blocks, standing_in_words, status_blocks

    if look.standing == "GONE":
        told = Text(f"{standing_in_words(look)}. ", style="bold red").append(
            "What its journal knows stands below. Start it again: it reconciles with the exchange first.\n"
        )
        return [told, *(books_blocks(look.folder, books) if books else status_blocks(look))]
    if look.status is None:
        return [Text(standing_in_words(look)), *(books_blocks(look.folder, books) if books else [])]
    return status_blocks(look)


def _as_json(look: RunLook, books: AccountBooks | None) -> dict[str, Any]:
    from yunmin.cli.run_views import books_as_json, standing_in_words

    return {
        "folder": str(look.folder),
        "standing": look.standing,
        "means": standing_in_words(look),
        "age_seconds": None if look.age is None else look.age.total_seconds(),
        "status": None if look.status is None else look.status.model_dump(mode="json"),
        "journal": None if books is None else books_as_json(books),
    }
