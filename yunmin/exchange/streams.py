"""What an exchange tells unasked: the news of one account, and of the markets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Protocol, Self, TypeVar, runtime_checkable

from yunmin.core.data_contracts import Candle, OrderBook, PublicTrade, Ticker
from yunmin.core.data_contracts.stream import AccountNews, StreamGap, StreamLost, StreamOpened

__all__ = ["NewsStream", "StreamsAccount", "StreamsMarket"]

Item = TypeVar("Item")


class NewsStream(Protocol[Item]):
    """An open stream. It reconnects by itself, and says so: StreamLost, then StreamGap.

        async with connector.stream_account() as news:
            async for item in news: ...

    Entering returns once it is subscribed (its first item is StreamOpened) and raises ConnectivityError or Rejected
    where it cannot be. Leaving, or `aclose`, ends it; a waiting reader then stops. News of an account is never dropped;
    of a market's, a slow reader gets the latest.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __aiter__(self) -> AsyncIterator[Item]: ...

    async def next_batch(self) -> list[Item]:
        """Everything that has come and was not taken yet, oldest first; waits for the first. Empty once closed."""
        ...

    async def aclose(self) -> None:
        """End it. May be called twice."""
        ...


@runtime_checkable
class StreamsAccount(Protocol):
    """ACCOUNT_STREAM: orders, fills and balances of the account as they change."""

    def stream_account(self) -> NewsStream[AccountNews]:
        """A new stream of this account; not open yet."""
        ...


@runtime_checkable
class StreamsMarket(Protocol):
    """MARKET_STREAM: candles, trades, tickers and books of one market as they change."""

    def stream_candles(self, symbol: str, timeframe: str) -> NewsStream[Candle | StreamOpened | StreamLost | StreamGap]:
        """Each candle of `timeframe` as it forms; the last of each open_time is the closed one."""
        ...

    def stream_trades(self, symbol: str) -> NewsStream[PublicTrade | StreamOpened | StreamLost | StreamGap]:
        """Everybody's trades."""
        ...

    def stream_ticker(self, symbol: str) -> NewsStream[Ticker | StreamOpened | StreamLost | StreamGap]:
        """Best bid and ask, and the last price."""
        ...

    def stream_order_book(
        self, symbol: str, *, limit: int = 100
    ) -> NewsStream[OrderBook | StreamOpened | StreamLost | StreamGap]:
        """The book, `limit` levels of each side, kept from its differences; resynchronised where they do not join."""
        ...
