"""What waits for a reader: everything of an account, the latest of a market, and never a lost word of the stream."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunmin.ccxt_bridge.stream_inbox import EveryItem, LatestItem, RecentItems
from yunmin.clock import ManualClock
from yunmin.core.data_contracts import StreamGap, StreamOpened
from yunmin.errors import ConfigurationError

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # other work may hold the machine up
WORD = StreamOpened(at="2026-01-01T00:00:00+00:00")

puts_and_takes = st.lists(st.one_of(st.integers(0, 5), st.just("word"), st.just("take")), max_size=60)


async def played(inbox: Any, moves: list[Any]) -> tuple[list[Any], list[Any]]:
    """What was put, numbered so that no two are alike, and what was taken."""
    put: list[Any] = []
    taken: list[Any] = []
    for number, move in enumerate(moves):
        if move == "take":
            if not inbox._is_empty():
                taken += await inbox.take_all()
        elif move == "word":
            inbox.put_word(WORD)
            put.append(WORD)
        else:
            inbox.put((move, number))
            put.append((move, number))
    inbox.close()
    return put, taken + await inbox.take_all()


@calm
@given(puts_and_takes)
def test_N29_an_account_s_news_is_all_kept_in_its_order(moves: list[Any]) -> None:
    put, taken = asyncio.run(played(EveryItem(on_overflow=lambda: None), moves))
    assert taken == put


@calm
@given(puts_and_takes)
def test_N29_of_a_market_the_latest_of_each_key_is_kept_and_every_word(moves: list[Any]) -> None:
    put, taken = asyncio.run(played(LatestItem(key=lambda item: item[0]), moves))
    assert [one for one in taken if one is WORD] == [one for one in put if one is WORD]
    items = [one for one in taken if one is not WORD]
    assert items == sorted(items, key=lambda item: item[1]), "what is told later is never older"
    for key in {item[0] for item in put if item is not WORD}:
        last = [item for item in put if item is not WORD and item[0] == key][-1]
        assert [item for item in items if item[0] == key][-1] == last


@calm
@given(puts_and_takes, st.integers(1, 4))
def test_N29_of_trades_the_last_are_kept_and_a_gap_tells_of_the_others(moves: list[Any], limit: int) -> None:
    clock = ManualClock()
    put, taken = asyncio.run(played(RecentItems(now=clock.now, limit=limit), moves))
    gaps = [one for one in taken if isinstance(one, StreamGap)]
    lost = sum(int(gap.why.split()[0]) for gap in gaps)
    assert [one for one in taken if one is WORD] == [one for one in put if one is WORD]
    trades = [one for one in taken if isinstance(one, tuple)]
    assert len(trades) + lost == sum(isinstance(one, tuple) for one in put)
    assert trades == sorted(trades, key=lambda trade: trade[1])


def test_N29_the_gap_of_dropped_trades_begins_at_the_reader_s_last_look() -> None:
    clock = ManualClock()

    async def main() -> list[Any]:
        inbox: RecentItems[int] = RecentItems(now=clock.now, limit=2)
        clock.advance(5)
        inbox.put(0)
        await inbox.take_all()
        looked = clock.now()
        for trade in range(1, 6):
            clock.advance(1)
            inbox.put(trade)
        gap, *rest = await inbox.take_all()
        assert isinstance(gap, StreamGap)
        assert (gap.start, gap.end) == (looked, clock.now())
        assert gap.why.startswith("3 were dropped")
        return rest

    assert asyncio.run(main()) == [4, 5]


def test_N29_an_account_s_news_beyond_all_bounds_says_so_once_and_keeps_what_there_was() -> None:
    told: list[str] = []

    async def main() -> list[Any]:
        inbox: EveryItem[int] = EveryItem(on_overflow=lambda: told.append("full"), limit=3)
        for number in range(10):
            inbox.put(number)
        inbox.put_word(WORD)
        return await inbox.take_all()

    assert asyncio.run(main()) == [0, 1, 2, WORD]
    assert told == ["full"]


async def test_a_reader_that_is_cancelled_has_taken_nothing() -> None:
    inbox: EveryItem[int] = EveryItem(on_overflow=lambda: None)
    reader = asyncio.ensure_future(inbox.take_all())
    await asyncio.sleep(0)
    inbox.put(1)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert reader.cancelled()
    inbox.put(2)
    assert await inbox.take_all() == [1, 2]


async def test_a_stream_has_one_reader() -> None:
    inbox: EveryItem[int] = EveryItem(on_overflow=lambda: None)
    reader = asyncio.ensure_future(inbox.take_all())
    await asyncio.sleep(0)
    with pytest.raises(ConfigurationError, match="one reader"):
        await inbox.take_all()
    inbox.put(1)
    assert await reader == [1]


async def test_items_may_be_taken_one_by_one_and_together() -> None:
    inbox: EveryItem[int] = EveryItem(on_overflow=lambda: None)
    for number in range(4):
        inbox.put(number)
    assert await inbox.take() == 0
    assert await inbox.take_all() == [1, 2, 3]
    inbox.close()
    assert await inbox.take() is None
    assert await inbox.take_all() == []
