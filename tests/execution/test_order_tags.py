from __future__ import annotations

import re

import pytest

from yunmin.core.data_contracts.route import Route
from yunmin.execution.order_tags import OrderRole, OrderTag, new_order_id, read_tag, tag_of
from yunmin.simulation.paper_connector import PAPER_TRAITS

ROUTE = Route(exchange="paper", symbol="BTC/USDT", timeframe="1m", strategy_name="one")
DRAWN = "ym-0123456789abcdef012345"


@pytest.mark.parametrize("role", OrderRole)
@pytest.mark.parametrize("longest", [20, 32, 36, 64])
def test_a_tag_is_read_back_from_an_id_that_the_exchange_takes(role: OrderRole, longest: int) -> None:
    traits = PAPER_TRAITS.model_copy(update={"client_order_id_max_length": longest})
    tag = tag_of(ROUTE, role)
    name = new_order_id(DRAWN, tag, traits)
    assert len(name) <= longest
    assert re.fullmatch(traits.client_order_id_pattern, name)
    assert read_tag(name, traits) == tag


def test_an_id_that_was_drawn_too_short_gets_its_chance_here() -> None:
    first, second = (new_order_id("ym-1", tag_of(ROUTE), PAPER_TRAITS) for _ in range(2))
    assert first != second
    assert read_tag(first, PAPER_TRAITS) == tag_of(ROUTE)


@pytest.mark.parametrize(
    "name",
    ["", "x", "by-hand-0123456789abcde", "other-0123456789abcdef01234e", DRAWN, "ym-0123456789ABCDEFe", "ym-abcdefe",
     "ym-0123456789abcdefg1234e", "ym-0123456789abcdef01234z"],
)  # fmt: skip
def test_an_id_that_was_not_made_here_has_no_tag(name: str) -> None:
    assert read_tag(name, PAPER_TRAITS) is None


def test_two_routes_have_two_tags() -> None:
    other = ROUTE.model_copy(update={"label": "b"})
    assert tag_of(ROUTE) != tag_of(other)
    assert isinstance(tag_of(other), OrderTag)
