"""What a gap left open is fetched once, whatever goes wrong on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from yunmin.core.data_contracts import Fill, StreamGap
from yunmin.errors import ConnectivityError, ExchangeError, RateLimited, Rejected, Unavailable
from yunmin_binance.owed_fills import OwedFills, StillOwed

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MARKETS = ("AAA/USDT", "BBB/USDT", "CCC/USDT")


def a_gap(begin: int, end: int) -> StreamGap:
    return StreamGap(start=NOON + begin * MINUTE, end=NOON + end * MINUTE, why="cut")


class Trades:
    """Of each market 2,500 trades, one in a second. `fails` says what a question is answered with instead."""

    def __init__(self) -> None:
        self.fails: dict[tuple[str, str | None], ExchangeError] = {}
        self.asked: list[tuple[str, str | None]] = []

    async def fetch_fills(
        self, symbol: str, *, limit: int, since: datetime | None = None, from_trade_id: str | None = None
    ) -> list[Fill]:
        self.asked.append((symbol, from_trade_id))
        if (symbol, from_trade_id) in self.fails:
            raise self.fails[symbol, from_trade_id]
        first = int(from_trade_id or 0)
        return [self.fill(symbol, number) for number in range(first, 2_500) if self.is_since(number, since)][:limit]

    @staticmethod
    def is_since(number: int, since: datetime | None) -> bool:
        return since is None or NOON + timedelta(seconds=number) >= since

    @staticmethod
    def fill(symbol: str, number: int) -> Fill:
        ts = NOON + timedelta(seconds=number)
        return Fill(symbol=symbol, trade_id=str(number), exchange_order_id="1", side="BUY", qty=1, price=1, ts=ts)


async def fetched(owed: OwedFills, trades: Trades) -> tuple[list[tuple[str, int]], StillOwed | None]:
    got: list[tuple[str, int]] = []

    async def take(fill: Fill) -> None:
        got.append((fill.symbol, int(fill.trade_id)))

    stand_in: Any = trades
    return got, await owed.fetch(stand_in, take)


async def test_N22_a_market_that_is_refused_keeps_no_other_back() -> None:
    owed, trades = OwedFills(), Trades()
    owed.owe(a_gap(0, 1), MARKETS)
    trades.fails["AAA/USDT", None] = Rejected("no such market")
    got, still = await fetched(owed, trades)
    assert {symbol for symbol, _ in got} == {"BBB/USDT", "CCC/USDT"}
    assert still == StillOwed(trades.fails["AAA/USDT", None], 0.0)
    assert str(owed).startswith("AAA/USDT from 2026-01-02 12:00")


async def test_N22_without_a_connection_the_other_markets_are_not_asked_for_now() -> None:
    for error, wait in ((Unavailable("gone"), 0.0), (RateLimited("slow down", retry_after=30.0), 30.0)):
        owed, trades = OwedFills(), Trades()
        owed.owe(a_gap(0, 1), MARKETS)
        trades.fails["AAA/USDT", None] = error
        got, still = await fetched(owed, trades)
        assert (got, still) == ([], StillOwed(error, wait))
        assert trades.asked == [("AAA/USDT", None)]
        trades.fails.clear()
        got, still = await fetched(owed, trades)
        assert ({symbol for symbol, _ in got}, still) == (set(MARKETS), None)
        assert not owed


async def test_N22_after_a_failure_it_goes_on_where_it_was_and_hands_over_no_page_again() -> None:
    owed, trades = OwedFills(), Trades()
    owed.owe(a_gap(0, 60), ["AAA/USDT"])
    trades.fails["AAA/USDT", "1998"] = ConnectivityError("gone")
    first, still = await fetched(owed, trades)
    assert still is not None
    trades.fails.clear()
    second, still = await fetched(owed, trades)
    assert still is None
    assert [number for _, number in first] == [*range(1000), *range(999, 1999)]
    assert [number for _, number in second] == list(range(1998, 2500))


async def test_N27_gaps_that_follow_one_another_are_one_and_reach_to_the_end_of_the_last() -> None:
    owed, trades = OwedFills(), Trades()
    owed.owe(a_gap(5, 6), ["AAA/USDT"])
    owed.owe(a_gap(8, 20), ["AAA/USDT"])
    got, still = await fetched(owed, trades)
    assert still is None
    assert got[0] == ("AAA/USDT", 4 * 60), "a minute earlier, for clocks differ"
    assert got[-1][1] >= 21 * 60
    assert trades.asked == [("AAA/USDT", None), ("AAA/USDT", "1239")]
