"""A market and its rules: what may be sent, which rule a request breaks, and how to round without harm."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Any

from pydantic import Field

from yunmin.core.data_contracts.base import Contract
from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.core.data_contracts.money import (
    EXACT,
    ZERO,
    Price,
    Qty,
    ceil_to_step,
    floor_to_step,
    is_multiple,
)
from yunmin.core.data_contracts.order import OrderRequest

__all__ = ["Instrument", "InstrumentStatus", "Rule", "Violation"]


class InstrumentStatus(StrEnum):
    """TRADING takes orders, CANCEL_ONLY only cancels, HALTED neither."""

    TRADING = "TRADING"
    CANCEL_ONLY = "CANCEL_ONLY"
    HALTED = "HALTED"


class Rule(StrEnum):
    """The rules that a market may set for one order."""

    STATUS = "STATUS"
    ORDER_TYPE = "ORDER_TYPE"
    MIN_PRICE = "MIN_PRICE"
    MAX_PRICE = "MAX_PRICE"
    TICK = "TICK"
    MIN_QTY = "MIN_QTY"
    MAX_QTY = "MAX_QTY"
    STEP = "STEP"
    MIN_NOTIONAL = "MIN_NOTIONAL"
    MAX_NOTIONAL = "MAX_NOTIONAL"


_BREAKS = {
    Rule.STATUS: "is not",
    Rule.ORDER_TYPE: "is not among",
    Rule.MIN_PRICE: "is below",
    Rule.MAX_PRICE: "is above",
    Rule.TICK: "is not a multiple of",
    Rule.MIN_QTY: "is below",
    Rule.MAX_QTY: "is above",
    Rule.STEP: "is not a multiple of",
    Rule.MIN_NOTIONAL: "is below",
    Rule.MAX_NOTIONAL: "is above",
}


class Violation(Contract):
    """One broken rule: what was asked, and the limit it broke."""

    rule: Rule
    asked: str
    limit: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.asked} {_BREAKS[self.rule]} {self.limit}"


class Instrument(Contract):
    """One spot market. Zero (or None) switches a rule off.

    Prices are in `quote_asset` per one `base_asset`, quantities in `base_asset`, notionals in `quote_asset`.
    """

    symbol: str
    exchange_symbol: str
    base_asset: str
    quote_asset: str
    status: InstrumentStatus = InstrumentStatus.TRADING
    order_types: frozenset[OrderType] = frozenset()
    tick_size: Price = ZERO
    min_price: Price = ZERO
    max_price: Price | None = None
    qty_step: Qty = ZERO
    min_qty: Qty = ZERO
    max_qty: Qty | None = None
    market_qty_step: Qty = ZERO
    market_min_qty: Qty = ZERO
    market_max_qty: Qty | None = None
    min_notional: Qty = ZERO
    max_notional: Qty | None = None
    min_notional_applies_to_market: bool = True
    max_notional_applies_to_market: bool = False
    raw: Any = Field(default=None, repr=False, exclude=True)

    def violations(self, request: OrderRequest, *, reference_price: Decimal | None = None) -> tuple[Violation, ...]:
        """Every rule of this market that `request` breaks, in a fixed order; empty when it breaks none.

        A market order has no price of its own: its notional is checked against `reference_price` if given.
        """
        return (
            *self._status_violations(request),
            *self._price_violations(request),
            *self._qty_violations(request),
            *self._notional_violations(request, reference_price),
        )

    def rounded(self, request: OrderRequest) -> OrderRequest:
        """`request` moved onto the grid without harm to its owner: buy price down, sell price up, quantity down.

        Opt-in: nothing in Yunmin rounds unasked. A quantity below one step becomes zero and raises ValueError.
        """
        changes: dict[str, Decimal] = {}
        for name in ("price", "trigger_price"):
            asked = getattr(request, name)
            if asked is not None:
                to_grid = floor_to_step if request.side is Side.BUY else ceil_to_step
                changes[name] = to_grid(asked, self.tick_size)
        if request.qty is not None:
            changes["qty"] = floor_to_step(request.qty, self._qty_rules(request.order_type)[2])
        return OrderRequest.model_validate({**dict(request), **changes})

    def _status_violations(self, request: OrderRequest) -> list[Violation]:
        broken = []
        if self.status is not InstrumentStatus.TRADING:
            broken.append(_violation(Rule.STATUS, self.status, InstrumentStatus.TRADING))
        if self.order_types and request.order_type not in self.order_types:
            broken.append(_violation(Rule.ORDER_TYPE, request.order_type, ", ".join(sorted(self.order_types))))
        return broken

    def _price_violations(self, request: OrderRequest) -> list[Violation]:
        broken = []
        for asked in (request.price, request.trigger_price):
            if asked is None:
                continue
            if asked < self.min_price:
                broken.append(_violation(Rule.MIN_PRICE, asked, self.min_price))
            if self.max_price and asked > self.max_price:
                broken.append(_violation(Rule.MAX_PRICE, asked, self.max_price))
            if not is_multiple(asked, self.tick_size):
                broken.append(_violation(Rule.TICK, asked, self.tick_size))
        return broken

    def _qty_violations(self, request: OrderRequest) -> list[Violation]:
        if request.qty is None:
            return []
        smallest, largest, step = self._qty_rules(request.order_type)
        broken = []
        if request.qty < smallest:
            broken.append(_violation(Rule.MIN_QTY, request.qty, smallest))
        if largest and request.qty > largest:
            broken.append(_violation(Rule.MAX_QTY, request.qty, largest))
        if not is_multiple(request.qty, step):
            broken.append(_violation(Rule.STEP, request.qty, step))
        return broken

    def _qty_rules(self, order_type: OrderType) -> tuple[Decimal, Decimal | None, Decimal]:
        """The tightest (minimum, maximum, step) for this type of order: a market order obeys both sets."""
        if order_type is not OrderType.MARKET:
            return self.min_qty, self.max_qty, self.qty_step
        limits = [limit for limit in (self.max_qty, self.market_max_qty) if limit]
        return (
            max(self.min_qty, self.market_min_qty),
            min(limits) if limits else None,
            max(self.qty_step, self.market_qty_step),
        )

    def _notional_violations(self, request: OrderRequest, reference_price: Decimal | None) -> list[Violation]:
        notional = _notional(request, reference_price)
        if notional is None:
            return []
        is_market = request.order_type is OrderType.MARKET
        broken = []
        if notional < self.min_notional and (self.min_notional_applies_to_market or not is_market):
            broken.append(_violation(Rule.MIN_NOTIONAL, notional, self.min_notional))
        if self.max_notional and notional > self.max_notional:
            if self.max_notional_applies_to_market or not is_market:
                broken.append(_violation(Rule.MAX_NOTIONAL, notional, self.max_notional))
        return broken


def _notional(request: OrderRequest, reference_price: Decimal | None) -> Decimal | None:
    if request.quote_qty is not None:
        return request.quote_qty
    price = request.price or request.trigger_price or reference_price
    if price is None or request.qty is None:
        return None
    return EXACT.multiply(request.qty, price)


def _violation(rule: Rule, asked: object, limit: object) -> Violation:
    return Violation(rule=rule, asked=str(asked), limit=str(limit))
