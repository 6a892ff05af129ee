"""An event loop whose time passes only when there is nothing left to do: an hour of waiting costs no time at all.

    report = run_virtually(lambda clock: my_coroutine(clock))

Everything that waits must wait on the clock that is handed in, or on other tasks: there are no sockets here.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from yunmin.clock import SystemClock

__all__ = ["Stuck", "VirtualClock", "end_all_tasks", "run_virtually"]

T = TypeVar("T")

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Stuck(Exception):  # noqa: N818  what happened, not what went wrong with it
    """Nothing is left to do, and nothing is being waited for: the coroutine would never return."""


class VirtualClock(SystemClock):
    """The clock of one virtual loop: its sleep is the loop's own."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime = _START) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()


def run_virtually(main: Callable[[VirtualClock], Coroutine[Any, Any, T]]) -> T:
    """Run `main(clock)` to its end on a loop of its own. Raises Stuck where it would wait for ever."""
    loop = _VirtualLoop()
    try:
        return loop.run_until_complete(main(VirtualClock(loop)))
    finally:
        try:
            _cancel_what_is_left(loop)
        finally:
            loop.close()


async def end_all_tasks(besides: Iterable[asyncio.Task[Any]] = ()) -> None:
    """Cancel every task but the caller's and `besides`, as the end of their process would."""
    tasks = asyncio.all_tasks() - set(besides) - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _NoSockets(selectors.BaseSelector):
    """A selector that never has anything to report, and moves the time on instead of waiting."""

    def __init__(self) -> None:
        self.passed = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Stuck("every task waits for another")
        if timeout > 0:
            self.passed += timeout
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return selectors.SelectorKey(fileobj, 0, 0, None)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return {}

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        raise KeyError(fileobj)


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _NoSockets()
        super().__init__(self._virtual)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._virtual.passed


def _cancel_what_is_left(loop: asyncio.AbstractEventLoop) -> None:
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
