"""Readings: floats that know what they were one candle before, also after some arithmetic."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunmin.core.reading import Reading, previous_of

figures = st.floats(min_value=-1e6, max_value=1e6)
OPERATIONS: tuple[Callable[[float, float], float], ...] = (
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / b if b else math.nan,
    lambda a, b: -a + abs(b),
)  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS)
@given(figures, figures, figures, figures)
def test_arithmetic_is_done_on_both_moments(
    operation: Callable[[float, float], float], now: float, before: float, other_now: float, other_before: float
) -> None:
    one, other = Reading(now, before), Reading(other_now, other_before)
    assert same(operation(one, other), operation(now, other_now), operation(before, other_before))
    assert same(operation(one, other_now), operation(now, other_now), operation(before, other_now))
    assert same(operation(now, other), operation(now, other_now), operation(now, other_before))


def same(result: float, now: float, before: float) -> bool:
    return repr((float(result), previous_of(result))) == repr((now, before)) or (now != now and result != result)


def test_a_division_by_what_was_zero_a_candle_ago_is_no_fault() -> None:
    ratio = 6 / Reading(2.0, 0.0)
    assert ratio == 3.0
    assert math.isnan(ratio.previous)


def test_a_reading_is_a_float_to_everybody_else() -> None:
    reading = Reading(2.5, 1.5)
    assert isinstance(reading, float)
    assert max(reading, 1.0) is reading
    assert f"{reading:.2f}" == "2.50"
    assert copy.deepcopy(reading).previous == pickle.loads(pickle.dumps(reading)).previous == 1.5


def test_a_plain_number_was_always_itself() -> None:
    assert previous_of(30) == 30.0
    assert math.isnan(Reading(1.0).previous)
