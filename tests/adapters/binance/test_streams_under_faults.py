"""The streams of a busy account and market while the venue misbehaves: what is told is booked once, gaps are said."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.adapters.binance.stream_scene import HEARTBEAT, Scene
from tests.adapters.binance.venue.sockets import PATIENCE, until
from yunmin.core.data_contracts import (
    BalanceUpdate,
    Candle,
    Fill,
    OrderBook,
    OrderRequest,
    OrderState,
    OrderUpdate,
    PublicTrade,
    StreamGap,
    StreamLost,
    StreamOpened,
    SubmitResult,
    Ticker,
    Verdict,
    to_decimal,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import InvalidValue, NotSupported
from yunmin.exchange import Capability, NewsStream, Support
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT
from yunmin_binance.venue.chaos import (
    Body,
    CutShort,
    Delay,
    Disconnect,
    Duplicate,
    HalfOpen,
    Lose,
    Moment,
    Reorder,
    Rule,
    Shutdown,
    Skew,
    Terminate,
)

ORDERS = 30


class Follower:
    """A tracker that is fed by the stream, and by REST wherever the stream says that it may have missed something."""

    def __init__(self, scene: Scene, news: NewsStream[Any]) -> None:
        self.scene = scene
        self.news = news
        self.tracker = OrderTracker()
        self.gaps: list[StreamGap] = []

    def submit(self, name: str) -> None:
        self.tracker.create_order(name, "BTC/USDT", "BUY", "LIMIT", "0.1", 50000)

    async def follow(self) -> None:
        while batch := await self.news.next_batch():
            for item in batch:
                if isinstance(item, (Fill, OrderUpdate)):
                    self.tracker.apply(item)
                elif isinstance(item, StreamGap):
                    self.gaps.append(item)
                    await self.catch_up(item)

    async def catch_up(self, gap: StreamGap) -> None:
        spot = self.scene.spot
        for fill in await spot.fetch_fills("BTC/USDT", since=gap.start - timedelta(seconds=5), limit=1000):
            self.tracker.apply(fill)
        for update in await spot.fetch_order_history("BTC/USDT", limit=1000):
            self.tracker.apply(update)

    def fills(self) -> set[tuple[str, str]]:
        orders = (*self.tracker.get_open_orders(), *self.tracker.get_order_history())
        booked = [(str(order.exchange_order_id), fill.trade_id) for order in orders for fill in order.fills]
        assert len(booked) == len(set(booked)), "a fill was booked twice"
        return set(booked)


HARMLESS = {
    "duplicates": Rule(where="event *", fault=Duplicate(times=3)),
    "other order": Rule(where="event executionReport", fault=Reorder(window=5, seconds=1.0)),
    "delays": Rule(where="event executionReport", fault=Delay(seconds=0.4, jitter=0.4), probability=0.5),
}
SAID = {
    "cut off": Rule(where="event executionReport", fault=Disconnect(code=None), every=11, count=4),
    "closed": Rule(where="event executionReport", fault=Disconnect(), every=11, count=4),
    "terminated": Rule(where="event executionReport", fault=Terminate(), every=13, count=3),
    "half open": Rule(where="event executionReport", fault=HalfOpen(), skip=20, count=1),
    "garbled": Rule(where="event executionReport", fault=Body(body="bad_utf8"), every=7, count=5),
    "cut short": Rule(where="event executionReport", fault=CutShort(sent=80), every=7, count=5),
}


async def busy(scene: Scene, follower: Follower) -> None:
    """Orders that are filled at once, spread over half a minute."""
    for number in range(ORDERS):
        name = f"ym-{number}"
        follower.submit(name)
        scene.trade(client_order_id=name)
        await scene.pass_time(1.0, by=0.5)


async def all_is_booked(scene: Scene, follower: Follower) -> None:
    """Heal, and give the stream the time that it may take to find out."""
    scene.venue.chaos.clear()
    for _ in range(20):
        if follower.fills() == scene.fills_of_the_venue():
            break
        await scene.pass_time(HEARTBEAT, by=1.0)
    assert follower.fills() == scene.fills_of_the_venue()
    assert len(follower.fills()) == ORDERS
    assert not follower.tracker.get_open_orders()


@pytest.mark.parametrize("row", [*HARMLESS, *SAID])
async def test_N15_N22_N23_N24_every_fill_of_a_busy_account_is_booked_once(scene: Scene, row: str) -> None:
    async with scene.spot.stream_account() as news:
        follower = Follower(scene, news)
        following = asyncio.create_task(follower.follow())
        scene.venue.chaos.add((HARMLESS | SAID)[row])
        await busy(scene, follower)
        assert scene.venue.chaos.strikes, "the fault never struck: this test would prove nothing"
        await all_is_booked(scene, follower)
        assert bool(follower.gaps) is (row in SAID)
        await news.aclose()
        await following


async def test_N22_N30_a_frame_that_the_venue_swallowed_shows_in_the_next_update(scene: Scene) -> None:
    """User data has no sequence: a lost fill is seen by the cumulative figure of the next report, never invented."""
    async with scene.spot.stream_account() as news:
        tracker = OrderTracker()
        scene.venue.chaos.add(Rule(where="event executionReport", fault=Lose(), skip=1, count=1))
        order = tracker.create_order("ym-1", "BTC/USDT", "BUY", "LIMIT", "0.2", 50000)
        scene.venue.place_as(
            LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.2", price="50000", client_order_id="ym-1"
        )
        for _ in range(2):
            scene.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.1", price="50000")
        for item in await scene.hear_until(news, OrderUpdate, 2):
            if isinstance(item, (Fill, OrderUpdate)):
                tracker.apply(item)
        assert len(order.fills) == 1
        assert order.unattributed_qty == to_decimal("0.1")


async def test_N14_fills_that_come_before_the_answer_to_the_placement_are_booked(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        scene.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
        scene.venue.chaos.add(Rule(where="POST /api/v3/order", fault=Delay(seconds=2.0, moment=Moment.AFTER)))
        tracker = OrderTracker()
        request = OrderRequest(
            symbol="BTC/USDT", side="BUY", order_type="LIMIT", qty="0.1", price="50000", client_order_id="ym-1"
        )
        order = tracker.submit(request)
        placing = asyncio.create_task(scene.spot.place_order(request))
        for item in await scene.hear_until(news, OrderUpdate, 2):
            if isinstance(item, (Fill, OrderUpdate)):
                tracker.apply(item)
        assert not placing.done()
        assert order.state is OrderState.FILLED
        await scene.pass_time(3, by=0.5)
        ack = await placing
        tracker.apply(
            SubmitResult(client_order_id="ym-1", verdict=Verdict.ACCEPTED, update=ack.update, fills=ack.fills)
        )
        assert order.state is OrderState.FILLED
        assert len(order.fills) == 1


async def test_a_lock_from_outside_shows_in_the_balances(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        scene.venue.lock_outside(LOCAL_ACCOUNT, "BTC", 5)
        (update,) = (one for one in await scene.hear_until(news, BalanceUpdate) if isinstance(one, BalanceUpdate))
        assert [(one.asset, one.locked) for one in update.balances] == [("BTC", to_decimal(5))]


async def test_N27_a_server_that_shuts_down_is_followed_by_another_without_a_gap(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        follower = Follower(scene, news)
        following = asyncio.create_task(follower.follow())
        scene.venue.chaos.add(Rule(where="event executionReport", fault=Shutdown(seconds=3.0), skip=4, count=1))
        await busy(scene, follower)
        await all_is_booked(scene, follower)
        assert follower.gaps == []
        assert len(scene.sessions) == 2
        await news.aclose()
        await following


async def test_N26_a_half_open_socket_is_known_within_two_heartbeats(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        await news.next_batch()
        scene.venue.chaos.add(Rule(where="socket /ws-api/*", fault=HalfOpen(), count=1))
        silent_since = scene.clock.now()
        reading = asyncio.ensure_future(news.next_batch())
        while not reading.done():
            await scene.pass_time(1.0, by=1.0)
        assert (scene.clock.now() - silent_since).total_seconds() <= 2 * HEARTBEAT + 1
        assert isinstance((await reading)[0], StreamLost)


async def test_N12_a_clock_that_went_wrong_is_set_right_before_the_next_attempt(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        scene.venue.chaos.add(Rule(where="venue", fault=Skew(seconds=3600.0)))
        scene.venue.sockets.connections[0].cut()
        await scene.hear_until(news, StreamLost)
        await scene.pass_time(5, by=0.25)
        told_since = await scene.hear_until(news, StreamGap)
        assert not any(isinstance(item, StreamLost) for item in told_since)
        scene.trade()
        await scene.hear_until(news, Fill)


# --- markets -----------------------------------------------------------------------------------------------------


async def told(news: NewsStream[Any], kind: type[Any], count: int = 1) -> list[Any]:
    got: list[Any] = []
    async with asyncio.timeout(PATIENCE):
        while sum(isinstance(item, kind) for item in got) < count:
            got += await news.next_batch()
    return [item for item in got if isinstance(item, kind)]


def quote(scene: Scene, side: str, price: str, qty: str = "1") -> None:
    scene.venue.place_as(COUNTERPARTY, "BTCUSDT", side, "LIMIT", quantity=qty, price=price)


async def test_market_streams_tell_what_rest_would(scene: Scene) -> None:
    quote(scene, "BUY", "49000")
    quote(scene, "SELL", "51000")
    spot = scene.spot
    async with (
        spot.stream_trades("BTC/USDT") as trades,
        spot.stream_candles("BTC/USDT", "1m") as candles,
        spot.stream_ticker("BTC/USDT") as ticker,
        spot.stream_order_book("BTC/USDT", limit=5) as book,
    ):
        await told(book, OrderBook)
        scene.trade("0.3", "50000")
        quote(scene, "SELL", "50500")
        await scene.pass_time(3.0, by=0.5)
        (trade,) = await told(trades, PublicTrade)
        assert [trade] == list(await spot.fetch_trades("BTC/USDT", limit=1))
        (candle,) = await told(candles, Candle)
        fetched, *_ = await spot.fetch_candles("BTC/USDT", "1m", limit=1)
        assert candle.model_copy(update={"is_closed": None}) == fetched
        assert candle.is_closed is False
        latest = (await told(ticker, Ticker))[-1]
        assert latest == await spot.fetch_ticker("BTC/USDT")
        shown = (await told(book, OrderBook))[-1]
        assert shown == await spot.fetch_order_book("BTC/USDT", limit=5)


async def test_a_candle_says_when_it_is_closed(scene: Scene) -> None:
    async with scene.spot.stream_candles("BTC/USDT", "1m") as news:
        scene.trade()
        await scene.pass_time(70, by=1.0)
        closed = [candle for candle in await told(news, Candle, 2) if candle.is_closed]
        assert len({candle.open_time for candle in closed}) == 1


async def test_N31_lost_differences_of_the_book_are_noticed_and_it_is_fetched_anew(scene: Scene) -> None:
    quote(scene, "BUY", "49000")
    quote(scene, "SELL", "51000")
    async with scene.spot.stream_order_book("BTC/USDT") as news:
        await told(news, OrderBook)
        scene.venue.chaos.add(Rule(where="event btcusdt@depth*", fault=Lose(), count=1))
        quote(scene, "BUY", "49500")
        await scene.pass_time(0.5, by=0.1)
        assert scene.venue.chaos.strikes
        quote(scene, "SELL", "50500")
        await scene.pass_time(0.5, by=0.1)
        (gap,) = await told(news, StreamGap)
        assert "missing" in gap.why
        quote(scene, "SELL", "50600")
        await scene.pass_time(0.5, by=0.1)
        shown = (await told(news, OrderBook))[-1]
        assert shown == await scene.spot.fetch_order_book("BTC/USDT", limit=100)


async def test_N27_a_book_goes_on_over_a_reconnection(scene: Scene) -> None:
    quote(scene, "BUY", "49000")
    async with scene.spot.stream_order_book("BTC/USDT") as news:
        await told(news, OrderBook)
        scene.venue.sockets.connections[0].cut()
        quote(scene, "BUY", "49100")
        await told(news, StreamLost)
        await scene.pass_time(2.0, by=0.25)
        shown = (await told(news, OrderBook))[-1]
        assert shown == await scene.spot.fetch_order_book("BTC/USDT", limit=100)


async def test_N27_no_trade_is_told_twice_while_two_connections_are_heard(scene: Scene) -> None:
    async with scene.spot.stream_trades("BTC/USDT") as news:
        scene.venue.chaos.add(Rule(where="socket /ws*", fault=Shutdown(seconds=2.0), count=1))
        await until(lambda: len(scene.venue.sockets.connections) == 2)
        for _ in range(3):
            scene.trade()
        await scene.pass_time(10, by=0.5)
        scene.trade()
        assert [trade.trade_id for trade in await told(news, PublicTrade, 4)] == ["1", "2", "3", "4"]


async def test_N28_a_forgotten_market_subscription_is_found_by_asking(scene: Scene) -> None:
    async with scene.spot.stream_trades("BTC/USDT") as news:
        await told(news, StreamOpened)
        board = scene.venue.sockets.markets._board
        (subscriber,) = board._listeners["btcusdt@trade"]
        board.remove(subscriber, "btcusdt@trade")
        await scene.pass_time(70)
        (lost,) = await told(news, StreamLost)
        assert "forgotten" in lost.why


async def test_what_is_not_there_is_refused_before_anything_is_dialled(scene: Scene) -> None:
    with pytest.raises(InvalidValue, match="7m"):
        scene.spot.stream_candles("BTC/USDT", "7m")
    lacking = dict.fromkeys((Capability.MARKET_STREAM, Capability.ACCOUNT_STREAM), Support.NOT_YET)
    scene.spot.traits = scene.spot.traits.model_copy(update={"support": lacking})
    for ask in (
        scene.spot.stream_account,
        lambda: scene.spot.stream_trades("BTC/USDT"),
        lambda: scene.spot.stream_ticker("BTC/USDT"),
        lambda: scene.spot.stream_order_book("BTC/USDT"),
        lambda: scene.spot.stream_candles("BTC/USDT", "1m"),
    ):
        with pytest.raises(NotSupported):
            ask()
    assert scene.venue.sockets.connections == ()
