"""Any exchange through ccxt: the unified default of every call, and the places where an adapter may do better.

What must never differ between exchanges is here and is not meant to be overridden: the checks before an order leaves,
the proof that it was accepted, and what a failure means. What does differ are the `_send_*` and `_ask_*` methods (how
the call goes out) and the `_read_*` methods (how the answer is read). The defaults use ccxt's unified calls; an adapter
with a fast lane calls ccxt's implicit endpoints and reads the exchange's own JSON.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from yunmin.ccxt_bridge import parse
from yunmin.ccxt_bridge import request as outgoing
from yunmin.ccxt_bridge.acceptance import Contradiction, doubt_of_ack, doubt_of_answer, doubt_of_cancel
from yunmin.ccxt_bridge.errors import RefusalTable, translate_command, translate_question
from yunmin.ccxt_bridge.guarded import NO_MANNERS, Manners, make_exchange
from yunmin.ccxt_bridge.stream_feed import StreamManners
from yunmin.ccxt_bridge.streaming import Streaming
from yunmin.ccxt_bridge.streams import LiveStream
from yunmin.ccxt_bridge.transport import GuardedSession, departing
from yunmin.clock import Clock, SystemClock, from_millis, random_token, to_millis
from yunmin.core.data_contracts import (
    AccountState,
    Candle,
    Fill,
    Instrument,
    OrderAck,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderUpdate,
    PublicTrade,
    Source,
    Ticker,
)
from yunmin.errors import (
    ConfigurationError,
    ConnectivityError,
    CrossedAnswer,
    InvalidOrder,
    InvalidValue,
    MalformedResponse,
    RejectReason,
    RejectSource,
    UnknownSymbol,
)
from yunmin.exchange.capabilities import Traits
from yunmin.exchange.config import ConnectorConfig, Environment, PlacementConnection

__all__ = ["CcxtConnector", "Endpoint"]

T = TypeVar("T")


class Endpoint:
    """Where and how one ccxt exchange is reached: its id, its settings, the hosts it may be reached at.

    `manners` are what may be relied on in its answers; by default nothing is. `stream_hosts` are those of its
    WebSockets, `stream_manners` how these are kept.
    """

    def __init__(
        self,
        exchange_id: str,
        *,
        settings: Mapping[str, Any],
        allowed_hosts: frozenset[str],
        refusals: RefusalTable | None = None,
        manners: Manners = NO_MANNERS,
        address: str = "its usual address",
        stream_hosts: frozenset[str] = frozenset(),
        stream_manners: StreamManners | None = None,
    ) -> None:
        self.stream_hosts = stream_hosts
        self.stream_manners = stream_manners or StreamManners()
        self.address = address
        self.manners = manners
        self.exchange_id = exchange_id
        self.settings = settings
        self.allowed_hosts = allowed_hosts
        self.refusals = refusals or RefusalTable(read_code=lambda body: None)


class CcxtConnector(Streaming):
    """One account at one exchange, through ccxt. Make it anywhere; `connect` it in the event loop that uses it."""

    def __init__(
        self, config: ConnectorConfig, *, traits: Traits, endpoint: Endpoint, clock: Clock | None = None
    ) -> None:
        config.require_consent()
        self.traits = traits
        self.clock: Clock = clock or SystemClock()
        self.config = config
        self._endpoint = endpoint
        self._refusals = endpoint.refusals
        self._id_pattern = re.compile(traits.client_order_id_pattern, re.ASCII)
        self._session: GuardedSession | None = None
        self._exchange: Any = None
        self._open_streams: set[LiveStream[Any]] = set()
        self._connecting = asyncio.Lock()
        self._is_ready = False
        self._time_difference: int | None = None
        self._instruments: dict[str, Instrument] = {}
        self._delisted: dict[str, Instrument] = {}
        self._by_exchange_symbol: dict[str, Instrument] = {}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.traits.name} {self.config.environment}>"

    @property
    def environment(self) -> Environment:
        """Where it is connected."""
        return self.config.environment

    # --- life ------------------------------------------------------------------------------------------------------

    async def connect(self) -> None:
        async with self._connecting:
            if not self._is_ready:
                await self._open()

    async def _open(self) -> None:
        self._instruments, self._delisted = {}, {}
        session = GuardedSession(allowed_hosts=self._endpoint.allowed_hosts, answer_limit=self.config.max_answer_bytes)
        self._session = session
        try:
            self._exchange = make_exchange(
                self._endpoint.exchange_id,
                self._settings(),
                session,
                credentials=self.config.credentials,
                manners=self._endpoint.manners,
            )
            self._exchange.milliseconds = lambda: to_millis(self.clock.now())  # ccxt's own would be the machine's
            await self.synchronise_clock()
            await self.fetch_instruments()
        except ConnectivityError as error:
            await self.close()
            error.args = (f"{self.traits.title} cannot be reached at {self._endpoint.address}: {error}",)
            failure = error  # of its own kind still: a RateLimited says how long to wait
        except BaseException:
            await self.close()
            raise
        else:
            self._is_ready = True
            return
        raise failure

    async def close(self) -> None:
        exchange, session = self._exchange, self._session
        self._exchange = self._session = None
        self._is_ready = False
        await self._close_streams()
        try:
            if exchange is not None:
                await exchange.close()
        finally:
            if session is not None:
                await session.close()

    def _settings(self) -> dict[str, Any]:
        return {
            **self._endpoint.settings,
            "timeout": int(self.config.timeout * 1000),
            "enableRateLimit": self.config.rate_limit,
            "enableLastHttpResponse": False,  # an answer may be long, and nobody here asks ccxt for the last one
        }

    async def synchronise_clock(self) -> timedelta:
        """Let ccxt stamp requests with the exchange's time, however wrong this machine's clock is.

        Returns how far the stamps had strayed since the last comparison; nothing for the first. An exchange of a pace
        of its own goes by the connector's clock, and there is nothing to compare.
        """
        if self.config.pace != 1:
            return timedelta(0)
        exchange = self._connected()
        before = exchange.milliseconds()
        there = to_millis(await self.server_time())
        here = (before + exchange.milliseconds()) // 2
        known, exchange.options["timeDifference"] = self._time_difference, here - there
        self._time_difference = here - there
        return timedelta(0) if known is None else timedelta(milliseconds=here - there - known)

    # --- markets ---------------------------------------------------------------------------------------------------

    async def server_time(self) -> datetime:
        return await self._question("the server's time", self._ask_time(), from_millis)

    async def fetch_instruments(self) -> Mapping[str, Instrument]:
        instruments = await self._question("the markets", self._ask_instruments(), self._read_some_instruments)
        listed = {instrument.symbol: instrument for instrument in instruments}
        names = {instrument.exchange_symbol for instrument in instruments}
        self._delisted = {
            symbol: market
            for symbol, market in (self._delisted | self._instruments).items()
            if symbol not in listed and market.exchange_symbol not in names  # else it goes by another symbol now
        }
        self._instruments = listed
        self._by_exchange_symbol = {one.exchange_symbol: one for one in (*self._delisted.values(), *instruments)}
        return dict(listed)

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The markets as they were when last fetched, by unified symbol."""
        return self._instruments

    def instrument_by_exchange_symbol(self, exchange_symbol: str) -> Instrument | None:
        """The market under the exchange's own name, None where there never was one."""
        return self._by_exchange_symbol.get(exchange_symbol)

    def instrument(self, symbol: str) -> Instrument:
        """The market of a unified symbol. Raises UnknownSymbol; nothing is sent."""
        if not self._is_ready:
            raise ConfigurationError(_NOT_CONNECTED)
        found = self._instruments.get(symbol) if isinstance(symbol, str) else None
        if found is None:
            hint = self._by_exchange_symbol.get(symbol) if isinstance(symbol, str) else None
            advice = f"; did you mean {hint.symbol}?" if hint is not None else ""
            raise UnknownSymbol(f"no market {str(symbol)[:40]!r} here{advice}", source=RejectSource.LOCAL)
        return found

    def _once_listed(self, symbol: str) -> Instrument:
        """As `instrument`; also one that is not listed any more: orders there can still be asked for, and cancelled."""
        return self._delisted.get(symbol) or self.instrument(symbol)

    async def fetch_ticker(self, symbol: str) -> Ticker:
        market = self.instrument(symbol)
        return await self._question(
            f"the ticker of {symbol}",
            self._ask_ticker(market),
            lambda raw: _about(symbol, self._read_ticker(raw, market)),
        )

    async def fetch_order_book(self, symbol: str, *, limit: int = 100) -> OrderBook:
        market = self.instrument(symbol)
        return await self._question(
            f"the book of {symbol}", self._ask_order_book(market, limit), lambda raw: self._read_order_book(raw, market)
        )

    async def fetch_trades(self, symbol: str, *, limit: int = 100) -> Sequence[PublicTrade]:
        market = self.instrument(symbol)
        return await self._question(
            f"the trades of {symbol}",
            self._ask_trades(market, limit),
            lambda raw: [_about(symbol, self._read_public_trade(trade, market)) for trade in _rows(raw)],
        )

    async def fetch_candles(
        self, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
    ) -> Sequence[Candle]:
        market = self.instrument(symbol)
        start = _millis(since)
        return await self._question(
            f"the candles of {symbol}",
            self._ask_candles(market, timeframe, start, limit),
            lambda raw: [self._read_candle(row, market) for row in _rows(raw)],
        )

    # --- account ---------------------------------------------------------------------------------------------------

    async def fetch_account(self) -> AccountState:
        return await self._question("the account", self._ask_account(), self._read_account)

    async def fetch_order(self, ref: OrderRef) -> OrderUpdate:
        market = self._once_listed(ref.symbol)
        return await self._question(
            f"order {_named(ref)}", self._ask_order(ref, market), lambda raw: self._checked_answer(raw, market, ref)
        )

    async def fetch_open_orders(self, symbol: str | None = None) -> Sequence[OrderUpdate]:
        market = None if symbol is None else self._once_listed(symbol)
        return await self._question(
            "the open orders", self._ask_open_orders(market), lambda raw: self._read_orders(raw, market)
        )

    async def fetch_order_history(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> Sequence[OrderUpdate]:
        market = self._once_listed(symbol)

        def read(raw: Any) -> list[OrderUpdate]:
            oldest_first = sorted(self._read_orders(raw, market), key=_age)
            kept = oldest_first[-limit:] if since is None else oldest_first[:limit]
            return kept[::-1]

        asked = self._ask_order_history(market, since=_millis(since), limit=limit)
        return await self._question(f"the orders of {symbol}", asked, read)

    async def fetch_fills(
        self,
        symbol: str,
        *,
        exchange_order_id: str | None = None,
        from_trade_id: str | None = None,
        since: datetime | None = None,
        limit: int = 500,
    ) -> Sequence[Fill]:
        market = self._once_listed(symbol)
        asked = self._ask_fills(
            market,
            exchange_order_id=exchange_order_id,
            from_trade_id=from_trade_id,
            since=_millis(since),
            limit=limit,
        )

        def read(raw: Any) -> list[Fill]:
            fills = [_about(symbol, self._read_fill(trade, market)) for trade in _rows(raw)]
            if exchange_order_id is not None and any(fill.exchange_order_id != exchange_order_id for fill in fills):
                raise MalformedResponse(
                    f"asked for the trades of order {exchange_order_id[:40]!r}, got another order's"
                )
            return fills

        return await self._question(f"our trades of {symbol}", asked, read)

    # --- commands --------------------------------------------------------------------------------------------------

    async def place_order(self, request: OrderRequest) -> OrderAck:
        request, market = self._checked_request(request)
        what = f"order {request.client_order_id} ({request.side} {request.symbol})"

        def read(raw: Any) -> OrderAck:
            ack = self._read_ack(raw, market)
            _insist(doubt_of_ack(ack, request))
            return ack

        return await self._command(
            what, self._send_order(request, market), read, client_order_id=request.client_order_id
        )

    async def test_order(self, request: OrderRequest) -> None:
        """Let the exchange check an order without placing it, where it offers that."""
        request, market = self._checked_request(request)
        await self._question(
            f"the test of {request.client_order_id}", self._ask_test(request, market), lambda raw: None
        )

    async def cancel_order(self, ref: OrderRef) -> OrderUpdate:
        self._connected()
        market = self._once_listed(ref.symbol)

        def read(raw: Any) -> OrderUpdate:
            update = self._read_cancelled(raw, market)
            _insist(doubt_of_cancel(update, ref))
            return update

        return await self._command(
            f"the cancel of {_named(ref)}", self._send_cancel(ref, market), read, client_order_id=ref.client_order_id
        )

    def new_client_order_id(self) -> str:
        """An id with our prefix that no order ever had."""
        prefix = self.traits.client_order_id_prefix
        return prefix + random_token(min(self.traits.client_order_id_max_length - len(prefix), 22))

    def _checked_request(self, request: OrderRequest) -> tuple[OrderRequest, Instrument]:
        """The request with a client order id, and its market; refused here when it breaks a rule. Nothing is sent."""
        self._connected()
        market = self.instrument(request.symbol)
        if request.client_order_id is None:
            request = request.model_copy(update={"client_order_id": self.new_client_order_id()})
        elif self._id_pattern.fullmatch(request.client_order_id) is None:
            raise InvalidOrder(
                f"client order id {request.client_order_id[:40]!r} must match {self.traits.client_order_id_pattern}",
                source=RejectSource.LOCAL,
            )
        violations = market.violations(request)
        if violations:
            raise InvalidOrder(
                f"{request.symbol}: {'; '.join(map(str, violations))}",
                reason=RejectReason.RULE_VIOLATION,
                source=RejectSource.LOCAL,
            )
        return request, market

    # --- how a question and a command end --------------------------------------------------------------------------

    async def _question(self, what: str, asked: Awaitable[Any], read: Callable[[Any], T]) -> T:
        try:
            return read(await asked)
        except asyncio.CancelledError as error:
            # made anew: the frames below hold the signed request in their locals
            translated: BaseException = asyncio.CancelledError(*error.args)
        except Exception as error:  # noqa: BLE001  whatever it is, it becomes one of ours
            translated = translate_question(error, what=what, table=self._refusals)
        raise translated

    async def _command(
        self, what: str, sent: Awaitable[Any], read: Callable[[Any], T], *, client_order_id: str | None
    ) -> T:
        with departing(self._placement_connection) as departure:
            try:
                return read(await sent)
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001  a cancelled task, too, leaves an order behind
                translated = translate_command(
                    error, departure=departure, table=self._refusals, what=what, client_order_id=client_order_id
                )
        raise translated

    @property
    def _placement_connection(self) -> PlacementConnection:
        return self.config.placement_connection

    def _connected(self) -> Any:
        if self._exchange is None:
            raise ConfigurationError(_NOT_CONNECTED)
        return self._exchange

    def _checked_answer(self, raw: Any, market: Instrument, ref: OrderRef) -> OrderUpdate:
        update = self._read_order(raw, market)
        doubt = doubt_of_answer(update, ref)
        if doubt is not None:
            raise MalformedResponse(f"asked for {_named(ref)}: {doubt}")
        return update

    def _read_orders(self, raw: Any, market: Instrument | None) -> list[OrderUpdate]:
        updates = [self._read_order(order, market) for order in _rows(raw)]
        if any(not update.exchange_order_id for update in updates):
            raise MalformedResponse("an order without an id")
        return updates if market is None else [_about(market.symbol, update) for update in updates]

    def _read_some_instruments(self, raw: Any) -> list[Instrument]:
        instruments = self._read_instruments(raw)
        if not instruments:
            raise MalformedResponse("not one market was listed")
        return instruments

    # --- the unified default: an adapter may replace any of these --------------------------------------------------

    async def _ask_time(self) -> int:
        millis: int = await self._connected().fetch_time()
        return millis

    async def _ask_instruments(self) -> Any:
        exchange = self._connected()
        known = dict(exchange.markets or {})
        listed = await exchange.load_markets(reload=True)
        gone = [market for symbol, market in known.items() if symbol not in listed]
        if gone:  # ccxt would forget them, and their orders could neither be asked for nor cancelled
            exchange.set_markets([*listed.values(), *gone], exchange.currencies)
        return listed

    def _read_instruments(self, raw: Any) -> list[Instrument]:
        return [parse.parse_instrument(market) for market in raw.values() if market.get("spot")]

    async def _ask_account(self) -> Any:
        return await self._connected().fetch_balance()

    def _read_account(self, raw: Any) -> AccountState:
        return parse.parse_account(raw)

    async def _ask_order(self, ref: OrderRef, market: Instrument) -> Any:
        order_id, symbol, params = outgoing.as_ref_params(ref)
        return await self._connected().fetch_order(order_id, symbol, params)

    def _read_order(self, raw: Any, market: Instrument | None) -> OrderUpdate:
        return parse.parse_order(raw)

    async def _ask_open_orders(self, market: Instrument | None) -> Any:
        return await self._connected().fetch_open_orders(None if market is None else market.symbol)

    async def _ask_order_history(self, market: Instrument, *, since: int | None, limit: int) -> Any:
        return await self._connected().fetch_orders(market.symbol, since, limit)

    async def _ask_fills(
        self,
        market: Instrument,
        *,
        exchange_order_id: str | None,
        from_trade_id: str | None,
        since: int | None,
        limit: int,
    ) -> Any:
        exchange = self._connected()
        if exchange_order_id is not None:
            return await exchange.fetch_order_trades(exchange_order_id, market.symbol, since, limit)
        params = {} if from_trade_id is None else {"fromId": from_trade_id}
        return await exchange.fetch_my_trades(market.symbol, since, limit, params)

    def _read_fill(self, raw: Any, market: Instrument) -> Fill:
        return parse.parse_fill(raw)

    async def _send_order(self, request: OrderRequest, market: Instrument) -> Any:
        return await self._connected().create_order(*outgoing.as_create_order(request))

    def _read_ack(self, raw: Any, market: Instrument) -> OrderAck:
        update = parse.parse_order(raw, source=Source.ACK)
        fills = (parse.parse_fill(trade, source=Source.ACK) for trade in raw.get("trades") or ())
        # what comes with an order's own answer is that order's, also where ccxt leaves the ids out
        ids = {"client_order_id": update.client_order_id, "exchange_order_id": update.exchange_order_id}
        return OrderAck(update=update, fills=tuple(fill.model_copy(update=ids) for fill in fills))

    async def _ask_test(self, request: OrderRequest, market: Instrument) -> Any:
        symbol, kind, side, amount, price, params = outgoing.as_create_order(request)
        return await self._connected().create_order(symbol, kind, side, amount, price, {**params, "test": True})

    async def _send_cancel(self, ref: OrderRef, market: Instrument) -> Any:
        order_id, symbol, params = outgoing.as_ref_params(ref)
        return await self._connected().cancel_order(order_id, symbol, params)

    def _read_cancelled(self, raw: Any, market: Instrument) -> OrderUpdate:
        return self._read_order(raw, market)

    async def _ask_ticker(self, market: Instrument) -> Any:
        return await self._connected().fetch_ticker(market.symbol)

    def _read_ticker(self, raw: Any, market: Instrument) -> Ticker:
        return parse.parse_ticker(raw)

    async def _ask_order_book(self, market: Instrument, limit: int) -> Any:
        return await self._connected().fetch_order_book(market.symbol, limit)

    def _read_order_book(self, raw: Any, market: Instrument) -> OrderBook:
        return parse.parse_order_book(raw, market.symbol)

    async def _ask_trades(self, market: Instrument, limit: int) -> Any:
        return await self._connected().fetch_trades(market.symbol, None, limit)

    def _read_public_trade(self, raw: Any, market: Instrument) -> PublicTrade:
        return parse.parse_public_trade(raw)

    async def _ask_candles(self, market: Instrument, timeframe: str, since: int | None, limit: int) -> Any:
        return await self._connected().fetch_ohlcv(market.symbol, timeframe, since, limit)

    def _read_candle(self, raw: Any, market: Instrument) -> Candle:
        return parse.parse_candle(raw, market.symbol)


def _millis(since: datetime | None) -> int | None:
    if since is not None and since.utcoffset() is None:
        raise InvalidValue("`since` is a datetime without a time zone")
    return None if since is None else to_millis(since)


_NOT_CONNECTED = "the connector is not connected; call connect() first, or use `async with`"


def _insist(doubt: str | None) -> None:
    """Inside a command, an answer that does not prove itself leaves the outcome unknown."""
    if isinstance(doubt, Contradiction):
        raise CrossedAnswer(doubt)
    if doubt is not None:
        raise MalformedResponse(doubt)


class _OfMarket(Protocol):
    @property
    def symbol(self) -> str: ...


S = TypeVar("S", bound=_OfMarket)


def _about(symbol: str, value: S) -> S:
    """`value`, which must be about the market that was asked for."""
    if value.symbol != symbol:
        raise MalformedResponse(f"asked about {symbol}, got an answer about {value.symbol[:40]!r}")
    return value


def _rows(raw: Any) -> Iterator[Any]:
    """Each row of a list that is read once: it is empty then, so that a long answer is not held beside its values.

    Anything else that can be walked through, an empty object for one, is not "none".
    """
    if not isinstance(raw, list):
        raise MalformedResponse(f"a list was expected, not {type(raw).__name__}")
    raw.reverse()
    while raw:
        yield raw.pop()


def _named(ref: OrderRef) -> str:
    return f"{ref.client_order_id or ref.exchange_order_id} on {ref.symbol}"


def _age(update: OrderUpdate) -> tuple[int, int]:
    """Newest last: by creation, then by the exchange's number where it is one."""
    created = -1 if update.created_at is None else to_millis(update.created_at)
    number = update.exchange_order_id or ""
    return created, int(number) if number.isascii() and number.isdigit() else 0
