"""The paper exchange under the same conformance suite as every adapter: told a market once, then left alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import pytest

from tests.simulation.paper_bench import BTC, SYMBOL
from yunmin.clock import Clock, SystemClock
from yunmin.core.data_contracts import BookLevel, OrderBook, PublicTrade, Side
from yunmin.exchange import (
    AdapterPlugin,
    ConnectorConfig,
    Credentials,
    ExchangeConnector,
    RunningVenue,
    VenueAccount,
    VenueLedger,
    VenueOptions,
    registry,
)
from yunmin.simulation.paper_connector import PAPER_TRAITS, PaperConnector
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.units import SCALE
from yunmin.testing.conformance import AdapterConformance

OTHER: Final = "other"
OPEN: list[PaperExchange] = []
"""The exchange that is open; a connector is made for an account of it, by the name that stands as its key."""


HOLDER: Final = Credentials.of("paper" * 8, "paper" * 8)
STRANGER: Final = Credentials.of("other" * 8, "other" * 8)


@dataclass(frozen=True)
class OnPaper:
    """What the suite has to know of a place where it plays: an address nobody listens at, and two accounts."""

    url: str = "http://127.0.0.1:9"
    credentials: Credentials = HOLDER
    counterparty_credentials: Credentials = STRANGER
    tls_url: str | None = None
    ca_file: str | None = None
    accounts: tuple[VenueAccount, ...] = ()
    replay_is_over: bool | None = None

    def ledger(self, account: str | None = None) -> VenueLedger:
        raise AssertionError("the suite looks into nobody's books")


def open_exchange() -> PaperExchange:
    exchange = PaperExchange({SYMBOL: BTC}, {"BTC": Decimal(100), "USDT": Decimal(1_000_000)}, SystemClock())
    ledger = exchange.engine.ledger
    ledger.open_account(OTHER)
    ledger.deposit(OTHER, "BTC", 100 * SCALE)

    def levels(*prices: str) -> tuple[BookLevel, ...]:
        return tuple(BookLevel(price=Decimal(price), qty=Decimal("0.5")) for price in prices)

    exchange.on_trade(
        PublicTrade(
            symbol=SYMBOL,
            trade_id="1",
            price=Decimal(30_000),
            qty=Decimal(1),
            taker_side=Side.BUY,
            ts=SystemClock().now(),
        )
    )
    exchange.on_order_book(
        OrderBook(symbol=SYMBOL, bids=levels("29990", "29980", "29970"), asks=levels("30000", "30010", "30020"))
    )
    return exchange


def connector(config: ConnectorConfig, clock: Clock) -> ExchangeConnector:
    assert config.credentials is not None
    (exchange,) = OPEN
    if config.credentials.api_key == STRANGER.api_key:
        return PaperConnector(exchange.engine, OTHER, clock, instruments=exchange.instruments, keeper=exchange)
    return exchange.connector()


def unwanted(*_: object) -> ConnectorConfig:
    raise AssertionError("the suite is played here, and configured by nobody")


PLUGIN: Final = AdapterPlugin(
    name="paper", title="Paper", traits=lambda: PAPER_TRAITS, connector=connector, configure=unwanted
)


@pytest.fixture(autouse=True)
def _paper_is_installed() -> Iterator[None]:
    registry.register(PLUGIN)
    yield
    registry.unregister("paper")


class TestPaper(AdapterConformance):
    adapter = "paper"
    symbol = SYMBOL

    @classmethod
    def open_venue(cls, options: VenueOptions) -> AbstractAsyncContextManager[RunningVenue]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[RunningVenue]:
            OPEN.append(open_exchange())
            try:
                yield OnPaper()
            finally:
                assert OPEN.pop().audit().ok

        return opened()

    def test_a_wrong_secret_opens_nothing(self) -> None:
        pytest.skip("an account on paper has no key, and no secret that could be wrong")
