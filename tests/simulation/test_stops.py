"""Conditional orders: which way the price has to go, what is set aside, and what happens when it gets there."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.orders import ExpiryReason, Refusal
from yunmin.simulation.units import to_units


def trade_at(bench: Any, price: str, qty: str = "0.01") -> None:
    bench.send("bob", "SELL", qty, price)
    bench.send("cid", "BUY", qty, price)


RISING = [("BUY", "STOP_LOSS"), ("SELL", "TAKE_PROFIT")]
FALLING = [("SELL", "STOP_LOSS"), ("BUY", "TAKE_PROFIT")]


@pytest.mark.parametrize(("side", "kind"), RISING)
def test_above_the_market_wait_a_buy_that_stops_a_loss_and_a_sell_that_takes_a_profit(
    bench: Any, side: str, kind: str
) -> None:
    trade_at(bench, "100")
    bench.send("bob", "SELL" if side == "BUY" else "BUY", "5", "150" if side == "BUY" else "50")
    assert bench.send("ann", side, "1", order_type=kind, stop="100") is Refusal.WOULD_TRIGGER
    order = bench.order("ann", side, "1", order_type=kind, stop="110")
    trade_at(bench, "109.99")
    assert (order.state, order.working_since) == (OrderState.OPEN, 0)
    trade_at(bench, "110")
    assert order.state is OrderState.FILLED


@pytest.mark.parametrize(("side", "kind"), FALLING)
def test_below_the_market_wait_a_sell_that_stops_a_loss_and_a_buy_that_takes_a_profit(
    bench: Any, side: str, kind: str
) -> None:
    trade_at(bench, "100")
    bench.send("bob", "SELL" if side == "BUY" else "BUY", "5", "150" if side == "BUY" else "50")
    assert bench.send("ann", side, "1", order_type=kind, stop="100") is Refusal.WOULD_TRIGGER
    order = bench.order("ann", side, "1", order_type=kind, stop="90")
    trade_at(bench, "90.01")
    assert order.working_since == 0
    trade_at(bench, "90")
    assert order.state is OrderState.FILLED


def test_funds_are_set_aside_while_an_order_waits_and_come_back_with_its_cancel(bench: Any) -> None:
    trade_at(bench, "100")
    limit = bench.order("ann", "BUY", "2", "120", order_type="STOP_LOSS_LIMIT", stop="110")
    market = bench.order("ann", "BUY", "1", order_type="STOP_LOSS", stop="110")
    sell = bench.order("ann", "SELL", "3", order_type="STOP_LOSS", stop="90")
    assert bench.locked("ann", "USD") == to_units(240 + 110)
    assert bench.locked("ann", "BTC") == to_units(3)
    for order in (limit, market, sell):
        assert bench.engine.cancel("ann", "BTCUSD", order.id) is order
    assert (bench.locked("ann", "USD"), bench.locked("ann", "BTC")) == (0, 0)
    assert not bench.engine.floor("BTCUSD").stops.waiting


def test_a_triggered_limit_order_rests_behind_what_is_there_already(bench: Any) -> None:
    trade_at(bench, "100")
    waiting = bench.order("ann", "SELL", "1", "95", order_type="STOP_LOSS_LIMIT", stop="96")
    later = bench.order("bob", "SELL", "1", "97")
    bench.send("bob", "BUY", "0.01", "96")
    before = bench.order("cid", "SELL", "0.01", "96")
    assert before.state is OrderState.FILLED
    assert waiting.working_since == waiting.updated > 0
    assert [order.id for order in bench.engine.floor("BTCUSD").book.orders()] == [waiting.id, later.id]


def test_orders_trigger_in_the_order_in_which_the_price_reaches_them_then_by_age(bench: Any) -> None:
    trade_at(bench, "100")
    far = bench.order("ann", "BUY", "1", "200", order_type="STOP_LOSS_LIMIT", stop="120")
    near = bench.order("ann", "BUY", "1", "200", order_type="STOP_LOSS_LIMIT", stop="110")
    same = bench.order("ann", "BUY", "1", "200", order_type="STOP_LOSS_LIMIT", stop="110")
    told: list[int] = []
    bench.engine.listen(lambda event: told.append(event.order.id) if event.kind == "TRIGGERED" else None)
    trade_at(bench, "130")
    assert told == [near.id, same.id, far.id]


def test_the_trades_of_triggered_orders_trigger_further_ones(bench: Any) -> None:
    trade_at(bench, "100")
    for price in ("95", "90", "85"):
        bench.send("bob", "BUY", "1", price)
    first = bench.order("ann", "SELL", "1", order_type="STOP_LOSS", stop="99")
    second = bench.order("ann", "SELL", "1", order_type="STOP_LOSS", stop="95")
    third = bench.order("ann", "SELL", "2", order_type="STOP_LOSS", stop="90")
    bench.send("bob", "BUY", "0.01", "99")
    bench.send("cid", "SELL", "0.01", "99")
    assert [order.quote_spent for order in (first, second, third)] == [to_units(95), to_units(90), to_units(85)]
    assert (third.state, third.expiry_reason) == (OrderState.EXPIRED, ExpiryReason.NO_LIQUIDITY)
    assert bench.engine.audit().ok


def test_a_triggered_market_buy_sets_aside_what_the_book_asks_or_ends_for_want_of_funds(bench: Any) -> None:
    trade_at(bench, "100")
    bench.send("bob", "SELL", "10", "120")
    dear = bench.order("ann", "BUY", "1", order_type="STOP_LOSS", stop="110")
    everything = bench.free("ann", "USD")
    greedy = bench.order("ann", "BUY", f"{everything // to_units(110)}", order_type="STOP_LOSS", stop="110")
    bench.send("cid", "SELL", "0.01", "110")
    bench.send("bob", "BUY", "0.01", "110")
    assert (dear.state, dear.quote_spent) == (OrderState.FILLED, to_units(120))
    assert (greedy.state, greedy.filled) == (OrderState.EXPIRED, to_units(9))
    assert bench.locked("ann", "USD") == 0
    bench.send("bob", "SELL", "80", "190000")
    poor = bench.order("ann", "BUY", "60", order_type="STOP_LOSS", stop="130")
    trade_at(bench, "130")
    assert (poor.state, poor.expiry_reason, poor.filled) == (OrderState.EXPIRED, ExpiryReason.NO_FUNDS, 0)


def test_a_triggered_fill_or_kill_is_filled_or_killed(bench: Any) -> None:
    trade_at(bench, "100")
    bench.send("bob", "SELL", "1", "115")
    killed = bench.order("ann", "BUY", "2", "120", order_type="STOP_LOSS_LIMIT", tif="FOK", stop="110")
    filled = bench.order("ann", "BUY", "1", "120", order_type="STOP_LOSS_LIMIT", tif="FOK", stop="110")
    trade_at(bench, "110")
    assert (killed.expiry_reason, filled.state) == (ExpiryReason.UNFILLED_FOK, OrderState.FILLED)


@pytest.mark.parametrize(
    ("kind", "price", "stop"),
    [
        ("STOP_LOSS", "0", "0"),
        ("STOP_LOSS", "120", "110"),
        ("STOP_LOSS_LIMIT", "0", "110"),
        ("TAKE_PROFIT", "0", "0.001"),
    ],
)
def test_prices_that_do_not_belong_or_do_not_fit_are_refused(bench: Any, kind: str, price: str, stop: str) -> None:
    assert bench.send("ann", "BUY", "1", price, order_type=kind, stop=stop) is Refusal.OFF_GRID


def test_an_order_without_a_condition_has_no_stop_price(bench: Any) -> None:
    assert bench.send("ann", "BUY", "1", "100", stop="110") is Refusal.UNSUPPORTED_TYPE
