"""An answer counts only if it is about the order it was asked about, and says what it must."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.ccxt_bridge.acceptance import Contradiction, doubt_of_ack, doubt_of_answer, doubt_of_cancel
from yunmin.core.data_contracts import OrderAck, OrderRef, OrderRequest, OrderState, OrderType, OrderUpdate, Side
from yunmin.core.order_lifecycle import TERMINAL

REQUEST = OrderRequest(
    symbol="BTC/USDT", side=Side.BUY, order_type=OrderType.LIMIT, qty="1", price="2", client_order_id="mine"
)
REF = OrderRef(symbol="BTC/USDT", client_order_id="mine", exchange_order_id="7")


def an_update(**changes: Any) -> OrderUpdate:
    said: dict[str, Any] = {
        "symbol": "BTC/USDT",
        "client_order_id": "mine",
        "exchange_order_id": "7",
        "side": Side.BUY,
        "state": OrderState.OPEN,
        "raw_status": "NEW",
        **changes,
    }
    return OrderUpdate(**said)


def test_a_whole_echo_leaves_no_doubt() -> None:
    assert doubt_of_ack(OrderAck(update=an_update()), REQUEST) is None
    assert doubt_of_answer(an_update(), REF) is None
    assert doubt_of_cancel(an_update(state=OrderState.CANCELLED), REF) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"exchange_order_id": None},
        {"exchange_order_id": ""},
        {"client_order_id": "other"},
        {"client_order_id": None},
        {"client_order_id": "MINE"},
        {"client_order_id": "mine "},
        {"symbol": "ETH/USDT"},
        {"side": Side.SELL},
        {"side": None},
        {"state": None, "raw_status": "HALF"},
        {"state": OrderState.PENDING},
    ],
    ids=str,
)
def test_an_ack_that_differs_in_what_names_the_order_is_doubted(changes: dict[str, Any]) -> None:
    assert doubt_of_ack(OrderAck(update=an_update(**changes)), REQUEST) is not None


@pytest.mark.parametrize("changes", [{"price": "3"}, {"qty": "0.5"}, {"order_type": OrderType.MARKET}], ids=str)
def test_changed_terms_are_no_doubt(changes: dict[str, Any]) -> None:
    assert doubt_of_ack(OrderAck(update=an_update(**changes)), REQUEST) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"exchange_order_id": None},
        {"exchange_order_id": "8"},
        {"client_order_id": "other"},
        {"client_order_id": None},
        {"symbol": "ETH/USDT"},
    ],
    ids=str,
)
def test_an_answer_about_another_order_is_doubted(changes: dict[str, Any]) -> None:
    assert doubt_of_answer(an_update(**changes), REF) is not None
    assert doubt_of_cancel(an_update(**{"state": OrderState.CANCELLED, **changes}), REF) is not None


@pytest.mark.parametrize("ref", [{"client_order_id": "mine"}, {"exchange_order_id": "7"}], ids=str)
def test_an_id_that_was_not_asked_for_is_not_compared(ref: dict[str, str]) -> None:
    other = {"exchange_order_id": "8"} if "client_order_id" in ref else {"client_order_id": "other"}
    assert doubt_of_answer(an_update(**other), OrderRef(symbol="BTC/USDT", **ref)) is None


@pytest.mark.parametrize("state", [None, *OrderState])
def test_only_an_order_that_ended_proves_a_cancel(state: OrderState | None) -> None:
    doubt = doubt_of_cancel(an_update(state=state), REF)
    assert (doubt is None) == (state in TERMINAL)


def test_a_doubt_shows_little_of_what_the_wire_said() -> None:
    doubt = doubt_of_ack(OrderAck(update=an_update(client_order_id="x" * 10_000)), REQUEST)
    assert doubt is not None
    assert len(doubt) < 120


@pytest.mark.parametrize("changes", [{"client_order_id": "other"}, {"symbol": "ETH/USDT"}, {"side": Side.SELL}])
def test_B7_an_answer_about_another_order_contradicts_and_is_not_only_in_doubt(changes: dict[str, Any]) -> None:
    assert isinstance(doubt_of_ack(OrderAck(update=an_update(**changes)), REQUEST), Contradiction)


@pytest.mark.parametrize("changes", [{"client_order_id": None}, {"side": None}, {"exchange_order_id": None}])
def test_B7_an_answer_that_lacks_a_name_only_fails_to_prove(changes: dict[str, Any]) -> None:
    doubt = doubt_of_ack(OrderAck(update=an_update(**changes)), REQUEST)
    assert doubt is not None
    assert not isinstance(doubt, Contradiction)
