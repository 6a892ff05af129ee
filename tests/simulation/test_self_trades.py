"""Orders of one account that meet: who ends, how much of it, and what is given back."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.core.data_contracts.enums import OrderState
from yunmin.simulation.orders import ExpiryReason
from yunmin.simulation.units import to_units


def ended(order: Any) -> bool:
    return bool(order.state is OrderState.EXPIRED and order.expiry_reason is ExpiryReason.SELF_TRADE)


def test_without_a_mode_an_account_trades_with_itself(bench: Any) -> None:
    maker = bench.order("ann", "BUY", "1", "100")
    taker = bench.order("ann", "SELL", "1", "100")
    assert maker.state is taker.state is OrderState.FILLED
    assert bench.engine.floor("BTCUSD").prevented == []


def test_expire_maker_clears_the_way_and_lets_the_taker_rest(bench: Any) -> None:
    makers = [bench.order("ann", "BUY", qty, price) for qty, price in (("1.2", "102"), ("1.3", "101"), ("8.1", "100"))]
    taker = bench.order("ann", "SELL", "3", "100", stp="EXPIRE_MAKER")
    assert all(ended(maker) for maker in makers)
    assert [to_units(qty) for qty in ("1.2", "1.3", "8.1")] == [maker.prevented for maker in makers]
    assert (taker.state, taker.prevented, taker.remaining) == (OrderState.OPEN, 0, to_units("3"))
    assert bench.locked("ann", "USD") == 0
    assert [match.id for match in bench.engine.floor("BTCUSD").prevented] == [0, 1, 2]


def test_expire_taker_leaves_the_book_alone(bench: Any) -> None:
    maker = bench.order("ann", "BUY", "1", "100", stp="EXPIRE_MAKER")
    taker = bench.order("ann", "SELL", "3", "100", stp="EXPIRE_TAKER")
    assert (maker.state, maker.remaining) == (OrderState.OPEN, to_units(1))
    assert ended(taker)
    assert (taker.prevented, taker.filled, bench.locked("ann", "BTC")) == (to_units(3), 0, 0)


def test_expire_both_ends_both(bench: Any) -> None:
    maker = bench.order("ann", "BUY", "1", "100")
    taker = bench.order("ann", "SELL", "3", "100", stp="EXPIRE_BOTH")
    assert ended(maker)
    assert ended(taker)
    assert (maker.prevented, taker.prevented) == (to_units(1), to_units(3))


def test_decrement_takes_the_smaller_quantity_from_both(bench: Any) -> None:
    maker = bench.order("ann", "BUY", "6", "100")
    taker = bench.order("ann", "SELL", "2", "100", stp="DECREMENT")
    assert ended(taker)
    assert (maker.state, maker.prevented, maker.remaining) == (OrderState.OPEN, to_units(2), to_units(4))
    assert bench.locked("ann", "USD") == to_units(400)
    bench.order("bob", "SELL", "4", "100")
    assert (maker.state, maker.filled) == (OrderState.FILLED, to_units(4))


def test_a_taker_that_was_decremented_and_then_filled_is_filled(bench: Any) -> None:
    bench.order("ann", "BUY", "1", "100")
    bench.order("bob", "BUY", "1", "99")
    taker = bench.order("ann", "SELL", "2", "99", stp="DECREMENT")
    assert (taker.state, taker.filled, taker.prevented) == (OrderState.FILLED, to_units(1), to_units(1))


def test_what_was_filled_before_stays_filled(bench: Any) -> None:
    bench.order("bob", "BUY", "1", "101")
    bench.order("ann", "BUY", "1", "100")
    taker = bench.order("ann", "SELL", "3", "100", stp="EXPIRE_TAKER")
    assert ended(taker)
    assert (taker.filled, taker.prevented) == (to_units(1), to_units(2))


def test_only_orders_of_the_same_account_count(bench: Any) -> None:
    bench.order("bob", "BUY", "1", "100")
    assert bench.order("ann", "SELL", "1", "100", stp="EXPIRE_BOTH").state is OrderState.FILLED


@pytest.mark.parametrize("amount", [{"qty": "2"}, {"quote_qty": "220"}])
def test_a_market_buy_that_clears_its_own_way_has_set_enough_aside(bench: Any, amount: dict[str, str]) -> None:
    bench.order("ann", "SELL", "5", "100")
    bench.order("bob", "SELL", "5", "110")
    taker = bench.order("ann", "BUY", stp="EXPIRE_MAKER", **amount)
    assert (taker.filled, taker.quote_spent) == (to_units(2), to_units(220))
    assert bench.engine.audit().ok


@pytest.mark.parametrize(
    ("mode", "state"),
    [("EXPIRE_MAKER", OrderState.FILLED), ("EXPIRE_TAKER", OrderState.EXPIRED), ("DECREMENT", OrderState.EXPIRED)],
)
def test_a_fill_or_kill_counts_only_what_it_may_trade_with(bench: Any, mode: str, state: OrderState) -> None:
    own = bench.order("ann", "SELL", "1", "100")
    bench.order("bob", "SELL", "1", "101")
    assert bench.order("ann", "BUY", "2", "101", tif="FOK", stp="EXPIRE_MAKER").filled == 0
    assert own.state is OrderState.OPEN
    assert bench.order("ann", "BUY", "1", "101", tif="FOK", stp=mode).state is state


def test_a_triggered_order_prevents_too(bench: Any) -> None:
    bench.order("bob", "BUY", "0.01", "100")
    bench.order("cid", "SELL", "0.01", "100")
    own = bench.order("ann", "BUY", "1", "80")
    stop = bench.order("ann", "SELL", "1", order_type="STOP_LOSS", stop="90", stp="EXPIRE_BOTH")
    bench.order("bob", "BUY", "0.01", "90")
    bench.order("cid", "SELL", "0.01", "90")
    assert ended(own)
    assert ended(stop)


def test_accounts_of_one_trade_group_count_as_one(bench: Any) -> None:
    maker = bench.order("one", "BUY", "1", "100")
    taker = bench.order("other", "SELL", "1", "100", stp="EXPIRE_BOTH")
    assert ended(maker)
    assert ended(taker)
    (match,) = bench.engine.floor("BTCUSD").prevented
    assert (match.taker_account, match.maker_account, match.trade_group) == ("other", "one", 1)
    assert bench.order("other", "BUY", "1", "90", tif="FOK").filled == 0


def test_a_transfer_moves_what_was_not_traded_between_accounts_of_a_group_without_fees(bench: Any) -> None:
    """Scenario H of stp_faq.md, with prices a thousand times as high."""
    maker = bench.order("one", "BUY", "0.6", "200", stp="TRANSFER")
    taker = bench.order("other", "SELL", "0.2", "200", stp="TRANSFER")
    assert ended(taker)
    assert (maker.prevented, taker.prevented, maker.filled) == (to_units("0.2"), to_units("0.2"), 0)
    assert (bench.free("one", "BTC"), bench.locked("one", "USD")) == (to_units("100.2"), to_units(80))
    assert bench.free("one", "USD") == to_units(10_000_000 - 120)
    assert (bench.free("other", "BTC"), bench.free("other", "USD")) == (to_units("99.8"), to_units(10_000_040))
    assert bench.engine.audit().ok
    assert bench.engine.floor("BTCUSD").tape.trades == []


def test_a_transfer_needs_both_to_ask_for_it_and_two_accounts(bench: Any) -> None:
    bench.order("one", "BUY", "1", "100")
    bench.order("other", "SELL", "1", "100", stp="TRANSFER")
    bench.order("one", "BUY", "1", "100", stp="TRANSFER")
    bench.order("one", "SELL", "1", "100", stp="TRANSFER")
    modes = [match.mode.value for match in bench.engine.floor("BTCUSD").prevented]
    assert modes == ["DECREMENT", "TRANSFER"]
    assert bench.free("one", "BTC") == to_units(100)
    assert bench.engine.audit().ok
