"""Candles from parquet or CSV files: what they say, how long each is, and over what time they go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from yunmin.core.data_contracts import Candle
from yunmin.errors import ConfigurationError
from yunmin.simulation.recordings import as_exact, as_moment, read_rows

__all__ = ["RecordedSpan", "candle_files", "corners", "length_of", "read_candles", "recorded_span"]

_COLUMNS: Final = (("open",), ("high",), ("low",), ("close",), ("volume",))
_SUFFIXES: Final = frozenset({".csv", ".parquet"})
_MINUTE: Final = timedelta(minutes=1)


class RecordedSpan(NamedTuple):
    """When the first recorded candle opens, and when the last one is over."""

    start: datetime
    end: datetime


def candle_files(path: Path) -> tuple[Path, ...]:
    """The file itself; of a folder, each `.csv` and `.parquet` file in it, by name.

    Raises ConfigurationError for a folder that has none, or cannot be read.
    """
    if not path.is_dir():
        return (path,)
    try:
        found = sorted(one for one in path.iterdir() if one.suffix.lower() in _SUFFIXES and one.is_file())
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    if not found:
        raise ConfigurationError(f"{path} holds no candles: no file of {' or '.join(sorted(_SUFFIXES))}")
    return tuple(found)


def recorded_span(path: Path) -> RecordedSpan:
    """Over what time the candles of a file, or of all files of a folder, go. Raises what `read_candles` raises."""
    recordings = [read_candles(file, file.stem) for file in candle_files(path)]
    return RecordedSpan(
        start=min(candles[0].open_time for candles in recordings),
        end=max(candles[-1].open_time + length_of(candles) for candles in recordings),
    )


def length_of(candles: Sequence[Candle]) -> timedelta:
    """How long each of them is: the least time between two that follow each other; a minute for a single one."""
    return min((later.open_time - earlier.open_time for earlier, later in pairwise(candles)), default=_MINUTE)


def corners(candle: Candle) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Its prices in the order in which they are taken to have come: open, one extreme, the other one, close.

    A rising candle is taken to have visited its low first, a falling one its high.
    """
    if candle.close >= candle.open:
        return candle.open, candle.low, candle.high, candle.close
    return candle.open, candle.high, candle.low, candle.close


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
