"""The blocking Binance connector for scripts: floats in, Binance's own dicts out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from yunmin.clock import Clock, to_millis
from yunmin.connectors.sync import SyncConnector
from yunmin.core.data_contracts import Instrument, OrderRef, OrderRequest, OrderType, Side, TimeInForce
from yunmin.core.data_contracts.money import to_positive
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import InvalidOrder, InvalidValue, RejectSource, UnknownSymbol
from yunmin.exchange import Environment, LiveConsent
from yunmin_binance.connector import BinanceSpot
from yunmin_binance.settings import resolve_config

if TYPE_CHECKING:
    from yunmin.connectors.blocking_port import BlockingPort

__all__ = ["BinanceConnector"]

Json = dict[str, Any]


class BinanceConnector:
    """Binance spot with plain, blocking calls; nothing is sent until the first of them.

        with BinanceConnector() as connector:          # the local venue, play money
            connector.place_order("BNBUSDT", "BUY", "LIMIT", qty=0.1, price=300)

    Without arguments it talks to the local venue (`yunmin venue up`). `testnet=True` is Binance's testnet, and needs a
    key; real money needs `environment="live"` and a complete `live_consent`. What is not given is read from
    BINANCE_API_KEY, BINANCE_API_SECRET, BINANCE_TESTNET and BINANCE_BASE_URL, also in `.env`. `timeout` is in seconds.

    Symbols are Binance's own (`BNBUSDT`) or unified (`BNB/USDT`). Every method raises errors of `yunmin.errors` alone:
    `Rejected` is a proven no, `OutcomeUnknown` means that an order may have been placed (ask `get_order_status` by
    client order id; never place it again), `ConnectivityError` that a question has no answer.
    """

    def __init__(
        self,
        api_key: str | SecretStr | None = None,
        api_secret: str | SecretStr | None = None,
        testnet: bool | None = None,  # noqa: FBT001  scripts say it by position, too
        *,
        environment: str | Environment | None = None,
        base_url: str | None = None,
        timeout: float = 5.0,
        live_consent: LiveConsent | None = None,
    ) -> None:
        self.config = resolve_config(
            api_key=api_key,
            api_secret=api_secret,
            testnet=testnet,
            environment=environment,
            base_url=base_url,
            timeout=timeout,
            live_consent=live_consent,
        )
        self.config.require_consent()
        config = self.config  # not self: the background must not keep its owner alive
        self._sync = SyncConnector(lambda: BinanceSpot(config))
        self._symbols_used: set[str] = set()

    def __repr__(self) -> str:
        return f"<BinanceConnector {self.config.environment}>"

    # --- the exchange ----------------------------------------------------------------------------------------------

    def ping(self) -> Json:
        """{} when Binance answers."""
        return self._sync.call(lambda spot: spot.ping())

    def get_server_time(self) -> int:
        """Binance's clock, in milliseconds since the epoch."""
        return to_millis(self._sync.call(lambda spot: spot.server_time()))

    def get_trading_pair_info(self, symbol: str) -> Json:
        """The rules of a market as floats, its status, and the account's own fee rates (fractions, 0.001 = 0.1 %).

        makerCommission and takerCommission are None without credentials: they belong to an account.
        """

        async def ask(spot: BinanceSpot) -> Json:
            market = _market(spot, symbol)
            account = await spot.fetch_account() if self.config.credentials is not None else None
            maker = None if account is None else account.maker_rate
            taker = None if account is None else account.taker_rate
            return {
                "symbol": market.exchange_symbol,
                "baseAsset": market.base_asset,
                "quoteAsset": market.quote_asset,
                "status": market.raw["status"],
                "minQty": float(market.min_qty),
                "stepSize": float(market.qty_step),
                "minPrice": float(market.min_price),
                "tickSize": float(market.tick_size),
                "minNotional": float(market.min_notional),
                "makerCommission": None if maker is None else float(maker),
                "takerCommission": None if taker is None else float(taker),
            }

        return self._sync.call(ask)

    # --- the account -----------------------------------------------------------------------------------------------

    def get_balance(self) -> dict[str, float]:
        """Asset -> free amount; assets with nothing free are left out."""

        async def ask(spot: BinanceSpot) -> dict[str, float]:
            account = await spot.fetch_account()
            return {asset: float(balance.free) for asset, balance in account.balances.items() if balance.free}

        return self._sync.call(ask)

    # --- orders ----------------------------------------------------------------------------------------------------

    def place_order(
        self,
        symbol: str,
        side: str,
        order_type: str,
        qty: object = None,
        price: object = None,
        client_order_id: str | None = None,
        *,
        time_in_force: str = "GTC",
        quote_qty: object = None,
        test: bool = False,
    ) -> Json:
        """Place one order, once. Returns Binance's own answer (orderId, clientOrderId, status, executedQty, fills …).

        `qty` is in base units, `price` in quote units; `quote_qty` is for MARKET orders in place of `qty`. A quantity
        or price beside the market's steps is refused, never rounded. With `test` Binance only checks it and {} is
        returned. Without `client_order_id` one is made, which every error about the order names.
        """

        async def place(spot: BinanceSpot) -> Json:
            market = _market(spot, symbol)
            request = _request(market, side, order_type, qty, price, client_order_id, time_in_force, quote_qty, spot)
            self._symbols_used.add(market.symbol)
            if test:
                await spot.test_order(request)
                return {}
            ack = await spot.place_order(request)
            return dict(ack.update.raw)

        return self._sync.call(place)

    def cancel_order(
        self, symbol: str, client_order_id: str | None = None, *, order_id: int | str | None = None
    ) -> Json:
        """Cancel an open order by either id. Returns Binance's own answer."""

        async def cancel(spot: BinanceSpot) -> Json:
            update = await spot.cancel_order(self._ref(spot, symbol, client_order_id, order_id))
            return dict(update.raw)

        return self._sync.call(cancel)

    def get_order_status(
        self, symbol: str, client_order_id: str | None = None, *, order_id: int | str | None = None
    ) -> Json:
        """One order by either id, as Binance gives it."""

        async def ask(spot: BinanceSpot) -> Json:
            update = await spot.fetch_order(self._ref(spot, symbol, client_order_id, order_id))
            return dict(update.raw)

        return self._sync.call(ask)

    def get_open_orders(self, symbol: str | None = None) -> list[Json]:
        """The orders that rest in the book, of one symbol or of all."""

        async def ask(spot: BinanceSpot) -> list[Json]:
            name = None if symbol is None else _market(spot, symbol).symbol
            return [dict(update.raw) for update in await spot.fetch_open_orders(name)]

        return self._sync.call(ask)

    def get_order_history(self, symbol: str | None = None, limit: int = 100) -> list[Json]:
        """Orders in any state, newest first, at most `limit`.

        Binance answers this per symbol. Without one, the symbols asked are those that this connector traded, those
        with open orders, and those both of whose assets the account holds; name a symbol to be certain of it.
        """

        if type(limit) is not int or limit < 1:
            raise InvalidValue("limit is a whole number from 1")

        async def ask(spot: BinanceSpot) -> list[Json]:
            names = {_market(spot, symbol).symbol} if symbol is not None else await self._symbols_of_interest(spot)
            found = [order for name in sorted(names) for order in await spot.fetch_order_history(name, limit=limit)]
            orders = [dict(update.raw) for update in found]
            return sorted(orders, key=lambda order: (order["time"], order["orderId"]), reverse=True)[:limit]

        return self._sync.call(ask)

    # --- life ------------------------------------------------------------------------------------------------------

    def order_port(self, tracker: OrderTracker, clock: Clock) -> BlockingPort:
        """How an Executor sends orders through this connector: see `yunmin.connectors.blocking_port`."""
        from yunmin.connectors.blocking_port import BlockingPort  # most scripts have no executor

        return BlockingPort(self._sync, tracker, clock)

    def close(self) -> None:
        """Let everything go. May be called twice."""
        self._sync.close()

    def __enter__(self) -> BinanceConnector:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _ref(self, spot: BinanceSpot, symbol: str, client_order_id: str | None, order_id: int | str | None) -> OrderRef:
        market = _market(spot, symbol)
        self._symbols_used.add(market.symbol)
        if client_order_id is None and order_id is None:
            raise InvalidValue("name the order by client_order_id or order_id")
        if client_order_id is not None and (not isinstance(client_order_id, str) or not client_order_id):
            raise InvalidValue("client_order_id is the text that you gave; the exchange's number goes to order_id=")
        if order_id is not None and (isinstance(order_id, bool) or not str(order_id).isdecimal()):
            raise InvalidValue("order_id is the whole number that the exchange gave")
        return OrderRef(
            symbol=market.symbol,
            client_order_id=client_order_id,
            exchange_order_id=None if order_id is None else str(order_id),
        )

    async def _symbols_of_interest(self, spot: BinanceSpot) -> set[str]:
        account = await spot.fetch_account()
        held = account.balances.keys()
        resting = {update.symbol for update in await spot.fetch_open_orders()}
        both_held = {
            market.symbol
            for market in spot.instruments.values()
            if market.base_asset in held and market.quote_asset in held
        }
        return self._symbols_used | resting | both_held


