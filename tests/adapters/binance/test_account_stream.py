"""The account stream in front of the local venue: everything is told, and what may have been missed is said."""

from __future__ import annotations

import asyncio

import pytest

from tests.adapters.binance.stream_scene import HEARTBEAT, Scene
from tests.adapters.binance.venue.sockets import until
from yunmin.core.data_contracts import (
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
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.local_account import LOCAL_CREDENTIALS
from yunmin_binance.venue import LOCAL_ACCOUNT


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
        told = await scene.hear_until(news, StreamGap)
        (lost,) = (item for item in told if isinstance(item, StreamLost))
        assert "forgotten" in lost.why


async def test_N27_before_the_day_is_over_a_successor_is_subscribed(scene: Scene) -> None:
    async with scene.spot.stream_account() as news:
        life = scene.spot._endpoint.stream_manners.life
        await scene.pass_time(life, by=HEARTBEAT)
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
