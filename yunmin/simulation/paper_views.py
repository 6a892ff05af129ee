"""What a market of an engine shows to everybody, as an exchange shows it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice

from yunmin.core.data_contracts import BookLevel, Candle, OrderBook, PublicTrade, Side, Ticker
from yunmin.errors import NotSupported
from yunmin.simulation.intervals import INTERVALS, step_open
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_book import Level
from yunmin.simulation.units import from_micros, from_units, to_micros

__all__ = ["book_of", "candles_of", "ticker_of", "trades_of"]


def ticker_of(floor: MarketFloor) -> Ticker:
    """The top of the book, and the last price."""
    bid, ask, last = floor.book.best_bid, floor.book.best_ask, floor.tape.last_price
    return Ticker(
        symbol=floor.market.symbol,
        bid=None if bid is None else from_units(bid.price),
        bid_qty=None if bid is None else from_units(bid.qty),
        ask=None if ask is None else from_units(ask.price),
        ask_qty=None if ask is None else from_units(ask.qty),
        last=from_units(last) if last else None,
    )


def book_of(floor: MarketFloor, limit: int) -> OrderBook:
    """`limit` levels of each side."""
    return OrderBook(
        symbol=floor.market.symbol,
        bids=_levels(floor.book.bids(), limit),
        asks=_levels(floor.book.asks(), limit),
        sequence=floor.book.sequence,
    )


def trades_of(floor: MarketFloor, limit: int) -> list[PublicTrade]:
    """The last trades, oldest first; those whose quantity was not told are left out."""
    told = [trade for trade in floor.tape.trades if trade.qty]
    return [
        PublicTrade(
            symbol=floor.market.symbol,
            trade_id=str(trade.id),
            price=from_units(trade.price),
            qty=from_units(trade.qty),
            taker_side=Side.SELL if trade.buyer_is_maker else Side.BUY,
            ts=from_micros(trade.time),
        )
        for trade in (told[-limit:] if limit > 0 else [])
    ]


def candles_of(floor: MarketFloor, timeframe: str, *, now: int, since: datetime | None, limit: int) -> list[Candle]:
    """Candles from the first trade on, without holes, oldest first. Raises NotSupported for an unknown timeframe."""
    length = INTERVALS.get(timeframe)
    if length is None:
        raise NotSupported(f"no candles of {timeframe!r} here; there are {', '.join(INTERVALS)}")
    start = None if since is None else to_micros(since)
    return [
        Candle(
            symbol=floor.market.symbol,
            open_time=from_micros(bar.open_time),
            open=from_units(bar.open),
            high=from_units(bar.high),
            low=from_units(bar.low),
            close=from_units(bar.close),
            volume=from_units(bar.volume),
            is_closed=step_open(bar.open_time, length, 1) <= now,
        )
        for bar in floor.tape.bars(length, now=now, limit=limit, start=start)
    ]


def _levels(levels: Iterable[Level], limit: int) -> tuple[BookLevel, ...]:
    return tuple(BookLevel(price=from_units(one.price), qty=from_units(one.qty)) for one in islice(levels, limit))
