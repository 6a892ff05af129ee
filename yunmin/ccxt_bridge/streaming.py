"""The streams of a connector: which may be asked for, and how they are opened. An adapter gives the feeds."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from yunmin.ccxt_bridge.stream_feed import Feed
from yunmin.ccxt_bridge.stream_inbox import Inbox, LatestItem, RecentItems
from yunmin.ccxt_bridge.streams import LiveStream
from yunmin.clock import Clock, random_token
from yunmin.core.data_contracts import (
    AccountNews,
    Candle,
    Instrument,
    OrderBook,
    PublicTrade,
    StreamGap,
    StreamLost,
    StreamOpened,
    Ticker,
)
from yunmin.errors import ConfigurationError, NotSupported
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.config import ConnectorConfig
from yunmin.exchange.connector import ExchangeConnector
from yunmin.exchange.streams import NewsStream

if TYPE_CHECKING:
    from yunmin.ccxt_bridge.connector import Endpoint

__all__ = ["Streaming"]

Item = TypeVar("Item")

_Words = StreamOpened | StreamLost | StreamGap


class Streaming(ExchangeConnector):
    """A connector with streams, where its traits say that it has them."""

    clock: Clock
    config: ConnectorConfig
    _endpoint: Endpoint
    _open_streams: set[LiveStream[Any]]

    @abstractmethod
    def instrument(self, symbol: str) -> Instrument: ...

    @abstractmethod
    def _connected(self) -> Any: ...

    # --- what may be asked for -------------------------------------------------------------------------------------

    def stream_account(self) -> NewsStream[AccountNews]:
        """Orders, fills and balances of the account as they change; nothing of it is ever dropped.

        Raises NotSupported, and ConfigurationError before `connect` or without credentials.
        """
        self.require(Capability.ACCOUNT_STREAM)
        self._connected()
        if self.config.credentials is None:
            raise ConfigurationError("the account stream needs credentials")
        return self._live(self._account_feed())

    def stream_candles(self, symbol: str, timeframe: str) -> NewsStream[Candle | _Words]:
        """Each candle of `timeframe` as it forms; a slow reader gets the latest of each open time."""
        market = self._streamed_market(symbol)
        feed = self._candle_feed(market, timeframe)
        return self._live(feed, lambda _: LatestItem(key=lambda candle: candle.open_time))

    def stream_trades(self, symbol: str) -> NewsStream[PublicTrade | _Words]:
        """Everybody's trades; of a slow reader's oldest only a StreamGap is left."""
        return self._live(self._trade_feed(self._streamed_market(symbol)), lambda _: RecentItems(now=self.clock.now))

    def stream_ticker(self, symbol: str) -> NewsStream[Ticker | _Words]:
        """Best bid and ask, and the last price; a slow reader gets the latest."""
        return self._live(self._ticker_feed(self._streamed_market(symbol)), lambda _: LatestItem(key=_all_alike))

    def stream_order_book(self, symbol: str, *, limit: int = 100) -> NewsStream[OrderBook | _Words]:
        """The book, `limit` levels of each side, kept from its differences; a slow reader gets the latest."""
        feed = self._book_feed(self._streamed_market(symbol), limit)
        return self._live(feed, lambda _: LatestItem(key=_all_alike))

    # --- what an adapter gives -------------------------------------------------------------------------------------

    def _account_feed(self) -> Feed[AccountNews]:
        raise self._not_written(Capability.ACCOUNT_STREAM)

    def _candle_feed(self, market: Instrument, timeframe: str) -> Feed[Candle]:
        raise self._not_written(Capability.MARKET_STREAM)

    def _trade_feed(self, market: Instrument) -> Feed[PublicTrade]:
        raise self._not_written(Capability.MARKET_STREAM)

    def _ticker_feed(self, market: Instrument) -> Feed[Ticker]:
        raise self._not_written(Capability.MARKET_STREAM)

    def _book_feed(self, market: Instrument, limit: int) -> Feed[OrderBook]:
        raise self._not_written(Capability.MARKET_STREAM)

    def _not_written(self, capability: Capability) -> NotSupported:
        return NotSupported(f"{self.traits.title} adapter: {capability} has no feed")

    # --- how they are opened ---------------------------------------------------------------------------------------

    def _streamed_market(self, symbol: str) -> Instrument:
        self.require(Capability.MARKET_STREAM)
        return self.instrument(symbol)

    def _live(
        self, feed: Feed[Item], inbox: Callable[[Callable[[], None]], Inbox[Item]] | None = None
    ) -> LiveStream[Any]:
        """A stream of `feed` that is closed with the connector at the latest."""
        stream: LiveStream[Any] = LiveStream(
            feed,
            clock=self.clock,
            manners=self._endpoint.stream_manners.at_pace(self.config.pace),
            patience=self.config.timeout,
            allowed_hosts=self._endpoint.stream_hosts,
            inbox=inbox,
            seed=random_token(8),  # streams that were lost together must not come back together
            on_close=self._open_streams.discard,
        )
        self._open_streams.add(stream)
        return stream

    async def _close_streams(self) -> None:
        for stream in tuple(self._open_streams):
            await stream.aclose()


def _all_alike(_: object) -> None:
    """The key under which only the latest of all is kept."""
