"""A thread for code that may never return: the event loop waits for it a moment, then goes on without it.

    thread = StrategyThread()
    try:
        answer = await thread.run(strategy.decide, patience=10)
    except DidNotReturn as stuck:
        ...                                     # stuck.stack says where it was; a new thread takes the next call

Most calls are over in microseconds, and nothing else happens on the loop meanwhile. A slow one lets the loop go on. One
that outlasts its patience is given up: what it returns later is dropped, and its thread is told to end, which ends an
endless loop of Python; what hangs inside a C function ends when that returns, and holds up nobody meanwhile unless it
keeps Python's lock.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, Final, Generic, TypeVar

from yunmin.clock import Clock, SystemClock
from yunmin.execution.waiting import race

__all__ = ["DidNotReturn", "StrategyThread"]

T = TypeVar("T")

_AT_ONCE: Final = 0.02


class DidNotReturn(Exception):  # noqa: N818  what happened, not what went wrong with it
    """The call outlasted its patience. `stack` is where it was, the outermost frame first."""

    def __init__(self, stack: traceback.StackSummary) -> None:
        super().__init__("it did not return")
        self.stack = stack


class StrategyThread:
    """One call at a time, each in a thread that never keeps the interpreter from ending.

    `at_once` is for how many seconds the loop itself waits before it goes on; patience passes on `wall`, which is the
    machine's clock, however fast a run's own time goes.
    """

    def __init__(self, *, wall: Clock | None = None, at_once: float = _AT_ONCE) -> None:
        self._wall = wall or SystemClock()
        self._at_once = at_once
        self._hand: _Hand | None = None

    async def run(self, act: Callable[[], T], *, patience: float, on_giving_up: Callable[[], None] = lambda: None) -> T:
        """What `act` returns or raises. Not to be called before the last call is over.

        Raises DidNotReturn after `patience` seconds. Then, and where the caller is cancelled meanwhile, the call is
        given up: `on_giving_up` is called, before anything else happens on the loop.
        """
        hand = self._hand = self._hand or _Hand()
        job = _Job(act)
        hand.take(job)
        if not job.is_over(within=self._at_once):
            await self._let_go_on(job, patience, on_giving_up)
        return job.result()

    async def _let_go_on(self, job: _Job[Any], patience: float, on_giving_up: Callable[[], None]) -> None:
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        job.when_over(lambda: loop.call_soon_threadsafe(done.set))
        is_over = job.is_over()
        try:
            if not is_over:
                await race(done.wait(), patience, self._wall)
                is_over = job.is_over()
        finally:
            stack = None if is_over else self._give_up()
            if stack is not None:
                on_giving_up()
        if stack is not None:
            raise DidNotReturn(stack)

    def _give_up(self) -> traceback.StackSummary | None:
        hand, self._hand = self._hand, None
        return None if hand is None else hand.give_up()

    def close(self) -> None:
        """End the thread: at once where it is idle, and else as far as it can be ended. May be called twice."""
        self._give_up()


class _GivenUp(BaseException):
    """Raised inside a thread that nobody waits for any more."""


class _Job(Generic[T]):
    """One call, handed from the loop to a thread and its answer back."""

    __slots__ = ("_act", "_answer", "_error", "_over", "_tell")

    def __init__(self, act: Callable[[], T]) -> None:
        self._act = act
        self._answer: Any = None
        self._error: BaseException | None = None
        self._tell: Callable[[], object] | None = None
        self._over = threading.Lock()
        self._over.acquire()

    def do(self) -> None:
        """In the thread."""
        try:
            self._answer = self._act()
        except _GivenUp:
            raise
        except BaseException as error:  # noqa: BLE001  handed to whoever waits, in the loop
            self._error = error
        self._over.release()
        if self._tell is not None:  # set before the loop looks a last time whether it is over: one of the two is seen
            with suppress(RuntimeError):  # the loop is closed
                self._tell()

    def is_over(self, within: float = 0) -> bool:
        """Whether it is over, waiting `within` seconds for it. Once it was, that is not to be asked again."""
        return self._over.acquire(blocking=within > 0, timeout=within if within > 0 else -1)

    def when_over(self, tell: Callable[[], object]) -> None:
        self._tell = tell

    def result(self) -> T:
        if self._error is not None:
            raise self._error
        answer: T = self._answer
        return answer


class _Hand:
    """A thread and the calls that it was given."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="yunmin-strategies", daemon=True)
        self._thread.start()

    def take(self, job: _Job[Any]) -> None:
        self._jobs.put(job)

    def give_up(self) -> traceback.StackSummary:
        """Tell the thread to end, and say where it is."""
        frame = sys._current_frames().get(self._thread.ident or 0)  # noqa: SLF001  its documented name
        stack = traceback.StackSummary.extract(reversed([*traceback.walk_stack(frame)]) if frame else ())
        self._jobs.put(None)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread.ident or 0), ctypes.py_object(_GivenUp))
        return stack

    def _work(self) -> None:
        with suppress(_GivenUp):
            while (job := self._jobs.get()) is not None:
                job.do()
                del job  # what it holds is not kept until the next one comes
