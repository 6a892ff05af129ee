"""Market streams: what they say, when, and to whom (web-socket-streams.md, 2026-07-21)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.binance.venue.conftest import UNLIMITED
from tests.adapters.binance.venue.sockets import Client, SocketVenue, running
from yunmin.clock import seeded
from yunmin.simulation.intervals import INTERVALS
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, VenueConfig

QUIET = VenueConfig(liquidity=Liquidity.NONE)


@pytest.fixture
async def home() -> AsyncIterator[SocketVenue]:
    async with running(QUIET) as found:
        yield found


def trade(home: SocketVenue, quantity: str = "0.5", price: str = "50000") -> None:
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity=quantity, price=price)
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity=quantity, price=price)


async def test_a_trade_is_told_at_once(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@trade")
    now = home.now
    trade(home)
    assert await client.next() == {
        "e": "trade", "E": now, "s": "BTCUSDT", "t": 1, "p": "50000.00000000", "q": "0.50000000", "T": now,
        "m": False, "M": True,
    }  # fmt: skip


async def test_fills_of_one_taker_at_one_price_are_one_aggregate_trade_and_many_trades(home: SocketVenue) -> None:
    aggregates = await home.open("/ws/btcusdt@aggTrade")
    trades = await home.open("/ws/btcusdt@trade")
    for _ in range(3):
        home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.1", price="50000")
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "MARKET", quantity="0.3")
    (one,) = await aggregates.frames()
    assert (one["e"], one["a"], one["q"], one["f"], one["l"], one["m"]) == ("aggTrade", 1, "0.30000000", 1, 3, False)
    assert [frame["t"] for frame in await trades.frames()] == [1, 2, 3]


async def test_who_comes_late_is_not_told_of_what_was(home: SocketVenue) -> None:
    early = await home.open("/ws/btcusdt@trade")
    trade(home)
    assert len(await early.frames()) == 1
    late = await home.open("/ws/btcusdt@trade")
    assert await late.frames() == []
    trade(home)
    assert [frame["t"] for frame in await late.frames()] == [2]


async def test_the_book_ticker_is_told_when_the_top_moves_and_only_then(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@bookTicker")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="51000")
    assert await client.frames() == [
        {"u": 1, "s": "BTCUSDT", "b": "0.00000000", "B": "0.00000000", "a": "51000.00000000", "A": "1.00000000"}
    ]
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="52000")
    assert await client.frames() == []
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50999")
    assert [frame["a"] for frame in await client.frames()] == ["50999.00000000"]


async def test_combined_streams_wrap_their_payloads(home: SocketVenue) -> None:
    client = await home.open("/stream?streams=btcusdt@trade/ethusdt@trade")
    trade(home)
    (frame,) = await client.frames()
    assert frame["stream"] == "btcusdt@trade"
    assert frame["data"]["e"] == "trade"


async def test_bare_stream_is_combined_and_bare_ws_is_raw(home: SocketVenue) -> None:
    for path, is_combined in (("/stream", True), ("/ws", False), ("/ws/7", False), ("/stream/ws/0", False)):
        client = await home.open(path)
        assert await client.say({"method": "GET_PROPERTY", "params": ["combined"], "id": 1}) == {
            "result": is_combined,
            "id": 1,
        }
        assert await client.say({"method": "LIST_SUBSCRIPTIONS", "id": 2}) == {"result": [], "id": 2}


async def test_subscriptions_are_kept_changed_and_listed(home: SocketVenue) -> None:
    client = await home.open("/ws")
    await client.subscribe("btcusdt@trade", "btcusdt@depth")
    said = await client.say({"method": "LIST_SUBSCRIPTIONS", "id": "a"})
    assert said == {"result": ["btcusdt@trade", "btcusdt@depth"], "id": "a"}
    assert await client.say({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": None}) == {
        "result": None,
        "id": None,
    }
    assert home.venue.sockets.markets.listened_to == {"btcusdt@depth"}
    trade(home)
    assert await client.frames() == []


async def test_a_connection_can_turn_wrapping_on(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@trade")
    assert await client.say({"method": "SET_PROPERTY", "params": ["combined", True], "id": 5}) == {
        "result": None,
        "id": 5,
    }
    trade(home)
    assert (await client.next())["stream"] == "btcusdt@trade"


async def test_times_are_told_in_microseconds_where_the_address_asks_for_it(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@trade?timeUnit=MICROSECOND")
    now = home.now * 1000
    trade(home)
    frame = await client.next()
    assert (frame["E"], frame["T"]) == (now, now)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ('{"method":"X","id":1}', {"code": 2, "msg": "Invalid request: unknown variant `X`, expected one of "
          "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column 13"}),
        ('{"id":1}', {"code": 2, "msg": "Invalid request: missing field `method` at line 1 column 8"}),
        ('{"method":"SUBSCRIBE","params":["a"]}',
         {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"}),
        ('{"method":"SUBSCRIBE","params":["a"],"id":1.5}',
         {"code": 2, "msg": "Invalid request: request ID must be an unsigned integer"}),
        ('{"method":"LIST_SUBSCRIPTIONS","params":["a"],"id":1}',
         {"code": 2, "msg": "Invalid request: too many parameters"}),
        ('{"method":"GET_PROPERTY","params":["speed"],"id":1}', {"code": 0, "msg": "Unknown property", "id": 1}),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}',
         {"code": 1, "msg": "Invalid value type: expected Boolean"}),
        ('{"method":"GET_PROPERTY","id":1}', {"code": 2, "msg": "Invalid request: property name must be a string"}),
        ('{"method":', {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 11"}),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_answered_in_the_exchanges_words(home: SocketVenue, sent: str, said: Any) -> None:
    client = await home.open("/ws")
    assert await client.say(sent) == said


async def test_klines_are_told_every_two_seconds_and_closed_once(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@kline_1m")
    trade(home)
    await home.advance(2)
    (bar,) = await client.frames()
    assert bar["e"] == "kline"
    assert bar["k"] == {
        "t": 1767225600000, "T": 1767225659999, "s": "BTCUSDT", "i": "1m", "f": 1, "L": 1, "o": "50000.00000000",
        "c": "50000.00000000", "h": "50000.00000000", "l": "50000.00000000", "v": "0.50000000", "n": 1, "x": False,
        "q": "25000.00000000", "V": "0.50000000", "Q": "25000.00000000", "B": "0",
    }  # fmt: skip
    await home.advance(60)
    closed, fresh = await client.frames()
    assert (closed["k"]["x"], closed["k"]["t"], closed["k"]["n"]) == (True, 1767225600000, 1)
    assert (fresh["k"]["x"], fresh["k"]["t"], fresh["k"]["n"]) == (False, 1767225660000, 0)
    home.venue.flush_streams()
    assert await client.frames() == []


async def test_klines_can_follow_the_calendar_eight_hours_east(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@kline_1d@+08:00")
    trade(home)
    home.venue.flush_streams()
    (bar,) = await client.frames()
    assert bar["k"]["t"] == 1767225600000 - 8 * 3600_000


async def test_the_tickers_agree_with_rest(home: SocketVenue) -> None:
    client = await home.open("/stream?streams=btcusdt@ticker/btcusdt@miniTicker/!miniTicker@arr/btcusdt@avgPrice")
    trade(home)
    home.venue.flush_streams()
    found = {frame["stream"]: frame["data"] for frame in await client.frames()}
    rest = await home.get("ticker/24hr", symbol="BTCUSDT")
    day = found["btcusdt@ticker"]
    assert list(day) == list("eEspPwxcQbBaAohlvqOCFLn")
    assert (day["c"], day["v"], day["n"], day["p"]) == (
        rest["lastPrice"], rest["volume"], rest["count"], rest["priceChange"],
    )  # fmt: skip
    mini = found["btcusdt@miniTicker"]
    assert (list(mini), mini["e"], mini["c"]) == (list("eEscohlvq"), "24hrMiniTicker", rest["lastPrice"])
    assert found["!miniTicker@arr"][0] == mini
    average = await home.get("avgPrice", symbol="BTCUSDT")
    assert found["btcusdt@avgPrice"]["w"] == average["price"] == "50000.00000000"


async def test_all_mini_tickers_hold_only_what_has_changed(home: SocketVenue) -> None:
    client = await home.open("/ws/!miniTicker@arr")
    home.venue.flush_streams()
    await client.frames()
    trade(home)
    home.venue.flush_streams()
    (tickers,) = await client.frames()
    assert [one["s"] for one in tickers] == ["BTCUSDT"]


@pytest.mark.parametrize("window", ["1h", "4h", "1d"])
async def test_rolling_tickers_begin_on_a_minute_and_end_now(home: SocketVenue, window: str) -> None:
    length = {"1h": 3600_000, "4h": 4 * 3600_000, "1d": 24 * 3600_000}[window]
    client = await home.open(f"/stream?streams=btcusdt@ticker_{window}/!ticker_{window}@arr")
    trade(home, price="50000")
    home.clock.drift(90)
    trade(home, price="51000")
    home.venue.flush_streams()
    found = {frame["stream"]: frame["data"] for frame in await client.frames()}
    ticker = found[f"btcusdt@ticker_{window}"]
    now = home.now - 1000  # reading the frames took a second
    assert ticker == {
        "e": f"{window}Ticker", "E": now, "s": "BTCUSDT", "p": "1000.00000000", "P": "2.000", "o": "50000.00000000",
        "h": "51000.00000000", "l": "50000.00000000", "c": "51000.00000000", "w": "50500.00000000", "v": "1.00000000",
        "q": "50500.00000000", "O": (now - length) // 60_000 * 60_000, "C": now, "F": 1, "L": 2, "n": 2,
    }  # fmt: skip
    assert [one for one in found[f"!ticker_{window}@arr"] if one["s"] == "BTCUSDT"] == [ticker]
    home.venue.flush_streams()
    assert await client.frames() == []


async def test_a_rolling_ticker_changes_when_old_trades_leave_its_window(home: SocketVenue) -> None:
    client = await home.open("/stream?streams=btcusdt@ticker_1h/!ticker_1h@arr")
    trade(home)
    home.venue.flush_streams()
    await client.frames()
    home.clock.drift(2 * 3600)
    home.venue.flush_streams()
    found = {frame["stream"]: frame["data"] for frame in await client.frames()}
    assert (found["btcusdt@ticker_1h"]["n"], found["btcusdt@ticker_1h"]["v"]) == (0, "0.00000000")
    assert [one["s"] for one in found["!ticker_1h@arr"]] == ["BTCUSDT"]


async def test_there_is_no_reference_price_and_no_block_trade(home: SocketVenue) -> None:
    client = await home.open("/stream?streams=btcusdt@referencePrice/btcusdt@blockTrade")
    trade(home)
    home.venue.flush_streams()
    assert await client.frames() == [
        {
            "stream": "btcusdt@referencePrice",
            "data": {"e": "referencePrice", "s": "BTCUSDT", "r": None, "t": home.now - 1000},
        }
    ]
    home.venue.flush_streams()
    assert await client.frames() == []
    assert home.venue.sockets.markets.listened_to == {"btcusdt@referencePrice", "btcusdt@blockTrade"}


@pytest.mark.parametrize("interval", list(INTERVALS))
async def test_klines_of_every_interval_are_those_of_rest(home: SocketVenue, interval: str) -> None:
    client = await home.open(f"/ws/btcusdt@kline_{interval}")
    trade(home)
    home.venue.flush_streams()
    (frame,) = await client.frames()
    home.clock.drift(-home.clock.monotonic() % 1)
    rest = (await home.get("klines", symbol="BTCUSDT", interval=interval, limit=500))[0]
    assert [frame["k"][key] for key in "tohlcvTqnVQ"] == rest[:-1]
    assert (frame["k"]["i"], frame["k"]["x"]) == (interval, False)


async def test_partial_depth_is_the_top_of_the_book_at_its_own_pace(home: SocketVenue) -> None:
    fast = await home.open("/ws/btcusdt@depth5@100ms")
    slow = await home.open("/ws/btcusdt@depth5")
    await home.advance(1)
    assert len(await fast.frames()) == len(await slow.frames()) == 1
    for price in range(50001, 50008):
        home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price=price)
    home.clock.drift(-home.clock.monotonic() % 1)
    await home.advance(0.1)
    (frame,) = await fast.frames()
    assert list(frame) == ["lastUpdateId", "bids", "asks"]
    assert frame == await home.get("depth", symbol="BTCUSDT", limit=5)
    assert len(frame["asks"]) == 5


async def test_differences_of_depth_are_contiguous_and_share_their_ids_with_rest(home: SocketVenue) -> None:
    client = await home.open("/ws/btcusdt@depth@100ms")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="2", price="50001")
    await home.advance(0.1)
    (first,) = await client.frames()
    assert (first["e"], first["U"], first["u"]) == ("depthUpdate", 1, 2)
    assert first["a"] == [["50000.00000000", "1.00000000"], ["50001.00000000", "2.00000000"]]
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="1.5", price="50001")
    await home.advance(0.1)
    (second,) = await client.frames()
    assert (second["U"], second["u"]) == (3, (await home.get("depth", symbol="BTCUSDT"))["lastUpdateId"])
    assert second["a"] == [["50000.00000000", "0.00000000"], ["50001.00000000", "1.50000000"]]
    await home.advance(0.1)
    assert await client.frames() == []


@pytest.mark.parametrize("seed", range(3))
async def test_a_book_kept_from_differences_equals_the_book_of_rest(seed: int) -> None:
    async with running(VenueConfig(seed=seed, symbols=("BTCUSDT",))) as home:
        client = await home.open("/ws/btcusdt@depth@100ms")
        chance = seeded(seed)
        home.venue.step()
        await home.advance(0.1)
        snapshot = await home.get("depth", symbol="BTCUSDT", limit=5000)
        local = LocalBook(snapshot)
        for _ in range(40):
            for _ in range(chance.randint(0, 6)):
                move(home, chance)
            await home.advance(0.1)
        for frame in await client.frames():
            local.apply(frame)
        assert local.as_rest() == await home.get("depth", symbol="BTCUSDT", limit=5000)
        assert local.applied > 20


async def test_a_level_that_came_and_went_between_two_events_is_told_as_gone(home: SocketVenue) -> None:
    """A snapshot taken in between has that level; nothing but the stream can take it out again."""
    client = await home.open("/ws/btcusdt@depth@100ms")
    home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="50000")
    local = LocalBook(await home.get("depth", symbol="BTCUSDT"))
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="1", price="50000")
    await home.advance(0.1)
    (frame,) = await client.frames()
    assert frame["a"] == [["50000.00000000", "0.00000000"]]
    local.apply(frame)
    assert local.as_rest() == await home.get("depth", symbol="BTCUSDT")


@pytest.mark.parametrize("seed", range(3))
async def test_a_snapshot_may_be_taken_at_any_moment(seed: int) -> None:
    async with running(VenueConfig(seed=seed, symbols=("BTCUSDT",), limits=UNLIMITED)) as home:
        client = await home.open("/ws/btcusdt@depth")
        chance = seeded(seed)
        snapshots = []
        for _ in range(30):
            move(home, chance)
            snapshots.append(await home.get("depth", symbol="BTCUSDT", limit=5000))
            if chance.random() < 0.2:
                home.venue.flush_streams()
        home.venue.flush_streams()
        frames = await client.frames()
        rest = await home.get("depth", symbol="BTCUSDT", limit=5000)
        for snapshot in snapshots:
            local = LocalBook(snapshot)
            for frame in frames:
                local.apply(frame)
            assert local.as_rest() == rest


def move(home: SocketVenue, chance: Any) -> None:
    if chance.random() < 0.3:
        home.venue.step()
        return
    mine = home.venue.exchange.engine.orders_of(LOCAL_ACCOUNT).open_orders("BTCUSDT")
    if mine and chance.random() < 0.3:
        home.venue.exchange.engine.cancel(LOCAL_ACCOUNT, "BTCUSDT", chance.choice(mine).id)
        return
    price = home.venue.exchange.floor("BTCUSDT").tape.last_price // 10**8 + chance.randint(-40, 40)
    side = chance.choice(("BUY", "SELL"))
    home.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", side, "LIMIT", quantity="0.01", price=price)


class LocalBook:
    """How to manage a local order book correctly, as the docs say."""

    def __init__(self, snapshot: Any) -> None:
        self.update_id = snapshot["lastUpdateId"]
        self.bids, self.asks = dict(snapshot["bids"]), dict(snapshot["asks"])
        self.applied = 0

    def apply(self, event: Any) -> None:
        if event["u"] <= self.update_id:
            return
        assert event["U"] <= self.update_id + 1
        for levels, changes in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, qty in changes:
                if float(qty):
                    levels[price] = qty
                else:
                    levels.pop(price, None)
        self.update_id = event["u"]
        self.applied += 1

    def as_rest(self) -> Any:
        def ordered(levels: dict[str, str], sign: int) -> list[list[str]]:
            return [[price, levels[price]] for price in sorted(levels, key=lambda one: sign * float(one))]

        return {"lastUpdateId": self.update_id, "bids": ordered(self.bids, -1), "asks": ordered(self.asks, 1)}


async def test_the_same_seed_gives_the_same_frames() -> None:
    streams = "btcusdt@trade/btcusdt@depth@100ms/btcusdt@kline_1s/btcusdt@bookTicker/!miniTicker@arr/ethusdt@ticker"

    async def session() -> list[Any]:
        async with running(VenueConfig(seed=11)) as home:
            client = await home.open(f"/stream?streams={streams}")
            for _ in range(15):
                home.venue.step()
                await home.advance(0.5)
            return await client.frames()

    one, other = await session(), await session()
    assert len(one) > 50
    assert one == other


async def test_a_stream_that_nobody_has_is_accepted_and_silent(home: SocketVenue) -> None:
    client = await home.open("/ws")
    await client.subscribe("nosuch@trade", "btcusdt@nosuch", "BTCUSDT@trade", "!ticker@arr", "btcusdt@ticker_2h")
    trade(home)
    home.venue.flush_streams()
    assert await client.frames() == []
    assert home.venue.sockets.markets.listened_to == set()


async def test_many_listeners_hear_the_same(home: SocketVenue) -> None:
    clients: list[Client] = [await home.open("/ws/btcusdt@trade") for _ in range(20)]
    trade(home)
    assert len({str(await client.next()) for client in clients}) == 1
