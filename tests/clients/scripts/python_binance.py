"""python-binance: the asynchronous client, its sockets and its WebSocket API. Only addresses on its classes are set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from binance import AsyncClient, BinanceSocketManager
from binance.exceptions import BinanceAPIException
from day import PLAN, Saw, live
from wire_day import SYMBOL, Json, WireDay, claim


class PythonBinance(WireDay):
    """Parameters go out in the body of a POST."""

    async def open(self) -> None:
        AsyncClient.API_URL = f"{self.url}/api"
        AsyncClient.WS_API_URL = f"{self.sockets}/ws-api/v3"
        BinanceSocketManager.STREAM_URL = f"{self.sockets}/"
        self.client = await AsyncClient.create(self.key, self.secret)
        self.streams = BinanceSocketManager(self.client)

    async def close(self) -> None:
        await self.client.close_connection()

    def exchange_info(self) -> Any:
        return self.client.get_exchange_info()

    def account(self) -> Any:
        return self.client.get_account()

    def new_order(self, **order: str) -> Any:
        return self.client.create_order(**order)

    def query_order(self, order_id: int) -> Any:
        return self.client.get_order(symbol=SYMBOL, orderId=order_id)

    def cancel_order(self, order_id: int) -> Any:
        return self.client.cancel_order(symbol=SYMBOL, orderId=order_id)

    def replace_order(self, order_id: int, **order: str) -> Any:
        return self.client.cancel_replace_order(cancelOrderId=order_id, **order)

    def new_oco(self, **order: str) -> Any:
        return self.client.create_oco_order(**order)

    def my_trades(self, order_id: int) -> Any:
        return self.client.get_my_trades(symbol=SYMBOL, orderId=order_id)

    def price_of(self, symbol: str) -> Any:
        return self.client.get_symbol_ticker(symbol=symbol)

    def deep_book(self, limit: int) -> Any:
        return self.client.get_order_book(symbol=SYMBOL, limit=limit)

    async def ask_with_wrong_secret(self) -> Any:
        other = await AsyncClient.create(self.key, "wrong")
        try:
            return await other.get_account()
        finally:
            await other.close_connection()

    async def ask_with_wrong_clock(self) -> Any:
        self.client.timestamp_offset = -PLAN["late_by_ms"]
        try:
            return await self.client.get_account()
        finally:
            self.client.timestamp_offset = 0

    @asynccontextmanager
    async def trades_heard(self) -> AsyncIterator[list[Json]]:
        async with self.streams.trade_socket(SYMBOL) as socket, heard(socket) as trades:
            yield trades

    @asynccontextmanager
    async def book_heard(self) -> AsyncIterator[list[Json]]:
        async with self.streams.depth_socket(SYMBOL, interval=100) as socket, heard(socket) as updates:
            yield updates

    @asynccontextmanager
    async def user_events(self) -> AsyncIterator[list[Json]]:
        async with self.streams.user_socket() as socket, heard(socket) as events:
            yield events

    async def socket_order(self) -> Saw:
        placed = await self.client.ws_create_order(
            symbol=SYMBOL,
            side="BUY",
            type="LIMIT",
            timeInForce="GTC",
            quantity=PLAN["quantity"],
            price=PLAN["far_price"],
        )
        cancelled = await self.client.ws_cancel_order(symbol=SYMBOL, orderId=placed["orderId"])
        return Saw(f"order.place {placed['status']}, order.cancel {cancelled['status']}", orders=claim(cancelled))

    def read_error(self, error: Exception) -> tuple[int, str]:
        assert isinstance(error, BinanceAPIException), repr(error)
        return error.code, f"{error.message} (HTTP {error.status_code})"


@asynccontextmanager
async def heard(socket: Any) -> AsyncIterator[list[Json]]:
    """What comes out of a socket of python-binance, gathered while the block runs."""
    told: list[Json] = []

    async def listen() -> None:
        while True:
            told.append(await socket.recv())

    listening = asyncio.create_task(listen())
    try:
        yield told
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


live(PythonBinance())
