"""What follows one market for a stream."""

from __future__ import annotations

from collections.abc import Callable

from yunmin.simulation.market_floor import MarketFloor
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.streams.board import Board
from yunmin_binance.venue.streams.names import Stream

__all__ = ["Follower", "OneMarket"]

Follower = Callable[[int], None]
"""Publishes what is new at a moment (microseconds)."""


class OneMarket:
    """A follower of one market."""

    def __init__(self, stream: Stream, exchange: Exchange, board: Board) -> None:
        self._stream = stream
        self._symbol = stream.symbol
        self._exchange = exchange
        self._board = board
        self._floor: MarketFloor = exchange.floor(stream.symbol)
