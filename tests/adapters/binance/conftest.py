"""A server that can be told to fail, and a Binance connector that is connected to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.adapters.binance.stream_scene import Scene, on_a_scene
from tests.adapters.binance.wire import a_config, teach
from yunmin.testing.faulty_server import FaultyServer
from yunmin_binance.connector import BinanceSpot

Connected = Callable[..., Awaitable[BinanceSpot]]


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with FaultyServer() as running:
        teach(running)
        yield running


@pytest.fixture
async def connected(server: FaultyServer) -> AsyncIterator[Connected]:
    """Make connected connectors; keywords are those of `a_config`."""
    async with AsyncExitStack() as stack:

        async def connect(**changes: Any) -> BinanceSpot:
            return await stack.enter_async_context(BinanceSpot(a_config(server, **changes)))

        yield connect


@pytest.fixture
async def connector(connected: Connected) -> BinanceSpot:
    return await connected()


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    """A venue, a connector and a clock for streams."""
    async with on_a_scene() as made:
        yield made
