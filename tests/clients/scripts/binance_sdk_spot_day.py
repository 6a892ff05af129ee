"""binance-sdk-spot, the exchange's own modular client; the addresses are part of its configuration."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from binance_common.configuration import (
    ConfigurationRestAPI,
    ConfigurationWebSocketAPI,
    ConfigurationWebSocketStreams,
)
from binance_common.errors import BadRequestError, RateLimitBanError, TooManyRequestsError
from binance_sdk_spot.spot import Spot
from binance_sdk_spot.websocket_streams.models import DiffBookDepthUpdateSpeedEnum
from day import PLAN, Saw, live
from wire_day import SYMBOL, Json, WireDay, claim

NUMBERS = {"quantity", "price", "stop_price", "above_price", "below_price", "below_stop_price"}


class BinanceSdkSpot(WireDay):
    """Everything goes into the query. Its models refuse an answer whose fields have other types than documented."""

    async def open(self) -> None:
        self.client = self.client_with(self.secret)

    def client_with(self, secret: str) -> Spot:
        keys = {"api_key": self.key, "api_secret": secret}
        return Spot(
            ConfigurationRestAPI(**keys, base_path=self.url, timeout=1000 * PLAN["patience_seconds"]),
            ConfigurationWebSocketAPI(**keys, stream_url=f"{self.sockets}/ws-api/v3"),
            ConfigurationWebSocketStreams(stream_url=f"{self.sockets}/stream"),
        )

    def exchange_info(self) -> Any:
        return wire(self.client.rest_api.exchange_info())

    def account(self) -> Any:
        return wire(self.client.rest_api.get_account())

    def new_order(self, **order: str) -> Any:
        return wire(self.client.rest_api.new_order(**spelled(order)))

    def query_order(self, order_id: int) -> Any:
        return wire(self.client.rest_api.get_order(SYMBOL, order_id=order_id))

    def cancel_order(self, order_id: int) -> Any:
        return wire(self.client.rest_api.delete_order(SYMBOL, order_id=order_id))

    def replace_order(self, order_id: int, **order: str) -> Any:
        return wire(self.client.rest_api.order_cancel_replace(cancel_order_id=order_id, **spelled(order)))

    def new_oco(self, **order: str) -> Any:
        return wire(self.client.rest_api.order_list_oco(**spelled(order)))

    def my_trades(self, order_id: int) -> Any:
        return wire(self.client.rest_api.my_trades(SYMBOL, order_id=order_id))

    def price_of(self, symbol: str) -> Any:
        return wire(self.client.rest_api.ticker_price(symbol=symbol))

    def deep_book(self, limit: int) -> Any:
        return wire(self.client.rest_api.depth(SYMBOL, limit=limit))

    def ask_with_wrong_secret(self) -> Any:
        return self.client_with("wrong").rest_api.get_account()

    def ask_with_wrong_clock(self) -> Any:
        return self.client.rest_api.get_account(recv_window=PLAN["too_wide_window_ms"])

    @asynccontextmanager
    async def trades_heard(self) -> AsyncIterator[list[Json]]:
        async with self._streams() as connection:
            yield heard(await connection.trade(symbol=SYMBOL.lower()))

    @asynccontextmanager
    async def book_heard(self) -> AsyncIterator[list[Json]]:
        async with self._streams() as connection:
            speed = DiffBookDepthUpdateSpeedEnum("100ms").value  # the enum itself would get into the stream's name
            yield heard(await connection.diff_book_depth(symbol=SYMBOL.lower(), update_speed=speed))

    @asynccontextmanager
    async def _streams(self) -> AsyncIterator[Any]:
        connection = await self.client.websocket_streams.create_connection()
        try:
            yield connection
        finally:
            await connection.close_connection(close_session=True)

    @asynccontextmanager
    async def user_events(self) -> AsyncIterator[list[Json]]:
        events: list[Json] = []
        connection = await self.client.websocket_api.create_connection()
        try:
            subscribed = await connection.user_data_stream_subscribe_signature()
            subscribed.stream.on("message", lambda event: events.append(event_of(event)))
            yield events
        finally:
            await connection.close_connection(close_session=True)

    async def socket_order(self) -> Saw:
        connection = await self.client.websocket_api.create_connection()
        try:
            order = spelled(
                {
                    "symbol": SYMBOL,
                    "side": "BUY",
                    "type": "LIMIT",
                    "timeInForce": "GTC",
                    "quantity": PLAN["quantity"],
                    "price": PLAN["far_price"],
                }
            )
            placed = (await connection.order_place(**order)).data().result
            cancelled = (await connection.order_cancel(SYMBOL, order_id=placed.order_id)).data().result.to_dict()
        finally:
            await connection.close_connection(close_session=True)
        return Saw(f"order.place {placed.status}, order.cancel {cancelled['status']}", orders=claim(cancelled))

    def read_error(self, error: Exception) -> tuple[int, str]:
        assert isinstance(error, (BadRequestError, TooManyRequestsError, RateLimitBanError)), repr(error)
        return error.status_code, error.error_message


def heard(stream: Any) -> list[Json]:
    """What a stream tells from now on."""
    told: list[Json] = []
    stream.on("message", lambda message: told.append(message.to_dict()))
    return told


def wire(answer: Any) -> Any:
    """The answer with the exchange's own names."""
    data = answer.data()
    return [one.to_dict() for one in data] if isinstance(data, list) else data.to_dict()


def event_of(event: Any) -> Json:
    """The event with its name, which the client's models keep in the name of their class alone."""
    parsed = event.actual_instance
    if isinstance(parsed, dict):  # the client could not read it as documented
        return {"e": f"unreadable {parsed.get('e')}"}
    name = type(parsed).__name__
    return {"e": name[0].lower() + name[1:], **parsed.to_dict()}


def spelled(order: dict[str, str]) -> dict[str, Any]:
    """The exchange's parameters with this client's names, and its numbers."""
    names = {re.sub("([A-Z])", lambda found: f"_{found[1].lower()}", name): value for name, value in order.items()}
    return {name: float(value) if name in NUMBERS else value for name, value in names.items()}


live(BinanceSdkSpot())
