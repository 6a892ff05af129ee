"""Binance spot: ccxt signs and sends, the answers are read straight from Binance's own JSON."""

from __future__ import annotations

from typing import Any, Final

from yunmin.ccxt_bridge import CcxtConnector, Feed
from yunmin.clock import Clock
from yunmin.core.data_contracts import (
    AccountNews,
    AccountState,
    Candle,
    Fill,
    Instrument,
    KeyRights,
    OrderAck,
    OrderBook,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    OrderUpdate,
    PublicTrade,
    Ticker,
)
from yunmin.core.data_contracts.money import ZERO, plain
from yunmin.core.order_lifecycle import TERMINAL
from yunmin.errors import MalformedResponse, NotSupported, OrderNotFound
from yunmin.exchange import ConnectorConfig
from yunmin_binance import parse
from yunmin_binance.account_stream import AccountFeed
from yunmin_binance.auth import BinanceAuth
from yunmin_binance.book_stream import BookFeed
from yunmin_binance.endpoints import account_stream_url_of, endpoint_for, has_wallet, market_stream_url_of
from yunmin_binance.market_stream import CandleFeed, TickerFeed, TradeFeed
from yunmin_binance.traits import RECV_WINDOW, TRAITS, traits_at

__all__ = ["BinanceSpot"]

_ARCHIVED: Final = -2026

_TIMED: Final = frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
"""The types that must say how long they live (rest-api.md of 2026-07-21, New order)."""

_SNAPSHOT_LEVELS: Final = 1000
"""Of the book that a stream begins with, on each side: 50 of the 6000 units of weight that a minute has."""


