"""What has come and was not taken yet: everything of an account, the latest of a market."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Final, Generic, TypeVar

from yunmin.core.data_contracts import StreamGap, StreamLost, StreamOpened
from yunmin.errors import ConfigurationError

__all__ = ["MOST_PRIVATE_NEWS", "MOST_TRADES", "EveryItem", "Inbox", "LatestItem", "RecentItems"]

Item = TypeVar("Item")

MOST_PRIVATE_NEWS: Final = 250_000
"""How much of an account's news may wait for a reader: half a minute at 8,000 a second, and some 500 MB."""

MOST_TRADES: Final = 10_000
"""How many of a market's trades wait for a slow reader."""

StreamNews = StreamOpened | StreamLost | StreamGap


class Inbox(ABC, Generic[Item]):
    """One writer, one reader, one event loop. Taking never loses: a cancelled `take` took nothing."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[None] | None = None
        self.is_closed = False

    @abstractmethod
    def put(self, item: Item) -> None:
        """Leave something for the reader. What comes after `close` is dropped."""

    @abstractmethod
    def put_word(self, word: StreamNews) -> None:
        """Leave word of the stream itself: it is never dropped or replaced."""

    @abstractmethod
    def _is_empty(self) -> bool: ...

    @abstractmethod
    def _pop(self) -> Item | StreamNews: ...

    async def take(self) -> Item | StreamNews | None:
        """The oldest that waits; None once the stream has ended and everything is taken."""
        await self._filled()
        return None if self._is_empty() else self._pop()

    async def take_all(self) -> list[Item | StreamNews]:
        """Everything that waits, oldest first; empty once the stream has ended and everything is taken."""
        await self._filled()
        batch = []
        while not self._is_empty():
            batch.append(self._pop())
        return batch

    def close(self) -> None:
        """Nothing more will come."""
        self.is_closed = True
        self._wake()

    async def _filled(self) -> None:
        while self._is_empty() and not self.is_closed:
            await self._wait()

    async def _wait(self) -> None:
        """Until something comes. An event would wake more than one reader, and cost twice as much."""
        if self._waiter is not None:
            raise ConfigurationError("somebody reads this stream already; a stream has one reader")
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class EveryItem(Inbox[Item]):
    """Keeps everything, up to a bound that no reader who lives will reach; `on_overflow` is then called, once."""

    def __init__(self, *, on_overflow: Callable[[], None], limit: int = MOST_PRIVATE_NEWS) -> None:
        super().__init__()
        self._items: deque[Item | StreamNews] = deque()
        self._limit = limit
        self._on_overflow = on_overflow
        self._is_full = False

    def put(self, item: Item) -> None:
        if self.is_closed or self._is_full:
            return
        if len(self._items) >= self._limit:
            self._is_full = True
            self._on_overflow()
            return
        self._items.append(item)
        if self._waiter is not None:
            self._wake()

    def put_word(self, word: StreamNews) -> None:
        if not self.is_closed:
            self._items.append(word)
            self._wake()

    async def take_all(self) -> list[Item | StreamNews]:
        while not self._items and not self.is_closed:
            await self._wait()
        batch = list(self._items)
        self._items.clear()
        return batch

    def _is_empty(self) -> bool:
        return not self._items

    def _pop(self) -> Item | StreamNews:
        return self._items.popleft()


class LatestItem(Inbox[Item]):
    """Keeps the latest of each `key`, in the order in which they last changed."""

    def __init__(self, *, key: Callable[[Item], Hashable], limit: int = 1000) -> None:
        super().__init__()
        self._items: dict[object, Item | StreamNews] = {}
        self._key = key
        self._limit = limit

    def put(self, item: Item) -> None:
        if self.is_closed:
            return
        key = self._key(item)
        self._items.pop(key, None)
        self._items[key] = item
        if len(self._items) > self._limit:
            self._drop_oldest()
        self._wake()

    def put_word(self, word: StreamNews) -> None:
        if not self.is_closed:
            self._items[object()] = word
            self._wake()

    def _drop_oldest(self) -> None:
        del self._items[next(key for key, one in self._items.items() if not isinstance(one, StreamNews))]

    def _is_empty(self) -> bool:
        return not self._items

    def _pop(self) -> Item | StreamNews:
        return self._items.pop(next(iter(self._items)))


class RecentItems(Inbox[Item]):
    """Keeps the last `limit`. Of older ones that nobody took it tells a StreamGap, from the last look of the reader."""

    def __init__(self, *, now: Callable[[], datetime], limit: int = MOST_TRADES) -> None:
        super().__init__()
        self._items: deque[Item | StreamNews] = deque()
        self._now = now
        self._limit = limit
        self._looked_at = now()
        self._dropped = 0
        self._dropped_at = self._looked_at

    def put(self, item: Item) -> None:
        if self.is_closed:
            return
        self._items.append(item)
        if len(self._items) > self._limit:
            self._drop_oldest()
        self._wake()

    def put_word(self, word: StreamNews) -> None:
        if not self.is_closed:
            self._items.append(word)
            self._wake()

    def _drop_oldest(self) -> None:
        oldest = next((place for place, one in enumerate(self._items) if not isinstance(one, StreamNews)), None)
        if oldest is None:
            return
        del self._items[oldest]
        self._dropped += 1
        self._dropped_at = self._now()

    def _is_empty(self) -> bool:
        return not self._items

    def _pop(self) -> Item | StreamNews:
        start, self._looked_at = self._looked_at, self._now()
        if not self._dropped:
            return self._items.popleft()
        count, self._dropped = self._dropped, 0
        return StreamGap(
            start=start, end=self._dropped_at, why=f"{count} were dropped, because the reader was too slow for them"
        )
