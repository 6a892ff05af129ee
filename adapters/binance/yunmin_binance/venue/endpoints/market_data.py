"""Market data: depth, trades, aggregate trades, klines (Binance spot REST docs, 2026-07-21, Market Data endpoints)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from itertools import islice
from typing import Final

from yunmin.simulation.intervals import HOUR, INTERVALS, MINUTE, step_open
from yunmin.simulation.order_book import Level
from yunmin.simulation.orders import Trade
from yunmin.simulation.tape import AggregateTrade, Bar
from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint
from yunmin_binance.venue.endpoints.symbol_selection import required_market
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.wire import amount

__all__ = ["MARKET_DATA", "read_offset"]

_DEFAULT_LIMIT: Final = 500
_MOST: Final = 1000
_MOST_DEPTH: Final = 5000
_DEFAULT_DEPTH: Final = 100

_DEPTH_WEIGHTS: Final = ((100, 5), (500, 25), (1000, 50))
_HEAVIEST_DEPTH: Final = 250

_IS_OFFSET: Final = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-9]{2}))?", re.ASCII).fullmatch
_EARLIEST_OFFSET: Final = -12 * HOUR
_LATEST_OFFSET: Final = 14 * HOUR


def _depth(call: Call) -> Answer:
    book = call.exchange.floor(required_market(call)).book
    limit = call.params.limit(default=_DEFAULT_DEPTH, most=_MOST_DEPTH)
    return {
        "lastUpdateId": book.sequence,
        "bids": [_level(level) for level in islice(book.bids(), limit)],
        "asks": [_level(level) for level in islice(book.asks(), limit)],
    }


def _level(level: Level) -> list[str]:
    return [amount(level.price), amount(level.qty)]


def _trades(call: Call) -> Answer:
    tape = call.exchange.floor(call.params.required_symbol()).tape
    limit = call.params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    return [_trade(call, trade) for trade in tape.trades[-limit:]]


def _historical_trades(call: Call) -> Answer:
    """The same from a trade id on; without one, the latest."""
    tape = call.exchange.floor(call.params.required_symbol()).tape
    from_id = call.params.long("fromId")
    limit = call.params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    if from_id is None:
        return [_trade(call, trade) for trade in tape.trades[-limit:]]
    first = bisect_left(tape.trades, from_id, key=lambda trade: trade.id)
    return [_trade(call, trade) for trade in tape.trades[first : first + limit]]


def _block_trades(call: Call) -> Answer:
    """There are no block trades here."""
    call.exchange.floor(call.params.required_symbol())
    call.params.required_long("fromId")
    call.params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    return []


def _trade(call: Call, trade: Trade) -> dict[str, object]:
    return {
        "id": trade.id,
        "price": amount(trade.price),
        "qty": amount(trade.qty),
        "quoteQty": amount(trade.cost),
        "time": call.time_of(trade.time),
        "isBuyerMaker": trade.buyer_is_maker,
        "isBestMatch": True,
    }


def _aggregate_trades(call: Call) -> Answer:
    params = call.params
    tape = call.exchange.floor(params.required_symbol()).tape
    from_id = params.long("fromId")
    start, end = _time_range(params)
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    if from_id is not None and (start is not None or end is not None):
        raise ApiError.bad_combination()
    found = tape.aggregates()
    if from_id is not None:
        found = [one for one in found if one.id >= from_id]
    elif start is not None or end is not None:
        found = [one for one in found if _within(one.time, start, end)]
    oldest_first = from_id is not None or start is not None
    return [_aggregate(call, one) for one in (found[:limit] if oldest_first else found[-limit:])]


def _aggregate(call: Call, one: AggregateTrade) -> dict[str, object]:
    return {
        "a": one.id,
        "p": amount(one.price),
        "q": amount(one.qty),
        "f": one.first_id,
        "l": one.last_id,
        "T": call.time_of(one.time),
        "m": one.buyer_is_maker,
        "M": True,
    }


def _klines(call: Call) -> Answer:
    params = call.params
    tape = call.exchange.floor(params.required_symbol()).tape
    interval = params.required_text("interval")
    if interval not in INTERVALS:
        raise ApiError(-1120, "Invalid interval.")
    length = INTERVALS[interval]
    offset = read_offset(params)
    start, end = _time_range(params)
    limit = params.limit(default=_DEFAULT_LIMIT, most=_MOST)
    bars = tape.bars(length, now=call.now, limit=limit, start=start, end=end, offset=offset)
    return [_kline(call, bar, step_open(bar.open_time, length, 1, offset=offset)) for bar in bars]


def _kline(call: Call, bar: Bar, next_open: int) -> list[object]:
    return [
        call.time_of(bar.open_time),
        amount(bar.open),
        amount(bar.high),
        amount(bar.low),
        amount(bar.close),
        amount(bar.volume),
        call.last_of(next_open),
        amount(bar.quote_volume),
        bar.trades,
        amount(bar.taker_buy_volume),
        amount(bar.taker_buy_quote),
        "0",
    ]


def read_offset(params: Params) -> int:
    """How far `timeZone` is ahead of UTC, in microseconds; from -12:00 to +14:00."""
    zone = params.text("timeZone")
    if zone is None:
        return 0
    match = _IS_OFFSET(zone)
    if match is None or int(match[3] or 0) >= 60:
        raise ApiError.invalid("timeZone")
    size = int(match[2]) * HOUR + int(match[3] or 0) * MINUTE
    offset = -size if match[1] == "-" else size
    if not _EARLIEST_OFFSET <= offset <= _LATEST_OFFSET:
        raise ApiError.invalid("timeZone")
    return offset


def _time_range(params: Params) -> tuple[int | None, int | None]:
    start, end = params.micros("startTime"), params.last_micros("endTime")
    if start is not None and end is not None and end < start:
        raise ApiError.bad_combination()
    return start, end


def _within(moment: int, start: int | None, end: int | None) -> bool:
    return (start is None or moment >= start) and (end is None or moment <= end)


def _weight_of_depth(sent: Mapping[str, str]) -> int:
    asked = sent.get("limit", "")
    limit = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 20 else _DEFAULT_DEPTH
    return next((weight for most, weight in _DEPTH_WEIGHTS if limit <= most), _HEAVIEST_DEPTH)


MARKET_DATA: Final = (
    Endpoint("GET", "/api/v3/depth", _depth, _weight_of_depth),
    Endpoint("GET", "/api/v3/trades", _trades, 25),
    Endpoint("GET", "/api/v3/aggTrades", _aggregate_trades, 4),
    Endpoint("GET", "/api/v3/historicalTrades", _historical_trades, 25),
    Endpoint("GET", "/api/v3/historicalBlockTrades", _block_trades, 25),
    Endpoint("GET", "/api/v3/klines", _klines, 2),
    Endpoint("GET", "/api/v3/uiKlines", _klines, 2),
)