def _market(spot: BinanceSpot, symbol: str) -> Instrument:
    """The market under Binance's own name or the unified one."""
    if not isinstance(symbol, str):
        raise UnknownSymbol(f"a symbol is text, not {type(symbol).__name__}", source=RejectSource.LOCAL)
    return spot.instrument_by_exchange_symbol(symbol) or spot.instrument(symbol)


def _request(
    market: Instrument,
    side: str,
    order_type: str,
    qty: object,
    price: object,
    client_order_id: str | None,
    time_in_force: str,
    quote_qty: object,
    spot: BinanceSpot,
) -> OrderRequest:
    try:
        return OrderRequest(
            symbol=market.symbol,
            side=Side(side),
            order_type=OrderType(order_type),
            qty=_positive("qty", qty),
            price=_positive("price", price),
            quote_qty=_positive("quote_qty", quote_qty),
            time_in_force=TimeInForce(time_in_force),
            client_order_id=spot.new_client_order_id() if client_order_id is None else client_order_id,
        )
    except ValidationError as error:
        found = error.errors(include_input=False, include_context=False)
        problem = "; ".join(one["msg"].removeprefix("Value error, ") for one in found)
    except ValueError as error:
        problem = str(error)
    raise InvalidOrder(f"nothing was sent: {problem}", source=RejectSource.LOCAL)


def _positive(name: str, value: object) -> Any:
    if value is None:
        return None
    try:
        return to_positive(value)
    except InvalidValue as error:
        problem = str(error)
    raise InvalidValue(f"{name}: {problem}")
