"""Binance spot for Yunmin: the one place where Binance's own ways stand.

Loading `ADAPTER` imports neither ccxt nor the connector nor the venue; each waits until it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from yunmin.clock import Clock
from yunmin.exchange import (
    AdapterPlugin,
    ConnectionWish,
    ConnectorConfig,
    Credentials,
    ExchangeConnector,
    FuzzTarget,
    RunningVenue,
    Traits,
    TrialReport,
    VenueAccount,
    VenueOptions,
    VenueTrial,
)

__all__ = ["ADAPTER"]


def _traits() -> Traits:
    from yunmin_binance.traits import TRAITS

    return TRAITS


def _connector(config: ConnectorConfig, clock: Clock) -> ExchangeConnector:
    from yunmin_binance.connector import BinanceSpot

    return BinanceSpot(config, clock=clock)


def _configure(wish: ConnectionWish) -> ConnectorConfig:
    from yunmin_binance.settings import resolve_config

    return resolve_config(
        environment=wish.environment,
        base_url=wish.base_url,
        timeout=wish.timeout,
        live_consent=wish.live_consent,
        credentials=wish.credentials,
    )


def _local_venue(options: VenueOptions) -> AbstractAsyncContextManager[RunningVenue]:
    from yunmin_binance.venue.opening import open_venue

    return open_venue(options)


def _local_credentials() -> Credentials:
    from yunmin_binance.local_account import LOCAL_CREDENTIALS

    return LOCAL_CREDENTIALS


def _venue_example() -> str:
    from yunmin_binance.venue.config_file import example_config

    return example_config()


def _venue_check(options: VenueOptions) -> str:
    from yunmin_binance.venue.opening import summary_of

    return summary_of(options)


def _venue_accounts(options: VenueOptions) -> tuple[VenueAccount, ...]:
    from yunmin_binance.venue.opening import accounts_of

    return accounts_of(options)


def _client_settings(url: str | None, credentials: Credentials) -> Mapping[str, str]:
    from yunmin_binance.endpoints import LOCAL_PORT
    from yunmin_binance.venue.client_settings import client_settings

    return client_settings(url or f"http://127.0.0.1:{LOCAL_PORT}", credentials)


def _venue_trial(wanted: VenueTrial, tell: Callable[[int], None]) -> TrialReport:
    from yunmin_binance.venue.fire import run_trial

    return run_trial(wanted, tell)


def _fuzz_targets() -> tuple[FuzzTarget, ...]:
    from yunmin_binance.fuzzing import fuzz_targets

    return fuzz_targets()


ADAPTER = AdapterPlugin(
    name="binance",
    title="Binance spot",
    traits=_traits,
    connector=_connector,
    configure=_configure,
    local_venue=_local_venue,
    local_credentials=_local_credentials,
    venue_example=_venue_example,
    venue_check=_venue_check,
    venue_accounts=_venue_accounts,
    client_settings=_client_settings,
    venue_trial=_venue_trial,
    fuzz_targets=_fuzz_targets,
    environment_variables=("BINANCE_API_KEY", "BINANCE_API_SECRET", "BINANCE_TESTNET", "BINANCE_BASE_URL"),
)
