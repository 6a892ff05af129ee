"""How a local venue is set up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import Field, SecretStr, model_validator

from yunmin.core.data_contracts import Contract
from yunmin.core.data_contracts.money import Price, Qty
from yunmin.simulation.order_index import KEPT
from yunmin_binance.local_account import LOCAL_API_KEY, LOCAL_API_SECRET
from yunmin_binance.venue.count_filters import CountFilters
from yunmin_binance.venue.limits import LimitsConfig
from yunmin_binance.venue.symbols import DEFAULT_SYMBOLS, PERMISSIONS, SymbolRules, rules_of

__all__ = [
    "COUNTERPARTY",
    "LOCAL_ACCOUNT",
    "USUAL_RIGHTS",
    "AccountConfig",
    "KeyRight",
    "Liquidity",
    "VenueConfig",
    "default_accounts",
    "is_loopback",
]

LOCAL_ACCOUNT: Final = "local"
"""The account behind LOCAL_API_KEY."""

_LONGEST_PAST: Final = 366 * 86_400.0
"""Seconds of a year."""

COUNTERPARTY: Final = "counterparty"
"""A funded account without a key, for opposite orders placed through the venue itself."""

_RICH: Final = {
    "USDT": Decimal(1_000_000),
    "BTC": Decimal(100),
    "ETH": Decimal(1000),
    "BNB": Decimal(1000),
    "LTC": Decimal(1000),
    "SOL": Decimal(1000),
}


class Liquidity(StrEnum):
    """Who stands on the other side: nobody, a house around a seeded walk or recorded candles, or recorded trades."""

    NONE = "none"
    WALK = "walk"
    CANDLES = "candles"
    TRADES = "trades"


class KeyRight(StrEnum):
    """What an API key may be used for (rest-api.md, Request Security)."""

    TRADE = "TRADE"
    USER_DATA = "USER_DATA"
    USER_STREAM = "USER_STREAM"
    WITHDRAW = "WITHDRAW"


USUAL_RIGHTS: Final = (KeyRight.TRADE, KeyRight.USER_DATA, KeyRight.USER_STREAM)
"""All but WITHDRAW, which the exchange gives to no key that did not ask for it."""


class AccountConfig(Contract):
    """One account. It signs with a secret (HMAC) or a PEM public key (RSA, Ed25519); without a key, nobody logs in.

    Rates are fractions (0.001 is 0.1 %). `pays_fees_in_bnb` takes fees, a quarter cheaper, from BNB while there is any.
    `key_rights` is what its key may be used for; `is_bound_to_address` whether the venue says that the key works from
    certain addresses only, as it does by default, for nobody else reaches it; `permissions` are what markets ask for
    (SPOT, TRD_GRP_002, ...); an account that may not trade (`can_trade=False`) neither places nor cancels, whatever its
    key. Accounts with the same `trade_group` (-1: none) count as one for self-trade prevention. `max_assets` is how
    much of an asset may go into one order.
    """

    name: str = Field(min_length=1, max_length=64)
    api_key: str | None = Field(default=None, pattern=r"^[A-Za-z0-9]{1,128}$")
    api_secret: SecretStr | None = None
    public_key_pem: str | None = None
    balances: dict[str, Qty] = Field(default_factory=dict)
    maker_rate: Qty = Decimal("0.001")
    taker_rate: Qty = Decimal("0.001")
    pays_fees_in_bnb: bool = False
    key_rights: tuple[KeyRight, ...] = USUAL_RIGHTS
    is_bound_to_address: bool = True
    permissions: tuple[str, ...] = ("SPOT",)
    can_trade: bool = True
    max_assets: dict[str, Qty] = Field(default_factory=dict)
    trade_group: int = Field(default=-1, ge=-1)

    @model_validator(mode="after")
    def _has_known_permissions(self) -> AccountConfig:
        unknown = [one for one in self.permissions if one not in PERMISSIONS]
        if unknown:
            raise ValueError(f"no such permission: {', '.join(unknown)}; there are {', '.join(PERMISSIONS)}")
        return self

    @model_validator(mode="after")
    def _has_one_way_to_sign(self) -> AccountConfig:
        given = [way for way in (self.api_secret, self.public_key_pem) if way is not None]
        if len(given) != (0 if self.api_key is None else 1):
            raise ValueError("an account with a key needs a secret or a public key, one of them; without, neither")
        return self


def default_accounts(also: Mapping[str, Decimal] = MappingProxyType({})) -> tuple[AccountConfig, ...]:
    """The account of LOCAL_API_KEY and its counterparty; `also` are amounts of further assets to hold."""
    balances = {**also, **_RICH}
    return (
        AccountConfig(
            name=LOCAL_ACCOUNT, api_key=LOCAL_API_KEY, api_secret=SecretStr(LOCAL_API_SECRET), balances=balances
        ),
        AccountConfig(name=COUNTERPARTY, balances={asset: amount * 100 for asset, amount in balances.items()}),
    )


class VenueConfig(Contract):
    """A local venue. Port 0 takes any free one; `step_interval` is in seconds, 0 means that steps are made by hand.

    `symbols` names default markets; `extra_symbols` are markets with rules of their own, listed first, and take the
    place of a default one of the same name. `warmup_steps` of the house are made before the doors open, so that there
    are quotes and trades to see. `legacy_listen_key` brings listen keys back, for clients that know nothing newer.
    `keep` finished orders, fills and the like of each account and market are remembered at least, twice as many trades
    of each market. `replay_symbol` is the market that `candles_file` or `trades_file` moves; `candles_files` names a
    file for each of several markets. Recorded data goes `speed` times as fast as it was recorded; without a speed, by
    one point of it a step; `at_recorded_time`, each point of it happens at its own moment by the venue's clock.
    `history` seconds of the markets' past have happened before the doors open: of recorded data its first part, and
    where that happens at its recorded time, all that was before now if no history is named. With `tls_folder` it speaks
    TLS too, on `tls_port`, with the certificates in that folder, which are made where they are missing. `pace` is how
    many times as fast as the wall its clock goes: connections are kept, and connections and windows of requests judged,
    by the wall.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    allow_remote: bool = False
    seed: int = 1
    symbols: tuple[str, ...] = tuple(DEFAULT_SYMBOLS)
    extra_symbols: tuple[SymbolRules, ...] = ()
    accounts: tuple[AccountConfig, ...] = Field(default_factory=default_accounts)
    limits: LimitsConfig = LimitsConfig()
    exchange_filters: CountFilters = CountFilters()
    liquidity: Liquidity = Liquidity.WALK
    levels: int = Field(default=10, ge=1, le=500)
    volatility: int = Field(default=500, ge=0, le=100_000)
    takes_per_step: int = Field(default=3, ge=0, le=100)
    warmup_steps: int = Field(default=3, ge=0, le=100_000)
    step_interval: float = Field(default=0.0, ge=0.0, le=86_400.0)
    keep: int = Field(default=KEPT, ge=100, le=10_000_000)
    candles_file: Path | None = None
    candles_files: dict[str, Path] = Field(default_factory=dict)
    trades_file: Path | None = None
    replay_symbol: str = "BTCUSDT"
    speed: Price | None = None
    at_recorded_time: bool = False
    history: float | None = Field(default=None, ge=0.0, le=_LONGEST_PAST)
    tls_folder: Path | None = None
    tls_port: int = Field(default=0, ge=0, le=65535)
    legacy_listen_key: bool = False
    pace: float = Field(default=1.0, gt=0, le=100_000)

    def markets(self) -> dict[str, SymbolRules]:
        """Every market by its name."""
        extra = {rules.symbol: rules for rules in self.extra_symbols}
        return {**extra, **{name: rules_of(name) for name in self.symbols if name not in extra}}

    def recordings(self) -> dict[str, Path]:
        """The file of every market that is moved by one."""
        single = self.candles_file or self.trades_file
        return {**({} if single is None else {self.replay_symbol: single}), **self.candles_files}

    @model_validator(mode="after")
    def _replays_what_there_is(self) -> VenueConfig:
        has_candles = self.candles_file is not None or bool(self.candles_files)
        for data, given in ((Liquidity.CANDLES, has_candles), (Liquidity.TRADES, self.trades_file is not None)):
            if (self.liquidity is data) is not given:
                raise ValueError(f"{data}_file and liquidity={data} belong together")
        if self.candles_file is not None and self.replay_symbol in self.candles_files:
            raise ValueError(f"{self.replay_symbol} has two files of candles")
        unknown = [symbol for symbol in self.recordings() if symbol not in self.markets()]
        if unknown:
            named = "candles_files" if unknown[0] in self.candles_files else "replay_symbol"
            raise ValueError(f"{named}: {', '.join(unknown)} is not among the symbols")
        if not self.recordings() and (self.speed is not None or self.at_recorded_time):
            raise ValueError(f"{'speed' if self.speed else 'at_recorded_time'} is for candles and trades only")
        if self.speed is not None and self.at_recorded_time:
            raise ValueError("what happens at its recorded time has no speed but the clock's")
        return self

    @model_validator(mode="after")
    def _hangs_together(self) -> VenueConfig:
        if not self.allow_remote and not is_loopback(self.host):
            raise ValueError(f"{self.host} is not a loopback address; allow_remote=True would open it to others")
        if not self.symbols and not self.extra_symbols:
            raise ValueError("a venue needs a market")
        keys = [account.api_key for account in self.accounts if account.api_key is not None]
        if len(set(keys)) < len(keys) or len(set(self.symbols)) < len(self.symbols):
            raise ValueError("an API key or a symbol is given twice")
        return self


def is_loopback(host: str) -> bool:
    """Whether `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
