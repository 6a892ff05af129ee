"""How long to wait before asking again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from yunmin.clock import seeded
from yunmin.execution.backoff import Backoff
from yunmin.execution.policy import AccountPolicy

POLICY = AccountPolicy(retry_first=0.5, retry_longest=8.0)


@given(st.integers())
def test_waits_double_up_to_the_longest_give_or_take_a_half_and_start_over(seed: int) -> None:
    backoff = Backoff(POLICY, seeded(str(seed)))
    waits = [backoff.next_wait() for _ in range(7)]
    for wait, middle in zip(waits, (0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0), strict=True):
        assert 0.5 * middle <= wait <= 1.5 * middle
    backoff.start_over()
    assert backoff.next_wait() <= 0.75


def test_two_that_lost_the_same_exchange_do_not_come_back_together() -> None:
    one, other = Backoff(POLICY, seeded("one")), Backoff(POLICY, seeded("other"))
    assert one.next_wait() != other.next_wait()
