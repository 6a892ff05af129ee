"""What people read: tables and single things. Plain when piped, coloured on a terminal unless NO_COLOR says no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from yunmin.cli.outcome import showing

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["pairs_of", "show_pairs", "show_table", "table_of"]

_AS_WIDE_AS_NEEDED = 1000
"""Cells are never folded or cut: an id that is broken over two lines cannot be copied."""


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under columns; numbers to the right."""
    from rich.console import Console

    table = table_of(title, columns, rows)
    with showing():
        Console(width=_AS_WIDE_AS_NEEDED).print(table, soft_wrap=False, crop=False)


def show_pairs(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """Print one thing, a line for each of its properties."""
    from rich.console import Console

    lines = pairs_of(title, pairs)
    with showing():
        Console(highlight=False, soft_wrap=True).print(lines)


def table_of(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Rows under columns, to be printed; numbers to the right."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    cells = [[_text(value) for value in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(_is_number(row[index]) for row in cells)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for row in cells:
        table.add_row(*map(Text, row))
    return table


def pairs_of(title: str, pairs: Iterable[tuple[str, object]]) -> Text:
    """One thing, a line for each of its properties, to be printed."""
    from rich.text import Text

    lines = [Text(title, style="bold")]
    lines += [Text(f"  {name:<16} ") + Text(_text(value), style="cyan") for name, value in pairs]
    return Text("\n").join(lines)


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(".", "", 1).replace("-", "", 1).isdigit()
