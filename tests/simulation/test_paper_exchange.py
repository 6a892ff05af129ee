"""The paper exchange: orders are filled by what is told of the market outside, and never by more or better."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.simulation.paper_bench import BTC, SYMBOL, Paper
from yunmin.core.data_contracts import BookLevel, Candle, Instrument, Liquidity, OrderBook, OrderState, Rule
from yunmin.errors import ConfigurationError, InvalidOrder, MarketClosed, RejectReason
from yunmin.simulation.paper_market import PaperDepth


@pytest.fixture
def paper() -> Paper:
    return Paper()


def d(text: str) -> Decimal:
    return Decimal(text)


# --- taking ----------------------------------------------------------------------------------------------------------


def test_nothing_is_traded_before_a_price_was_told(paper: Paper) -> None:
    with pytest.raises(MarketClosed, match="no price has been told"):
        paper.send("BUY", "0.1", "100")
    assert paper.exchange.dump()["orders"] == {}


async def test_a_market_order_pays_what_the_ticker_asked_for_as_much_as_stood_there(paper: Paper) -> None:
    paper.ticker("99.9", "100", ask_qty="0.3")
    ack = paper.send("BUY", "0.3")
    assert [(fill.price, fill.qty, fill.liquidity) for fill in ack.fills] == [(d("100"), d("0.3"), Liquidity.TAKER)]


async def test_what_is_more_pays_the_levels_that_are_assumed_behind_it(paper: Paper) -> None:
    """A level of a thousand smallest orders, 0.02 % of the price further away; one smallest order is 5 USDT here."""
    paper.ticker("99.9", "100", ask_qty="0.3")
    ack = paper.send("BUY", "51")
    assert [(fill.price, fill.qty) for fill in ack.fills] == [
        (d("100"), d("0.3")),
        (d("100.02"), d("50")),
        (d("100.04"), d("0.7")),
    ]


async def test_what_was_taken_is_gone_until_something_new_is_told(paper: Paper) -> None:
    paper.ticker("99.9", "100", ask_qty="0.3")
    paper.send("BUY", "0.3")
    again = paper.send("BUY", "0.3")
    paper.ticker("99.9", "100", ask_qty="0.3")
    anew = paper.send("BUY", "0.3")
    assert [ack.fills[0].price for ack in (again, anew)] == [d("100.02"), d("100")]


async def test_around_a_trade_the_first_level_is_half_a_gap_away(paper: Paper) -> None:
    paper.trade("1000")
    bought, sold = paper.send("BUY", "0.1"), paper.send("SELL", "0.1")
    assert (bought.fills[0].price, sold.fills[0].price) == (d("1000.1"), d("999.9"))


async def test_a_book_is_taken_as_deep_as_it_was_told(paper: Paper) -> None:
    def level(price: str, qty: str) -> BookLevel:
        return BookLevel(price=d(price), qty=d(qty))

    paper.exchange.on_order_book(
        OrderBook(
            symbol=SYMBOL, bids=(level("99", "1"),), asks=(level("100", "1"), level("101", "2"), level("103", "1"))
        )
    )
    ack = paper.send("BUY", "3.5")
    assert [(fill.price, fill.qty) for fill in ack.fills] == [
        (d("100"), d("1")),
        (d("101"), d("2")),
        (d("103"), d("0.5")),
    ]


async def test_a_crossed_ticker_is_not_believed(paper: Paper) -> None:
    paper.ticker("99", "100")
    paper.ticker("105", "104")
    assert (await paper.connector.fetch_ticker(SYMBOL)).bid == d("99")


async def test_a_trade_between_bid_and_ask_leaves_them_where_they_are(paper: Paper) -> None:
    paper.ticker("99", "100", ask_qty="2")
    paper.trade("99.5")
    assert (await paper.connector.fetch_ticker(SYMBOL)).ask == d("100")
    paper.trade("103")
    assert (await paper.connector.fetch_ticker(SYMBOL)).ask == d("103.01")


# --- resting ---------------------------------------------------------------------------------------------------------


async def test_a_price_that_is_passed_fills_all_of_an_order_at_its_own_price(paper: Paper) -> None:
    paper.ticker("99.9", "100.1")
    ack = paper.send("BUY", "3", "99")
    paper.trade("98.5", "0.0001", "SELL")
    (fill,) = await paper.fills()
    assert (fill.price, fill.qty, fill.liquidity) == (d("99"), d("3"), Liquidity.MAKER)
    assert await paper.state(ack) == (OrderState.FILLED, d("3"))


async def test_at_its_price_an_order_gets_its_share_of_what_was_traded(paper: Paper) -> None:
    paper.ticker("99.9", "100.1")
    ack = paper.send("BUY", "3", "99")
    paper.trade("99", "1", "SELL")
    assert await paper.state(ack) == (OrderState.PARTIALLY_FILLED, d("0.5"))


@pytest.mark.parametrize(("queue", "filled"), [(0, "1"), (250_000, "0.75"), (1_000_000, "0")])
async def test_the_share_is_what_those_before_it_leave(queue: int, filled: str) -> None:
    paper = Paper(depth=PaperDepth(queue=queue))
    paper.ticker("99.9", "100.1")
    ack = paper.send("SELL", "3", "101")
    paper.trade("101", "1", "BUY")
    assert (await paper.state(ack))[1] == d(filled)


async def test_two_orders_at_one_price_share_one_trade_the_older_first(paper: Paper) -> None:
    paper.ticker("99.9", "100.1")
    first, second = paper.send("BUY", "0.3", "99"), paper.send("BUY", "0.3", "99")
    paper.trade("99", "1", "SELL")
    assert [(await paper.state(ack))[1] for ack in (first, second)] == [d("0.3"), d("0.2")]


async def test_a_buyer_who_lifts_an_offer_at_our_bid_s_price_does_not_fill_it(paper: Paper) -> None:
    paper.ticker("99.9", "100.1")
    ack = paper.send("BUY", "1", "99")
    paper.trade("99", "1", "BUY")
    assert await paper.state(ack) == (OrderState.OPEN, d("0"))


async def test_a_trade_from_before_the_order_does_not_fill_it(paper: Paper) -> None:
    paper.ticker("99.9", "100.1")
    ack = paper.send("BUY", "1", "99")
    paper.trade("98", "1", "SELL", ago=1)
    assert await paper.state(ack) == (OrderState.OPEN, d("0"))
    paper.trade("98", "1", "SELL")
    assert await paper.state(ack) == (OrderState.FILLED, d("1"))


async def test_a_quote_at_our_price_fills_nothing_and_one_past_it_all(paper: Paper) -> None:
    paper.ticker("99.9", "100.1")
    ack = paper.send("BUY", "1", "99")
    paper.ticker("98.5", "99")
    assert (await paper.state(ack))[1] == d("0")
    paper.ticker("98.5", "98.9")
    assert (await paper.state(ack))[1] == d("1")
    assert [fill.price for fill in await paper.fills()] == [d("99")]


async def test_the_last_price_of_a_ticker_fills_nothing(paper: Paper) -> None:
    """It may be older than the order."""
    paper.ticker("99.9", "100.1", last="95")
    ack = paper.send("BUY", "1", "99")
    paper.ticker("99.9", "100.1", last="96")
    assert (await paper.state(ack))[1] == d("0")


async def test_a_price_alone_fills_what_it_has_passed_and_nothing_at_it(paper: Paper) -> None:
    paper.exchange.on_price(SYMBOL, d("100"))
    at, above = paper.send("BUY", "1", "99"), paper.send("BUY", "1", "99.5")
    paper.exchange.on_price(SYMBOL, d("99"))
    assert [(await paper.state(ack))[1] for ack in (at, above)] == [d("0"), d("1")]


async def test_the_house_does_not_take_what_rests(paper: Paper) -> None:
    """Its quotes would cross the order; they stay away instead."""
    paper.ticker("99", "101")
    ack = paper.send("BUY", "1", "100")
    paper.ticker("99", "100")
    book = await paper.connector.fetch_order_book(SYMBOL)
    assert (await paper.state(ack))[1] == d("0")
    assert book.asks[0].price > d("100")


async def test_a_post_only_order_that_would_take_is_refused(paper: Paper) -> None:
    paper.ticker("99", "101")
    with pytest.raises(InvalidOrder) as refused:
        paper.send("BUY", "1", "101", kind="LIMIT_MAKER")
    assert refused.value.reason is RejectReason.POST_ONLY


# --- stops -----------------------------------------------------------------------------------------------------------


async def test_a_stop_loss_sells_into_the_market_as_it_is_when_it_is_reached(paper: Paper) -> None:
    """Not at its stop price: the price had jumped past it."""
    paper.trade("100")
    ack = paper.send("SELL", "1", kind="STOP_LOSS", stop="98")
    assert (ack.update.state, ack.update.trigger_price) == (OrderState.OPEN, d("98"))
    paper.trade("99")
    paper.trade("97")
    (fill,) = await paper.fills()
    assert (fill.price, fill.qty, fill.liquidity) == (d("96.99"), d("1"), Liquidity.TAKER)
    assert await paper.state(ack) == (OrderState.FILLED, d("1"))


async def test_a_stop_limit_that_was_jumped_over_rests_at_its_limit(paper: Paper) -> None:
    paper.trade("100")
    ack = paper.send("SELL", "1", "97.5", kind="STOP_LOSS_LIMIT", stop="98")
    paper.trade("97")
    assert await paper.state(ack) == (OrderState.OPEN, d("0"))
    paper.trade("97.6")
    assert await paper.state(ack) == (OrderState.FILLED, d("1"))
    assert [fill.price for fill in await paper.fills()] == [d("97.5")]


async def test_a_stop_is_reached_by_the_last_price_of_a_ticker(paper: Paper) -> None:
    paper.ticker("99.9", "100.1", last="100")
    ack = paper.send("SELL", "1", kind="STOP_LOSS", stop="98")
    paper.ticker("97.9", "98.1", last="97.9")
    assert [fill.price for fill in await paper.fills()] == [d("97.9")]
    assert (await paper.state(ack))[0] is OrderState.FILLED


def test_a_stop_that_is_reached_already_is_refused(paper: Paper) -> None:
    paper.trade("100")
    with pytest.raises(InvalidOrder, match="WOULD_TRIGGER"):
        paper.send("SELL", "1", kind="STOP_LOSS", stop="101")


# --- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("qty", "price", "rule"),
    [
        ("0.00001", "100", Rule.STEP),
        ("0.1", "100.001", Rule.TICK),
        ("0.01", "100", Rule.MIN_NOTIONAL),
        ("1001", "100", Rule.MAX_QTY),
        ("1", "1000000.01", Rule.MAX_PRICE),
    ],
)
def test_an_order_is_held_against_the_rules_of_the_real_market(paper: Paper, qty: str, price: str, rule: Rule) -> None:
    paper.trade("100")
    with pytest.raises(InvalidOrder) as refused:
        paper.send("BUY", qty, price)
    assert rule.value in str(refused.value)


def test_a_market_order_s_notional_is_counted_at_the_last_price(paper: Paper) -> None:
    paper.trade("100")
    with pytest.raises(InvalidOrder, match="MIN_NOTIONAL"):
        paper.send("BUY", "0.04")


async def test_a_market_keeps_its_own_list_of_order_types(paper: Paper) -> None:
    listed = BTC.model_copy(update={"order_types": frozenset({"LIMIT", "MARKET"})})
    paper = Paper(markets={SYMBOL: Instrument.model_validate(dict(listed))})
    paper.trade("100")
    with pytest.raises(InvalidOrder, match="ORDER_TYPE"):
        paper.send("SELL", "1", kind="STOP_LOSS", stop="98")


def test_a_market_whose_grid_is_too_fine_to_be_exact_is_left_out() -> None:
    fine = BTC.model_copy(update={"symbol": "PEPE/BTC", "tick_size": d("0.000000001")})
    paper = Paper(markets={SYMBOL: BTC, "PEPE/BTC": fine})
    assert list(paper.exchange.instruments) == [SYMBOL]
    with pytest.raises(ConfigurationError, match="finer than eight decimals"):
        paper.exchange.on_price("PEPE/BTC", d("1"))
    paper.trade("100")
    assert paper.send("BUY", "1").fills


def test_an_unknown_market_cannot_be_told_of(paper: Paper) -> None:
    with pytest.raises(ConfigurationError, match="no such market"):
        paper.exchange.on_price("ETH/USDT", d("1"))


async def test_the_rates_are_told_with_the_account(paper: Paper) -> None:
    account = await paper.connector.fetch_account()
    assert (account.maker_rate, account.taker_rate) == (d("0.001"), d("0.001"))


async def test_a_trade_from_before_a_stop_does_not_reach_it(paper: Paper) -> None:
    paper.trade("100")
    older = paper.send("SELL", "1", kind="STOP_LOSS", stop="98")
    paper.clock.advance(10)
    younger = paper.send("SELL", "1", kind="STOP_LOSS", stop="98")
    paper.trade("97", ago=5)
    assert [(await paper.state(ack))[0] for ack in (older, younger)] == [OrderState.FILLED, OrderState.OPEN]
    paper.trade("97.5")
    assert (await paper.state(younger))[0] is OrderState.FILLED


# --- candles ---------------------------------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)


def a_candle(paper: Paper, prices: str, *, volume: str = "8", ago: float = 60, is_closed: bool | None = True) -> Candle:
    opened, high, low, closed = prices.split()
    return Candle(
        symbol=SYMBOL,
        open_time=paper.clock.now() - timedelta(seconds=ago),
        open=opened,
        high=high,
        low=low,
        close=closed,
        volume=volume,
        is_closed=is_closed,
    )


async def test_a_candle_fills_what_its_low_has_passed(paper: Paper) -> None:
    paper.trade("100")
    ack = paper.send("BUY", "1", "98.5")
    paper.clock.advance(60)
    paper.exchange.on_candle(a_candle(paper, "100 101 98 100.5"), MINUTE)
    assert await paper.state(ack) == (OrderState.FILLED, d("1"))


async def test_the_low_of_a_candle_that_was_before_an_order_does_not_fill_it(paper: Paper) -> None:
    """A rising candle is taken to have visited its low after a quarter of its time."""
    paper.trade("100")
    paper.clock.advance(30)
    ack = paper.send("BUY", "1", "98.5")
    paper.clock.advance(30)
    paper.exchange.on_candle(a_candle(paper, "100 101 98 100.5"), MINUTE)
    assert await paper.state(ack) == (OrderState.OPEN, d("0"))


async def test_a_candle_that_forms_is_a_price(paper: Paper) -> None:
    paper.trade("100")
    ack = paper.send("BUY", "1", "98.5")
    paper.clock.advance(30)
    paper.exchange.on_candle(a_candle(paper, "100 101 98 99", ago=30, is_closed=False), MINUTE)
    assert (await paper.state(ack))[1] == d("0")
    assert (await paper.connector.fetch_ticker(SYMBOL)).last == d("99")


async def test_a_candle_without_volume_is_a_price(paper: Paper) -> None:
    paper.exchange.on_candle(a_candle(paper, "99 99 99 99", volume="0"), MINUTE)
    assert await paper.connector.fetch_trades(SYMBOL) == []
    assert (await paper.connector.fetch_ticker(SYMBOL)).last == d("99")


async def test_the_trades_of_a_candle_are_its_candle_again(paper: Paper) -> None:
    paper.clock.advance(60)
    told = a_candle(paper, "100 103 98 101")
    paper.exchange.on_candle(told, MINUTE)
    shown, _ = await paper.connector.fetch_candles(SYMBOL, "1m", limit=2)
    assert (shown.open, shown.high, shown.low, shown.close, shown.volume) == (
        told.open, told.high, told.low, told.close, told.volume
    )  # fmt: skip


async def test_a_stop_finds_the_market_though_another_order_was_filled_on_the_way_to_it(paper: Paper) -> None:
    """The fill at 102 is past the stop; what the stop buys is there at 105 only."""
    paper.trade("100")
    offer = paper.send("SELL", "1", "102")
    stop = paper.send("BUY", "1", kind="STOP_LOSS", stop="101")
    paper.trade("105", "3", "BUY")
    assert [(await paper.state(ack))[0] for ack in (offer, stop)] == [OrderState.FILLED] * 2
    assert [fill.price for fill in await paper.fills()] == [d("102"), d("105.01")]
