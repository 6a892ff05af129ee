"""Where orders trade, rest and end, and where that is told. What is asked of an engine has been checked before.

Funds were set aside when an order was accepted; they move when it trades and return when it ends.
"""

from __future__ import annotations

from collections import deque

from yunmin.core.data_contracts.enums import OrderState, TimeInForce
from yunmin.simulation.fee_desk import FeeDesk
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_lists import OrderList
from yunmin.simulation.orders import (
    AccountFill,
    EngineEvent,
    EventKind,
    ExpiryReason,
    Listener,
    Market,
    Order,
    SelfTradePrevention,
    Trade,
)
from yunmin.simulation.self_trades import effective_mode, prevented_parts
from yunmin.simulation.units import SCALE

__all__ = ["Pit"]

_EXPIRY = {
    TimeInForce.IOC: ExpiryReason.UNFILLED_IOC,
    TimeInForce.FOK: ExpiryReason.UNFILLED_FOK,
}
_ENDINGS = {OrderState.CANCELLED: EventKind.CANCELLED, OrderState.EXPIRED: EventKind.EXPIRED}

# looked up once: a member of an enum costs a call each time
_EXPIRED = OrderState.EXPIRED
_FILLED = OrderState.FILLED
_GTC = TimeInForce.GTC
_PARTIALLY_FILLED = OrderState.PARTIALLY_FILLED
_TRADED = EventKind.TRADED
_UNPREVENTED = SelfTradePrevention.NONE

# a named tuple that is made by its name costs four times what the tuple in it does
_make = tuple.__new__


