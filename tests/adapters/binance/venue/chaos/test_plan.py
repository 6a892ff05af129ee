"""Which rule strikes what, how often, and that the seed decides it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from yunmin.errors import ConfigurationError
from yunmin_binance.venue.chaos import Chaos, Delay, Drop, Duplicate, Hide, Lose, Rule, Say
from yunmin_binance.venue.chaos.subject import Door, Subject

PLACING = "POST /api/v3/order"


class Plan(Chaos):
    def __init__(self, seed: int = 1, **options: Any) -> None:
        self.time = 0
        super().__init__(seed, lambda: self.time, **options)

    def hits(self, count: int, **about: tuple[str, ...]) -> list[int]:
        """Which of `count` equal requests are struck, from one on."""
        subject = Subject(Door.REST, (PLACING,), **about)
        return [number for number in range(1, count + 1) if self.strike(subject)]


@pytest.mark.parametrize(
    ("how", "struck"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"count": 2}, [1, 2]),
        ({"skip": 4}, [5, 6]),
        ({"skip": 2, "count": 1}, [3]),
        ({"every": 3}, [1, 4]),
        ({"skip": 1, "every": 2, "count": 2}, [2, 4]),
        ({"for_seconds": 0}, []),
    ],
)
def test_a_rule_says_at_which_of_its_matches_it_strikes(how: dict[str, Any], struck: list[int]) -> None:
    plan = Plan()
    plan.add(Rule(where=PLACING, fault=Drop(), **how))
    assert plan.hits(6) == struck
    assert plan.strikes == len(plan.log) == len(struck)


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (PLACING, True),
        ("* /api/v3/order", True),
        ("POST /api/v3/*", True),
        ("* *", True),
        ("GET /api/v3/order", False),
        ("POST /api/v3/order/*", False),
        ("call *", False),
    ],
)
def test_a_rule_names_what_it_waits_for(where: str, fits: bool) -> None:
    plan = Plan()
    plan.add(Rule(where=where, fault=Drop()))
    assert bool(plan.hits(1)) is fits


@pytest.mark.parametrize(
    ("narrow", "fits"),
    [
        ({"symbol": "BTCUSDT"}, True),
        ({"symbol": "BTC*"}, True),
        ({"symbol": "ETHUSDT"}, False),
        ({"account": "local"}, True),
        ({"account": "other"}, False),
        ({"client_order_id": "new-1"}, True),
        ({"client_order_id": "old-*"}, True),
        ({"client_order_id": "x*"}, False),
        ({"symbol": "BTCUSDT", "account": "local", "client_order_id": "new-1"}, True),
        ({"symbol": "BTCUSDT", "account": "other", "client_order_id": "new-1"}, False),
    ],
)
def test_a_rule_is_narrowed_down_by_symbol_account_and_order(narrow: dict[str, str], fits: bool) -> None:
    plan = Plan()
    plan.add(Rule(where=PLACING, fault=Drop(), **narrow))
    about = {"symbols": ("BTCUSDT",), "accounts": ("local",), "client_order_ids": ("new-1", "old-1")}
    assert bool(plan.hits(1, **about)) is fits


def test_the_seed_decides_what_chance_decides() -> None:
    def struck(seed: int) -> list[int]:
        plan = Plan(seed)
        plan.add(Rule(where=PLACING, fault=Drop(), probability=0.3))
        return plan.hits(200)

    assert struck(7) == struck(7) != struck(8)
    assert 30 < len(struck(7)) < 90


def test_delays_add_up_and_the_first_other_fault_is_the_one_that_happens() -> None:
    plan = Plan()
    for fault in (Delay(seconds=1), Drop(), Delay(seconds=2), Say(status=500)):
        plan.add(Rule(where=PLACING, fault=fault))
    assert [one.rule.fault.kind for one in plan.strike(Subject(Door.REST, (PLACING,)))] == ["delay", "drop"]


def test_a_rule_ends_with_its_time() -> None:
    plan = Plan()
    plan.add(Rule(where=PLACING, fault=Drop(), for_seconds=2))
    assert plan.hits(1)
    plan.time = 2_000_000
    assert not plan.hits(1)
    assert plan.rules == ()
    assert Door.REST not in plan.doors


def test_rules_can_be_lifted_one_by_one_or_all_and_hold_for_a_block() -> None:
    plan = Plan()
    first = plan.add(Rule(where=PLACING, fault=Drop(), skip=5))
    plan.add(Rule(where=PLACING, fault=Drop(), skip=6))
    assert plan.clear(first) == 1
    assert plan.clear(first) == 0
    with plan.active(Rule(where=PLACING, fault=Drop()), Rule(where=PLACING, fault=Drop())):
        assert len(plan.rules) == 3
        assert plan.hits(1)
    assert [one.rule.skip for one in plan.rules] == [6]
    assert plan.clear() == 1


def test_what_is_remembered_of_strikes_is_bounded_and_their_number_is_not() -> None:
    plan = Plan(keep=10)
    plan.add(Rule(where=PLACING, fault=Drop()))
    plan.hits(25)
    assert plan.strikes == 25
    assert [one.number for one in plan.log] == list(range(16, 26))


def test_there_is_an_end_to_the_number_of_rules() -> None:
    plan = Plan()
    rule = Rule(where=PLACING, fault=Drop(), skip=1)
    with pytest.raises(ConfigurationError, match="at most"):
        for _ in range(1001):
            plan.add(rule)


@pytest.mark.parametrize(
    "wrong",
    [
        {"where": "order", "fault": {"kind": "drop"}},
        {"where": "FETCH /api", "fault": {"kind": "drop"}},
        {"where": PLACING, "fault": {"kind": "nonsense"}},
        {"where": PLACING, "fault": {"kind": "lose"}},
        {"where": "event trade", "fault": {"kind": "drop"}},
        {"where": PLACING, "fault": {"kind": "drop"}, "count": 0},
        {"where": PLACING, "fault": {"kind": "drop"}, "probability": 0},
        {"where": PLACING, "fault": {"kind": "delay", "seconds": -1}},
        {"where": PLACING, "fault": {"kind": "hide"}},
        {"where": PLACING, "fault": {"kind": "say", "status": 99}},
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate(wrong)


@pytest.mark.parametrize(
    "rule",
    [
        Rule(where=PLACING, fault=Hide(seconds=3), client_order_id="a*", count=2),
        Rule(where="event executionReport", fault=Duplicate(times=3), probability=0.5),
        Rule(where="event *", fault=Lose(), for_seconds=10.0, name="storm"),
    ],
)
def test_a_rule_survives_being_written_as_json(rule: Rule) -> None:
    assert Rule.model_validate_json(rule.model_dump_json()) == rule
