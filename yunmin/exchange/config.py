"""Who connects, and to where."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_core import ErrorDetails

from yunmin.core.data_contracts.base import Contract
from yunmin.errors import ConfigurationError

__all__ = ["ConnectorConfig", "Credentials", "Environment", "LiveConsent", "PlacementConnection", "is_loopback_url"]


class Environment(StrEnum):
    """LOCAL is the venue on this machine, TESTNET and DEMO the exchange's own play money, LIVE real money."""

    LOCAL = "local"
    TESTNET = "testnet"
    DEMO = "demo"
    LIVE = "live"


class PlacementConnection(StrEnum):
    """Which connection an order may leave on: one proven quiet, or one that never carried anything before."""

    QUIET = "quiet"
    FRESH = "fresh"


class _Setting(Contract):
    """A contract whose failure is a ConfigurationError: it names the fields and never shows what stood in them."""

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
            return
        except ValidationError as error:
            told = [_told(problem) for problem in error.errors(include_input=False, include_context=False)]
        given.clear()  # nor may a traceback that shows locals
        raise ConfigurationError("; ".join(told))


def _told(problem: ErrorDetails) -> str:
    where = ".".join(map(str, problem["loc"]))
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}" if where else message


class Credentials(_Setting):
    """An API key and its secret: an HMAC secret, or a private key as PEM text. Never shown."""

    api_key: SecretStr
    api_secret: SecretStr

    @classmethod
    def of(cls, api_key: str | SecretStr, api_secret: str | SecretStr) -> Self:
        """Wrap both at once."""
        as_secret = [value if isinstance(value, SecretStr) else SecretStr(value) for value in (api_key, api_secret)]
        return cls(api_key=as_secret[0], api_secret=as_secret[1])


class LiveConsent(Contract):
    """The three consents to real money: the configuration's, the command's, and the account's name said aloud."""

    config_says_live: bool = False
    command_says_live: bool = False
    account: str = ""

    @property
    def is_complete(self) -> bool:
        return self.config_says_live and self.command_says_live and bool(self.account.strip())


class ConnectorConfig(_Setting):
    """Everything a connector needs to know to connect.

    `timeout` is in seconds, for one request. `base_url` replaces the environment's own address and must then be on
    this machine, so that no key is ever sent to a stranger. `max_answer_bytes` bounds one answer.

    `pace` is how many times as fast as the wall the exchange's clock goes. Only a local venue's may differ from 1; its
    clock is then the connector's own, and what waits on the wire waits for the wall's time.
    """

    environment: Environment = Environment.LOCAL
    credentials: Credentials | None = Field(default=None, repr=False)
    base_url: str | None = None
    timeout: float = Field(default=5.0, gt=0, le=120)
    rate_limit: bool = True
    placement_connection: PlacementConnection = PlacementConnection.QUIET
    max_answer_bytes: int = Field(default=32 * 1024 * 1024, gt=0)
    live_consent: LiveConsent = LiveConsent()
    pace: float = Field(default=1.0, gt=0, le=100_000)

    @model_validator(mode="after")
    def _only_a_local_clock_has_a_pace(self) -> Self:
        if self.pace != 1 and self.environment is not Environment.LOCAL:
            raise ValueError(f"the clock of {self.environment} goes at the wall's pace")
        return self

    @model_validator(mode="after")
    def _base_url_is_here(self) -> Self:
        if self.base_url is not None and not is_loopback_url(self.base_url):
            raise ValueError("base_url must be an http address on this machine (127.0.0.1, ::1 or localhost)")
        if self.base_url is not None and self.environment is Environment.LIVE:
            raise ValueError("the live environment has no other address than its own")
        return self

    def require_consent(self) -> None:
        """Raise ConfigurationError when this is LIVE and one of the three consents is missing.

        Without credentials there is nothing to consent to: only what everybody may see can be asked for.
        """
        if self.credentials is None:
            return
        if self.environment is Environment.LIVE and not self.live_consent.is_complete:
            raise ConfigurationError(
                "real money needs three consents, and not all are given. Nothing was sent. "
                "Give them by LiveConsent(config_says_live=True, command_says_live=True, account='<its name>'), "
                "or use environment='local' or 'testnet'"
            )


def is_loopback_url(url: str) -> bool:
    """Whether the host of `url` is this machine."""
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_sound and parts.scheme in ("http", "https") and parts.hostname in ("127.0.0.1", "::1", "localhost")
