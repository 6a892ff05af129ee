"""From ccxt's unified dicts to our values, without a float and without a guess."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from yunmin.ccxt_bridge import parse
from yunmin.core.data_contracts import Liquidity, OrderState, OrderType, Side, TimeInForce
from yunmin.errors import InvalidValue, MalformedResponse


def a_unified_order(**changes: Any) -> dict[str, Any]:
    return {
        "id": "7",
        "clientOrderId": "mine",
        "symbol": "BTC/USDT",
        "status": "open",
        "side": "buy",
        "type": "limit",
        "timeInForce": "GTC",
        "amount": "2",
        "filled": "0",
        "price": "3.10",
        "cost": "0",
        "timestamp": 1_767_225_600_000,
        "info": {},
        **changes,
    }


def test_an_order_keeps_the_wires_figures() -> None:
    order = parse.parse_order(a_unified_order())
    assert (order.exchange_order_id, order.client_order_id, order.side) == ("7", "mine", Side.BUY)
    assert (str(order.price), order.qty, order.filled_qty) == ("3.10", Decimal(2), Decimal(0))
    assert (order.order_type, order.time_in_force) == (OrderType.LIMIT, TimeInForce.GTC)


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("open", "0", OrderState.OPEN),
        ("open", "1", OrderState.PARTIALLY_FILLED),
        ("closed", "2", OrderState.FILLED),
        ("closed", "1", None),
        ("closed", None, None),
        ("canceled", "1", OrderState.CANCELLED),
        ("expired", "0", OrderState.EXPIRED),
        ("rejected", "0", OrderState.REJECTED),
        ("QUANTUM_SUPERPOSED", "0", None),
        (None, "0", None),
        (["open"], "0", None),
    ],
)
def test_a_state_is_given_only_where_the_figures_bear_it_out(status: Any, filled: Any, state: Any) -> None:
    raw = a_unified_order(status=status, filled=filled)
    assert parse.parse_order(raw).state is state


@pytest.mark.parametrize("raw", [None, [], "", {}, {"symbol": None}, {"symbol": 5}])
def test_an_order_without_a_symbol_is_malformed(raw: Any) -> None:
    with pytest.raises(MalformedResponse):
        parse.parse_order(raw)


@pytest.mark.parametrize("name", ["amount", "filled", "price", "cost"])
@pytest.mark.parametrize("value", [1.5, "NaN", "Infinity", "1e400", True, [1]])
def test_a_figure_that_is_a_float_or_out_of_bounds_is_refused(name: str, value: Any) -> None:
    with pytest.raises((InvalidValue, ValueError)):
        parse.parse_order(a_unified_order(**{name: value}))


def test_an_empty_id_is_no_id() -> None:
    order = parse.parse_order(a_unified_order(id="", clientOrderId=None))
    assert (order.exchange_order_id, order.client_order_id) == (None, None)


def a_unified_trade(**changes: Any) -> dict[str, Any]:
    return {
        "id": "9",
        "order": "7",
        "symbol": "BTC/USDT",
        "side": "sell",
        "amount": "1",
        "price": "3",
        "takerOrMaker": "maker",
        "timestamp": 1_767_225_600_000,
        "fee": {"cost": "0.001", "currency": "BNB"},
        **changes,
    }


def test_a_fill_brings_its_fee_and_its_liquidity() -> None:
    fill = parse.parse_fill(a_unified_trade())
    assert (fill.trade_id, fill.exchange_order_id, fill.side) == ("9", "7", Side.SELL)
    assert (fill.fee, fill.fee_asset, fill.liquidity) == (Decimal("0.001"), "BNB", Liquidity.MAKER)


@pytest.mark.parametrize("fee", [None, {}, {"cost": None, "currency": "BNB"}])
def test_a_fee_that_was_not_said_is_none_not_zero(fee: Any) -> None:
    assert parse.parse_fill(a_unified_trade(fee=fee)).fee is None


@pytest.mark.parametrize("trade_id", [None, "", "7"])
def test_a_trade_without_an_id_of_its_own_gets_the_same_made_one_every_time(trade_id: Any) -> None:
    one, two = (parse.parse_fill(a_unified_trade(id=trade_id)) for _ in range(2))
    assert one.trade_id == two.trade_id != "7"
    assert one.trade_id.startswith("syn:")


@pytest.mark.parametrize("name", ["amount", "price"])
@pytest.mark.parametrize("value", [1.5, None, "x", "-1"])
def test_a_trade_with_a_bad_figure_is_refused(name: str, value: Any) -> None:
    with pytest.raises((InvalidValue, ValueError)):
        parse.parse_fill(a_unified_trade(**{name: value}))


def test_an_account_without_totals_is_malformed() -> None:
    with pytest.raises(MalformedResponse):
        parse.parse_account({"info": {}})


def test_an_account_leaves_out_what_is_zero() -> None:
    account = parse.parse_account(
        {
            "total": {"BTC": "1", "DUST": "0"},
            "BTC": {"free": "0.4", "used": "0.6"},
            "DUST": {"free": "0", "used": None},
            "timestamp": None,
        }
    )
    assert set(account.balances) == {"BTC"}
    assert account.balance("BTC").total == Decimal(1)


@pytest.mark.parametrize("balance", [{"free": 0.4, "used": "0"}, {"free": "0", "used": 0.4}])
def test_a_balance_in_floats_is_refused(balance: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        parse.parse_account({"total": {"BTC": "1"}, "BTC": balance})


def test_a_book_and_a_candle_keep_the_wires_figures() -> None:
    book = parse.parse_order_book({"bids": [["1.10", "2"]], "asks": [["1.20", "3"]], "nonce": 4}, "BTC/USDT")
    assert (str(book.bids[0].price), book.sequence) == ("1.10", 4)
    candle = parse.parse_candle([1_767_225_600_000, "1", "3", "0.5", "2.00", "9"], "BTC/USDT")
    assert str(candle.close) == "2.00"
    with pytest.raises(InvalidValue):
        parse.parse_candle([1_767_225_600_000, "1", "3", "0.5", 2.0, "9"], "BTC/USDT")
