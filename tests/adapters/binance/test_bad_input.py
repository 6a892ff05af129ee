"""What must not be sent is not sent: a clear error, and no order request reaches the server."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tests.adapters.binance.wire import a_ref, a_request
from yunmin.core.data_contracts import OrderRef, OrderRequest, OrderType
from yunmin.errors import InvalidOrder, InvalidValue, RejectReason, RejectSource, UnknownSymbol, YunminError
from yunmin.testing.faulty_server import FaultyServer
from yunmin_binance.connector import BinanceSpot

NOT_NUMBERS: dict[str, Any] = {
    "nan": Decimal("NaN"),
    "signalling_nan": Decimal("sNaN"),
    "float_nan": math.nan,
    "text_nan": "NaN",
    "infinity": Decimal("Infinity"),
    "float_infinity": math.inf,
    "text_infinity": "inf",
    "minus_one": -1,
    "text_minus_one": "-1",
    "zero": 0,
    "text_zero": "0.000",
    "minus_zero": "-0",
    "text_1e400": "1e400",
    "decimal_1e400": Decimal("1e400"),
    "decimal_1e_minus_400": Decimal("1e-400"),
    "float_1e300": 1e300,
    "true": True,
    "false": False,
    "full_width": "１２",
    "arabic": "١",
    "underscore": "1_000",
    "comma": "1,5",
    "spaces": " 1 ",
    "line_end": "1\n",
    "empty": "",
    "hex": "0x10",
    "plus_plus": "++1",
    "list": [1],
    "bytes": b"1",
    "nineteen_digits": "1" * 19,
    "nineteen_decimals": "0." + "1" * 19,
}


@pytest.mark.parametrize("field", ["qty", "price", "quote_qty", "trigger_price"])
@pytest.mark.parametrize("row", NOT_NUMBERS)
def test_B1_a_request_with_such_a_figure_cannot_be_made(row: str, field: str) -> None:
    with pytest.raises((ValidationError, InvalidValue)):
        a_request(**{field: NOT_NUMBERS[row]})


@pytest.mark.parametrize("field", ["qty", "price"])
@pytest.mark.parametrize("way", ["model_copy", "model_construct"])
@pytest.mark.parametrize("row", NOT_NUMBERS)
def test_B1_no_request_is_forced_past_its_checks(field: str, way: str, row: str) -> None:
    good, value = a_request(), NOT_NUMBERS[row]
    with pytest.raises((ValidationError, InvalidValue)):
        if way == "model_copy":
            good.model_copy(update={field: value})
        else:
            OrderRequest.model_construct(**{**dict(good), field: value})


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "B2_qty_beyond_step": ({"qty": "0.001000001"}, "STEP"),
    "B2_price_beyond_tick": ({"price": "50000.005"}, "TICK"),
    "B2_one_satoshi_more": ({"qty": "0.00100001"}, "STEP"),
    "B3_below_min_qty": ({"qty": "0.000001", "price": "999999"}, "MIN_QTY"),
    "B3_above_max_qty": ({"qty": "9000.00001", "price": "1"}, "MAX_QTY"),
    "B3_above_market_max_qty": ({"qty": "121", "price": None, "order_type": OrderType.MARKET}, "MAX_QTY"),
    "B3_above_max_price": ({"price": "1000000.01"}, "MAX_PRICE"),
    "B3_below_min_price": ({"price": "0.001", "qty": "9000"}, "MIN_PRICE"),
    "B3_below_min_notional": ({"qty": "0.00009"}, "MIN_NOTIONAL"),
    "B3_below_min_notional_by_quote": (
        {"qty": None, "price": None, "quote_qty": "4.99", "order_type": OrderType.MARKET},
        "MIN_NOTIONAL",
    ),
    "B3_above_max_notional": ({"qty": "9000", "price": "1000000"}, "MAX_NOTIONAL"),
    "a_type_this_market_does_not_take": (
        {"order_type": OrderType.STOP_LOSS, "price": None, "trigger_price": "40000"},
        "ORDER_TYPE",
    ),
}


@pytest.mark.parametrize("row", RULES)
async def test_a_request_that_breaks_a_rule_of_the_market_is_refused_by_the_rules_name(
    server: FaultyServer, connector: BinanceSpot, row: str
) -> None:
    changes, rule = RULES[row]
    with pytest.raises(InvalidOrder, match=rule) as caught:
        await connector.place_order(a_request(**changes))
    assert (caught.value.reason, caught.value.source) == (RejectReason.RULE_VIOLATION, RejectSource.LOCAL)
    assert server.count("POST") == 0


SYMBOLS = {
    "lower_case": "btc/usdt",
    "mixed_case": "Btc/USDT",
    "trailing_space": "BTC/USDT ",
    "leading_space": " BTC/USDT",
    "inner_space": "BTC / USDT",
    "line_end": "BTC/USDT\n",
    "cyrillic": "ВТС/USDT",
    "full_width": "ＢＴＣ/USDT",
    "exchange_form": "BTCUSDT",
    "dash": "BTC-USDT",
    "swap_form": "BTC/USDT:USDT",
    "right_to_left": "\u202eBTC/USDT",
    "zero_width": "BTC/USDT\u200b",
    "nul": "BTC/USDT\x00",
    "ten_kilobytes": "BTC/USDT" + "A" * 10_240,
    "path": "../BTC/USDT",
    "query": "BTC/USDT&side=SELL",
    "empty": "",
}


@pytest.mark.parametrize("row", SYMBOLS)
async def test_B4_only_the_unified_symbol_is_taken(server: FaultyServer, connector: BinanceSpot, row: str) -> None:
    symbol = SYMBOLS[row]
    before = len(server.requests)
    with pytest.raises((UnknownSymbol, InvalidOrder, ValidationError)) as caught:
        await connector.place_order(a_request().model_copy(update={"symbol": symbol}))
    assert getattr(caught.value, "source", RejectSource.LOCAL) is RejectSource.LOCAL
    assert len(str(caught.value)) < 400
    for ask in (
        connector.cancel_order(OrderRef(symbol=symbol, client_order_id="x")),
        connector.fetch_order(OrderRef(symbol=symbol, client_order_id="x")),
        connector.fetch_open_orders(symbol),
        connector.fetch_order_history(symbol),
        connector.fetch_fills(symbol),
        connector.fetch_ticker(symbol),
        connector.fetch_order_book(symbol),
        connector.fetch_trades(symbol),
        connector.fetch_candles(symbol, "1m"),
        connector.cancel_all_orders(symbol),
    ):
        with pytest.raises(UnknownSymbol):
            await ask
    assert len(server.requests) == before


async def test_B4_the_exchanges_own_form_is_refused_with_the_form_to_use(connector: BinanceSpot) -> None:
    with pytest.raises(UnknownSymbol, match="did you mean BTC/USDT"):
        await connector.fetch_ticker("BTCUSDT")


@pytest.mark.parametrize("symbol", [None, 7, b"BTC/USDT", ["BTC/USDT"]])
async def test_B4_a_symbol_that_is_no_text_is_refused(connector: BinanceSpot, symbol: Any) -> None:
    with pytest.raises(UnknownSymbol):
        await connector.fetch_ticker(symbol)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "x" * 37,
        "x\n",
        "x-one\n",
        "ünï",
        "ｘ",
        "a&b=c",
        "a/b",
        "../x",
        "x\x00",
        "'; DROP",
        "x" * 10_240,
        "١",
    ],
)
async def test_a_client_order_id_with_bad_characters_is_refused(
    server: FaultyServer, connector: BinanceSpot, name: str
) -> None:
    with pytest.raises(InvalidOrder) as caught:
        await connector.place_order(a_request(client_order_id=name))
    assert caught.value.source is RejectSource.LOCAL
    assert len(str(caught.value)) < 400
    assert server.count("POST") == 0


@pytest.mark.parametrize("name", [5, ["x"]])
async def test_a_client_order_id_that_is_no_text_is_refused(
    server: FaultyServer, connector: BinanceSpot, name: Any
) -> None:
    with pytest.raises(ValidationError):
        await connector.place_order(a_request().model_copy(update={"client_order_id": name}))
    assert server.count("POST") == 0


async def test_an_order_without_a_client_id_gets_a_new_one_each_time(
    server: FaultyServer, connector: BinanceSpot
) -> None:
    acks = [await connector.place_order(a_request(client_order_id=None)) for _ in range(3)]
    names = {ack.update.client_order_id for ack in acks}
    assert len(names) == 3
    assert all(name is not None and name.startswith("ym-") and len(name) <= 36 for name in names)


@pytest.mark.parametrize("name", ["a&symbol=ETHUSDT", "a=b", "é", "a b", "../"])
async def test_an_id_in_a_reference_cannot_change_the_question(
    server: FaultyServer, connector: BinanceSpot, name: str
) -> None:
    """Orders of other programs may bear any id, so it is asked for as it is, as one value."""
    with pytest.raises(YunminError):
        await connector.fetch_order(a_ref(client_order_id=name))
    (asked,) = [seen for seen in server.requests if seen.path == "/api/v3/order"]
    assert asked.query.count("symbol=") == 1 or "symbol%3D" in asked.query
    assert "symbol=BTCUSDT" in asked.query
