"""How a scenario says what it needs, and how that is held against what the adapter's traits claim."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

import pytest

from yunmin.errors import NotSupported
from yunmin.exchange import Capability
from yunmin.testing.playground import Playground

__all__ = ["Need", "Requirements", "Scenario", "requirements_of", "requires"]

_ATTRIBUTE: Final = "yunmin_scenario"


class Need(StrEnum):
    """What a scenario needs of the place where it is played."""

    RUNNING_EXCHANGE = "RUNNING_EXCHANGE"
    """Answers of now: a recording cannot give them."""


class _Suite(Protocol):
    def play(self, scenario: Scenario) -> None: ...


Body = Callable[[Any, Playground], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One test of the suite: its body, and what it requires."""

    name: str
    body: Body
    capabilities: tuple[Capability, ...]
    needs: frozenset[Need]

    async def hold(self, suite: object, play: Playground) -> None:
        """Run it. Where the traits say that something it requires is lacking, it must raise NotSupported, no less."""
        lacking = [name for name in self.capabilities if not play.traits.support_of(name).is_usable]
        if not lacking:
            await self.body(suite, play)
            return
        claims = ", ".join(f"{name} is {play.traits.support_of(name)}" for name in lacking)
        try:
            await self.body(suite, play)
        except NotSupported:
            return
        except Exception as error:
            raise AssertionError(f"the traits say that {claims}; that must raise NotSupported") from error
        pytest.fail(f"the traits say that {claims}, yet it works: change the traits")


Requirements = Capability | Need


def requires(*requirements: Requirements) -> Callable[[Body], Callable[[_Suite], None]]:
    """Make a scenario (an async method that takes a Playground) a test that any test runner can call.

    With a capability that the traits call FULL or EMULATED, the scenario must pass; with one that is NOT_YET or NEVER
    it must raise NotSupported. So the traits can claim neither too much nor too little.
    """

    def made(body: Body) -> Callable[[_Suite], None]:
        scenario = Scenario(
            name=body.__name__,
            body=body,
            capabilities=tuple(one for one in requirements if isinstance(one, Capability)),
            needs=frozenset(one for one in requirements if isinstance(one, Need)),
        )

        def test(self: _Suite) -> None:
            self.play(scenario)

        # not functools.wraps: a test runner would look through it, and take the Playground for a fixture
        test.__name__, test.__qualname__, test.__doc__ = body.__name__, body.__qualname__, body.__doc__
        test.__module__ = body.__module__
        setattr(test, _ATTRIBUTE, scenario)
        return test

    return made


def requirements_of(test: object) -> Scenario | None:
    """The scenario behind a test that `requires` made; None for anything else."""
    found = getattr(test, _ATTRIBUTE, None)
    return found if isinstance(found, Scenario) else None
