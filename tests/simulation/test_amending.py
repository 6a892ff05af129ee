"""Making an open order smaller: it keeps its place, and gives back what it no longer needs."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.orders import Amendment, Refusal
from yunmin.simulation.units import to_units


def amend(bench: Any, order: Any, qty: str, name: str = "smaller") -> Amendment | Refusal:
    done: Amendment | Refusal = bench.engine.amend(
        order.account, order.market, order.id, qty=to_units(qty), client_order_id=name
    )
    return done


def test_an_amended_order_keeps_its_id_and_its_place(bench: Any) -> None:
    mine = bench.order("ann", "BUY", "5", "100")
    bench.order("bob", "BUY", "1", "100")
    done = amend(bench, mine, "2")
    assert isinstance(done, Amendment)
    assert (done.old_qty, done.new_qty, mine.client_order_id) == (to_units(5), to_units(2), "smaller")
    book = bench.engine.floor("BTCUSD").book
    assert [order.account for order in book.orders()] == ["ann", "bob"]
    assert book.best_bid.qty == to_units(3)
    assert bench.locked("ann", "USD") == to_units(200)
    bench.order("cid", "SELL", "2", "100")
    assert mine.state is OrderState.FILLED


def test_what_is_filled_already_cannot_be_amended_away(bench: Any) -> None:
    mine = bench.order("ann", "SELL", "5", "100")
    bench.order("bob", "BUY", "2", "100")
    assert amend(bench, mine, "2") is Refusal.OFF_GRID
    assert isinstance(amend(bench, mine, "2.5"), Amendment)
    assert (mine.remaining, mine.filled, bench.locked("ann", "BTC")) == (to_units("0.5"), to_units(2), to_units("0.5"))


def test_a_waiting_order_can_be_made_smaller(bench: Any) -> None:
    mine = bench.order("ann", "BUY", "5", order_type="STOP_LOSS", stop="110")
    assert isinstance(amend(bench, mine, "1"), Amendment)
    assert bench.locked("ann", "USD") == to_units(110)
    assert bench.engine.audit().ok


@pytest.mark.parametrize(
    ("qty", "name", "refusal"),
    [
        ("5", "new", Refusal.NO_CHANGE),
        ("6", "new", Refusal.WOULD_GROW),
        ("0", "new", Refusal.OFF_GRID),
        ("1.00001", "new", Refusal.OFF_GRID),
        ("1", "taken", Refusal.DUPLICATE_CLIENT_ID),
    ],
)
def test_a_refused_amendment_changes_nothing(bench: Any, qty: str, name: str, refusal: Refusal) -> None:
    bench.order("ann", "BUY", "1", "90", client_order_id="taken")
    mine = bench.order("ann", "BUY", "5", "100", client_order_id="mine")
    assert amend(bench, mine, qty, name) is refusal
    assert (mine.qty, mine.client_order_id) == (to_units(5), "mine")


def test_an_order_that_has_ended_cannot_be_amended(bench: Any) -> None:
    mine = bench.order("ann", "BUY", "5", "100")
    bench.engine.cancel("ann", "BTCUSD", mine.id)
    assert amend(bench, mine, "1") is Refusal.UNKNOWN_ORDER


def test_the_old_client_order_id_is_free_again_and_the_own_one_may_stay(bench: Any) -> None:
    mine = bench.order("ann", "BUY", "5", "100", client_order_id="mine")
    assert isinstance(amend(bench, mine, "4", "mine"), Amendment)
    assert isinstance(amend(bench, mine, "3", "other"), Amendment)
    index = bench.engine.orders_of("ann")
    assert index.by_client_id("BTCUSD", "mine") is None
    assert index.by_client_id("BTCUSD", "other") is mine
    assert bench.order("ann", "BUY", "1", "90", client_order_id="mine").is_open
