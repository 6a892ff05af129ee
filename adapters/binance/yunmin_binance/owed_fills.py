"""Fills that fell into a gap of the stream and are owed until they were fetched, market by market, page by page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from yunmin.core.data_contracts import Fill, StreamGap
from yunmin.errors import ConnectivityError, ExchangeError, RateLimited
from yunmin_binance.connector import BinanceSpot

__all__ = ["OwedFills", "StillOwed"]

_PAGE: Final = 1000
_CLOCKS_DIFFER_BY: Final = timedelta(minutes=1)
"""How much earlier and later than a gap fills are asked for: this machine's clock may differ from Binance's."""


@dataclass(slots=True)
class _Debt:
    """One market's time that was not heard, and up to where it was fetched."""

    start: datetime
    end: datetime
    fetched_upto: str | None = None


class StillOwed(NamedTuple):
    """Why not everything could be fetched, and for how many seconds the exchange wants to be left alone."""

    error: ExchangeError
    wait: float


class OwedFills:
    """What gaps left open. Gaps of a market become one; what was fetched of it is not asked for again."""

    def __init__(self) -> None:
        self._debts: dict[str, _Debt] = {}
        self._one_at_a_time = asyncio.Lock()

    def __bool__(self) -> bool:
        return bool(self._debts)

    def __str__(self) -> str:
        return ", ".join(f"{symbol} from {debt.start} to {debt.end}" for symbol, debt in sorted(self._debts.items()))

    def owe(self, gap: StreamGap, symbols: Iterable[str]) -> None:
        """Nothing was heard of `symbols` in `gap`."""
        for symbol in symbols:
            debt = self._debts.setdefault(symbol, _Debt(gap.start, gap.end))
            debt.start, debt.end = min(debt.start, gap.start), max(debt.end, gap.end)

    async def fetch(self, spot: BinanceSpot, take: Callable[[Fill], Awaitable[None]]) -> StillOwed | None:
        """Hand what can be fetched to `take`, oldest first on each market; None once nothing is owed any more.

        A market that is refused keeps no other back. Where there is no connection, the others are not asked either.
        """
        still: StillOwed | None = None
        async with self._one_at_a_time:
            for symbol in sorted(self._debts):
                try:
                    await self._fetch_of(symbol, spot, take)
                except ExchangeError as error:
                    still = StillOwed(error, (error.retry_after or 0.0) if isinstance(error, RateLimited) else 0.0)
                    if isinstance(error, ConnectivityError):
                        break
        return still

    async def _fetch_of(self, symbol: str, spot: BinanceSpot, take: Callable[[Fill], Awaitable[None]]) -> None:
        debt = self._debts[symbol]
        while True:
            page = await self._page_of(symbol, debt, spot)
            for fill in page:
                await take(fill)
                debt.fetched_upto = fill.trade_id
            newest = page[-1].ts if page else None
            if len(page) < _PAGE or (newest is not None and newest > debt.end + _CLOCKS_DIFFER_BY):
                break
        del self._debts[symbol]

    async def _page_of(self, symbol: str, debt: _Debt, spot: BinanceSpot) -> list[Fill]:
        """The next ones; the last that was fetched comes again."""
        if debt.fetched_upto is None:
            return list(await spot.fetch_fills(symbol, since=debt.start - _CLOCKS_DIFFER_BY, limit=_PAGE))
        return list(await spot.fetch_fills(symbol, from_trade_id=debt.fetched_upto, limit=_PAGE))
