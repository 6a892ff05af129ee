"""The book, kept as Binance asks for it: differences are heard first, then a snapshot is fetched and joined to them.

Binance spot web-socket-streams.md, 2026-07-21, How to manage a local order book correctly. Where a difference does not
join, or the book is crossed, a StreamGap says so and a new snapshot is fetched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from yunmin.ccxt_bridge import Conversation, Ears
from yunmin.ccxt_bridge.local_book import Joint, Level, LocalBook
from yunmin.clock import Clock
from yunmin.core.data_contracts import Instrument, OrderBook
from yunmin.errors import MalformedResponse, Unavailable
from yunmin_binance.fields import figure, rows, whole
from yunmin_binance.market_stream import MarketConversation, MarketFeed

__all__ = ["BookFeed"]

_MOST_WAITING: Final = 5000
_MOST_SNAPSHOTS: Final = 10
_BETWEEN_SNAPSHOTS: Final = 0.5


class BookFeed(MarketFeed[OrderBook]):
    """`snapshot` fetches the whole book; `limit` levels of each side are shown."""

    def __init__(
        self, url: str, market: Instrument, *, limit: int, snapshot: Callable[[], Awaitable[OrderBook]], clock: Clock
    ) -> None:
        super().__init__(url, market, "depth@100ms")
        self.limit = limit
        self.snapshot = snapshot
        self.clock = clock
        self.conversations = 0
        self.speaks = 0
        """The number of the conversation whose book is shown: the newest that has one."""

    def converse(self, ears: Ears[OrderBook]) -> Conversation:
        self.conversations += 1
        return _BookConversation(self, ears, _BookKeeper(self, ears, self.conversations))


class _BookConversation(MarketConversation[OrderBook]):
    """Differences, and a snapshot as soon as they are told."""

    def __init__(self, feed: BookFeed, ears: Ears[OrderBook], keeper: _BookKeeper) -> None:
        super().__init__(feed, ears, keeper.hear)
        self._keeper = keeper

    def _subscribed(self) -> None:
        super()._subscribed()
        self._ears.meanwhile(self._keeper.synchronise())


class _Difference(NamedTuple):
    first: int
    last: int
    bids: list[Level]
    asks: list[Level]


class _BookKeeper:
    """The book of one connection: without one at first, and again wherever it turns out to be wrong."""

    def __init__(self, feed: BookFeed, ears: Ears[OrderBook], number: int) -> None:
        self._feed = feed
        self._ears = ears
        self._number = number
        self._book: LocalBook | None = None
        self._waiting: deque[_Difference] = deque(maxlen=_MOST_WAITING)

    def hear(self, event: Mapping[str, Any]) -> None:
        difference = _Difference(whole(event["U"]), whole(event["u"]), _levels(event["b"]), _levels(event["a"]))
        if self._book is None:
            self._waiting.append(difference)
        elif self._join(self._book, difference):
            self._show(self._book)

    async def synchronise(self) -> None:
        """Fetch snapshots until one joins what was heard since."""
        for _ in range(_MOST_SNAPSHOTS):
            snapshot = await self._feed.snapshot()
            if snapshot.sequence is None:
                raise MalformedResponse("a snapshot of the book without its number")
            if not self._waiting or snapshot.sequence >= self._waiting[0].first - 1:
                self._begin(LocalBook(snapshot))
                return
            await self._feed.clock.sleep(_BETWEEN_SNAPSHOTS)
        raise Unavailable("no snapshot of the book is new enough for the differences that are told")

    def _begin(self, book: LocalBook) -> None:
        self._book = book
        self._feed.speaks = max(self._feed.speaks, self._number)
        waiting, self._waiting = tuple(self._waiting), deque(maxlen=_MOST_WAITING)
        for place, difference in enumerate(waiting):
            if self._book is None:
                self._waiting.extend(waiting[place:])
                return
            self._join(book, difference)
        if self._book is not None:
            self._show(book)

    def _join(self, book: LocalBook, difference: _Difference) -> bool:
        """Whether the book has changed, and is sound."""
        joint = book.apply(*difference)
        if joint is Joint.OLD:
            return False
        if joint is Joint.JOINS and not book.is_crossed:
            return True
        self._book = None
        if joint is Joint.LEAVES_A_GAP:
            self._waiting.append(difference)
        self._ears.missed(_WRONG[joint])
        self._ears.meanwhile(self.synchronise())
        return False

    def _show(self, book: LocalBook) -> None:
        if self._feed.speaks == self._number:
            self._ears.news(book.show(self._feed.limit))


_WRONG: Final = {
    Joint.LEAVES_A_GAP: "updates of the book are missing; it is fetched anew",
    Joint.JOINS: "the book is crossed; it is fetched anew",
}


def _levels(raw: object) -> list[Level]:
    return [(figure(price), figure(qty)) for price, qty, *_ in rows(raw)]
