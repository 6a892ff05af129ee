"""One sequence of events for any number of readers, each at its own pace; none is dropped."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

__all__ = ["EventFeed"]

Event = TypeVar("Event")


class EventFeed(Generic[Event]):
    """Readers get what is told after they began to read. A reader that lags keeps its events in memory."""

    def __init__(self) -> None:
        self._readers: list[_Reader[Event]] = []
        self._listeners: list[Callable[[Event], None]] = []
        self._is_closed = False

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call `listener` with every event at the moment it is told; returns the way to stop. It must not raise."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self, event: Event) -> None:
        """Hand `event` to every listener and reader."""
        for listener in tuple(self._listeners):
            listener(event)
        for reader in self._readers:
            reader.put(event)

    def close(self) -> None:
        """No more will be told; readers end once they have read what there is."""
        self._is_closed = True
        for reader in self._readers:
            reader.wake()

    def read(self) -> AsyncIterator[Event]:
        """Everything told from this call on, in order."""
        reader: _Reader[Event] = _Reader()
        self._readers.append(reader)
        return self._follow(reader)

    async def _follow(self, reader: _Reader[Event]) -> AsyncIterator[Event]:
        try:
            while True:
                while reader.waiting:
                    yield reader.waiting.popleft()
                if self._is_closed:
                    return
                await reader.woken()
        finally:
            self._readers.remove(reader)


class _Reader(Generic[Event]):
    def __init__(self) -> None:
        self.waiting: deque[Event] = deque()
        self._signal = asyncio.Event()

    def put(self, event: Event) -> None:
        self.waiting.append(event)
        self._signal.set()

    def wake(self) -> None:
        self._signal.set()

    async def woken(self) -> None:
        await self._signal.wait()
        self._signal.clear()
