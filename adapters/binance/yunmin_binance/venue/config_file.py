"""A venue described in a YAML file: its accounts, markets, liquidity, address.

The file has the fields of `VenueConfig`, except that an account may name where its key is kept (`public_key_file`,
`api_secret_env`) and that a symbol may be the name of a default market, or such a name with what is to be different.
Every scalar is read as the text that stands there, so that no digit and no leading zero is lost and `no` is a word;
only `true`, `false` and `null` are more than text.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from yunmin.config.plain_yaml import Lines, Location, read_plain_yaml
from yunmin.config.problems import PlaceOf, Problems, heads
from yunmin.errors import ConfigurationError
from yunmin_binance.venue.config import AccountConfig, VenueConfig
from yunmin_binance.venue.symbols import DEFAULT_SYMBOLS, SymbolRules

__all__ = ["example_config", "read_config_file"]

_NEXT: Final = "`yunmin venue config --example` prints a file that works"

_FILE_ONLY_SECRETS: Final = ("public_key_file", "api_secret_env")
_PATHS: Final = ("candles_file", "trades_file", "tls_folder")


def example_config() -> str:
    """A documented file that works as it stands."""
    return files("yunmin_binance.venue").joinpath("example.yaml").read_text()


def read_config_file(path: Path, overriding: Mapping[str, Any], *, usual: Mapping[str, Any]) -> VenueConfig:
    """The venue that `path` describes; what `overriding` names takes the place of what the file says.

    `usual` are settings for what neither of them names.

    Paths in the file are relative to the file. Raises ConfigurationError, which says what is wrong, in which line, and
    what there is instead.
    """
    plain = read_plain_yaml(path)
    raw = plain.content
    if not isinstance(raw, dict):
        raise ConfigurationError(f"{path}: a venue is a mapping of settings; {_NEXT}")
    problems = Problems(str(path), _line_in(plain.lines), advice=_NEXT)
    wanted = dict(raw)
    wanted |= {name: _beside(path, wanted[name]) for name in _PATHS if name in wanted}
    if isinstance(raw.get("candles_files"), dict):
        wanted["candles_files"] = {symbol: _beside(path, file) for symbol, file in raw["candles_files"].items()}
    if isinstance(raw.get("accounts"), list):
        wanted["accounts"] = [_account(path, problems, number, one) for number, one in enumerate(raw["accounts"])]
    wanted |= _symbols(problems, raw.get("symbols"))
    problems.raise_if_any()
    if "extra_symbols" in overriding:
        wanted["extra_symbols"] = (*overriding["extra_symbols"], *wanted.get("extra_symbols", ()))
    settings = {name: value for name, value in overriding.items() if name != "extra_symbols"}
    try:
        return VenueConfig.model_validate({**usual, **wanted, **settings})
    except ValidationError as error:
        problems.add_all(error, _names_at)
    raise problems.as_error()


def _account(path: Path, problems: Problems, number: int, raw: object) -> object:
    """The account with its key read from where the file says it is kept."""
    if not isinstance(raw, dict):
        return raw
    account = {name: value for name, value in raw.items() if name not in _FILE_ONLY_SECRETS}
    variable, key_file = raw.get("api_secret_env"), raw.get("public_key_file")
    if variable is not None:
        value = os.environ.get(str(variable))
        if value:
            account["api_secret"] = value
        else:
            problems.add(("accounts", number, "api_secret_env"), f"the environment has no variable {variable}")
    if key_file is not None:
        try:
            account["public_key_pem"] = _public_key(_beside(path, key_file))
        except ConfigurationError as error:
            problems.add(("accounts", number, "public_key_file"), str(error))
    return account


def _public_key(path: Path) -> str:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: {type(error).__name__}") from None
    if "PRIVATE KEY" in text:
        raise ConfigurationError(f"{path} holds a private key; the venue needs the public one, keep that to yourself")
    return text


def _symbols(problems: Problems, raw: object) -> dict[str, Any]:
    """`symbols` and `extra_symbols` out of names, and mappings with a name and what is different."""
    if not isinstance(raw, list):
        return {}
    names: list[str] = []
    extra: list[SymbolRules] = []
    for number, one in enumerate(raw):
        if not isinstance(one, dict):
            if one not in DEFAULT_SYMBOLS:
                there = ", ".join(DEFAULT_SYMBOLS)
                problems.add(("symbols", number), f"no default market {one!r}; there are {there}; others need rules")
            else:
                names.append(str(one))
            continue
        usual = DEFAULT_SYMBOLS.get(str(one.get("symbol")))
        merged = {**({} if usual is None else usual.model_dump()), **one}
        try:
            extra.append(SymbolRules.model_validate(merged))
        except ValidationError as error:
            problems.add_all(error, _names_at, ("symbols", number))
    return {"symbols": tuple(names), "extra_symbols": tuple(extra)}


def _line_in(lines: Lines) -> PlaceOf:
    def place_of(location: Location) -> tuple[int, str]:
        line = next((lines[head] for head in heads(location) if head in lines), 1)
        return line, f"line {line}"

    return place_of


def _beside(path: Path, named: object) -> Path:
    return (path.parent / str(named)).resolve()


def _names_at(location: Location) -> list[str]:
    """The names that a mapping at this place of the file may have."""
    if location[0] == "symbols":
        return sorted(SymbolRules.model_fields)
    if location[0] == "accounts" and len(location) > 1:
        return sorted({*AccountConfig.model_fields, *_FILE_ONLY_SECRETS} - {"public_key_pem"})
    field = VenueConfig.model_fields.get(str(location[0]))
    if len(location) > 1 and field is not None and isinstance(field.annotation, type):
        if issubclass(field.annotation, BaseModel):
            return sorted(field.annotation.model_fields)
    return sorted(set(VenueConfig.model_fields) - {"extra_symbols"})
