"""Names of market streams: which symbol, which kind, how often.

Binance spot web-socket-streams.md, 2026-07-21. Symbols are written in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Final

from yunmin.simulation.intervals import HOUR, INTERVALS

__all__ = ["Kind", "Pace", "Stream", "parse_stream"]


class Pace(Enum):
    """When a stream is looked at; the value is its interval in microseconds, zero is at once."""

    AT_ONCE = 0
    TENTH = 100_000
    SECOND = 1_000_000
    TWO_SECONDS = 2_000_000


class Kind(Enum):
    """What a stream tells."""

    TRADE = "trade"
    AGGREGATE_TRADE = "aggTrade"
    BOOK_TICKER = "bookTicker"
    KLINE = "kline"
    MINI_TICKER = "miniTicker"
    TICKER = "ticker"
    AVERAGE_PRICE = "avgPrice"
    DEPTH = "depth"
    PARTIAL_DEPTH = "partialDepth"
    ROLLING_TICKER = "rollingTicker"
    REFERENCE_PRICE = "referencePrice"
    BLOCK_TRADE = "blockTrade"
    ALL_MINI_TICKERS = "!miniTicker@arr"
    ALL_ROLLING_TICKERS = "!rollingTicker@arr"


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. `levels` is for partial depth; `interval` is a kline's, or the window of a rolling ticker; `offset`
    (microseconds ahead of UTC) is for klines.

    `symbol` is empty for a stream of all markets.
    """

    name: str
    kind: Kind
    pace: Pace
    symbol: str = ""
    levels: int = 0
    interval: str = ""
    offset: int = 0


_SIMPLE: Final = {
    "trade": (Kind.TRADE, Pace.AT_ONCE),
    "aggTrade": (Kind.AGGREGATE_TRADE, Pace.AT_ONCE),
    "bookTicker": (Kind.BOOK_TICKER, Pace.AT_ONCE),
    "miniTicker": (Kind.MINI_TICKER, Pace.SECOND),
    "ticker": (Kind.TICKER, Pace.SECOND),
    "avgPrice": (Kind.AVERAGE_PRICE, Pace.SECOND),
    "referencePrice": (Kind.REFERENCE_PRICE, Pace.SECOND),
    "blockTrade": (Kind.BLOCK_TRADE, Pace.AT_ONCE),
}

_DEPTH: Final = re.compile(r"depth(5|10|20)?(@100ms)?", re.ASCII).fullmatch
_KLINE: Final = re.compile(r"kline_([0-9]{1,2}[smhdwM])(@\+08:00)?", re.ASCII).fullmatch
_WINDOW: Final = re.compile(r"ticker_(1h|4h|1d)", re.ASCII).fullmatch
_ALL_WINDOWS: Final = re.compile(r"!ticker_(1h|4h|1d)@arr", re.ASCII).fullmatch
_EAST: Final = 8 * HOUR


def parse_stream(name: str, symbols: Collection[str]) -> Stream | None:
    """The stream of that name on a venue with these `symbols`; None where there is none such."""
    if name == Kind.ALL_MINI_TICKERS.value:
        return Stream(name, Kind.ALL_MINI_TICKERS, Pace.SECOND)
    window = _ALL_WINDOWS(name)
    if window is not None:
        return Stream(name, Kind.ALL_ROLLING_TICKERS, Pace.SECOND, interval=window[1])
    lower, _, what = name.partition("@")
    symbol = lower.upper()
    if lower != lower.lower() or symbol not in symbols:
        return None
    if what in _SIMPLE:
        kind, pace = _SIMPLE[what]
        return Stream(name, kind, pace, symbol)
    return _parameterized(name, symbol, what)


def _parameterized(name: str, symbol: str, what: str) -> Stream | None:
    """A stream of one market whose name says how much or over which time."""
    window = _WINDOW(what)
    if window is not None:
        return Stream(name, Kind.ROLLING_TICKER, Pace.SECOND, symbol, interval=window[1])
    depth = _DEPTH(what)
    if depth is not None:
        pace = Pace.TENTH if depth[2] else Pace.SECOND
        levels = int(depth[1] or 0)
        return Stream(name, Kind.PARTIAL_DEPTH if levels else Kind.DEPTH, pace, symbol, levels=levels)
    kline = _KLINE(what)
    if kline is None or kline[1] not in INTERVALS:
        return None
    pace = Pace.SECOND if kline[1] == "1s" else Pace.TWO_SECONDS
    return Stream(name, Kind.KLINE, pace, symbol, interval=kline[1], offset=_EAST if kline[2] else 0)