class BinanceSpot(CcxtConnector):
    """One Binance spot account (or, without credentials, Binance's public data)."""

    def __init__(self, config: ConnectorConfig, *, clock: Clock | None = None) -> None:
        super().__init__(config, traits=traits_at(config.pace), endpoint=endpoint_for(config), clock=clock)

    async def ping(self) -> dict[str, Any]:
        """Binance's ping: an empty dict when it answers."""

        def read(raw: Any) -> dict[str, Any]:
            if raw != {}:
                raise MalformedResponse("a ping is answered by {}")
            return {}

        return await self._question("the ping", self._connected().public_get_ping(), read)

    async def fetch_key_rights(self) -> KeyRights:
        """What the API key may do, as the wallet API says (GET /sapi/v1/account/apiRestrictions, weight 1).

        Raises NotSupported for testnet and demo, which have no wallet API (testnet/general-info.md): nothing is sent.
        """
        if not has_wallet(self.config.environment):
            raise NotSupported(f"{TRAITS.title} does not say it in the {self.config.environment} environment")
        return await self._question(
            "what the key may do", self._connected().sapi_get_account_apirestrictions(), parse.parse_key_rights
        )

    async def fetch_order(self, ref: OrderRef) -> OrderUpdate:
        """One order. An archived one is told as cancelled, with nothing filled: that is all that Binance says of it.

        errors.md, 2026-07-21: -2026 is an order that was cancelled or expired without any execution over 90 days ago.
        """
        try:
            return await super().fetch_order(ref)
        except OrderNotFound as error:
            if error.code != _ARCHIVED:
                raise
        return OrderUpdate(
            symbol=ref.symbol,
            client_order_id=ref.client_order_id,
            exchange_order_id=ref.exchange_order_id,
            state=OrderState.CANCELLED,
            filled_qty=ZERO,
            reason="archived",
        )

    async def cancel_all_orders(self, symbol: str) -> list[OrderUpdate]:
        """Cancel every open order of a symbol, whoever placed it; empty when there was none."""
        exchange = self._connected()
        market = self.instrument(symbol)
        sent = exchange.private_delete_openorders({"symbol": market.exchange_symbol})
        try:
            return await self._command(
                f"cancel all of {symbol}", sent, lambda raw: self._read_all_cancelled(raw, market), client_order_id=None
            )
        except OrderNotFound:
            return []

    def _read_all_cancelled(self, raw: Any, market: Instrument) -> list[OrderUpdate]:
        """Binance refuses when there was nothing to cancel, so an empty answer proves nothing."""
        if not isinstance(raw, list) or not raw:
            raise MalformedResponse("a list of cancelled orders was expected")
        updates = [self._read_cancelled(order, market) for entry in raw for order in _orders_in(entry)]
        for update in updates:
            if update.symbol != market.symbol or update.state not in TERMINAL:
                raise MalformedResponse("an order that is not one of those, or not cancelled")
        return updates

    # --- how calls go out ------------------------------------------------------------------------------------------

    async def _ask_time(self) -> int:
        answer = await self._connected().public_get_time()
        millis: int = answer["serverTime"]
        return millis

    async def _ask_instruments(self) -> Any:
        return await self._connected().public_get_exchangeinfo()

    async def _ask_account(self) -> Any:
        return await self._connected().private_get_account({"omitZeroBalances": "true"})

    async def _ask_order(self, ref: OrderRef, market: Instrument) -> Any:
        return await self._connected().private_get_order(_as_ref(ref, market))

    async def _ask_open_orders(self, market: Instrument | None) -> Any:
        return await self._connected().private_get_openorders(
            {} if market is None else {"symbol": market.exchange_symbol}
        )

    async def _ask_order_history(self, market: Instrument, *, since: int | None, limit: int) -> Any:
        # without a time or an id Binance gives the newest `limit`, at most 1000; from a time on, the first ones
        moment = {} if since is None else {"startTime": since}
        return await self._connected().private_get_allorders(
            {"symbol": market.exchange_symbol, "limit": min(limit, 1000), **moment}
        )

    async def _ask_fills(
        self,
        market: Instrument,
        *,
        exchange_order_id: str | None,
        from_trade_id: str | None,
        since: int | None,
        limit: int,
    ) -> Any:
        params: dict[str, Any] = {"symbol": market.exchange_symbol, "limit": min(limit, 1000)}
        if exchange_order_id is not None:
            params["orderId"] = exchange_order_id
        if from_trade_id is not None:
            params["fromId"] = from_trade_id
        if since is not None:
            params["startTime"] = since
        return await self._connected().private_get_mytrades(params)

    async def _send_order(self, request: OrderRequest, market: Instrument) -> Any:
        return await self._connected().private_post_order(_as_order(request, market))

    async def _ask_test(self, request: OrderRequest, market: Instrument) -> Any:
        return await self._connected().private_post_order_test(_as_order(request, market))

    async def _send_cancel(self, ref: OrderRef, market: Instrument) -> Any:
        return await self._connected().private_delete_order(_as_ref(ref, market))

    async def _ask_ticker(self, market: Instrument) -> Any:
        return await self._connected().public_get_ticker_24hr({"symbol": market.exchange_symbol})

    async def _ask_order_book(self, market: Instrument, limit: int) -> Any:
        return await self._connected().public_get_depth({"symbol": market.exchange_symbol, "limit": limit})

    async def _ask_trades(self, market: Instrument, limit: int) -> Any:
        return await self._connected().public_get_trades({"symbol": market.exchange_symbol, "limit": limit})

    async def _ask_candles(self, market: Instrument, timeframe: str, since: int | None, limit: int) -> Any:
        params: dict[str, Any] = {"symbol": market.exchange_symbol, "interval": timeframe, "limit": limit}
        if since is not None:
            params["startTime"] = since
        return await self._connected().public_get_klines(params)

    # --- streams ---------------------------------------------------------------------------------------------------

    def _account_feed(self) -> Feed[AccountNews]:
        credentials = self.config.credentials
        assert credentials is not None  # noqa: S101  stream_account has looked
        return AccountFeed(
            account_stream_url_of(self.config),
            auth=BinanceAuth(credentials.api_key, credentials.api_secret),
            recv_window=RECV_WINDOW,
            stamp=self._connected().nonce,
            resynchronise=self.synchronise_clock,
            market_of=self.instrument_by_exchange_symbol,
        )

    def _candle_feed(self, market: Instrument, timeframe: str) -> Feed[Candle]:
        return CandleFeed(market_stream_url_of(self.config), market, timeframe)

    def _trade_feed(self, market: Instrument) -> Feed[PublicTrade]:
        return TradeFeed(market_stream_url_of(self.config), market)

    def _ticker_feed(self, market: Instrument) -> Feed[Ticker]:
        return TickerFeed(market_stream_url_of(self.config), market)

    def _book_feed(self, market: Instrument, limit: int) -> Feed[OrderBook]:
        async def snapshot() -> OrderBook:
            return await self.fetch_order_book(market.symbol, limit=_SNAPSHOT_LEVELS)

        url = market_stream_url_of(self.config)
        return BookFeed(url, market, limit=limit, snapshot=snapshot, clock=self.clock)

    # --- how answers are read --------------------------------------------------------------------------------------

    def _read_instruments(self, raw: Any) -> list[Instrument]:
        return parse.parse_instruments(raw)

    def _read_account(self, raw: Any) -> AccountState:
        return parse.parse_account(raw)

    def _read_order(self, raw: Any, market: Instrument | None) -> OrderUpdate:
        return parse.parse_order(raw, self._our_symbol(raw))

    def _read_ack(self, raw: Any, market: Instrument) -> OrderAck:
        return parse.parse_ack(raw, self._our_symbol(raw))

    def _read_cancelled(self, raw: Any, market: Instrument) -> OrderUpdate:
        return parse.parse_cancelled(raw, self._our_symbol(raw))

    def _read_fill(self, raw: Any, market: Instrument) -> Fill:
        if raw["symbol"] != market.exchange_symbol:
            raise MalformedResponse(f"a trade of {str(raw['symbol'])[:40]!r} among those of {market.exchange_symbol}")
        return parse.parse_trade(raw, market.symbol)

    def _read_ticker(self, raw: Any, market: Instrument) -> Ticker:
        return parse.parse_ticker(raw, self._our_symbol(raw))

    def _read_order_book(self, raw: Any, market: Instrument) -> OrderBook:
        return parse.parse_order_book(raw, market.symbol)

    def _read_public_trade(self, raw: Any, market: Instrument) -> PublicTrade:
        return parse.parse_public_trade(raw, market.symbol)

    def _read_candle(self, raw: Any, market: Instrument) -> Candle:
        return parse.parse_candle(raw, market.symbol)

    def _our_symbol(self, raw: Any) -> str:
        market = self._by_exchange_symbol.get(raw["symbol"])
        if market is None:
            raise MalformedResponse(f"a symbol that is not listed: {str(raw['symbol'])[:40]!r}")
        return market.symbol


