"""The market streams of a venue: paths, subscriptions, and what is published when."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

import orjson
from aiohttp import WSCloseCode, web

from yunmin.simulation.orders import EngineEvent
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.streams.account_streams import AccountStreams
from yunmin_binance.venue.streams.board import MOST_STREAMS, Board, Subscriber, in_micros, in_millis
from yunmin_binance.venue.streams.commands import Commands
from yunmin_binance.venue.streams.connection import Connection
from yunmin_binance.venue.streams.market_feed import DepthDifferences, follow
from yunmin_binance.venue.streams.names import Pace, parse_stream
from yunmin_binance.venue.streams.one_market import Follower
from yunmin_binance.venue.ws_api.user_streams import UserStreams

__all__ = ["MESSAGES_PER_SECOND", "MarketStreams", "wants_micros"]

MESSAGES_PER_SECOND: Final = 5
"""How many messages, pings and pongs a client of market streams may send in a second."""


class MarketStreams:
    """Who listens, and what follows the market for them."""

    def __init__(self, exchange: Exchange, users: UserStreams) -> None:
        self._exchange = exchange
        self._accounts = AccountStreams(exchange, users)
        self._board = Board()
        self._followers: dict[Pace, dict[str, Follower]] = {pace: {} for pace in Pace}
        self._depths: dict[str, dict[str, DepthDifferences]] = {}
        self._commands = Commands(listen=self._listen, leave=self._leave)

    @property
    def listened_to(self) -> frozenset[str]:
        """The names of all streams that somebody listens to."""
        return frozenset(self._board.streams)

    def welcome(self, connection: Connection, request: web.Request) -> Subscriber:
        """A client whose first streams are those of its path and query."""
        is_combined, names = _asked_by_path(request)
        time_of = in_micros if wants_micros(request) else in_millis
        subscriber = Subscriber(connection, time_of, is_combined)
        self._listen(subscriber, names)
        return subscriber

    def receive(self, subscriber: Subscriber, text: str) -> None:
        """One message of a client."""
        subscriber.connection.send(self._commands.answer(subscriber, text))

    def forget(self, subscriber: Subscriber) -> None:
        """The client is gone."""
        self._leave(subscriber, list(subscriber.names))

    def hear(self, event: EngineEvent) -> None:
        """The engine has done something."""
        for depth in self._depths.get(event.order.market, {}).values():
            depth.hear(event)

    def publish(self, pace: Pace, now: int) -> None:
        """Tell what is new in the streams of that pace."""
        for follower in self._followers[pace].values():
            follower(now)

    def end_expired(self, now: int) -> None:
        """Tell who listens by a key that has expired."""
        self._accounts.end_expired(now)

    def farewell(self, subscriber: Subscriber) -> bytes:
        """What a client is told before its connection is ended."""
        said: dict[str, object] = {"e": "serverShutdown", "E": subscriber.time_of(self._exchange.engine.now())}
        return orjson.dumps({"stream": "!serverShutdown", "data": said} if subscriber.is_combined else said)

    def _listen(self, subscriber: Subscriber, names: list[str]) -> None:
        if len(subscriber.names.keys() | set(names)) > MOST_STREAMS:
            subscriber.connection.close(WSCloseCode.POLICY_VIOLATION, b"Too many streams")
            return
        for name in names:
            is_account = self._accounts.listen(subscriber, name)
            stream = None if is_account else parse_stream(name, self._exchange.rules)
            if self._board.add(subscriber, name, stream) and stream is not None:
                follower = self._followers[stream.pace][name] = follow(stream, self._exchange, self._board)
                if isinstance(follower, DepthDifferences):
                    self._depths.setdefault(stream.symbol, {})[name] = follower

    def _leave(self, subscriber: Subscriber, names: list[str]) -> None:
        for name in names:
            self._accounts.leave(subscriber, name)
            if self._board.remove(subscriber, name):
                for followers in self._followers.values():
                    followers.pop(name, None)
                for depths in self._depths.values():
                    depths.pop(name, None)


def wants_micros(request: web.Request) -> bool:
    """Whether the address asks for times in microseconds."""
    return request.query.get("timeUnit") in {"MICROSECOND", "microsecond"}


def _asked_by_path(request: web.Request) -> tuple[bool, list[str]]:
    """Whether payloads are to be wrapped, and the streams to begin with.

    A number in place of a stream is no stream: ccxt tells its connections apart by it.
    """
    parts = [unquote(part) for part in request.path.split("/") if part]
    if parts == ["stream"]:
        return True, [name for name in request.query.get("streams", "").split("/") if name]
    names = parts[2:] if parts[0] == "stream" else parts[1:]
    return False, [name for name in names if not name.isdecimal()]
