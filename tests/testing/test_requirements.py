"""The capability table cannot lie: what it claims must work, what it denies must not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from yunmin.core.data_contracts import OrderType, TimeInForce
from yunmin.errors import InvalidOrder, NotSupported
from yunmin.exchange import Capability, Support, Traits
from yunmin.testing import requires
from yunmin.testing.conformance.requirements import requirements_of

Body = Callable[[Any, Any], Awaitable[None]]


def traits_with(support: Support) -> Traits:
    return Traits(
        name="example",
        title="Example",
        support={Capability.TICKER: support},
        order_types=frozenset(OrderType),
        times_in_force=frozenset(TimeInForce),
        client_order_id_pattern="[a-z]{1,8}",
        client_order_id_prefix="ym",
        client_order_id_max_length=8,
    )


async def works(self: object, play: object) -> None: ...


async def is_not_supported(self: object, play: object) -> None:
    raise NotSupported("not here")


async def fails_otherwise(self: object, play: object) -> None:
    raise InvalidOrder("no")


def hold(body: Body, support: Support) -> None:
    scenario = requirements_of(requires(Capability.TICKER)(body))
    assert scenario is not None
    asyncio.run(scenario.hold(None, SimpleNamespace(traits=traits_with(support))))  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("support", [Support.FULL, Support.EMULATED])
def test_what_is_claimed_must_work(support: Support) -> None:
    hold(works, support)
    with pytest.raises(NotSupported):
        hold(is_not_supported, support)
    with pytest.raises(InvalidOrder):
        hold(fails_otherwise, support)


@pytest.mark.parametrize("support", [Support.NOT_YET, Support.NEVER])
def test_what_is_denied_must_raise_not_supported_and_nothing_else(support: Support) -> None:
    hold(is_not_supported, support)
    with pytest.raises(pytest.fail.Exception, match="yet it works"):
        hold(works, support)
    with pytest.raises(AssertionError, match="must raise NotSupported"):
        hold(fails_otherwise, support)


def test_a_scenario_is_a_plain_function_to_the_test_runner() -> None:
    """It takes nothing but the suite, keeps its name and its sentence, and needs no plugin for coroutines."""
    made = requires()(works)
    assert made.__name__ == "works"
    assert not asyncio.iscoroutinefunction(made)
    assert not hasattr(made, "__wrapped__")
