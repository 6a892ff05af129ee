"""A stream that stays open: it replaces connections before they end, and says what may have been missed when they did.

Each connection is dialled, subscribed and read by `Connection`; here is who follows whom. While an old connection still
speaks, its successor is subscribed first and both are heard for a while: duplicates do no harm, the order tracker knows
them. Where a connection has died, that is said at once (StreamLost), and again what time it cost (StreamGap) when the
next one is subscribed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, cast

from yunmin.ccxt_bridge.stream_connection import Connection
from yunmin.ccxt_bridge.stream_feed import Feed, StreamManners
from yunmin.ccxt_bridge.stream_inbox import EveryItem, Inbox
from yunmin.clock import Clock, seeded
from yunmin.core.data_contracts import StreamGap, StreamLost, StreamOpened
from yunmin.errors import ClockSkew, ConfigurationError, ConnectivityError, RateLimited, YunminError

__all__ = ["LiveStream"]

Item = TypeVar("Item")

_PASSES_BY_ITSELF: Final = (ConnectivityError, ClockSkew)

_LIVED_WELL: Final = 5.0
"""Seconds after which a connection's end is no failure of connecting, and the next one need not wait for long.

Who is cut off every five seconds dials sixty times in five minutes, a fifth of what the strictest exchange allows.
"""


class LiveStream(Generic[Item]):
    """A NewsStream over WebSockets. Make it anywhere; enter it in the event loop that reads it.

    `inbox` keeps what was not taken yet. `seed` fixes the jitter of its pauses.
    """

    def __init__(
        self,
        feed: Feed[Item],
        *,
        clock: Clock,
        manners: StreamManners,
        patience: float,
        allowed_hosts: frozenset[str],
        inbox: Callable[[Callable[[], None]], Inbox[Item]] | None = None,
        seed: int | str = 0,
        on_close: Callable[[LiveStream[Item]], None] | None = None,
    ) -> None:
        self._feed = feed
        self._clock = clock
        self._manners = manners
        self._patience = patience
        self._allowed_hosts = allowed_hosts
        self._make_inbox = inbox or (lambda overflown: EveryItem(on_overflow=overflown))
        self._inbox: Inbox[Item] | None = None
        self._pauses = _Pauses(manners, seed)
        self._on_close = on_close
        self._keeper: asyncio.Task[None] | None = None
        self._current: Connection[Item] | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<LiveStream of {self._feed.what}>"

    # --- the reader's side -----------------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._inbox is not None:
            raise ConfigurationError("a stream is opened once; ask for another")
        self._inbox = self._make_inbox(self._overflown)
        try:
            await self._feed.prepare(None)
            self._current = await self._connect(self._say_opened)
        except BaseException:
            await self.aclose()
            raise
        self._keeper = asyncio.create_task(self._keep(self._current), name="stream-keeper")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        item = await self._opened_inbox.take()
        if item is None:
            raise StopAsyncIteration
        return cast("Item", item)  # words of the stream are among the items of every stream

    async def next_batch(self) -> list[Item]:
        """Everything that has come and was not taken yet, oldest first; waits for the first. Empty once closed."""
        return cast("list[Item]", await self._opened_inbox.take_all())

    async def aclose(self) -> None:
        """End it. May be called twice."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._inbox is not None:
            self._inbox.close()
        tasks = [task for task in (self._keeper, *self._retiring) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._current is not None:
            await self._current.close()
        if self._on_close is not None:
            self._on_close(self)

    @property
    def _opened_inbox(self) -> Inbox[Item]:
        if self._inbox is None:
            raise ConfigurationError("the stream is not open; use `async with`")
        return self._inbox

    # --- the keeper's side -----------------------------------------------------------------------------------------

    async def _keep(self, current: Connection[Item]) -> None:
        while not self._is_closed:
            await current.stirred.wait()
            current.stirred.clear()
            if current.is_over:
                current = await self._regain(current)
            elif current.is_leaving:
                current = await self._succeed(current)

    async def _succeed(self, old: Connection[Item]) -> Connection[Item]:
        """A new connection beside the old one, which is let go a while later."""
        failure: Exception | None = None
        while not old.is_over:
            new, failure = await self._attempt(_say_nothing, failure)
            if new is None:
                await self._pause(self._pauses.next(failure), unless=old.over)
                continue
            retiring = asyncio.create_task(self._retire(old), name="stream-overlap")
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)
            return new
        return await self._regain(old)

    async def _retire(self, old: Connection[Item]) -> None:
        """Hear both for a while. What the old one has told by the time it answers a mark of now, is all there was."""
        try:
            await old.fence()
            await self._pause(self._manners.overlap, unless=old.over)
        finally:
            heard_last, why = old.last_heard, old.why
            await old.close()
        if not old.is_drained:
            self._missed(heard_last, f"the connection ended without its last words: {why}")

    async def _regain(self, lost: Connection[Item]) -> Connection[Item]:
        """A new connection in the place of one that has died, however long it takes."""
        since, why = lost.last_heard, lost.why
        self._say(StreamLost(since=since, why=why))
        lived = self._clock.monotonic() - lost.subscribed_at
        await lost.cut()
        if lived > _LIVED_WELL:
            self._pauses.reset()
        failure: Exception | None = None
        while True:
            await self._clock.sleep(self._pauses.next(failure))
            before = failure
            new, failure = await self._attempt(lambda: self._say_regained(since, why), failure)
            if new is not None:
                return new
            if type(failure) is not type(before) and not isinstance(failure, _PASSES_BY_ITSELF):
                self._say(StreamLost(since=since, why=f"it cannot be opened again yet: {_shown(failure)}"))

    async def _attempt(
        self, on_subscribed: Callable[[], None], failure: Exception | None
    ) -> tuple[Connection[Item] | None, Exception | None]:
        """A connection, or why there is none. Whatever it is: the keeper must not die of it without a word."""
        try:
            await self._feed.prepare(failure)
            self._current = await self._connect(on_subscribed)
        except Exception as error:  # noqa: BLE001  see above
            return None, error
        return self._current, None

    async def _connect(self, on_subscribed: Callable[[], None]) -> Connection[Item]:
        connection = Connection(
            self._feed,
            clock=self._clock,
            manners=self._manners,
            patience=self._patience,
            allowed_hosts=self._allowed_hosts,
            deliver=self._opened_inbox.put,
            miss=self._missed,
            on_subscribed=on_subscribed,
        )
        await connection.open()
        return connection

    async def _pause(self, seconds: float, *, unless: asyncio.Event) -> None:
        """Sleep on the clock, no longer than until `unless` is set."""
        tasks = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(unless.wait())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # --- what is said of the stream itself -------------------------------------------------------------------------

    def _say(self, word: StreamOpened | StreamLost | StreamGap) -> None:
        self._opened_inbox.put_word(word)

    def _say_opened(self) -> None:
        self._say(StreamOpened(at=self._clock.now()))

    def _say_regained(self, since: datetime, why: str) -> None:
        now = self._clock.now()
        self._say(StreamOpened(at=now))
        self._say(StreamGap(start=since, end=max(now, since), why=why))

    def _missed(self, since: datetime, why: str) -> None:
        now = self._clock.now()
        self._say(StreamGap(start=min(since, now), end=now, why=why))

    def _overflown(self) -> None:
        """Nobody reads any more: say so as the last thing, and end."""
        now = self._clock.now()
        why = "nobody took what came, for so long that it was too much to keep; the stream has ended"
        self._say(StreamLost(since=now, why=why))
        self._say(StreamGap(start=now, end=now, why=why))
        self._retiring.add(asyncio.create_task(self._end_overflown(), name="stream-overflow"))

    async def _end_overflown(self) -> None:
        self._retiring.discard(cast("asyncio.Task[None]", asyncio.current_task()))
        await self.aclose()


class _Pauses:
    """How long to wait before the next attempt: doubling, with jitter, and as long as the exchange asked for."""

    def __init__(self, manners: StreamManners, seed: int | str) -> None:
        self._manners = manners
        self._random = seeded(f"stream-pauses-{seed}")
        self._failures = 0

    def next(self, failure: Exception | None) -> float:
        delay: float = min(self._manners.first_delay * 2**self._failures, self._manners.longest_delay)
        self._failures = min(self._failures + 1, 30)
        jittered = delay * (0.5 + self._random.random() / 2)
        asked = failure.retry_after if isinstance(failure, RateLimited) else None
        return max(jittered, asked or 0.0)

    def reset(self) -> None:
        self._failures = 0


def _shown(failure: Exception | None) -> str:
    """Its text where it is ours; of others only the class, for a text may hold anything."""
    return str(failure) if isinstance(failure, YunminError) else type(failure).__name__


def _say_nothing() -> None:
    """A successor is not news."""