class Pit:
    """Executes. `filled_lists` are those whose working order has been filled: what waited for it is to be released."""

    def __init__(self, fee_desk: FeeDesk) -> None:
        self._charge = fee_desk.charge
        self.listeners: list[Listener] = []
        self.filled_lists: deque[OrderList] = deque()

    def tell(self, kind: EventKind, now: int, order: Order, fill: AccountFill | None = None) -> None:
        """Tell every listener what has happened."""
        event = _make(EngineEvent, (kind, now, order, fill))
        for listener in self.listeners:
            listener(event)

    def match(self, floor: MarketFloor, order: Order, now: int) -> None:
        """Let `order` trade with what rests in the book, best price first."""
        book, is_buy, limit = floor.book, order.is_buy, order.price
        is_prevented = order.asked.self_trade is not _UNPREVENTED
        bounds = None if floor.price_bounds is None else floor.price_bounds(is_buy, now)
        if bounds is not None and not _may_begin(floor, order, bounds):
            order.expiry_reason = ExpiryReason.PRICE_OUT_OF_BOUNDS
            return
        while order.remaining:
            maker = book.first_opposite(is_buy, limit)
            if maker is None:
                return
            if bounds is not None and not bounds[0] <= maker.price <= bounds[1]:
                order.expiry_reason = ExpiryReason.PRICE_OUT_OF_BOUNDS
                return
            if maker.group is not None:
                self.decide(floor, maker, now)
            if is_prevented and maker.owner.is_one_with(order.owner):
                self._prevent(floor, order, maker, now)
            else:
                self._trade(floor, order, maker, now)

    def meet(self, floor: MarketFloor, taker: Order, maker: Order, now: int) -> None:
        """Let `taker` trade with this one resting order, whatever else rests."""
        if maker.group is not None:
            self.decide(floor, maker, now)
        self._trade(floor, taker, maker, now)

    def settle_remainder(self, floor: MarketFloor, order: Order, now: int) -> None:
        """What has not traded rests, or ends."""
        if order.remaining:
            time_in_force = order.asked.time_in_force
            if order.expiry_reason is not None:
                self.expire(floor, order, order.expiry_reason, now)
            elif not order.price:
                self.expire(floor, order, ExpiryReason.NO_LIQUIDITY, now)
            elif time_in_force is _GTC:
                floor.book.add(order)
            else:
                self.expire(floor, order, _EXPIRY[time_in_force], now)
        elif order.expiry_reason is None:
            self.finish(floor, order, _FILLED, now)
        else:
            self.expire(floor, order, order.expiry_reason, now)

    def decide(self, floor: MarketFloor, order: Order, now: int) -> None:
        """`order` is the one of its list that goes ahead: its rivals end, and what they hold passes to it."""
        for other in order.group.rivals_of(order) if order.group is not None else ():
            order.locked += other.locked
            other.locked = 0
            self.take_out(floor, other)
            self.expire(floor, other, ExpiryReason.LIST_DECIDED, now)
            self.release_spare(floor, order)

    def take_out(self, floor: MarketFloor, order: Order) -> None:
        """Let `order` no longer rest or wait for a price."""
        if order.level is not None:
            floor.book.remove(order)
        else:
            floor.stops.remove(order)

    def release_spare(self, floor: MarketFloor, order: Order) -> None:
        """Give back what a smaller order no longer needs; a market buy keeps all of it to its end."""
        needed = order.locked
        if not order.is_buy:
            needed = order.remaining
        elif order.price:
            needed = order.price * order.remaining // SCALE
        elif not order.working_since:
            needed = order.reserved_at * order.remaining // SCALE
        if needed < order.locked:
            order.owner.unlock(floor.market.quote if order.is_buy else floor.market.base, order.locked - needed)
            order.locked = needed

    def expire(self, floor: MarketFloor, order: Order, reason: ExpiryReason, now: int) -> None:
        """End `order`, and with it those that wait for it."""
        order.expiry_reason = reason
        self.finish(floor, order, _EXPIRED, now)

    def finish(self, floor: MarketFloor, order: Order, state: OrderState, now: int) -> None:
        """End `order` and give back what is still set aside for it."""
        account = order.owner
        if order.locked:
            account.unlock(floor.market.quote if order.is_buy else floor.market.base, order.locked)
            order.locked = 0
        order.state = state
        order.updated = account.updated = now
        order.index.close(order)
        # what ended in place of a trade has been told as that
        if state is not _FILLED and order.expiry_reason is not ExpiryReason.SELF_TRADE and self.listeners:
            self.tell(_ENDINGS[state], now, order)
        if order.group is not None:
            self._follow_list(floor, order, order.group, now)

    def _follow_list(self, floor: MarketFloor, ended: Order, group: OrderList, now: int) -> None:
        """A working order that was filled releases what waits for it, one that expired ends it."""
        if ended is group.working:
            if ended.state is _FILLED:
                self.filled_lists.append(group)
            elif ended.state is _EXPIRED:
                for other in group.pending:
                    self.expire(floor, other, ExpiryReason.WORKING_ORDER_ENDED, now)
                return
        if self.listeners and not group.is_open:
            self.tell(EventKind.LIST_DONE, now, ended)

    def _prevent(self, floor: MarketFloor, taker: Order, maker: Order, now: int) -> None:
        mode = effective_mode(taker, maker)
        from_taker, from_maker = parts = prevented_parts(mode, taker, maker)
        number = floor.record_prevented(taker, maker, mode, parts, now)
        if from_maker:
            if from_maker == maker.remaining:
                floor.book.remove(maker)
                maker.remaining = 0
            else:
                floor.book.take(maker, from_maker)
        taker.remaining -= from_taker
        if mode is SelfTradePrevention.TRANSFER and maker.owner is not taker.owner:
            buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
            self._move(floor.market, buy, sell, from_taker, maker.price * from_taker // SCALE)
        if from_maker:
            self._withhold(floor, maker, from_maker, number, now)
            if not maker.remaining:
                self.expire(floor, maker, ExpiryReason.SELF_TRADE, now)
        if from_taker:
            self._withhold(floor, taker, from_taker, number, now)

    def _withhold(self, floor: MarketFloor, order: Order, qty: int, number: int, now: int) -> None:
        order.prevented += qty
        order.prevented_match = number
        order.updated = order.owner.updated = now
        if not order.remaining:
            order.expiry_reason = ExpiryReason.SELF_TRADE
        self.release_spare(floor, order)
        if self.listeners:
            self.tell(EventKind.PREVENTED, now, order)

    def _trade(self, floor: MarketFloor, taker: Order, maker: Order, now: int) -> None:
        price = maker.price
        qty = min(taker.remaining, maker.remaining - maker.hidden)
        cost = price * qty // SCALE
        buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
        trade = _make(Trade, (floor.tape.next_id, price, qty, cost, now, taker is sell, taker.id, buy.id, sell.id))
        floor.tape.append(trade)
        floor.book.take(maker, qty)
        taker.remaining -= qty
        self._move(floor.market, buy, sell, qty, cost)
        self._book_fill(floor, trade, maker, taker is sell)
        if maker.remaining == 0:
            self.finish(floor, maker, _FILLED, now)
        self._book_fill(floor, trade, taker, taker is buy)

    def _move(self, market: Market, buy: Order, sell: Order, qty: int, cost: int) -> None:
        buyer, seller = buy.owner, sell.owner
        buy.locked -= cost
        buyer.locked[market.quote] -= cost
        if buy.price:
            spare = buy.locked - buy.price * buy.remaining // SCALE
            if spare:
                buy.locked -= spare
                buyer.unlock(market.quote, spare)
        sell.locked -= qty
        seller.locked[market.base] -= qty
        buyer.free[market.base] += qty
        seller.free[market.quote] += cost

    def _book_fill(self, floor: MarketFloor, trade: Trade, order: Order, is_buyer: bool) -> None:  # noqa: FBT001
        account = order.owner
        is_maker = trade.buyer_is_maker is is_buyer
        received, asset = (trade.qty, floor.market.base) if is_buyer else (trade.cost, floor.market.quote)
        fee, fee_asset = self._charge(account, received, asset, is_maker)
        fill = _make(
            AccountFill,
            (
                floor.market.symbol,
                trade.id,
                order.id,
                order.client_order_id,
                trade.price,
                trade.qty,
                trade.cost,
                fee,
                fee_asset,
                trade.time,
                is_buyer,
                is_maker,
            ),
        )
        order.quote_spent += trade.cost
        order.updated = account.updated = trade.time
        order.state = _PARTIALLY_FILLED if order.remaining else _FILLED
        order.add_fill(fill)
        order.index.add_fill(fill)
        if order.group is not None:
            _pay_in(order, order.group, fill, asset)
        if self.listeners:
            self.tell(_TRADED, trade.time, order, fill)


def _may_begin(floor: MarketFloor, order: Order, bounds: tuple[int, int]) -> bool:
    """An order that trades in full or not at all has to find all of it within the bounds."""
    if order.asked.time_in_force is not TimeInForce.FOK:
        return True
    low, high = bounds
    limit = min(order.price or high, high) if order.is_buy else max(order.price, low)
    return floor.book.can_fill(order.is_buy, limit, order.remaining)


def _pay_in(order: Order, group: OrderList, fill: AccountFill, asset: str) -> None:
    """Set what a working order has bought aside for those that will sell it.

    Its fee is taken from what else is free; where that is too little, or fees in this very asset are reduced, from
    what was bought.
    """
    if not group.pays or order is not group.working:
        return
    holder, account = group.pending[0], order.owner
    discount = account.fees.discount
    pays_here = discount is not None and discount.asset == asset == fill.fee_asset
    amount = fill.qty - fill.fee if pays_here else min(fill.qty, account.free[asset])
    account.lock(asset, amount)
    holder.locked += amount
