"""Streams: what the account and the market tell unasked. Played at a running exchange: no cassette holds a stream."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final, TypeVar

import pytest

from yunmin.clock import SystemClock
from yunmin.core.data_contracts import (
    BalanceUpdate,
    Candle,
    Fill,
    OrderBook,
    OrderState,
    OrderType,
    OrderUpdate,
    PublicTrade,
    Side,
    Source,
    StreamOpened,
    Ticker,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import RejectSource, UnknownSymbol
from yunmin.exchange import Capability, NewsStream
from yunmin.testing.conformance.markets import NO_SUCH_SYMBOL
from yunmin.testing.conformance.requirements import Need, requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.inspection import assert_exact
from yunmin.testing.playground import Playground

__all__ = ["StreamsConformance"]

Kind = TypeVar("Kind")

_PATIENCE: Final = 30.0


class StreamsConformance(ConformanceSuite):
    """The account stream and the market streams."""

    @requires(Capability.ACCOUNT_STREAM, Need.RUNNING_EXCHANGE)
    async def test_the_account_stream_begins_by_saying_that_it_is_open(self, play: Playground) -> None:
        async with play.streams_account.stream_account() as news:
            first, *_ = await news.next_batch()
            assert isinstance(first, StreamOpened)

    @requires(Capability.ACCOUNT_STREAM, Need.RUNNING_EXCHANGE)
    async def test_the_life_of_an_order_is_told(self, play: Playground) -> None:
        """Open, then cancelled, each time under both of its ids and with its own terms."""
        async with play.streams_account.stream_account() as news:
            request = await play.resting()
            ack = await play.connector.place_order(request)
            await play.connector.cancel_order(play.ref(request))

            def is_its_end(update: OrderUpdate) -> bool:
                return _is_of(update, request.client_order_id) and update.state is OrderState.CANCELLED

            updates = [
                one for one in await _heard(news, OrderUpdate, is_its_end) if _is_of(one, ack.update.client_order_id)
            ]
        assert [update.state for update in updates] == [OrderState.OPEN, OrderState.CANCELLED]
        for update in updates:
            assert update.exchange_order_id == ack.update.exchange_order_id
            assert (update.symbol, update.side, update.qty) == (play.symbol, request.side, request.qty)
            assert (update.price, update.source) == (request.price, Source.STREAM)
            assert update.filled_qty == 0

    @requires(Capability.ACCOUNT_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_the_fills_of_an_order_are_those_that_are_fetched(self, play: Playground) -> None:
        """Each told once, to the last digit, before the update that counts it."""
        async with play.streams_account.stream_account() as news:
            request = await _market_order(play)
            ack = await play.connector.place_order(request)

            def is_its_end(update: OrderUpdate) -> bool:
                return _is_of(update, request.client_order_id) and update.state is OrderState.FILLED

            told = await _told_until(news, OrderUpdate, is_its_end)
        fills = [one for one in told if isinstance(one, Fill) and one.client_order_id == request.client_order_id]
        fetched = await play.connector.fetch_fills(play.symbol, exchange_order_id=ack.update.exchange_order_id)
        assert sorted(map(_figures, fills)) == sorted(map(_figures, fetched))
        assert sum(fill.qty for fill in fills) == request.qty
        assert not any(isinstance(one, Fill) for one in told[told.index(fills[-1]) + 1 :])

    @requires(Capability.ACCOUNT_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_the_stream_alone_leads_an_order_to_its_end(self, play: Playground) -> None:
        """A tracker that knows nothing but the stream ends with the order filled and every fee known."""
        tracker = OrderTracker()
        async with play.streams_account.stream_account() as news:
            request = await _market_order(play)
            order = tracker.submit(request, qty_step=play.market.qty_step)
            await play.connector.place_order(request)
            async with asyncio.timeout(_PATIENCE):
                while not order.is_completed:
                    for item in await news.next_batch():
                        if isinstance(item, (Fill, OrderUpdate)):
                            tracker.apply(item)
        assert order.state is OrderState.FILLED
        assert order.filled_qty == request.qty
        assert order.fees

    @requires(Capability.ACCOUNT_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_balances_are_told_as_they_stand(self, play: Playground) -> None:
        async with play.streams_account.stream_account() as news:
            await play.connector.place_order(await _market_order(play))
            there = (await play.connector.fetch_account()).balance(play.market.base_asset)

            def is_as_fetched(update: BalanceUpdate) -> bool:
                return there in update.balances

            await _heard(news, BalanceUpdate, is_as_fetched)

    @requires(Capability.ACCOUNT_STREAM, Need.RUNNING_EXCHANGE)
    async def test_closing_a_stream_ends_its_reader(self, play: Playground) -> None:
        news = play.streams_account.stream_account()
        async with news:
            await news.next_batch()
            reading = asyncio.ensure_future(news.next_batch())
            await SystemClock().sleep(0)
        assert await reading == []
        await news.aclose()

    @requires(Capability.MARKET_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_a_trade_is_told_to_everybody(self, play: Playground) -> None:
        async with play.streams_market.stream_trades(play.symbol) as news:
            ack = await play.connector.place_order(await _market_order(play))
            fills = await play.connector.fetch_fills(play.symbol, exchange_order_id=ack.update.exchange_order_id)
            ours = fills[-1]
            trades = await _heard(news, PublicTrade, lambda trade: trade.trade_id == ours.trade_id)
        assert (trades[-1].price, trades[-1].qty, trades[-1].taker_side) == (ours.price, ours.qty, Side.BUY)
        assert all(trade.symbol == play.symbol for trade in trades)

    @requires(Capability.MARKET_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_a_candle_is_told_as_it_forms(self, play: Playground) -> None:
        async with play.streams_market.stream_candles(play.symbol, "1m") as news:
            await play.connector.place_order(await _market_order(play))
            candles = await _heard(news, Candle, lambda candle: candle.volume > 0)
        for candle in candles:
            assert (candle.symbol, candle.open_time.second) == (play.symbol, 0)
            assert 0 < candle.low <= min(candle.open, candle.close)
            assert max(candle.open, candle.close) <= candle.high

    @requires(Capability.MARKET_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_a_book_follows_what_happens_to_it(self, play: Playground) -> None:
        """Sorted, not crossed, numbers that only grow, and what was bought is gone from it."""
        async with play.streams_market.stream_order_book(play.symbol) as news:
            (first, *_) = await _heard(news, OrderBook, lambda book: bool(book.bids and book.asks))
            await play.connector.place_order(await _market_order(play))
            books = await _heard(news, OrderBook, lambda book: book.asks != first.asks)
        for book in (first, *books):
            assert book.bids[0].price < book.asks[0].price
            assert all(worse.price < better.price for better, worse in pairwise(book.bids))
            assert all(worse.price > better.price for better, worse in pairwise(book.asks))
        numbers = [book.sequence or 0 for book in (first, *books)]
        assert numbers == sorted(numbers)

    @requires(Capability.MARKET_STREAM, Capability.MARKET_ORDER, Need.RUNNING_EXCHANGE)
    async def test_a_ticker_follows_the_book(self, play: Playground) -> None:
        async with play.streams_market.stream_ticker(play.symbol) as news:
            await play.connector.place_order(await _market_order(play))
            (ticker, *_) = await _heard(news, Ticker, lambda ticker: ticker.bid is not None)
        assert ticker.bid is not None
        assert ticker.ask is not None
        assert 0 < ticker.bid < ticker.ask

    @requires(Capability.MARKET_STREAM, Need.RUNNING_EXCHANGE)
    async def test_an_unknown_symbol_s_stream_is_refused_unsent(self, play: Playground) -> None:
        with play.nothing_sent(), pytest.raises(UnknownSymbol) as refused:
            play.streams_market.stream_trades(NO_SUCH_SYMBOL)
        assert refused.value.source is RejectSource.LOCAL


async def _market_order(play: Playground) -> Any:
    price = (await play.book()).asks[0].price
    return play.request(Side.BUY, OrderType.MARKET, qty=play.small_qty(price))


async def _heard(news: NewsStream[Any], kind: type[Kind], is_enough: Callable[[Kind], bool]) -> list[Kind]:
    """Everything of `kind`, up to the first that is enough."""
    return [one for one in await _told_until(news, kind, is_enough) if isinstance(one, kind)]


async def _told_until(news: NewsStream[Any], kind: type[Kind], is_enough: Callable[[Kind], bool]) -> Sequence[object]:
    told = []
    async with asyncio.timeout(_PATIENCE):
        async for item in news:
            assert_exact(item, where="what a stream told")
            told.append(item)
            if isinstance(item, kind) and is_enough(item):
                return told
    raise AssertionError("the stream ended before it had told enough")


def _is_of(update: OrderUpdate, client_order_id: str | None) -> bool:
    return update.client_order_id == client_order_id


def _figures(fill: Fill) -> tuple[Any, ...]:
    return fill.trade_id, fill.qty, fill.price, fill.fee, fill.fee_asset
