"""What a new order will need before it is accepted: its quantity, the funds to set aside, whether it may trade."""

from __future__ import annotations

from typing import NamedTuple

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.order_book import OrderBook
from yunmin.simulation.orders import Market, NewOrder, Order, Refusal, SelfTradePrevention
from yunmin.simulation.self_trades import can_fill, reachable
from yunmin.simulation.stops import STOP_LIMIT_TYPES, STOP_TYPES, would_trigger
from yunmin.simulation.units import SCALE, cost_of

__all__ = ["Plan", "cost_to_buy", "plan_order", "plan_pair", "refuse_amendment"]

# looked up once: a member of an enum costs a call each time
_BUY = Side.BUY
_FOK = TimeInForce.FOK
_LIMIT = OrderType.LIMIT
_LIMIT_MAKER = OrderType.LIMIT_MAKER
_MARKET = OrderType.MARKET


class Plan(NamedTuple):
    """`lock` is in quote units for a buy and base units for a sell."""

    is_buy: bool
    qty: int
    lock: int
    may_trade: bool


def plan_order(new: NewOrder, market: Market, book: OrderBook, last_price: int) -> Plan | Refusal:
    """The plan for `new` against the book as it is now, or why it cannot be accepted."""
    order_type = new.order_type
    if new.stop_price:
        return _plan_stop(new, market, last_price)
    if order_type is _LIMIT or order_type is _LIMIT_MAKER:
        return _plan_limit(new, market, book)
    if order_type is not _MARKET:
        return Refusal.OFF_GRID
    return _plan_by_quote(new, market, book) if new.quote_qty else _plan_by_qty(new, market, book)


def plan_pair(
    one: NewOrder, other: NewOrder, market: Market, book: OrderBook, last_price: int
) -> tuple[Plan, Plan] | Refusal:
    """Plans for two orders of which only one can trade: the dearer one holds the funds of both."""
    plan = plan_order(one, market, book, last_price)
    if isinstance(plan, Refusal):
        return plan
    other_plan = plan_order(other, market, book, last_price)
    if isinstance(other_plan, Refusal):
        return other_plan
    if plan.lock >= other_plan.lock:
        return plan, other_plan._replace(lock=0)
    return plan._replace(lock=0), other_plan


def refuse_amendment(order: Order, qty: int, market: Market) -> Refusal | None:
    """Why the quantity of an open order cannot become `qty`; None where it can."""
    if qty == order.qty:
        return Refusal.NO_CHANGE
    if qty > order.qty:
        return Refusal.WOULD_GROW
    return Refusal.OFF_GRID if qty % market.step or order.qty - qty >= order.remaining else None


def _plan_limit(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    qty, price = new.qty, new.price
    if qty <= 0 or price <= 0 or qty % market.step or price % market.tick:
        return Refusal.OFF_GRID
    is_buy = new.side is _BUY
    may_trade = True
    if new.order_type is _LIMIT_MAKER:
        if book.first_opposite(is_buy, price) is not None:
            return Refusal.WOULD_TAKE
    elif new.time_in_force is _FOK:
        may_trade = can_fill(book, new.self_trade, new.account, is_buy=is_buy, limit=price, qty=qty)
    return Plan(is_buy, qty, price * qty // SCALE if is_buy else qty, may_trade)


def _plan_by_qty(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    """A sell sets all of it aside; a buy what the levels in its way cost at most."""
    qty = new.qty
    if qty <= 0 or qty % market.step:
        return Refusal.OFF_GRID
    if new.side is Side.SELL:
        return Plan(is_buy=False, qty=qty, lock=qty, may_trade=True)
    return Plan(is_buy=True, qty=qty, lock=cost_to_buy(qty, book, new.self_trade, new.account), may_trade=True)


def cost_to_buy(qty: int, book: OrderBook, mode: SelfTradePrevention, account: str) -> int:
    """What `qty` costs `account` at most at the levels in its way, as far as they reach."""
    passed_over = account if mode is SelfTradePrevention.EXPIRE_MAKER else None
    cost = 0
    for level in book.opposite_levels(is_buy=True):
        taken = min(qty, reachable(level, passed_over))
        cost += cost_of(level.price, taken)
        qty -= taken
        if not qty:
            break
    return cost


def _plan_stop(new: NewOrder, market: Market, last_price: int) -> Plan | Refusal:
    """While it waits, a buy sets its cost at its own price aside, or at the stop price where it has none."""
    qty, price, stop_price = new.qty, new.price, new.stop_price
    has_price = new.order_type in STOP_LIMIT_TYPES
    if new.order_type not in STOP_TYPES:
        return Refusal.UNSUPPORTED_TYPE
    if qty <= 0 or qty % market.step or stop_price <= 0 or stop_price % market.tick:
        return Refusal.OFF_GRID
    if price % market.tick or (price > 0) is not has_price:
        return Refusal.OFF_GRID
    is_buy = new.side is Side.BUY
    if would_trigger(new.order_type, stop_price, last_price, is_buy=is_buy):
        return Refusal.WOULD_TRIGGER
    return Plan(is_buy, qty, cost_of(price or stop_price, qty) if is_buy else qty, may_trade=False)


def _plan_by_quote(new: NewOrder, market: Market, book: OrderBook) -> Plan | Refusal:
    """As many whole steps as the quote amount reaches for, never more of it.

    Where the book ends first, the rest is counted at the last price seen, and will expire for want of liquidity.
    """
    is_buy = new.side is Side.BUY
    left, qty, price, ends = new.quote_qty, 0, 0, True
    passed_over = new.account if new.self_trade is SelfTradePrevention.EXPIRE_MAKER else None
    for level in book.opposite_levels(is_buy):
        there = reachable(level, passed_over)
        if not there:
            continue
        price = level.price
        taken = min(_whole_steps(left, price, market.step), there)
        qty += taken
        left -= cost_of(price, taken)
        if taken < there:
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