def _orders_in(entry: Any) -> list[Any]:
    """The orders of one row: itself, or those of an order list."""
    if "orderReports" not in entry:
        return [entry]
    reports: list[Any] = entry["orderReports"]
    return reports


def _as_order(request: OrderRequest, market: Instrument) -> dict[str, Any]:
    """The parameters of POST order; the FULL answer is asked for, because only it shows the status and the fills."""
    params: dict[str, Any] = {
        "symbol": market.exchange_symbol,
        "side": request.side.value,
        "type": request.order_type.value,
        "newClientOrderId": request.client_order_id,
        "newOrderRespType": "FULL",
    }
    if request.qty is not None:
        params["quantity"] = plain(request.qty)
    if request.quote_qty is not None:
        params["quoteOrderQty"] = plain(request.quote_qty)
    if request.price is not None:
        params["price"] = plain(request.price)
    if request.trigger_price is not None:
        params["stopPrice"] = plain(request.trigger_price)
    if request.order_type in _TIMED:
        params["timeInForce"] = request.time_in_force.value
    return params


def _as_ref(ref: OrderRef, market: Instrument) -> dict[str, Any]:
    params: dict[str, Any] = {"symbol": market.exchange_symbol}
    if ref.exchange_order_id is not None:
        params["orderId"] = ref.exchange_order_id
    if ref.client_order_id is not None:
        params["origClientOrderId"] = ref.client_order_id
    return params
