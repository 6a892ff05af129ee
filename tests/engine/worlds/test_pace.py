"""Patience where the clock goes faster than the wall."""

from __future__ import annotations

import pytest

from yunmin.engine.worlds.pace import policy_at_pace
from yunmin.execution.policy import AccountPolicy, OnClose

TIMES = [name for name, field in AccountPolicy.model_fields.items() if field.annotation is float]


def test_every_time_of_a_policy_is_as_long_on_the_wall_as_before() -> None:
    usual = AccountPolicy()
    fast = policy_at_pace(usual, 60)
    assert {
        name: getattr(fast, name) / getattr(usual, name) for name in TIMES if getattr(usual, name)
    } == dict.fromkeys((name for name in TIMES if getattr(usual, name)), pytest.approx(60))


def test_what_is_no_time_stays_as_it_was() -> None:
    usual = AccountPolicy(on_close=OnClose.CANCEL, proofs=3, snapshot_every=7)
    fast = policy_at_pace(usual, 60)
    assert (fast.on_close, fast.proofs, fast.snapshot_every) == (OnClose.CANCEL, 3, 7)


def test_at_the_walls_own_pace_nothing_is_changed() -> None:
    usual = AccountPolicy()
    assert policy_at_pace(usual, 1) is usual
