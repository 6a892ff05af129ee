"""BinanceWebSocket as scripts use it: blocking, with callbacks, floats and dicts."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from yunmin.clock import ManualClock
from yunmin.connectors.binance_connector import BinanceConnector
from yunmin.connectors.binance_websocket import BinanceWebSocket
from yunmin.core.data_contracts import Fill, OrderRef, OrderUpdate, StreamGap, StreamLost
from yunmin.core.order_tracker import OrderState, OrderTracker
from yunmin.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectivityError,
    MalformedResponse,
    OrderNotFound,
    UnknownSymbol,
)
from yunmin.testing.verify.forked_venue import ask_venue
from yunmin_binance.venue import COUNTERPARTY, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.websocket import _Account, _News

SYMBOL = "BNBUSDT"
NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@contextmanager
def somebody_trades(venue_url: str) -> Iterator[list[str]]:
    """Our market orders, one after the other, in a thread of their own until the block is left; gives their ids."""
    over, placed = threading.Event(), []

    def trade() -> None:
        with BinanceConnector(base_url=venue_url) as connector:
            while not over.is_set():
                placed.append(connector.place_order(SYMBOL, "BUY", "MARKET", quote_qty=20)["clientOrderId"])

    thread = threading.Thread(target=trade)
    thread.start()
    try:
        yield placed
    finally:
        over.set()
        thread.join(20)


def run_until(ws: BinanceWebSocket, count: int, seen: list[Any]) -> Callable[[Any], None]:
    def note(told: Any) -> None:
        seen.append(told)
        if len(seen) >= count:
            ws.stop()

    return note


def test_fills_arrive_as_dicts_of_floats(venue_url: str) -> None:
    ws = BinanceWebSocket(base_url=venue_url)
    seen: list[dict[str, Any]] = []
    ws.subscribe_order_updates(run_until(ws, 3, seen))
    with somebody_trades(venue_url) as placed:
        ws.run()
    assert {fill["client_oid"] for fill in seen} <= set(placed)
    fill = seen[0]
    assert (fill["symbol"], fill["side"], fill["liquidity"], fill["fee_asset"]) == (SYMBOL, "BUY", "TAKER", "BNB")
    assert all(type(fill[name]) is float for name in ("qty", "price", "fee"))
    assert len({(one["order_id"], one["trade_id"]) for one in seen}) == len(seen)


def test_a_fill_feeds_the_tracker_as_in_the_manual(venue_url: str) -> None:
    tracker, ws = OrderTracker(), BinanceWebSocket(base_url=venue_url)
    done: list[str] = []

    def on_fill(fill: dict[str, Any]) -> None:
        if tracker.get_order(fill["client_oid"]) is None:
            tracker.create_order(fill["client_oid"], "BNB/USDT", fill["side"], "LIMIT", qty=fill["qty"], price=1)
        tracker.add_fill(
            fill["client_oid"], qty=fill["qty"], price=fill["price"], fee=fill["fee"], fee_asset=fill["fee_asset"]
        )
        done.append(fill["client_oid"])
        ws.stop()

    ws.subscribe_order_updates(on_fill)
    with somebody_trades(venue_url):
        ws.run()
    order = tracker.get_order(done[0])
    assert order is not None
    assert order.state is OrderState.FILLED


def test_candles_and_orders_come_side_by_side(venue_url: str) -> None:
    ws = BinanceWebSocket(base_url=venue_url)
    candles: list[dict[str, Any]] = []
    orders: list[dict[str, Any]] = []

    def note(where: list[Any]) -> Callable[[Any], None]:
        def add(told: Any) -> None:
            where.append(told)
            if candles and orders:
                ws.stop()

        return add

    ws.subscribe_candles(SYMBOL, "1m", note(candles))
    ws.subscribe_order_updates(lambda fill: None, on_order=note(orders))
    with somebody_trades(venue_url):
        ws.run()
    candle = candles[0]
    assert (candle["symbol"], candle["timeframe"]) == (SYMBOL, "1m")
    assert candle["open_time"] % 60_000 == 0
    assert candle["low"] <= candle["close"] <= candle["high"]
    assert all(type(candle[name]) is float for name in ("open", "high", "low", "close", "volume"))
    assert orders[0]["status"] in ("NEW", "PARTIALLY_FILLED", "FILLED")


def test_a_callback_that_raises_is_reported_and_stops_nobody(venue_url: str, caplog: pytest.LogCaptureFixture) -> None:
    ws = BinanceWebSocket(base_url=venue_url)
    seen: list[dict[str, Any]] = []
    stopping = run_until(ws, 3, seen)

    def on_fill(fill: Any) -> None:
        stopping(fill)
        raise ValueError("of the user's own")

    ws.subscribe_order_updates(on_fill)
    with caplog.at_level(logging.ERROR), somebody_trades(venue_url):
        ws.run()
    assert len(seen) >= 3
    reported = [record for record in caplog.records if "callback failed" in record.getMessage()]
    assert len(reported) >= 3
    assert reported[0].exc_info is not None


def test_stopping_before_running_does_not_hang(venue_url: str) -> None:
    ws = BinanceWebSocket(base_url=venue_url)
    ws.subscribe_order_updates(lambda fill: None)
    ws.stop()
    ws.run()


def test_stopping_from_another_thread_ends_it(venue_url: str) -> None:
    ws = BinanceWebSocket(base_url=venue_url)
    opened = threading.Event()
    ws.subscribe_order_updates(lambda fill: opened.set())
    thread = threading.Thread(target=ws.run)
    with somebody_trades(venue_url):
        thread.start()
        assert opened.wait(20)
    ws.stop()
    thread.join(20)
    assert not thread.is_alive()


class VenueInAThread:
    """A quiet venue in a loop of its own, which a test may act on."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.venue = LocalVenue(VenueConfig(liquidity=Liquidity.NONE))
        self.do(self.venue.start())

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self) -> None:
        self.do(self.venue.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()


@pytest.fixture
def own_venue() -> Iterator[VenueInAThread]:
    made = VenueInAThread()
    yield made
    made.close()


@pytest.mark.parametrize("count", [1, 1_234], ids=["one", "more than a page has"])
def test_N22_fills_that_fell_into_a_gap_are_fetched_and_handed_over_once(own_venue: VenueInAThread, count: int) -> None:
    url, piece = own_venue.venue.url, Decimal("0.02")
    ws, connector = BinanceWebSocket(base_url=url), BinanceConnector(base_url=url)
    fills: list[dict[str, Any]] = []
    gaps: list[dict[str, Any]] = []
    orders: list[str] = []

    async def cut_and_fill() -> None:
        for connection in own_venue.venue.sockets.connections:
            connection.cut()
        for _ in range(count):
            own_venue.venue.place_as(COUNTERPARTY, SYMBOL, "SELL", "LIMIT", quantity=str(piece), price="600")

    def on_order(order: dict[str, Any]) -> None:
        orders.append(order["client_oid"])
        if orders == ["ym-gap"]:
            own_venue.do(cut_and_fill())

    def on_gap(gap: dict[str, Any]) -> None:
        gaps.append(gap)
        ws.stop()

    resting = connector.place_order(SYMBOL, "BUY", "LIMIT", qty=0.4, price=600, client_order_id="ym-before")
    connector.cancel_order(SYMBOL, "ym-before")
    ws.subscribe_order_updates(fills.append, on_order=on_order, on_gap=on_gap)
    placing = threading.Thread(target=place_when_subscribed, args=(own_venue, connector, float(piece * count)))
    placing.start()
    ws.run()
    placing.join(20)
    connector.close()
    assert resting["status"] == "NEW"
    assert [(fill["client_oid"], fill["qty"], fill["price"]) for fill in fills] == [("ym-gap", 0.02, 600.0)] * count
    assert len({fill["trade_id"] for fill in fills}) == count
    assert gaps[0]["start"] <= gaps[0]["end"]
    assert "fetched" not in gaps[0]["why"]


def test_N22_fills_of_a_gap_that_could_not_be_fetched_are_handed_over_after_the_next_one(
    own_venue: VenueInAThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_after_failures(monkeypatch, 1e6)
    url = own_venue.venue.url
    ws, connector = BinanceWebSocket(base_url=url), BinanceConnector(base_url=url)
    fills: list[dict[str, Any]] = []
    gaps: list[tuple[str, int]] = []

    async def cut() -> None:
        for connection in own_venue.venue.sockets.connections:
            connection.cut()

    async def cut_and_fill() -> None:
        await cut()
        own_venue.venue.place_as(COUNTERPARTY, SYMBOL, "SELL", "LIMIT", quantity="0.4", price="600")

    def on_order(order: dict[str, Any]) -> None:
        if not gaps:
            rule = {"where": "GET /api/v3/myTrades", "fault": {"kind": "drop", "moment": "before", "ending": "reset"}}
            ask_venue(url, "/venue/chaos", method="POST", body=rule)
            own_venue.do(cut_and_fill())

    def on_gap(gap: dict[str, Any]) -> None:
        gaps.append((gap["why"], len(fills)))
        if len(gaps) == 1:
            ask_venue(url, "/venue/chaos", method="DELETE")
            own_venue.do(cut())
        else:
            ws.stop()

    ws.subscribe_order_updates(fills.append, on_order=on_order, on_gap=on_gap)
    placing = threading.Thread(target=place_when_subscribed, args=(own_venue, connector, 0.4))
    placing.start()
    ws.run()
    placing.join(20)
    connector.close()
    (first, fills_then), (second, _) = gaps
    assert "could be fetched" in first
    assert fills_then == 0
    assert "fetched" not in second
    assert [(fill["client_oid"], fill["qty"]) for fill in fills] == [("ym-gap", 0.4)]


def wait_after_failures(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for name in ("_ASK_AGAIN", "_LONGEST_WAIT"):
        monkeypatch.setattr(f"yunmin_binance.owed_fills.{name}", seconds)


@pytest.mark.parametrize("failures", [3, None], ids=["the fourth time there is an answer", "there is never one"])
def test_N22_fills_that_are_owed_are_asked_for_again_and_again_or_named_as_missing_at_the_end(
    own_venue: VenueInAThread,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failures: int | None,
) -> None:
    wait_after_failures(monkeypatch, 0.01)
    url = own_venue.venue.url
    ws, connector = BinanceWebSocket(base_url=url), BinanceConnector(base_url=url)
    fills: list[dict[str, Any]] = []

    async def cut_and_fill() -> None:
        for connection in own_venue.venue.sockets.connections:
            connection.cut()
        own_venue.venue.place_as(COUNTERPARTY, SYMBOL, "SELL", "LIMIT", quantity="0.4", price="600")

    def on_order(order: dict[str, Any]) -> None:
        if order["status"] == "NEW":
            rule = {"where": "GET /api/v3/myTrades", "fault": {"kind": "drop", "moment": "before", "ending": "reset"}}
            ask_venue(url, "/venue/chaos", method="POST", body=rule if failures is None else rule | {"count": failures})
            own_venue.do(cut_and_fill())

    over = threading.Event()

    def stop_after_some_failures() -> None:
        while not over.is_set() and ask_venue(url, "/venue/chaos")["strikes"] < 4:
            continue
        ws.stop()

    ws.subscribe_order_updates(run_until(ws, 1, fills), on_order=on_order)
    helpers = [threading.Thread(target=place_when_subscribed, args=(own_venue, connector, 0.4))]
    if failures is None:
        helpers.append(threading.Thread(target=stop_after_some_failures))
    for helper in helpers:
        helper.start()
    try:
        with caplog.at_level(logging.INFO, "yunmin_binance"):
            ws.run()
    finally:
        over.set()
    for helper in helpers:
        helper.join(20)
    connector.close()
    assert "fills may be missing; they are asked for again in" in caplog.text
    if failures is None:
        assert fills == []
        assert "it ends before all fills could be fetched: of BNB/USDT since the start" in caplog.text
    else:
        assert [fill["client_oid"] for fill in fills] == ["ym-gap"]
        assert ask_venue(url, "/venue/chaos")["strikes"] == failures
        assert "since the start" not in caplog.text


def place_when_subscribed(own_venue: VenueInAThread, connector: BinanceConnector, qty: float) -> None:
    async def is_subscribed() -> bool:
        return bool(own_venue.venue.sockets.users._subscriptions)

    while not own_venue.do(is_subscribed()):
        continue
    connector.place_order(SYMBOL, "BUY", "LIMIT", qty=qty, price=600, client_order_id="ym-gap")


def test_what_cannot_work_is_refused_at_once(venue_url: str) -> None:
    with pytest.raises(ConfigurationError, match="nothing was subscribed"):
        BinanceWebSocket(base_url=venue_url).run()
    stranger = BinanceWebSocket("w" * 64, "w" * 64, environment="local", base_url=venue_url)
    stranger.subscribe_order_updates(print)
    with pytest.raises(AuthenticationFailed):
        stranger.run()
    nowhere = BinanceWebSocket(base_url="http://127.0.0.1:9")
    nowhere.subscribe_order_updates(print)
    with pytest.raises(ConnectivityError):
        nowhere.run()
    unlisted = BinanceWebSocket(base_url=venue_url)
    unlisted.subscribe_candles("NOSUCH", "1m", print)
    with pytest.raises(UnknownSymbol):
        unlisted.run()


def test_S1_it_does_not_show_its_key() -> None:
    assert "k" * 64 not in repr(BinanceWebSocket("k" * 64, "s" * 64)) + repr(vars(BinanceWebSocket("k" * 64, "s" * 64)))


class Answers:
    """As much of BinanceSpot as is asked: trades of one market, a minute apart, of whose orders one is not found."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.fills: list[Fill] = []
        self.add(0, 3_000)
        self.pages = 0
        self.orders_asked: list[str | None] = []

    async def server_time(self) -> datetime:
        return NOON

    async def fetch_open_orders(self) -> list[OrderUpdate]:
        return [OrderUpdate(symbol="BNB/USDT", client_order_id="ym-0", source="REST")]

    def stream_account(self) -> Heard:
        return Heard()

    def add(self, first: int, end: int) -> None:
        self.fills += [
            Fill(symbol="BNB/USDT", trade_id=str(number), exchange_order_id=str(number), side="BUY", qty=1, price=600,
                 ts=NOON + number * timedelta(minutes=1))
            for number in range(first, end)
        ]  # fmt: skip

    async def fetch_fills(
        self, symbol: str, *, limit: int, since: datetime = NOON, from_trade_id: str = "0"
    ) -> list[Fill]:
        self.pages += 1
        return [one for one in self.fills if one.ts and one.ts >= since and int(one.trade_id) >= int(from_trade_id)][
            :limit
        ]

    async def fetch_order(self, ref: OrderRef) -> OrderUpdate:
        self.orders_asked.append(ref.exchange_order_id)
        if ref.exchange_order_id == "1":
            raise OrderNotFound("Order does not exist.")
        if ref.exchange_order_id == "2":
            raise MalformedResponse("a status that contradicts itself")
        return OrderUpdate(symbol=ref.symbol, client_order_id=f"ym-{ref.exchange_order_id}", source="REST")

    def instrument(self, symbol: str) -> Any:
        return SimpleNamespace(exchange_symbol=SYMBOL)


async def an_account(spot: Any, told: list[dict[str, Any]]) -> _Account:
    account = _Account(told.append, None, None)
    await account.open(spot)
    await account.ask_again(spot)
    return account


def hand_over(account: _Account) -> None:
    for call, told in account.at_hand():
        call(told)


async def test_N22_what_was_before_it_was_subscribed_is_fetched_and_a_fill_without_its_order_keeps_none_back() -> None:
    told = list[dict[str, Any]]()
    spot: Any = Answers()
    hand_over(await an_account(spot, told))
    assert [fill["client_oid"] for fill in told[:3]] == ["ym-0", None, None]
    assert len(told) == len({fill["trade_id"] for fill in told}) == 3_000


async def test_N22_after_a_gap_it_goes_on_from_the_last_trade_that_it_knew_whatever_the_clocks_say() -> None:
    told = list[dict[str, Any]]()
    spot: Any = Answers()
    account = await an_account(spot, told)
    hand_over(account)
    told.clear()
    spot.add(3_000, 3_200)
    spot.pages, spot.orders_asked = 0, []
    for at in (NOON - timedelta(days=1), NOON + timedelta(days=1)):
        await account.take(spot, StreamGap(start=at, end=at, why="cut"))
    hand_over(account)
    assert [fill["trade_id"] for fill in told] == [str(number) for number in range(3_000, 3_200)]
    assert spot.pages == 2, "one for each gap"
    assert spot.orders_asked == [str(number) for number in range(3_000, 3_200)], "of what was told nothing is asked"


async def test_who_stops_while_the_stream_is_down_is_told_since_when() -> None:
    spot: Any = Answers()
    account = await an_account(spot, [])
    assert account.missing == ""
    account.note(spot, StreamLost(since=NOON, why="cut"))
    assert "of everything since 2026-01-02 12:00" in account.missing
    await account.take(spot, StreamGap(start=NOON, end=NOON, why="cut"))
    assert account.missing == ""


class Heard:
    """A stream that tells what it was given, then is silent until it is closed, and says what had come by then."""

    def __init__(self, *batches: list[Any]) -> None:
        self.batches = [*batches]
        self.left: list[Any] = []
        self._closed = asyncio.Event()

    async def next_batch(self) -> list[Any]:
        if self.batches:
            return self.batches.pop(0)
        await self._closed.wait()
        left, self.left = self.left, []
        return left

    async def aclose(self) -> None:
        self._closed.set()


async def test_what_had_come_when_it_ends_is_at_hand_and_a_gap_in_it_is_named(caplog: pytest.LogCaptureFixture) -> None:
    told = list[dict[str, Any]]()
    spot: Any = Answers()
    account = await an_account(spot, told)
    hand_over(account)
    late = [spot.fills[0].model_copy(update={"trade_id": str(number)}) for number in (9_001, 9_002, 9_003)]
    gap = StreamGap(start=NOON, end=NOON, why="cut")
    stream: Any = Heard([late[0], gap, late[1], gap])
    stream.left = [late[2]]
    hung = asyncio.Event()

    async def for_ever(symbol: str, **asked: Any) -> list[Fill]:
        hung.set()
        await asyncio.Event().wait()
        raise AssertionError

    spot.fetch_fills = for_ever
    news = _News(spot)
    news._wanted.append(account)
    news._streams.append((account, stream))
    news._listen(account, stream)
    await hung.wait()
    calls = await news.close()
    assert [told["trade_id"] for _, told in calls] == ["9001", "9002", "9003"]
    assert "it ends before all fills could be fetched: of BNB/USDT since trade 2999" in caplog.text


async def test_a_fill_of_before_the_start_is_not_ours() -> None:
    told = list[dict[str, Any]]()
    spot: Any = Answers()
    account = await an_account(spot, told)
    account.at_hand()
    early = spot.fills[0].model_copy(update={"trade_id": "9000", "ts": NOON - timedelta(seconds=1)})
    spot.fills.append(early)
    account.note(spot, StreamGap(start=NOON, end=NOON, why="cut"))

    async def all_of_them(symbol: str, **asked: Any) -> list[Fill]:
        return [early]

    spot.fetch_fills = all_of_them
    await account.ask_again(spot)
    assert account.at_hand() == []


async def test_a_failure_waits_until_what_is_at_hand_was_handed_out() -> None:
    spot: Any = Answers()
    account = await an_account(spot, [])
    account.at_hand()
    late = [spot.fills[0].model_copy(update={"trade_id": number}) for number in ("9001", "9002")]
    unlisted = late[0].model_copy(update={"symbol": "NOSUCH/USDT"})

    def instrument(symbol: str) -> Any:
        if symbol == "NOSUCH/USDT":
            raise UnknownSymbol(symbol)
        return SimpleNamespace(exchange_symbol=SYMBOL)

    spot.instrument = instrument
    stream: Any = Heard([late[0], unlisted, late[1]])
    news = _News(spot)
    news._wanted.append(account)
    news._listen(account, stream)
    assert [told["trade_id"] for _, told in await news.next()] == ["9001", "9002"]
    with pytest.raises(UnknownSymbol):
        await news.next()
    await news.close()


async def test_of_a_fill_that_was_told_nothing_is_asked() -> None:
    spot: Any = Answers()
    account = await an_account(spot, [])
    account.at_hand()

    async def those_of_an_order_that_is_not_found(symbol: str, **asked: Any) -> list[Fill]:
        return [spot.fills[1]]

    spot.fetch_fills, spot.orders_asked = those_of_an_order_that_is_not_found, []
    await account.take(spot, StreamGap(start=NOON, end=NOON, why="cut"))
    assert spot.orders_asked == []


async def test_nobody_is_asked_again_before_it_is_time() -> None:
    spot: Any = Answers()
    account = await an_account(spot, [])
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        spot.clock.advance(seconds)

    spot.clock.sleep = sleep
    spot.pages = 0
    await _News(spot)._ask_again(account)
    assert (slept, spot.pages) == ([10.0], 1), "all was told once, and is asked for once more"


def test_what_came_while_it_ended_is_named_too(
    venue_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    ws = BinanceWebSocket(base_url=venue_url)
    close = _News.close

    async def late(news: _News) -> list[Any]:
        return [*await close(news), (print, {"symbol": SYMBOL, "trade_id": "4712"})]

    monkeypatch.setattr(_News, "close", late)
    ws.subscribe_order_updates(lambda told: ws.stop())
    ws._left += [(lambda told: ws.stop(), {"symbol": SYMBOL, "trade_id": "4710"})]
    ws.run()
    assert "it ended before 1 fills were handed over, of the trades BNBUSDT 4712" in caplog.text


def test_fills_that_are_not_handed_over_at_the_end_are_named(venue_url: str, caplog: pytest.LogCaptureFixture) -> None:
    ws, seen = BinanceWebSocket(base_url=venue_url), []

    def stop_at_once(told: dict[str, Any]) -> None:
        seen.append(told)
        ws.stop()

    ws.subscribe_order_updates(stop_at_once)
    ws._left += [(stop_at_once, {"symbol": SYMBOL, "trade_id": trade_id}) for trade_id in ("4710", "4711")]
    ws.run()
    assert [told["trade_id"] for told in seen] == ["4710"]
    assert "it ended before 1 fills were handed over, of the trades BNBUSDT 4711" in caplog.text


def test_a_run_after_one_that_raised_hands_over_what_that_one_had(venue_url: str) -> None:
    ws, seen = BinanceWebSocket(base_url=venue_url), []

    class Interrupted(BaseException):
        pass

    def on_fill(told: dict[str, Any]) -> None:
        seen.append(told["trade_id"])
        if len(seen) == 1:
            raise Interrupted
        ws.stop()

    ws.subscribe_order_updates(on_fill)
    ws._left += [(on_fill, {"symbol": SYMBOL, "trade_id": trade_id}) for trade_id in ("4710", "4711")]
    with pytest.raises(Interrupted):
        ws.run()
    ws.run()
    assert seen == ["4710", "4711"]
