"""The account stream in front of the local venue: everything is told, and what may have been missed is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.adapters.binance.venue.sockets import PATIENCE, DrivenClock, until
from yunmin.core.data_contracts import (
    AccountNews,
    BalanceUpdate,
    Fill,
    OrderState,
    OrderUpdate,
    StreamGap,
    StreamLost,
    StreamOpened,
    Transfer,
    to_decimal,
)
from yunmin.errors import AuthenticationFailed, ConfigurationError, ConnectivityError
from yunmin.exchange import ConnectorConfig, Credentials
from yunmin.exchange.streams import NewsStream
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


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    clock, sessions = DrivenClock(), []

    def remembered(*args: Any, **named: Any) -> Session:
        sessions.append(Session(*args, **named))
        return sessions[-1]

    monkeypatch.setattr("yunmin_binance.venue.sockets.Session", remembered)
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE), clock=clock) as venue:
        config = ConnectorConfig(base_url=venue.url, credentials=LOCAL_CREDENTIALS, rate_limit=False)
        async with BinanceSpot(config, clock=clock) as spot:
            spot._endpoint.stream_manners = replace(spot._endpoint.stream_manners, life=300.0)
            yield Scene(venue, clock, spot, sessions)


async def test_the_first_news_is_that_it_is_open(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        assert await news.next_batch() == [StreamOpened(at=scene.clock.now())]


async def test_a_fill_comes_before_the_update_that_counts_it(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        scene.trade("0.1", "50000", "ym-1")
        got = await scene.hear_until(news, OrderUpdate, 2)
        opened, filled = (item for item in got if isinstance(item, OrderUpdate))
        (fill,) = (item for item in got if isinstance(item, Fill))
        assert got.index(fill) < got.index(filled)
        assert (opened.state, filled.state) == (OrderState.OPEN, OrderState.FILLED)
        assert (fill.client_order_id, fill.qty, fill.price) == ("ym-1", to_decimal("0.1"), to_decimal(50000))
        assert (fill.fee, fill.fee_asset) == (to_decimal("0.0001"), "BTC")
        assert filled.filled_qty == to_decimal("0.1")
        assert filled.filled_cost == to_decimal(5000)


async def test_a_cancel_names_the_order_by_its_own_id(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        scene.venue.place_as(
            LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.1", price="40000", client_order_id="ym-2"
        )
        order = scene.venue.exchange.engine.orders_of(LOCAL_ACCOUNT).open
        (resting,) = order.values() if isinstance(order, dict) else order
        scene.venue.exchange.cancel(resting, "the-cancels-name")
        got = [item for item in await scene.hear_until(news, OrderUpdate, 2) if isinstance(item, OrderUpdate)]
        assert [update.client_order_id for update in got] == ["ym-2", "ym-2"]
        assert got[-1].state is OrderState.CANCELLED


async def test_balances_and_transfers_are_told(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        scene.venue.deposit(LOCAL_ACCOUNT, "BTC", "2")
        got = await scene.hear_until(news, BalanceUpdate)
        (transfer,) = (item for item in got if isinstance(item, Transfer))
        assert (transfer.asset, transfer.amount) == ("BTC", to_decimal(2))
        (balances,) = (item for item in got if isinstance(item, BalanceUpdate))
        assert balances.balances[0].free == to_decimal(102)


async def test_N22_a_lost_connection_is_said_and_the_gap_has_a_start_and_an_end(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        lost_at = scene.clock.now()
        scene.venue.sockets.connections[0].cut()
        scene.clock.drift(3)
        await scene.hear_until(news, StreamLost)
        await scene.pass_time(2, by=0.25)
        got = await scene.hear_until(news, StreamGap)
        (gap,) = (item for item in got if isinstance(item, StreamGap))
        (opened,) = (item for item in got if isinstance(item, StreamOpened))
        assert got.index(opened) < got.index(gap)
        assert gap.start <= lost_at < gap.end == opened.at
        scene.trade()
        await scene.hear_until(news, Fill)


async def test_N28_a_terminated_subscription_is_lost_and_taken_again(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        (session,) = scene.sessions
        session.unsubscribe(None)
        scene.venue.sockets.flush()
        (lost,) = (item for item in await scene.hear_until(news, StreamLost) if isinstance(item, StreamLost))
        assert "ended the subscription" in lost.why
        await scene.pass_time(1, by=0.25)
        await scene.hear_until(news, StreamGap)
        scene.trade()
        await scene.hear_until(news, Fill)


async def test_N28_a_silently_forgotten_subscription_is_found_by_asking(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        (session,) = scene.sessions
        session.end()  # the socket stays, and answers pings: only the subscription is gone
        await scene.pass_time(70)
        (lost,) = (item for item in await scene.hear_until(news, StreamLost) if isinstance(item, StreamLost))
        assert "forgotten" in lost.why
        await scene.pass_time(1, by=0.25)
        await scene.hear_until(news, StreamGap)


async def test_N27_before_the_day_is_over_a_successor_is_subscribed(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        life = scene.spot._endpoint.stream_manners.life
        await scene.pass_time(life + HEARTBEAT, by=HEARTBEAT)
        await until(lambda: len(scene.venue.sockets.connections) == 2)
        scene.trade()
        await scene.hear_until(news, Fill, 2)  # both connections tell it
        await scene.pass_time(10)
        await until(lambda: len(scene.venue.sockets.connections) == 1)
        scene.trade()
        await scene.hear_until(news, Fill)
        told = {(fill.exchange_order_id, fill.trade_id) for fill in scene.heard if isinstance(fill, Fill)}
        assert told == scene.fills_of_the_venue()
        assert [item for item in scene.heard if isinstance(item, (StreamLost, StreamGap))] == []


async def test_closing_ends_the_reader(scene: Scene) -> None:
    news = scene.spot.stream_account()
    async with news:
        await news.next_batch()
        waiting = asyncio.ensure_future(news.next_batch())
        await asyncio.sleep(0)
    assert await waiting == []
    assert [item async for item in news] == []
    await news.aclose()


async def test_closing_the_connector_closes_its_streams(scene: Scene) -> None:
    news = scene.spot.stream_account()
    await news.__aenter__()
    await news.next_batch()
    await scene.spot.close()
    assert await news.next_batch() == []
    await until(lambda: scene.venue.sockets.connections == ())


async def test_a_key_that_is_refused_raises_at_once(scene: Scene) -> None:
    wrong = Credentials.of("w" * 64, "w" * 64)
    config = ConnectorConfig(base_url=scene.venue.url, credentials=wrong, rate_limit=False)
    async with BinanceSpot(config, clock=scene.clock) as spot:
        with pytest.raises(AuthenticationFailed):
            async with spot.stream_account():
                pass


async def test_without_credentials_or_a_connection_nothing_is_dialled(scene: Scene) -> None:
    with pytest.raises(ConfigurationError):
        BinanceSpot(ConnectorConfig(credentials=LOCAL_CREDENTIALS)).stream_account()
    async with BinanceSpot(ConnectorConfig(base_url=scene.venue.url, rate_limit=False), clock=scene.clock) as spot:
        with pytest.raises(ConfigurationError, match="credentials"):
            spot.stream_account()


async def test_a_venue_that_is_gone_raises_at_once(scene: Scene) -> None:
    await scene.venue.stop()
    with pytest.raises(ConnectivityError):
        async with scene.spot.stream_account():
            pass
