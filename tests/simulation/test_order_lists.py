"""Pairs of orders: the first to go ahead ends the other, and both live on one lock."""

from __future__ import annotations

from typing import Any

from tests.by_now import by_now
from yunmin.core.data_contracts.enums import OrderState, OrderType
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import ExpiryReason, Refusal
from yunmin.simulation.units import to_units


def a_pair(bench: Any, side: str = "SELL", qty: str = "2", **changes: str) -> OrderList:
    bench.send("bob", "SELL", "0.01", "100")
    bench.send("cid", "BUY", "0.01", "100")
    wanted = {"limit": "110", "stop": "90"} if side == "SELL" else {"limit": "90", "stop": "110"}
    placed = bench.pair("ann", side, qty, **{**wanted, **changes})
    assert isinstance(placed, OrderList), placed
    return placed


def test_a_sold_pair_sets_its_quantity_aside_once(bench: Any) -> None:
    pair = a_pair(bench)
    assert bench.locked("ann", "BTC") == to_units(2)
    assert pair.is_open
    assert [order.working_since > 0 for order in pair.orders] == [True, False]


def test_a_bought_pair_sets_aside_what_the_dearer_one_needs(bench: Any) -> None:
    a_pair(bench, "BUY", stop_limit="120")
    assert bench.locked("ann", "USD") == to_units(240)


def test_a_first_fill_of_the_limit_order_ends_the_stop(bench: Any) -> None:
    pair = a_pair(bench, "BUY", stop_limit="120")
    limit, stop = pair.orders
    bench.order("bob", "SELL", "0.5", "90")
    assert (limit.state, limit.filled) == (OrderState.PARTIALLY_FILLED, to_units("0.5"))
    assert (stop.state, stop.expiry_reason, stop.locked) == (OrderState.EXPIRED, ExpiryReason.LIST_DECIDED, 0)
    assert bench.locked("ann", "USD") == to_units(135)
    assert by_now(pair.is_open)
    bench.order("bob", "SELL", "1.5", "90")
    assert not by_now(pair.is_open)
    assert bench.engine.audit().ok


def test_a_triggered_stop_ends_the_limit_order(bench: Any) -> None:
    limit, stop = a_pair(bench).orders
    bench.order("bob", "BUY", "5", "89")
    bench.order("cid", "BUY", "0.01", "90")
    bench.order("cid", "SELL", "0.01", "90")
    assert (limit.state, limit.expiry_reason) == (OrderState.EXPIRED, ExpiryReason.LIST_DECIDED)
    assert (stop.state, stop.quote_spent) == (OrderState.FILLED, to_units(178))
    assert bench.engine.floor("BTCUSD").book.best_ask is None
    assert bench.engine.audit().ok


def test_a_triggered_market_buy_of_a_pair_pays_what_the_book_asks(bench: Any) -> None:
    _, stop = a_pair(bench, "BUY").orders
    bench.order("bob", "SELL", "5", "115")
    bench.order("cid", "SELL", "0.01", "110")
    bench.order("cid", "BUY", "0.01", "110")
    assert (stop.state, stop.quote_spent, bench.locked("ann", "USD")) == (OrderState.FILLED, to_units(230), 0)


def test_of_two_stops_that_one_sweep_reaches_only_the_first_goes_ahead(bench: Any) -> None:
    a_pair(bench)
    profit = bench.order("ann", "SELL", "1", "121", order_type="TAKE_PROFIT_LIMIT", stop="120")
    loss = bench.order("ann", "BUY", "1", "80", order_type="STOP_LOSS_LIMIT", stop="125")
    pair = OrderList(99, "made", account="ann", market="BTCUSD", created=0)
    pair.orders += [profit, loss]
    profit.group = loss.group = pair
    bench.order("bob", "SELL", "1", "130")
    bench.engine.cancel("ann", "BTCUSD", 3)
    bench.order("cid", "BUY", "1", "130")
    assert profit.working_since > 0
    assert loss.expiry_reason is ExpiryReason.LIST_DECIDED


def test_cancelling_one_cancels_both(bench: Any) -> None:
    pair = a_pair(bench)
    bench.engine.cancel("ann", "BTCUSD", pair.orders[1].id)
    assert [order.state for order in pair.orders] == [OrderState.CANCELLED, OrderState.CANCELLED]
    assert bench.locked("ann", "BTC") == 0


def test_amending_one_amends_both(bench: Any) -> None:
    pair = a_pair(bench, "BUY", stop_limit="120")
    bench.engine.amend("ann", "BTCUSD", pair.orders[0].id, qty=to_units(1), client_order_id="smaller")
    assert [order.qty for order in pair.orders] == [to_units(1), to_units(1)]
    assert bench.locked("ann", "USD") == to_units(120)


def test_a_prevented_self_trade_ends_the_whole_pair(bench: Any) -> None:
    pair = a_pair(bench)
    bench.order("ann", "BUY", "1", "110", stp="EXPIRE_MAKER")
    assert [order.expiry_reason for order in pair.orders] == [ExpiryReason.SELF_TRADE, ExpiryReason.LIST_DECIDED]
    assert bench.locked("ann", "BTC") == 0


def test_a_pair_is_placed_as_a_whole_or_not_at_all(bench: Any) -> None:
    a_pair(bench, name="mine")
    before = bench.free("ann", "BTC")
    assert bench.pair("ann", "SELL", "1", limit="110", stop="90", name="mine") is Refusal.DUPLICATE_CLIENT_ID
    assert bench.pair("ann", "SELL", "1", limit="110", stop="101") is Refusal.WOULD_TRIGGER
    assert bench.pair("ann", "SELL", "1000", limit="110", stop="90") is Refusal.INSUFFICIENT_FUNDS
    bench.order("bob", "BUY", "1", "99")
    assert bench.pair("ann", "SELL", "1", limit="98", stop="90") is Refusal.WOULD_TAKE
    assert bench.pair("ann", "SELL", "1", limit="110", stop="90", market="NONE") is Refusal.UNKNOWN_MARKET
    assert bench.pair("nobody", "SELL", "1", limit="110", stop="90") is Refusal.UNKNOWN_ACCOUNT
    assert bench.free("ann", "BTC") == before
    one, other = (order for order in a_pair(bench).orders)
    assert {one.order_type, other.order_type} == {OrderType.LIMIT_MAKER, OrderType.STOP_LOSS}
