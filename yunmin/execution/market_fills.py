"""Of which markets executions are asked for, in which order, and when it is enough for now."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final

from yunmin.clock import Clock
from yunmin.errors import ConnectivityError, ExchangeError, RateLimited, UnknownSymbol
from yunmin.execution.backfill import Backfill
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.policy import AccountPolicy

__all__ = ["CaughtUp", "MarketFills"]

_IN_A_TURN: Final = 10
"""So many markets on which nothing is open are asked for at once: each question may cost a 300th of a minute's."""

_LOOKS_AFTER_IT: Final = 4
"""So often a market is asked for in the `fills_interval` after something happened there: a trade may be shown late."""

_NEVER: Final = float("-inf")

_ENOUGH_SILENCES: Final = 2
"""After so many markets without an answer the others wait: each may take as long as a request may."""


@dataclass(slots=True)
class CaughtUp:
    """What came of asking: new fills, the markets that had an answer, those that had none or were not asked; why."""

    fills: int = 0
    read: set[str] = field(default_factory=set)
    unread: set[str] = field(default_factory=set)
    silences: int = 0
    problems: list[str] = field(default_factory=list)


class MarketFills:
    """Asks `backfill` market by market, those that wait longest first.

    `market_gone` is told once of a market that the exchange does not have, or not any more.
    """

    def __init__(
        self,
        books: Bookkeeper,
        backfill: Backfill,
        clock: Clock,
        policy: AccountPolicy,
        *,
        market_gone: Callable[[str], None],
    ) -> None:
        self._books = books
        self._backfill = backfill
        self._clock = clock
        self._policy = policy
        self._market_gone = market_gone
        self._gone: set[str] = set()
        self._silent: set[str] = set()
        self._moved_at: dict[str, float] = {}
        self._asked_at: dict[str, float] = {}
        self._turn_of: dict[str, int] = {}
        self._turns = 0

    # --- which -------------------------------------------------------------------------------------------------------

    def moved(self, symbol: str) -> None:
        """Something happened to an order there: what was told of it may not be all, and a trade may be shown late."""
        self._moved_at[symbol] = self._clock.monotonic()

    @property
    def known(self) -> set[str]:
        """Every market that an order of this account was ever on."""
        tracked = {order.symbol for order in self._books.tracker.get_orders()}
        return tracked | self._books.journal.last_trade_ids().keys()

    @property
    def busy(self) -> set[str]:
        """Those with an open order; those where something happened, at once and a few times in `fills_interval`."""
        not_since = self._clock.monotonic() - self._policy.fills_interval / _LOOKS_AFTER_IT
        moved = (
            symbol
            for symbol, moved_at in self._moved_at.items()
            if self._asked_at.get(symbol, _NEVER) < max(moved_at, not_since)
        )
        return {*moved} | self._with_open_orders

    @property
    def whose_turn_it_is(self) -> list[str]:
        """A few of those known, which wait longest."""
        return self._in_turn(self.known)[:_IN_A_TURN]

    @property
    def _with_open_orders(self) -> set[str]:
        return {order.symbol for order in self._books.tracker.get_open_orders()}

    def _in_turn(self, symbols: Collection[str]) -> list[str]:
        return sorted(symbols, key=lambda symbol: (self._turn_of.get(symbol, 0), symbol))

    # --- asking ------------------------------------------------------------------------------------------------------

    async def catch_up(self, symbols: Collection[str], read: set[str]) -> CaughtUp:
        """Book what was executed there since the marks. What has an answer is added to `read`, too, as it comes.

        Those with open orders come first, those without an answer the last time last. Such a market does not keep the
        others from being asked, but for too many of them; it leaves `read`. Raises RateLimited: then nothing more is to
        be asked.
        """
        caught, with_open_orders = CaughtUp(), self._with_open_orders
        urgency = {symbol: (symbol in self._silent, symbol not in with_open_orders) for symbol in symbols}
        for symbol in sorted(self._in_turn(symbols), key=urgency.__getitem__):
            if caught.silences >= _ENOUGH_SILENCES:
                caught.unread.add(symbol)
                continue
            read.discard(symbol)
            await self._ask(symbol, caught)
            if symbol in caught.read:
                read.add(symbol)
        return caught

    async def _ask(self, symbol: str, caught: CaughtUp) -> None:
        self._turns += 1
        self._turn_of[symbol] = self._turns
        begun = self._asked_at[symbol] = self._clock.monotonic()
        try:
            caught.fills += await self._backfill.catch_up(symbol)
            self._gone.discard(symbol)
        except UnknownSymbol as error:
            self.pass_over(symbol, error)
        except ExchangeError as error:
            if isinstance(error, RateLimited):
                raise
            self._silent.add(symbol)
            caught.unread.add(symbol)
            caught.silences += isinstance(error, ConnectivityError)
            caught.problems.append(f"{type(error).__name__}: {error}")
            return
        caught.read.add(symbol)
        self._silent.discard(symbol)
        if begun - self._moved_at.get(symbol, begun) >= self._policy.fills_interval:
            del self._moved_at[symbol]

    # --- markets that are gone ---------------------------------------------------------------------------------------

    def pass_over(self, symbol: str, error: UnknownSymbol) -> None:
        """The exchange has no such market, or not now: nothing can be asked of it. Told once, until it is back."""
        if symbol in self._gone:
            return
        self._gone.add(symbol)
        self._market_gone(
            f"{symbol} is not among the exchange's markets ({error}): its trades cannot be asked for, and orders that "
            "are open there stay as they are, in doubt. `yunmin order resolve` takes your word on them"
        )

    def is_gone(self, symbol: str) -> bool:
        """Whether it was passed over the last time."""
        return symbol in self._gone
