"""Whether a value that came from an adapter is what it must be, all the way down."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic import BaseModel

from yunmin.exchange import CancelsAll, ExchangeConnector, ShowsMarket, TestsOrders

__all__ = ["assert_exact", "inspected"]


def assert_exact(value: object, *, where: str = "value") -> None:
    """No float anywhere in `value`, every Decimal finite, every datetime aware and in UTC, every symbol unified.

    Goes through models, mappings and sequences. What a model keeps of the exchange's own words (`raw`) is left out.
    """
    assert not isinstance(value, float), f"{where} is a float: {value!r}"
    if isinstance(value, Decimal):
        assert value.is_finite(), f"{where} is no finite number: {value}"
    elif isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), f"{where} is not an aware datetime in UTC: {value!r}"
    elif isinstance(value, BaseModel):
        _assert_model_is_exact(value, where)
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            assert_exact(key, where=f"a key of {where}")
            assert_exact(entry, where=f"{where}[{key!r}]")
    elif isinstance(value, (list, tuple, set, frozenset)):
        for number, entry in enumerate(value):
            assert_exact(entry, where=f"{where}[{number}]")
    else:
        assert value is None or isinstance(value, (str, int, Enum)), f"{where} is a {type(value).__name__}"


def _assert_model_is_exact(model: BaseModel, where: str) -> None:
    for name, declared in type(model).model_fields.items():
        if not declared.exclude:
            assert_exact(getattr(model, name), where=f"{where}.{name}")
    symbol = getattr(model, "symbol", None)
    if symbol is not None:
        assert all(symbol.partition("/")), f"{where}.symbol is not unified: {symbol!r}"


def inspected(connector: ExchangeConnector) -> ExchangeConnector:
    """The same connector, each of whose answers is looked through by `assert_exact` from now on."""
    for name in _ANSWERING:
        method = getattr(connector, name, None)
        if method is not None:
            setattr(connector, name, _looking(name, method))
    return connector


def _looking(name: str, method: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    @functools.wraps(method)
    async def call(*args: Any, **named: Any) -> object:
        answer = await method(*args, **named)
        assert_exact(answer, where=f"{name}()")
        return answer

    return call


def _coroutines(port: type[object]) -> set[str]:
    return {name for name, member in vars(port).items() if inspect.iscoroutinefunction(member) and name[0] != "_"}


_ANSWERING = sorted(set().union(*map(_coroutines, (ExchangeConnector, ShowsMarket, CancelsAll, TestsOrders))))
