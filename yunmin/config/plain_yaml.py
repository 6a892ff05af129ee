"""YAML without its traps: scalars are the text that was written, names stand once, nothing is copied by reference.

PyYAML only composes the nodes here; none of its constructors run, so a file can make no objects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from yunmin.errors import ConfigurationError

__all__ = ["Lines", "Location", "read_plain_yaml"]

Location = tuple[int | str, ...]
"""Where something stands: names of mappings and numbers in lists, from the outside in."""

Lines = dict[Location, int]
"""The line, from one, of everything in a file."""

_WORDS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}
_LARGEST: Final = 1_000_000


def read_plain_yaml(path: Path) -> tuple[Any, Lines]:
    """What stands in the file, and in which lines. Raises ConfigurationError with the place of what cannot be read."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"cannot read {path}: {reason}") from None
    if len(text) > _LARGEST:
        raise ConfigurationError(f"{path} is larger than a file of settings can be")
    lines: Lines = {}
    try:
        node = yaml.compose(text, Loader=yaml.BaseLoader)
        return (None if node is None else _plain(node, (), lines, set())), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f", line {mark.line + 1}"
        # never the line itself: it may hold a secret
        raise ConfigurationError(f"{path}{where}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML ({type(error).__name__})") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: nested too deeply") from None


def _plain(node: yaml.Node, location: Location, lines: Lines, seen: set[int]) -> Any:
    if id(node) in seen:
        raise yaml.MarkedYAMLError(problem="references (*name) are not taken", problem_mark=node.start_mark)
    seen.add(id(node))
    lines.setdefault(location, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, location, lines, seen)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*location, number), lines, seen) for number, one in enumerate(node.value)]
    text: str = node.value
    is_quoted = getattr(node, "style", None) is not None
    return text if is_quoted else _WORDS.get(text, text)


def _mapping(node: yaml.MappingNode, location: Location, lines: Lines, seen: set[int]) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a name must be plain text", problem_mark=key.start_mark)
        if key.value in mapping:
            raise yaml.MarkedYAMLError(problem=f"{key.value} is given twice", problem_mark=key.start_mark)
        lines[(*location, key.value)] = key.start_mark.line + 1
        mapping[key.value] = _plain(value, (*location, key.value), lines, seen)
    return mapping
