"""Recorded market data from parquet files: the cells that candles and trades have in common."""

from __future__ import annotations

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

Row = tuple[object, ...]


def read_rows(path: Path, what: str, columns: Sequence[Sequence[str]]) -> list[Row]:
    """Rows of `timestamp` or `date`, then of the first of each of `columns`' names that is there, as they stand.

    `what` names the data in messages. Raises ConfigurationError for a file that cannot be read, or a missing column.
    """
    polars = _polars(what)
    try:
        frame = polars.read_parquet(path)
    except (OSError, polars.exceptions.PolarsError) as error:
        raise ConfigurationError(f"cannot read {what} from {path.name}: {type(error).__name__}") from error
    found = [next((name for name in names if name in frame.columns), None) for names in columns]
    missing = [names[0] for names, name in zip(columns, found, strict=True) if name is None]
    if missing:
        raise ConfigurationError(f"{path.name}: missing columns: {', '.join(missing)}")
    time_column = next((name for name in _TIME_COLUMNS if name in frame.columns), None)
    if time_column is None:
        raise ConfigurationError(f"{path.name}: no column named {' or '.join(_TIME_COLUMNS)}")
    rows: list[Row] = frame.select(time_column, *found).rows()
    if not rows:
        raise ConfigurationError(f"{path.name}: no {what}")
    return rows


def as_exact(cell: object) -> Decimal:
    """The cell rounded to eight decimals: floats in such files carry noise beyond them. InvalidValue for no number."""
    return to_decimal(f"{cell:.{DECIMALS}f}" if isinstance(cell, float | Decimal) else cell)


def as_moment(cell: object) -> datetime:
    """A datetime (naive means UTC), or an integer of seconds, milliseconds, microseconds or nanoseconds.

    Raises ValueError for anything else.
    """
    if isinstance(cell, datetime):
        return cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC)
    if type(cell) is int:
        for below, times, over in _INTEGER_TIMES:
            if 0 <= cell < below:
                return from_millis(cell * times // over)
    raise ValueError(f"not a time: {type(cell).__name__}")


def _polars(what: str) -> ModuleType:
    try:
        import polars
    except ImportError as error:
        raise ConfigurationError(f"reading {what} needs polars: pip install 'yunmin[data]'") from error
    module: ModuleType = polars
    return module
