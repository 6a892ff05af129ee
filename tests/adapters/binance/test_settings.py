"""S3: a file that holds the API secret and is open to others is refused where the key is worth something."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from yunmin.errors import ConfigurationError
from yunmin.exchange import ConnectionWish, Credentials, Environment, registry
from yunmin_binance.settings import resolve_config

pytestmark = pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")

SECRET = "BINANCE_API_KEY=k\nBINANCE_API_SECRET=hidden\n"


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `.env` in the working directory, open to everybody on the machine."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".env"
    path.write_text(SECRET)
    path.chmod(0o644)
    return path


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666, 0o610])
@pytest.mark.parametrize("environment", [Environment.TESTNET, Environment.DEMO, Environment.LIVE])
def test_S3_a_secret_that_others_can_read_is_refused_and_the_cure_is_told(
    env_file: Path, environment: Environment, mode: int
) -> None:
    env_file.chmod(mode)
    with pytest.raises(ConfigurationError) as refused:
        resolve_config(environment=environment)
    assert f"chmod 600 {env_file}" in str(refused.value)
    assert "hidden" not in str(refused.value)


def test_S3_the_cure_helps(env_file: Path) -> None:
    env_file.chmod(0o600)
    config = resolve_config(environment="testnet")
    assert config.credentials is not None
    assert config.credentials.api_secret.get_secret_value() == "hidden"


def test_S3_the_local_venue_is_for_play_and_asks_nothing(env_file: Path) -> None:
    assert resolve_config(environment="local").environment is Environment.LOCAL


def test_S3_a_file_without_a_secret_may_be_read_by_all(env_file: Path) -> None:
    env_file.write_text("BINANCE_TESTNET=true\nBINANCE_API_SECRET=\n")
    assert resolve_config(environment="testnet").credentials is None


def test_S3_a_secret_under_a_name_in_small_letters_is_one_too(env_file: Path) -> None:
    env_file.write_text("export binance_api_secret='hidden'\n")
    with pytest.raises(ConfigurationError, match="chmod 600"):
        resolve_config(environment="testnet")


def test_S3_who_gives_the_key_by_hand_does_not_need_the_file(env_file: Path) -> None:
    assert resolve_config(environment="testnet", api_key="k", api_secret="s").credentials is not None


def test_the_keys_of_a_user_s_settings_go_before_the_environment_s_and_the_file_is_not_needed(env_file: Path) -> None:
    wish = ConnectionWish(environment="testnet", credentials=Credentials.of("k", "settings"))
    config = registry.load("binance").configure(wish)
    assert config.credentials == Credentials.of("k", "settings")


def test_the_keys_of_a_user_s_settings_never_go_to_the_local_venue() -> None:
    wish = ConnectionWish(environment="local", credentials=Credentials.of("k", "settings"))
    config = registry.load("binance").configure(wish)
    assert config.credentials is not None
    assert config.credentials.api_secret.get_secret_value() != "settings"
