"""The connector as such: every method under every fault, and ccxt's unified calls beside the fast lane."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from tests.adapters.binance.wire import (
    CLIENT_ORDER_ID,
    OPEN_ORDERS,
    ORDER,
    ORDER_ID,
    a_cancel,
    a_config,
    a_ref,
    a_request,
    a_trade,
    an_account,
    an_ack,
    an_order,
    as_json,
    exchange_info,
    refused,
    teach,
)
from yunmin.ccxt_bridge import CcxtConnector, guarded
from yunmin.core.data_contracts import InstrumentStatus, OrderState, OrderType
from yunmin.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ExchangeError,
    InvalidValue,
    MalformedResponse,
    OrderNotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    RejectReason,
    Timeout,
    Unavailable,
    UnknownSymbol,
    YunminError,
)
from yunmin.testing import faulty_server as faults
from yunmin.testing.faulty_server import Fault, FaultyServer, answer, json_answer
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.endpoints import endpoint_for
from yunmin_binance.traits import TRAITS

Connected = Callable[..., Awaitable[Any]]


@pytest.fixture
async def server() -> AsyncIterator[FaultyServer]:
    async with FaultyServer() as running:
        teach(running)
        yield running


@pytest.fixture
async def connected(server: FaultyServer) -> AsyncIterator[Connected]:
    """Make connected connectors: the fast lane, or ccxt's unified calls."""
    async with AsyncExitStack() as stack:

        async def connect(*, unified: bool = False, **changes: Any) -> Any:
            config = a_config(server, **changes)
            made = (
                CcxtConnector(config, traits=TRAITS, endpoint=endpoint_for(config)) if unified else BinanceSpot(config)
            )
            return await stack.enter_async_context(made)

        yield connect


QUESTIONS: dict[str, tuple[str, Callable[[Any], Awaitable[Any]]]] = {
    "server_time": ("/api/v3/time", lambda it: it.server_time()),
    "fetch_instruments": ("/api/v3/exchangeInfo", lambda it: it.fetch_instruments()),
    "fetch_account": ("/api/v3/account", lambda it: it.fetch_account()),
    "fetch_order": (ORDER, lambda it: it.fetch_order(a_ref())),
    "fetch_open_orders": (OPEN_ORDERS, lambda it: it.fetch_open_orders("BTC/USDT")),
    "fetch_all_open_orders": (OPEN_ORDERS, lambda it: it.fetch_open_orders()),
    "fetch_order_history": ("/api/v3/allOrders", lambda it: it.fetch_order_history("BTC/USDT")),
    "fetch_fills": ("/api/v3/myTrades", lambda it: it.fetch_fills("BTC/USDT")),
    "fetch_fills_of_order": ("/api/v3/myTrades", lambda it: it.fetch_fills("BTC/USDT", exchange_order_id="1")),
    "fetch_ticker": ("/api/v3/ticker/24hr", lambda it: it.fetch_ticker("BTC/USDT")),
    "fetch_order_book": ("/api/v3/depth", lambda it: it.fetch_order_book("BTC/USDT")),
    "fetch_trades": ("/api/v3/trades", lambda it: it.fetch_trades("BTC/USDT")),
    "fetch_candles": ("/api/v3/klines", lambda it: it.fetch_candles("BTC/USDT", "1m")),
    "ping": ("/api/v3/ping", lambda it: it.ping()),
}
BODY = as_json(an_order())

