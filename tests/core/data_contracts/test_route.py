"""Routes: one name each, closed to change, with parameters and limits of their own."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from yunmin.core.data_contracts import Route, Timeframe


def a_route(**said: Any) -> Route:
    usual = {"exchange": "local", "symbol": "BTC/USDT", "timeframe": "1m", "strategy_name": "ema_crossover"}
    return Route(**usual | said)


def test_a_route_is_named_by_what_it_is_and_by_its_label() -> None:
    assert a_route().name == "local:BTC/USDT:1m:ema_crossover"
    assert a_route(label="slow").name == "local:BTC/USDT:1m:ema_crossover:slow"


def test_parameters_and_limits_cannot_be_changed_by_whoever_gave_them_or_got_them() -> None:
    given = {"max_position_pct": "0.05"}
    route = a_route(risk=given, parameters={"fast": 10})
    given["max_position_pct"] = "1"
    assert route.risk["max_position_pct"] == Decimal("0.05")
    with pytest.raises(TypeError):
        route.risk["max_position_pct"] = 1  # type: ignore[index]
    assert not hasattr(route.parameters, "update")


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"timeframe": "7m"}, "Input should be"),
        ({"exchange": ""}, "at least 1"),
        ({"exchange": "a:b"}, "no colon"),
        ({"risk": {"max_dd": "lots"}}, "not a plain decimal"),
        ({"risk": {"max dd": 1}}, "not a name"),
        ({"risk": 5}, "names with values"),
        ({"parameters": {"fast": [1]}}, "fast: a parameter is"),
        ({"stratgy": "x"}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        a_route(**said)


def test_a_route_survives_copying_pickling_and_json() -> None:
    route = a_route(parameters={"fast": 10, "ratio": 0.5}, risk={"max_dd": "0.15"})
    assert copy.deepcopy(route) == route
    assert pickle.loads(pickle.dumps(route)) == route
    assert Route.model_validate_json(route.model_dump_json()) == route
    assert {route: 1}[a_route(parameters={"fast": 10, "ratio": 0.5}, risk={"max_dd": "0.15"})] == 1


def test_a_changed_copy_is_checked() -> None:
    route = a_route()
    assert route.name == "local:BTC/USDT:1m:ema_crossover"
    assert route.model_copy(update={"timeframe": "4h"}).name == "local:BTC/USDT:4h:ema_crossover"
    assert route.model_copy(update={"timeframe": "4h"}).timeframe is Timeframe.H4
    assert route == a_route()
    with pytest.raises(ValidationError):
        a_route().model_copy(update={"risk": {"max_dd": "lots"}})
