"""Unmodified ccxt.pro in front of the venue: it watches what is placed, by REST and by WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import ccxt
import ccxt.pro as ccxt_pro
import pytest

from tests.adapters.binance.venue.sockets import until
from yunmin_binance.venue import (
    COUNTERPARTY,
    LOCAL_ACCOUNT,
    LOCAL_API_KEY,
    LOCAL_API_SECRET,
    Liquidity,
    LocalVenue,
    VenueConfig,
)

SYMBOL = "BTC/USDT"


@pytest.fixture
async def venue() -> AsyncIterator[LocalVenue]:
    async with LocalVenue(VenueConfig(liquidity=Liquidity.NONE)) as running:
        running.place_as(COUNTERPARTY, "BTCUSDT", "BUY", "LIMIT", quantity="1", price="49000")
        running.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="1", price="51000")
        yield running


@pytest.fixture
async def exchange(venue: LocalVenue) -> AsyncIterator[Any]:
    base = f"{venue.url}/api/v3"
    port = venue.url.rsplit(":", 1)[1]
    streams = f"ws://stream@127.0.0.1:{port}/ws"
    client = ccxt_pro.binance(
        {
            "apiKey": LOCAL_API_KEY,
            "secret": LOCAL_API_SECRET,
            "enableRateLimit": False,
            "urls": {
                "api": {
                    "public": base,
                    "private": base,
                    "ws": {"spot": streams, "margin": streams, "ws-api": {"spot": f"ws://127.0.0.1:{port}/ws-api/v3"}},
                }
            },
            "options": {
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "fetchCurrencies": False,
                "fetchMargins": False,
            },
            "exceptions": {"exact": ccxt.binance().exceptions["spot"]["exact"]},
        }
    )
    await client.load_markets()
    yield client
    await client.close()


def trade(venue: LocalVenue, price: str = "50000") -> None:
    venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="0.1", price=price)
    venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="0.1", price=price)


async def watching(venue: LocalVenue, stream: str, watched: Awaitable[Any]) -> asyncio.Task[Any]:
    """A watcher whose stream is subscribed to by now."""
    task = asyncio.ensure_future(watched)
    await until(lambda: stream in venue.sockets.markets.listened_to or task.done())
    return task


async def test_trades_are_watched(venue: LocalVenue, exchange: Any) -> None:
    watched = await watching(venue, "btcusdt@trade", exchange.watch_trades(SYMBOL))
    trade(venue)
    (found,) = await asyncio.wait_for(watched, 5)
    assert (found["id"], found["price"], found["amount"], found["side"]) == ("1", 50000.0, 0.1, "buy")


async def test_the_order_book_is_watched_and_kept(venue: LocalVenue, exchange: Any) -> None:
    watched = await watching(venue, "btcusdt@depth@100ms", exchange.watch_order_book(SYMBOL))
    venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "LIMIT", quantity="2", price="50500")
    book = await asyncio.wait_for(watched, 5)
    while book["nonce"] < venue.exchange.floor("BTCUSDT").book.sequence:
        book = await asyncio.wait_for(exchange.watch_order_book(SYMBOL), 5)
    assert book["asks"] == [[50500.0, 2.0], [51000.0, 1.0]]
    venue.place_as(LOCAL_ACCOUNT, "BTCUSDT", "BUY", "LIMIT", quantity="2.5", price="51000")
    venue.flush_streams()
    book = await asyncio.wait_for(exchange.watch_order_book(SYMBOL), 5)
    assert (book["asks"], book["bids"]) == ([[51000.0, 0.5]], [[49000.0, 1.0]])


async def test_candles_are_watched(venue: LocalVenue, exchange: Any) -> None:
    watched = await watching(venue, "btcusdt@kline_1m", exchange.watch_ohlcv(SYMBOL, "1m"))
    trade(venue)
    venue.flush_streams()
    (candle,) = await asyncio.wait_for(watched, 5)
    assert candle[1:] == [50000.0, 50000.0, 50000.0, 50000.0, 0.1]


@pytest.mark.parametrize(
    ("params", "stream", "bid"), [({}, "miniTicker", None), ({"name": "ticker"}, "ticker", 49000.0)]
)
async def test_tickers_are_watched(
    venue: LocalVenue, exchange: Any, params: dict[str, str], stream: str, bid: float | None
) -> None:
    watched = await watching(venue, f"btcusdt@{stream}", exchange.watch_ticker(SYMBOL, params))
    trade(venue)
    venue.flush_streams()
    ticker = await asyncio.wait_for(watched, 5)
    while ticker["last"] != 50000.0:  # the first look may have come before the trade
        ticker = await asyncio.wait_for(exchange.watch_ticker(SYMBOL, params), 5)
    assert (ticker["bid"], ticker["baseVolume"]) == (bid, 0.1)


async def test_orders_trades_and_balances_are_watched_while_rest_places(venue: LocalVenue, exchange: Any) -> None:
    orders = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
    fills = asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))
    balances = asyncio.ensure_future(exchange.watch_balance())
    await until(lambda: bool(venue.sockets.users._subscriptions))
    placed = await exchange.create_order(SYMBOL, "limit", "buy", 0.5, 50000)
    seen = await asyncio.wait_for(orders, 5)
    assert [(one["id"], one["status"]) for one in seen] == [(placed["id"], "open")]
    balance = await asyncio.wait_for(balances, 5)
    assert (balance["USDT"]["used"], balance["USDT"]["free"]) == (25000.0, 975000.0)
    venue.place_as(COUNTERPARTY, "BTCUSDT", "SELL", "MARKET", quantity="0.2")
    (fill,) = await asyncio.wait_for(fills, 5)
    assert (fill["order"], fill["amount"], fill["takerOrMaker"], fill["fee"]["currency"]) == (
        placed["id"], 0.2, "maker", "BTC",
    )  # fmt: skip
    watched = asyncio.ensure_future(until_status(exchange, "canceled"))
    await exchange.cancel_order(placed["id"], SYMBOL)
    ended = await asyncio.wait_for(watched, 5)
    assert (ended["id"], ended["clientOrderId"], ended["filled"]) == (placed["id"], placed["clientOrderId"], 0.2)


async def until_status(exchange: Any, status: str) -> Any:
    while True:
        for order in await exchange.watch_orders(SYMBOL):
            if order["status"] == status:
                return order


async def test_orders_are_placed_asked_for_and_cancelled_by_websocket(venue: LocalVenue, exchange: Any) -> None:
    placed = await exchange.create_order_ws(SYMBOL, "limit", "buy", 0.5, 50000)
    assert (await exchange.fetch_order_ws(placed["id"], SYMBOL))["status"] == "open"
    assert [one["id"] for one in await exchange.fetch_open_orders_ws(SYMBOL)] == [placed["id"]]
    account = await exchange.fetch_balance_ws()
    assert {"asset": "USDT", "free": "975000.00000000", "locked": "25000.00000000"} in account["info"]["balances"]
    assert (await exchange.cancel_order_ws(placed["id"], SYMBOL))["status"] == "canceled"
    assert [one["status"] for one in await exchange.fetch_orders_ws(SYMBOL)] == ["canceled"]
    assert await exchange.fetch_my_trades_ws(SYMBOL) == []
    with pytest.raises(ccxt.InsufficientFunds):
        await exchange.create_order_ws(SYMBOL, "limit", "buy", 100, 50000)
