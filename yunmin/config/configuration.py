"""Settings from all their sources, checked together, each of which knows where it came from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ValidationError

from yunmin.config.layers import (
    Flag,
    Layer,
    environment_layer,
    file_layer,
    flag_layer,
    laid_over,
    origin_at,
    problems_of,
)
from yunmin.config.origins import BUILT_IN, Origin, Origins, Source
from yunmin.config.plain_yaml import Location
from yunmin.config.problems import Problems, dotted
from yunmin.config.secrets import credentials_of, find_secrets
from yunmin.config.settings import Settings
from yunmin.errors import ConfigurationError
from yunmin.exchange.config import Credentials, Environment, LiveConsent
from yunmin.exchange.plugin import ConnectionWish

__all__ = ["USUAL_FILE", "Configuration", "Row", "load_configuration"]

USUAL_FILE: Final = "yunmin.yaml"
"""The settings file that is read where none is named, if it is there."""


class Row(NamedTuple):
    """One setting as it holds, and where it came from."""

    name: str
    value: object
    origin: Origin


@dataclass(frozen=True, slots=True)
class Configuration:
    """`folder` is the working folder: that of the settings file, else the one the program was started in."""

    settings: Settings
    origins: Origins
    folder: Path
    file: Path | None

    def origin_of(self, *location: int | str) -> Origin:
        """Where the value at `location` came from: `origin_of("risk", "max_dd")`."""
        return self.origins.get(location, BUILT_IN)

    def says(self, *location: int | str) -> bool:
        """Whether somebody set the value at `location`: it is not merely a default."""
        return self.origin_of(*location).source > Source.DEFAULT_FILE

    def rows(self, section: str | None = None) -> list[Row]:
        """Every value, in the order of the sections. Raises ConfigurationError for a section that is none."""
        if section is not None and section not in Settings.model_fields:
            raise ConfigurationError(f"no section {section!r}; there are {', '.join(Settings.model_fields)}")
        wanted = Settings.model_fields if section is None else (section,)
        return [
            Row(dotted(place), value, self.origins.get(place, BUILT_IN))
            for name in wanted
            for place, value in _leaves(getattr(self.settings, name), (name,))
        ]

    def problems(self) -> Problems:
        """None so far: for whoever finds that a value cannot be used, to be told with the value's origin."""
        return problems_of(self.origins)

    def strategy_at(self, name: str) -> str:
        """A strategy's name as `load_strategy` takes it: a file's goes out from the working folder."""
        path, separator, class_name = name.partition(".py")
        return f"{self.folder / Path(path).expanduser()}.py{class_name}" if separator else name

    def live_consent(self, *, command_says_live: bool, account: str) -> LiveConsent:
        """The three consents. The configuration's own is given by a file or a variable; a flag is the command's."""
        account_settings = self.settings.account
        is_written = self.origin_of("account", "environment").source is not Source.FLAG
        return LiveConsent(
            config_says_live=is_written and account_settings.environment is Environment.LIVE,
            command_says_live=command_says_live,
            account=account if account == account_settings.name else "",
        )

    def connection_wish(
        self, live_consent: LiveConsent | None = None, environ: Mapping[str, str] | None = None
    ) -> ConnectionWish:
        """Where to connect and as whom, for an adapter to complete. Raises ConfigurationError, see `find_secrets`."""
        account = self.settings.account
        return ConnectionWish(
            environment=account.environment.value,
            base_url=account.base_url,
            timeout=account.timeout,
            live_consent=live_consent,
            credentials=self.credentials(environ),
        )

    def credentials(self, environ: Mapping[str, str] | None = None) -> Credentials | None:
        """The account's keys; None leaves them to the adapter. Raises ConfigurationError, see `find_secrets`."""
        return credentials_of(find_secrets(self.settings.account, os.environ if environ is None else environ))


def load_configuration(
    file: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    flags: Sequence[Flag] = (),
    folder: Path | None = None,
) -> Configuration:
    """default.yaml, then `file` (else `yunmin.yaml` in `folder`, if there), then `environ`, then `flags`.

    Paths that a file names go out from the working folder, those of variables and flags from the current one.

    Raises ConfigurationError, which names every place that is wrong and what there is instead.
    """
    current = Path.cwd() if folder is None else folder
    path = _user_file(file, current)
    working = current if path is None else path.absolute().parent
    layers = [
        *_from_files(path),
        environment_layer(os.environ if environ is None else environ),
        flag_layer(flags),
    ]
    whole = Layer()
    for layer in layers:
        whole = laid_over(whole, layer)
    values = _placed(whole.values, (), whole.origins, working.absolute(), current.absolute())
    return Configuration(_checked(replace(whole, values=values)), whole.origins, working.absolute(), path)


def _user_file(file: Path | None, folder: Path) -> Path | None:
    if file is not None:
        return file
    usual = folder / USUAL_FILE
    return usual if usual.exists() else None


def _from_files(path: Path | None) -> Iterator[Layer]:
    with as_file(files("yunmin.config").joinpath("default.yaml")) as default:
        yield file_layer(default, Source.DEFAULT_FILE)
    if path is not None:
        yield file_layer(path, Source.USER_FILE)


def _checked(whole: Layer) -> Settings:
    problems = problems_of(whole.origins)
    try:
        settings = Settings.model_validate(whole.values)
    except ValidationError as error:
        problems.add_all(error, lambda _: ())
        raise problems.as_error() from None
    for number, route in enumerate(settings.routes):
        own = {name: getattr(route.risk, name) for name in route.risk.model_fields_set}
        try:
            settings.risk.tightened({name: limit for name, limit in own.items() if limit is not None})
        except ConfigurationError as error:
            problems.add(("routes", number, "risk"), str(error))
    problems.raise_if_any()
    return settings


def _placed(value: Any, location: Location, origins: Origins, working: Path, current: Path) -> Any:
    """The same with absolute paths."""
    if isinstance(value, Path):
        return (working if origin_at(origins, location).source <= Source.USER_FILE else current) / value
    if isinstance(value, Mapping):
        return {name: _placed(each, (*location, name), origins, working, current) for name, each in value.items()}
    if isinstance(value, tuple):
        return tuple(_placed(each, (*location, n), origins, working, current) for n, each in enumerate(value))
    return value


def _leaves(value: object, location: Location) -> Iterator[tuple[Location, object]]:
    inside: list[tuple[int | str, object]] = []
    if isinstance(value, BaseModel):
        inside = [(name, getattr(value, name)) for name in _told(value, location)]
    elif isinstance(value, Mapping):
        inside = list(value.items())
    elif isinstance(value, tuple):
        inside = list(enumerate(value))
    if not inside:
        yield location, value
    for name, each in inside:
        yield from _leaves(each, (*location, name))


def _told(value: BaseModel, location: Location) -> list[str]:
    """Of a route's own limits those that it sets; of everything else all."""
    names = list(type(value).model_fields)
    is_override = location[:1] == ("routes",) and location[-1:] == ("risk",)
    return [name for name in names if name in value.model_fields_set] if is_override else names
