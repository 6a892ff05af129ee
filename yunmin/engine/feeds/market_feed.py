"""The market as an exchange's own streams tell it, with what a gap left out asked for.

A candle counts as closed when the exchange says so. Where the next one forms already and its forerunner's end was not
heard, or the stream had a gap, the candles between are asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar

from yunmin.clock import Clock
from yunmin.core.candle_history import SeriesKey
from yunmin.core.data_contracts.market import Candle, PublicTrade, Ticker
from yunmin.core.data_contracts.money import EXACT
from yunmin.core.data_contracts.stream import StreamGap, StreamLost, StreamOpened
from yunmin.engine.feeds.feed import Sink, Wanted
from yunmin.errors import ConfigurationError, ExchangeError, RateLimited
from yunmin.exchange.connector import ExchangeConnector, ShowsMarket
from yunmin.exchange.streams import NewsStream, StreamsMarket

__all__ = ["MarketFeed", "MarketTap"]

_HISTORY: Final = 500
"""Closed candles of each series that a run begins with: one page of an exchange."""

_PATIENCE: Final = timedelta(seconds=5)
"""On the wall: an exchange says a second or two after a candle's end that it has closed."""

_ATTEMPTS: Final = 5
_FIRST_WAIT: Final = 0.5

_Words = StreamOpened | StreamLost | StreamGap
Item = TypeVar("Item")


class MarketTap(Protocol):
    """Hears of trades and quotes before the run does: whoever plays the exchange by them."""

    def on_ticker(self, ticker: Ticker) -> None: ...

    def on_trade(self, trade: PublicTrade) -> None: ...


class MarketFeed:
    """See the module. `tap` hears of quotes and trades first, and then trades of every symbol are listened to.

    `wall_clock` measures the pauses between questions that failed; `clock` goes `pace` times as fast.
    """

    def __init__(
        self,
        connector: ExchangeConnector,
        clock: Clock,
        *,
        wall_clock: Clock,
        pace: float = 1.0,
        tap: MarketTap | None = None,
    ) -> None:
        if not isinstance(connector, ShowsMarket) or not isinstance(connector, StreamsMarket):
            raise ConfigurationError(
                f"the {connector.traits.title} adapter tells nothing of the market as it changes; no strategy can run "
                "on it. Nothing was sent"
            )
        self._market: ShowsMarket = connector
        self._streams: StreamsMarket = connector
        self._clock = clock
        self._wall_clock = wall_clock
        self._tap = tap
        self.patience = _PATIENCE * pace
        self._open = AsyncExitStack()
        self._work: list[Callable[[], Coroutine[Any, Any, None]]] = []

    async def begin(self, wanted: Wanted, sink: Sink) -> None:
        for series in wanted.series:
            await self._begin_candles(series, sink)
        for symbol in wanted.symbols:
            await self._begin_prices(symbol, sink)
        for symbol in wanted.symbols if self._tap is not None else wanted.trades:
            stream = await self._open.enter_async_context(self._streams.stream_trades(symbol))
            self._work.append(lambda stream=stream, symbol=symbol: self._tell_trades(stream, symbol, sink, wanted))  # type: ignore[misc]  # mypy sees no type in a lambda's default

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for work in self._work:
                group.create_task(work(), name="market-feed")

    async def close(self) -> None:
        await self._open.aclose()

    # --- candles -----------------------------------------------------------------------------------------------------

    async def _begin_candles(self, series: SeriesKey, sink: Sink) -> None:
        """The stream first, then the past: so nothing falls between."""
        stream = await self._open.enter_async_context(
            self._streams.stream_candles(series.symbol, series.timeframe.value)
        )
        past = await self._fetch(series, since=None)
        sink.seed(series, past)
        reader = _CandleReader(series, past[-1].open_time if past else None, self._fetch, sink)
        self._work.append(lambda: reader.read(stream))

    async def _fetch(self, series: SeriesKey, since: datetime | None) -> list[Candle]:
        """The candles that are over by now, from `since` on; the last page of them where that is not said."""

        async def ask() -> list[Candle]:
            found = await self._market.fetch_candles(series.symbol, series.timeframe.value, since=since, limit=_HISTORY)
            now = self._clock.now()
            return [candle for candle in found if series.timeframe.close_of(candle.open_time) <= now]

        return await self._patiently(ask)

    # --- prices ------------------------------------------------------------------------------------------------------

    async def _begin_prices(self, symbol: str, sink: Sink) -> None:
        stream = await self._open.enter_async_context(self._streams.stream_ticker(symbol))

        async def ask() -> Ticker:
            return await self._market.fetch_ticker(symbol)

        self._tell_ticker(await self._patiently(ask), sink)
        self._work.append(lambda: self._tell_prices(stream, symbol, sink))

    async def _tell_prices(self, stream: NewsStream[Ticker | _Words], symbol: str, sink: Sink) -> None:
        async for item in _heard(stream, f"prices of {symbol}", sink):
            if isinstance(item, Ticker):
                self._tell_ticker(item, sink)

    def _tell_ticker(self, ticker: Ticker, sink: Sink) -> None:
        if self._tap is not None:
            self._tap.on_ticker(ticker)
        price = _price_of(ticker)
        if price is not None:
            sink.on_price(ticker.symbol, price)

    async def _tell_trades(
        self, stream: NewsStream[PublicTrade | _Words], symbol: str, sink: Sink, wanted: Wanted
    ) -> None:
        async for item in _heard(stream, f"trades of {symbol}", sink):
            if not isinstance(item, PublicTrade):
                continue
            if self._tap is not None:
                self._tap.on_trade(item)
            sink.on_price(symbol, item.price)
            if symbol in wanted.trades:
                sink.on_trade(item)

    # --- asking ------------------------------------------------------------------------------------------------------

    async def _patiently(self, ask: Callable[[], Awaitable[Item]]) -> Item:
        """A question may be asked again: up to five times, with pauses that double. Raises its last ExchangeError."""
        wait = _FIRST_WAIT
        for _ in range(_ATTEMPTS - 1):
            try:
                return await ask()
            except ExchangeError as error:
                asked_for = error.retry_after if isinstance(error, RateLimited) else None
            await self._wall_clock.sleep(max(wait, asked_for or 0.0))
            wait *= 2
        return await ask()


