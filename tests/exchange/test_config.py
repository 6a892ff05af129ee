"""Who connects, and to where."""

from __future__ import annotations

import pytest

from yunmin.errors import ConfigurationError
from yunmin.exchange import ConnectorConfig, Credentials, Environment, LiveConsent

COMPLETE = LiveConsent(config_says_live=True, command_says_live=True, account="savings")


def test_the_default_is_the_venue_on_this_machine() -> None:
    assert ConnectorConfig().environment is Environment.LOCAL


@pytest.mark.parametrize("url", ["http://127.0.0.1:8390", "http://localhost:1", "http://[::1]:5"])
def test_another_address_may_be_on_this_machine(url: str) -> None:
    assert ConnectorConfig(base_url=url).base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://10.0.0.1",
        "nothing",
        "ftp://127.0.0.1",
        "http://127.0.0.1:x",
    ],
)
def test_no_key_is_sent_to_an_address_elsewhere(url: str) -> None:
    with pytest.raises(ConfigurationError, match="on this machine"):
        ConnectorConfig(base_url=url)


def test_M1_real_money_has_no_other_address_than_its_own() -> None:
    with pytest.raises(ConfigurationError, match="no other address"):
        ConnectorConfig(environment=Environment.LIVE, base_url="http://127.0.0.1:1", live_consent=COMPLETE)


@pytest.mark.parametrize(
    "consent",
    [
        LiveConsent(),
        LiveConsent(command_says_live=True, account="savings"),
        LiveConsent(config_says_live=True, account="savings"),
        LiveConsent(config_says_live=True, command_says_live=True),
        LiveConsent(config_says_live=True, command_says_live=True, account="  "),
    ],
)
def test_M1_real_money_needs_all_three_consents(consent: LiveConsent) -> None:
    with pytest.raises(ConfigurationError, match=r"three consents.*Nothing was sent"):
        ConnectorConfig(
            environment=Environment.LIVE, credentials=Credentials.of("k", "s"), live_consent=consent
        ).require_consent()


def test_with_all_three_it_goes() -> None:
    ConnectorConfig(
        environment=Environment.LIVE, credentials=Credentials.of("k", "s"), live_consent=COMPLETE
    ).require_consent()


def test_without_a_key_there_is_nothing_to_consent_to() -> None:
    ConnectorConfig(environment=Environment.LIVE).require_consent()


def test_only_a_local_clock_has_a_pace_of_its_own() -> None:
    assert ConnectorConfig(pace=60).pace == 60
    with pytest.raises(ConfigurationError, match="wall's pace"):
        ConnectorConfig(environment=Environment.TESTNET, pace=60)


@pytest.mark.parametrize("environment", [e for e in Environment if e is not Environment.LIVE])
def test_play_money_needs_no_consent(environment: Environment) -> None:
    ConnectorConfig(environment=environment).require_consent()


def test_secrets_do_not_show() -> None:
    config = ConnectorConfig(credentials=Credentials.of("canary-key", "canary-secret"))
    for shown in (repr(config), str(config), repr(config.credentials), config.model_dump_json()):
        assert "canary" not in shown


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), 1000])
def test_a_timeout_is_a_sane_number_of_seconds(timeout: float) -> None:
    with pytest.raises(ConfigurationError):
        ConnectorConfig(timeout=timeout)


def test_a_failure_shows_nothing_of_the_credentials_however_they_are_given() -> None:
    canary = {"api_key": "canary-key", "api_secret": "canary-secret"}
    for wrong in ({"credentials": {**canary, "more": 1}}, {"credentials": canary, "base_url": "http://evil.example"}):
        with pytest.raises(ConfigurationError) as caught:
            ConnectorConfig(**wrong)  # wrong on purpose
        error: BaseException | None = caught.value
        while error is not None:
            assert "canary" not in repr(error)
            error = error.__context__
