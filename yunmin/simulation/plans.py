"""What a new order will need before it is accepted: its quantity, the funds to set aside, whether it may trade."""

from __future__ import annotations

from typing import NamedTuple

from yunmin.core.data_contracts.enums import OrderType, Side, TimeInForce
from yunmin.simulation.ledger import Account
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_book import OrderBook
from yunmin.simulation.order_lists import NewList
from yunmin.simulation.orders import Market, NewOrder, Order, PegSide, Refusal, SelfTradePrevention
from yunmin.simulation.self_trades import can_fill, reachable
from yunmin.simulation.stops import STOP_LIMIT_TYPES, STOP_TYPES, would_trigger
from yunmin.simulation.trails import BIPS
from yunmin.simulation.units import SCALE, cost_of

__all__ = ["Plan", "cost_to_buy", "pegged_price", "plan_list", "plan_order", "refuse_amendment"]

# looked up once: a member of an enum costs a call each time
_BUY = Side.BUY
_FOK = TimeInForce.FOK
_GTC = TimeInForce.GTC
_LIMIT = OrderType.LIMIT
_LIMIT_MAKER = OrderType.LIMIT_MAKER
_MARKET = OrderType.MARKET

_ICEBERG_TYPES = STOP_LIMIT_TYPES | {_LIMIT, _LIMIT_MAKER}


class Plan(NamedTuple):
    """`lock` is in quote units for a buy and base units for a sell.

    `price` is the one to work at, `reserve` the one by which a buy that waits sets funds aside, where it has no other.
    """

    is_buy: bool
    qty: int
    lock: int
    price: int
    reserve: int = 0
    is_waiting: bool = False
    may_trade: bool = True


def plan_order(new: NewOrder, owner: Account, floor: MarketFloor) -> Plan | Refusal:
    """The plan for `new` against the book as it is now, or why it cannot be accepted."""
    order_type = new.order_type
    if new.iceberg_qty:
        refusal = _refuse_iceberg(new, floor.market)
        if refusal is not None:
            return refusal
    if new.stop_price or new.trailing_delta:
        return _plan_stop(new, floor)
    if order_type is _LIMIT or order_type is _LIMIT_MAKER:
        return _plan_limit(new, owner, floor)
    if order_type is not _MARKET:
        return Refusal.OFF_GRID
    if new.peg is not None:
        return Refusal.UNSUPPORTED_TYPE
    return _plan_by_quote(new, owner, floor) if new.quote_qty else _plan_by_qty(new, owner, floor)


def plan_list(new: NewList, owner: Account, floor: MarketFloor) -> list[Plan] | Refusal:
    """Plans for all orders of a list, the working one first: the dearer of two rivals holds the funds of both."""
    plans: list[Plan] = []
    if new.working is not None:
        working = plan_order(new.working, owner, floor)
        if isinstance(working, Refusal):
            return working
        plans.append(working)
    rivals: list[Plan] = []
    for one in new.rivals:
        plan = plan_order(one, owner, floor) if new.working is None else _plan_pending(one, floor, pays=new.pays)
        if isinstance(plan, Refusal):
            return plan
        rivals.append(plan)
    dearest = max(rivals, key=lambda plan: plan.lock)
    return plans + [plan if plan is dearest else plan._replace(lock=0) for plan in rivals]


def refuse_amendment(order: Order, qty: int, market: Market) -> Refusal | None:
    """Why the quantity of an open order cannot become `qty`; None where it can."""
    if order.is_pending and order.group is not None and order.group.pays:
        return Refusal.NOT_SIZED_YET
    if qty == order.qty:
        return Refusal.NO_CHANGE
    if qty > order.qty:
        return Refusal.WOULD_GROW
    return Refusal.OFF_GRID if qty % market.step or order.qty - qty >= order.remaining else None


def pegged_price(new: NewOrder, book: OrderBook) -> int:
    """The price that the book gives to an order with a peg, no worse than its own; 0 where the book has none."""
    if new.peg is None:
        return new.price
    is_buy = new.side is _BUY
    is_bid = is_buy if new.peg.side is PegSide.OWN else not is_buy
    found = book.level_price(is_bid, new.peg.level or 0)
    if not found or not new.price:
        return found
    return min(found, new.price) if is_buy else max(found, new.price)


def cost_to_buy(qty: int, book: OrderBook, mode: SelfTradePrevention, account: Account) -> int:
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


def _refuse_iceberg(new: NewOrder, market: Market) -> Refusal | None:
    if new.order_type not in _ICEBERG_TYPES or new.time_in_force is not _GTC:
        return Refusal.UNSUPPORTED_TYPE
    if new.qty and new.iceberg_qty > new.qty:
        return Refusal.ICEBERG_TOO_LARGE
    return Refusal.OFF_GRID if new.iceberg_qty % market.step else None


