"""Where a value came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from yunmin.config.plain_yaml import Location

__all__ = ["BUILT_IN", "Origin", "Origins", "Source"]


class Source(IntEnum):
    """The layers, from the ground up: of two that name a value, the later wins."""

    BUILT_IN = 0
    DEFAULT_FILE = 1
    USER_FILE = 2
    ENVIRONMENT = 3
    FLAG = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """`place` is for people: `yunmin.yaml:7`, the name of a variable, a flag. `line` is zero where there is none."""

    source: Source
    place: str
    line: int = 0

    def __str__(self) -> str:
        return self.place


BUILT_IN = Origin(Source.BUILT_IN, "built in")
"""A default that stands in the code alone."""

Origins = Mapping[Location, Origin]
"""Of every place that was written down; lists and mappings as a whole have theirs too."""
