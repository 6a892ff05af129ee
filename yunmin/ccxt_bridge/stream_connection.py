"""One connection of a stream, from dialling to its end: it reads, answers pings, and notices silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from aiohttp import WSMsgType

from yunmin.ccxt_bridge.stream_feed import Feed, StreamManners
from yunmin.ccxt_bridge.stream_socket import Socket, dial
from yunmin.clock import Clock
from yunmin.errors import ExchangeError, Timeout, Unavailable

__all__ = ["Connection"]

Item = TypeVar("Item")

_FENCE: Final = b"fence"
_MUCH_TOO_LATE: Final = 1.5
_ENDINGS: Final = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR})


class Connection(Generic[Item]):
    """Hands each piece of news to `deliver`, and each thing that was missed to `miss`.

    `stirred` is set when the keeper should look: `is_over`, or `is_leaving` and still reading.
    """

    def __init__(
        self,
        feed: Feed[Item],
        *,
        clock: Clock,
        manners: StreamManners,
        patience: float,
        allowed_hosts: frozenset[str],
        deliver: Callable[[Item], None],
        miss: Callable[[datetime, str], None],
        on_subscribed: Callable[[], None],
    ) -> None:
        self.news = deliver
        self.stirred = asyncio.Event()
        self.over = asyncio.Event()
        self.is_leaving = False
        self.why = ""
        self.subscribed_at = 0.0
        self.heard_at = 0.0
        self._feed = feed
        self._clock = clock
        self._monotonic = clock.monotonic
        self._manners = manners
        self._patience = patience
        self._allowed_hosts = allowed_hosts
        self._miss = miss
        self._on_subscribed = on_subscribed
        self._conversation = feed.converse(self)
        self._socket: Socket | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._answer: asyncio.Future[None] | None = None
        self._probe_waits = False
        self.is_drained = False

    @property
    def is_over(self) -> bool:
        """Nothing more comes from here; `why` says the reason."""
        return self.over.is_set()

    @property
    def last_heard(self) -> datetime:
        """When anything came, on this machine's clock."""
        return self._clock.now() - timedelta(seconds=self._monotonic() - self.heard_at)

    async def open(self) -> None:
        """Dial, subscribe, and read from then on. Raises ConnectivityError or Rejected; all is let go then."""
        self._answer = asyncio.get_running_loop().create_future()
        try:
            await self._subscribe(self._answer)
        except BaseException:
            await self._let_go()
            raise

    async def _subscribe(self, answer: asyncio.Future[None]) -> None:
        self._socket = await dial(
            self._feed.url,
            allowed_hosts=self._allowed_hosts,
            patience=self._patience,
            largest_message=self._manners.largest_message,
            what=self._feed.what,
        )
        self.heard_at = self._monotonic()
        self._start(self._read(self._socket), "stream-reader")
        await self._send(self._conversation.greeting)
        try:
            async with asyncio.timeout(self._patience):
                await answer
        except TimeoutError:
            failure = Timeout(f"{self._feed.what}: the subscription was not answered in time")
        else:
            self._start(self._do(self._watch(self._socket)), "stream-watch")
            return
        raise failure

    async def close(self) -> None:
        """Say goodbye and let go. May be called twice."""
        self._end("it was closed")
        await self._stop_tasks()
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()

    async def cut(self) -> None:
        """Let go without a word: nobody is there to hear one."""
        self._end("it was cut off")
        await self._let_go()

    async def fence(self) -> None:
        """Put a mark behind all that was said up to now: `is_drained` is set when it, or the last word, is read."""
        if self._socket is not None and not self.is_over:
            await self._send_to_end(self._socket.ping(_FENCE))

    # --- what the conversation tells -------------------------------------------------------------------------------

    def subscribed(self) -> None:
        if self._answer is not None and not self._answer.done():
            self.subscribed_at = self._monotonic()
            self._answer.set_result(None)
            self._on_subscribed()

    def refused(self, error: ExchangeError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)
        else:
            self._end(f"the exchange refused: {error}")

    def is_known(self) -> None:
        self._probe_waits = False

    def ended(self, why: str) -> None:
        self._end(why)

    def leaving(self, why: str) -> None:
        if not self.is_leaving:
            self.is_leaving = True
            self.why = why
            self.stirred.set()

    def missed(self, why: str) -> None:
        self._miss(self.last_heard, why)

    def meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        self._start(self._do(work), "stream-errand")

    # --- its tasks -------------------------------------------------------------------------------------------------

    def _start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  whatever it is, the connection ends and says so
            self._end(f"{type(error).__name__}: {error}" if isinstance(error, ExchangeError) else type(error).__name__)

    async def _read(self, socket: Socket) -> None:
        receive, read, monotonic, text = socket.receive, self._conversation.read, self._monotonic, WSMsgType.TEXT
        try:
            while not self.is_over:
                message = await receive()
                if message.type is text:
                    try:
                        read(message.data)
                    except Exception as error:  # noqa: BLE001  one message more or less must not end the reading
                        self.missed(f"a message that cannot be read ({type(error).__name__})")
                elif message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                elif message.type is WSMsgType.PONG:
                    self.is_drained = self.is_drained or message.data == _FENCE
                elif message.type in _ENDINGS:
                    self.is_drained = self.is_drained or message.type is WSMsgType.CLOSE
                    self._end(_ending(message.type, message.data))
                    return
                else:
                    self.missed("a message that is no text")
                self.heard_at = monotonic()
        except Exception as error:  # noqa: BLE001  a reader that died must not look like silence
            self._end(f"the reading failed ({type(error).__name__})")

    async def _watch(self, socket: Socket) -> None:
        """A ping at every beat; nothing heard from one beat to the next, and the socket is dead.

        A beat that comes much too late judges nothing: then nobody here was awake to hear.
        """
        manners, monotonic = self._manners, self._monotonic
        until_probe = manners.probe_every
        while not self.is_over:
            asked_at = monotonic()
            await self._send_to_end(socket.ping())
            await self._clock.sleep(manners.heartbeat)
            now = monotonic()
            if self.heard_at < asked_at and now - asked_at < manners.heartbeat * _MUCH_TOO_LATE:
                self._end(f"nothing was heard for {now - self.heard_at:.1f} s")
            if now - self.subscribed_at >= manners.life:
                self.leaving("the connection is old")
            until_probe -= manners.heartbeat
            if until_probe <= 0:
                until_probe = manners.probe_every
                await self._ask_whether_known(socket)

    async def _ask_whether_known(self, socket: Socket) -> None:
        if self._probe_waits:
            self._end("the exchange does not answer whether it knows the subscription")
            return
        question = self._conversation.probe()
        if question is not None and not self.is_over:
            self._probe_waits = True
            await self._send_to_end(socket.send(question))

    async def _send(self, make: Callable[[], str]) -> None:
        """Send what `make` gives. It may be signed: so it stands in no frame that an error could show."""
        assert self._socket is not None  # noqa: S101  it was dialled
        try:
            await self._socket.send(make())
        except asyncio.CancelledError as error:
            failure: BaseException = asyncio.CancelledError(*error.args)
        except Exception as error:  # noqa: BLE001  whatever it is, nobody is subscribed
            failure = (
                error
                if isinstance(error, ExchangeError)
                else Unavailable(f"{self._feed.what}: the subscription could not be sent ({type(error).__name__})")
            )
        else:
            return
        raise failure

    async def _send_to_end(self, sending: Coroutine[Any, Any, None]) -> None:
        try:
            await sending
        except (ConnectionError, RuntimeError, OSError) as error:
            self._end(f"the connection is broken ({type(error).__name__})")

    def _end(self, why: str) -> None:
        if self.is_over:
            return
        self.why = why
        self.over.set()
        self.stirred.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Unavailable(f"{self._feed.what} cannot be opened: {why}"))

    async def _let_go(self) -> None:
        await self._stop_tasks()
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.cut()
        if self._answer is not None and self._answer.done() and not self._answer.cancelled():
            self._answer.exception()  # it has been told, or nobody waits for it

    async def _stop_tasks(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _ending(kind: WSMsgType, data: object) -> str:
    if kind is WSMsgType.ERROR:
        return f"the connection broke ({type(data).__name__})"
    code = f" (code {data})" if isinstance(data, int) else ""
    return f"the exchange closed the connection{code}"
