"""Candles from a parquet file."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final

from yunmin.clock import from_millis
from yunmin.core.data_contracts import Candle
from yunmin.core.data_contracts.money import to_decimal
from yunmin.errors import ConfigurationError
from yunmin.simulation.units import DECIMALS

__all__ = ["read_candles"]

_TIME_COLUMNS: Final = ("timestamp", "date")
_VALUE_COLUMNS: Final = ("open", "high", "low", "close", "volume")

# an integer time is told by its size: 10**11 s is the year 5138, 10**11 ms is 1973, and so on for finer units
_INTEGER_TIMES: Final = ((10**11, 1000, 1), (10**14, 1, 1), (10**17, 1, 1000), (10**20, 1, 1_000_000))


def read_candles(path: Path, symbol: str) -> tuple[Candle, ...]:
    """The candles of a parquet file, oldest first, for `symbol`.

    Columns: `timestamp` or `date` (the open time: a datetime, naive meaning UTC, or an integer of seconds,
    milliseconds, microseconds or nanoseconds), then open, high, low, close, volume. Values are rounded to eight
    decimals: floats in such files carry noise beyond them. Rows may come in any order, and there may be gaps in time;
    both are accepted.

    Raises ConfigurationError for a file that cannot be read, a missing column, no rows, an empty or NaN or infinite
    cell, a price of zero or less, a high below the low, or one time given twice; the message names the first such row.
    """
    polars = _polars()
    try:
        frame = polars.read_parquet(path)
    except (OSError, polars.exceptions.PolarsError) as error:
        raise ConfigurationError(f"cannot read candles from {path.name}: {type(error).__name__}") from error
    time_column = _time_column(path, frame.columns)
    rows = frame.select(time_column, *_VALUE_COLUMNS).rows()
    candles = sorted((_candle(path, symbol, number, row) for number, row in enumerate(rows)), key=lambda c: c.open_time)
    if not candles:
        raise ConfigurationError(f"{path.name}: no candles")
    for earlier, later in pairwise(candles):
        if earlier.open_time == later.open_time:
            raise ConfigurationError(f"{path.name}: two candles open at {later.open_time.isoformat()}")
    return tuple(candles)


def _polars() -> ModuleType:
    try:
        import polars
    except ImportError as error:
        raise ConfigurationError("reading candles needs polars: pip install 'yunmin[data]'") from error
    module: ModuleType = polars
    return module


def _time_column(path: Path, columns: list[str]) -> str:
    missing = [name for name in _VALUE_COLUMNS if name not in columns]
    if missing:
        raise ConfigurationError(f"{path.name}: missing columns: {', '.join(missing)}")
    for name in _TIME_COLUMNS:
        if name in columns:
            return name
    raise ConfigurationError(f"{path.name}: no column named {' or '.join(_TIME_COLUMNS)}")


def _candle(path: Path, symbol: str, number: int, row: tuple[object, ...]) -> Candle:
    try:
        opened, high, low, closed, volume = (_exact(cell) for cell in row[1:])
        if low <= 0 or not low <= min(opened, closed) <= max(opened, closed) <= high:
            raise ValueError("prices are not above zero, or high and low do not enclose open and close")
        return Candle(
            symbol=symbol,
            open_time=_moment(row[0]),
            open=opened,
            high=high,
            low=low,
            close=closed,
            volume=volume,
        )
    except ValueError as error:
        raise ConfigurationError(f"{path.name}: row {number}: {error}") from error


def _exact(cell: object) -> Decimal:
    return to_decimal(f"{cell:.{DECIMALS}f}" if isinstance(cell, float | Decimal) else cell)


def _moment(cell: object) -> datetime:
    if isinstance(cell, datetime):
        return cell if cell.tzinfo is not None else cell.replace(tzinfo=UTC)
    if type(cell) is int:
        for below, times, over in _INTEGER_TIMES:
            if 0 <= cell < below:
                return from_millis(cell * times // over)
    raise ValueError(f"not a time: {type(cell).__name__}")
