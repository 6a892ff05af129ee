"""What the environment and `.env` say: BINANCE_API_KEY, BINANCE_API_SECRET, BINANCE_TESTNET, BINANCE_BASE_URL.

A `.env` that holds the secret and is open to others is refused, but for the local venue, whose keys are play money.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from yunmin.config.secret_files import require_private
from yunmin.errors import ConfigurationError
from yunmin.exchange import ConnectorConfig, Credentials, Environment, LiveConsent
from yunmin_binance.local_account import LOCAL_CREDENTIALS

__all__ = ["BinanceSettings", "read_settings", "resolve_config"]

_FILE: Final = ".env"


class BinanceSettings(BaseSettings):
    """Read from the environment first, then from `.env` in the working directory.

    `base_url` replaces the address of the local, testnet or demo environment by one on this machine, for example that
    of `yunmin venue up`.
    """

    model_config = SettingsConfigDict(
        env_prefix="BINANCE_", env_file=_FILE, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    api_key: SecretStr | None = None
    api_secret: SecretStr | None = None
    testnet: bool | None = None
    base_url: str | None = None


def read_settings() -> BinanceSettings:
    """The settings as they stand now. Raises ConfigurationError, which names the variable but not its value."""
    try:
        return BinanceSettings()
    except ValidationError as error:
        names = sorted({f"BINANCE_{str(problem['loc'][0]).upper()}" for problem in error.errors(include_input=False)})
        problem = f"{', '.join(names)} (in the environment or .env) cannot be read; BINANCE_TESTNET is true or false"
    except UnicodeDecodeError:
        problem = ".env in the working directory is no UTF-8 text"
    raise ConfigurationError(problem)


def resolve_config(
    *,
    api_key: str | SecretStr | None = None,
    api_secret: str | SecretStr | None = None,
    testnet: bool | None = None,
    environment: str | Environment | None = None,
    base_url: str | None = None,
    timeout: float = 5.0,
    live_consent: LiveConsent | None = None,
    credentials: Credentials | None = None,
) -> ConnectorConfig:
    """What the caller said, completed by the environment: the caller wins.

    Without a word the environment is LOCAL, with the venue's own play-money credentials. `testnet=True` is TESTNET,
    `testnet=False` is LIVE, which needs its three consents. `credentials` go before the environment's own, but never to
    a local venue. Raises ConfigurationError, also where `.env` holds the
    secret, is needed for it, and can be read by others.
    """
    settings = read_settings()
    chosen = _environment(environment, testnet=settings.testnet if testnet is None else testnet)
    return ConnectorConfig(
        environment=chosen,
        credentials=_credentials(api_key, api_secret, settings, chosen, credentials),
        base_url=base_url or settings.base_url,
        timeout=timeout,
        rate_limit=chosen is not Environment.LOCAL,
        live_consent=live_consent or LiveConsent(),
    )


def _environment(environment: str | Environment | None, *, testnet: bool | None) -> Environment:
    if environment is not None:
        if environment not in {known.value for known in Environment}:
            raise ConfigurationError(f"environment is one of {', '.join(Environment)}; not {environment!r}")
        return Environment(environment)
    if testnet is None:
        return Environment.LOCAL
    return Environment.TESTNET if testnet else Environment.LIVE


def _credentials(
    api_key: str | SecretStr | None,
    api_secret: str | SecretStr | None,
    settings: BinanceSettings,
    environment: Environment,
    wished: Credentials | None,
) -> Credentials | None:
    """What was given; for LOCAL the play-money pair; else what was wished or the environment has; None for neither."""
    if (api_key is None) != (api_secret is None):
        raise ConfigurationError("api_key and api_secret go together; one of them is missing")
    if api_key is not None and api_secret is not None:
        return Credentials.of(api_key, api_secret)
    if environment is Environment.LOCAL:
        return LOCAL_CREDENTIALS
    if wished is not None:
        return wished
    require_private(Path(_FILE), "BINANCE_API_SECRET")
    if settings.api_key is not None and settings.api_secret is not None:
        return Credentials.of(settings.api_key, settings.api_secret)
    return None
