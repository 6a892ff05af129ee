"""What a new order will need before it is accepted: its quantity, the funds to set aside, whether it may trade."""

from __future__ import annotations

from typing import NamedTuple

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.order_book import OrderBook
from yunmin.simulation.orders import Market, NewOrder, Refusal
from yunmin.simulation.units import SCALE, cost_of

__all__ = ["Plan", "plan_order"]


class Plan(NamedTuple):
    """`lock` is in quote units for a buy and base units for a sell."""

    is_buy: bool
    qty: int
    lock: int
    may_trade: bool


def plan_order(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    """The plan for `new` against the book as it is now, or why it cannot be accepted."""
    if new.order_type is OrderType.LIMIT or new.order_type is OrderType.LIMIT_MAKER:
        return _plan_limit(new, market, book)
    if new.order_type is OrderType.MARKET:
        return _plan_by_quote(new, market, book) if new.quote_qty else _plan_by_qty(new, market, book)
    return Refusal.UNSUPPORTED_TYPE


def _plan_limit(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    qty, price = new.qty, new.price
    if qty <= 0 or price <= 0 or qty % market.step or price % market.tick:
        return Refusal.OFF_GRID
    is_buy = new.side is Side.BUY
    may_trade = True
    if new.order_type is OrderType.LIMIT_MAKER:
        if book.first_opposite(is_buy, price) is not None:
            return Refusal.WOULD_TAKE
    elif new.time_in_force is TimeInForce.FOK:
        may_trade = book.can_fill(is_buy, price, qty)
    return Plan(is_buy, qty, price * qty // SCALE if is_buy else qty, may_trade)


def _plan_by_qty(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    """A sell sets all of it aside; a buy what the levels in its way cost at most."""
    qty = new.qty
    if qty <= 0 or qty % market.step:
        return Refusal.OFF_GRID
    if new.side is Side.SELL:
        return Plan(is_buy=False, qty=qty, lock=qty, may_trade=True)
    left, cost = qty, 0
    for level in book.opposite_levels(is_buy=True):
        taken = min(left, level.qty)
        cost += cost_of(level.price, taken)
        left -= taken
        if not left:
            break
    return Plan(is_buy=True, qty=qty, lock=cost, may_trade=True)


def _plan_by_quote(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    """As many whole steps as the quote amount reaches for, never more of it.

    Where the book ends first, the rest is counted at the last price seen, and will expire for want of liquidity.
    """
    is_buy = new.side is Side.BUY
    left, qty, price, ends = new.quote_qty, 0, 0, True
    for level in book.opposite_levels(is_buy):
        price = level.price
        taken = min(_whole_steps(left, price, market.step), level.qty)
        qty += taken
        left -= cost_of(price, taken)
        if taken < level.qty:
            ends = False
            break
    if not price:
        return Refusal.EMPTY_BOOK
    if ends:
        qty += _whole_steps(left, price, market.step)
    if not qty:
        return Refusal.BELOW_ONE_STEP
    return Plan(is_buy, qty, new.quote_qty if is_buy else qty, may_trade=True)


def _whole_steps(quote: int, price: int, step: int) -> int:
    return quote * SCALE // price // step * step
