"""The port: what Yunmin asks of any exchange.

`ExchangeConnector` is what every adapter has. What an exchange may lack stands in protocols beside it, one per
capability; `connector.require(Capability.X)` raises NotSupported where it is lacking.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from yunmin.core.data_contracts import (
    AccountState,
    Candle,
    Fill,
    Instrument,
    KeyRights,
    OrderAck,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderUpdate,
    PublicTrade,
    Ticker,
)
from yunmin.errors import NotSupported
from yunmin.exchange.capabilities import Capability, Traits
from yunmin.exchange.config import Environment

__all__ = ["CancelsAll", "ExchangeConnector", "KeepsTime", "ShowsKeyRights", "ShowsMarket", "TestsOrders"]


class ExchangeConnector(ABC):
    """One account at one exchange. It keeps no orders and sends no placement twice.

    Every method but `connect` and `close` may raise ConnectivityError (no answer yet: Timeout, Unavailable,
    RateLimited), Rejected (a proven no) and MalformedResponse. Symbols are unified, `BASE/QUOTE`.
    """

    traits: Traits

    @abstractmethod
    async def connect(self) -> None:
        """Open the session and load the markets. Calling it again changes nothing."""

    @abstractmethod
    async def close(self) -> None:
        """Let everything go. May be called twice."""

    @abstractmethod
    def new_client_order_id(self) -> str:
        """An id of the exchange's own form that no order ever had."""

    @abstractmethod
    async def server_time(self) -> datetime:
        """The exchange's own clock."""

    @abstractmethod
    async def fetch_instruments(self) -> Mapping[str, Instrument]:
        """Every spot market by its symbol, fresh from the exchange."""

    @abstractmethod
    async def fetch_account(self) -> AccountState:
        """All balances."""

    @abstractmethod
    async def place_order(self, request: OrderRequest) -> OrderAck:
        """Place one order, sending at most one request.

        Returns only for a proven acceptance: an exchange order id, the echoed client order id, symbol and side as
        sent, and a status we know. Raises Rejected for a proven refusal (with `source` LOCAL where nothing was sent)
        and OutcomeUnknown for everything else, cancellation of the calling task included.
        """

    @abstractmethod
    async def cancel_order(self, ref: OrderRef) -> OrderUpdate:
        """Cancel one order, by either id. Returns the order as it ended, its fills counted.

        Raises OrderNotFound when the exchange knows no such open order (it may be filled, cancelled or never placed:
        ask with `fetch_order`), other Rejected for a proven refusal, OutcomeUnknown for everything else.
        """

    @abstractmethod
    async def fetch_order(self, ref: OrderRef) -> OrderUpdate:
        """One order. Raises OrderNotFound, which proves nothing about an order that was just sent."""

    @abstractmethod
    async def fetch_open_orders(self, symbol: str | None = None) -> Sequence[OrderUpdate]:
        """The orders that rest at the exchange; of all symbols when none is named."""

    @abstractmethod
    async def fetch_order_history(
        self, symbol: str, *, since: datetime | None = None, limit: int = 100
    ) -> Sequence[OrderUpdate]:
        """The last `limit` orders of a symbol in any state, newest first; or the first ones of `since` or later.

        `since` is a time of the exchange's clock. From then on those were made, in the order of their making; where the
        exchange goes by the last change, older ones that changed since then come too.
        """

    @abstractmethod
    async def fetch_fills(
        self,
        symbol: str,
        *,
        exchange_order_id: str | None = None,
        from_trade_id: str | None = None,
        since: datetime | None = None,
        limit: int = 500,
    ) -> Sequence[Fill]:
        """Our executions on a symbol, oldest first; of one order, from a trade id on, or since a moment."""

    def require(self, capability: Capability) -> None:
        """Raise NotSupported unless this exchange and adapter can do `capability`."""
        support = self.traits.support_of(capability)
        if not support.is_usable:
            raise NotSupported(f"{self.traits.title} adapter: {capability} is {support}")

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


@runtime_checkable
class ShowsMarket(Protocol):
    """Public market data: TICKER, ORDER_BOOK, PUBLIC_TRADES, CANDLES."""

    async def fetch_ticker(self, symbol: str) -> Ticker:
        """Best bid and ask, and the last price."""
        ...

    async def fetch_order_book(self, symbol: str, *, limit: int = 100) -> OrderBook:
        """`limit` levels of each side."""
        ...

    async def fetch_trades(self, symbol: str, *, limit: int = 100) -> Sequence[PublicTrade]:
        """The last trades of everybody, oldest first."""
        ...

    async def fetch_candles(
        self, symbol: str, timeframe: str, *, since: datetime | None = None, limit: int = 500
    ) -> Sequence[Candle]:
        """Candles of `timeframe` (1m, 5m, 1h, 1d …), oldest first; the last one may still be forming."""
        ...


@runtime_checkable
class KeepsTime(Protocol):
    """A connector that stamps its requests with the exchange's time."""

    async def synchronise_clock(self) -> timedelta:
        """Compare the clocks anew; returns how far the stamps had strayed from the exchange's clock since the last."""
        ...


@runtime_checkable
class ShowsKeyRights(Protocol):
    """A connector whose exchange says what the API key may be used for."""

    @property
    def environment(self) -> Environment:
        """Where it is connected: what a key may do matters most where the money is real."""
        ...

    async def fetch_key_rights(self) -> KeyRights:
        """What the key may do. Raises NotSupported where this environment does not say; then nothing is known."""
        ...


@runtime_checkable
class CancelsAll(Protocol):
    """CANCEL_ALL."""

    async def cancel_all_orders(self, symbol: str) -> Sequence[OrderUpdate]:
        """Cancel every open order of a symbol, whoever placed it; empty when there was none."""
        ...


@runtime_checkable
class TestsOrders(Protocol):
    """TEST_ORDER."""

    async def test_order(self, request: OrderRequest) -> None:
        """Let the exchange check an order without placing it. Raises Rejected as `place_order` would."""
        ...
