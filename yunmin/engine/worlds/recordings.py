"""Recorded candles, by market: what a file's name says, and how much of it is the past when a run begins."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from yunmin.engine.feeds.replay_feed import Recording
from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import candle_files, length_of, read_candles
from yunmin.simulation.paper_rules import instrument_for_candles

__all__ = ["begin_of", "read_recordings"]

_PAIR: Final = re.compile(r"([A-Z0-9]+)[_-]([A-Z0-9]+)(?=[_.-]|$)")
_PAST: Final = 100
"""Candles that are over when a run begins, so that indicators are warm; of a short recording a quarter."""


def read_recordings(path: Path) -> dict[str, Recording]:
    """The recordings of a file, or of every file of a folder, by symbol: `BTC_USDT_1m.csv` is of BTC/USDT.

    They share one beginning: when enough of each is past. Raises ConfigurationError for what cannot be read.
    """
    found = {}
    for file in candle_files(path):
        symbol = _symbol_of(file)
        if symbol in found:
            raise ConfigurationError(f"{file.name}: there is another file of {symbol}; one market has one recording")
        found[symbol] = read_candles(file, symbol)
    begin = max(candles[min(_PAST, len(candles) // 4)].open_time for candles in found.values())
    recordings = {}
    for symbol, candles in found.items():
        length = length_of(candles)
        past = sum(1 for candle in candles if candle.open_time + length <= begin)
        if past == len(candles):
            raise ConfigurationError(f"the candles of {symbol} are over before those of other markets begin")
        recordings[symbol] = Recording(instrument_for_candles(symbol, candles), candles, past)
    return recordings


def begin_of(recordings: dict[str, Recording]) -> datetime:
    """When the run begins: with the first candle of all that is not past."""
    return min(recording.candles[recording.past].open_time for recording in recordings.values())


def _symbol_of(file: Path) -> str:
    pair = _PAIR.match(file.stem)
    if pair is None:
        raise ConfigurationError(
            f"{file.name}: of which market? A file's name begins with it, such as BTC_USDT_1m.csv. Nothing was sent"
        )
    return f"{pair[1]}/{pair[2]}"
