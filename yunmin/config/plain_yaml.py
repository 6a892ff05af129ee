"""YAML without its traps: scalars are the text that was written, names stand once, nothing is copied by reference.

PyYAML only composes the nodes here; none of its constructors run, so a file can make no objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from yunmin.errors import ConfigurationError

__all__ = ["Lines", "Location", "PlainYaml", "plain_yaml_of", "read_plain_yaml"]

Location = tuple[int | str, ...]
"""Where something stands: names of mappings and numbers in lists, from the outside in."""

Lines = dict[Location, int]
"""The line, from one, of everything in a file."""


@dataclass(frozen=True, slots=True)
class PlainYaml:
    """What stands in a file: mappings, lists and text; of what is not quoted, `true`, `false` and `null` are more."""

    content: Any
    lines: Lines
    quoted: frozenset[Location]


_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_LARGEST: Final = 1_000_000


def read_plain_yaml(path: Path) -> PlainYaml:
    """What stands in the file, and where. Raises ConfigurationError with the place of what cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"cannot read {path}: {reason}") from None
    return plain_yaml_of(text, str(path))


def plain_yaml_of(text: str, title: str) -> PlainYaml:
    """The same for text that came from elsewhere; `title` names it in errors."""
    if len(text) > _LARGEST:
        raise ConfigurationError(f"{title} is larger than a file of settings can be")
    reader = _Reader()
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        content = None if node is None else reader.plain(node, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f", line {mark.line + 1}"
        # never the line itself: it may hold a secret
        raise ConfigurationError(f"{title}{where}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{title}: not YAML ({type(error).__name__})") from None
    except RecursionError:
        raise ConfigurationError(f"{title}: nested too deeply") from None
    return PlainYaml(content, reader.lines, frozenset(reader.quoted))


class _Reader:
    """Makes plain values of nodes, and notes where they stood."""

    def __init__(self) -> None:
        self.lines: Lines = {}
        self.quoted: set[Location] = set()
        self._seen: set[int] = set()

    def plain(self, node: yaml.Node, location: Location) -> Any:
        if id(node) in self._seen:
            raise yaml.MarkedYAMLError(problem="references (*name) are not taken", problem_mark=node.start_mark)
        self._seen.add(id(node))
        self.lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, location)
        if isinstance(node, yaml.SequenceNode):
            return [self.plain(one, (*location, number)) for number, one in enumerate(node.value)]
        text: str = node.value
        if getattr(node, "style", None) is None:
            return _WORDS.get(text, text)
        self.quoted.add(location)
        return text

    def _mapping(self, node: yaml.MappingNode, location: Location) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a name must be plain text", problem_mark=key.start_mark)
            if key.value in mapping:
                raise yaml.MarkedYAMLError(problem=f"{key.value} is given twice", problem_mark=key.start_mark)
            self.lines[(*location, key.value)] = key.start_mark.line + 1
            mapping[key.value] = self.plain(value, (*location, key.value))
        return mapping
