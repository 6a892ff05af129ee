"""The way from an exchange-neutral wish for a venue to this one, for the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import SecretStr, ValidationError

from yunmin.core.data_contracts.money import plain
from yunmin.errors import ConfigurationError
from yunmin.exchange import Credentials, VenueAccount, VenueLedger, VenueOptions
from yunmin.simulation.candles import candle_files
from yunmin.simulation.ledger_report import ledger_of
from yunmin_binance.endpoints import LOCAL_PORT
from yunmin_binance.venue.config import Liquidity, VenueConfig, default_accounts
from yunmin_binance.venue.config_file import read_config_file
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.replayed_market import market_for_candles, market_for_trades, market_named_by
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
        return self._first_with_secret()[1]

    @property
    def replay_is_over(self) -> bool | None:
        self.venue.exchange.catch_up()
        return self.venue.exchange.houses.replay_is_over

    def ledger(self, account: str | None = None) -> VenueLedger:
        self.venue.exchange.catch_up()
        symbols = {name: f"{rules.base}/{rules.quote}" for name, rules in self.venue.exchange.rules.items()}
        return ledger_of(self.venue.exchange.engine, account or self._first_with_secret()[0], symbols)

    def _first_with_secret(self) -> tuple[str, Credentials]:
        for one in self.accounts:
            if one.api_secret is not None:
                return one.name, Credentials(api_key=one.api_key, api_secret=one.api_secret)
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
        venue = LocalVenue.restore(file, config, clock=options.clock, on_notice=options.on_notice)
    else:
        venue = LocalVenue(config, clock=options.clock, on_notice=options.on_notice)
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
        "history": None if options.history is None else options.history.total_seconds(),
        "tls_folder": None if options.tls_folder is None else Path(options.tls_folder),
        "tls_port": options.tls_port,
        "legacy_listen_key": options.legacy_listen_key or None,
        "pace": options.pace,
        "limits": None if options.enforces_limits else LimitsConfig(is_enforced=False),
    }
    wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    if options.candles is not None:
        wanted |= _replaying_candles(Path(options.candles), options)
    if options.trades is not None:
        wanted |= _replaying_trades(Path(options.trades), options)
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


def _replaying_candles(path: Path, options: VenueOptions) -> dict[str, Any]:
    markets: dict[str, SymbolRules] = {}
    files: dict[str, Path] = {}
    if path.is_dir() and options.replay_symbol is not None:
        raise ConfigurationError("the files of a folder say in their names which markets they move; name no market")
    for file in candle_files(path):
        rules = market_for_candles(file, options.replay_symbol) if path == file else market_named_by(file)
        if rules.symbol in files:
            raise ConfigurationError(f"{files[rules.symbol].name} and {file.name} are both of {rules.symbol}")
        files[rules.symbol], markets[rules.symbol] = file, rules
    named = {"liquidity": Liquidity.CANDLES, "candles_file": None, "candles_files": files}
    return {**named, **_recorded(tuple(markets.values()), options)}


def _replaying_trades(path: Path, options: VenueOptions) -> dict[str, Any]:
    rules = market_for_trades(path, options.replay_symbol)
    named = {"liquidity": Liquidity.TRADES, "trades_file": path, "replay_symbol": rules.symbol}
    return {**named, **_recorded((rules,), options)}


def _recorded(markets: tuple[SymbolRules, ...], options: VenueOptions) -> dict[str, Any]:
    """The markets of recorded data, by which time it goes, and accounts that own something to sell there."""
    wanted: dict[str, Any] = {
        "extra_symbols": markets,
        "at_recorded_time": options.clock is not None and options.speed is None,
    }
    if options.config_file is not None:
        return wanted  # the accounts of a file hold what the file says
    plenty = {asset: _PLENTY for rules in markets for asset in (rules.base, rules.quote)}
    return {**wanted, "accounts": default_accounts(plenty)}
