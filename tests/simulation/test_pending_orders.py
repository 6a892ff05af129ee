"""Orders behind a working one: they wait until it is filled, are paid by it or not, and end with it."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.orders import EngineEvent, ExpiryReason, Refusal
from yunmin.simulation.units import to_units


def reasons(group: Any) -> list[ExpiryReason | None]:
    return [order.expiry_reason for order in group.orders]


def test_a_pending_order_is_not_in_the_book_and_has_its_own_funds_set_aside(bench: Any) -> None:
    group = bench.behind(bench.new("ann", "BUY", "2", "100"), bench.new("ann", "SELL", "1", "120"))
    working, pending = group.orders
    assert (working.is_pending, pending.is_pending, pending.working_since) == (False, True, 0)
    assert (bench.locked("ann", "USD"), bench.locked("ann", "BTC")) == (to_units(200), to_units(1))
    assert bench.engine.floor("BTCUSD").book.best_ask is None
    assert bench.engine.audit().ok


def test_it_works_once_the_working_order_is_filled_completely(bench: Any) -> None:
    working, pending = bench.behind(bench.new("ann", "BUY", "2", "100"), bench.new("ann", "SELL", "1", "120")).orders
    bench.order("bob", "SELL", "1", "100")
    assert (working.state, pending.is_pending) == (OrderState.PARTIALLY_FILLED, True)
    bench.order("bob", "SELL", "1", "100")
    assert (working.state, pending.is_pending) == (OrderState.FILLED, False)
    assert bench.engine.floor("BTCUSD").book.best_ask.price == to_units(120)


def test_it_may_trade_the_moment_it_works(bench: Any) -> None:
    bench.order("cid", "SELL", "1", "100")
    bench.order("cid", "BUY", "5", "90")
    _, pending = bench.behind(bench.new("ann", "BUY", "1", "100"), bench.new("ann", "SELL", "3")).orders
    assert (pending.state, pending.filled, pending.quote_spent) == (OrderState.FILLED, to_units(3), to_units(270))


@pytest.mark.parametrize("ends", [0, 1])
def test_cancelling_either_cancels_both(bench: Any, ends: int) -> None:
    group = bench.behind(bench.new("ann", "BUY", "2", "100"), bench.new("ann", "SELL", "1", "120"))
    bench.engine.cancel("ann", "BTCUSD", group.orders[ends].id)
    assert [order.state for order in group.orders] == [OrderState.CANCELLED, OrderState.CANCELLED]
    assert (bench.locked("ann", "USD"), bench.locked("ann", "BTC")) == (0, 0)


@pytest.mark.parametrize(
    ("working", "reason"),
    [({"tif": "IOC"}, ExpiryReason.UNFILLED_IOC), ({"tif": "FOK"}, ExpiryReason.UNFILLED_FOK)],
)
def test_a_working_order_that_expires_ends_what_waits_for_it(
    bench: Any, working: dict[str, str], reason: ExpiryReason
) -> None:
    group = bench.behind(bench.new("ann", "BUY", "2", "100", **working), bench.new("ann", "SELL", "1", "120"))
    assert reasons(group) == [reason, ExpiryReason.WORKING_ORDER_ENDED]
    assert not group.is_open
    assert bench.locked("ann", "BTC") == 0


def test_a_prevented_self_trade_ends_the_whole_list(bench: Any) -> None:
    group = bench.behind(bench.new("ann", "BUY", "1", "100"), bench.new("ann", "SELL", "1", "120"))
    bench.order("ann", "SELL", "1", "100", stp="EXPIRE_MAKER")
    assert reasons(group) == [ExpiryReason.SELF_TRADE, ExpiryReason.WORKING_ORDER_ENDED]


def test_of_two_that_waited_one_ends_the_other(bench: Any) -> None:
    bench.trade_at("100")
    group = bench.behind(
        bench.new("ann", "BUY", "1", "100"),
        bench.new("ann", "SELL", "1", "110", order_type="LIMIT_MAKER"),
        bench.new("ann", "SELL", "1", order_type="STOP_LOSS", stop="90"),
    )
    _, profit, loss = group.orders
    assert bench.locked("ann", "BTC") == to_units(1)
    bench.order("bob", "SELL", "1", "100")
    assert [order.is_pending for order in group.orders] == [False, False, False]
    assert bench.locked("ann", "BTC") == to_units(1)
    bench.order("cid", "BUY", "0.4", "110")
    assert (profit.filled, loss.expiry_reason) == (to_units("0.4"), ExpiryReason.LIST_DECIDED)
    bench.order("cid", "BUY", "0.6", "110")
    assert not group.is_open
    assert bench.engine.audit().ok


def test_a_pair_of_which_one_cannot_work_ends_whole(bench: Any) -> None:
    bench.trade_at("100")
    group = bench.behind(
        bench.new("ann", "BUY", "1", "80"),
        bench.new("ann", "SELL", "1", "110", order_type="LIMIT_MAKER"),
        bench.new("ann", "SELL", "1", order_type="STOP_LOSS", stop="90"),
    )
    bench.order("bob", "SELL", "1", "80")
    assert reasons(group) == [None, ExpiryReason.LIST_DECIDED, ExpiryReason.REFUSED_AT_WORK]
    assert bench.locked("ann", "BTC") == 0


def test_a_post_only_order_that_would_take_by_then_is_refused(bench: Any) -> None:
    bench.order("bob", "SELL", "1", "101")
    group = bench.behind(
        bench.new("ann", "SELL", "1", "100"), bench.new("ann", "BUY", "1", "102", order_type="LIMIT_MAKER")
    )
    bench.order("cid", "BUY", "1", "100")
    assert reasons(group) == [None, ExpiryReason.REFUSED_AT_WORK]
    assert bench.locked("ann", "USD") == 0


def test_a_market_buy_that_cannot_be_paid_by_then_ends(bench: Any) -> None:
    bench.trade_at("100")
    group = bench.behind(bench.new("ann", "SELL", "1", "100"), bench.new("ann", "BUY", "90"))
    assert bench.locked("ann", "USD") == to_units(9000)
    bench.order("bob", "SELL", "99", "1000000")
    bench.order("cid", "BUY", "1", "100")
    assert reasons(group) == [None, ExpiryReason.NO_FUNDS]
    assert bench.engine.audit().ok


def test_rules_of_the_market_are_asked_again_when_it_goes_to_work(bench: Any) -> None:
    bench.engine.vet_released(lambda order, qty: 0 if order.price == to_units(120) else qty)
    group = bench.behind(bench.new("ann", "BUY", "1", "100"), bench.new("ann", "SELL", "1", "120"))
    bench.order("bob", "SELL", "1", "100")
    assert reasons(group) == [None, ExpiryReason.REFUSED_AT_WORK]


def test_each_may_be_amended_alone(bench: Any) -> None:
    working, pending = bench.behind(bench.new("ann", "BUY", "2", "100"), bench.new("ann", "SELL", "2", "120")).orders
    bench.engine.amend("ann", "BTCUSD", pending.id, qty=to_units(1), client_order_id="less")
    assert (working.qty, pending.qty, bench.locked("ann", "BTC")) == (to_units(2), to_units(1), to_units(1))
    bench.engine.amend("ann", "BTCUSD", working.id, qty=to_units("0.5"), client_order_id="still less")
    assert (working.qty, pending.qty, bench.locked("ann", "USD")) == (to_units("0.5"), to_units(1), to_units(50))


class TestWhereTheWorkingOrderPays:
    def a_list(self, bench: Any, account: str = "ann", qty: str = "2") -> Any:
        return bench.behind(bench.new(account, "BUY", qty, "100"), bench.new(account, "SELL", "0", "120"), pays=True)

    def test_only_the_working_order_needs_funds_and_what_it_buys_is_kept(self, bench: Any) -> None:
        working, pending = self.a_list(bench).orders
        assert (bench.locked("ann", "USD"), bench.locked("ann", "BTC")) == (to_units(200), 0)
        bench.order("bob", "SELL", "1", "100")
        assert (bench.locked("ann", "BTC"), pending.locked, pending.qty) == (to_units(1), to_units(1), 0)
        bench.order("bob", "SELL", "1", "100")
        assert (working.state, pending.qty, pending.locked) == (OrderState.FILLED, to_units(2), to_units(2))
        assert bench.engine.floor("BTCUSD").book.best_ask.qty == to_units(2)
        assert bench.engine.audit().ok

    def test_the_fee_comes_out_of_what_was_bought_where_nothing_else_is_free(self, bench: Any) -> None:
        bench.order("ann", "SELL", "100", "500")
        _, pending = self.a_list(bench).orders
        bench.order("bob", "SELL", "2", "100")
        assert (pending.qty, bench.free("ann", "BTC")) == (to_units("1.998"), 0)
        assert bench.engine.audit().ok

    def test_a_cancel_gives_back_what_was_bought_so_far(self, bench: Any) -> None:
        working, pending = self.a_list(bench).orders
        bench.order("bob", "SELL", "1", "100")
        bench.engine.cancel("ann", "BTCUSD", working.id)
        assert (pending.state, bench.locked("ann", "BTC")) == (OrderState.CANCELLED, 0)
        assert bench.engine.audit().ok

    def test_a_pending_order_has_no_quantity_to_amend(self, bench: Any) -> None:
        _, pending = self.a_list(bench).orders
        refused = bench.engine.amend("ann", "BTCUSD", pending.id, qty=to_units(1), client_order_id="x")
        assert refused is Refusal.NOT_SIZED_YET

    def test_a_pair_shares_what_was_bought(self, bench: Any) -> None:
        bench.trade_at("100")
        group = bench.behind(
            bench.new("ann", "BUY", "2", "100"),
            bench.new("ann", "SELL", "0", "120", order_type="LIMIT_MAKER"),
            bench.new("ann", "SELL", "0", order_type="STOP_LOSS", stop="90"),
            pays=True,
        )
        bench.order("bob", "SELL", "2", "100")
        assert [order.qty for order in group.orders] == [to_units(2)] * 3
        assert bench.locked("ann", "BTC") == to_units(2)
        bench.order("cid", "BUY", "2", "120")
        assert not group.is_open
        assert bench.engine.audit().ok

    def test_the_rules_of_the_market_may_make_it_smaller(self, bench: Any) -> None:
        bench.engine.vet_released(lambda order, qty: min(qty, to_units("1.5")))
        _, pending = self.a_list(bench).orders
        bench.order("bob", "SELL", "2", "100")
        assert (pending.qty, bench.locked("ann", "BTC")) == (to_units("1.5"), to_units("1.5"))

    def test_it_buys_first_and_sells_after(self, bench: Any) -> None:
        wrong = bench.behind(bench.new("ann", "SELL", "1", "100"), bench.new("ann", "BUY", "0", "90"), pays=True)
        assert wrong is Refusal.UNSUPPORTED_TYPE


def test_a_list_is_placed_whole_or_not_at_all(bench: Any) -> None:
    buy = bench.new("ann", "BUY", "1", "100")
    before = bench.free("ann", "USD"), bench.free("ann", "BTC")
    assert bench.behind(buy, bench.new("ann", "SELL", "101", "120")) is Refusal.INSUFFICIENT_FUNDS
    assert bench.behind(buy, bench.new("bob", "SELL", "1", "120")) is Refusal.UNSUPPORTED_TYPE
    assert bench.behind(buy, bench.new("ann", "SELL", quote_qty="10")) is Refusal.UNSUPPORTED_TYPE
    assert bench.behind(bench.new("ann", "BUY", "1"), buy) is Refusal.UNSUPPORTED_TYPE
    assert bench.behind(buy, bench.new("ann", "SELL", "1", "120.001")) is Refusal.OFF_GRID
    assert bench.behind(buy, bench.new("ann", "SELL", "1", order_type="LIMIT")) is Refusal.OFF_GRID
    assert bench.behind(buy, bench.new("ann", "SELL", "1", "120", iceberg="2")) is Refusal.ICEBERG_TOO_LARGE
    assert (bench.free("ann", "USD"), bench.free("ann", "BTC")) == before


def test_what_happens_is_told_in_order(bench: Any) -> None:
    told: list[tuple[str, int]] = []

    def listen(event: EngineEvent) -> None:
        if event.order.account == "ann":
            told.append((event.kind.value, event.order.id))

    bench.engine.listen(listen)
    group = bench.behind(bench.new("ann", "BUY", "1", "100"), bench.new("ann", "SELL", "1", "120"))
    bench.engine.amend("ann", "BTCUSD", 1, qty=to_units("0.5"), client_order_id="less")
    bench.order("bob", "SELL", "0.5", "100")
    bench.engine.cancel("ann", "BTCUSD", group.orders[1].id)
    assert told == [
        ("ACCEPTED", 1),
        ("ACCEPTED", 2),
        ("LIST_STARTED", 1),
        ("AMENDED", 1),
        ("LIST_RENAMED", 1),
        ("TRADED", 1),
        ("LIST_STARTED", 2),
        ("RELEASED", 2),
        ("CANCELLED", 2),
        ("LIST_DONE", 2),
    ]
