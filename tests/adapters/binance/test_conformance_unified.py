"""ccxt's unified calls, the default for every exchange whose adapter reads no JSON of its own, at the local venue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.adapters.binance.conformance_venue import BinanceConformance
from yunmin.ccxt_bridge import CcxtConnector, Endpoint
from yunmin.clock import Clock
from yunmin.core.data_contracts import Instrument, OrderUpdate
from yunmin.errors import NotSupported
from yunmin.exchange import (
    AdapterPlugin,
    Capability,
    ConnectionWish,
    ConnectorConfig,
    ExchangeConnector,
    Support,
    registry,
)
from yunmin_binance.endpoints import endpoint_for
from yunmin_binance.traits import TRAITS

_LACKING: Final = (
    Capability.STOP_ORDER,
    Capability.CANCEL_ALL,
    Capability.TEST_ORDER,
    Capability.LOCAL_VENUE,
    Capability.ACCOUNT_STREAM,
    Capability.MARKET_STREAM,
)
UNIFIED: Final = TRAITS.model_copy(
    update={
        "name": "unified",
        "title": "Unified",
        "support": {**TRAITS.support, **dict.fromkeys(_LACKING, Support.NOT_YET)},
    }
)


class UnifiedSpot(CcxtConnector):
    """The defaults, but for two things: the cancel's own id in the answer, and no test orders."""

    def __init__(self, config: ConnectorConfig, *, clock: Clock | None = None) -> None:
        there = endpoint_for(config)
        endpoint = Endpoint(
            "binance", settings=there.settings, allowed_hosts=there.allowed_hosts, refusals=there.refusals
        )
        super().__init__(config, traits=UNIFIED, endpoint=endpoint, clock=clock)

    def _read_cancelled(self, raw: Any, market: Instrument) -> OrderUpdate:
        return super()._read_cancelled({**raw, "clientOrderId": raw["info"]["origClientOrderId"]}, market)

    async def _ask_test(self, request: object, market: Instrument) -> Any:
        raise NotSupported("not here")


def _connector(config: ConnectorConfig, clock: Clock) -> ExchangeConnector:
    return UnifiedSpot(config, clock=clock)


def _configure(wish: ConnectionWish) -> ConnectorConfig:
    return ConnectorConfig(base_url=wish.base_url)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    registry.register(
        AdapterPlugin(
            name="unified", title="Unified", traits=lambda: UNIFIED, connector=_connector, configure=_configure
        )
    )
    yield
    registry.unregister("unified")


class TestCcxtUnifiedAtTheLocalVenue(BinanceConformance):
    adapter = "unified"
