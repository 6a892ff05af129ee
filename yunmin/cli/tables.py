"""What people read: tables and single things. Plain when piped, coloured on a terminal unless NO_COLOR says no."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from yunmin.cli.outcome import showing

__all__ = ["show_pairs", "show_table"]

_AS_WIDE_AS_NEEDED = 1000
"""Cells are never folded or cut: an id that is broken over two lines cannot be copied."""


def show_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under columns; numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    cells = [[_text(value) for value in row] for row in rows]
    for index, column in enumerate(columns):
        numeric = bool(cells) and all(_is_number(row[index]) for row in cells)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=True)
    for row in cells:
        table.add_row(*map(Text, row))
    with showing():
        Console(width=_AS_WIDE_AS_NEEDED).print(table, soft_wrap=False, crop=False)


def show_pairs(title: str, pairs: Iterable[tuple[str, object]]) -> None:
    """Print one thing, a line for each of its properties."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    with showing():
        console.print(Text(title, style="bold"))
        for name, value in pairs:
            console.print(Text(f"  {name:<16} ") + Text(_text(value), style="cyan"))


def _text(value: object) -> str:
    return "-" if value is None else str(value)


def _is_number(text: str) -> bool:
    return text == "-" or text.replace(".", "", 1).replace("-", "", 1).isdigit()
