from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from yunmin.core.data_contracts import AccountState, Balance, Fill, FillKind, FillVoided, OrderState, OrderUpdate
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.position_manager import CostMethod, PositionManager
from yunmin.errors import ConfigurationError, InvalidValue

D = Decimal
SYMBOL = "BTC/USDT"


@pytest.fixture
def tracker() -> OrderTracker:
    return OrderTracker()


@pytest.fixture
def positions(tracker: OrderTracker) -> PositionManager:
    manager = PositionManager()
    manager.follow(tracker)
    return manager


def order(tracker: OrderTracker, name: str = "o", side: str = "BUY", qty: str = "2", symbol: str = SYMBOL) -> None:
    tracker.create_order(name, symbol, side, "LIMIT", qty, "100")
    tracker.set_exchange_id(name, f"x-{name}")


def update(name: str, state: OrderState, filled: str, cost: str, symbol: str = SYMBOL) -> OrderUpdate:
    return OrderUpdate(
        symbol=symbol, client_order_id=name, exchange_order_id=f"x-{name}", state=state, filled_qty=filled,
        filled_cost=cost,
    )  # fmt: skip


def account(**totals: str) -> AccountState:
    return AccountState(balances={asset: Balance(asset=asset, free=total) for asset, total in totals.items()})


def test_case_34_a_fee_in_the_base_asset_is_not_in_the_position_and_the_order_keeps_its_fill(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker, qty="1")
    tracker.add_fill("o", "1", "100", "0.001", "BTC", trade_id="1")
    position = positions.position(SYMBOL)
    live = tracker.get_order("o")
    assert live is not None
    assert (live.filled_qty, position.qty) == (D(1), D("0.999"))
    assert (position.cost, position.average_price, position.paid_in_quote) == (D("99.9"), D(100), D("0.1"))
    assert position.fees == {"BTC": D("0.001")}


