"""The matching engine: who trades with whom, at which price, and what becomes of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from yunmin.core.data_contracts.enums import OrderState
from yunmin.errors import ConfigurationError
from yunmin.simulation.orders import EngineEvent, EventKind, ExpiryReason, Order, Refusal
from yunmin.simulation.units import to_units


def test_a_limit_order_rests_and_locks_what_it_may_cost(bench: Any) -> None:
    order = bench.order("ann", "BUY", "2", "100")
    assert order.state is OrderState.OPEN
    assert bench.locked("ann", "USD") == to_units(200)
    assert bench.free("ann", "USD") == to_units(9_999_800)


def test_an_equal_price_trades_in_the_order_of_arrival(bench: Any) -> None:
    first, second = bench.order("ann", "SELL", "1", "100"), bench.order("bob", "SELL", "1", "100")
    bench.order("cid", "BUY", "1.5", "100")
    assert (first.state, second.state) == (OrderState.FILLED, OrderState.PARTIALLY_FILLED)
    assert second.filled == to_units("0.5")


def test_a_better_price_trades_before_an_earlier_order(bench: Any) -> None:
    worse, better = bench.order("ann", "SELL", "1", "101"), bench.order("bob", "SELL", "1", "100")
    bench.order("cid", "BUY", "1", "101")
    assert (worse.state, better.state) == (OrderState.OPEN, OrderState.FILLED)


def test_a_trade_happens_at_the_makers_price_and_the_difference_is_released(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    taker = bench.order("bob", "BUY", "3", "110")
    assert taker.fills[0].price == to_units(100)
    assert bench.locked("bob", "USD") == to_units(220)
    assert bench.free("bob", "USD") == to_units(10_000_000 - 100 - 220)


def test_fees_come_out_of_what_each_side_received(bench: Any) -> None:
    maker = bench.order("ann", "SELL", "1", "100")
    taker = bench.order("bob", "BUY", "1", "100")
    assert [(fill.fee, fill.fee_asset, fill.is_maker) for fill in maker.fills] == [(to_units("0.1"), "USD", True)]
    assert [(fill.fee, fill.fee_asset, fill.is_maker) for fill in taker.fills] == [(to_units("0.001"), "BTC", False)]
    assert bench.free("fees", "USD") == to_units("0.1")


def test_fees_come_from_the_discount_asset_once_its_price_is_known(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    before = bench.order("thrifty", "BUY", "0.5", "100")
    bench.order("ann", "SELL", "1", "10", market="TOKUSD")
    bench.order("bob", "BUY", "1", "10", market="TOKUSD")
    after = bench.order("thrifty", "BUY", "0.5", "100")
    assert before.fills[0].fee_asset == "BTC"
    # 0.0005 BTC is 0.05 USD is 0.005 TOK, a quarter less is 0.00375
    assert (after.fills[0].fee, after.fills[0].fee_asset) == (to_units("0.00375"), "TOK")
    assert bench.engine.audit().ok


def test_the_full_fee_is_taken_where_the_discount_asset_does_not_suffice(bench: Any) -> None:
    bench.order("ann", "BUY", "1", "0.01", market="TOKUSD")
    bench.order("thrifty", "SELL", "1", "0.01", market="TOKUSD")
    bench.order("cid", "SELL", "50", "1000")
    order = bench.order("thrifty", "BUY", "50", "1000")
    assert order.fills[0].fee_asset == "BTC"


def test_ioc_takes_what_is_there_and_expires(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    order = bench.order("bob", "BUY", "2", "100", tif="IOC")
    assert (order.state, order.filled, order.expiry_reason) == (
        OrderState.EXPIRED,
        to_units(1),
        ExpiryReason.UNFILLED_IOC,
    )
    assert bench.locked("bob", "USD") == 0


def test_fok_fills_all_or_nothing(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    bench.order("ann", "SELL", "1", "101")
    nothing = bench.order("bob", "BUY", "3", "101", tif="FOK")
    everything = bench.order("bob", "BUY", "2", "101", tif="FOK")
    assert (nothing.state, nothing.filled) == (OrderState.EXPIRED, 0)
    assert nothing.expiry_reason is ExpiryReason.UNFILLED_FOK
    assert everything.state is OrderState.FILLED


def test_a_market_order_walks_the_book_and_its_rest_expires(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    bench.order("ann", "SELL", "1", "120")
    order = bench.order("bob", "BUY", "3")
    assert (order.state, order.filled, order.quote_spent) == (OrderState.EXPIRED, to_units(2), to_units(220))
    assert order.expiry_reason is ExpiryReason.NO_LIQUIDITY


def test_a_market_order_against_an_empty_book_expires_unfilled(bench: Any) -> None:
    order = bench.order("bob", "SELL", "3")
    assert (order.state, order.filled) == (OrderState.EXPIRED, 0)
    assert bench.locked("bob", "BTC") == 0


def test_a_market_buy_for_a_quote_amount_buys_whole_steps_within_it(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    bench.order("ann", "SELL", "1", "130")
    order = bench.order("bob", "BUY", quote_qty="150")
    assert order.state is OrderState.FILLED
    assert order.filled == to_units("1.3846")
    assert order.quote_spent <= to_units(150)
    assert bench.locked("bob", "USD") == 0


def test_a_market_sell_for_a_quote_amount_sells_only_what_it_needs(bench: Any) -> None:
    bench.order("ann", "BUY", "5", "100")
    order = bench.order("bob", "SELL", quote_qty="250")
    assert (order.state, order.filled) == (OrderState.FILLED, to_units("2.5"))


def test_a_quote_amount_that_outlasts_the_book_expires(bench: Any) -> None:
    bench.order("ann", "SELL", "1", "100")
    order = bench.order("bob", "BUY", quote_qty="150")
    assert (order.state, order.filled) == (OrderState.EXPIRED, to_units(1))
    assert bench.free("bob", "USD") == to_units(10_000_000 - 100)


def test_a_self_trade_is_allowed_and_seen_by_both_orders_under_one_id(bench: Any) -> None:
    maker = bench.order("ann", "SELL", "1", "100")
    taker = bench.order("ann", "BUY", "1", "100")
    assert maker.fills[0].trade_id == taker.fills[0].trade_id
    assert len(bench.engine.orders_of("ann").fills("BTCUSD")) == 2
    assert bench.engine.audit().ok


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"qty": "1", "price": "100", "market": "NONE"}, Refusal.UNKNOWN_MARKET),
        ({"account": "nobody", "qty": "1", "price": "100"}, Refusal.UNKNOWN_ACCOUNT),
        ({"qty": "0.00005", "price": "100"}, Refusal.OFF_GRID),
        ({"qty": "1", "price": "100.001"}, Refusal.OFF_GRID),
        ({"qty": "0", "price": "100"}, Refusal.OFF_GRID),
        ({"qty": "0"}, Refusal.OFF_GRID),
        ({"qty": "1", "price": "100000000"}, Refusal.INSUFFICIENT_FUNDS),
        ({"qty": "101", "side": "SELL"}, Refusal.INSUFFICIENT_FUNDS),
        ({"qty": "1", "price": "201", "order_type": "LIMIT_MAKER"}, Refusal.WOULD_TAKE),
        ({"qty": "1", "price": "201", "stop": "202"}, Refusal.UNSUPPORTED_TYPE),
        ({"quote_qty": "10", "side": "SELL"}, Refusal.EMPTY_BOOK),
        ({"quote_qty": "0.001"}, Refusal.BELOW_ONE_STEP),
        ({"qty": "1", "price": "100", "client_order_id": "taken"}, Refusal.DUPLICATE_CLIENT_ID),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(bench: Any, wanted: dict[str, str], refusal: Refusal) -> None:
    bench.order("cid", "SELL", "1", "200")
    bench.order("ann", "SELL", "1", "300", client_order_id="taken")
    before = bench.ledger.totals(), bench.engine.floor("BTCUSD").book.sequence
    account, side = wanted.pop("account", "ann"), wanted.pop("side", "BUY")
    assert bench.send(account, side, **wanted) is refusal
    assert (bench.ledger.totals(), bench.engine.floor("BTCUSD").book.sequence) == before


def test_a_client_order_id_may_be_used_again_once_its_order_is_done(bench: Any) -> None:
    first = bench.order("ann", "BUY", "1", "100", client_order_id="mine")
    bench.engine.cancel("ann", "BTCUSD", first.id)
    second = bench.order("ann", "BUY", "1", "100", client_order_id="mine")
    assert bench.engine.orders_of("ann").by_client_id("BTCUSD", "mine") is second
    assert bench.send("bob", "BUY", "1", "100", client_order_id="mine") is not Refusal.DUPLICATE_CLIENT_ID


def test_a_cancel_returns_the_funds_and_cannot_be_repeated(bench: Any) -> None:
    order = bench.order("ann", "BUY", "1", "100")
    assert bench.engine.cancel("ann", "BTCUSD", order.id) is order
    assert (order.state, bench.locked("ann", "USD")) == (OrderState.CANCELLED, 0)
    assert bench.engine.cancel("ann", "BTCUSD", order.id) is Refusal.UNKNOWN_ORDER


def test_nobody_cancels_the_order_of_somebody_else(bench: Any) -> None:
    order = bench.order("ann", "BUY", "1", "100")
    assert bench.engine.cancel("bob", "BTCUSD", order.id) is Refusal.UNKNOWN_ORDER
    assert order.is_open


def test_order_ids_are_numbered_in_each_market_of_its_own(bench: Any) -> None:
    assert bench.order("ann", "BUY", "1", "100").id == 1
    assert bench.order("ann", "BUY", "1", "100", market="TOKUSD").id == 1


def test_listeners_hear_of_acceptance_before_trades_and_of_the_end_last(bench: Any) -> None:
    heard: list[tuple[EventKind, str, OrderState]] = []

    def listen(event: EngineEvent) -> None:
        heard.append((event.kind, event.order.account, event.order.state))

    bench.order("ann", "SELL", "1", "100")
    bench.engine.listen(listen)
    bench.order("bob", "BUY", "2", "100", tif="IOC")
    assert heard == [
        (EventKind.ACCEPTED, "bob", OrderState.OPEN),
        (EventKind.TRADED, "ann", OrderState.FILLED),
        (EventKind.TRADED, "bob", OrderState.PARTIALLY_FILLED),
        (EventKind.EXPIRED, "bob", OrderState.EXPIRED),
    ]


def test_an_audit_notices_money_out_of_nowhere(bench: Any) -> None:
    assert bench.engine.audit().ok
    bench.ledger.account("ann").free["USD"] += 1
    assert not bench.engine.audit().ok


def test_an_audit_notices_a_lock_without_an_order(bench: Any) -> None:
    bench.ledger.account("ann").lock("USD", 5)
    assert [line for line in bench.engine.audit().problems if "open orders hold 0" in line]


def test_names_of_accounts_and_markets_are_checked(bench: Any) -> None:
    with pytest.raises(ConfigurationError):
        bench.ledger.open_account("ann")
    with pytest.raises(ConfigurationError):
        bench.ledger.deposit("nobody", "USD", 1)
    with pytest.raises(ConfigurationError):
        bench.ledger.deposit("ann", "USD", -1)
    with pytest.raises(ConfigurationError):
        bench.engine.floor("NONE")


def test_an_account_without_history_remembers_open_orders_only(bench: Any) -> None:
    bench.ledger.open_account("house", keeps_history=False)
    bench.ledger.deposit("house", "USD", to_units(1000))
    order = bench.order("house", "BUY", "1", "100")
    index = bench.engine.orders_of("house")
    assert index.by_id("BTCUSD", order.id) is order
    bench.engine.cancel("house", "BTCUSD", order.id)
    assert index.by_id("BTCUSD", order.id) is None
    assert index.all_orders() == []


def test_many_orders_at_one_price_leave_in_any_order(bench: Any) -> None:
    orders: list[Order] = [bench.order("ann", "BUY", "0.1", "100") for _ in range(5)]
    for position in (2, 0, 4, 1, 3):
        bench.engine.cancel("ann", "BTCUSD", orders[position].id)
    book = bench.engine.floor("BTCUSD").book
    assert list(book.orders()) == []
    assert book.best_bid is None