LINKS: dict[str, tuple[Fault, type[ExchangeError]]] = {
    "never_answers": (faults.silence(), Timeout),
    "silent_in_mid_body": (faults.cut_short(BODY, after=9, ending=faults.silence()), Timeout),
    "reset": (faults.reset(), Unavailable),
    "closed": (faults.close(), Unavailable),
    "reset_in_mid_body": (faults.cut_short(BODY, after=9, ending=faults.reset()), Unavailable),
    "closed_in_mid_body": (faults.cut_short(BODY, after=9, ending=faults.close()), Unavailable),
    "not_http": (faults.all_of(faults.raw(b"?\r\n\r\n"), faults.close()), Unavailable),
    "endless_header": (faults.endless_headers(), Unavailable),
    "500": (answer(b"<html>", status=500), Unavailable),
    "502": (answer(b"<html>", status=502), Unavailable),
    "503": (answer(b"", status=503), Unavailable),
    "302": (faults.redirect(302, "/api/v3/ping"), Unavailable),
    "429": (refused(-1003, status=429, headers={"Retry-After": "7"}), RateLimited),
    "418": (answer(b"", status=418, headers={"Retry-After": "7"}), RateLimited),
}
CONTENTS: dict[str, Fault] = {
    "empty": answer(b""),
    "null": answer(b"null"),
    "a_list_of_null": answer(b"[null]"),
    "a_text": answer(b'"text"'),
    "an_empty_text": answer(b'""'),
    "a_number": answer(b"5"),
    "html": answer(b"<html></html>"),
    "truncated": answer(BODY[:-3]),
    "bad_utf8": answer(BODY + b"\xff"),
    "a_stranger": answer(b'{"hello": [{"a": {}}], "balances": 5, "symbols": {}, "bids": {}, "asks": {}}'),
    "a_list_of_strangers": answer(b'[{"hello": 1}]'),
    "a_list_of_lists": answer(b"[[], [1], [null, null, null, null, null, null]]"),
    "deep": answer(b"[" * 100_000),
    "204": answer(b"", status=204),
    "unknown_code": refused(-9999),
}


@pytest.mark.parametrize("row", LINKS)
async def test_a_question_that_gets_no_answer_is_a_matter_of_the_connection(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    fault, kind = LINKS[row]
    connector = await connected(timeout=0.4 if kind is Timeout else 5.0)
    for question, (path, ask) in QUESTIONS.items():
        server.once("GET", path, fault)
        with pytest.raises(ExchangeError) as caught:
            await ask(connector)
        assert type(caught.value) is kind, question
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)
        if isinstance(caught.value, RateLimited):
            assert caught.value.retry_after == 7.0