def test_case_32_fees_in_several_currencies_are_kept_apart(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", "0.01", "BNB", trade_id="1")
    tracker.add_fill("o", "1", "100", "0.1", "USDT", trade_id="2")
    assert positions.position(SYMBOL).fees == {"BNB": D("0.01"), "USDT": D("0.1")}
    assert positions.position(SYMBOL).qty == 2


def test_case_33_a_fee_without_a_rate_leaves_the_net_unknown_and_is_named(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", "0.01", "BNB", trade_id="1")
    value = positions.value({SYMBOL: "110"})
    assert (value.unrealised, value.fees, value.net, value.unpriced) == (D(10), None, None, ("BNB",))
    assert positions.value({SYMBOL: "110"}, rates={"BNB": "600"}).net == D(4)


def test_a_fee_that_nobody_told_is_unknown_not_zero(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", trade_id="1")
    assert positions.position(SYMBOL).fees_complete is False
    assert positions.value({SYMBOL: "110"}).net is None
    tracker.add_fill("o", "1", "100", "0.002", "BTC", trade_id="1")
    assert positions.position(SYMBOL).qty == D("0.998")
    assert positions.value({SYMBOL: "110"}).net == D("0.998") * 10 - D("0.2")


def test_a_symbol_without_a_price_has_no_value_and_is_named(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", "0", "USDT", trade_id="1")
    value = positions.value({})
    assert (value.unrealised, value.net, value.unpriced) == (None, None, (SYMBOL,))


def test_average_cost_and_fifo_differ_in_what_is_realised_only() -> None:
    found = []
    for method in CostMethod:
        tracker, manager = OrderTracker(), PositionManager(method)
        manager.follow(tracker)
        order(tracker, "a")
        order(tracker, "b", "SELL", "1")
        for trade, price in enumerate(("100", "200")):
            tracker.add_fill("a", "1", price, "0", "USDT", trade_id=str(trade))
        tracker.add_fill("b", "1", "250", "0", "USDT", trade_id="9")
        position = manager.position(SYMBOL)
        found.append((position.qty, position.realised, position.realised + position.unrealised("300")))
    assert found == [(D(1), D(100), D(250)), (D(1), D(150), D(250))]


def test_the_same_fill_again_by_another_way_moves_nothing(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    fill = Fill(symbol=SYMBOL, trade_id="7", client_order_id="o", side="BUY", qty="1", price="100")
    for _ in range(3):
        tracker.apply(fill)
    positions.catch_up(tracker.get_orders())
    assert positions.position(SYMBOL).qty == 1


def test_the_word_that_an_order_is_filled_moves_nothing_a_fill_does(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker)
    tracker.apply(update("o", OrderState.FILLED, "2", "200"))
    assert positions.position(SYMBOL).qty == 0


def inferred(tracker: OrderTracker, name: str = "o") -> None:
    fill = tracker.infer_residual(name)
    assert fill is not None
    tracker.apply(fill)


def test_real_fills_take_the_place_of_an_inferred_one_and_nothing_counts_twice(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker)
    tracker.apply(update("o", OrderState.FILLED, "2", "202"))
    inferred(tracker)
    held = []
    for trade, price in (("1", "100"), ("2", "102")):
        held.append((positions.position(SYMBOL).qty, positions.position(SYMBOL).cost))
        tracker.add_fill("o", "1", price, "0.1", "USDT", trade_id=trade)
    assert held == [(D(2), D(202)), (D(2), D(201))]
    assert (positions.position(SYMBOL).qty, positions.position(SYMBOL).cost) == (D(2), D(202))
    assert positions.position(SYMBOL).fees == {"USDT": D("0.2")}


def test_no_listener_ever_sees_an_inferred_fill_and_its_real_one_together(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    seen: list[Decimal] = []
    tracker.subscribe(lambda _: seen.append(positions.position(SYMBOL).qty))
    order(tracker)
    tracker.apply(update("o", OrderState.FILLED, "2", "200"))
    inferred(tracker)
    tracker.add_fill("o", "2", "100", trade_id="1")
    assert max(seen) == 2


def test_a_late_fill_after_a_cancel_is_held(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.cancel_order("o")
    tracker.add_fill("o", "0.5", "100", "0", "USDT", trade_id="1")
    assert positions.position(SYMBOL).qty == D("0.5")


def test_a_trade_that_the_exchange_took_back_is_not_held(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", "0.1", "USDT", trade_id="1")
    tracker.add_fill("o", "1", "120", "0.1", "USDT", trade_id="2")
    tracker.apply(FillVoided(symbol=SYMBOL, trade_id="1", client_order_id="o"))
    position = positions.position(SYMBOL)
    assert (position.qty, position.cost, position.fees) == (D(1), D(120), {"USDT": D("0.1")})
    assert positions.flows() == {"BTC": D(1), "USDT": D("-120.1")}


def test_several_symbols_are_held_apart_and_valued_together(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker, "a")
    order(tracker, "b", "SELL", symbol="ETH/USDT")
    tracker.add_fill("a", "1", "100", "0", "USDT", trade_id="1")
    tracker.add_fill("b", "2", "10", "0", "USDT", trade_id="1")
    assert {symbol: position.qty for symbol, position in positions.positions().items()} == {SYMBOL: 1, "ETH/USDT": -2}
    assert positions.value({SYMBOL: "101", "ETH/USDT": "11"}).net == D(-1)


def test_quote_assets_are_not_added_up(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker, "a")
    order(tracker, "b", symbol="ETH/BTC")
    for name in ("a", "b"):
        tracker.add_fill(name, "1", "0.05", "0", "USDT", trade_id="1")
    with pytest.raises(InvalidValue, match="BTC, USDT"):
        positions.value({SYMBOL: "1", "ETH/BTC": "1"})
    assert positions.value({SYMBOL: "1"}, quote_asset="USDT").unrealised == D("0.95")


def test_the_audit_finds_a_deposit_and_nothing_else(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", "0.01", "BNB", trade_id="1")
    opening, after = account(USDT="1000", BNB="1"), {"USDT": "900", "BTC": "1", "BNB": "0.99"}
    assert positions.audit(opening, account(**after)) == ()
    (found,) = positions.audit(opening, account(**after | {"USDT": "950"}))
    assert (found.asset, found.expected, found.actual, found.is_explained) == ("USDT", D(900), D(950), False)


def test_the_audit_says_where_an_unknown_fee_may_be_all(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker)
    tracker.add_fill("o", "1", "100", trade_id="1")
    (found,) = positions.audit(account(USDT="1000"), account(USDT="900", BTC="0.999"))
    assert (found.asset, found.is_explained) == ("BTC", True)


def test_orders_of_others_do_not_count_where_only_ours_are_wanted(tracker: OrderTracker) -> None:
    mine = PositionManager(owns=lambda name: name.startswith("mine-"))
    mine.follow(tracker)
    for name in ("mine-1", "theirs-1"):
        order(tracker, name)
        tracker.add_fill(name, "1", "100", trade_id="1")
    assert mine.position(SYMBOL).qty == 1


def test_after_a_restart_what_was_missed_is_caught_up_and_nothing_twice(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker)
    tracker.add_fill("o", "0.5", "100", "0", "USDT", trade_id="1")
    saved = json.dumps(positions.dump())
    tracker.add_fill("o", "0.5", "110", "0", "USDT", trade_id="2")
    tracker.add_fill("o", "0.5", "120", "0.1", "USDT", trade_id="3")
    tracker.apply(FillVoided(symbol=SYMBOL, trade_id="2", client_order_id="o"))
    again = PositionManager.load(json.loads(saved))
    again.follow(tracker)
    again.catch_up(tracker.get_orders())
    assert again.position(SYMBOL) == positions.position(SYMBOL)
    assert again.flows() == positions.flows()


def test_an_inferred_fill_of_before_a_restart_is_replaced_after_it(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker)
    tracker.apply(update("o", OrderState.FILLED, "2", "200"))
    inferred(tracker)
    again = PositionManager.load(positions.dump())
    tracker.add_fill("o", "1", "100", "0", "USDT", trade_id="1")
    again.follow(tracker)
    assert [(fill.kind, fill.qty) for fill in tracker.get_orders()[0].fills] == [
        (FillKind.REAL, D(1)),
        (FillKind.INFERRED, D(1)),
    ]
    assert again.position(SYMBOL).qty == 2
    tracker.add_fill("o", "1", "100", "0", "USDT", trade_id="2")
    assert again.position(SYMBOL).qty == positions.position(SYMBOL).qty == 2


def test_a_dump_is_read_exactly_and_another_versions_is_refused(
    tracker: OrderTracker, positions: PositionManager
) -> None:
    order(tracker)
    tracker.add_fill("o", "0.300000000000000001", "99.99", "0.0001", "BTC", trade_id="1")
    dumped: dict[str, Any] = json.loads(json.dumps(positions.dump()))
    assert PositionManager.load(dumped).dump() == positions.dump()
    with pytest.raises(ConfigurationError, match="format 9"):
        PositionManager.load(dumped | {"format": 9})


def test_ten_thousand_fills_keep_a_bounded_book(tracker: OrderTracker, positions: PositionManager) -> None:
    order(tracker, qty="100000")
    for trade in range(3000):
        tracker.add_fill("o", "1", "100", "0", "USDT", trade_id=str(trade))
    assert positions.position(SYMBOL).qty == 3000
    assert len(positions.dump()["books"][SYMBOL]["fills"]) == 1000
    positions.catch_up(tracker.get_orders())
    assert positions.position(SYMBOL).qty == 3000
