"""The blocking front door: any connector, from plain code, a notebook, or inside somebody else's event loop.

Each `SyncConnector` owns one background thread with one event loop; every call runs there and the caller waits. So it
does not matter whether the caller has a running loop of its own.
"""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from yunmin.errors import ConfigurationError
from yunmin.exchange import ExchangeConnector

__all__ = ["SyncConnector"]

T = TypeVar("T")
C = TypeVar("C", bound=ExchangeConnector)


class SyncConnector(Generic[C]):
    """Runs the calls of one asynchronous connector and waits for them. Connects at the first call.

    `close()` may be called twice; the object is also a context manager, and closes by itself when it is let go of or
    the program ends. It is safe to use from several threads.
    """

    def __init__(self, make_connector: Callable[[], C]) -> None:
        self._background: _Background[C] = _Background(make_connector)
        self._finalizer = weakref.finalize(self, self._background.close)

    def call(self, work: Callable[[C], Coroutine[Any, Any, T]]) -> T:
        """Run `work(connector)` to its end in the background loop, connecting first if need be, and give its result.

        Raises what the work raises. A KeyboardInterrupt while waiting cancels the work before it goes on its way.
        """
        return self._background.call(work)

    def start(self, work: Callable[[C], Coroutine[Any, Any, T]]) -> Future[T]:
        """As `call`, without waiting for the end; whoever wants the result waits for it, in its own thread."""
        return self._background.start(work)

    def close(self) -> None:
        """Close the connector and end the background thread. May be called twice."""
        self._finalizer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Background(Generic[C]):
    """The thread, its loop, and the connector that lives there."""

    def __init__(self, make_connector: Callable[[], C]) -> None:
        self._make_connector = make_connector
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._connector: C | None = None
        self._closed = False

    def call(self, work: Callable[[C], Coroutine[Any, Any, T]]) -> T:
        return _wait_for(self.start(work))

    def start(self, work: Callable[[C], Coroutine[Any, Any, T]]) -> Future[T]:
        with self._lock:
            if self._closed:
                raise ConfigurationError("the connector is closed; make a new one")
            return asyncio.run_coroutine_threadsafe(self._connected(work), self._running_loop())

    def close(self) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
            self._closed = True
        if loop is None or thread is None:
            return
        try:
            _wait_for(asyncio.run_coroutine_threadsafe(self._wind_up(), loop))
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    async def _wind_up(self) -> None:
        """End what is under way, so that nobody waits for it for ever; then let the connector go."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._connector is not None:
            await self._connector.close()

    async def _connected(self, work: Callable[[C], Coroutine[Any, Any, T]]) -> T:
        if self._connector is None:
            self._connector = self._make_connector()
        await self._connector.connect()
        return await work(self._connector)

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="yunmin-connector", daemon=True)
            self._thread.start()
        return self._loop


def _wait_for(future: Future[T]) -> T:
    try:
        return future.result()
    except CancelledError:
        pass
    except BaseException:
        future.cancel()
        raise
    raise ConfigurationError("the connector was closed before the call was done")
