"""Where faults meet WebSockets that are being opened."""

from __future__ import annotations

from aiohttp import web

from yunmin.clock import Clock
from yunmin_binance.venue.chaos.bodies import HTML
from yunmin_binance.venue.chaos.faults import Delay, Drop, Say
from yunmin_binance.venue.chaos.line import Scripted, ending
from yunmin_binance.venue.chaos.plan import Chaos
from yunmin_binance.venue.chaos.subject import Door, Subject

__all__ = ["HandshakeSeam"]


class HandshakeSeam:
    """Delays and refuses what wants to be opened."""

    def __init__(self, chaos: Chaos, clock: Clock) -> None:
        self._chaos = chaos
        self._clock = clock

    async def refusal(self, request: web.Request) -> web.StreamResponse | None:
        """What is answered in place of a handshake; None lets it be opened."""
        if Door.HANDSHAKE not in self._chaos.doors:
            return None
        struck = self._chaos.strike(Subject(Door.HANDSHAKE, (request.path,)))
        for standing in struck:
            fault = standing.rule.fault
            match fault:
                case Delay():
                    await self._clock.sleep(fault.seconds + fault.jitter * standing.random.random())
                case Drop():
                    return Scripted(ending(fault.ending))
                case Say():
                    return web.Response(status=fault.status, body=HTML, content_type="text/html")
        return None
