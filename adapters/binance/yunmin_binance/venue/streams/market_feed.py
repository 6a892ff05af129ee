"""What one market's streams have told already, and so what is new.

The market is compared with what was told last, so nothing depends on which events the engine gives: trades by their
ids, books by their levels, klines by their bars. A stream that has no listener is not followed. Where nothing has
changed, nothing is sent (the first look at a stream always sends, except trades and differences of depth).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile
from typing import Final

from yunmin.simulation.intervals import INTERVALS
from yunmin.simulation.order_book import OrderBook
from yunmin.simulation.orders import EngineEvent
from yunmin.simulation.tape import Bar
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.filters import AVERAGE_PRICE_MINUTES
from yunmin_binance.venue.streams import payloads
from yunmin_binance.venue.streams.board import Board
from yunmin_binance.venue.streams.names import Kind, Stream
from yunmin_binance.venue.streams.one_market import Follower, OneMarket
from yunmin_binance.venue.streams.ticker_feed import TICKER_FOLLOWERS

__all__ = ["DepthDifferences", "follow"]

_MOST_CLOSED_BARS: Final = 1000


def follow(stream: Stream, exchange: Exchange, board: Board) -> Follower:
    """A follower of `stream` that starts from the market as it stands."""
    return _FOLLOWERS[stream.kind](stream, exchange, board)


class _Trades(OneMarket):
    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        super().__init__(stream, exchange, board)
        self._next_id = self._floor.tape.next_id

    def __call__(self, now: int) -> None:
        fresh = list(takewhile(lambda one: one.id >= self._next_id, reversed(self._floor.tape.trades)))
        self._next_id = self._floor.tape.next_id
        for one in reversed(fresh):
            self._board.publish(self._stream.name, payloads.trade(self._symbol, one, now))


class _AggregateTrades(OneMarket):
    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        super().__init__(stream, exchange, board)
        self._last_id = self._newest()

    def __call__(self, now: int) -> None:
        known = self._last_id
        fresh = list(takewhile(lambda one: one.id > known, reversed(self._floor.tape.aggregates())))
        self._last_id = self._newest()
        for one in reversed(fresh):
            self._board.publish(self._stream.name, payloads.aggregate_trade(self._symbol, one, now))

    def _newest(self) -> int:
        found = self._floor.tape.aggregates()
        return found[-1].id if found else 0


class _BookTicker(OneMarket):
    _told: tuple[int, int, int, int] | None = None

    def __call__(self, now: int) -> None:
        book = self._floor.book
        bid, ask = book.best_bid, book.best_ask
        top = (bid.price if bid else 0, bid.qty if bid else 0, ask.price if ask else 0, ask.qty if ask else 0)
        if top != self._told:
            self._told = top
            self._board.publish(self._stream.name, payloads.book_ticker(self._symbol, book.sequence, top))


class _Klines(OneMarket):
    _told: Bar | None = None

    def __call__(self, now: int) -> None:
        length, offset, told = INTERVALS[self._stream.interval], self._stream.offset, self._told
        start = None if told is None else told.open_time
        most = 1 if told is None else _MOST_CLOSED_BARS
        bars = self._floor.tape.bars(length, now=now, limit=most, start=start, offset=offset)
        newest = self._floor.tape.bars(length, now=now, limit=1, offset=offset)
        if not newest:
            return
        for bar in bars:
            if bar.open_time < newest[0].open_time:
                self._tell(bar, now, is_closed=True)
        if newest[0] != told:
            self._tell(newest[0], now, is_closed=False)
        self._told = newest[0]

    def _tell(self, bar: Bar, now: int, *, is_closed: bool) -> None:
        self._board.publish(self._stream.name, payloads.kline(self._stream, bar, now, is_closed=is_closed))


class _AveragePrices(OneMarket):
    _told: tuple[int, int] | None = None

    def __call__(self, now: int) -> None:
        tape = self._floor.tape
        if not tape.trades:
            return
        price, last_trade = tape.average_price(now, AVERAGE_PRICE_MINUTES), tape.trades[-1].time
        if (price, last_trade) == self._told:
            return
        self._told = (price, last_trade)
        payload = payloads.average_price(self._symbol, price, AVERAGE_PRICE_MINUTES, last_trade, now)
        self._board.publish(self._stream.name, payload)


class _PartialDepth(OneMarket):
    _told: int | None = None

    def __call__(self, now: int) -> None:
        book = self._floor.book
        if book.sequence != self._told:
            self._told = book.sequence
            self._board.publish(self._stream.name, payloads.partial_depth(book, self._stream.levels))


class DepthDifferences(OneMarket):
    """Every update id from the first listener's moment on is covered by exactly one event.

    A level that came and went between two events is told too, as gone: a snapshot may have been taken in between.
    """

    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        super().__init__(stream, exchange, board)
        self._sequence = self._floor.book.sequence
        self._bids, self._asks = _levels(self._floor.book)
        self._touched: tuple[set[int], set[int]] = set(), set()

    def hear(self, event: EngineEvent) -> None:
        """Remember which level the event is about."""
        order = event.order
        if order.price:
            self._touched[0 if order.is_buy else 1].add(order.price)

    def __call__(self, now: int) -> None:
        book = self._floor.book
        if book.sequence == self._sequence:
            return
        first, self._sequence = self._sequence + 1, book.sequence
        told_bids, told_asks = self._bids, self._asks
        self._bids, self._asks = _levels(book)
        (bids, asks), self._touched = self._touched, (set(), set())
        payload = payloads.depth_update(
            self._symbol,
            first,
            self._sequence,
            _difference(told_bids, self._bids, bids),
            _difference(told_asks, self._asks, asks),
            now,
        )
        self._board.publish(self._stream.name, payload)


class _NoBlockTrades(OneMarket):
    """Nobody trades in blocks here."""

    def __call__(self, now: int) -> None:
        pass


def _levels(book: OrderBook) -> tuple[dict[int, int], dict[int, int]]:
    return {level.price: level.qty for level in book.bids()}, {level.price: level.qty for level in book.asks()}


def _difference(old: dict[int, int], new: dict[int, int], touched: set[int]) -> dict[int, int]:
    """What turns `old`, or anything between it and `new`, into `new`; zero for what is not there."""
    changed = {price for price, qty in new.items() if old.get(price) != qty}
    gone = {price for price in old if price not in new}
    return {price: new.get(price, 0) for price in sorted(changed | gone | touched)}


_FOLLOWERS: Final[dict[Kind, Callable[[Stream, Exchange, Board], Follower]]] = {
    Kind.TRADE: _Trades,
    Kind.AGGREGATE_TRADE: _AggregateTrades,
    Kind.BOOK_TICKER: _BookTicker,
    Kind.KLINE: _Klines,
    Kind.AVERAGE_PRICE: _AveragePrices,
    Kind.DEPTH: DepthDifferences,
    Kind.PARTIAL_DEPTH: _PartialDepth,
    Kind.BLOCK_TRADE: _NoBlockTrades,
    **TICKER_FOLLOWERS,
}
