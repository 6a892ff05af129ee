"""Keys come from three places, never from a settings file, and are never shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.config.conftest import Complain, Load
from yunmin.config.layers import Flag
from yunmin.config.secrets import find_secrets
from yunmin.config.settings import AccountSettings
from yunmin.errors import ConfigurationError

HIDDEN = "hunter2hunter2"
IN_VARIABLES = {"YUNMIN__ACCOUNT__API_KEY": "key-of-variable", "YUNMIN__ACCOUNT__API_SECRET": HIDDEN}


@pytest.fixture
def secrets_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"API_KEY=key-of-file\nAPI_SECRET={HIDDEN}\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"account: {{api_secret: {HIDDEN}}}",
        f"account: {{api_key: {HIDDEN}}}",
        f"account:\n  api-secret: {HIDDEN}",
        f"api_secret: {HIDDEN}",
        f"account: {{password: {HIDDEN}}}",
        f"account: {{policy: {{secret: {HIDDEN}}}}}",
        f"routes: [{{symbol: BTC/USDT, timeframe: 1m, strategy: x, parameters: {{bot_token: {HIDDEN}}}}}]",
        f"account: {{name: '-----BEGIN PRIVATE KEY----- {HIDDEN}'}}",
    ],
)
def test_a_secret_in_the_file_is_refused_with_what_to_do_and_not_shown(complaint: Complain, text: str) -> None:
    said = complaint(text)
    assert "yunmin.yaml:" in said
    assert "a secret does not belong here" in said
    assert "chmod 600" in said
    assert "YUNMIN__ACCOUNT__API_" in said
    assert HIDDEN not in said


def test_the_advice_is_for_the_secret_that_was_found(complaint: Complain) -> None:
    assert "set the variable YUNMIN__ACCOUNT__API_KEY;" in complaint(f"account: {{api_key: {HIDDEN}}}")


def test_a_secret_on_the_command_line_is_refused(complaint: Complain) -> None:
    said = complaint(flags=[Flag("account.api_secret", HIDDEN, "--set account.api_secret")])
    assert "--set account.api_secret, account.api_secret: a secret does not belong here" in said
    assert HIDDEN not in said


@pytest.mark.parametrize("name", ["YUNMIN__ROUTES", "YUNMIN__ROUTES__0__PARAMETERS"])
def test_a_secret_among_parameters_is_refused_from_a_variable_too(complaint: Complain, name: str) -> None:
    route = "{symbol: BTC/USDT, timeframe: 1m, strategy: x}"
    said = f"{{bot_token: {HIDDEN}}}"
    value = said if name.endswith("PARAMETERS") else f"[{route[:-1]}, parameters: {said}}}]"
    refused = complaint(f"routes: [{route}]", {name: value})
    assert f"{name}, routes[0].parameters.bot_token: a secret does not belong here" in refused
    assert HIDDEN not in refused


def test_a_secret_in_the_wrong_place_is_no_part_of_any_complaint(complaint: Complain) -> None:
    for text in (f"run: {{seed: {HIDDEN}}}", f"account: {{environment: {HIDDEN}}}", f"risk: {{max_dd: {HIDDEN}}}"):
        assert HIDDEN not in complaint(text)
    assert HIDDEN not in complaint(environ={"YUNMIN__RUN__SPEED": HIDDEN})


def test_variables_win_over_the_file_and_the_file_has_what_they_lack(secrets_file: Path) -> None:
    account = AccountSettings(secrets_file=secrets_file)
    key, secret = find_secrets(account, {"YUNMIN__ACCOUNT__API_KEY": "key-of-variable"})
    assert (key.value.get_secret_value(), key.place) == ("key-of-variable", "YUNMIN__ACCOUNT__API_KEY")
    assert (secret.value.get_secret_value(), secret.place) == (HIDDEN, str(secrets_file))
    assert HIDDEN not in repr(secret)


def test_variables_alone_are_enough_and_are_no_settings(load: Load) -> None:
    configuration = load("", IN_VARIABLES)
    credentials = configuration.credentials(IN_VARIABLES)
    assert credentials is not None
    assert credentials.api_secret.get_secret_value() == HIDDEN
    assert HIDDEN not in repr(configuration)
    assert HIDDEN not in str(configuration.rows())


def test_without_any_place_it_is_the_adapters_matter(load: Load) -> None:
    assert load("").credentials({}) is None


def test_one_of_the_two_alone_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match=r"api_secret comes from .*API_SECRET, but there is no api_key"):
        find_secrets(AccountSettings(), {"YUNMIN__ACCOUNT__API_SECRET": HIDDEN})


@pytest.mark.skipif(os.name != "posix", reason="files have no such rights here")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_S3_a_secrets_file_that_others_can_read_is_refused_with_the_chmod_to_type(
    secrets_file: Path, mode: int
) -> None:
    secrets_file.chmod(mode)
    with pytest.raises(ConfigurationError) as refused:
        find_secrets(AccountSettings(secrets_file=secrets_file), {})
    assert f"chmod 600 {secrets_file}" in str(refused.value)
    assert HIDDEN not in str(refused.value)


def test_a_secrets_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no file"):
        find_secrets(AccountSettings(secrets_file=tmp_path / "keys"), {})


# --- the keyring, with a backend of its own that keeps entries in memory ---------------------------------------------


@pytest.fixture
def stored() -> Iterator[dict[tuple[str, str], str]]:
    keyring = pytest.importorskip("keyring", reason="the extra `keyring` is not installed")
    from keyring.backend import KeyringBackend

    entries: dict[tuple[str, str], str] = {}

    class InMemory(KeyringBackend):  # type: ignore[misc]  # keyring is an optional package
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return entries.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            entries[service, username] = password

        def delete_password(self, service: str, username: str) -> None:
            del entries[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield entries
    keyring.set_keyring(before)


def test_the_keyring_has_entries_by_the_account_s_name(stored: dict[tuple[str, str], str]) -> None:
    stored["yunmin", "savings.api_key"] = "key-of-keyring"
    stored["yunmin", "savings.api_secret"] = HIDDEN
    key, secret = find_secrets(AccountSettings(name="savings", keyring="yunmin"), {})
    assert (key.value.get_secret_value(), key.place) == ("key-of-keyring", "keyring yunmin, savings.api_key")
    assert secret.value.get_secret_value() == HIDDEN


def test_a_keyring_that_cannot_be_asked_is_a_clear_error(stored: dict[tuple[str, str], str]) -> None:
    import keyring
    from keyring.backends.fail import Keyring as NoKeyring

    keyring.set_keyring(NoKeyring())
    with pytest.raises(ConfigurationError, match="the keyring yunmin cannot be asked: NoKeyringError"):
        find_secrets(AccountSettings(keyring="yunmin"), {})


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'yunmin\[keyring\]'"):
        find_secrets(AccountSettings(keyring="yunmin"), {})
