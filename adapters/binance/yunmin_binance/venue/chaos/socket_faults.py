"""What happens to an open WebSocket: dead without a word, cut, mute, or told that it ends."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from aiohttp import WSCloseCode

from yunmin.clock import Clock
from yunmin_binance.venue.chaos.errands import Errands
from yunmin_binance.venue.chaos.faults import Disconnect, HalfOpen, Shutdown, StopStreams, Terminate
from yunmin_binance.venue.chaos.plan import Chaos, Standing
from yunmin_binance.venue.chaos.subject import Door, Subject
from yunmin_binance.venue.streams.connection import Connection

__all__ = ["SocketFaults"]

_LONGEST_REASON: Final = 120


class SocketFaults:
    """Carries them out."""

    def __init__(self, chaos: Chaos, clock: Clock, errands: Errands) -> None:
        self._chaos = chaos
        self._clock = clock
        self._errands = errands
        self._mute: set[Connection] = set()

    @property
    def has_mute(self) -> bool:
        return bool(self._mute)

    def is_mute(self, connection: Connection) -> bool:
        """Whether its events have silently stopped."""
        return connection in self._mute

    def forget(self, connection: Connection) -> None:
        """The client is gone."""
        self._mute.discard(connection)

    def strike_open(self, standing: Standing, connections: Iterable[Connection]) -> None:
        """Strike at those that are open now, in the order of their coming."""
        for connection in connections:
            subject = Subject(Door.SOCKET, (connection.path,), accounts=connection.accounts())
            if not standing.is_spent and standing.strikes(subject):
                self._chaos.record(standing, subject)
                self.strike(connection, standing)

    def strike(self, connection: Connection, standing: Standing) -> None:
        """Let the fault of `standing` happen to `connection`."""
        fault = standing.rule.fault
        match fault:
            case HalfOpen():
                connection.freeze()
            case Disconnect(code=None):
                connection.reset()
            case Disconnect():
                connection.close(fault.code or WSCloseCode.GOING_AWAY, fault.reason.encode()[:_LONGEST_REASON])
            case StopStreams():
                self._mute.add(connection)
            case Terminate():
                connection.end_subscriptions()
            case Shutdown():
                connection.say_farewell()
                self._errands.run(self._close_later(connection, fault.seconds))
            case _:
                raise TypeError(fault.kind)

    async def _close_later(self, connection: Connection, seconds: float) -> None:
        if seconds:
            await self._clock.sleep(seconds)
        connection.close(WSCloseCode.GOING_AWAY)
