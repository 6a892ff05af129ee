"""A world that is there anyway: an exchange, or a venue that somebody else keeps up."""

from __future__ import annotations

from dataclasses import replace

from yunmin.clock import Clock
from yunmin.config.configuration import Configuration
from yunmin.engine.feeds.market_feed import MarketFeed
from yunmin.engine.worlds.books import WorldOf, claim_books, require_claim
from yunmin.engine.worlds.world import World
from yunmin.errors import ConfigurationError
from yunmin.exchange.config import Environment, LiveConsent
from yunmin.exchange.plugin import AdapterPlugin

__all__ = ["exchange_world", "refuse_playback", "require_consents"]


def exchange_world(
    configuration: Configuration, plugin: AdapterPlugin, environment: Environment, consent: LiveConsent, wall: Clock
) -> World:
    """The account of the settings, at the exchange.

    Raises ConfigurationError, see `require_consents`, and for real money without every limit.
    """
    if environment is Environment.LIVE:
        require_consents(configuration, consent)
        configuration.settings.risk.require_all_for_live()
    refuse_playback(configuration, f"{plugin.title} {environment}")
    wish = replace(configuration.connection_wish(consent), environment=environment.value)
    config = plugin.configure(wish)
    connector = plugin.connector(config, wall)
    folder = configuration.settings.account.folder
    claim = WorldOf(adapter=plugin.name, environment=environment.value, address=config.base_url)
    claim_books(folder, claim)
    return World(
        title=f"{plugin.title}, {environment}" + (f" at {config.base_url}" if config.base_url else ""),
        exchange=plugin.name,
        environment=environment,
        connector=connector,
        feed=MarketFeed(connector, wall, wall_clock=wall),
        clock=wall,
        wall=wall,
        pace=1.0,
        folder=folder,
        policy=configuration.settings.account.policy,
        check_books=lambda: require_claim(folder, claim),
        secrets=() if config.credentials is None else (config.credentials.api_key, config.credentials.api_secret),
    )


def refuse_playback(configuration: Configuration, where: str) -> None:
    run = configuration.settings.run
    if run.speed != 1 or run.candles is not None:
        raise ConfigurationError(
            f"{where} goes at its own pace and by its own prices: run.speed and run.candles are for --local and "
            "--paper. Nothing was sent"
        )


def require_consents(configuration: Configuration, consent: LiveConsent) -> None:
    """Raise ConfigurationError that names every consent to real money that is missing."""
    name = configuration.settings.account.name
    missing = [
        text
        for is_given, text in (
            (
                consent.config_says_live,
                "the settings do not say it: `environment: live` in the section account of yunmin.yaml, or "
                "YUNMIN__ACCOUNT__ENVIRONMENT=live",
            ),
            (consent.command_says_live, "the command does not say it: --live"),
            (
                bool(consent.account.strip()),
                f"the account's name was not said: --account {name}, or typed when it is asked for",
            ),
        )
        if not is_given
    ]
    if missing:
        raise ConfigurationError(
            f"real money needs three consents, and {len(missing)} of them {'is' if len(missing) == 1 else 'are'} "
            "missing. Nothing was sent.\n" + "\n".join(f"  - {each}" for each in missing)
        )
