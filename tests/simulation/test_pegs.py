"""Pegged orders: the book gives the price, once, when the order goes to work."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.orders import ExpiryReason, Peg, PegSide, Refusal
from yunmin.simulation.units import to_units

OWN, OPPOSITE = Peg(PegSide.OWN), Peg(PegSide.OPPOSITE)


def quotes(bench: Any) -> None:
    for side, prices in (("BUY", ("98", "97")), ("SELL", ("101", "102"))):
        for price in prices:
            bench.order("bob", side, "1", price)


@pytest.mark.parametrize(
    ("side", "peg", "price"),
    [
        ("BUY", OWN, "98"),
        ("BUY", Peg(PegSide.OWN, 1), "97"),
        ("SELL", OWN, "101"),
        ("SELL", Peg(PegSide.OWN, 1), "102"),
        ("BUY", OPPOSITE, "101"),
        ("SELL", Peg(PegSide.OPPOSITE, 1), "97"),
    ],
)
def test_the_price_is_that_of_a_level_of_the_book(bench: Any, side: str, peg: Peg, price: str) -> None:
    quotes(bench)
    order = bench.order("ann", side, "5", order_type="LIMIT", peg=peg)
    assert (order.price, order.is_open) == (to_units(price), True)
    assert bench.engine.audit().ok


def test_a_price_of_its_own_is_a_limit(bench: Any) -> None:
    quotes(bench)
    assert bench.order("ann", "BUY", "1", "95", peg=OWN).price == to_units(95)
    assert bench.order("ann", "BUY", "1", "99", peg=OWN).price == to_units(98)


def test_where_the_book_is_not_so_deep_it_is_refused(bench: Any) -> None:
    assert bench.send("ann", "BUY", "1", order_type="LIMIT", peg=OWN) is Refusal.NO_LEVEL_TO_PEG_TO
    quotes(bench)
    deep = Peg(PegSide.OWN, 2)
    assert bench.send("ann", "BUY", "1", order_type="LIMIT", peg=deep) is Refusal.NO_LEVEL_TO_PEG_TO
    assert bench.send("ann", "BUY", "1", peg=OWN) is Refusal.UNSUPPORTED_TYPE


def test_a_stop_takes_its_price_when_it_is_triggered(bench: Any) -> None:
    bench.trade_at("100")
    stop = bench.order("ann", "BUY", "1", order_type="STOP_LOSS_LIMIT", stop="110", peg=OWN)
    assert (stop.price, bench.locked("ann", "USD")) == (0, to_units(110))
    bench.order("bob", "BUY", "1", "60")
    bench.trade_at("110")
    assert (stop.price, stop.state, bench.locked("ann", "USD")) == (to_units(60), OrderState.OPEN, to_units(60))


def test_a_stop_that_finds_no_price_then_ends(bench: Any) -> None:
    bench.trade_at("100")
    stop = bench.order("ann", "BUY", "1", order_type="STOP_LOSS_LIMIT", stop="110", peg=OWN)
    bench.trade_at("110")
    assert (stop.expiry_reason, bench.locked("ann", "USD")) == (ExpiryReason.REFUSED_AT_WORK, 0)


def test_a_pending_order_takes_its_price_when_it_goes_to_work(bench: Any) -> None:
    quotes(bench)
    _, pending = bench.behind(
        bench.new("ann", "BUY", "1", "99"), bench.new("ann", "SELL", "1", order_type="LIMIT_MAKER", peg=OWN)
    ).orders
    bench.order("cid", "SELL", "1", "99")
    assert (pending.price, pending.is_open) == (to_units(101), True)
