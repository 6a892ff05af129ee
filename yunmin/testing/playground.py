"""What a scenario of the conformance suite may use: a connector, a market with a price, ids, somebody to trade with."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final
from unittest.mock import patch

import aiohttp
import pytest

from yunmin.clock import Clock
from yunmin.core.data_contracts import (
    Instrument,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderType,
    Side,
)
from yunmin.core.data_contracts.money import EXACT, ceil_to_step, floor_to_step
from yunmin.errors import ExchangeError, NotSupported
from yunmin.exchange import (
    AdapterPlugin,
    CancelsAll,
    Capability,
    ConnectorConfig,
    Credentials,
    ExchangeConnector,
    ShowsMarket,
    StreamsAccount,
    StreamsMarket,
    TestsOrders,
    Traits,
)
from yunmin.testing.inspection import inspected

__all__ = ["Ground", "Playground", "Wire", "counted_requests"]

_FAR: Final = Decimal("0.2")
_MIN_NOTIONALS: Final = Decimal(4)


class Wire:
    """How many requests have been sent."""

    def __init__(self) -> None:
        self.requests_sent = 0


@contextmanager
def counted_requests() -> Iterator[Wire]:
    """Count what leaves through aiohttp, whoever answers it."""
    wire = Wire()
    sends = aiohttp.ClientSession._request  # noqa: SLF001  vcrpy's own place for it, too

    async def count(session: Any, *args: Any, **named: Any) -> Any:
        wire.requests_sent += 1
        return await sends(session, *args, **named)

    with patch.object(aiohttp.ClientSession, "_request", count):
        yield wire


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Where scenarios are played: an adapter, the account it plays with, and perhaps a second one to trade against.

    `ids` makes the client order ids of one round differ from those of others.
    """

    plugin: AdapterPlugin
    config: ConnectorConfig
    clock: Clock
    symbol: str
    ids: str
    counterparty: Credentials | None = None
    is_replay: bool = False


