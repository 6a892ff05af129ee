"""The way from an exchange-neutral wish for a venue to this one, for the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials, VenueOptions
from yunmin_binance.local_account import LOCAL_CREDENTIALS
from yunmin_binance.venue.config import Liquidity, VenueConfig
from yunmin_binance.venue.server import LocalVenue

__all__ = ["OpenVenue", "config_of", "open_venue"]


@dataclass(frozen=True, slots=True)
class OpenVenue:
    """A venue that is up, and the credentials of its default account."""

    venue: LocalVenue
    credentials: Credentials = LOCAL_CREDENTIALS

    @property
    def url(self) -> str:
        return self.venue.url


@asynccontextmanager
async def open_venue(options: VenueOptions) -> AsyncIterator[OpenVenue]:
    """Serve until the block ends. Raises ConfigurationError for options that do not hang together."""
    async with LocalVenue(config_of(options)) as venue:
        yield OpenVenue(venue)


def config_of(options: VenueOptions) -> VenueConfig:
    """The venue's own configuration for these options."""
    candles = None if options.candles is None else Path(options.candles)
    try:
        return VenueConfig(
            host=options.host,
            port=options.port,
            seed=options.seed,
            step_interval=options.step_interval,
            liquidity=Liquidity.WALK if candles is None else Liquidity.CANDLES,
            candles_file=candles,
            candles_symbol=(options.candles_symbol or "BTCUSDT").replace("/", ""),
        )
    except ValidationError as error:
        problems = "; ".join(found["msg"] for found in error.errors(include_input=False, include_context=False))
    raise ConfigurationError(f"the venue cannot be set up so: {problems}")
