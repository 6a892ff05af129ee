"""A connector's life, and what an adapter says of itself."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

import pytest

from yunmin.core.data_contracts import OrderRef
from yunmin.errors import ConfigurationError, NotSupported
from yunmin.exchange import Capability, ExchangeConnector
from yunmin.testing.conformance.requirements import requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["LifeConformance"]


class LifeConformance(ConformanceSuite):
    """Connecting, closing, and the adapter's own description."""

    @requires()
    async def test_connecting_again_sends_nothing(self, play: Playground) -> None:
        with play.nothing_sent():
            await play.connector.connect()

    @requires()
    async def test_closing_twice_is_as_good_as_once(self, play: Playground) -> None:
        connector = play.another_connector()
        await connector.connect()
        await connector.close()
        await connector.close()

    @requires()
    async def test_closing_what_was_never_connected_is_fine(self, play: Playground) -> None:
        await play.another_connector().close()

    @requires()
    async def test_it_connects_and_closes_by_itself_in_a_with_block(self, play: Playground) -> None:
        async with play.another_connector() as connector:
            assert await connector.fetch_instruments()
        with play.nothing_sent(), pytest.raises(ConfigurationError):
            await connector.fetch_instruments()

    @requires()
    async def test_nothing_is_sent_once_it_is_closed(self, play: Playground) -> None:
        """Each question and each command is a ConfigurationError then."""
        request = await play.resting()
        connector = play.another_connector()
        await connector.connect()
        await connector.close()
        for call in _calls(connector, play):
            with play.nothing_sent(), pytest.raises(ConfigurationError):
                await call()
        with play.nothing_sent(), pytest.raises(ConfigurationError):
            await connector.place_order(request)

    @requires()
    async def test_it_does_not_show_its_credentials(self, play: Playground) -> None:
        credentials = play.ground.config.credentials
        assert credentials is not None
        for secret in (credentials.api_key, credentials.api_secret):
            assert secret.get_secret_value() not in f"{play.connector!r} {play.connector} {play.ground.config!r}"

    @requires()
    async def test_the_traits_hang_together(self, play: Playground) -> None:
        """Named as the adapter is; ids with the prefix fit the pattern, and the pattern knows the longest id."""
        traits, plugin = play.traits, play.ground.plugin
        assert play.connector.traits == traits
        assert traits.name == plugin.name
        assert traits.title == plugin.title
        assert traits.client_order_id_prefix
        fits = re.compile(traits.client_order_id_pattern, re.ASCII).fullmatch
        longest = traits.client_order_id_prefix.ljust(traits.client_order_id_max_length, "0")
        assert fits(longest)
        assert not fits(longest + "0")

    @requires(Capability.LOCAL_VENUE)
    async def test_a_local_venue_is_there_if_it_is_claimed(self, play: Playground) -> None:
        if play.ground.plugin.local_venue is None:
            raise NotSupported("the plugin brings no local venue")
        assert play.ground.plugin.local_credentials is not None


def _calls(connector: ExchangeConnector, play: Playground) -> tuple[Callable[[], Awaitable[object]], ...]:
    ref = OrderRef(symbol=play.symbol, client_order_id=play.client_order_id())
    return (
        connector.server_time,
        connector.fetch_instruments,
        connector.fetch_account,
        connector.fetch_open_orders,
        lambda: connector.fetch_order(ref),
        lambda: connector.cancel_order(ref),
        lambda: connector.fetch_order_history(play.symbol),
        lambda: connector.fetch_fills(play.symbol),
    )
