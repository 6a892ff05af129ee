"""The table of proven refusals: what stands in it, and above all what does not."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.ccxt_bridge.guarded import Answer
from yunmin.errors import (
    DuplicateOrder,
    InsufficientFunds,
    InvalidOrder,
    MarketClosed,
    OrderNotFound,
    PermissionDenied,
    Rejected,
    RejectReason,
)
from yunmin_binance.refusals import REFUSALS, read_code


def proof_of(status: int, body: Any) -> Any:
    return REFUSALS.proof(Answer(status, body, {}))


@pytest.mark.parametrize("code", [-1000, -1001, -1006, -1007, -1008, -1016, -1099, -2021, -2022, -9999, 0, 1])
def test_a_code_that_leaves_the_outcome_open_proves_nothing(code: int) -> None:
    assert proof_of(400, {"code": code, "msg": "Duplicate order sent."}) is None


@pytest.mark.parametrize("status", [200, 201, 301, 307, 500, 502, 503, 504, 999])
def test_a_code_proves_nothing_outside_of_4xx(status: int) -> None:
    assert proof_of(status, {"code": -2010, "msg": "Market is closed."}) is None


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "",
        "text",
        5,
        {},
        {"msg": "Market is closed."},
        {"code": None},
        {"code": "-2010"},
        {"code": True},
        {"code": [-2010]},
        [{"code": -2010}],
    ],
)
def test_a_body_without_a_code_of_the_right_kind_proves_nothing(body: Any) -> None:
    assert read_code(body) is None
    assert proof_of(400, body) is None


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("Duplicate order sent.", DuplicateOrder, None),
        ("Duplicate order sent", DuplicateOrder, None),
        ("Account has insufficient balance for requested action.", InsufficientFunds, None),
        ("Order would immediately match and take.", Rejected, RejectReason.POST_ONLY),
        ("Market is closed.", MarketClosed, None),
        ("This symbol is not permitted for this account.", PermissionDenied, None),
        ("Filter failure: PERCENT_PRICE_BY_SIDE", InvalidOrder, RejectReason.RULE_VIOLATION),
        ("Something new.", Rejected, RejectReason.OTHER),
        ("", Rejected, RejectReason.OTHER),
    ],
)
def test_the_text_refines_what_the_engine_refused(text: str, kind: type[Rejected], reason: RejectReason | None) -> None:
    refusal, code, said = proof_of(400, {"code": -2010, "msg": text})
    assert (refusal.error, refusal.reason, code, said) == (kind, reason, -2010, text)


@pytest.mark.parametrize("code", [-2011, -2013])
def test_an_order_that_is_not_there_is_not_an_invalid_order(code: int) -> None:
    assert proof_of(400, {"code": code, "msg": "Unknown order sent."})[0].error is OrderNotFound


@pytest.mark.parametrize("status", [403, 418, 429])
@pytest.mark.parametrize("body", [None, {}, "<html>", {"code": -1000}])
def test_being_turned_away_at_the_door_is_proven_by_the_status_alone(status: int, body: Any) -> None:
    assert proof_of(status, body) is not None


def test_a_text_without_end_is_shortened() -> None:
    found = read_code({"code": -2010, "msg": "x" * 10_000})
    assert found is not None
    assert len(found[1]) == 300
