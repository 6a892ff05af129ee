"""Orders as values: what is asked of an exchange, and what an exchange says of one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from pydantic import Field, model_validator

from yunmin.core.data_contracts.base import CheckedContract, Contract, UtcDatetime
from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, Source, TimeInForce
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.money import ZERO, Price, Qty

__all__ = ["OrderAck", "OrderRef", "OrderRequest", "OrderUpdate"]

_PRICED = frozenset({OrderType.LIMIT, OrderType.LIMIT_MAKER, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT_LIMIT})
_TRIGGERED = frozenset(
    {OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT}
)


class OrderRequest(CheckedContract):
    """An order that somebody wants placed. Quantities are in base units, prices in quote units per base unit.

    A MARKET order gives either `qty` or `quote_qty` (spend or receive this much of the quote asset); every
    other type gives `qty`. `client_order_id` of None lets the adapter make one.
    """

    symbol: str = Field(min_length=1, max_length=64)
    side: Side
    order_type: OrderType
    qty: Qty | None = None
    price: Price | None = None
    quote_qty: Qty | None = None
    trigger_price: Price | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    client_order_id: str | None = None

    @model_validator(mode="after")
    def _terms_fit_the_type(self) -> Self:
        for name in ("qty", "price", "quote_qty", "trigger_price"):
            value = getattr(self, name)
            if value is not None and value <= ZERO:
                raise ValueError(f"{name} must be more than zero: {value}")
        if self.quote_qty is not None and (self.order_type is not OrderType.MARKET or self.qty is not None):
            raise ValueError("quote_qty is for MARKET orders, in the place of qty")
        if self.qty is None and self.quote_qty is None:
            raise ValueError("qty is missing")
        if (self.price is None) == (self.order_type in _PRICED):
            raise ValueError(f"a {self.order_type} order takes {'a price' if self.price is None else 'no price'}")
        if (self.trigger_price is None) == (self.order_type in _TRIGGERED):
            verb = "takes a" if self.trigger_price is None else "takes no"
            raise ValueError(f"a {self.order_type} order {verb} trigger_price")
        return self


class OrderRef(Contract):
    """Which order is meant: by either id, or by both."""

    symbol: str
    client_order_id: str | None = None
    exchange_order_id: str | None = None

    @model_validator(mode="after")
    def _names_an_order(self) -> Self:
        if not self.client_order_id and not self.exchange_order_id:
            raise ValueError("an order is named by client_order_id or exchange_order_id")
        return self


class OrderUpdate(Contract):
    """What an exchange says of one order, in cumulative figures, never deltas. None means "it did not say".

    `filled_qty` is in base units, `filled_cost` in quote units: both since the order was made. `state` is None
    where the exchange used a word that we do not know; `raw_status` always has its own word.
    """

    symbol: str
    client_order_id: str | None = None
    exchange_order_id: str | None = None
    state: OrderState | None = None
    raw_status: str | None = None
    side: Side | None = None
    order_type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    qty: Qty | None = None
    price: Price | None = None
    trigger_price: Price | None = None
    filled_qty: Qty | None = None
    filled_cost: Qty | None = None
    created_at: UtcDatetime | None = None
    updated_at: UtcDatetime | None = None
    reason: str | None = None
    source: Source = Source.REST
    raw: Any = Field(default=None, repr=False, exclude=True)

    @property
    def average_price(self) -> Decimal | None:
        """Quote units per base unit over everything filled so far; None while nothing is, or it is not said."""
        if not self.filled_qty or self.filled_cost is None:
            return None
        return self.filled_cost / self.filled_qty


class OrderAck(Contract):
    """A placement that is proven accepted: the order as the exchange took it, and the fills it came with."""

    update: OrderUpdate
    fills: tuple[Fill, ...] = ()
