"""Where the conformance suite plays Binance: a local venue of three markets with a second account to trade against."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from yunmin.exchange import Credentials, RunningVenue, VenueOptions
from yunmin.testing import AdapterConformance, Scrubbing
from yunmin_binance.venue import COUNTERPARTY, AccountConfig, LocalVenue, VenueConfig
from yunmin_binance.venue.opening import OpenVenue

__all__ = ["BinanceConformance"]

_COUNTERPARTY = Credentials.of("counterpartyKey".ljust(64, "0"), "counterpartySecret".ljust(64, "0"))
_SYMBOLS = ("BTCUSDT", "ETHUSDT", "ETHBTC")


@dataclass(frozen=True, slots=True)
class _Venue(OpenVenue):
    counterparty_credentials: Credentials = _COUNTERPARTY


@asynccontextmanager
async def _open_venue(options: VenueOptions) -> AsyncIterator[_Venue]:
    config = VenueConfig(
        host=options.host or "127.0.0.1",
        port=options.port or 0,
        seed=options.seed or 1,
        step_interval=options.step_interval or 0,
        symbols=_SYMBOLS,
        accounts=tuple(_with_key(account) for account in VenueConfig().accounts),
    )
    async with LocalVenue(config) as venue:
        yield _Venue(venue)


def _with_key(account: AccountConfig) -> AccountConfig:
    if account.name != COUNTERPARTY:
        return account
    return account.model_copy(
        update={
            "api_key": _COUNTERPARTY.api_key.get_secret_value(),
            "api_secret": _COUNTERPARTY.api_secret,
        }
    )


def _only_some_markets(body: bytes) -> bytes:
    """exchangeInfo with the markets of the local venue: on the test network the whole list is more than a megabyte."""
    if not body.startswith(b'{"timezone"'):
        return body
    info = json.loads(body)
    some = [market for market in info["symbols"] if market["symbol"] in _SYMBOLS]
    return body if some == info["symbols"] else json.dumps({**info, "symbols": some}, separators=(",", ":")).encode()


class BinanceConformance(AdapterConformance):
    adapter = "binance"
    scrubbing = Scrubbing(trim=_only_some_markets)

    @classmethod
    def open_venue(cls, options: VenueOptions) -> AbstractAsyncContextManager[RunningVenue]:
        return _open_venue(options)
