"""What a program can be told: the sections of `yunmin.yaml`, each a frozen value with defaults.

`default.yaml` beside this file has every setting with its default and a word about it. How several sources are laid
over each other is `layers.py`'s matter; where a value came from, a `Configuration`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer, ValidationError, model_validator

from yunmin.config.typed_text import Scalar
from yunmin.core.data_contracts.base import CheckedContract
from yunmin.core.data_contracts.frozen_mapping import FrozenMapping
from yunmin.core.data_contracts.route import Route
from yunmin.core.data_contracts.timeframe import Timeframe
from yunmin.exchange.config import Environment, is_loopback_url
from yunmin.exchange.plugin import VenueOptions
from yunmin.execution.policy import AccountPolicy
from yunmin.execution.risk_limits import RiskLimits

__all__ = [
    "AccountSettings",
    "LogFormat",
    "LogLevel",
    "LoggingSettings",
    "PaperSettings",
    "RouteSettings",
    "RunSettings",
    "Settings",
    "VenueSettings",
]


def _here(url: str) -> str:
    if not is_loopback_url(url):
        raise ValueError("an http address on this machine (127.0.0.1, ::1 or localhost)")
    return url


_LocalUrl = Annotated[str, AfterValidator(_here)]
_Parameters = Annotated[Mapping[str, Scalar], AfterValidator(FrozenMapping), PlainSerializer(dict, return_type=dict)]

_Balances = Annotated[
    Mapping[str, Annotated[Decimal, Field(ge=0, decimal_places=8)]],
    AfterValidator(FrozenMapping),
    PlainSerializer(dict, return_type=dict),
]


class _Section(CheckedContract):
    model_config = ConfigDict(strict=True)


class AccountSettings(_Section):
    """Who trades where. `name` is what has to be said aloud before real money is traded.

    `adapter` is needed only where several are installed. `timeout` is in seconds, for one request. `folder` has the
    journal. `currency` is the asset in which the account's worth and its limits are told. `base_url` is another address
    on this machine. Keys are never here: they come from the environment, from
    the `keyring` of that service name, or from `secrets_file`.
    """

    name: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    adapter: str | None = Field(default=None, min_length=1, max_length=64)
    environment: Environment = Environment.LOCAL
    base_url: _LocalUrl | None = None
    timeout: float = Field(default=5.0, gt=0, le=120)
    currency: str = Field(default="USDT", pattern=r"^[A-Z0-9]{2,20}$")
    folder: Path = Path("accounts/main")
    keyring: str | None = Field(default=None, min_length=1, max_length=128)
    secrets_file: Path | None = None
    policy: AccountPolicy = AccountPolicy()


class RouteSettings(_Section):
    """One strategy on one market. Without an `exchange` it is the account's own; `risk` may only be tighter."""

    exchange: str | None = Field(default=None, min_length=1, max_length=64)
    symbol: str = Field(min_length=3, max_length=64)
    timeframe: Timeframe
    strategy: str = Field(min_length=1, max_length=512)
    parameters: _Parameters = Field(default_factory=lambda: FrozenMapping({}))
    risk: RiskLimits = RiskLimits()
    label: str = Field(default="", max_length=64)
    enabled: bool = True

    @model_validator(mode="after")
    def _makes_a_route(self) -> Self:
        try:
            self.at("account")
        except ValidationError as error:
            found = error.errors(include_input=False, include_context=False, include_url=False)
            told = [f"{each['loc'][0]}: {each['msg'].removeprefix('Value error, ')}" for each in found]
            raise ValueError("; ".join(told)) from None
        return self

    def at(self, exchange: str) -> Route:
        """The route itself; `exchange` is taken where it names none."""
        given = {name: getattr(self.risk, name) for name in self.risk.model_fields_set}
        return Route(
            exchange=self.exchange or exchange,
            symbol=self.symbol,
            timeframe=self.timeframe,
            strategy_name=self.strategy,
            parameters=self.parameters,
            risk={name: limit for name, limit in given.items() if limit is not None},
            label=self.label,
            enabled=self.enabled,
        )


class RunSettings(_Section):
    """How `yunmin run` runs: for how long (None: until it is stopped), how fast, on which recorded candles.

    A route is switched off when its strategy does not return for `strategy_patience` seconds of the machine's clock, or
    fails `strategy_failures` times in a row.
    """

    duration: timedelta | None = Field(default=None, gt=timedelta())
    speed: Decimal = Field(default=Decimal(1), gt=0, le=100_000)
    candles: Path | None = None
    seed: int = Field(default=0, ge=0)
    strategy_patience: float = Field(default=10.0, gt=0, le=3600)
    strategy_failures: int = Field(default=3, ge=1, le=1_000_000)


class LogLevel(StrEnum):
    """The least that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """AUTO is CONSOLE on a terminal, and JSON, an object a line, elsewhere."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LoggingSettings(_Section):
    """What is written while a program runs, how, and where (None: stderr)."""

    level: LogLevel = LogLevel.INFO
    format: LogFormat = LogFormat.AUTO
    file: Path | None = None


class VenueSettings(_Section):
    """The local venue; what is None is as `config_file` says, else as usual. `step_interval` is in seconds."""

    config_file: Path | None = None
    port: int | None = Field(default=None, ge=0, le=65535)
    seed: int | None = Field(default=None, ge=0)
    step_interval: float | None = Field(default=None, ge=0, le=3600)
    state_file: Path | None = None

    def options(self) -> VenueOptions:
        """The same, in the words of the adapters."""
        return VenueOptions(
            config_file=None if self.config_file is None else str(self.config_file),
            port=self.port,
            seed=self.seed,
            step_interval=self.step_interval,
            state_file=None if self.state_file is None else str(self.state_file),
        )


class PaperSettings(_Section):
    """The account of a paper run: what it begins with, by asset, and its fees, as fractions of what is received."""

    balances: _Balances = Field(default_factory=lambda: FrozenMapping({"USDT": Decimal(100_000)}))
    maker_rate: Decimal = Field(default=Decimal("0.001"), ge=0, lt=1, decimal_places=8)
    taker_rate: Decimal = Field(default=Decimal("0.001"), ge=0, lt=1, decimal_places=8)


class Settings(_Section):
    """All of it. Paths are as they were written: a `Configuration` knows from where they go out."""

    account: AccountSettings = AccountSettings()
    routes: tuple[RouteSettings, ...] = ()
    risk: RiskLimits = RiskLimits()
    run: RunSettings = RunSettings()
    logging: LoggingSettings = LoggingSettings()
    venue: VenueSettings = VenueSettings()
    paper: PaperSettings = PaperSettings()

    def routes_at(self, exchange: str) -> tuple[Route, ...]:
        """The routes; `exchange` is taken by those that name none."""
        return tuple(route.at(exchange) for route in self.routes)

    @model_validator(mode="after")
    def _nothing_stands_twice(self) -> Self:
        names = [route.at("account").name for route in self.routes]
        twice = sorted({name.removeprefix("account:") for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two routes are alike ({', '.join(twice)}); give one of them a label of its own")
        return self
