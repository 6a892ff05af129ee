"""The table of states, and the document that shows it."""

from __future__ import annotations

import itertools
import re
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest

from yunmin.core.data_contracts import OrderState
from yunmin.core.order_lifecycle import ENDS, TERMINAL, TRANSITIONS, is_complete, next_state, outranks

DOCUMENT = Path(__file__).parents[2] / "docs" / "order-lifecycle.md"
S = OrderState


def test_every_state_has_its_row_and_leads_nowhere_twice() -> None:
    assert set(TRANSITIONS) == set(OrderState)
    assert all(state not in following for state, following in TRANSITIONS.items())


def test_nothing_becomes_pending_again() -> None:
    assert not any(S.PENDING in following for following in TRANSITIONS.values())


def test_a_cancelled_or_expired_order_never_lives_again() -> None:
    for state in (S.CANCELLED, S.EXPIRED):
        assert set(TRANSITIONS[state]) <= TERMINAL


def test_a_terminal_state_gives_way_to_a_live_one_only_as_a_correction() -> None:
    for state in TERMINAL:
        for following, when in TRANSITIONS[state].items():
            assert following in TERMINAL or when.startswith("correction")


class Facts(NamedTuple):
    complete: bool
    end: OrderState | None
    any_filled: bool
    acknowledged: bool
    refused: OrderState | None


EVERY_COMBINATION = [
    Facts(*each)
    for each in itertools.product(
        (False, True), (None, *ENDS), (False, True), (False, True), (None, S.REJECTED, S.FAILED)
    )
]


def amount_to(facts: Facts) -> OrderState:
    return next_state(
        complete=facts.complete,
        end=facts.end,
        any_filled=facts.any_filled,
        acknowledged=facts.acknowledged,
        refused=facts.refused,
    )


def test_the_facts_can_amount_to_every_state() -> None:
    assert {amount_to(facts) for facts in EVERY_COMBINATION} == set(OrderState)


def test_every_step_of_growing_facts_is_in_the_table() -> None:
    for before, after in itertools.product(EVERY_COMBINATION, EVERY_COMBINATION):
        grows = (
            (after.end is not None or before.end is None)
            and after.any_filled >= before.any_filled
            and after.acknowledged >= before.acknowledged
            and (after.refused is not None or before.refused is None)
            and (after.refused is not S.FAILED or before.refused is not S.REJECTED)
        )
        consistent = all(not facts.complete or facts.any_filled for facts in (before, after))
        if grows and consistent:
            was, becomes = amount_to(before), amount_to(after)
            assert was is becomes or becomes in TRANSITIONS[was], (before, after)


@pytest.mark.parametrize(
    ("qty", "filled", "step", "complete"),
    [
        ("1", "0", "0", False),
        ("1", "0.999", "0", False),
        ("1", "1", "0", True),
        ("1", "1.1", "0", True),
        ("1", "0.999", "0.001", False),
        ("1", "0.9991", "0.001", True),
        ("0.0005", "0", "0.001", False),
    ],
)
def test_complete_means_that_nothing_tradable_is_left(qty: str, filled: str, step: str, complete: bool) -> None:
    assert is_complete(Decimal(qty), Decimal(filled), Decimal(step)) is complete


def test_an_unknown_quantity_is_never_complete() -> None:
    assert not is_complete(None, Decimal(1), Decimal(0))


def test_the_later_end_stands_and_of_one_time_the_higher_rank() -> None:
    assert outranks((1, S.REJECTED), None)
    assert outranks((2, S.REJECTED), (1, S.CANCELLED))
    assert not outranks((1, S.CANCELLED), (2, S.REJECTED))
    assert outranks((1, S.CANCELLED), (1, S.EXPIRED))
    assert not outranks((1, S.EXPIRED), (1, S.CANCELLED))
    assert not outranks((1, S.EXPIRED), (1, S.EXPIRED))


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_table_in_the_document_is_the_table_in_the_code() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \| (.+?) \|$", DOCUMENT.read_text(), re.MULTILINE)
    assert rows == [
        (str(state), str(following), when)
        for state, whither in TRANSITIONS.items()
        for following, when in whither.items()
    ]


def test_every_test_that_the_document_names_exists_and_every_case_is_named() -> None:
    texts = [path.read_text() for path in Path(__file__).parents[1].rglob("test_*.py")]
    written = {
        name for text in texts for name in re.findall(r"^(?:async )?def (test_case_\d\w+)\(", text, re.MULTILINE)
    }
    named = set(re.findall(r"`(test_case_\w+)`", DOCUMENT.read_text()))
    assert named == written
