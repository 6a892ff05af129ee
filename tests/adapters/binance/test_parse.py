"""Reading Binance's JSON: figure by figure, and what is refused instead of guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.adapters.binance.wire import (
    ORDER_ID,
    TIME,
    a_book,
    a_cancel,
    a_candle,
    a_market,
    a_public_trade,
    a_ticker,
    a_trade,
    an_account,
    an_ack,
    an_order,
    exchange_info,
)
from yunmin.core.data_contracts import InstrumentStatus, Liquidity, OrderState, OrderType, Side, TimeInForce
from yunmin.errors import MalformedResponse
from yunmin_binance import parse


def without(name: str, of: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in of.items() if key != name}


def test_an_order_is_read_figure_by_figure() -> None:
    order = parse.parse_order(an_order(), "BTC/USDT")
    assert (order.symbol, order.exchange_order_id, order.client_order_id) == ("BTC/USDT", str(ORDER_ID), "x-one")
    assert (order.state, order.raw_status) == (OrderState.PARTIALLY_FILLED, "PARTIALLY_FILLED")
    assert (order.side, order.order_type, order.time_in_force) == (Side.BUY, OrderType.LIMIT, TimeInForce.GTC)
    assert (str(order.qty), str(order.price), str(order.filled_qty)) == ("0.00100000", "50000.00000000", "0.00040000")
    assert (str(order.filled_cost), order.trigger_price) == ("20.00000000", None)
    assert order.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert order.average_price == Decimal(50000)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NEW", OrderState.OPEN),
        ("PENDING_NEW", OrderState.OPEN),
        ("PARTIALLY_FILLED", OrderState.PARTIALLY_FILLED),
        ("FILLED", OrderState.FILLED),
        ("CANCELED", OrderState.CANCELLED),
        ("REJECTED", OrderState.REJECTED),
        ("EXPIRED", OrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderState.EXPIRED),
        ("PENDING_CANCEL", None),
        ("canceled", None),
        ("QUANTUM_SUPERPOSED", None),
    ],
)
def test_every_documented_status_has_its_state_and_no_other_word_has_one(status: str, state: OrderState | None) -> None:
    order = parse.parse_order(an_order(status=status), "BTC/USDT")
    assert (order.state, order.raw_status) == (state, status)


@pytest.mark.parametrize(
    "name",
    [
        "orderId",
        "clientOrderId",
        "status",
        "side",
        "type",
        "timeInForce",
        "origQty",
        "price",
        "executedQty",
        "cummulativeQuoteQty",
    ],
)
def test_an_order_that_lacks_a_field_is_not_read(name: str) -> None:
    with pytest.raises(KeyError):
        parse.parse_order(without(name, an_order()), "BTC/USDT")


@pytest.mark.parametrize("name", ["origQty", "price", "executedQty", "cummulativeQuoteQty"])
@pytest.mark.parametrize("value", [None, 1, 1.5, True, [], {}, "", "NaN", "1e5", "１", " 1", "1_0"])
def test_a_figure_that_is_no_plain_decimal_text_is_not_read(name: str, value: Any) -> None:
    with pytest.raises((MalformedResponse, ValueError, ArithmeticError)):
        parse.parse_order(an_order(**{name: value}), "BTC/USDT")


@pytest.mark.parametrize("value", [None, True, "1", 1.0, -1, [1]])
@pytest.mark.parametrize("read", [parse.parse_order, parse.parse_trade])
def test_an_id_that_is_no_whole_number_is_not_read(read: Callable[[Any, str], Any], value: Any) -> None:
    whole = an_order() if read is parse.parse_order else a_trade()
    with pytest.raises(MalformedResponse, match="an id"):
        read({**whole, "orderId": value}, "BTC/USDT")


@pytest.mark.parametrize("value", [True, "1", 1.5, -1, 10**30, [1]])
def test_a_time_that_is_no_time_is_not_read(value: Any) -> None:
    for read in (
        lambda: parse.parse_order(an_order(updateTime=value), "BTC/USDT"),
        lambda: parse.parse_trade(a_trade(time=value), "BTC/USDT"),
        lambda: parse.parse_candle([value, *a_candle()[1:]], "BTC/USDT"),
        lambda: parse.parse_public_trade({**a_public_trade(), "time": value}, "BTC/USDT"),
    ):
        with pytest.raises(MalformedResponse, match="a time"):
            read()


def test_a_negative_cumulative_cost_is_not_known() -> None:
    """Binance gives -1 for orders older than its memory of that figure."""
    assert parse.parse_order(an_order(cummulativeQuoteQty="-1.00000000"), "BTC/USDT").filled_cost is None


def test_a_market_order_has_no_price() -> None:
    assert parse.parse_order(an_order(type="MARKET", price="0.00000000"), "BTC/USDT").price is None


def test_a_cancel_is_named_by_the_orders_own_client_id() -> None:
    update = parse.parse_cancelled(a_cancel(), "BTC/USDT")
    assert (update.client_order_id, update.state) == ("x-one", OrderState.CANCELLED)


def test_an_ack_brings_its_fills() -> None:
    (fill,) = parse.parse_ack(an_ack(), "BTC/USDT").fills
    assert (fill.trade_id, str(fill.qty), str(fill.price)) == ("77", "0.00040000", "50000.00000000")
    assert (str(fill.fee), fill.fee_asset) == ("4.0E-7", "BTC")
    assert (fill.side, fill.liquidity, fill.exchange_order_id) == (Side.BUY, Liquidity.TAKER, str(ORDER_ID))


def test_an_ack_without_fills_has_none() -> None:
    assert parse.parse_ack(without("fills", an_ack()), "BTC/USDT").fills == ()


@pytest.mark.parametrize("field", ["isBuyer", "isMaker"])
@pytest.mark.parametrize("value", [None, 0, 1, "true", "false"])
def test_a_trades_side_and_liquidity_are_never_guessed(field: str, value: Any) -> None:
    with pytest.raises(MalformedResponse, match="a flag"):
        parse.parse_trade(a_trade(**{field: value}), "BTC/USDT")


def test_an_account_shows_what_is_not_zero_exactly() -> None:
    account = parse.parse_account(an_account())
    assert set(account.balances) == {"BTC", "USDT"}
    assert str(account.balance("USDT").free) == "123456789.12345678"
    assert account.balance("BTC").total == Decimal("1.50000001")
    assert (account.maker_rate, account.taker_rate) == (Decimal("0.001"), Decimal("0.001"))


@pytest.mark.parametrize("value", [None, {}, "", "BTC", 5])
def test_balances_that_are_no_list_are_not_an_empty_account(value: Any) -> None:
    with pytest.raises(MalformedResponse):
        parse.parse_account({**an_account(), "balances": value})


@pytest.mark.parametrize("side", ["bids", "asks"])
@pytest.mark.parametrize("value", [None, {}, ""])
def test_a_side_that_is_no_list_is_not_an_empty_side(side: str, value: Any) -> None:
    with pytest.raises(MalformedResponse):
        parse.parse_order_book({**a_book(), side: value}, "BTC/USDT")


@pytest.mark.parametrize("value", [None, {}, ""])
def test_symbols_that_are_no_list_are_not_an_empty_exchange(value: Any) -> None:
    with pytest.raises(MalformedResponse):
        parse.parse_instruments({**exchange_info(), "symbols": value})


def test_a_market_brings_its_rules() -> None:
    market = parse.parse_instrument(a_market())
    assert (market.symbol, market.exchange_symbol, market.status) == ("BTC/USDT", "BTCUSDT", InstrumentStatus.TRADING)
    assert (str(market.tick_size), str(market.qty_step), str(market.min_notional)) == (
        "0.01000000",
        "0.00001000",
        "5.00000000",
    )
    assert (market.max_qty, market.market_max_qty) == (Decimal(9000), Decimal(120))
    assert market.min_notional_applies_to_market
    assert not market.max_notional_applies_to_market
    assert market.order_types == {OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("TRADING", InstrumentStatus.TRADING),
        ("CANCEL_ONLY", InstrumentStatus.CANCEL_ONLY),
        ("BREAK", InstrumentStatus.HALTED),
        ("HALT", InstrumentStatus.HALTED),
        ("SOMETHING_NEW", InstrumentStatus.HALTED),
    ],
)
def test_a_market_in_a_state_that_we_do_not_know_takes_no_orders(status: str, expected: InstrumentStatus) -> None:
    assert parse.parse_instrument(a_market(status=status)).status is expected


def test_an_empty_side_of_the_ticker_is_none() -> None:
    ticker = parse.parse_ticker({**a_ticker(), "bidPrice": "0.00000000", "bidQty": "0.00000000"}, "BTC/USDT")
    assert (ticker.bid, ticker.bid_qty, ticker.ask) == (None, None, Decimal("50000.01"))


def test_who_took_is_the_other_side_of_who_made() -> None:
    assert parse.parse_public_trade(a_public_trade(), "BTC/USDT").taker_side is Side.SELL
    assert parse.parse_public_trade({**a_public_trade(), "isBuyerMaker": False}, "BTC/USDT").taker_side is Side.BUY


def test_a_candle_opens_at_its_time() -> None:
    candle = parse.parse_candle(a_candle(), "BTC/USDT")
    assert (candle.open_time.timestamp() * 1000, str(candle.volume)) == (TIME, "300.00000000")