@pytest.mark.parametrize("row", CONTENTS)
async def test_an_answer_that_cannot_be_read_is_malformed_and_never_an_empty_result(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    connector = await connected()
    for question, (path, ask) in QUESTIONS.items():
        server.once("GET", path, CONTENTS[row])
        try:
            found = await ask(connector)
        except MalformedResponse as error:
            context: tuple[Any, Any] = (error.__cause__, error.__context__)
        else:
            pytest.fail(f"{question} made {found!r} of it")
        assert context == (None, None), question


async def test_an_empty_object_is_no_answer_to_anything_but_a_ping(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    for question, (path, ask) in QUESTIONS.items():
        server.once("GET", path, answer(b"{}"))
        if question == "ping":
            assert await ask(connector) == {}
            continue
        with pytest.raises(MalformedResponse):
            await ask(connector)


@pytest.mark.parametrize("row", ["500", "html", "a_text", "null", "empty", "204", "bad_utf8", "429", "reset", "302"])
async def test_the_unified_calls_make_no_result_of_nothing_and_let_no_foreign_exception_out(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    connector = await connected(unified=True)
    fault = {**CONTENTS, **{name: fault for name, (fault, _) in LINKS.items()}}[row]
    for path in (*(path for path, _ in QUESTIONS.values()), "/api/v3/aggTrades"):
        server.on("GET", path, fault)
    for question, (_, ask) in QUESTIONS.items():
        if question == "ping":
            continue  # no call of the bridge's
        try:
            found = await ask(connector)
        except YunminError:
            continue
        pytest.fail(f"{question} made {found!r} of it")


# --- echoes of questions ---------------------------------------------------------------------------------------------

OTHERS: dict[str, tuple[str, Any, Callable[[Any], Awaitable[Any]]]] = {
    "order_with_another_client_id": (ORDER, an_order(clientOrderId="other"), lambda it: it.fetch_order(a_ref())),
    "order_of_another_symbol": (ORDER, an_order(symbol="ETHUSDT"), lambda it: it.fetch_order(a_ref())),
    "order_with_another_id": (
        ORDER,
        an_order(orderId=1),
        lambda it: it.fetch_order(a_ref(client_order_id=None, exchange_order_id=str(ORDER_ID))),
    ),
    "open_order_of_another_symbol": (
        OPEN_ORDERS,
        [an_order(), an_order(symbol="ETHUSDT")],
        lambda it: it.fetch_open_orders("BTC/USDT"),
    ),
    "past_order_of_another_symbol": (
        "/api/v3/allOrders",
        [an_order(symbol="ETHUSDT")],
        lambda it: it.fetch_order_history("BTC/USDT"),
    ),
    "fill_of_another_symbol": (
        "/api/v3/myTrades",
        [a_trade(), a_trade(symbol="ETHUSDT")],
        lambda it: it.fetch_fills("BTC/USDT"),
    ),
    "fill_of_another_order": (
        "/api/v3/myTrades",
        [a_trade(orderId=1)],
        lambda it: it.fetch_fills("BTC/USDT", exchange_order_id=str(ORDER_ID)),
    ),
}


@pytest.mark.parametrize("row", OTHERS)
async def test_B7_an_answer_about_something_else_is_malformed(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    path, body, ask = OTHERS[row]
    connector = await connected()
    server.once("GET", path, json_answer(body))
    with pytest.raises(MalformedResponse):
        await ask(connector)


@pytest.mark.parametrize("row", OTHERS)
async def test_B7_the_unified_calls_give_nothing_of_another_market_or_order(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    """ccxt leaves out of a list what is of another symbol; everything else is malformed here too."""
    path, body, ask = OTHERS[row]
    connector = await connected(unified=True)
    server.once("GET", path, json_answer(body))
    try:
        found = await ask(connector)
    except MalformedResponse:
        return
    assert isinstance(found, list)
    assert all(one.symbol == "BTC/USDT" for one in found)
    assert len(found) < len(body)


async def test_B7_an_order_of_a_symbol_that_is_not_listed_is_malformed(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected()
    server.once("GET", ORDER, json_answer(an_order(symbol="XUSDT")))
    with pytest.raises(MalformedResponse):
        await connector.fetch_order(a_ref())


@pytest.mark.parametrize("unified", [False, True])
async def test_B9_orders_on_a_market_that_is_not_listed_any_more_are_read_and_cancelled_and_none_is_placed(
    server: FaultyServer, connected: Connected, unified: bool
) -> None:
    connector = await connected(unified=unified)
    without_ether = {**exchange_info(), "symbols": exchange_info()["symbols"][:1]}
    server.once("GET", "/api/v3/exchangeInfo", json_answer(without_ether))
    assert set(await connector.fetch_instruments()) == set(connector.instruments) == {"BTC/USDT"}

    server.once("GET", OPEN_ORDERS, json_answer([an_order(), an_order(symbol="ETHUSDT", orderId=2)]))
    assert [order.symbol for order in await connector.fetch_open_orders()] == ["BTC/USDT", "ETH/USDT"]
    server.once("DELETE", ORDER, json_answer(a_cancel(symbol="ETHUSDT")))
    ref = a_ref(symbol="ETH/USDT", client_order_id=None, exchange_order_id=str(ORDER_ID))
    assert (await connector.cancel_order(ref)).state is OrderState.CANCELLED
    assert server.count("GET", "/api/v3/exchangeInfo") == 2
    server.once("GET", "/api/v3/exchangeInfo", json_answer(without_ether))
    await connector.fetch_instruments()
    server.once("DELETE", ORDER, json_answer(a_cancel(symbol="ETHUSDT")))
    assert (await connector.cancel_order(ref)).symbol == "ETH/USDT", "still"

    with pytest.raises(UnknownSymbol):
        await connector.place_order(a_request(symbol="ETH/USDT"))
    with pytest.raises(UnknownSymbol):
        await connector.fetch_ticker("ETH/USDT")
    assert server.count("POST", ORDER) == 0

    assert set(await connector.fetch_instruments()) == {"BTC/USDT", "ETH/USDT"}
    assert connector.instrument("ETH/USDT").status is InstrumentStatus.TRADING


async def test_a_market_that_goes_by_another_symbol_now_is_not_known_by_the_old_one(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected()
    renamed = exchange_info()
    renamed["symbols"][1]["baseAsset"] = "ETHX"
    server.once("GET", "/api/v3/exchangeInfo", json_answer(renamed))
    await connector.fetch_instruments()
    with pytest.raises(UnknownSymbol):
        await connector.cancel_order(a_ref(symbol="ETH/USDT"))
    assert server.count("DELETE", ORDER) == 0
    server.once("GET", OPEN_ORDERS, json_answer([an_order(symbol="ETHUSDT", orderId=2)]))
    assert [order.symbol for order in await connector.fetch_open_orders()] == ["ETHX/USDT"]


async def test_orders_of_every_symbol_may_be_of_any_symbol(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    server.once("GET", OPEN_ORDERS, json_answer([an_order(), an_order(symbol="ETHUSDT", orderId=2)]))
    assert [order.symbol for order in await connector.fetch_open_orders()] == ["BTC/USDT", "ETH/USDT"]


async def test_an_empty_list_is_an_empty_result(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    for path in (OPEN_ORDERS, "/api/v3/myTrades", "/api/v3/allOrders"):
        server.once("GET", path, json_answer([]))
    assert await connector.fetch_open_orders() == []
    assert await connector.fetch_fills("BTC/USDT") == []
    assert await connector.fetch_order_history("BTC/USDT") == []


async def test_history_is_newest_first_and_no_longer_than_asked(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    rows = [an_order(orderId=number, time=1_700_000_000_000 + number // 2) for number in range(1, 6)]
    server.once("GET", "/api/v3/allOrders", json_answer(rows))
    found = await connector.fetch_order_history("BTC/USDT", limit=3)
    assert [order.exchange_order_id for order in found] == ["5", "4", "3"]


async def test_an_order_that_is_not_there_is_not_found(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    server.once("GET", ORDER, refused(-2013, "Order does not exist."))
    with pytest.raises(OrderNotFound):
        await connector.fetch_order(a_ref())


async def test_a_bad_key_is_a_bad_key_also_after_a_good_call(server: FaultyServer, connected: Connected) -> None:
    """ccxt calls -2015 a DDoSProtection once any private call has gone well."""
    connector = await connected()
    await connector.fetch_account()
    server.once("GET", "/api/v3/account", refused(-2015, status=401))
    with pytest.raises(AuthenticationFailed):
        await connector.fetch_account()


async def test_an_exchange_without_one_market_is_malformed_and_the_known_ones_stay(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected()
    server.once("GET", "/api/v3/exchangeInfo", json_answer({**exchange_info(), "symbols": []}))
    with pytest.raises(MalformedResponse):
        await connector.fetch_instruments()
    assert connector.instrument("BTC/USDT").exchange_symbol == "BTCUSDT"


async def test_a_test_order_places_nothing(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    await connector.test_order(a_request())
    assert (server.count("POST", "/api/v3/order/test"), server.count("POST", ORDER)) == (1, 0)


# --- life ------------------------------------------------------------------------------------------------------------


async def test_connecting_and_closing_twice_is_once(server: FaultyServer, connected: Connected) -> None:
    connector = await connected()
    before = len(server.requests)
    await connector.connect()
    assert len(server.requests) == before
    await connector.close()
    await connector.close()
    with pytest.raises(ConfigurationError):
        await connector.fetch_account()


async def test_connecting_takes_two_requests_and_no_side_calls(server: FaultyServer, connected: Connected) -> None:
    await connected()
    assert [seen.path for seen in server.requests] == ["/api/v3/time", "/api/v3/exchangeInfo"]


@pytest.mark.parametrize("path", ["/api/v3/time", "/api/v3/exchangeInfo"])
async def test_a_failed_connect_leaves_nothing_open(server: FaultyServer, path: str) -> None:
    server.once("GET", path, faults.reset())
    connector = BinanceSpot(a_config(server))
    with pytest.raises(Unavailable):
        await connector.connect()
    await server.hung_up()
    await connector.connect()
    await connector.close()


async def test_closing_under_a_waiting_order_leaves_its_outcome_unknown(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected()
    server.once("POST", ORDER, faults.silence())
    placing = asyncio.ensure_future(connector.place_order(a_request()))
    await server.arrived("POST", ORDER)
    await connector.close()
    with pytest.raises(OutcomeUnknown):
        await placing
    assert server.count("POST") == 1


# --- ccxt's unified calls give what the fast lane gives --------------------------------------------------------------

FIGURES = (
    "symbol",
    "client_order_id",
    "exchange_order_id",
    "state",
    "side",
    "order_type",
    "time_in_force",
    "qty",
    "price",
    "filled_qty",
    "filled_cost",
)
FILL_FIGURES = (
    "symbol",
    "trade_id",
    "exchange_order_id",
    "side",
    "qty",
    "price",
    "fee",
    "fee_asset",
    "liquidity",
    "ts",
)


def figures(value: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


@pytest.fixture
async def lanes(connected: Connected) -> tuple[Any, Any]:
    return await connected(), await connected(unified=True)


async def test_a_placement_reads_the_same(lanes: tuple[Any, Any], server: FaultyServer) -> None:
    fast, unified = [await lane.place_order(a_request()) for lane in lanes]
    assert figures(unified.update, FIGURES) == figures(fast.update, FIGURES)
    assert figures(unified.fills[0], ("symbol", "trade_id", "qty", "price", "fee", "fee_asset")) == figures(
        fast.fills[0], ("symbol", "trade_id", "qty", "price", "fee", "fee_asset")
    )
    bodies = [seen.body for seen in server.requests if seen.method == "POST"]
    assert len(bodies) == 2
    assert all(b"quantity=0.001&price=50000&" in body or b"price=50000" in body for body in bodies)


async def test_an_order_reads_the_same(lanes: tuple[Any, Any]) -> None:
    fast, unified = [await lane.fetch_order(a_ref()) for lane in lanes]
    assert figures(unified, FIGURES) == figures(fast, FIGURES)
    assert fast.state is OrderState.PARTIALLY_FILLED


async def test_open_orders_and_history_read_the_same(lanes: tuple[Any, Any]) -> None:
    asks: tuple[Callable[[Any], Awaitable[Any]], ...] = (
        lambda it: it.fetch_open_orders("BTC/USDT"),
        lambda it: it.fetch_open_orders(),
        lambda it: it.fetch_order_history("BTC/USDT"),
    )
    for ask in asks:
        fast, unified = [await ask(lane) for lane in lanes]
        assert [figures(one, FIGURES) for one in unified] == [figures(one, FIGURES) for one in fast] != []


async def test_fills_read_the_same(lanes: tuple[Any, Any]) -> None:
    for options in ({}, {"exchange_order_id": str(ORDER_ID)}, {"from_trade_id": "1"}):
        fast, unified = [await lane.fetch_fills("BTC/USDT", **options) for lane in lanes]
        assert [figures(one, FILL_FIGURES) for one in unified] == [figures(one, FILL_FIGURES) for one in fast] != []


async def test_an_account_reads_the_same(lanes: tuple[Any, Any]) -> None:
    fast, unified = [await lane.fetch_account() for lane in lanes]
    assert unified.balances == fast.balances
    assert len(fast.balances) == sum(
        float(entry["free"]) + float(entry["locked"]) > 0 for entry in an_account()["balances"]
    )


async def test_a_cancel_by_the_exchanges_id_reads_the_same(lanes: tuple[Any, Any]) -> None:
    """ccxt gives the cancel's own client id for the order's, so only the exchange's id proves a unified cancel."""
    ref = a_ref(client_order_id=None, exchange_order_id=str(ORDER_ID))
    fast, unified = [await lane.cancel_order(ref) for lane in lanes]
    names = tuple(name for name in FIGURES if name != "client_order_id")
    assert figures(unified, names) == figures(fast, names)


async def test_markets_read_the_same(lanes: tuple[Any, Any]) -> None:
    fast, unified = [await lane.fetch_instruments() for lane in lanes]
    assert set(fast) == set(unified) == {"BTC/USDT", "ETH/USDT"}
    names = ("exchange_symbol", "base_asset", "quote_asset", "tick_size", "qty_step", "min_qty", "max_qty")
    for symbol in fast:
        assert figures(unified[symbol], names) == figures(fast[symbol], names)


async def test_books_tickers_and_candles_read_the_same(lanes: tuple[Any, Any]) -> None:
    asks: tuple[Callable[[Any], Awaitable[Any]], ...] = (
        lambda it: it.fetch_order_book("BTC/USDT"),
        lambda it: it.fetch_ticker("BTC/USDT"),
        lambda it: it.fetch_candles("BTC/USDT", "1m"),
    )
    for ask in asks:
        fast, unified = [await ask(lane) for lane in lanes]
        assert unified == fast


UNIFIED_FAULTS: dict[str, Fault] = {
    "empty": answer(b""),
    "empty_object": answer(b"{}"),
    "empty_list": answer(b"[]"),
    "null": answer(b"null"),
    "html": answer(b"<html>"),
    "cut": faults.cut_short(as_json(an_ack()), after=9, ending=faults.close()),
    "nan": json_answer(an_ack(executedQty="NaN")),
    "unknown_status": json_answer(an_ack(status="QUANTUM_SUPERPOSED")),
    "no_status": json_answer(an_ack(status=None)),
    "no_id": json_answer(an_ack(orderId=None)),
    "another_client_id": json_answer(an_ack(clientOrderId="other")),
    "another_symbol": json_answer(an_ack(symbol="ETHUSDT")),
    "another_side": json_answer(an_ack(side="SELL")),
    "redirect": faults.redirect(307, ORDER),
    "code_1000": refused(-1000),
    "code_1007": refused(-1007, status=504),
    "code_1008": refused(-1008, status=503),
    "code_9999": refused(-9999),
}


@pytest.mark.parametrize("row", UNIFIED_FAULTS)
async def test_a_unified_placement_is_as_unknown_as_any_and_sent_once(
    server: FaultyServer, connected: Connected, row: str
) -> None:
    connector = await connected(unified=True)
    server.once("POST", ORDER, UNIFIED_FAULTS[row])
    with pytest.raises(OutcomeUnknown) as caught:
        await connector.place_order(a_request())
    assert caught.value.client_order_id == CLIENT_ORDER_ID
    assert server.count("POST") == 1


async def test_a_unified_cancel_whose_echo_is_the_cancels_own_is_unknown(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected(unified=True)
    server.once("DELETE", ORDER, json_answer(a_cancel()))
    with pytest.raises(OutcomeUnknown):
        await connector.cancel_order(a_ref())
    assert server.count("DELETE") == 1


@pytest.mark.parametrize("kind", [OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.MARKET])
async def test_every_type_that_has_a_unified_form_is_placed(connected: Connected, kind: OrderType) -> None:
    connector = await connected(unified=True)
    price = None if kind is OrderType.MARKET else "50000"
    ack = await connector.place_order(a_request(order_type=kind, price=price))
    assert ack.update.client_order_id == CLIENT_ORDER_ID


async def test_what_ccxt_refuses_before_sending_was_not_sent(
    server: FaultyServer, connected: Connected, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = await connected(unified=True)
    monkeypatch.delitem(connector._exchange.markets, "BTC/USDT")
    with pytest.raises(Rejected) as caught:
        await connector.place_order(a_request())
    assert caught.value.reason is RejectReason.NOT_SENT
    assert server.count("POST") == 0


def test_aiohttp_is_in_the_range_that_was_tested() -> None:
    major, minor, *_ = aiohttp.__version__.split(".")
    assert (int(major), int(minor)) >= (3, 12)


async def test_calls_that_come_while_it_connects_wait_for_the_markets(server: FaultyServer) -> None:
    connector = BinanceSpot(a_config(server))
    with pytest.raises(ConfigurationError, match="not connected"):
        await connector.fetch_ticker("BTC/USDT")
    await asyncio.gather(*(connector.connect() for _ in range(5)))
    assert server.count("GET", "/api/v3/exchangeInfo") == 1
    assert "BTC/USDT" in connector.instruments
    await connector.close()
    with pytest.raises(ConfigurationError, match="not connected"):
        connector.instrument("BTC/USDT")


def test_its_logger_says_nothing_even_when_every_logger_is_turned_up(caplog: pytest.LogCaptureFixture) -> None:
    guarded._logger.setLevel(1)
    with caplog.at_level(1), caplog.at_level(1, logger="yunmin"):
        guarded._logger.debug("a signed address")
        assert not caplog.records
        guarded._logger.warning("a warning")
    assert [record.message for record in caplog.records] == ["a warning"]


async def test_a_moment_without_a_time_zone_is_refused_before_anything_is_asked(
    server: FaultyServer, connected: Connected
) -> None:
    connector = await connected()
    asked = len(server.requests)
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  that is the point
    with pytest.raises(InvalidValue, match="time zone"):
        await connector.fetch_fills("BTC/USDT", since=naive)
    with pytest.raises(InvalidValue, match="time zone"):
        await connector.fetch_candles("BTC/USDT", "1m", since=naive)
    assert len(server.requests) == asked


async def test_a_connection_turned_away_for_its_rate_says_so_and_how_long_to_wait(server: FaultyServer) -> None:
    server.once("GET", "/api/v3/time", answer(b"{}", status=429, headers={"Retry-After": "7"}))
    connector = BinanceSpot(a_config(server))
    with pytest.raises(RateLimited, match="cannot be reached at http") as caught:
        await connector.connect()
    assert caught.value.retry_after == 7.0
    await connector.connect()
    await connector.close()
