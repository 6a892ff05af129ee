"""Recorded and documented answers: every figure that is read equals the wire's own text, exponent and all.

The samples are not part of this repository; `YUNMIN_TEST_DATA` names the folder that has them.
"""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from yunmin.clock import to_millis
from yunmin.core.data_contracts import Fill, Instrument, OrderUpdate
from yunmin.core.data_contracts.base import Contract
from yunmin.core.data_contracts.money import ZERO
from yunmin_binance import parse

_DATA = os.environ.get("YUNMIN_TEST_DATA", "")
_WIRE = Path(_DATA, "wire", "binance")

pytestmark = pytest.mark.skipif(
    not _DATA or not _WIRE.is_dir(), reason="YUNMIN_TEST_DATA names no folder with wire/binance in it"
)

DOCUMENTED, RECORDED = "http_json", "http_responses"


def sample(folder: str, name: str) -> Any:
    return json.loads((_WIRE / folder / name).read_text(encoding="utf-8"))


def same(figure: Decimal | None, text: str) -> bool:
    """Equal in value, and as written. There is one zero, however many the wire writes; None where it means "none"."""
    if not figure:
        return Decimal(text) == ZERO
    return figure == Decimal(text) and str(figure) == str(Decimal(text)) and type(figure) is Decimal


def assert_no_float(value: object) -> None:
    if isinstance(value, Contract):
        for name in type(value).model_fields:
            if name != "raw":
                assert_no_float(getattr(value, name))
    elif isinstance(value, dict):
        for part in value.values():
            assert_no_float(part)
    elif isinstance(value, (list, tuple)):
        for part in value:
            assert_no_float(part)
    else:
        assert not isinstance(value, float)


def assert_order(order: OrderUpdate, raw: Any) -> None:
    assert same(order.qty, raw["origQty"])
    assert same(order.price, raw["price"])
    assert same(order.filled_qty, raw["executedQty"])
    assert same(order.filled_cost, raw["cummulativeQuoteQty"])
    assert order.exchange_order_id == str(raw["orderId"])
    assert order.raw_status == raw["status"]
    assert order.state is not None
    assert_no_float(order)


def assert_fill(fill: Fill, raw: Any) -> None:
    assert same(fill.qty, raw["qty"])
    assert same(fill.price, raw["price"])
    assert same(fill.fee, raw["commission"])
    assert fill.fee_asset == raw["commissionAsset"]
    assert_no_float(fill)


def test_an_order() -> None:
    raw = sample(DOCUMENTED, "order_response.json")
    assert_order(parse.parse_order(raw, "S"), raw)


@pytest.mark.parametrize("name", ["open_orders_response.json", "all_orders_response.json"])
def test_lists_of_orders(name: str) -> None:
    rows = sample(DOCUMENTED, name)
    assert rows
    for raw in rows:
        assert_order(parse.parse_order(raw, "S"), raw)


def test_a_placement() -> None:
    raw = sample(DOCUMENTED, "new_order_full_response.json")
    ack = parse.parse_ack(raw, "S")
    assert_order(ack.update, raw)
    assert len(ack.fills) == len(raw["fills"]) > 0
    for fill, entry in zip(ack.fills, raw["fills"], strict=True):
        assert_fill(fill, entry)
        assert fill.trade_id == str(entry["tradeId"])


def test_cancels() -> None:
    rows = [sample(DOCUMENTED, "cancel_order_response.json")]
    rows += [row for row in sample(DOCUMENTED, "cancel_open_orders_response.json") if "orderId" in row]
    for raw in rows:
        update = parse.parse_cancelled(raw, "S")
        assert_order(update, raw)
        assert update.client_order_id == raw["origClientOrderId"]


def test_our_trades() -> None:
    rows = sample(DOCUMENTED, "account_trades_response.json")
    assert rows
    for raw in rows:
        fill = parse.parse_trade(raw, "S")
        assert_fill(fill, raw)
        assert (fill.trade_id, fill.exchange_order_id) == (str(raw["id"]), str(raw["orderId"]))


@pytest.mark.parametrize(
    ("folder", "name"), [(DOCUMENTED, "account_response.json"), (RECORDED, "http_spot_wallet_account.json")]
)
def test_an_account(folder: str, name: str) -> None:
    raw = sample(folder, name)
    account = parse.parse_account(raw)
    assert raw["balances"]
    for entry in raw["balances"]:
        balance = account.balance(entry["asset"])
        assert balance.free == Decimal(entry["free"])
        assert balance.locked == Decimal(entry["locked"])
        if entry["asset"] in account.balances:
            assert (str(balance.free), str(balance.locked)) == (
                str(Decimal(entry["free"])),
                str(Decimal(entry["locked"])),
            )
    rates = raw.get("commissionRates")
    if rates is not None:
        assert account.maker_rate is not None
        assert same(account.maker_rate, rates["maker"])
    assert_no_float(account)


