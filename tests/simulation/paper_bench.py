"""A paper exchange with one market, spoken to in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from yunmin.clock import ManualClock
from yunmin.core.data_contracts import (
    Fill,
    Instrument,
    OrderAck,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    PublicTrade,
    Side,
    Ticker,
)
from yunmin.simulation.paper_exchange import PaperExchange
from yunmin.simulation.units import to_units

SYMBOL: Final = "BTC/USDT"
BTC: Final = Instrument(
    symbol=SYMBOL,
    exchange_symbol="BTCUSDT",
    base_asset="BTC",
    quote_asset="USDT",
    tick_size=Decimal("0.01"),
    min_price=Decimal("0.01"),
    max_price=Decimal(1_000_000),
    qty_step=Decimal("0.0001"),
    min_qty=Decimal("0.0001"),
    max_qty=Decimal(1000),
    min_notional=Decimal(5),
)
FUNDS: Final = {"BTC": Decimal(10), "USDT": Decimal(100_000)}


class Paper:
    """The exchange, its clock and one connector."""

    def __init__(self, clock: ManualClock | None = None, **options: Any) -> None:
        self.clock = clock or ManualClock()
        markets: Mapping[str, Instrument] = options.pop("markets", {SYMBOL: BTC})
        balances = options.pop("balances", FUNDS)
        self.exchange = PaperExchange(markets, balances, self.clock, **options)
        self.connector = self.exchange.connector()
        self._sent = 0

    # --- the market outside ------------------------------------------------------------------------------------------

    def trade(self, price: str, qty: str = "1", taker: str | None = None, *, ago: float = 0.0) -> None:
        """Others trade."""
        self.exchange.on_trade(
            PublicTrade(
                symbol=SYMBOL,
                trade_id="1",
                price=Decimal(price),
                qty=Decimal(qty),
                taker_side=None if taker is None else Side(taker),
                ts=self.clock.now() - timedelta(seconds=ago),
            )
        )

    def ticker(
        self, bid: str | None, ask: str | None, *, bid_qty: str = "1", ask_qty: str = "1", last: str | None = None
    ) -> None:
        """The best bid and ask are told."""
        self.exchange.on_ticker(
            Ticker(
                symbol=SYMBOL,
                bid=None if bid is None else Decimal(bid),
                bid_qty=None if bid is None else Decimal(bid_qty),
                ask=None if ask is None else Decimal(ask),
                ask_qty=None if ask is None else Decimal(ask_qty),
                last=None if last is None else Decimal(last),
            )
        )

    # --- orders ------------------------------------------------------------------------------------------------------

    def send(self, side: str, qty: str, price: str | None = None, **terms: Any) -> OrderAck:
        """A limit order; a market order without a price. `kind`, `stop`, `tif` and `quote` say otherwise."""
        self._sent += 1
        kind = terms.pop("kind", "MARKET" if price is None else "LIMIT")
        stop, quote, name = terms.pop("stop", None), terms.pop("quote", None), terms.pop("name", f"t-{self._sent}")
        return self.connector.place_now(
            OrderRequest(
                symbol=SYMBOL,
                side=Side(side),
                order_type=OrderType(kind),
                qty=None if quote else Decimal(qty),
                quote_qty=None if quote is None else Decimal(quote),
                price=None if price is None else Decimal(price),
                trigger_price=None if stop is None else Decimal(stop),
                time_in_force=terms.pop("tif", "GTC"),
                client_order_id=name,
            )
        )

    def cancel(self, ack: OrderAck) -> None:
        self.connector.cancel_now(OrderRef(symbol=SYMBOL, exchange_order_id=ack.update.exchange_order_id))

    async def fills(self) -> list[Fill]:
        return list(await self.connector.fetch_fills(SYMBOL))

    async def state(self, ack: OrderAck) -> tuple[OrderState | None, Decimal | None]:
        """An order's state and what of it is filled."""
        ref = OrderRef(symbol=SYMBOL, exchange_order_id=ack.update.exchange_order_id)
        found = await self.connector.fetch_order(ref)
        return found.state, found.filled_qty

    def told(self, asset: str) -> int:
        account = self.exchange.engine.ledger.account("paper")
        assert account is not None
        return account.free[asset] + account.locked[asset]


def units(value: str) -> int:
    return to_units(Decimal(value))
