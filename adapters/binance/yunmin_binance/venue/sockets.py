"""All WebSockets of a venue: its market streams and its WebSocket API, told of what happens on the venue's clock.

Whatever the engine does in one go is told when it is done: the engine never waits for a socket. Batched streams are
looked at every tenth of a second. There is a task for that while somebody is connected, and none otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import orjson
from aiohttp import WSCloseCode, web

from yunmin.clock import Clock
from yunmin.simulation.orders import EngineEvent
from yunmin_binance.venue.chaos.interference import Interference
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Exchange, Rejection
from yunmin_binance.venue.limits import seconds_until
from yunmin_binance.venue.outside import Movement
from yunmin_binance.venue.streams.board import in_micros, in_millis
from yunmin_binance.venue.streams.connection import Connection, Receiver
from yunmin_binance.venue.streams.market_streams import MESSAGES_PER_SECOND, MarketStreams, wants_micros
from yunmin_binance.venue.streams.names import Pace
from yunmin_binance.venue.ws_api.api import CONNECTING_WEIGHS, WsApi
from yunmin_binance.venue.ws_api.session import Session
from yunmin_binance.venue.ws_api.user_streams import UserStreams

__all__ = ["Sockets"]

_TICK: Final = 0.1
_LEAST_TICK: Final = 0.01
"""Seconds of the wall, however fast the clock goes: more often than that nobody needs to be told."""

_GOODBYE_TAKES: Final = 1.0
_BATCHED: Final = (Pace.TENTH, Pace.SECOND, Pace.TWO_SECONDS)
_STREAM_PATHS: Final = ("/ws", "/ws/{tail:.*}", "/stream", "/stream/ws", "/stream/ws/{tail:.*}")
_API_PATH: Final = "/ws-api/v3"


class Sockets:
    """Every open connection of one venue."""

    def __init__(self, exchange: Exchange, clock: Clock, faults: Interference, *, pace: float = 1.0) -> None:
        self._exchange = exchange
        self._clock = clock
        self._pace = pace
        self.users = UserStreams(exchange)
        self.markets = MarketStreams(exchange, self.users)
        self._api = WsApi(exchange, on_change=self._soon)
        self._calls = faults.calls_to(self._api)
        self._frames = faults.frames
        self._handshakes = faults.handshakes
        self._connections: dict[Connection, asyncio.Task[object] | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._is_due = False
        self._told_at = dict.fromkeys(_BATCHED, 0)
        exchange.engine.listen(self._hear)
        exchange.listen_to_rejections(self._hear_rejected)
        exchange.outside.listen(self._hear_moved)

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Everybody who is connected, in the order of coming."""
        return tuple(self._connections)

    def add_routes(self, router: web.UrlDispatcher) -> None:
        """The paths of the WebSockets. They come before the catch-all of the REST API."""
        for path in _STREAM_PATHS:
            router.add_get(path, self._serve_market_streams)
        router.add_get(_API_PATH, self._serve_api)

    def flush(self) -> None:
        """Tell everything that is new now, without waiting for the clock."""
        self._exchange.catch_up()
        self._tell()
        now = self._exchange.engine.now()
        for pace in _BATCHED:
            self.markets.publish(pace, now)

    async def close(self) -> None:
        """Tell all clients that the venue goes, and see them off."""
        if not self._connections:
            return
        self.flush()
        for connection in self._connections:
            connection.say_farewell()
            connection.close(WSCloseCode.GOING_AWAY)
        handlers = [task for task in self._connections.values() if task is not None]
        await asyncio.wait(handlers, timeout=_GOODBYE_TAKES)
        for connection in self.connections:
            connection.cut()
        await asyncio.gather(*handlers, return_exceptions=True)

    def _hear(self, event: EngineEvent) -> None:
        self.users.hear(event)
        self.markets.hear(event)
        self._soon()

    def _hear_rejected(self, rejected: Rejection) -> None:
        self.users.hear_rejected(rejected)
        self._soon()

    def _hear_moved(self, movement: Movement) -> None:
        self.users.hear_moved(movement)
        self._soon()

    def _soon(self) -> None:
        if self._loop is not None and not self._is_due:
            self._is_due = True
            self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        """Tell what has happened since the last time."""
        self._is_due = False
        self.users.tell()
        self.markets.publish(Pace.AT_ONCE, self._exchange.engine.now())

    async def _serve_market_streams(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._handshakes.refusal(request) or self._limit(request)
        if refusal is not None:
            return refusal
        connection = self._connection(request, most_per_second=MESSAGES_PER_SECOND)
        client = self.markets.welcome(connection, request)
        connection.farewell = lambda: self.markets.farewell(client)
        return await self._serve(
            connection,
            request,
            receive=lambda text: self.markets.receive(client, text),
            forget=lambda: self.markets.forget(client),
        )

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        refusal = await self._handshakes.refusal(request) or self._limit(request)
        if refusal is not None:
            return refusal
        connection = self._connection(request, most_per_second=None)
        now, address = self._exchange.told_time(), request.remote or ""
        self._exchange.traffic.count(address, CONNECTING_WEIGHS, now)
        session = Session(
            connection,
            self.users,
            address=address,
            time_of=in_micros if wants_micros(request) else in_millis,
            shows_limits=request.query.get("returnRateLimits") != "false",
            now=now,
        )
        connection.farewell = lambda: self._farewell(session)
        connection.account_of, connection.accounts = session.account_of, session.accounts
        connection.end_subscriptions = lambda: self._end_subscriptions(session)
        return await self._serve(
            connection,
            request,
            receive=lambda text: self._answer(session, text),
            forget=session.end,
        )

    def _answer(self, session: Session, text: str) -> None:
        if self._calls.is_quiet:
            session.connection.send(self._api.answer(session, text))
        else:
            self._calls.receive(session, text)
        if self._exchange.traffic.is_banned(session.address, self._exchange.told_time()):
            session.connection.close(WSCloseCode.POLICY_VIOLATION, b"IP banned")

    def _end_subscriptions(self, session: Session) -> None:
        session.unsubscribe(None)
        self._soon()

    def _farewell(self, session: Session) -> bytes:
        now = self._exchange.engine.now()
        return orjson.dumps({"event": {"e": "serverShutdown", "E": session.time_of(now)}})

    def _limit(self, request: web.Request) -> web.Response | None:
        """A no to who has tried to connect too often, or is banned."""
        now = self._exchange.told_time()
        try:
            self._exchange.traffic.connect(request.remote or "", now)
        except ApiError as error:
            return _as_refusal(error, now)
        return None

    def _connection(self, request: web.Request, *, most_per_second: int | None) -> Connection:
        if not web.WebSocketResponse().can_prepare(request):
            raise web.HTTPBadRequest(text="this path is for WebSockets")
        return Connection(self._on_the_wall, most_per_second=most_per_second, path=request.path, gate=self._frames)

    async def _serve(
        self, connection: Connection, request: web.Request, *, receive: Receiver, forget: Callable[[], None]
    ) -> web.StreamResponse:
        self._connections[connection] = asyncio.current_task()
        self._loop = asyncio.get_running_loop()
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), name="venue-streams")
        try:
            return await connection.serve(request, receive)
        finally:
            del self._connections[connection]
            self._frames.forget(connection)
            forget()
            await self._rest()

    async def _rest(self) -> None:
        """Nobody is left: stop looking."""
        ticking = self._ticking
        if self._connections or ticking is None:
            return
        self._ticking = self._loop = None
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)

    def _on_the_wall(self) -> float:
        """Seconds as whoever holds a connection feels them."""
        return self._clock.monotonic() / self._pace

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(max(_TICK, _LEAST_TICK * self._pace))
            self._exchange.catch_up()
            now = self._exchange.engine.now()
            for pace in _BATCHED:
                turn = now // pace.value
                if turn != self._told_at[pace]:
                    self._told_at[pace] = turn
                    self.markets.publish(pace, now)
            self.markets.end_expired(now)
            for connection in tuple(self._connections):
                connection.check_life()


def _as_refusal(error: ApiError, now: int) -> web.Response:
    """A handshake that is answered with an error instead."""
    waits = {} if error.retry_at is None else {"Retry-After": str(seconds_until(error.retry_at, now))}
    return web.Response(
        status=error.status, headers=waits, body=orjson.dumps(error.body), content_type="application/json"
    )
