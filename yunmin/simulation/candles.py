"""Candles from a parquet or CSV file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError
from yunmin.simulation.recordings import as_exact, as_moment, read_rows

__all__ = ["read_candles"]

_COLUMNS: Final = (("open",), ("high",), ("low",), ("close",), ("volume",))


def read_candles(path: Path, symbol: str) -> tuple[Candle, ...]:
    """The candles of a parquet or CSV file, oldest first, for `symbol`.

    Columns: `timestamp` or `date` (the open time: a datetime, naive meaning UTC, or an integer of seconds,
    milliseconds, microseconds or nanoseconds), then open, high, low, close, volume. Values are rounded to eight
    decimals: floats in such files carry noise beyond them. Rows may come in any order, and there may be gaps in time;
    both are accepted.

    Raises ConfigurationError for a file that cannot be read, a missing column, no rows, an empty or NaN or infinite
    cell, a price of zero or less, a high below the low, or one time given twice; the message names the first such row.
    """
    rows = read_rows(path, "candles", _COLUMNS)
    candles = sorted((_candle(path, symbol, number, row) for number, row in enumerate(rows)), key=lambda c: c.open_time)
    for earlier, later in pairwise(candles):
        if earlier.open_time == later.open_time:
            raise ConfigurationError(f"{path.name}: two candles open at {later.open_time.isoformat()}")
    return tuple(candles)


def _candle(path: Path, symbol: str, number: int, row: tuple[object, ...]) -> Candle:
    try:
        opened, high, low, closed, volume = (as_exact(cell) for cell in row[1:])
        if low <= 0 or not low <= min(opened, closed) <= max(opened, closed) <= high:
            raise ValueError("prices are not above zero, or high and low do not enclose open and close")
        return Candle(
            symbol=symbol,
            open_time=as_moment(row[0]),
            open=opened,
            high=high,
            low=low,
            close=closed,
            volume=volume,
        )
    except ValueError as error:
        raise ConfigurationError(f"{path.name}: row {number}: {error}") from error
