"""Decisions: what each intent takes, and that no figure is outside its bounds."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from yunmin.core.data_contracts import Decision, Intent, Side

BTC = "BTC/USDT"


def a_decision(**said: Any) -> Decision:
    return Decision(**{"intent": "ENTER", "symbol": BTC, "side": "BUY", "fraction": "0.5"} | said)


def test_the_ways_to_make_one_say_what_they_mean() -> None:
    assert Decision.enter(BTC, Side.BUY, fraction="0.5") == a_decision()
    assert Decision.exit(BTC).intent is Intent.EXIT
    assert Decision.reverse(BTC, Side.SELL, qty=2).qty == Decimal(2)
    assert Decision.cancel(BTC, reason="stale").reason == "stale"
    assert Decision.hold(BTC).is_hold


def test_only_those_that_can_add_to_what_is_at_risk_open_a_position() -> None:
    opening = {intent for intent in Intent if decision_of(intent).opens_a_position}
    assert opening == {Intent.ENTER, Intent.REVERSE}


def decision_of(intent: Intent) -> Decision:
    sized = {"side": "BUY", "qty": 1} if intent in {Intent.ENTER, Intent.REVERSE} else {}
    return Decision(intent=intent, symbol=BTC, **sized)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"side": None}, "side is missing"),
        ({"fraction": None}, "needs a size"),
        ({"qty": 1}, "not both"),
        ({"fraction": 0}, "more than zero"),
        ({"fraction": "1.01"}, "not be more than 1"),
        ({"fraction": None, "qty": -1}, "more than zero"),
        ({"price": 0}, "more than zero"),
        ({"price": "1e400"}, "not a plain decimal"),
        ({"price": math.nan}, "not a finite"),
        ({"stop": math.inf}, "not a finite"),
        ({"price": True}, "not a number"),
        ({"confidence": "1.1"}, "from 0 to 1"),
        ({"confidence": -0.1}, "from 0 to 1"),
        ({"stop": 101, "price": 100}, "stop .101. must be below price .100."),
        ({"take_profit": 100, "price": 100}, "price .100. must be below take_profit .100."),
        ({"stop": 90, "take_profit": 80}, "stop .90. must be below take_profit .80."),
        ({"side": "SELL", "stop": 90, "price": 100}, "price .100. must be below stop .90."),
        ({"side": "SELL", "stop": 110, "take_profit": 120}, "take_profit .120. must be below stop .110."),
        ({"intent": "EXIT", "stop": 1}, "an EXIT takes no stop"),
        ({"intent": "HOLD"}, "a HOLD takes no side"),
        ({"intent": "CANCEL", "side": None}, "a CANCEL takes no fraction"),
        ({"intent": "enter"}, "Input should be"),
        ({"symbol": ""}, "at least 1 character"),
        ({"reason": "x" * 501}, "at most 500"),
        ({"as_of": "2026-01-01T00:00:00"}, "time zone"),
        ({"quantity": 1}, "Extra inputs"),
    ],
)
def test_what_does_not_fit_is_refused(said: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        a_decision(**said)


def test_an_exit_may_name_the_side_the_size_and_a_limit() -> None:
    decision = Decision.exit(BTC, side=Side.SELL, fraction="0.25", price="100")
    assert (decision.side, decision.fraction, decision.price) == (Side.SELL, Decimal("0.25"), Decimal(100))


def test_a_decision_is_frozen_and_its_copies_are_checked() -> None:
    decision = a_decision(as_of=datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(ValidationError):
        decision.fraction = Decimal(2)  # type: ignore[misc]
    with pytest.raises(ValidationError):
        decision.model_copy(update={"fraction": "2"})
    with pytest.raises(ValidationError):
        Decision.model_construct(intent=Intent.ENTER, symbol=BTC)
    assert Decision.model_validate_json(decision.model_dump_json()) == decision


def test_a_float_is_read_by_the_digits_that_it_surely_holds() -> None:
    assert a_decision(price=0.1 + 0.2).price == Decimal("0.3")
    assert a_decision(price=0.00001234 * 0.98).price == Decimal("0.0000120932")
    assert a_decision(fraction=1.0).fraction == Decimal(1)


@given(st.floats(min_value=1e-8, max_value=1e12))
def test_a_float_of_any_size_keeps_its_first_digits(price: float) -> None:
    kept = a_decision(price=price).price
    assert kept is not None
    assert math.isclose(float(kept), price, rel_tol=1e-9)
