"""Fills that were not heard, market by market: owed until they were fetched, by pages, from the last one known on."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from yunmin.core.data_contracts import Fill
from yunmin.errors import ConnectivityError, ExchangeError, MalformedResponse, RateLimited
from yunmin_binance.connector import BinanceSpot

__all__ = ["OwedFills", "StillOwed"]

_PAGE: Final = 1000

_ASK_ONCE_MORE: Final = 10.0
"""Seconds after which a market is asked a second time when it has told all: a copy that answers may lag."""

_TRAILS_BY: Final = 60.0
"""Seconds by which the mark of a market trails what is heard: while one connection takes over from another, what the
old one had still to tell may be lost after the new one told something later."""

_ASK_AGAIN: Final = 5.0
_LONGEST_WAIT: Final = 60.0
"""Seconds until what could not be fetched is asked for again: twice as many each time, up to this."""


class StillOwed(NamedTuple):
    """Why not everything could be fetched, and in how many seconds it is asked for again."""

    error: ExchangeError
    wait: float


@dataclass(slots=True)
class _Debt:
    """How often something was missed, and when it may have been told all of it, by the monotonic clock."""

    missed: int = 0
    asked_once_at: float | None = None


class OwedFills:
    """Up to where each market's fills are known, and of which markets more may have been.

    It goes by the numbers that Binance gives to trades, not by anybody's clock: those of a market grow. Of one that
    nothing was heard of before, everything since the start is owed.
    """

    def __init__(self) -> None:
        self.since: datetime | None = None
        """When fills began to count, by Binance's clock."""

        self._known_upto: dict[str, str | None] = {}
        self._debts: dict[str, _Debt] = {}
        self._heard: dict[str, deque[tuple[float, str]]] = {}
        self._failed_last: set[str] = set()
        self._error: ExchangeError | None = None
        self._failures = 0
        self._rests_until = 0.0
        self._left_alone_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    def begin(self, since: datetime) -> None:
        """In the event loop of now, also a second time: then all that has been since the first one is owed."""
        self.since = self.since or since
        self._one_at_a_time = asyncio.Lock()
        self.owe_all()

    @property
    def is_owed(self) -> bool:
        """Whether there is something to ask for, at some time."""
        return bool(self._debts)

    @property
    def missing(self) -> str:
        """Of which markets fills may be missing, in words; not those that have told all and are asked once more."""
        return ", ".join(
            f"{symbol} since {'the start' if self._known_upto[symbol] is None else f'trade {self._known_upto[symbol]}'}"
            for symbol, debt in sorted(self._debts.items())
            if debt.asked_once_at is None
        )

    def meet(self, symbol: str) -> None:
        """That market is one of ours. What was there before it was first heard of is owed."""
        if symbol not in self._known_upto:
            self._known_upto[symbol] = None
            self._owe(symbol)

    def hear(self, fill: Fill, now: float) -> None:
        """A fill that came by itself. What was heard some time ago is known, unless something before it is owed."""
        symbol = fill.symbol
        self.meet(symbol)
        heard = self._heard.setdefault(symbol, deque())
        heard.append((now, fill.trade_id))
        while heard[0][0] < now - _TRAILS_BY:
            _, trade_id = heard.popleft()
            if symbol not in self._debts:
                self._known_upto[symbol] = _later(self._known_upto[symbol], trade_id)

    def owe_all(self) -> None:
        """Nothing was heard for a while."""
        for symbol in self._known_upto:
            self._owe(symbol)

    def _owe(self, symbol: str) -> None:
        debt = self._debts.setdefault(symbol, _Debt())
        debt.missed += 1
        debt.asked_once_at = None

    async def fetch(
        self, spot: BinanceSpot, take: Callable[[Fill], Awaitable[None]], *, is_urgent: bool = False
    ) -> StillOwed | None:
        """Hand what can be fetched to `take`, oldest first on each market; None once nothing is owed any more.

        A market that is refused keeps no other back. Where there is no connection the others wait, but the one that
        failed is asked for last the next time. Nothing is asked while the exchange wants to be left alone, nor, unless
        it is urgent, so soon after a failure.
        """
        async with self._one_at_a_time:
            now = spot.clock.monotonic()
            if self._error is None or now >= (self._left_alone_until if is_urgent else self._rests_until):
                self._error = await self._fetch_all(spot, take)
                self._rest(spot.clock.monotonic())
            return None if self._error is None else StillOwed(self._error, self.wait(spot.clock.monotonic()))

    def wait(self, now: float) -> float:
        """Seconds from `now`, a moment of the monotonic clock, until there is something to ask again."""
        due = [debt.asked_once_at + _ASK_ONCE_MORE for debt in self._debts.values() if debt.asked_once_at is not None]
        if len(due) < len(self._debts):
            due.append(now)
        return max(0.0, self._rests_until - now, min(due, default=now) - now)

    def _rest(self, now: float) -> None:
        if self._error is None:
            self._failures, self._rests_until = 0, now
            return
        wanted = (self._error.retry_after or 0.0) if isinstance(self._error, RateLimited) else 0.0
        self._left_alone_until = now + wanted
        self._rests_until = now + max(wanted, min(_ASK_AGAIN * 2.0 ** min(self._failures, 10), _LONGEST_WAIT))
        self._failures += 1

    async def _fetch_all(self, spot: BinanceSpot, take: Callable[[Fill], Awaitable[None]]) -> ExchangeError | None:
        """Every market that is owed, also one that becomes so meanwhile; the last error."""
        failed_now: dict[str, ExchangeError] = {}
        while todo := self._due(spot.clock.monotonic()) - failed_now.keys():
            symbol = min(todo, key=lambda one: (one in self._failed_last, one))
            try:
                await self._fetch_of(symbol, spot, take)
            except ExchangeError as error:
                failed_now[symbol] = error
                if isinstance(error, ConnectivityError):
                    break
        self._failed_last = set(failed_now)
        return next(reversed(failed_now.values()), None)

    def _due(self, now: float) -> set[str]:
        asked_once = {symbol: debt.asked_once_at for symbol, debt in self._debts.items()}
        return {symbol for symbol, at in asked_once.items() if at is None or now >= at + _ASK_ONCE_MORE}

    async def _fetch_of(self, symbol: str, spot: BinanceSpot, take: Callable[[Fill], Awaitable[None]]) -> None:
        while True:
            debt, known_upto = self._debts[symbol], self._known_upto[symbol]
            missed, is_second = debt.missed, debt.asked_once_at is not None
            page = await self._page_of(symbol, spot)
            for fill in page:
                await take(fill)
                self._known_upto[symbol] = fill.trade_id
            if len(page) < _PAGE and missed == debt.missed:  # nothing more was missed since it was asked for
                debt.asked_once_at = spot.clock.monotonic()
                if is_second:
                    del self._debts[symbol]
                return
            if len(page) >= _PAGE and known_upto == self._known_upto[symbol]:
                raise MalformedResponse(f"trades of {symbol} after {known_upto} were asked for, and these came again")

    async def _page_of(self, symbol: str, spot: BinanceSpot) -> list[Fill]:
        """The next ones; the last that is known comes again."""
        known_upto = self._known_upto[symbol]
        if known_upto is None:
            return list(await spot.fetch_fills(symbol, since=self.since, limit=_PAGE))
        return list(await spot.fetch_fills(symbol, from_trade_id=known_upto, limit=_PAGE))


def _later(one: str | None, other: str) -> str:
    return other if one is None or int(other) > int(one) else one
