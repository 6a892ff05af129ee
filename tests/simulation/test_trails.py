"""Trailing stops: the scenarios A to E of the exchange's own questions and answers (trailing-stop-faq.md), and more."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.simulation.orders import Refusal
from yunmin.simulation.units import to_units

SCENARIOS = {
    "A": ("BUY", "STOP_LOSS_LIMIT", "450", "440", 500, ["400", "370", "440", "450", "460", "420"], "441"),
    "B": ("SELL", "STOP_LOSS_LIMIT", "380", "390", 1000, ["400", "415", "390", "370", "410"], "369"),
    "C": ("BUY", "TAKE_PROFIT_LIMIT", "385", "380", 850, ["400", "420", "380", "370", "390", "380"], "401.45"),
    "D": (
        "SELL",
        "TAKE_PROFIT_LIMIT",
        "410",
        "420",
        750,
        ["400", "415", "390", "420", "450", "440", "465"],
        "430.13",
    ),
    "E": ("SELL", "STOP_LOSS_LIMIT", "390", "0", 700, ["400", "420", "395", "455"], "423.15"),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_documented_scenarios_trigger_at_the_documented_price(bench: Any, name: str) -> None:
    side, kind, price, stop, delta, path, turn = SCENARIOS[name]
    first, *then = path
    bench.trade_at(first)
    order = bench.order("ann", side, "0.1", price, order_type=kind, stop=stop, trail=delta)
    for at in then:
        bench.trade_at(at)
        assert order.working_since == 0, at
    almost = f"{float(turn) + (-0.02 if side == 'BUY' else 0.02):.2f}"
    bench.trade_at(almost)
    assert order.working_since == 0
    bench.trade_at(turn if name != "D" else "430.12")
    assert order.working_since > 0
    assert bench.engine.audit().ok


def test_it_begins_to_follow_at_its_stop_price_and_says_since_when(bench: Any) -> None:
    bench.trade_at("100")
    order = bench.order("ann", "SELL", "1", order_type="TAKE_PROFIT", stop="110", trail=500)
    assert order.trail.since == 0
    bench.clock.advance(5)
    bench.trade_at("110")
    assert order.trail.since == bench.engine.now()


def test_before_anything_was_traded_it_begins_with_the_first_trade(bench: Any) -> None:
    order = bench.order("ann", "SELL", "1", order_type="STOP_LOSS", trail=1000)
    assert order.trail.since == 0
    bench.trade_at("100")
    bench.trade_at("90.01")
    assert order.working_since == 0
    bench.trade_at("90")
    assert order.working_since > 0


def test_a_buy_without_any_price_sets_aside_what_it_would_cost_after_the_turn(bench: Any) -> None:
    bench.trade_at("100")
    order = bench.order("ann", "BUY", "2", order_type="STOP_LOSS", trail=500)
    assert bench.locked("ann", "USD") == to_units(210)
    bench.engine.amend("ann", "BTCUSD", order.id, qty=to_units(1), client_order_id="less")
    assert bench.locked("ann", "USD") == to_units(105)
    bench.engine.cancel("ann", "BTCUSD", order.id)
    assert bench.locked("ann", "USD") == 0
    assert not bench.engine.floor("BTCUSD").stops.waiting


def test_a_cancelled_order_is_forgotten_before_and_after_it_began_to_follow(bench: Any) -> None:
    bench.trade_at("100")
    early, late = (
        bench.order("ann", "SELL", "1", order_type="STOP_LOSS", stop=stop, trail=500) for stop in ("90", "95")
    )
    bench.trade_at("95")
    for order in (early, late):
        bench.engine.cancel("ann", "BTCUSD", order.id)
    bench.trade_at("50")
    assert early.fills == late.fills == []
    assert bench.engine.audit().ok


def test_a_stop_price_that_is_reached_already_is_refused(bench: Any) -> None:
    bench.trade_at("100")
    assert bench.send("ann", "SELL", "1", order_type="STOP_LOSS", stop="100", trail=500) is Refusal.WOULD_TRIGGER
    assert bench.send("ann", "SELL", "1", "100", trail=500) is Refusal.UNSUPPORTED_TYPE
    assert bench.send("ann", "SELL", "1", order_type="STOP_LOSS") is Refusal.OFF_GRID


def test_a_triggered_trail_ends_the_other_order_of_its_pair(bench: Any) -> None:
    bench.trade_at("100")
    limit = bench.new("ann", "SELL", "1", "120", order_type="LIMIT_MAKER")
    trail = bench.new("ann", "SELL", "1", order_type="STOP_LOSS", trail=1000)
    pair = bench.rivals(limit, trail)
    bench.trade_at("110")
    bench.trade_at("99")
    resting, waiting = pair.orders
    assert not resting.is_open
    assert waiting.working_since > 0
    assert bench.locked("ann", "BTC") == 0
