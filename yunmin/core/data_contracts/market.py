"""What a market shows to everybody: trades, candles, the top of the book, the book."""

from __future__ import annotations

from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.enums import Side
from yunmin.core.data_contracts.money import Price, Qty

__all__ = ["BookLevel", "Candle", "OrderBook", "PublicTrade", "Ticker"]


class Candle(Contract):
    """Prices and volume (base units) of the interval that starts at `open_time`.

    `is_closed` says whether that interval is over; None where the exchange does not say.
    """

    symbol: str
    open_time: UtcDatetime
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Qty
    is_closed: bool | None = None


class PublicTrade(Contract):
    """One trade between others. `taker_side` is the side of whoever took liquidity."""

    symbol: str
    trade_id: str
    price: Price
    qty: Qty
    taker_side: Side | None = None
    ts: UtcDatetime


class Ticker(Contract):
    """Best bid and ask with their quantities (base units), and the last price; None where the side is empty."""

    symbol: str
    bid: Price | None = None
    bid_qty: Qty | None = None
    ask: Price | None = None
    ask_qty: Qty | None = None
    last: Price | None = None


class BookLevel(Contract):
    """All that rests at one price, in base units."""

    price: Price
    qty: Qty


class OrderBook(Contract):
    """Resting liquidity, best price first on both sides; `sequence` is the exchange's own update number."""

    symbol: str
    bids: tuple[BookLevel, ...] = ()
    asks: tuple[BookLevel, ...] = ()
    sequence: int | None = None
