"""The judge lets the truth pass, and no lie."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.judge import Evidence, objections
from tests.clients.table import CLIENTS, STEPS

STEP = {step.name: step for step in STEPS}
OF_THE_PUBLIC: dict[str, Any] = {"markets": [], "trades": [], "book": None}
NOTHING: dict[str, Any] = {**OF_THE_PUBLIC, "orders": {}, "fills": {}, "balances": {}, "code": None}

FILLS = [
    {"symbol": "BTCUSDT", "order_id": 2, "trade_id": 7, "qty": "0.4", "price": "100"},
    {"symbol": "BTCUSDT", "order_id": 2, "trade_id": 8, "qty": "0.6", "price": "100"},
]
BEFORE: dict[str, list[dict[str, Any]]] = {
    "orders": [{"symbol": "BTCUSDT", "order_id": 1, "state": "FILLED", "filled": "1"}],
    "fills": [],
    "balances": [{"asset": "USDT", "free": "100", "locked": "0"}],
}
AFTER = {
    "orders": [*BEFORE["orders"], {"symbol": "BTCUSDT", "order_id": 2, "state": "FILLED", "filled": "1.0"}],
    "fills": FILLS,
    "balances": [{"asset": "USDT", "free": "0", "locked": "0"}],
}
PUBLIC = [{"id": 7, "qty": "0.4", "price": "100.00"}]
PARTS: dict[str, dict[str, list[Any]]] = {
    "orders": {"BTCUSDT:2": ["FILLED", "1"]},
    "fills": {"BTCUSDT:2": [["7", "0.40", "100.0"], ["8", "0.6", "100"]]},
}


def against(step: str, claims: dict[str, Any], *, after: Any = AFTER, client: str = "ccxt") -> list[str]:
    evidence = Evidence(["BTCUSDT", "ETHUSDT"], PUBLIC, book=12, before=BEFORE, after=after)
    return objections(CLIENTS[client], STEP[step], {**NOTHING, **claims}, evidence)


@pytest.mark.parametrize(
    ("step", "claims"),
    [
        ("markets", {"markets": ["ETHUSDT", "BTCUSDT"]}),
        ("balance", {"balances": {"USDT": ["0.00", "0"]}}),
        ("market_stream", {"trades": [["7", "0.4", "100"]]}),
        ("book_stream", {"book": 12}),
        ("limit_in_parts", PARTS),
        ("user_data", {**PARTS, "balances": {"USDT": ["0", "0"]}}),
    ],
)
def test_what_the_ledger_says_too_stands(step: str, claims: dict[str, Any]) -> None:
    assert against(step, claims) == []


@pytest.mark.parametrize(
    ("step", "claims"),
    [
        ("markets", {"markets": ["BTCUSDT"]}),
        ("markets", {}),
        ("balance", {"balances": {"USDT": ["1", "0"]}}),
        ("balance", {"balances": {"DOGE": ["1", "0"]}}),
        ("balance", {}),
        ("market_stream", {"trades": [["7", "0.5", "100"]]}),
        ("market_stream", {}),
        ("book_stream", {"book": 11}),
        ("book_stream", {}),
        ("limit_in_parts", {**PARTS, "fills": {}}),
        ("limit_in_parts", {**PARTS, "fills": {"BTCUSDT:2": PARTS["fills"]["BTCUSDT:2"][:1]}}),
        ("limit_in_parts", {**PARTS, "orders": {"BTCUSDT:2": ["FILLED", "0.9"]}}),
        ("limit_in_parts", {**PARTS, "orders": {"BTCUSDT:2": ["CANCELED", "1"]}}),
        ("limit_in_parts", {**PARTS, "orders": {"BTCUSDT:1": ["FILLED", "1"]}}),
        ("limit_in_parts", {**PARTS, "orders": {"BTCUSDT:3": ["FILLED", "1"]}}),
        ("limit_in_parts", {**PARTS, "orders": {}}),
        ("cancel", {"orders": {"BTCUSDT:2": ["FILLED", "1"]}}),
        ("user_data", PARTS),
    ],
)
def test_what_the_ledger_does_not_say_is_objected_to(step: str, claims: dict[str, Any]) -> None:
    assert against(step, claims)


def test_a_refusal_has_the_right_code_and_changes_nothing() -> None:
    assert against("error_funds", {"code": -2010}, after=BEFORE) == []
    assert against("error_funds", {"code": -1013}, after=BEFORE)
    assert against("error_funds", {}, after=BEFORE)
    assert against("error_funds", {"code": -2010}, after=AFTER)


def test_a_trade_on_paper_leaves_the_ledger_alone() -> None:
    assert against("bot_trade", {}, after=BEFORE, client="freqtrade-dry") == []
    assert against("bot_trade", {}, after=AFTER, client="freqtrade-dry")
    assert against("bot_trade", {}, after=BEFORE, client="freqtrade-live")
