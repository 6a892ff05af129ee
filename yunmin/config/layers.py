"""Layers of settings, and how one is laid over another: the later wins for each value, and leaves the rest alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from yunmin.config.origins import BUILT_IN, Origin, Source
from yunmin.config.plain_yaml import Location, PlainYaml, read_plain_yaml
from yunmin.config.problems import Problems, dotted, heads
from yunmin.config.secrets import SECRET_VARIABLES, refuse_secrets
from yunmin.config.settings import Settings
from yunmin.config.typed_text import Unread, typed_settings
from yunmin.errors import ConfigurationError

__all__ = [
    "ENVIRONMENT_PREFIX",
    "Flag",
    "Layer",
    "environment_layer",
    "file_layer",
    "flag_layer",
    "laid_over",
    "origin_at",
    "problems_of",
    "shown_path",
]

ENVIRONMENT_PREFIX: Final = "YUNMIN__"
_ADVICE: Final = "`yunmin config schema` has every setting, `yunmin config show` those that hold"


@dataclass(frozen=True, slots=True)
class Flag:
    """What the command line said of one setting: `Flag("account.environment", "testnet", "--testnet")`."""

    setting: str
    value: str
    name: str


@dataclass(frozen=True, slots=True)
class Layer:
    """Typed values as they are nested, and the origin of each."""

    values: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[Location, Origin] = field(default_factory=dict)


def file_layer(path: Path, source: Source) -> Layer:
    """What a file says. Raises ConfigurationError naming every place that is wrong, and any secret."""
    plain = read_plain_yaml(path)
    shown = path.name if source is Source.DEFAULT_FILE else shown_path(path)
    origins = {place: Origin(source, f"{shown}:{line}", line) for place, line in plain.lines.items()}
    return _layer(plain, origins)


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """What the variables `YUNMIN__SECTION__NAME` say; an empty one says nothing, as one that is not there."""
    said = [
        (_location(name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")), text, Origin(Source.ENVIRONMENT, name))
        for name, text in sorted(environ.items())
        if name.startswith(ENVIRONMENT_PREFIX) and text and name not in SECRET_VARIABLES
    ]
    return _layer_of(said)


def flag_layer(flags: Sequence[Flag]) -> Layer:
    """What the command line says; of two flags for one setting the later wins."""
    said = [(_location(each.setting.split(".")), each.value, Origin(Source.FLAG, each.name)) for each in flags]
    return _layer_of(said)


def laid_over(below: Layer, above: Layer) -> Layer:
    """`below` with all that `above` says. A list takes the place of a list; `routes[0].enabled` changes one value.

    Raises ConfigurationError where `above` changes a part of a list that is not there.
    """
    origins = dict(below.origins)
    values = _merged(below.values, above.values, (), origins, above.origins)
    return Layer(values, origins)


def shown_path(path: Path) -> str:
    """As short as it can be without being mistaken."""
    absolute = path.absolute()
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)


def origin_at(origins: Mapping[Location, Origin], location: Location) -> Origin:
    """The origin of what stands at `location`, or of the nearest thing that it stands in."""
    return next((origins[head] for head in heads(location) if head in origins), BUILT_IN)


def problems_of(origins: Mapping[Location, Origin]) -> Problems:
    """An empty collection of problems for what was written at `origins`."""

    def place_of(location: Location) -> tuple[int, str]:
        origin = origin_at(origins, location)
        return int(origin.source) * 1_000_000 + origin.line, origin.place

    return Problems("these settings cannot be used", place_of, advice=_ADVICE)


def _layer_of(said: Sequence[tuple[Location, str, Origin]]) -> Layer:
    content: dict[str | int, Any] = {}
    origins: dict[Location, Origin] = {}
    for location, text, origin in said:
        _put(content, location, Unread(text), origin)
        origins[location] = origin
    return _layer(PlainYaml(content, {}, frozenset()), origins)


def _layer(plain: PlainYaml, origins: Mapping[Location, Origin]) -> Layer:
    problems = problems_of(origins)
    refuse_secrets(plain.content, problems)
    problems.raise_if_any()
    values = typed_settings(Settings, {} if plain.content is None else plain.content, plain.quoted, problems)
    refuse_secrets(values, problems)  # what a variable says of a whole route was one text until now
    problems.raise_if_any()
    return Layer(values, {place: origin_at(origins, place) for place in _places(values)} | dict(origins))


def _places(value: object, location: Location = ()) -> Iterator[Location]:
    """Where there is a value, or a mapping or list with nothing in it."""
    inside: Iterable[tuple[int | str, object]] = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, tuple):
        inside = list(enumerate(value))
    if not inside:
        yield location
    for name, each in inside:
        yield from _places(each, (*location, name))


def _put(content: dict[str | int, Any], location: Location, value: Unread, origin: Origin) -> None:
    inside = content
    for part in location[:-1]:
        inside = inside.setdefault(part, {})
        if not isinstance(inside, dict):
            raise ConfigurationError(f"{origin}: another one sets all of what this is a part of. {_ADVICE}")
    if isinstance(inside.get(location[-1]), dict):
        raise ConfigurationError(f"{origin}: another one sets a part of this. {_ADVICE}")
    inside[location[-1]] = value


def _location(parts: Sequence[str]) -> Location:
    return tuple(int(part) if part.isascii() and part.isdigit() and len(part) < 7 else part for part in parts)


def _merged(
    below: Any, above: Any, location: Location, origins: dict[Location, Origin], new: Mapping[Location, Origin]
) -> Any:
    if isinstance(above, Mapping) and isinstance(below, Mapping):
        return dict(below) | {
            name: _merged(below.get(name), value, (*location, name), origins, new) for name, value in above.items()
        }
    if isinstance(above, Mapping) and any(isinstance(name, int) for name in above):
        return _changed(below, above, location, origins, new)
    _take_over(location, origins, new)
    return above


def _changed(
    below: Any,
    above: Mapping[int, Any],
    location: Location,
    origins: dict[Location, Origin],
    new: Mapping[Location, Origin],
) -> tuple[Any, ...]:
    """A list with some of its entries changed in part."""
    entries = list(below or ())
    for number, value in above.items():
        if not 0 <= number < len(entries):
            raise _no_entry((*location, number), len(entries), new)
        entries[number] = _merged(entries[number], value, (*location, number), origins, new)
    return tuple(entries)


def _no_entry(location: Location, there: int, new: Mapping[Location, Origin]) -> ConfigurationError:
    written = next(place for place in new if place[: len(location)] == location)
    problems = problems_of(new)
    problems.add(written, f"there is no {dotted(location)} to change; there are {there}, counted from 0")
    return problems.as_error()


def _take_over(location: Location, origins: dict[Location, Origin], new: Mapping[Location, Origin]) -> None:
    depth = len(location)
    for place in [place for place in origins if place[:depth] == location]:
        del origins[place]
    origins.update({place: origin for place, origin in new.items() if place[:depth] == location})
