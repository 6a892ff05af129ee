"""Every fault of what a venue tells by itself: events lost, doubled, late, out of order, broken."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.adapters.binance.venue.conftest import QUIET
from tests.adapters.binance.venue.sockets import Client, SocketVenue, running
from yunmin_binance.venue import COUNTERPARTY, LocalVenue
from yunmin_binance.venue.chaos import (
    Body,
    CutShort,
    Delay,
    Duplicate,
    ForeignBody,
    Lose,
    Reorder,
    Rule,
    Skew,
    StopStreams,
)


async def subscribed(home: SocketVenue) -> Client:
    client = await home.open("/ws-api/v3")
    await client.call("userDataStream.subscribe.signature", home.signed({}))
    return client


def place(venue: LocalVenue, client_order_id: str, *, price: str = "50000") -> None:
    venue.place_as("local", "BTCUSDT", "BUY", "LIMIT", quantity="0.01", price=price, client_order_id=client_order_id)


def reports(frames: list[Any]) -> list[tuple[str, str]]:
    events = [frame["event"] for frame in frames]
    return [(event["c"], event["x"]) for event in events if event["e"] == "executionReport"]


async def test_N22_an_event_is_lost_and_the_rest_is_told() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="event executionReport", fault=Lose(), client_order_id="b"))
        for name in "abc":
            place(home.venue, name)
        assert reports(await client.frames()) == [("a", "NEW"), ("c", "NEW")]
        (strike,) = home.venue.chaos.log
        assert (strike.at, strike.symbol, strike.account, strike.client_order_id) == (
            "executionReport", "BTCUSDT", "local", "b",
        )  # fmt: skip


async def test_N23_an_event_is_told_a_hundred_times() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="event executionReport", fault=Duplicate(times=99), count=1))
        place(home.venue, "a")
        place(home.venue, "b")
        assert reports(await client.frames()) == [("a", "NEW")] * 100 + [("b", "NEW")]


async def test_N24_events_change_places_within_a_window() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="event executionReport", fault=Reorder(window=4), count=4))
        for name in "abcde":
            place(home.venue, name)
        told = [name for name, _ in reports(await client.frames())]
        assert sorted(told) == list("abcde")
        assert sorted(told[-4:]) == list("abcd") or told[:4] != list("abcd")
        assert told != list("abcde")


async def test_what_a_window_holds_is_told_in_time_or_when_the_rule_is_lifted() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="event executionReport", fault=Reorder(window=9, seconds=2)))
        place(home.venue, "a")
        assert reports(await client.frames()) == []
        await home.advance(2)
        assert reports(await client.frames()) == [("a", "NEW")]
        place(home.venue, "b")
        place(home.venue, "c")
        assert reports(await client.frames()) == []
        home.venue.chaos.clear()
        assert reports(await client.frames()) == [("c", "NEW"), ("b", "NEW")]


async def test_N14_an_event_comes_late_and_others_overtake_it() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="event executionReport", fault=Delay(seconds=5), count=1))
        place(home.venue, "a")
        place(home.venue, "b")
        assert reports(await client.frames()) == [("b", "NEW")]
        await home.advance(5)
        assert reports(await client.frames()) == [("a", "NEW")]


async def test_N5_an_event_is_told_in_part_or_as_something_else() -> None:
    async with running(QUIET) as home:
        client = await home.open("/ws/btcusdt@trade")
        home.venue.chaos.add(Rule(where="event trade", fault=CutShort(sent=5), count=1))
        home.venue.chaos.add(Rule(where="event trade", fault=Body(body=ForeignBody.LIST), count=1))
        place(home.venue, "a")
        for _ in range(3):
            home.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "MARKET", quantity="0.001")
        assert (await client.socket.receive_str()) == '{"e":'
        assert await client.next() == []
        assert (await client.next())["e"] == "trade"


async def test_a_market_event_is_known_by_its_type_or_its_stream() -> None:
    async with running(QUIET) as home:
        client = await home.open("/stream?streams=btcusdt@bookTicker/btcusdt@depth5/ethusdt@bookTicker")
        home.venue.chaos.add(Rule(where="event bookTicker", fault=Lose(), symbol="BTCUSDT"))
        home.venue.chaos.add(Rule(where="event btcusdt@depth?", fault=Lose()))
        place(home.venue, "a")
        home.venue.place_as("local", "ETHUSDT", "BUY", "LIMIT", quantity="1", price="2000")
        home.venue.flush_streams()
        assert [frame["stream"] for frame in await client.frames()] == ["ethusdt@bookTicker"]
        assert {strike.at for strike in home.venue.chaos.log} == {"bookTicker", "depth5"}


async def test_N28_a_subscription_stops_silently_and_the_socket_still_answers() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        home.venue.chaos.add(Rule(where="socket /ws-api/*", fault=StopStreams()))
        place(home.venue, "a")
        assert reports(await client.frames()) == []
        assert (await client.call("ping"))["status"] == 200
        other = await subscribed(home)
        place(home.venue, "b")
        assert reports(await other.frames()) == [("b", "NEW")]
        assert reports(await client.frames()) == []


async def test_N35_event_times_are_those_of_a_wrong_clock() -> None:
    async with running(QUIET) as home:
        client = await subscribed(home)
        with home.venue.chaos.active(Rule(where="venue", fault=Skew(seconds=-5))):
            place(home.venue, "a")
            event = (await client.next())["event"]
            assert event["E"] == home.now - 5000
            assert event["T"] == home.now
        await client.next()
        place(home.venue, "b")
        assert (await client.next())["event"]["E"] == home.now


async def test_the_same_seed_tells_the_same_events_in_the_same_order() -> None:
    async def told(seed: int) -> list[tuple[str, str]]:
        async with running(QUIET.model_copy(update={"seed": seed})) as home:
            client = await subscribed(home)
            for fault in (Lose(), Duplicate(), Reorder(window=3)):
                home.venue.chaos.add(Rule(where="event executionReport", fault=fault, probability=0.3))
            for number in range(40):
                place(home.venue, f"order-{number}")
            await asyncio.sleep(0)
            return reports(await client.frames())

    first, again, other = await told(3), await told(3), await told(4)
    assert first == again != other
