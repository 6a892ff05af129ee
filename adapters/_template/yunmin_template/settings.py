"""What the environment and a `.env` file say: TEMPLATE_API_KEY, TEMPLATE_API_SECRET, TEMPLATE_TESTNET."""

from __future__ import annotations

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from yunmin.errors import ConfigurationError
from yunmin.exchange import ConnectionWish, ConnectorConfig, Credentials, Environment, LiveConsent

__all__ = ["resolve_config"]


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="TEMPLATE_", env_file=".env", extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    api_key: SecretStr | None = None
    api_secret: SecretStr | None = None
    testnet: bool = True


def resolve_config(wish: ConnectionWish) -> ConnectorConfig:
    """What the user said, completed by the environment: the user wins. Raises ConfigurationError, showing no value."""
    try:
        settings = _Settings()
        default = Environment.TESTNET if settings.testnet else Environment.LIVE
        keys = (settings.api_key, settings.api_secret)
        own = None if keys[0] is None or keys[1] is None else Credentials.of(keys[0], keys[1])
        return ConnectorConfig(
            environment=Environment(wish.environment) if wish.environment else default,
            credentials=wish.credentials or own,
            base_url=wish.base_url,
            timeout=wish.timeout,
            live_consent=wish.live_consent or LiveConsent(),
        )
    except ValidationError as error:
        problems = "; ".join(found["msg"] for found in error.errors(include_input=False, include_context=False))
    except ValueError:
        problems = f"environment is one of {', '.join(Environment)}"
    raise ConfigurationError(problems)
