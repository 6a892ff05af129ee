"""Parameters of a strategy: class attributes with a type and a default, set by name and checked."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from inspect import get_annotations

from yunmin.core.data_contracts.money import to_decimal
from yunmin.errors import ConfigurationError, InvalidValue

__all__ = ["checked_parameters", "declared_parameters"]


def declared_parameters(strategy: type, base: type) -> dict[str, object]:
    """Name -> default of every parameter of `strategy`: what its classes above `base` annotate and give a value."""
    return {
        name: getattr(strategy, name)
        for each in reversed(strategy.__mro__)
        if issubclass(each, base) and each is not base
        for name in get_annotations(each)
        if not name.startswith("_") and hasattr(strategy, name) and name not in base.__dict__
    }


def checked_parameters(strategy: type, base: type, given: Mapping[str, object]) -> dict[str, object]:
    """`given`, each of the type of its default.

    Raises ConfigurationError for a name that is not declared, with the one that was perhaps meant, and for a value of
    another type.
    """
    declared = declared_parameters(strategy, base)
    for name in given:
        if name not in declared:
            raise ConfigurationError(_unknown(strategy, name, declared))
    return {name: _fitting(strategy, name, value, declared[name]) for name, value in given.items()}


def _unknown(strategy: type, name: str, declared: Mapping[str, object]) -> str:
    known = f"it has {', '.join(declared)}" if declared else "it has none"
    near = get_close_matches(name, declared, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"{strategy.__name__} has no parameter {name!r}: {known}{meant}"


def _fitting(strategy: type, name: str, value: object, default: object) -> object:
    if type(value) is type(default):
        return value
    if type(default) is float and type(value) in {int, Decimal}:
        return float(value)  # type: ignore[arg-type]  # an int or a Decimal
    if type(default) is Decimal and type(value) in {int, str, float}:
        return _decimal(strategy, name, value)
    raise ConfigurationError(
        f"{strategy.__name__}: {name} is {type(default).__name__} (such as {default!r}), not {value!r}"
    )


def _decimal(strategy: type, name: str, value: object) -> Decimal:
    try:
        return to_decimal(value)
    except InvalidValue as error:
        raise ConfigurationError(f"{strategy.__name__}: {name}: {error}") from error
