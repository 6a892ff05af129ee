"""What an indicator is: steps from one candle to the next, written once, run one by one or over a whole series."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, NamedTuple, TypeVar

from yunmin.errors import InvalidValue

__all__ = ["NOT_YET", "Bar", "Indicator", "Steps", "Stream", "a_period"]

In = TypeVar("In")
Out = TypeVar("Out")

NOT_YET: Final = float("nan")
"""The value of an indicator that has not seen enough: not a number, so that no comparison with it holds."""

Steps = Generator[Out, In, None]
"""Takes what one candle brings, gives the value after it. The first `next` starts it and gives nothing of worth."""


class Bar(NamedTuple):
    """What indicators of a candle's range take. In quote units per base unit."""

    high: float
    low: float
    close: float


@dataclass(frozen=True, slots=True)
class Indicator(Generic[In, Out]):
    """One indicator with its parameters. `warm_up` is how many inputs it needs before its value means anything.

    Indicators are equal when name and parameters are; an indicator holds no state, its streams do.
    """

    name: str
    parameters: tuple[Any, ...]
    warm_up: int = field(compare=False)
    steps: Callable[[], Steps[Out, In]] = field(compare=False, repr=False)
    takes_bars: bool = field(default=False, compare=False)

    def stream(self) -> Stream[In, Out]:
        """A new run of it, one input at a time."""
        return Stream(self)

    def over(self, inputs: Iterable[In]) -> list[Out]:
        """Its values over a whole series, one for each input: bit for bit what a stream gives."""
        return list(map(self.stream().update, inputs))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.parameters))})"


class Stream(Generic[In, Out]):
    """One run of an indicator. `update(input)` gives the value after it."""

    __slots__ = ("indicator", "update")

    update: Callable[[In], Out]

    def __init__(self, indicator: Indicator[In, Out]) -> None:
        self.indicator = indicator
        steps = indicator.steps()
        next(steps)
        self.update = steps.send  # the generator's own method: a call of ours around it would double the cost


def a_period(name: str, value: int, *, least: int = 1) -> int:
    """`value` where it is a whole number of at least `least`; InvalidValue where not."""
    if type(value) is not int or value < least:
        raise InvalidValue(f"{name} must be a whole number of at least {least}: {value!r}")
    return value