def _plan_limit(new: NewOrder, owner: Account, floor: MarketFloor) -> Plan | Refusal:
    qty, price, book = new.qty, new.price, floor.book
    if new.peg is not None:
        price = pegged_price(new, book)
        if not price:
            return Refusal.NO_LEVEL_TO_PEG_TO
    market = floor.market
    if qty <= 0 or price <= 0 or qty % market.step or price % market.tick:
        return Refusal.OFF_GRID
    is_buy = new.side is _BUY
    may_trade = True
    if new.order_type is _LIMIT_MAKER:
        if book.first_opposite(is_buy, price) is not None:
            return Refusal.WOULD_TAKE
    elif new.time_in_force is _FOK:
        may_trade = can_fill(book, new.self_trade, owner, is_buy=is_buy, limit=price, qty=qty)
    lock = price * qty // SCALE if is_buy else qty
    # made as the tuple that it is: by its name it costs more than all the rest here
    return tuple.__new__(Plan, (is_buy, qty, lock, price, 0, False, may_trade))


def _plan_by_qty(new: NewOrder, owner: Account, floor: MarketFloor) -> Plan | Refusal:
    """A sell sets all of it aside; a buy what the levels in its way cost at most."""
    qty = new.qty
    if qty <= 0 or qty % floor.market.step:
        return Refusal.OFF_GRID
    if new.side is Side.SELL:
        return Plan(is_buy=False, qty=qty, lock=qty, price=0)
    return Plan(is_buy=True, qty=qty, lock=cost_to_buy(qty, floor.book, new.self_trade, owner), price=0)


def _plan_stop(new: NewOrder, floor: MarketFloor) -> Plan | Refusal:
    """The plan of an order that waits for a price that is not reached yet."""
    if new.order_type not in STOP_TYPES:
        return Refusal.UNSUPPORTED_TYPE
    if would_trigger(new.order_type, new.stop_price, floor.tape.last_price, is_buy=new.side is Side.BUY):
        return Refusal.WOULD_TRIGGER
    return _plan_waiting_stop(new, floor)


def _plan_waiting_stop(new: NewOrder, floor: MarketFloor) -> Plan | Refusal:
    """While it waits, a buy sets its cost at its own price aside, or at the price at which it is triggered."""
    qty, price, stop_price, market = new.qty, new.price, new.stop_price, floor.market
    has_price = new.order_type in STOP_LIMIT_TYPES
    if qty <= 0 or qty % market.step or stop_price % market.tick or not (stop_price or new.trailing_delta):
        return Refusal.OFF_GRID
    if price % market.tick or ((price > 0) is not has_price and new.peg is None):
        return Refusal.OFF_GRID
    is_buy = new.side is Side.BUY
    reserve = price or stop_price or floor.tape.last_price * (BIPS + new.trailing_delta) // BIPS
    lock = cost_of(reserve, qty) if is_buy else qty
    works_at = price if new.peg is None else 0
    return Plan(is_buy, qty, lock, works_at, reserve, is_waiting=True, may_trade=False)


def _plan_pending(new: NewOrder, floor: MarketFloor, *, pays: bool) -> Plan | Refusal:
    """An order that waits for another one is not compared with the market yet; one that is paid for sets nothing aside.

    A market buy reserves its cost at the last price that was traded.
    """
    if new.iceberg_qty:
        refusal = _refuse_iceberg(new, floor.market)
        if refusal is not None:
            return refusal
    sized = new._replace(qty=floor.market.step) if pays else new
    plan = _plan_waiting_stop(sized, floor) if new.order_type in STOP_TYPES else _plan_pending_limit(sized, floor)
    if isinstance(plan, Refusal):
        return plan
    return plan._replace(qty=0, lock=0) if pays else plan


def _plan_pending_limit(new: NewOrder, floor: MarketFloor) -> Plan | Refusal:
    qty, price = new.qty, new.price
    if qty <= 0 or qty % floor.market.step or price % floor.market.tick:
        return Refusal.OFF_GRID
    if (price > 0) is (new.order_type is _MARKET) and new.peg is None:
        return Refusal.OFF_GRID
    is_buy = new.side is _BUY
    reserve = price or floor.tape.last_price
    lock = cost_of(reserve, qty) if is_buy else qty
    works_at = price if new.peg is None else 0
    return Plan(is_buy, qty, lock, works_at, reserve, is_waiting=True, may_trade=False)


def _plan_by_quote(new: NewOrder, owner: Account, floor: MarketFloor) -> Plan | Refusal:
    """As many whole steps as the quote amount reaches for, never more of it.

    Where the book ends first, the rest is counted at the last price seen, and will expire for want of liquidity.
    """
    is_buy, step = new.side is Side.BUY, floor.market.step
    left, qty, price, ends = new.quote_qty, 0, 0, True
    passed_over = owner if new.self_trade is SelfTradePrevention.EXPIRE_MAKER else None
    for level in floor.book.opposite_levels(is_buy):
        there = reachable(level, passed_over)
        if not there:
            continue
        price = level.price
        taken = min(_whole_steps(left, price, step), there)
        qty += taken
        left -= cost_of(price, taken)
        if taken < there:
            ends = False
            break
    if not price:
        return Refusal.EMPTY_BOOK
    if ends:
        qty += _whole_steps(left, price, step)
    if not qty:
        return Refusal.BELOW_ONE_STEP
    return Plan(is_buy, qty, new.quote_qty if is_buy else qty, price=0)


def _whole_steps(quote: int, price: int, step: int) -> int:
    return quote * SCALE // price // step * step
