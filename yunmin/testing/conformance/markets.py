"""Markets: their names, their rules, and what they show to everybody."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

from itertools import pairwise

import pytest

from yunmin.clock import to_millis
from yunmin.core.data_contracts import BookLevel, InstrumentStatus
from yunmin.core.data_contracts.money import is_multiple
from yunmin.errors import RejectSource, UnknownSymbol
from yunmin.exchange import Capability
from yunmin.testing.conformance.requirements import Need, requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["MarketsConformance"]

NO_SUCH_SYMBOL = "NOSUCHCOIN/NOWHERE"
_CLOCKS_AGREE_WITHIN_MILLIS = 30_000


class MarketsConformance(ConformanceSuite):
    """Markets, their rules, and public data."""

    @requires()
    async def test_symbols_are_unified(self, play: Playground) -> None:
        """BASE/QUOTE, made of the market's own two assets, and each market under its own symbol."""
        markets = await play.connector.fetch_instruments()
        for symbol, market in markets.items():
            assert symbol == market.symbol == f"{market.base_asset}/{market.quote_asset}"
            assert market.exchange_symbol

    @requires()
    async def test_a_market_has_exact_rules(self, play: Playground) -> None:
        """Tick and step are more than zero, the limits are in order and lie on the grid."""
        market = play.market
        assert market.status is InstrumentStatus.TRADING
        assert market.tick_size > 0
        assert market.qty_step > 0
        assert market.min_qty >= 0
        assert market.min_notional >= 0
        assert is_multiple(market.min_qty, market.qty_step)
        assert market.max_price is None or market.max_price > market.min_price
        assert market.max_qty is None or market.max_qty > market.min_qty
        assert market.max_notional is None or market.max_notional > market.min_notional

    @requires(Need.RUNNING_EXCHANGE)
    async def test_the_exchange_s_clock_is_near_ours(self, play: Playground) -> None:
        there, here = await play.connector.server_time(), play.ground.clock.now()
        assert abs(to_millis(there) - to_millis(here)) < _CLOCKS_AGREE_WITHIN_MILLIS

    @requires()
    async def test_the_exchange_s_clock_does_not_step_back(self, play: Playground) -> None:
        first = await play.connector.server_time()
        assert await play.connector.server_time() >= first

    @requires(Capability.TICKER)
    async def test_a_ticker_quotes_both_sides(self, play: Playground) -> None:
        ticker = await play.shown.fetch_ticker(play.symbol)
        assert ticker.symbol == play.symbol
        assert ticker.bid is not None
        assert ticker.ask is not None
        assert 0 < ticker.bid < ticker.ask
        assert ticker.last is None or ticker.last > 0

    @requires(Capability.ORDER_BOOK)
    async def test_a_book_is_sorted_and_not_crossed(self, play: Playground) -> None:
        """Best price first on both sides, each price once, on the grid; as many levels as asked for, at most."""
        book = await play.shown.fetch_order_book(play.symbol, limit=5)
        assert book.symbol == play.symbol
        _assert_side_is_sound(book.bids, play)
        _assert_side_is_sound(book.asks, play)
        assert all(worse.price < better.price for better, worse in pairwise(book.bids))
        assert all(worse.price > better.price for better, worse in pairwise(book.asks))
        assert book.bids[0].price < book.asks[0].price

    @requires(Capability.PUBLIC_TRADES)
    async def test_public_trades_come_oldest_first(self, play: Playground) -> None:
        trades = await play.shown.fetch_trades(play.symbol, limit=10)
        assert 0 < len(trades) <= 10
        assert all(before.ts <= after.ts for before, after in pairwise(trades))
        assert len({trade.trade_id for trade in trades}) == len(trades)
        assert all(trade.price > 0 and trade.qty > 0 and trade.symbol == play.symbol for trade in trades)

    @requires(Capability.CANDLES)
    async def test_candles_come_oldest_first_and_hold_their_prices(self, play: Playground) -> None:
        candles = await play.shown.fetch_candles(play.symbol, "1m", limit=10)
        assert 0 < len(candles) <= 10
        assert all(before.open_time < after.open_time for before, after in pairwise(candles))
        for candle in candles:
            assert to_millis(candle.open_time) % 60_000 == 0
            assert 0 < candle.low <= min(candle.open, candle.close)
            assert max(candle.open, candle.close) <= candle.high
            assert candle.volume >= 0

    @requires(Capability.TICKER)
    async def test_an_unknown_symbol_s_ticker_is_refused_unsent(self, play: Playground) -> None:
        with play.nothing_sent(), pytest.raises(UnknownSymbol) as refused:
            await play.shown.fetch_ticker(NO_SUCH_SYMBOL)
        assert refused.value.source is RejectSource.LOCAL


def _assert_side_is_sound(levels: tuple[BookLevel, ...], play: Playground) -> None:
    assert 0 < len(levels) <= 5
    assert all(level.price > 0 and level.qty > 0 for level in levels)
    assert all(is_multiple(level.price, play.market.tick_size) for level in levels)
