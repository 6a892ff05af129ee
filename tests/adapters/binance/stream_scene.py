"""A venue, a connector and streams, all on one clock that moves when told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from tests.adapters.binance.venue.sockets import PATIENCE, DrivenClock
from yunmin.clock import to_millis
from yunmin.core.data_contracts import AccountNews
from yunmin.exchange import ConnectorConfig, NewsStream
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.local_account import LOCAL_CREDENTIALS
from yunmin_binance.venue import COUNTERPARTY, LOCAL_ACCOUNT, Liquidity, LocalVenue, VenueConfig
from yunmin_binance.venue.ws_api.session import Session

HEARTBEAT = 10.0


class Scene:
    """A venue, a connector and a stream of its account, all on one clock that moves when told."""

    def __init__(self, venue: LocalVenue, clock: DrivenClock, spot: BinanceSpot, sessions: list[Session]) -> None:
        self.sessions = sessions
        """Those of the venue's WebSocket API that there ever were, the oldest first."""
        self.venue = venue
        self.clock = clock
        self.spot = spot
        self.heard: list[AccountNews] = []

    def trade(self, qty: str = "0.1", price: str = "50000", client_order_id: str | None = None) -> None:
        """Our limit order, filled by the other at once."""
        self.venue.place_as(
            LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity=qty, price=price, client_order_id=client_order_id
        )
        self.venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity=qty, price=price)

    async def hear_until(self, news: NewsStream[AccountNews], kind: type[Any], count: int = 1) -> list[AccountNews]:
        """Read on until `count` of `kind` were heard since the last call; everything heard meanwhile."""
        got: list[AccountNews] = []
        async with asyncio.timeout(PATIENCE):
            while sum(isinstance(item, kind) for item in got) < count:
                got += await news.next_batch()
        self.heard += got
        return got

    async def pass_time(self, seconds: float, *, by: float = HEARTBEAT / 2) -> None:
        """Let time pass in small steps, and give everybody their turn in between."""
        while seconds > 0:
            self.clock.advance(min(by, seconds))
            seconds -= by
            for _ in range(50):
                await asyncio.sleep(0)

    def fills_of_the_venue(self) -> set[tuple[str, str]]:
        return {(str(fill.order_id), str(fill.trade_id)) for fill in self.venue.ledger_report(LOCAL_ACCOUNT).fills}


@asynccontextmanager
async def on_a_scene() -> AsyncIterator[Scene]:
    """A venue with empty books; its sessions are remembered, because a test may want to end one behind its back."""
    clock = DrivenClock()
    sessions: list[Session] = []

    def remembered(*args: Any, **named: Any) -> Session:
        sessions.append(Session(*args, **named))
        return sessions[-1]

    with patch("yunmin_binance.venue.sockets.Session", remembered):
        async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE), clock=clock) as venue:
            config = ConnectorConfig(base_url=venue.url, credentials=LOCAL_CREDENTIALS, rate_limit=False)
            async with BinanceSpot(config, clock=clock) as spot:
                spot._exchange.milliseconds = lambda: to_millis(clock.now())  # ccxt's own clock is the machine's
                spot._exchange.options["timeDifference"] = 0
                spot._endpoint.stream_manners = replace(spot._endpoint.stream_manners, life=300.0)
                yield Scene(venue, clock, spot, sessions)
