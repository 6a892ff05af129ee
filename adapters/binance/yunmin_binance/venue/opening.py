"""The way from an exchange-neutral wish for a venue to this one, for the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials, VenueOptions
from yunmin_binance.endpoints import LOCAL_PORT
from yunmin_binance.local_account import LOCAL_CREDENTIALS
from yunmin_binance.venue.candle_market import market_for_candles
from yunmin_binance.venue.config import Liquidity, VenueConfig, default_accounts
from yunmin_binance.venue.server import LocalVenue

__all__ = ["OpenVenue", "config_of", "open_venue"]


_PLENTY: Final = Decimal(1_000_000)
"""What everybody holds of an asset that only the candles' market knows."""


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
    wanted: dict[str, Any] = {
        "host": options.host,
        "port": LOCAL_PORT if options.port is None else options.port,
        "seed": options.seed,
        "step_interval": options.step_interval,
        "legacy_listen_key": options.legacy_listen_key,
    }
    if options.candles is not None:
        wanted |= _following_candles(Path(options.candles), options.candles_symbol)
    try:
        return VenueConfig(**wanted)
    except ValidationError as error:
        problems = "; ".join(found["msg"] for found in error.errors(include_input=False, include_context=False))
    raise ConfigurationError(f"the venue cannot be set up so: {problems}")


def _following_candles(path: Path, named: str | None) -> dict[str, Any]:
    rules = market_for_candles(path, named)
    return {
        "liquidity": Liquidity.CANDLES,
        "candles_file": path,
        "candles_symbol": rules.symbol,
        "extra_symbols": (rules,),
        "accounts": default_accounts({rules.base: _PLENTY}),
    }
