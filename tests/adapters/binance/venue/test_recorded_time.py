"""Recorded candles of several markets that happen at their own time, by the clock that the venue lives by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.by_now import by_now
from yunmin.clock import Clock, ManualClock, ScaledClock, SystemClock, seeded, to_millis
from yunmin.errors import ConfigurationError
from yunmin.exchange import VenueOptions
from yunmin.simulation.candles import recorded_span
from yunmin.simulation.steered_clock import SteeredClock
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, LocalVenue
from yunmin_binance.venue.opening import OpenVenue, config_of, open_venue

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def candles_file(folder: Path, name: str, count: int, *, price: int = 50_000, start: datetime = START) -> list[Any]:
    """`count` random candles a minute in a CSV file, as the venue is to tell them."""
    chance, rows, last = seeded(name), list[str](), price * 100
    told = []
    for number in range(count):
        corners = sorted(last + chance.randint(-500, 500) for _ in range(3))
        opened, closed = chance.choice(corners), chance.choice(corners)
        low, high, last = corners[0], corners[-1], closed
        texts = [f"{cents // 100}.{cents % 100:02}" for cents in (opened, high, low, closed)]
        volume = f"{chance.randint(1, 90)}.{chance.randint(1000, 9999)}"
        moment = start + number * MINUTE
        rows.append(",".join((moment.isoformat(), *texts, volume)))
        told.append([to_millis(moment), *(Decimal(text) for text in (*texts, volume))])
    header = "timestamp,open,high,low,close,volume"
    (folder / name).write_text("\n".join((header, *rows)) + "\n")
    return told


async def klines(venue: LocalVenue, symbol: str, **params: object) -> list[Any]:
    """What REST tells of them, up to the volume."""
    async with aiohttp.ClientSession() as session:
        wanted = {"symbol": symbol, "interval": "1m", "limit": "1000", **{k: str(v) for k, v in params.items()}}
        async with session.get(f"{venue.url}/api/v3/klines", params=wanted) as response:
            rows = await response.json()
    return [[row[0], *(Decimal(text) for text in row[1:6])] for row in rows]


def a_clock(start: datetime) -> SteeredClock:
    """One that moves only when told, and lets nobody who sleeps by it move it."""
    clock = SteeredClock(ManualClock(start))
    clock.freeze()
    return clock


def options(folder: Path, clock: Clock, **more: Any) -> VenueOptions:
    return VenueOptions(candles=str(folder), clock=clock, step_interval=0, **more)


async def test_the_venues_candles_are_the_recorded_ones_of_every_market(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 30)
    eth = candles_file(tmp_path, "ETH_USDT_1m.csv", 30, price=3000)
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        for seconds in (1, 44, 300, 7.5, 500, 1000):
            clock.advance(seconds)
            running.venue.step()
        assert running.replay_is_over is True
        assert await klines(running.venue, "BTCUSDT", endTime=btc[-1][0]) == btc
        assert await klines(running.venue, "ETHUSDT", endTime=btc[-1][0]) == eth
        assert running.venue.audit().ok


async def test_nobody_sees_a_market_behind_its_time_however_late_a_step_is(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 10)
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        clock.advance(299.9)
        assert await klines(running.venue, "BTCUSDT") == btc[:5]


async def test_streams_tell_each_recorded_candle_once_as_closed(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 8)
    clock, closed = a_clock(START), list[Any]()
    async with (
        open_venue(options(tmp_path, clock)) as running,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{running.url}/ws/btcusdt@kline_1m") as socket,
    ):
        running.venue.flush_streams()
        await closed_before_an_open_one(socket)
        for _ in range(4 * len(btc)):
            clock.advance(15)
            running.venue.flush_streams()
            closed += await closed_before_an_open_one(socket)
    assert closed == btc


async def closed_before_an_open_one(socket: aiohttp.ClientWebSocketResponse) -> list[Any]:
    """The bars that are told as closed, until one is told that is not; there is one after every recorded trade."""
    closed = []
    while (bar := (await socket.receive_json(timeout=20))["k"])["x"]:
        closed.append([bar["t"], *(Decimal(bar[name]) for name in "ohlcv")])
    return closed


async def test_a_past_is_there_when_the_doors_open(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 30)
    clock = a_clock(recorded_span(tmp_path).start + 20 * MINUTE)
    async with open_venue(options(tmp_path, clock, history=20 * MINUTE)) as running:
        *past, now = await klines(running.venue, "BTCUSDT")
        assert past == btc[:20]
        assert now[:2] == btc[20][:2]
        walked = await klines(running.venue, "SOLUSDT", endTime=btc[19][0])
        assert [row[0] for row in walked] == [row[0] for row in btc[:20]]
        assert all(row[5] > 0 for row in walked)


async def test_without_a_history_the_past_is_all_that_was_recorded_before(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 30)
    async with open_venue(options(tmp_path, a_clock(START + 15 * MINUTE))) as running:
        assert (await klines(running.venue, "BTCUSDT"))[:15] == btc[:15]


async def test_of_a_longer_recording_only_the_history_is_the_past(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 30)
    clock = a_clock(START + 15 * MINUTE)
    async with open_venue(options(tmp_path, clock, history=5 * MINUTE)) as running:
        assert (await klines(running.venue, "BTCUSDT"))[:5] == btc[10:15]


async def test_a_clock_that_leaves_no_time_for_the_past_is_refused(tmp_path: Path) -> None:
    candles_file(tmp_path, "BTC_USDT_1m.csv", 30)
    with pytest.raises(ConfigurationError, match="start its clock 300 s after the data begins"):
        async with open_venue(options(tmp_path, a_clock(START), history=5 * MINUTE)):
            pass


async def test_a_market_order_is_filled_at_once_and_changes_no_more_than_its_own_trade(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 10)
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        clock.advance(60)
        order = running.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "MARKET", quantity="0.1")
        assert order.filled == Decimal("0.1")
        clock.advance(540)
        told = await klines(running.venue, "BTCUSDT", endTime=btc[-1][0])
        assert told[:1] + told[2:] == btc[:1] + btc[2:]
        opened, high, low, closed, volume = btc[1][1:]
        paid = order.fills[0].price
        assert told[1][1:] == [opened, max(high, paid), min(low, paid), closed, volume + order.filled]
        assert abs(paid - opened) <= opened / 100_000


def resting(running: OpenVenue, side: str, price: str, quantity: str = "0.5") -> str:
    return running.venue.place_as(
        LOCAL_ACCOUNT, "BTCUSDT", side, "LIMIT", quantity=quantity, price=price
    ).client_order_id


def flat_file(folder: Path, *closes: int) -> None:
    rows = [f"{(START + number * MINUTE).isoformat()},{c},{c},{c},{c},1" for number, c in enumerate(closes)]
    (folder / "BTC_USDT_1m.csv").write_text("\n".join(("timestamp,open,high,low,close,volume", *rows)) + "\n")


async def test_an_order_whose_price_is_passed_is_filled_whole_and_the_recorded_volume_stays(tmp_path: Path) -> None:
    flat_file(tmp_path, 50_000, 49_000, 49_000)
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        name = resting(running, "BUY", "49500", "3")
        clock.advance(60)
        ledger = running.ledger()
        (order,) = ledger.orders
        assert (order.client_order_id, order.filled, order.average_price) == (name, Decimal(3), Decimal(49_500))
        clock.advance(120)
        _, second, third = await klines(running.venue, "BTCUSDT", endTime=to_millis(START + 2 * MINUTE))
        assert second[1:] == [49_500, 49_500, 49_000, 49_000, 4]
        assert third[1:] == [49_000] * 4 + [1]


async def test_an_order_at_the_recorded_price_gets_what_was_traded_there_and_no_more(tmp_path: Path) -> None:
    flat_file(tmp_path, 50_000, 49_000, 50_000)
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        resting(running, "BUY", "49000", "3")
        clock.advance(180)
        (order,) = running.ledger().orders
        assert 0 < order.filled <= 1
        second = (await klines(running.venue, "BTCUSDT", endTime=to_millis(START + 2 * MINUTE)))[1]
        assert second[1:] == [49_000] * 4 + [1]


@pytest.mark.parametrize(
    ("side", "stop", "closes"), [("SELL", "49500", (50_000, 49_000)), ("BUY", "50500", (50_000, 51_000))]
)
async def test_a_stop_that_a_recorded_trade_triggers_finds_somebody_to_trade_with(
    tmp_path: Path, side: str, stop: str, closes: tuple[int, int]
) -> None:
    flat_file(tmp_path, *closes, closes[-1])
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        running.venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", side, "STOP_LOSS", quantity="0.2", stop_price=stop)
        resting(running, side, "51500" if side == "SELL" else "48500")
        clock.advance(61)
        running.venue.step()
        (fill,) = running.ledger().fills
        assert fill.qty == Decimal("0.2")
        assert abs(fill.price - closes[1]) < 1


async def test_the_replay_is_over_when_the_last_candle_is(tmp_path: Path) -> None:
    candles_file(tmp_path, "BTC_USDT_1m.csv", 2)
    clock = a_clock(START)
    async with open_venue(options(tmp_path, clock)) as running:
        clock.advance(119)
        assert by_now(running.replay_is_over) is False
        clock.advance(1)
        assert by_now(running.replay_is_over) is True
    assert recorded_span(tmp_path).end == START + 2 * MINUTE


async def test_a_venue_goes_by_itself_as_fast_as_its_clock_does(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 20)
    notices: list[str] = []
    clock = ScaledClock(SystemClock(), 6000, recorded_span(tmp_path).start)
    async with open_venue(options(tmp_path, clock, on_notice=notices.append)) as running:
        while not running.replay_is_over or not notices:
            await clock.sleep(60)
        assert await klines(running.venue, "BTCUSDT", endTime=btc[-1][0]) == btc
    assert "has come to its end" in notices[0]


async def test_a_venue_that_was_saved_goes_on_at_the_recorded_time(tmp_path: Path) -> None:
    btc = candles_file(tmp_path, "BTC_USDT_1m.csv", 10)
    clock, state = a_clock(START), str(tmp_path / "venue.json")
    async with open_venue(options(tmp_path, clock, state_file=state)):
        clock.advance(200)
    clock.advance(200)
    async with open_venue(options(tmp_path, clock, state_file=state)) as running:
        clock.advance(200)
        assert await klines(running.venue, "BTCUSDT", endTime=btc[-1][0]) == btc


async def test_every_file_of_a_folder_has_its_market_and_everybody_owns_some_of_it(tmp_path: Path) -> None:
    candles_file(tmp_path, "XMR_USDT_1m.csv", 2, price=160)
    candles_file(tmp_path, "DOGEUSDT-2026.csv", 2, price=1000)
    async with open_venue(options(tmp_path, a_clock(START))) as running:
        assert list(running.venue.exchange.rules)[:2] == ["DOGEUSDT", "XMRUSDT"]
        held = {one.asset: one.free for one in running.ledger().balances}
        assert held["XMR"] > 0
        assert held["DOGE"] > 0


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "holds no candles"),
        (("prices.csv",), "does not begin with its market"),
        (("BTC_USDT_1m.csv", "BTCUSDT_5m.csv"), "both of BTCUSDT"),
    ],
)
def test_a_folder_that_leaves_a_doubt_is_refused(tmp_path: Path, names: tuple[str, ...], words: str) -> None:
    for name in names:
        candles_file(tmp_path, name, 2)
    with pytest.raises(ConfigurationError, match=words):
        config_of(VenueOptions(candles=str(tmp_path)))


async def test_the_books_are_told_in_words_that_no_exchange_owns(tmp_path: Path) -> None:
    flat_file(tmp_path, 50_000)
    async with open_venue(options(tmp_path, a_clock(START))) as running:
        venue = running.venue
        venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "SELL", "LIMIT", quantity="0.3", price="50100", client_order_id="mine")
        venue.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "MARKET", quantity="0.1")
        ledger = running.ledger()
        (order,) = ledger.orders
        assert (ledger.account, order.symbol, order.client_order_id, order.side) == (
            "local",
            "BTC/USDT",
            "mine",
            "SELL",
        )
        assert {one.asset for one in ledger.balances} >= {"BTC", "USDT"}
        assert running.ledger(COUNTERPARTY).fills[0].liquidity == "TAKER"
        with pytest.raises(ConfigurationError, match="no such account"):
            running.ledger("nobody")


async def test_candles_of_a_folder_also_go_at_a_speed(tmp_path: Path) -> None:
    candles_file(tmp_path, "BTC_USDT_1m.csv", 30)
    candles_file(tmp_path, "ETH_USDT_1m.csv", 30, price=3000)
    clock = a_clock(datetime(2026, 6, 1, tzinfo=UTC))
    wanted = options(tmp_path, clock, speed=Decimal(60), history=10 * MINUTE)
    async with open_venue(wanted) as running:
        for symbol in ("BTCUSDT", "ETHUSDT", "BNBUSDT"):
            past = await klines(running.venue, symbol)
            assert len(past) >= 10
            assert all(row[5] > 0 for row in past[:10])
        clock.advance(20)
        running.venue.step()
        assert running.replay_is_over is True
