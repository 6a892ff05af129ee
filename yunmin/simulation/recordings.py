"""Recorded market data from parquet or CSV files: the cells that candles and trades have in common."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Final

from yunmin.clock import from_millis
from yunmin.core.data_contracts.money import to_decimal
from yunmin.errors import ConfigurationError
from yunmin.simulation.units import DECIMALS

__all__ = ["Row", "as_exact", "as_moment", "read_rows"]

_TIME_COLUMNS: Final = ("timestamp", "date")

# an integer time is told by its size: 10**11 s is the year 5138, 10**11 ms is 1973, and so on for finer units
_INTEGER_TIMES: Final = ((10**11, 1000, 1), (10**14, 1, 1), (10**17, 1, 1000), (10**20, 1, 1_000_000))

_LONGEST_TIME: Final = 20
"""Digits of the largest of them."""

Row = tuple[object, ...]


def read_rows(path: Path, what: str, columns: Sequence[Sequence[str]]) -> list[Row]:
    """Rows of `timestamp` or `date`, then of the first of each of `columns`' names that is there, as they stand.

    `what` names the data in messages. Raises ConfigurationError for a file that cannot be read, or a missing column.
    """
    if path.suffix.lower() == ".csv":
        names, rows = _from_csv(path, what)
    else:
        names, rows = _from_parquet(path, what, columns)
    wanted = [names.index(name) for name in _chosen(path, names, columns)]
    if not rows:
        raise ConfigurationError(f"{path.name}: no {what}")
    return [tuple(row[index] for index in wanted) for row in rows]


def _chosen(path: Path, names: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """The column of the time, then the first of each of `columns`' that is there."""
    found = [next((name for name in among if name in names), None) for among in columns]
    missing = [among[0] for among, name in zip(columns, found, strict=True) if name is None]
    if missing:
        raise ConfigurationError(f"{path.name}: missing columns: {', '.join(missing)}")
    time_column = next((name for name in _TIME_COLUMNS if name in names), None)
    if time_column is None:
        raise ConfigurationError(f"{path.name}: no column named {' or '.join(_TIME_COLUMNS)}")
    return [time_column, *(name for name in found if name is not None)]


def _from_parquet(path: Path, what: str, columns: Sequence[Sequence[str]]) -> tuple[list[str], list[Row]]:
    polars = _polars(what)
    try:
        frame = polars.read_parquet(path)
    except (OSError, polars.exceptions.PolarsError) as error:
        raise ConfigurationError(f"cannot read {what} from {path.name}: {type(error).__name__}") from error
    names = _chosen(path, frame.columns, columns)
    return names, frame.select(names).rows()


def _from_csv(path: Path, what: str) -> tuple[list[str], list[Row]]:
    """All cells as text: no package is needed, and no digit is lost."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            names, *rows = [row for row in csv.reader(file, strict=True) if row] or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"cannot read {what} from {path.name}: {type(error).__name__}") from error
    wrong = next((number for number, row in enumerate(rows) if len(row) != len(names)), None)
    if wrong is not None:
        raise ConfigurationError(f"{path.name}: row {wrong}: {len(rows[wrong])} cells under {len(names)} names")
    return names, [tuple(row) for row in rows]


def as_exact(cell: object) -> Decimal:
    """The cell rounded to eight decimals: floats in such files carry noise beyond them. InvalidValue for no number."""
    if isinstance(cell, str):
        cell = to_decimal(cell)
    return to_decimal(f"{cell:.{DECIMALS}f}" if isinstance(cell, float | Decimal) else cell)


def as_moment(cell: object) -> datetime:
    """A datetime (naive means UTC), or an integer of seconds, milliseconds, microseconds or nanoseconds.

    Text may be either: ISO 8601, or digits. Raises ValueError for anything else.
    """
    if isinstance(cell, str):
        cell = int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST_TIME else _from_iso(cell)
    if isinstance(cell, datetime):
        return cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC)
    if type(cell) is int:
        for below, times, over in _INTEGER_TIMES:
            if 0 <= cell < below:
                return from_millis(cell * times // over)
    raise ValueError(f"not a time: {type(cell).__name__}")


def _from_iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("not a time") from None


def _polars(what: str) -> ModuleType:
    try:
        import polars
    except ImportError as error:
        raise ConfigurationError(f"reading {what} needs polars: pip install 'yunmin[data]'") from error
    module: ModuleType = polars
    return module
