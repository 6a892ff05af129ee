"""Everything that is wrong with what people wrote, told at once, each with its place and what there is instead."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches

from pydantic import ValidationError

from yunmin.config.plain_yaml import Location
from yunmin.errors import ConfigurationError

__all__ = ["NamesAt", "PlaceOf", "Problems", "dotted", "heads", "no_such_setting"]

PlaceOf = Callable[[Location], tuple[int, str]]
"""Where something was written: a number by which places are put in order, and the place in words."""

NamesAt = Callable[[Location], Collection[str]]
"""The names that may stand beside the last one of a location."""


class Problems:
    """Collected while reading `title`; `advice` is what to do next."""

    def __init__(self, title: str, place_of: PlaceOf, *, advice: str) -> None:
        self._title = title
        self._place_of = place_of
        self._advice = advice
        self._said: list[tuple[int, str]] = []

    def add(self, location: Location, message: str) -> None:
        """Something is wrong at `location`; the message must not repeat what stands there: it may be a secret."""
        order, place = self._place_of(location)
        self._said.append((order, f"{place}, {dotted(location)}: {message}"))

    def add_all(self, error: ValidationError, names_at: NamesAt, below: Location = ()) -> None:
        """All that a model found, which was made of what stands at `below`."""
        for found in error.errors(include_input=False, include_context=False, include_url=False):
            location: Location = (*below, *found["loc"])
            is_unknown = found["type"] == "extra_forbidden"
            said = no_such_setting(str(location[-1]), names_at(location)) if is_unknown else found["msg"]
            self.add(location, said.removeprefix("Value error, "))

    def raise_if_any(self) -> None:
        """Raise ConfigurationError where something was wrong."""
        if self._said:
            raise self.as_error()

    def as_error(self) -> ConfigurationError:
        """All of it, in the order in which it was written."""
        said = [text.rstrip(".") for _, text in sorted(self._said)]
        listed = f" {said[0]}. " if len(said) == 1 else "\n" + "".join(f"  - {each}\n" for each in said)
        return ConfigurationError(f"{self._title}:{listed}{self._advice}")


def no_such_setting(name: str, known: Collection[str]) -> str:
    """What is said of a name that is none: the one that was meant, or all there are."""
    near = get_close_matches(name, known, n=1)
    return f"no such setting; did you mean {near[0]}?" if near else f"no such setting; there are {', '.join(known)}"


def heads(location: Location) -> list[Location]:
    """The location itself, then what it stands in, and so on outwards."""
    return [location[:length] for length in range(len(location), 0, -1)]


def dotted(location: Location) -> str:
    """As people write it: `accounts[0].name`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"
