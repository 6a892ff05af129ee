"""Tickers: figures over a time that moves along, for one market or for all that have changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from yunmin.simulation.intervals import INTERVALS, MINUTE
from yunmin.simulation.tape import Bar
from yunmin_binance.venue.endpoints import endpoint_of
from yunmin_binance.venue.endpoints.call import Call
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.reference_price import reference_price
from yunmin_binance.venue.streams import payloads
from yunmin_binance.venue.streams.board import Board, Payload, in_micros
from yunmin_binance.venue.streams.names import Kind, Stream
from yunmin_binance.venue.streams.one_market import Follower, OneMarket
from yunmin_binance.venue.wire import TimeOf

__all__ = ["TICKER_FOLLOWERS"]

_DAY_TICKER: Final = endpoint_of("/api/v3/ticker/24hr")["GET"]


class _Tickers(OneMarket):
    _told: tuple[int, int] | None = None

    def __call__(self, now: int) -> None:
        state = (self._floor.tape.next_id, self._floor.book.sequence)
        if state == self._told:
            return
        self._told = state

        def payload(time_of: TimeOf) -> dict[str, object]:
            return payloads.ticker(self._symbol, _day(self._exchange, self._symbol, now, time_of), time_of(now))

        self._board.publish(self._stream.name, payload)


class _MiniTickers(OneMarket):
    _told = 0

    def __call__(self, now: int) -> None:
        if self._floor.tape.next_id == self._told:
            return
        self._told = self._floor.tape.next_id
        self._board.publish(self._stream.name, lambda time_of: _mini(self._exchange, self._symbol, now, time_of))


class _AllMiniTickers:
    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        self._stream = stream
        self._exchange = exchange
        self._board = board
        self._told: dict[str, int] = {}

    def __call__(self, now: int) -> None:
        state = {symbol: self._exchange.floor(symbol).tape.next_id for symbol in self._exchange.rules}
        changed = [symbol for symbol, next_id in state.items() if self._told.get(symbol) != next_id]
        self._told = state
        if changed:
            self._board.publish(
                self._stream.name,
                lambda time_of: [_mini(self._exchange, symbol, now, time_of) for symbol in changed],
            )


class _Window:
    """One market's figures of the last hour, four hours or day, and whether they are others than those told last."""

    def __init__(self, exchange: Exchange, symbol: str, window: str) -> None:
        self._tape = exchange.floor(symbol).tape
        self._symbol = symbol
        self._window = window
        self._state: tuple[int, int] | None = None
        self._told: Bar | None = None

    def news(self, now: int) -> Payload | None:
        """What is to be told; None where nothing has changed."""
        state = (self._tape.next_id, now // MINUTE)
        if state == self._state:
            return None
        self._state = state
        total = self._tape.rolling(now, INTERVALS[self._window])
        told, self._told = self._told, total
        if told is not None and told == total._replace(open_time=told.open_time):
            return None
        return lambda time_of: payloads.rolling_ticker(self._symbol, self._window, total, now, time_of)


class _RollingTicker(OneMarket):
    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        super().__init__(stream, exchange, board)
        self._figures = _Window(exchange, stream.symbol, stream.interval)

    def __call__(self, now: int) -> None:
        news = self._figures.news(now)
        if news is not None:
            self._board.publish(self._stream.name, news)


class _AllRollingTickers:
    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        self._stream = stream
        self._board = board
        self._figures = [_Window(exchange, symbol, stream.interval) for symbol in exchange.rules]

    def __call__(self, now: int) -> None:
        changed = [news for one in self._figures if (news := one.news(now)) is not None]
        if changed:
            self._board.publish(self._stream.name, lambda time_of: [news(time_of) for news in changed])


class _ReferencePrice(OneMarket):
    """What the reference price is, whenever it is another one; in a market without one it is told once that there is
    none."""

    _told: int | None = -1

    def __call__(self, now: int) -> None:
        rule = self._exchange.rules[self._symbol].reference
        price = None if rule is None else reference_price(self._floor.tape, rule, now)
        if price != self._told:
            self._told = price
            self._board.publish(self._stream.name, payloads.reference_price(self._symbol, price, now))


def _mini(exchange: Exchange, symbol: str, now: int, time_of: TimeOf) -> dict[str, object]:
    return payloads.mini_ticker(symbol, _day(exchange, symbol, now, time_of), time_of(now))


def _day(exchange: Exchange, symbol: str, now: int, time_of: TimeOf) -> dict[str, object]:
    """The answer of the endpoint ticker/24hr."""
    params = Params({"symbol": symbol})
    answer = _DAY_TICKER.handle(Call(exchange, params, now, time_of is in_micros, None))
    if not isinstance(answer, dict):
        raise TypeError("one symbol has one ticker")
    return answer


TICKER_FOLLOWERS: Final[dict[Kind, Callable[[Stream, Exchange, Board], Follower]]] = {
    Kind.TICKER: _Tickers,
    Kind.MINI_TICKER: _MiniTickers,
    Kind.ALL_MINI_TICKERS: _AllMiniTickers,
    Kind.ROLLING_TICKER: _RollingTicker,
    Kind.ALL_ROLLING_TICKERS: _AllRollingTickers,
    Kind.REFERENCE_PRICE: _ReferencePrice,
}
