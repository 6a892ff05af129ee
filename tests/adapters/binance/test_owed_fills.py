"""What was not heard is fetched once, whatever goes wrong on the way, and nobody is asked too often for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from yunmin.clock import ManualClock
from yunmin.core.data_contracts import Fill
from yunmin.errors import ConnectivityError, ExchangeError, MalformedResponse, RateLimited, Rejected, Unavailable
from yunmin_binance.owed_fills import OwedFills, StillOwed

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MARKETS = ("AAA/USDT", "BBB/USDT", "CCC/USDT")

Question = tuple[str, str | None]


class Trades:
    """Of each market `count` trades. `fails` is what a question is answered with instead, `meanwhile` what happens."""

    def __init__(self, count: int = 2_500) -> None:
        self.clock = ManualClock()
        self.count = count
        self.fails: dict[Question, ExchangeError] = {}
        self.meanwhile: dict[Question, Callable[[], None]] = {}
        self.asked: list[Question] = []

    async def fetch_fills(
        self, symbol: str, *, limit: int, since: datetime | None = None, from_trade_id: str | None = None
    ) -> list[Fill]:
        assert (since is None) is (from_trade_id is not None)
        question = symbol, from_trade_id
        self.asked.append(question)
        if question in self.fails:
            raise self.fails[question]
        first = int(from_trade_id or 0)
        await asyncio.sleep(0)
        page = [a_fill(symbol, number) for number in range(first, self.count)][:limit]
        self.meanwhile.pop(question, lambda: None)()
        return page


def a_fill(symbol: str, number: int) -> Fill:
    ts = NOON + timedelta(seconds=number)
    return Fill(symbol=symbol, trade_id=str(number), exchange_order_id="1", side="BUY", qty=1, price=1, ts=ts)


def owed_of(*symbols: str) -> OwedFills:
    owed = OwedFills()
    owed.begin(NOON)
    for symbol in symbols:
        owed.meet(symbol)
    return owed


async def fetched(
    owed: OwedFills, trades: Trades, *, is_urgent: bool = False
) -> tuple[list[tuple[str, int]], StillOwed | None]:
    got: list[tuple[str, int]] = []

    async def take(fill: Fill) -> None:
        got.append((fill.symbol, int(fill.trade_id)))

    stand_in: Any = trades
    return got, await owed.fetch(stand_in, take, is_urgent=is_urgent)


async def test_N22_a_market_that_is_refused_keeps_no_other_back() -> None:
    owed, trades = owed_of(*MARKETS), Trades()
    trades.fails["AAA/USDT", None] = Rejected("no such market")
    got, still = await fetched(owed, trades)
    assert {symbol for symbol, _ in got} == {"BBB/USDT", "CCC/USDT"}
    assert still == StillOwed(trades.fails["AAA/USDT", None], 5.0)
    assert owed.missing == "AAA/USDT since the start"


async def test_N22_a_market_that_always_times_out_is_asked_for_last_the_next_time() -> None:
    owed, trades = owed_of(*MARKETS), Trades()
    trades.fails["AAA/USDT", None] = Unavailable("gone")
    assert (await fetched(owed, trades))[0] == []
    assert trades.asked == [("AAA/USDT", None)], "without a connection no other is asked for now"
    trades.clock.advance(5)
    got, still = await fetched(owed, trades)
    assert {symbol for symbol, _ in got} == {"BBB/USDT", "CCC/USDT"}
    assert still is not None
    trades.fails.clear()
    trades.clock.advance(still.wait)
    got, still = await fetched(owed, trades)
    assert ({symbol for symbol, _ in got if symbol == "AAA/USDT"}, still) == ({"AAA/USDT"}, None)
    assert owed.missing == ""


async def test_N22_after_a_failure_it_goes_on_where_it_was() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades()
    trades.fails["AAA/USDT", "1998"] = ConnectivityError("gone")
    first, still = await fetched(owed, trades)
    assert still is not None
    trades.fails.clear()
    trades.clock.advance(still.wait)
    second, still = await fetched(owed, trades)
    assert still is None
    assert [number for _, number in first] == [*range(1000), *range(999, 1999)]
    assert [number for _, number in second] == list(range(1998, 2500))


async def test_N27_a_gap_while_it_is_fetched_is_owed_too() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades(10)

    def cut_and_trade() -> None:  # after the answer left
        trades.count = 12
        owed.owe_all()

    trades.meanwhile["AAA/USDT", None] = cut_and_trade
    got, still = await fetched(owed, trades)
    assert still is None
    assert [number for _, number in got] == [*range(10), *range(9, 12)]


async def test_N22_a_market_that_is_first_heard_of_while_it_is_fetched_is_owed_from_the_start_on() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades(10)
    trades.meanwhile["AAA/USDT", None] = lambda: owed.hear(a_fill("BBB/USDT", 7), 0.0)
    got, _ = await fetched(owed, trades)
    assert got == [(symbol, number) for symbol in ("AAA/USDT", "BBB/USDT") for number in range(10)]


async def settled(*symbols: str, count: int = 10) -> tuple[OwedFills, Trades]:
    """Nothing is owed: all markets were asked twice."""
    owed, trades = owed_of(*symbols), Trades(count)
    for _ in range(2):
        await fetched(owed, trades)
        trades.clock.advance(10)
    assert not owed.is_owed
    trades.asked.clear()
    return owed, trades


async def test_N22_a_copy_that_lags_is_asked_once_more_before_nothing_is_owed() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades(10)
    await fetched(owed, trades)
    assert owed.is_owed
    assert owed.missing == "", "it has told all that it has"
    assert owed.wait(trades.clock.monotonic()) == 10
    trades.count = 11
    owed.hear(a_fill("AAA/USDT", 11), trades.clock.monotonic())
    assert await fetched(owed, trades) == ([], None), "it is not asked before its time"
    trades.clock.advance(10)
    got, _ = await fetched(owed, trades)
    assert [number for _, number in got] == [9, 10]
    assert not owed.is_owed


async def test_N27_what_an_old_connection_had_still_to_tell_is_fetched_though_a_new_one_told_something_later() -> None:
    owed, trades = await settled("AAA/USDT")
    owed.hear(a_fill("AAA/USDT", 11), trades.clock.monotonic())  # and 10 is lost with the old one
    trades.count = 12
    owed.owe_all()
    got, _ = await fetched(owed, trades)
    assert [number for _, number in got] == [9, 10, 11]


async def test_N22_what_was_heard_a_minute_ago_is_known_unless_something_before_it_is_owed() -> None:
    owed, trades = await settled("AAA/USDT")
    begun = trades.clock.monotonic()
    for number, after in ((10, 0), (12, 1), (11, 2), (20, 61.5)):
        owed.hear(a_fill("AAA/USDT", number), begun + after)
    owed.owe_all()
    assert owed.missing == "AAA/USDT since trade 12"
    owed.hear(a_fill("AAA/USDT", 30), begun + 1000)
    assert owed.missing == "AAA/USDT since trade 12"


async def test_a_second_start_owes_what_has_been_since_the_first() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades(10)
    await fetched(owed, trades)
    owed.begin(NOON + timedelta(hours=1))
    trades.count = 13
    got, _ = await fetched(owed, trades)
    assert [number for _, number in got] == [9, 10, 11, 12]
    assert owed.since == NOON


async def test_B6_a_page_that_comes_again_and_again_is_an_error() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades(1_000)
    await fetched(owed, trades)

    async def the_same(symbol: str, **asked: Any) -> list[Fill]:
        return [a_fill(symbol, 999)] * 1_000

    liar: Any = trades
    liar.fetch_fills = the_same
    owed.owe_all()
    _, still = await fetched(owed, liar)
    assert still is not None
    assert isinstance(still.error, MalformedResponse)


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (Unavailable("gone"), [5, 10, 20, 40, 60, 60]),
        (RateLimited("slow down", retry_after=50), [50, 50, 50, 50, 60, 60]),
        (RateLimited("banned", retry_after=7200), [7200] * 6),
    ],
    ids=["no connection", "a rate limit", "a ban"],
)
async def test_N8_it_asks_ever_less_often_and_never_sooner_than_the_exchange_wants(
    error: ConnectivityError, waits: list[float]
) -> None:
    owed, trades = owed_of("AAA/USDT"), Trades()
    trades.fails["AAA/USDT", None] = error
    for number, wait in enumerate(waits, start=1):
        assert (await fetched(owed, trades))[1] == StillOwed(error, wait)
        trades.clock.advance(wait - 1)
        assert (await fetched(owed, trades))[1] == StillOwed(error, 1)
        assert len(trades.asked) == number
        trades.clock.advance(1)


async def test_N9_a_gap_is_asked_for_at_once_after_a_failure_but_not_while_we_are_banned() -> None:
    for error, asks in ((Unavailable("gone"), 2), (RateLimited("banned", retry_after=7200), 1)):
        owed, trades = owed_of("AAA/USDT"), Trades()
        trades.fails["AAA/USDT", None] = error
        await fetched(owed, trades, is_urgent=True)
        owed.owe_all()
        await fetched(owed, trades, is_urgent=True)
        assert len(trades.asked) == asks


def test_a_second_start_is_in_another_event_loop() -> None:
    owed, trades = owed_of("AAA/USDT"), Trades(10)

    async def two_at_once() -> None:
        owed.begin(NOON)
        await asyncio.gather(fetched(owed, trades), fetched(owed, trades))

    for _ in range(2):
        asyncio.run(two_at_once())
