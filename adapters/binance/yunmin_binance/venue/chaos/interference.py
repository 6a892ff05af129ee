"""Everything of one venue that a plan of faults reaches into, put together."""

from __future__ import annotations

from yunmin.clock import Clock
from yunmin_binance.venue.api import Api
from yunmin_binance.venue.chaos.calls import CallSeam
from yunmin_binance.venue.chaos.errands import Errands
from yunmin_binance.venue.chaos.faults import Skew
from yunmin_binance.venue.chaos.frames import FrameSeam
from yunmin_binance.venue.chaos.handshakes import HandshakeSeam
from yunmin_binance.venue.chaos.hiding import HiddenOrders
from yunmin_binance.venue.chaos.plan import Chaos
from yunmin_binance.venue.chaos.rest import RestSeam
from yunmin_binance.venue.chaos.socket_faults import SocketFaults
from yunmin_binance.venue.chaos.subject import Door
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.ws_api.api import WsApi

__all__ = ["Interference"]


class Interference:
    """The seams: REST, calls, frames, handshakes, open sockets, the clock that the venue shows."""

    def __init__(self, chaos: Chaos, exchange: Exchange, clock: Clock) -> None:
        self._chaos = chaos
        self._exchange = exchange
        self._clock = clock
        self.errands = Errands()
        self.hidden = HiddenOrders()
        chaos.watch(self._set_the_clock)
        self.sockets = SocketFaults(chaos, clock, self.errands)
        self.frames = FrameSeam(chaos, exchange, clock, self.sockets, self.errands)
        self.handshakes = HandshakeSeam(chaos, clock)

    def rest_of(self, api: Api) -> RestSeam:
        """The seam around REST."""
        return RestSeam(self._chaos, api, self._exchange, self._clock, self.hidden)

    def calls_to(self, api: WsApi) -> CallSeam:
        """The seam around the WebSocket API."""
        return CallSeam(self._chaos, api, self._exchange, self._clock, self.hidden, self.errands)

    def _set_the_clock(self) -> None:
        skews = (one.rule.fault for one in self._chaos.standing if one.rule.door is Door.VENUE)
        self._exchange.clock_error = sum(round(fault.seconds * 1_000_000) for fault in skews if isinstance(fault, Skew))
