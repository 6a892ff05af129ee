"""Limits where the connection is a socket: who may connect, and who is shown out."""

from __future__ import annotations

import aiohttp
import pytest

from tests.adapters.binance.venue.sockets import running
from yunmin_binance.venue import LimitsConfig, Liquidity, VenueConfig


def limited(**limits: int) -> VenueConfig:
    return VenueConfig(liquidity=Liquidity.NONE, limits=LimitsConfig(**limits))


@pytest.mark.parametrize("path", ["/ws", "/stream?streams=btcusdt@trade", "/ws-api/v3"])
async def test_too_many_connections_are_refused_at_the_handshake(path: str) -> None:
    async with running(limited(connections_per_5_minutes=2)) as home:
        for _ in range(2):
            await home.open(path)
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await home.open(path)
        assert refused.value.status == 429
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "300"
        home.clock.drift(300)
        await home.open(path)


async def test_a_refused_handshake_says_why() -> None:
    async with running(limited(connections_per_5_minutes=1)) as home:
        await home.open("/ws")
        upgrade = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        async with home.http.get(f"{home.venue.url}/ws", headers=upgrade) as said:
            assert await said.json() == {
                "code": -1034,
                "msg": "Too many connection attempts from IP; current limit is 1 per '5 MINUTE'.",
            }


async def test_connecting_to_the_websocket_api_weighs_two_and_to_streams_nothing() -> None:
    async with running(limited()) as home:
        await home.open("/ws-api/v3")
        await home.open("/ws")
        async with home.http.get(f"{home.venue.url}/api/v3/ping") as said:
            assert said.headers["X-MBX-USED-WEIGHT-1M"] == "3"


async def test_who_is_banned_gets_418_and_is_disconnected_and_may_not_come_back() -> None:
    async with running(limited(weight_per_minute=3, refusals_before_ban=1)) as home:
        client = await home.open("/ws-api/v3")
        statuses = [(await client.call("ticker.book"))["status"] for _ in range(2)]
        assert statuses == [429, 418]
        assert await client.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await home.open("/ws-api/v3")
        assert refused.value.status == 418
        async with home.http.get(f"{home.venue.url}/api/v3/ping") as said:
            assert said.status == 418
            assert (await said.json())["code"] == -1003
        home.clock.drift(120)
        assert (await (await home.open("/ws-api/v3")).call("ping"))["status"] == 200


async def test_rest_and_the_websocket_api_share_their_weight_and_orders() -> None:
    async with running(limited()) as home:
        client = await home.open("/ws-api/v3")
        answer = await client.call("ticker.book")
        assert answer["rateLimits"][0]["count"] == 6
        await home.get("ticker/24hr")
        answer = await client.call("ping")
        assert answer["rateLimits"][0]["count"] == 6 + 80 + 1
