"""How fast the others on a local venue trade."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from yunmin.testing.verify.crowd import Pace

RATE = 100.0
TURN = 0.02


def test_what_finds_nobody_is_made_up_for_and_not_faster_than_half_as_much_again() -> None:
    pace, tried, traded = Pace(RATE), 0, 0
    at_the_end_of_second: list[tuple[int, int]] = []
    for turn in range(1, 501):
        passed = turn * TURN
        found = passed < 2 or passed > 4  # nobody is there for two seconds
        due = pace.due(passed)
        pace.answered(due, traded=due if found else 0)
        tried, traded = tried + due, traded + (due if found else 0)
        if turn % 50 == 0:
            at_the_end_of_second.append((tried, traded))
    assert abs(traded - 10 * RATE) <= 2
    tries = [after - before for (before, _), (after, _) in pairwise(at_the_end_of_second)]
    assert max(tries[2:]) <= 1.5 * RATE + 1
    assert abs(tries[-1] - RATE) <= 2


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 300), st.floats(0, 1)), max_size=50))
def test_never_are_more_under_way_than_wanted_nor_more_traded_than_is_due(
    turns: list[tuple[float, int, float]],
) -> None:
    pace, passed, under_way, traded = Pace(RATE), 0.0, 0, 0
    for since, answered, luck in turns:
        passed += since
        under_way += pace.due(passed)
        assert under_way <= 200
        assert traded + under_way <= passed * RATE + 200
        count = min(answered, under_way)
        found = int(count * luck)
        pace.answered(count, traded=found)
        under_way, traded = under_way - count, traded + found
        assert traded <= passed * RATE
