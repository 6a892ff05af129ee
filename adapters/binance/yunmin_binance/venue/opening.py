"""The way from an exchange-neutral wish for a venue to this one, for the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError

from yunmin.core.data_contracts.money import plain
from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials, VenueAccount, VenueOptions
from yunmin_binance.endpoints import LOCAL_PORT
from yunmin_binance.venue.config import Liquidity, VenueConfig, default_accounts
from yunmin_binance.venue.config_file import read_config_file
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.replayed_market import market_for_candles, market_for_trades
from yunmin_binance.venue.server import LocalVenue
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["OpenVenue", "accounts_of", "config_of", "open_venue", "summary_of"]

_PLENTY: Final = Decimal(1_000_000)
"""What everybody holds of an asset that only the replayed market knows."""

_SAVED_EVERY: Final = 60.0
"""Seconds between two savings of the state of a venue that keeps it."""

_USUAL: Final = {"port": LOCAL_PORT, "step_interval": 0.25}


@dataclass(frozen=True, slots=True)
class OpenVenue:
    """A venue that is up, and who can log in to it."""

    venue: LocalVenue

    @property
    def url(self) -> str:
        return self.venue.url

    @property
    def tls_url(self) -> str | None:
        return self.venue.tls_url

    @property
    def ca_file(self) -> str | None:
        return None if self.venue.ca_file is None else str(self.venue.ca_file)

    @property
    def accounts(self) -> tuple[VenueAccount, ...]:
        return _accounts(self.venue.config)

    @property
    def credentials(self) -> Credentials:
        for one in self.accounts:
            if one.api_secret is not None:
                return Credentials(api_key=one.api_key, api_secret=one.api_secret)
        raise ConfigurationError("no account of this venue signs with a secret")


@asynccontextmanager
async def open_venue(options: VenueOptions) -> AsyncIterator[OpenVenue]:
    """Serve until the block ends. Raises ConfigurationError for options that do not hang together."""
    venue = _venue_of(options)
    async with venue:
        if venue.state_file is not None:
            venue.keep_saving(_SAVED_EVERY)
        yield OpenVenue(venue)
    if venue.state_file is not None:
        venue.save_own()


def _venue_of(options: VenueOptions) -> LocalVenue:
    config, file = config_of(options), None if options.state_file is None else Path(options.state_file)
    if file is not None and file.exists():
        venue = LocalVenue.restore(file, config, on_notice=options.on_notice)
    else:
        venue = LocalVenue(config, on_notice=options.on_notice)
    venue.state_file = file
    return venue


def config_of(options: VenueOptions) -> VenueConfig:
    """The venue's own configuration: the file's, with what the options name in its place."""
    named = {
        "host": options.host,
        "port": options.port,
        "seed": options.seed,
        "step_interval": options.step_interval,
        "speed": options.speed,
        "tls_folder": None if options.tls_folder is None else Path(options.tls_folder),
        "tls_port": options.tls_port,
        "legacy_listen_key": options.legacy_listen_key or None,
        "limits": None if options.enforces_limits else LimitsConfig(is_enforced=False),
    }
    wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    for file, liquidity, market_for in (
        (options.candles, Liquidity.CANDLES, market_for_candles),
        (options.trades, Liquidity.TRADES, market_for_trades),
    ):
        if file is not None:
            wanted |= _replaying(Path(file), liquidity, market_for, options)
    if options.config_file is not None:
        return read_config_file(Path(options.config_file), wanted, usual=_USUAL)
    try:
        return VenueConfig(**{**_USUAL, **wanted})
    except ValidationError as error:
        problems = "; ".join(found["msg"] for found in error.errors(include_input=False, include_context=False))
    raise ConfigurationError(f"the venue cannot be set up so: {problems}")


def accounts_of(options: VenueOptions) -> tuple[VenueAccount, ...]:
    """Who could log in to a venue with these options."""
    return _accounts(config_of(options))


def _accounts(config: VenueConfig) -> tuple[VenueAccount, ...]:
    return tuple(
        VenueAccount(name=one.name, api_key=SecretStr(one.api_key), api_secret=one.api_secret)
        for one in config.accounts
        if one.api_key is not None
    )


def summary_of(options: VenueOptions) -> str:
    """What a venue with these options would be, in a few lines; no secret in them."""
    config = config_of(options)
    LocalVenue(config)  # whatever only shows when it is built is an error here too
    lines = [f"address    {config.host}, port {config.port or 'any free one'}"]
    for account in config.accounts:
        way = "HMAC" if account.api_secret else "a public key" if account.public_key_pem else "nobody logs in"
        held = ", ".join(f"{plain(amount)} {asset}" for asset, amount in account.balances.items()) or "nothing"
        lines.append(f"account    {account.name} ({way}): {held}")
    lines.append(f"markets    {', '.join(config.markets())}")
    lines.append(f"liquidity  {config.liquidity}, a step every {config.step_interval:g} s")
    return "\n".join(lines)


def _replaying(
    path: Path, liquidity: Liquidity, market_for: Callable[[Path, str | None], SymbolRules], options: VenueOptions
) -> dict[str, Any]:
    rules = market_for(path, options.replay_symbol)
    wanted = {
        "liquidity": liquidity,
        f"{liquidity}_file": path,
        "replay_symbol": rules.symbol,
        "extra_symbols": (rules,),
    }
    # the accounts of a file hold what the file says
    return wanted if options.config_file else {**wanted, "accounts": default_accounts({rules.base: _PLENTY})}
