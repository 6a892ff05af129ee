"""Keys and secrets: from the environment, the keyring, or a file for its owner's eyes only. Never from a settings file.

Of two places that have one the earlier in that order wins. Where none has, the adapter looks in its own variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dotenv import dotenv_values  # as pydantic-settings reads it, and brings it along
from pydantic import SecretStr

from yunmin.config.plain_yaml import Location
from yunmin.config.problems import Problems
from yunmin.config.secret_files import require_private
from yunmin.config.settings import AccountSettings
from yunmin.errors import ConfigurationError
from yunmin.exchange.config import Credentials

__all__ = ["SECRET_VARIABLES", "FoundSecret", "credentials_of", "find_secrets", "refuse_secrets"]

_VARIABLES: Final = {"api_key": "YUNMIN__ACCOUNT__API_KEY", "api_secret": "YUNMIN__ACCOUNT__API_SECRET"}
SECRET_VARIABLES: Final = frozenset(_VARIABLES.values())
"""The variables that hold a secret: no layer of settings reads them."""

_SECRET_NAME: Final = re.compile(
    r"(^|_)(api_?key|api_?secret|secret(_?key)?|private_?key|passw(or)?d|passphrase|token)$", re.IGNORECASE
).search
_PRIVATE_KEY: Final = "PRIVATE KEY"


@dataclass(frozen=True, slots=True)
class FoundSecret:
    """One secret, `api_key` or `api_secret`, and where it stands; its value is never shown."""

    name: str
    value: SecretStr
    place: str


def refuse_secrets(content: object, problems: Problems) -> None:
    """Add a problem for every secret in `content`: by its name, or because it is a private key."""
    for location in _secrets_in(content, ()):
        problems.add(location, _advice(str(location[-1]).lower().replace("-", "_")))


def find_secrets(account: AccountSettings, environ: Mapping[str, str]) -> tuple[FoundSecret, ...]:
    """The key and the secret of `account`; neither where no place has them.

    Raises ConfigurationError for a file that is open to others, one that cannot be read, a keyring that cannot be
    asked, and for one of the two without the other.
    """
    found = tuple(each for each in (_find(account, environ, name) for name in _VARIABLES) if each is not None)
    if len(found) == 1:
        (there,) = found
        (missing,) = set(_VARIABLES) - {there.name}
        raise ConfigurationError(f"{there.name} comes from {there.place}, but there is no {missing}. Nothing was sent")
    return found


def credentials_of(found: tuple[FoundSecret, ...]) -> Credentials | None:
    """What a connector takes; None leaves it to the adapter."""
    values = {each.name: each.value for each in found}
    return Credentials(**values) if values else None


def _find(account: AccountSettings, environ: Mapping[str, str], name: str) -> FoundSecret | None:
    variable = _VARIABLES[name]
    if environ.get(variable):
        return FoundSecret(name, SecretStr(environ[variable]), variable)
    if account.keyring is not None:
        entry = f"{account.name}.{name}"
        value = _from_keyring(account.keyring, entry)
        if value:
            return FoundSecret(name, SecretStr(value), f"keyring {account.keyring}, {entry}")
    if account.secrets_file is not None:
        value = _from_file(account.secrets_file, name)
        if value:
            return FoundSecret(name, SecretStr(value), str(account.secrets_file))
    return None


def _from_keyring(service: str, entry: str) -> str | None:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        raise ConfigurationError(
            "account.keyring is set, but the package is not installed; run: pip install 'yunmin[keyring]'"
        ) from None
    try:
        value: str | None = keyring.get_password(service, entry)
    except KeyringError as error:
        raise ConfigurationError(f"the keyring {service} cannot be asked: {type(error).__name__}") from None
    return value


def _from_file(path: Path, name: str) -> str | None:
    for each in _VARIABLES:
        require_private(path, each.upper())
    if not path.is_file():
        raise ConfigurationError(f"account.secrets_file: there is no file {path}")
    try:
        values = dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"account.secrets_file: cannot read {path}: {type(error).__name__}") from None
    return next((value for variable, value in values.items() if variable.lower() == name), None)


def _secrets_in(content: object, location: Location) -> Iterator[Location]:
    if isinstance(content, str) and _PRIVATE_KEY in content:
        yield location
    inside: Iterator[tuple[int | str, object]] = iter(())
    if isinstance(content, Mapping):
        inside = iter(content.items())
    elif isinstance(content, list | tuple):
        inside = iter(enumerate(content))
    for name, value in inside:
        if isinstance(name, str) and _SECRET_NAME(name.replace("-", "_")):
            yield (*location, name)
        else:
            yield from _secrets_in(value, (*location, name))


def _advice(name: str) -> str:
    known = name if name in _VARIABLES else "api_secret"
    return (
        "a secret does not belong here, and it was not used. Take it out; where others may have seen it, make a new "
        f"one at the exchange. Then do one of these: set the variable {_VARIABLES[known]}; or run `keyring set yunmin "
        f"main.{known}` and write `keyring: yunmin` into the section account; or write {known.upper()}=... into a "
        "file, run `chmod 600` on it, and write its name as `secrets_file` into the section account"
    )