@dataclass(slots=True)
class Playground:
    """One scenario's share of a ground. Everything that it opens is closed after it, what it left open is cancelled."""

    ground: Ground
    test: str
    connector: ExchangeConnector
    market: Instrument
    wire: Wire
    _exits: AsyncExitStack
    _ids_given: list[str] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def opened(cls, ground: Ground, test: str, wire: Wire) -> AsyncIterator[Playground]:
        """Connect and look up the market; tidy up afterwards."""
        async with AsyncExitStack() as exits:
            connector = inspected(ground.plugin.connector(ground.config, ground.clock))
            exits.push_async_callback(connector.close)
            await connector.connect()
            markets = await connector.fetch_instruments()
            assert ground.symbol in markets, f"{ground.symbol} is not listed here; name another `symbol`"
            play = cls(ground, test, connector, markets[ground.symbol], wire, exits)
            try:
                yield play
            finally:
                await play._cancel_what_is_left()

    # --- who and where ---------------------------------------------------------------------------------------------

    @property
    def traits(self) -> Traits:
        return self.ground.plugin.traits()

    @property
    def symbol(self) -> str:
        return self.market.symbol

    @property
    def is_replay(self) -> bool:
        """Whether the answers were recorded: then they are as old as the recording."""
        return self.ground.is_replay

    def another_connector(self, credentials: Credentials | None = None) -> ExchangeConnector:
        """A connector of its own, not connected yet; closed after the scenario."""
        config = self.ground.config
        if credentials is not None:
            config = config.model_copy(update={"credentials": credentials})
        connector = inspected(self.ground.plugin.connector(config, self.ground.clock))
        self._exits.push_async_callback(connector.close)
        return connector

    async def counterparty(self) -> ExchangeConnector:
        """Somebody else, connected; the scenario is skipped where there is only one account."""
        if self.ground.counterparty is None:
            pytest.skip("there is no second account here to trade against")
        connector = self.another_connector(self.ground.counterparty)
        await connector.connect()
        return connector

    def client_order_id(self) -> str:
        """The next id of this scenario: the same ones in each round with the same `ids`."""
        digest = sha256(f"{self.ground.ids} {self.test}".encode()).hexdigest()
        given = f"{self.traits.client_order_id_prefix}{digest[:10]}{len(self._ids_given):02d}"
        self._ids_given.append(given)
        return given

    # --- what an exchange may lack ---------------------------------------------------------------------------------

    @property
    def shown(self) -> ShowsMarket:
        """The connector as one that shows the market; NotSupported where it has no such methods."""
        if not isinstance(self.connector, ShowsMarket):
            raise NotSupported("the connector has no methods for market data")
        return self.connector

    @property
    def cancels_all(self) -> CancelsAll:
        if not isinstance(self.connector, CancelsAll):
            raise NotSupported("the connector has no cancel_all_orders")
        return self.connector

    @property
    def tests_orders(self) -> TestsOrders:
        if not isinstance(self.connector, TestsOrders):
            raise NotSupported("the connector has no test_order")
        return self.connector

    @property
    def streams_account(self) -> StreamsAccount:
        if not isinstance(self.connector, StreamsAccount):
            raise NotSupported("the connector has no stream_account")
        return self.connector

    @property
    def streams_market(self) -> StreamsMarket:
        if not isinstance(self.connector, StreamsMarket):
            raise NotSupported("the connector has no market streams")
        return self.connector

    # --- prices and quantities -------------------------------------------------------------------------------------

    async def book(self) -> OrderBook:
        """The book, with somebody on both sides; the scenario is skipped where it cannot be seen or is empty."""
        if not self.traits.support_of(Capability.ORDER_BOOK).is_usable:
            pytest.skip("the prices of the market cannot be seen here")
        book = await self.shown.fetch_order_book(self.symbol, limit=20)
        if not book.bids or not book.asks:
            pytest.skip(f"nobody quotes {self.symbol} here")
        return book

    async def far_price(self, side: Side) -> Decimal:
        """A valid price at which an order of `side` rests, a fifth away from the market."""
        book = await self.book()
        if side is Side.BUY:
            return self.price_down(book.bids[0].price * (1 - _FAR))
        return self.price_up(book.asks[0].price * (1 + _FAR))

    def price_down(self, price: Decimal) -> Decimal:
        return floor_to_step(price, self.market.tick_size)

    def price_up(self, price: Decimal) -> Decimal:
        return ceil_to_step(price, self.market.tick_size)

    def small_qty(self, price: Decimal, *, times: int = 1) -> Decimal:
        """`times` a quantity that is well above every minimum at `price`, for any type of order."""
        market = self.market
        step = max(market.qty_step, market.market_qty_step)
        least = max(
            market.min_qty, market.market_min_qty, EXACT.divide(market.min_notional * _MIN_NOTIONALS, price), step
        )
        return EXACT.multiply(ceil_to_step(least, step), Decimal(times))

    def qty_up(self, qty: Decimal) -> Decimal:
        """`qty` on the grid, for any type of order."""
        return ceil_to_step(qty, max(self.market.qty_step, self.market.market_qty_step))

    # --- requests --------------------------------------------------------------------------------------------------

    def request(self, side: Side, order_type: OrderType, **terms: object) -> OrderRequest:
        """An order on the playground's market, with the next id."""
        named: dict[str, object] = {
            "symbol": self.symbol,
            "side": side,
            "order_type": order_type,
            "client_order_id": self.client_order_id(),
        }
        return OrderRequest.model_validate(named | terms)

    async def resting(self, side: Side = Side.BUY, **terms: object) -> OrderRequest:
        """A limit order far from the market."""
        price = await self.far_price(side)
        return self.request(side, OrderType.LIMIT, **({"qty": self.small_qty(price), "price": price} | terms))

    def ref(self, request: OrderRequest, exchange_order_id: str | None = None) -> OrderRef:
        """The order that `request` asked for."""
        return OrderRef(
            symbol=request.symbol, client_order_id=request.client_order_id, exchange_order_id=exchange_order_id
        )

    @contextmanager
    def nothing_sent(self) -> Iterator[None]:
        """Fail if a request leaves inside."""
        before = self.wire.requests_sent
        yield
        assert self.wire.requests_sent == before, "a request was sent"

    async def _cancel_what_is_left(self) -> None:
        if not self._ids_given:
            return
        try:
            left = await self.connector.fetch_open_orders(self.symbol)
            for order in left:
                if order.client_order_id in self._ids_given:
                    await self.connector.cancel_order(
                        OrderRef(symbol=order.symbol, exchange_order_id=order.exchange_order_id)
                    )
        except ExchangeError:
            return  # the scenario has failed for the same reason; what it said is worth more