def figure_of(raw: Any, kind: str, name: str) -> str:
    for entry in raw["filters"]:
        if entry["filterType"] == kind:
            return str(entry.get(name, "0"))
    return "0"


def assert_market(market: Instrument, raw: Any) -> None:
    assert market.symbol == f"{raw['baseAsset']}/{raw['quoteAsset']}"
    assert market.exchange_symbol == raw["symbol"]
    for figure, kind, name in (
        (market.tick_size, "PRICE_FILTER", "tickSize"),
        (market.min_price, "PRICE_FILTER", "minPrice"),
        (market.max_price, "PRICE_FILTER", "maxPrice"),
        (market.qty_step, "LOT_SIZE", "stepSize"),
        (market.min_qty, "LOT_SIZE", "minQty"),
        (market.max_qty, "LOT_SIZE", "maxQty"),
        (market.market_qty_step, "MARKET_LOT_SIZE", "stepSize"),
        (market.market_min_qty, "MARKET_LOT_SIZE", "minQty"),
        (market.market_max_qty, "MARKET_LOT_SIZE", "maxQty"),
    ):
        assert same(figure, figure_of(raw, kind, name)), (market.symbol, kind, name)
    has_new_form = any(entry["filterType"] == "NOTIONAL" for entry in raw["filters"])
    assert same(market.min_notional, figure_of(raw, "NOTIONAL" if has_new_form else "MIN_NOTIONAL", "minNotional"))
    assert_no_float(market)


@pytest.mark.parametrize(
    ("folder", "name"),
    [(DOCUMENTED, "exchange_info_response.json"), (RECORDED, "http_spot_market_exchange_info.json")],
)
def test_markets(folder: str, name: str) -> None:
    raw = sample(folder, name)
    markets = {market.exchange_symbol: market for market in parse.parse_instruments(raw)}
    spot = [entry for entry in raw["symbols"] if entry.get("isSpotTradingAllowed", True)]
    assert len(markets) == len(spot) > 0
    for entry in spot:
        assert_market(markets[entry["symbol"]], entry)


@pytest.mark.parametrize(
    ("folder", "name"), [(DOCUMENTED, "depth_response.json"), (RECORDED, "http_spot_market_depth.json")]
)
def test_a_book(folder: str, name: str) -> None:
    raw = sample(folder, name)
    book = parse.parse_order_book(raw, "S")
    for levels, rows in ((book.bids, raw["bids"]), (book.asks, raw["asks"])):
        assert len(levels) == len(rows) > 0
        for level, row in zip(levels, rows, strict=True):
            assert same(level.price, row[0])
            assert same(level.qty, row[1])
    assert book.sequence == raw["lastUpdateId"]


@pytest.mark.parametrize(
    ("folder", "name"), [(DOCUMENTED, "klines_response.json"), (RECORDED, "http_spot_market_klines.json")]
)
def test_candles(folder: str, name: str) -> None:
    rows = sample(folder, name)
    assert rows
    for row in rows:
        candle = parse.parse_candle(row, "S")
        figures = (candle.open, candle.high, candle.low, candle.close, candle.volume)
        assert [str(figure) for figure in figures] == [str(Decimal(text)) for text in row[1:6]]
        assert to_millis(candle.open_time) == row[0]
        assert_no_float(candle)


def test_a_ticker() -> None:
    raw = sample(DOCUMENTED, "ticker_24hr_response.json")
    ticker = parse.parse_ticker(raw, "S")
    for figure, name in (
        (ticker.bid, "bidPrice"),
        (ticker.bid_qty, "bidQty"),
        (ticker.ask, "askPrice"),
        (ticker.ask_qty, "askQty"),
        (ticker.last, "lastPrice"),
    ):
        assert same(figure, raw[name])


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        (DOCUMENTED, "trades_response.json"),
        (RECORDED, "http_spot_market_trades.json"),
        (RECORDED, "http_spot_market_historical_trades.json"),
    ],
)
def test_public_trades(folder: str, name: str) -> None:
    rows = sample(folder, name)
    assert rows
    for row in rows:
        trade = parse.parse_public_trade(row, "S")
        assert same(trade.price, row["price"])
        assert same(trade.qty, row["qty"])
        assert (trade.trade_id, to_millis(trade.ts)) == (str(row["id"]), row["time"])
        assert_no_float(trade)
