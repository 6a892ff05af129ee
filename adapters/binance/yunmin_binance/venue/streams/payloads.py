"""What market streams say (Binance spot web-socket-streams.md, 2026-07-21, Detailed Stream information)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Final

from yunmin.simulation.intervals import INTERVALS, step_open
from yunmin.simulation.order_book import Level, OrderBook
from yunmin.simulation.orders import Trade
from yunmin.simulation.tape import AggregateTrade, Bar
from yunmin.simulation.units import SCALE
from yunmin_binance.venue.streams.board import Payload
from yunmin_binance.venue.streams.names import Stream
from yunmin_binance.venue.wire import TimeOf, amount, percent

__all__ = [
    "aggregate_trade",
    "average_price",
    "book_ticker",
    "depth_update",
    "kline",
    "mini_ticker",
    "partial_depth",
    "reference_price",
    "rolling_ticker",
    "ticker",
    "trade",
]

_Full = Mapping[str, object]
"""The answer of the endpoint ticker/24hr."""

_TICKER: Final = {
    "p": "priceChange",
    "P": "priceChangePercent",
    "w": "weightedAvgPrice",
    "x": "prevClosePrice",
    "c": "lastPrice",
    "Q": "lastQty",
    "b": "bidPrice",
    "B": "bidQty",
    "a": "askPrice",
    "A": "askQty",
    "o": "openPrice",
    "h": "highPrice",
    "l": "lowPrice",
    "v": "volume",
    "q": "quoteVolume",
    "O": "openTime",
    "C": "closeTime",
    "F": "firstId",
    "L": "lastId",
    "n": "count",
}

_MINI_TICKER: Final = ("c", "o", "h", "l", "v", "q")


def trade(symbol: str, one: Trade, now: int) -> Payload:
    def payload(time_of: TimeOf) -> dict[str, object]:
        return {
            "e": "trade",
            "E": time_of(now),
            "s": symbol,
            "t": one.id,
            "p": amount(one.price),
            "q": amount(one.qty),
            "T": time_of(one.time),
            "m": one.buyer_is_maker,
            "M": True,
        }

    return payload


def aggregate_trade(symbol: str, one: AggregateTrade, now: int) -> Payload:
    def payload(time_of: TimeOf) -> dict[str, object]:
        return {
            "e": "aggTrade",
            "E": time_of(now),
            "s": symbol,
            "a": one.id,
            "p": amount(one.price),
            "q": amount(one.qty),
            "f": one.first_id,
            "l": one.last_id,
            "T": time_of(one.time),
            "m": one.buyer_is_maker,
            "M": True,
        }

    return payload


def book_ticker(symbol: str, sequence: int, top: tuple[int, int, int, int]) -> Payload:
    """`top` is bid price, bid quantity, ask price, ask quantity. This payload names no event."""
    bid, bid_qty, ask, ask_qty = (amount(units) for units in top)
    said = {"u": sequence, "s": symbol, "b": bid, "B": bid_qty, "a": ask, "A": ask_qty}
    return lambda _: said


def kline(stream: Stream, bar: Bar, now: int, *, is_closed: bool) -> Payload:
    next_open = step_open(bar.open_time, INTERVALS[stream.interval], 1, offset=stream.offset)

    def payload(time_of: TimeOf) -> dict[str, object]:
        return {
            "e": "kline",
            "E": time_of(now),
            "s": stream.symbol,
            "k": {
                "t": time_of(bar.open_time),
                "T": time_of(next_open) - 1,
                "s": stream.symbol,
                "i": stream.interval,
                "f": bar.first_id,
                "L": bar.last_id,
                "o": amount(bar.open),
                "c": amount(bar.close),
                "h": amount(bar.high),
                "l": amount(bar.low),
                "v": amount(bar.volume),
                "n": bar.trades,
                "x": is_closed,
                "q": amount(bar.quote_volume),
                "V": amount(bar.taker_buy_volume),
                "Q": amount(bar.taker_buy_quote),
                "B": "0",
            },
        }

    return payload


def ticker(symbol: str, full: _Full, event_time: int) -> dict[str, object]:
    """The whole day. `full` and `event_time` are in the client's unit of time."""
    figures = {short: full[long] for short, long in _TICKER.items()}
    return {"e": "24hrTicker", "E": event_time, "s": symbol, **figures}


def mini_ticker(symbol: str, full: _Full, event_time: int) -> dict[str, object]:
    figures = {short: full[_TICKER[short]] for short in _MINI_TICKER}
    return {"e": "24hrMiniTicker", "E": event_time, "s": symbol, **figures}


def rolling_ticker(symbol: str, window: str, total: Bar, now: int, time_of: TimeOf) -> dict[str, object]:
    """The last hour, four hours or day; `total` begins on a whole minute."""
    change = total.close - total.open
    return {
        "e": f"{window}Ticker",
        "E": time_of(now),
        "s": symbol,
        "p": amount(change),
        "P": percent(change, total.open),
        "o": amount(total.open),
        "h": amount(total.high),
        "l": amount(total.low),
        "c": amount(total.close),
        "w": amount(total.quote_volume * SCALE // total.volume if total.volume else 0),
        "v": amount(total.volume),
        "q": amount(total.quote_volume),
        "O": time_of(total.open_time),
        "C": time_of(now),
        "F": total.first_id,
        "L": total.last_id,
        "n": total.trades,
    }


def reference_price(symbol: str, price: int | None, now: int) -> Payload:
    """`price` is None where the market has none."""

    def payload(time_of: TimeOf) -> dict[str, object]:
        told = None if price is None else amount(price)
        return {"e": "referencePrice", "s": symbol, "r": told, "t": time_of(now)}

    return payload


def average_price(symbol: str, price: int, minutes: int, last_trade: int, now: int) -> Payload:
    def payload(time_of: TimeOf) -> dict[str, object]:
        return {
            "e": "avgPrice",
            "E": time_of(now),
            "s": symbol,
            "i": f"{minutes}m",
            "w": amount(price),
            "T": time_of(last_trade),
        }

    return payload


def partial_depth(book: OrderBook, levels: int) -> Payload:
    """The best `levels` of both sides. This payload names neither event nor symbol."""
    said = {
        "lastUpdateId": book.sequence,
        "bids": [_level(level) for level in islice(book.bids(), levels)],
        "asks": [_level(level) for level in islice(book.asks(), levels)],
    }
    return lambda _: said


def depth_update(
    symbol: str, first: int, last: int, bids: Mapping[int, int], asks: Mapping[int, int], now: int
) -> Payload:
    """Changed levels, price to quantity; a quantity of zero removes the level."""

    def payload(time_of: TimeOf) -> dict[str, object]:
        return {
            "e": "depthUpdate",
            "E": time_of(now),
            "s": symbol,
            "U": first,
            "u": last,
            "b": [[amount(price), amount(qty)] for price, qty in bids.items()],
            "a": [[amount(price), amount(qty)] for price, qty in asks.items()],
        }

    return payload


def _level(level: Level) -> list[str]:
    return [amount(level.price), amount(level.qty)]