class _CandleReader:
    """One series: tells each candle once, when it has closed. `newest` is when the last one told began."""

    def __init__(
        self,
        series: SeriesKey,
        newest: datetime | None,
        fetch: Callable[[SeriesKey, datetime | None], Awaitable[list[Candle]]],
        sink: Sink,
    ) -> None:
        self._series = series
        self._newest = newest
        self._fetch = fetch
        self._sink = sink

    async def read(self, stream: NewsStream[Candle | _Words]) -> None:
        """Until the stream ends."""
        async for item in _heard(stream, f"candles of {self._series.symbol} {self._series.timeframe}", self._sink):
            if isinstance(item, Candle):
                await self._take(item)
            elif isinstance(item, StreamGap):
                await self._fill()

    async def _take(self, candle: Candle) -> None:
        if self._newest is not None and candle.open_time > self._series.timeframe.close_of(self._newest):
            await self._fill()
        if candle.is_closed:
            self._tell(candle)

    def _tell(self, candle: Candle) -> None:
        if self._newest is None or candle.open_time > self._newest:
            self._newest = candle.open_time
            self._sink.on_candle(self._series, candle)

    async def _fill(self) -> None:
        """What closed since the last one that was told."""
        before = None
        while self._newest is not None and self._newest != before:  # page by page, until one brings nothing new
            before = self._newest
            try:
                missed = await self._fetch(self._series, self._series.timeframe.close_of(before))
            except ExchangeError as error:
                self._sink.on_trouble(f"candles of {self._series} were missed and cannot be had: {error}")
                return
            for candle in missed:
                self._tell(candle.model_copy(update={"is_closed": True}))


async def _heard(stream: NewsStream[Item], what: str, sink: Sink) -> AsyncIterator[Item]:
    """All of a stream; what it says of itself is told on the way."""
    async for item in stream:
        if isinstance(item, StreamLost):
            sink.on_trouble(f"{what} are not heard: {item.why}")
        elif isinstance(item, StreamGap):
            sink.on_trouble(f"{what} were not heard from {item.start.isoformat()} to {item.end.isoformat()}")
        yield item


def _price_of(ticker: Ticker) -> Decimal | None:
    """The last price; before any trade the middle of bid and ask."""
    if ticker.last:
        return ticker.last
    if ticker.bid and ticker.ask:
        return EXACT.divide(EXACT.add(ticker.bid, ticker.ask), Decimal(2))
    return ticker.bid or ticker.ask or None
