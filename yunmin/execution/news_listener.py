"""Taking what an account's stream tells, and opening another stream where it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from yunmin.clock import Chance, Clock
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.stream import (
    AccountNews,
    BalanceUpdate,
    StreamGap,
    StreamLost,
    StreamOpened,
    Transfer,
)
from yunmin.errors import ConfigurationError, ExchangeError, RateLimited, Timeout, Unavailable
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.connector import ExchangeConnector
from yunmin.exchange.streams import NewsStream, StreamsAccount
from yunmin.execution.backfill import Strangers
from yunmin.execution.backoff import Backoff
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.host_pause import HostPause
from yunmin.execution.policy import AccountPolicy

__all__ = ["NewsListener", "StreamNews"]

StreamNews = BalanceUpdate | Transfer | StreamOpened | StreamLost | StreamGap
"""What a stream tells beside orders and fills."""


class NewsListener:
    """Books orders and fills; hands the rest to `tell`, and what a person should look at to `warn`."""

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        strangers: Strangers,
        pause: HostPause,
        clock: Clock,
        policy: AccountPolicy,
        chance: Chance,
        *,
        tell: Callable[[StreamNews], None],
        warn: Callable[[str], None],
        rate_limited: Callable[[float | None], None],
    ) -> None:
        self._connector = connector
        self._books = books
        self._strangers = strangers
        self._pause = pause
        self._clock = clock
        self._policy = policy
        self._chance = chance
        self._tell = tell
        self._warn = warn
        self._rate_limited = rate_limited
        self._stream: NewsStream[AccountNews] | None = None

    @property
    def is_streaming(self) -> bool:
        """Whether this exchange tells anything unasked."""
        return self._stream is not None

    async def open(self, *, until: float) -> bool:
        """Open the stream, tried again until then, by the monotonic clock; False where the exchange has none.

        Raises ExchangeError where it cannot be opened; at once where the exchange has a reason of its own.
        """
        if not self._connector.traits.support_of(Capability.ACCOUNT_STREAM).is_usable:
            return False
        backoff = Backoff(self._policy, self._chance)
        while True:
            await self._pause.over_by(until)
            try:
                self._stream = await self._new_stream().__aenter__()
                return True
            except (Timeout, Unavailable):
                wait = backoff.next_wait()
                if self._clock.monotonic() + wait > until:
                    raise
            await self._clock.sleep(wait)

    async def close(self) -> None:
        """End the stream. May be called twice."""
        if self._stream is not None:
            await self._stream.aclose()

    async def listen(self) -> None:
        """Take what the stream tells, for ever; where the stream itself ends, open another."""
        while self._stream is not None:
            batch = await self._stream.next_batch()
            if batch:
                self._take(batch)
                continue
            lost_at = self._clock.now()
            await self._stream.aclose()
            self._tell(StreamLost(since=lost_at, why="the stream ended"))
            self._stream = await self._open_again()
            self._tell(StreamGap(start=lost_at, end=self._clock.now(), why="the stream ended"))

    def _new_stream(self) -> NewsStream[AccountNews]:
        if not isinstance(self._connector, StreamsAccount):
            raise ConfigurationError(f"{self._connector.traits.title}: its traits promise a stream, and it has none")
        return self._connector.stream_account()

    async def _open_again(self) -> NewsStream[AccountNews]:
        backoff = Backoff(self._policy, self._chance)
        while True:
            await self._pause.over()
            try:
                return await self._new_stream().__aenter__()
            except ExchangeError as error:
                self._warn(f"the stream cannot be opened: {error}")
                if isinstance(error, RateLimited):
                    self._rate_limited(error.retry_after)
            await self._clock.sleep(backoff.next_wait())

    def _take(self, batch: Sequence[AccountNews]) -> None:
        """In the order in which it came; orders and fills that follow one another are booked at once."""
        pending: list[OrderUpdate | Fill] = []
        for item in batch:
            if isinstance(item, OrderUpdate | Fill):
                pending.append(item)
                continue
            self._take_orders_news(pending)
            pending = []
            self._tell(item)
        self._take_orders_news(pending)

    def _take_orders_news(self, news: list[OrderUpdate | Fill]) -> None:
        """A stranger's order is met before its fills are looked at."""
        strange = [piece for piece in news if not self._strangers.is_known(piece)]
        for piece in strange:
            if isinstance(piece, OrderUpdate) and not self._strangers.is_known(piece):
                self._strangers.meet(piece)
        if strange:
            news = [piece for piece in news if self._strangers.is_known(piece)]
        self._books.take(*news)
