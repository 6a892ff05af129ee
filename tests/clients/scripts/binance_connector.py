"""binance-connector, the exchange's own earlier client: requests, and sockets on threads of their own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from binance.error import ClientError
from binance.spot import Spot
from binance.websocket.spot.websocket_api import SpotWebsocketAPIClient
from binance.websocket.spot.websocket_stream import SpotWebsocketStreamClient
from day import PLAN, Saw, live
from wire_day import SYMBOL, Json, WireDay, claim


class BinanceConnector(WireDay):
    """Everything goes into the query, under a Content-Type of JSON. User data come by listen key only."""

    async def open(self) -> None:
        self.client = Spot(self.key, self.secret, base_url=self.url, timeout=PLAN["patience_seconds"])

    def exchange_info(self) -> Any:
        return self.client.exchange_info()

    def account(self) -> Any:
        return self.client.account()

    def new_order(self, **order: str) -> Any:
        return self.client.new_order(**order)

    def query_order(self, order_id: int) -> Any:
        return self.client.get_order(SYMBOL, orderId=order_id)

    def cancel_order(self, order_id: int) -> Any:
        return self.client.cancel_order(SYMBOL, orderId=order_id)

    def replace_order(self, order_id: int, **order: str) -> Any:
        return self.client.cancel_and_replace(cancelOrderId=order_id, **order)

    def new_oco(self, **order: str) -> Any:
        return self.client.new_oco_order(**order)

    def my_trades(self, order_id: int) -> Any:
        return self.client.my_trades(SYMBOL, orderId=order_id)

    def price_of(self, symbol: str) -> Any:
        return self.client.ticker_price(symbol)

    def deep_book(self, limit: int) -> Any:
        return self.client.depth(SYMBOL, limit=limit)

    def ask_with_wrong_secret(self) -> Any:
        return Spot(self.key, "wrong", base_url=self.url).account()

    def ask_with_wrong_clock(self) -> Any:
        return self.client.account(recvWindow=PLAN["too_wide_window_ms"])

    @asynccontextmanager
    async def trades_heard(self) -> AsyncIterator[list[Json]]:
        async with self._stream() as (stream, heard, _):
            stream.agg_trade(SYMBOL)
            yield heard

    @asynccontextmanager
    async def book_heard(self) -> AsyncIterator[list[Json]]:
        async with self._stream() as (stream, heard, _):
            stream.diff_book_depth(SYMBOL, speed=100)
            yield heard

    @asynccontextmanager
    async def user_events(self) -> AsyncIterator[list[Json]]:
        key = self.client.new_listen_key()["listenKey"]
        async with self._stream() as (stream, heard, answers):
            stream.user_data(key, id=1)
            await self.wait_for(lambda: answers, "the answer to SUBSCRIBE")
            yield heard
        self.client.close_listen_key(key)

    @asynccontextmanager
    async def _stream(self) -> AsyncIterator[tuple[Any, list[Json], list[Json]]]:
        heard: list[Json] = []
        answers: list[Json] = []

        def on_message(_: Any, text: str) -> None:
            message = json.loads(text)
            (heard if "e" in message else answers).append(message)

        stream = SpotWebsocketStreamClient(stream_url=self.sockets, on_message=on_message)
        try:
            yield stream, heard, answers
        finally:
            stream.stop()

    async def socket_order(self) -> Saw:
        answers: dict[str, Json] = {}

        def on_message(_: Any, text: str) -> None:
            message = json.loads(text)
            answers[message["id"]] = message

        api = SpotWebsocketAPIClient(
            stream_url=f"{self.sockets}/ws-api/v3", api_key=self.key, api_secret=self.secret, on_message=on_message
        )
        try:
            api.new_order(
                id="place",
                symbol=SYMBOL,
                side="BUY",
                type="LIMIT",
                timeInForce="GTC",
                quantity=PLAN["quantity"],
                price=PLAN["far_price"],
                newOrderRespType="RESULT",
            )
            placed = (await self.wait_for(lambda: answers.get("place"), "the answer to order.place"))["result"]
            api.cancel_order(SYMBOL, id="cancel", orderId=placed["orderId"])
            cancelled = (await self.wait_for(lambda: answers.get("cancel"), "the answer to order.cancel"))["result"]
        finally:
            api.stop()
        return Saw(f"order.place {placed['status']}, order.cancel {cancelled['status']}", orders=claim(cancelled))

    def read_error(self, error: Exception) -> tuple[int, str]:
        assert isinstance(error, ClientError), repr(error)
        return error.error_code, f"{error.error_message} (HTTP {error.status_code})"


live(BinanceConnector())
