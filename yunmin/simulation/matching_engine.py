"""Orders of accounts in, executions out: one engine for all markets of a venue, over one ledger.

Commands are carried out one after the other and completely; a refusal is a value and changes nothing. Funds are set
aside when an order is accepted, move when it trades, and return when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import OrderState, TimeInForce
from yunmin.errors import ConfigurationError
from yunmin.simulation.auditing import audit_venue
from yunmin.simulation.conversion import Conversion
from yunmin.simulation.fee_desk import FeeDesk
from yunmin.simulation.ledger import Account, Audit, Ledger
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_index import OrderIndex
from yunmin.simulation.order_lists import OrderList, may_pair
from yunmin.simulation.orders import (
    AccountFill,
    Amendment,
    EngineEvent,
    EventKind,
    ExpiryReason,
    Listener,
    Market,
    NewOrder,
    Order,
    Refusal,
    SelfTradePrevention,
    Trade,
)
from yunmin.simulation.plans import Plan, cost_to_buy, plan_order, plan_pair, refuse_amendment
from yunmin.simulation.self_trades import can_fill, prevented_parts
from yunmin.simulation.units import SCALE, to_micros

__all__ = ["MatchingEngine"]

_EXPIRY = {
    TimeInForce.IOC: ExpiryReason.UNFILLED_IOC,
    TimeInForce.FOK: ExpiryReason.UNFILLED_FOK,
}

# looked up once: a member of an enum costs a call each time
_FILLED = OrderState.FILLED
_GTC = TimeInForce.GTC
_PARTIALLY_FILLED = OrderState.PARTIALLY_FILLED
_UNPREVENTED = SelfTradePrevention.NONE


class MatchingEngine:
    """Price-time priority over any number of markets. Its times come from `clock`, everything else from its input."""

    def __init__(self, markets: Iterable[Market], ledger: Ledger, clock: Clock) -> None:
        self._floors = {market.symbol: MarketFloor(market) for market in markets}
        self._ledger = ledger
        self._clock = clock
        self._orders: dict[str, OrderIndex] = {}
        self._listeners: list[Listener] = []
        conversion = Conversion({name: (f.market, f.tape) for name, f in self._floors.items()})
        self._charge = FeeDesk(ledger.fee_account, conversion).charge
        self._last_time = 0
        self._last_list_id = 0

    @property
    def markets(self) -> tuple[Market, ...]:
        return tuple(floor.market for floor in self._floors.values())

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    def now(self) -> int:
        """Microseconds since the epoch; never earlier than anything that happened before."""
        self._last_time = max(self._last_time, to_micros(self._clock.now()))
        return self._last_time

    def floor(self, symbol: str) -> MarketFloor:
        """The market of that name; ConfigurationError where there is none."""
        found = self._floors.get(symbol)
        if found is None:
            raise ConfigurationError(f"no such market: {symbol!r}")
        return found

    def orders_of(self, account: str) -> OrderIndex:
        """The orders and fills of one account (empty where it never traded)."""
        index = self._orders.get(account)
        if index is None:
            owner = self._ledger.account(account)
            index = OrderIndex(keeps_history=owner is not None and owner.keeps_history)
            if owner is not None:
                self._orders[account] = index
        return index

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every event from now on, at the moment it happens."""
        self._listeners.append(listener)

    def place(self, new: NewOrder) -> Order | Refusal:
        """Carry out a new order: the order as it stands afterwards, or the reason why there is none."""
        floor = self._floors.get(new.market)
        if floor is None:
            return Refusal.UNKNOWN_MARKET
        account = self._ledger.account(new.account)
        if account is None:
            return Refusal.UNKNOWN_ACCOUNT
        index = self._orders.get(new.account) or self.orders_of(new.account)
        if new.client_order_id in index.open_client_ids:
            return Refusal.DUPLICATE_CLIENT_ID
        plan = plan_order(new, floor.market, floor.book, floor.tape.last_price)
        if isinstance(plan, Refusal):
            return plan
        if not account.lock(floor.market.quote if plan.is_buy else floor.market.base, plan.lock):
            return Refusal.INSUFFICIENT_FUNDS
        return self._accept(new, plan, floor, index, account)

    def place_pair(self, one: NewOrder, other: NewOrder, client_list_id: str) -> OrderList | Refusal:
        """Carry out two orders of which the first to trade or to be triggered ends the other; all or nothing.

        What is set aside is enough for the dearer of the two.
        """
        floor, account = self._floors.get(one.market), self._ledger.account(one.account)
        if floor is None:
            return Refusal.UNKNOWN_MARKET
        if account is None:
            return Refusal.UNKNOWN_ACCOUNT
        if not may_pair(one, other):
            return Refusal.UNSUPPORTED_TYPE
        index = self.orders_of(one.account)
        ids = {one.client_order_id, other.client_order_id}
        if len(ids) < 2 or ids & index.open_client_ids:
            return Refusal.DUPLICATE_CLIENT_ID
        if client_list_id in {pair.client_list_id for pair in index.open_lists()}:
            return Refusal.DUPLICATE_CLIENT_ID
        plans = plan_pair(one, other, floor.market, floor.book, floor.tape.last_price)
        if isinstance(plans, Refusal):
            return plans
        asset = floor.market.quote if plans[0].is_buy else floor.market.base
        if not account.lock(asset, sum(plan.lock for plan in plans)):
            return Refusal.INSUFFICIENT_FUNDS
        now = self.now()
        pair = OrderList(self._last_list_id, client_list_id, account=account.name, market=one.market, created=now)
        self._last_list_id += 1
        index.lists[pair.id] = pair
        for new, plan in zip((one, other), plans, strict=True):
            order = self._enroll(new, plan, floor, index, account, now)
            order.group = pair
            pair.orders.append(order)
            if order.stop_price:
                self._wait(floor, order)
            else:
                floor.book.add(order)
        return pair

    def cancel(self, account: str, market: str, order_id: int) -> Order | Refusal:
        """End an open order of `account`, and with it its list, and give back what was set aside."""
        index = self._orders.get(account)
        order = index.open.get((market, order_id)) if index is not None else None
        if order is None:
            return Refusal.UNKNOWN_ORDER
        floor = self._floors[market]
        now = self.now()
        for ending in (order, *(order.group.open_besides(order) if order.group is not None else ())):
            self._take_out(floor, ending)
            self._finish(floor, ending, OrderState.CANCELLED, now)
        return order

    def amend(self, account: str, market: str, order_id: int, *, qty: int, client_order_id: str) -> Amendment | Refusal:
        """Make an open order smaller. It keeps its id and its place; what it no longer needs is given back."""
        index = self._orders.get(account)
        order = index.open.get((market, order_id)) if index is not None else None
        if order is None or index is None:
            return Refusal.UNKNOWN_ORDER
        floor = self._floors[market]
        refusal = refuse_amendment(order, qty, floor.market)
        if refusal is not None:
            return refusal
        if client_order_id != order.client_order_id and client_order_id in index.open_client_ids:
            return Refusal.DUPLICATE_CLIENT_ID
        now = self.now()
        done = Amendment(
            len(floor.amendments), market, order_id, order.client_order_id, client_order_id, order.qty, qty, now
        )
        floor.amendments.append(done)
        index.rename(order, client_order_id)
        by = order.qty - qty
        for smaller in (order, *(order.group.open_besides(order) if order.group is not None else ())):
            self._shrink(floor, smaller, by, now)
        return done

    def _shrink(self, floor: MarketFloor, order: Order, by: int, now: int) -> None:
        floor.book.shrink(order, by)
        order.qty -= by
        order.remaining -= by
        order.updated = order.owner.updated = now
        self._release_spare(floor, order)
        if self._listeners:
            self._tell(EventKind.AMENDED, now, order, None)

    def audit(self) -> Audit:
        """Whether value was conserved, books are not crossed, and locks are those of the open orders."""
        return audit_venue(self._ledger, self._floors, self._orders)

    def _accept(self, new: NewOrder, plan: Plan, floor: MarketFloor, index: OrderIndex, account: Account) -> Order:
        now = self.now()
        order = self._enroll(new, plan, floor, index, account, now)
        if order.stop_price:
            self._wait(floor, order)
            return order
        if plan.may_trade:
            self._match(floor, order, now)
        self._settle_remainder(floor, order, now)
        if floor.stops:
            self._trigger(floor, now)
        return order

    def _enroll(
        self, new: NewOrder, plan: Plan, floor: MarketFloor, index: OrderIndex, account: Account, now: int
    ) -> Order:
        floor.last_order_id += 1
        order = Order(floor.last_order_id, new, account, qty=plan.qty, locked=plan.lock, now=now)
        index.add(order)
        if self._listeners:
            self._tell(EventKind.ACCEPTED, now, order, None)
        return order

    def _wait(self, floor: MarketFloor, order: Order) -> None:
        if not floor.stops:
            floor.stops.seen = floor.tape.next_id
        floor.stops.add(order)

    def _decide(self, floor: MarketFloor, order: Order, now: int) -> None:
        """`order` is the one of its list that goes ahead: the others end, and what they hold passes to it."""
        for other in order.group.open_besides(order) if order.group is not None else ():
            order.locked += other.locked
            other.locked = 0
            self._take_out(floor, other)
            self._expire(floor, other, ExpiryReason.LIST_DECIDED, now)
        self._release_spare(floor, order)

    def _trigger(self, floor: MarketFloor, now: int) -> None:
        """Let what the latest trades have reached go to work, and then what those orders' own trades have reached."""
        while floor.stops and floor.stops.seen < floor.tape.next_id:
            latest = floor.tape.trades[floor.stops.seen - floor.tape.next_id :]
            floor.stops.seen = floor.tape.next_id
            for order in floor.stops.due(trade.price for trade in latest):
                if order.is_open:  # a list that was decided meanwhile has ended it
                    self._go_to_work(floor, order, now)

    def _go_to_work(self, floor: MarketFloor, order: Order, now: int) -> None:
        if order.group is not None:
            self._decide(floor, order, now)
        order.working_since = order.updated = now
        if self._listeners:
            self._tell(EventKind.TRIGGERED, now, order, None)
        if order.is_buy and not order.price and not self._lock_for_market(floor, order):
            self._expire(floor, order, ExpiryReason.NO_FUNDS, now)
            return
        is_fok = order.time_in_force is TimeInForce.FOK and order.price
        if not is_fok or can_fill(
            floor.book,
            order.self_trade,
            order.account,
            is_buy=order.is_buy,
            limit=order.price,
            qty=order.remaining,
        ):
            self._match(floor, order, now)
        self._settle_remainder(floor, order, now)

    def _lock_for_market(self, floor: MarketFloor, order: Order) -> bool:
        """Set aside what the book asks for, instead of what the stop price had promised."""
        quote = floor.market.quote
        order.owner.unlock(quote, order.locked)
        order.locked = 0
        needed = cost_to_buy(order.remaining, floor.book, order.self_trade, order.account)
        if not order.owner.lock(quote, needed):
            return False
        order.locked = needed
        return True

    def _take_out(self, floor: MarketFloor, order: Order) -> None:
        if order.working_since:
            floor.book.remove(order)
        else:
            floor.stops.remove(order)

    def _match(self, floor: MarketFloor, order: Order, now: int) -> None:
        book, is_buy, limit = floor.book, order.is_buy, order.price
        avoided = None if order.self_trade is _UNPREVENTED else order.owner
        while order.remaining:
            maker = book.first_opposite(is_buy, limit)
            if maker is None:
                return
            if maker.group is not None:
                self._decide(floor, maker, now)
            if maker.owner is avoided:
                self._prevent(floor, order, maker, now)
            else:
                self._trade(floor, order, maker, now)

    def _prevent(self, floor: MarketFloor, taker: Order, maker: Order, now: int) -> None:
        from_taker, from_maker = prevented_parts(taker.self_trade, taker.remaining, maker.remaining)
        number = floor.record_prevented(taker, maker, from_taker, from_maker, now)
        if from_maker:
            floor.book.take(maker, from_maker)
            self._withhold(floor, maker, from_maker, number, now)
            if not maker.remaining:
                self._expire(floor, maker, ExpiryReason.SELF_TRADE, now)
        if from_taker:
            taker.remaining -= from_taker
            self._withhold(floor, taker, from_taker, number, now)
            if not taker.remaining:
                taker.expiry_reason = ExpiryReason.SELF_TRADE

    def _withhold(self, floor: MarketFloor, order: Order, qty: int, number: int, now: int) -> None:
        order.prevented += qty
        order.prevented_match = number
        order.updated = now
        self._release_spare(floor, order)
        if self._listeners:
            self._tell(EventKind.PREVENTED, now, order, None)

    def _release_spare(self, floor: MarketFloor, order: Order) -> None:
        """Give back what a smaller order no longer needs; a market buy keeps all of it to its end."""
        needed = order.locked
        if not order.is_buy:
            needed = order.remaining
        elif order.price or not order.working_since:
            needed = (order.price or order.stop_price) * order.remaining // SCALE
        if needed < order.locked:
            order.owner.unlock(floor.market.quote if order.is_buy else floor.market.base, order.locked - needed)
            order.locked = needed

    def _settle_remainder(self, floor: MarketFloor, order: Order, now: int) -> None:
        if order.remaining == 0:
            ends_filled = order.expiry_reason is None
            self._finish(floor, order, OrderState.FILLED if ends_filled else OrderState.EXPIRED, now)
        elif not order.price:
            self._expire(floor, order, ExpiryReason.NO_LIQUIDITY, now)
        elif order.time_in_force is _GTC:
            floor.book.add(order)
        else:
            self._expire(floor, order, _EXPIRY[order.time_in_force], now)

    def _expire(self, floor: MarketFloor, order: Order, reason: ExpiryReason, now: int) -> None:
        order.expiry_reason = reason
        self._finish(floor, order, OrderState.EXPIRED, now)

    def _trade(self, floor: MarketFloor, taker: Order, maker: Order, now: int) -> None:
        price = maker.price
        qty = min(taker.remaining, maker.remaining)
        cost = price * qty // SCALE
        buy, sell = (taker, maker) if taker.is_buy else (maker, taker)
        trade = Trade(floor.tape.next_id, price, qty, cost, now, taker is sell, taker.id, buy.id, sell.id)
        floor.tape.append(trade)
        floor.book.take(maker, qty)
        taker.remaining -= qty
        self._move(floor.market, buy, sell, qty, cost)
        self._book_fill(floor, trade, maker, taker is sell)
        if maker.remaining == 0:
            self._finish(floor, maker, OrderState.FILLED, now)
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
        fill = AccountFill(
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
        )
        order.quote_spent += trade.cost
        order.updated = account.updated = trade.time
        order.state = _PARTIALLY_FILLED if order.remaining else _FILLED
        order.fills.append(fill)
        self._orders[order.account].add_fill(fill)
        if self._listeners:
            self._tell(EventKind.TRADED, trade.time, order, fill)

    def _finish(self, floor: MarketFloor, order: Order, state: OrderState, now: int) -> None:
        account = order.owner
        if order.locked:
            account.unlock(floor.market.quote if order.is_buy else floor.market.base, order.locked)
            order.locked = 0
        order.state = state
        order.updated = account.updated = now
        self._orders[order.account].close(order)
        kind = _ENDINGS.get(state)
        if kind is not None and self._listeners:
            self._tell(kind, now, order, None)

    def _tell(self, kind: EventKind, now: int, order: Order, fill: AccountFill | None) -> None:
        event = EngineEvent(kind, now, order, fill)
        for listener in self._listeners:
            listener(event)


_ENDINGS = {OrderState.CANCELLED: EventKind.CANCELLED, OrderState.EXPIRED: EventKind.EXPIRED}
