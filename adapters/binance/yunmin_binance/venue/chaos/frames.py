"""Where faults meet what the venue tells: every frame to every WebSocket, while a rule waits for events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from yunmin.clock import Clock
from yunmin_binance.venue.chaos.bodies import foreign, under_other_ids
from yunmin_binance.venue.chaos.errands import Errands
from yunmin_binance.venue.chaos.events import skewed, subject_of_frame
from yunmin_binance.venue.chaos.faults import Body, CutShort, Delay, Duplicate, Lose, Reorder
from yunmin_binance.venue.chaos.plan import Chaos, Standing
from yunmin_binance.venue.chaos.socket_faults import SocketFaults
from yunmin_binance.venue.chaos.subject import Door
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.streams.connection import Connection

__all__ = ["FrameSeam"]

_Held = tuple[Standing, list[bytes]]


class FrameSeam:
    """The gate of all connections of one venue."""

    def __init__(self, chaos: Chaos, exchange: Exchange, clock: Clock, sockets: SocketFaults, errands: Errands) -> None:
        self.is_quiet = True
        self._chaos = chaos
        self._exchange = exchange
        self._clock = clock
        self._sockets = sockets
        self._errands = errands
        self._held: dict[tuple[int, Connection], _Held] = {}
        chaos.watch(self._look_again)

    def take(self, connection: Connection, frame: bytes, about: str) -> None:
        """Send `frame`, or what the plan makes of it."""
        subject = subject_of_frame(frame, about, connection.account_of)
        if subject is None:
            connection.put(frame)
            return
        if self._sockets.is_mute(connection):
            return
        if self._exchange.clock_error:
            frame = skewed(frame, self._exchange.clock_error)
        struck = self._chaos.strike(subject)
        wait = sum(_waiting(struck))
        other = next((one for one in struck if not isinstance(one.rule.fault, Delay)), None)
        if wait:
            self._errands.run(self._later(wait, partial(self._tell, connection, frame, other)))
        else:
            self._tell(connection, frame, other)

    def forget(self, connection: Connection) -> None:
        """The client is gone."""
        self._sockets.forget(connection)
        for key in [key for key in self._held if key[1] is connection]:
            del self._held[key]
        self._look_again()

    def _tell(self, connection: Connection, frame: bytes, standing: Standing | None) -> None:
        fault = None if standing is None else standing.rule.fault
        match fault:
            case None:
                connection.put(frame)
            case Lose():
                pass
            case Duplicate():
                for _ in range(fault.times + 1):
                    connection.put(frame)
            case CutShort():
                connection.put(frame[: len(frame) // 2 if fault.sent is None else fault.sent])
            case Body():
                connection.put(foreign(fault.body, frame, under_other_ids(frame)))
            case Reorder() if standing is not None:
                self._hold(connection, frame, standing, fault)
            case _ if standing is not None:
                self._sockets.strike(connection, standing)

    def _hold(self, connection: Connection, frame: bytes, standing: Standing, fault: Reorder) -> None:
        key = (standing.number, connection)
        _, frames = self._held.setdefault(key, (standing, []))
        frames.append(frame)
        if len(frames) >= fault.window:
            self._let_go(key)
        elif len(frames) == 1:
            self._errands.run(self._later(fault.seconds, partial(self._let_go, key)))

    def _let_go(self, key: tuple[int, Connection]) -> None:
        standing, frames = self._held.pop(key, (None, []))
        if standing is not None:
            for frame in _shuffled(frames, standing):
                key[1].put(frame)

    async def _later(self, seconds: float, done: Callable[[], None]) -> None:
        await self._clock.sleep(seconds)
        done()

    def _look_again(self) -> None:
        """Rules have come or gone: what is held for one that is gone is sent, in its new order."""
        standing = {one.number for one in self._chaos.standing}
        for key in [key for key in self._held if key[0] not in standing]:
            self._let_go(key)
        self.is_quiet = (
            Door.EVENT not in self._chaos.doors and not self._sockets.has_mute and not self._exchange.clock_error
        )


def _waiting(struck: list[Standing]) -> Iterator[float]:
    for standing in struck:
        fault = standing.rule.fault
        if isinstance(fault, Delay):
            yield fault.seconds + fault.jitter * standing.random.random()


def _shuffled(frames: list[bytes], standing: Standing) -> list[bytes]:
    """In another order than they came, if there is another."""
    shuffled = list(frames)
    standing.random.shuffle(shuffled)
    return shuffled if shuffled != frames else [*frames[1:], *frames[:1]]
