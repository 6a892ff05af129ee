"""Where orders are found: by either id, open, and done."""

from __future__ import annotations

from decimal import Decimal

import pytest

from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, TimeInForce
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_index import OrderIndex


def an_order(name: str, symbol: str = "BTC/USDT", exchange_order_id: str | None = None) -> InFlightOrder:
    order = InFlightOrder(name, symbol, Side.BUY, OrderType.LIMIT, Decimal(1), Decimal(10), TimeInForce.GTC)
    order._exchange_order_id = exchange_order_id
    return order


def begin(index: OrderIndex, order: InFlightOrder) -> InFlightOrder:
    index.begin(order)
    if order.exchange_order_id is not None:
        index.learn_exchange_id(order, order.exchange_order_id)
    return order


def end(index: OrderIndex, order: InFlightOrder, state: OrderState = OrderState.CANCELLED) -> None:
    before, order._state = order._state, state
    index.refile(order, before, state)


def test_a_symbol_without_open_orders_takes_no_room() -> None:
    index = OrderIndex(history_limit=1000)
    for number in range(100):
        end(index, begin(index, an_order(f"a{number}", f"S{number}/USDT")))
    assert index.open == {}
    assert (len(index.done), index.created, index.ended, index.filled) == (100, 100, 100, 0)


def test_an_exchange_id_that_two_symbols_share_finds_both_and_one_again_when_the_other_is_forgotten() -> None:
    index = OrderIndex(history_limit=1)
    here = begin(index, an_order("a", "BTC/USDT", "7"))
    there = begin(index, an_order("b", "ETH/USDT", "7"))
    assert (index.on("BTC/USDT", "7"), index.on("ETH/USDT", "7"), index.on("SOL/USDT", "7")) == (here, there, None)
    assert index.all_with("7") == [here, there]
    end(index, here)
    end(index, begin(index, an_order("c")))  # pushes the first one out
    assert (index.on("BTC/USDT", "7"), index.on("ETH/USDT", "7")) == (None, there)
    assert (index.all_with("7"), index.all_with("8")) == ([there], [])


def test_a_third_symbol_joins_an_id_that_two_share() -> None:
    index = OrderIndex(history_limit=1)
    orders = [begin(index, an_order(symbol, symbol, "7")) for symbol in ("A/B", "C/D", "E/F")]
    assert index.all_with("7") == orders


def test_an_order_whose_end_is_taken_back_is_open_again_and_not_counted_as_ended() -> None:
    index = OrderIndex(history_limit=10)
    order = begin(index, an_order("a"))
    end(index, order, OrderState.FILLED)
    assert (index.filled, index.ended, list(index.done)) == (1, 1, [order])
    end(index, order, OrderState.PARTIALLY_FILLED)
    assert (index.filled, index.ended, list(index.done)) == (0, 0, [])
    assert index.open == {"BTC/USDT": {"a": order}}


def test_a_lower_limit_lets_the_oldest_go_at_once() -> None:
    index = OrderIndex(history_limit=10)
    for number in range(5):
        end(index, begin(index, an_order(f"a{number}", exchange_order_id=str(number))))
    index.history_limit = 2
    assert list(index.orders) == ["a3", "a4"]
    assert index.all_with("0") == []


@pytest.mark.parametrize("state", [OrderState.OPEN, OrderState.FILLED])
def test_an_order_of_before_is_found_as_it_was_and_not_counted(state: OrderState) -> None:
    index = OrderIndex(history_limit=10)
    order = an_order("a", exchange_order_id="7")
    order._state = state
    index.put_back(order)
    assert index.orders == {"a": order}
    assert index.on("BTC/USDT", "7") is order
    assert (list(index.done), index.open) == (
        ([order], {}) if state is OrderState.FILLED else ([], {"BTC/USDT": {"a": order}})
    )
    assert (index.created, index.ended, index.filled) == (0, 0, 0)
