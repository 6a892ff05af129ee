"""From the text that people write to the types that settings have, without a guess in between.

A field of text takes `no` and `012` as they stand; a field that is a number takes neither. What a field is, its model
says; nothing here depends on how a text looks, except for the parameters of strategies, whose types no model knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel

from yunmin.config.plain_yaml import Location, plain_yaml_of
from yunmin.config.problems import Problems, no_such_setting
from yunmin.core.data_contracts.money import to_decimal
from yunmin.errors import ConfigurationError, InvalidValue

__all__ = ["Scalar", "Unread", "typed_settings"]

Scalar = bool | int | Decimal | str
"""A value of which only the file says what it is: a word, a whole number, a number with a point, or text."""

_WHOLE: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,17})", re.ASCII).fullmatch
_LEADING_ZERO: Final = re.compile(r"[+-]?0[0-9]", re.ASCII).match
_LENGTH_OF_TIME: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)", re.ASCII).fullmatch
_UNITS: Final = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WORDS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None}

_NOTHING: Final = object()
"""Stands for what was not said, or was wrong."""


class Unread(str):
    """Text from the environment or a flag: what it is depends on the field that it is for."""

    __slots__ = ()


class _WrongError(ValueError):
    """What is wanted in place of what stands there."""


def typed_settings(
    model: type[BaseModel], plain: object, quoted: Collection[Location], problems: Problems
) -> dict[str, Any]:
    """`plain` with every value of its field's type; what is unknown or of no such type goes to `problems`.

    Ranges, and what belongs together, are for the model to check.
    """
    found = _TextReader(quoted, problems).read(model, plain, ())
    return found if isinstance(found, dict) else {}


class _TextReader:
    def __init__(self, quoted: Collection[Location], problems: Problems) -> None:
        self._quoted = set(quoted)
        self._problems = problems

    def read(self, annotation: object, plain: object, location: Location) -> object:
        kind, is_optional = _kind(annotation)
        try:
            if isinstance(plain, Unread):
                plain = self._unread(kind, str(plain), location)
            if plain is None and (is_optional or _holds_others(kind)):
                return None if is_optional else _NOTHING
            return self._value(kind, plain, location)
        except _WrongError as wrong:
            self._problems.add(location, str(wrong))
            return _NOTHING

    def _value(self, kind: Any, plain: object, location: Location) -> object:
        origin = get_origin(kind)
        if kind == Scalar:
            return self._scalar(plain, location)
        if origin is tuple:
            return self._list(get_args(kind)[0], plain, location)
        if origin is not None and issubclass(origin, Mapping):
            return self._named(get_args(kind)[1], plain, location)
        if issubclass(kind, BaseModel):
            return self._model(kind, plain, location)
        if issubclass(kind, Enum):
            return _choice(kind, plain)
        return _READERS[kind](plain)

    def _model(self, model: type[BaseModel], plain: object, location: Location) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, value in _mapping(plain).items():
            field = model.model_fields.get(name)
            if field is None:
                self._problems.add((*location, name), no_such_setting(name, model.model_fields))
                continue
            found[name] = self.read(field.annotation, value, (*location, name))
        return {name: value for name, value in found.items() if value is not _NOTHING}

    def _named(self, kind: object, plain: object, location: Location) -> dict[str, object]:
        found = {name: self.read(kind, value, (*location, name)) for name, value in _mapping(plain).items()}
        return {name: value for name, value in found.items() if value is not _NOTHING}

    def _list(self, kind: object, plain: object, location: Location) -> object:
        if isinstance(plain, dict) and plain and all(isinstance(name, int) for name in plain):
            return {number: self.read(kind, value, (*location, number)) for number, value in plain.items()}
        if not isinstance(plain, list):
            raise _WrongError("a list is wanted: one line for each, beginning with a dash")
        found = [self.read(kind, value, (*location, number)) for number, value in enumerate(plain)]
        return tuple(value for value in found if value is not _NOTHING)

    def _scalar(self, plain: object, location: Location) -> object:
        if isinstance(plain, bool):
            return plain
        text = _text(plain)
        if location in self._quoted:
            return text
        if _WHOLE(text):
            return int(text)
        if text[:1].isdigit() or text[:1] in "+-.":
            return _decimal(text)
        return text

    def _unread(self, kind: Any, text: str, location: Location) -> object:
        if kind is str:
            return None if text == "null" else text
        if kind != Scalar and not _holds_others(kind):
            return _WORDS.get(text, text)
        try:
            parsed = plain_yaml_of(text, "as YAML")
        except ConfigurationError as error:
            raise _WrongError(str(error)) from None
        self._quoted |= {(*location, *place) for place in parsed.quoted}
        return parsed.content


def _kind(annotation: object) -> tuple[Any, bool]:
    """What a field takes, and whether it takes nothing too."""
    if annotation == Scalar:
        return Scalar, False
    if get_origin(annotation) is Annotated:
        return _kind(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return _kind(kinds[0])[0], True
    return annotation, False


def _holds_others(kind: Any) -> bool:
    if kind == Scalar:
        return False
    return get_origin(kind) is not None or issubclass(kind, BaseModel)


def _mapping(plain: object) -> dict[str, object]:
    if not isinstance(plain, dict):
        raise _WrongError("names with values are wanted (`name: value`)")
    return plain


def _text(plain: object) -> str:
    if isinstance(plain, str):
        return str(plain)
    if isinstance(plain, bool):
        raise _WrongError("text is wanted; true and false are text only in quotes")
    if plain is None:
        raise _WrongError("a value is wanted, and there is none")
    raise _WrongError("one value is wanted, not several")


def _flag(plain: object) -> bool:
    if isinstance(plain, bool):
        return plain
    raise _WrongError(
        "true or false is wanted, in small letters and without quotes; yes, no, on and off are only words here"
    )


def _number_text(plain: object, example: str) -> str:
    if isinstance(plain, bool):
        raise _WrongError(f"a number is wanted, such as {example}")
    text = _text(plain)
    if _LEADING_ZERO(text):
        raise _WrongError("a number that begins with 0 may be meant as octal; write it without")
    return text


def _whole(plain: object) -> int:
    text = _number_text(plain, "5")
    if not _WHOLE(text):
        raise _WrongError("a whole number is wanted, such as 5, of digits alone")
    return int(text)


def _decimal(plain: object) -> Decimal:
    try:
        return to_decimal(_number_text(plain, "0.05"))
    except InvalidValue as error:
        raise _WrongError(f"{error}; digits are wanted, with a point at most, such as 0.05") from None


def _seconds(plain: object) -> float:
    return float(_decimal(plain))


def _length_of_time(plain: object) -> timedelta:
    parts = _LENGTH_OF_TIME(_text(plain))
    if parts is None:
        raise _WrongError("a length of time is wanted, such as 30s, 5m, 2h or 1d")
    return timedelta(**{_UNITS[parts[2]]: float(parts[1])})


def _path(plain: object) -> Path:
    text = _text(plain)
    if not text or not text.isprintable():
        raise _WrongError("the name of a file or folder is wanted")
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise _WrongError("no home folder is known for the ~ that it begins with") from None


def _choice(kind: type[Enum], plain: object) -> Enum:
    text = _text(plain)
    choices = {str(each.value): each for each in kind}
    if text in choices:
        return choices[text]
    near = [name for name in choices if name.lower() == text.lower()] or get_close_matches(text, choices, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    raise _WrongError(f"one of {', '.join(choices)} is wanted{meant}")


_READERS: Final[Mapping[type, Callable[[object], object]]] = {
    str: _text,
    bool: _flag,
    int: _whole,
    float: _seconds,
    Decimal: _decimal,
    timedelta: _length_of_time,
    Path: _path,
}
