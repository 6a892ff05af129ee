"""Orders of accounts in, executions out: one engine for all markets of a venue, over one ledger.

Commands are carried out one after the other and completely; a refusal is a value and changes nothing. Funds are set
aside when an order is accepted, move when it trades, and return when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError
from yunmin.simulation.auditing import audit_venue
from yunmin.simulation.conversion import Conversion
from yunmin.simulation.fee_desk import FeeDesk
from yunmin.simulation.ledger import Account, Audit, Ledger
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_index import KEPT, OrderIndex
from yunmin.simulation.order_lists import NewList, OrderList
from yunmin.simulation.orders import Amendment, EventKind, Listener, Market, NewOrder, Order, Refusal, Trade
from yunmin.simulation.pit import Pit
from yunmin.simulation.plans import Plan, plan_list, plan_order, refuse_amendment
from yunmin.simulation.stops import begin_trail
from yunmin.simulation.units import SCALE, to_micros
from yunmin.simulation.waiting_room import Vetting, WaitingRoom

__all__ = ["MatchingEngine"]

# looked up once: a member of an enum costs a call each time
_CANCELLED = OrderState.CANCELLED


class MatchingEngine:
    """Price-time priority over any number of markets. Its times come from `clock`, everything else from its input.

    It remembers at least the last `keep` finished orders, fills and the like of each account and market, and twice as
    many trades of each market.
    """

    def __init__(self, markets: Iterable[Market], ledger: Ledger, clock: Clock, *, keep: int = KEPT) -> None:
        self._floors = {market.symbol: MarketFloor(market, keep=keep) for market in markets}
        self._keep = keep
        self._ledger = ledger
        self._clock = clock
        self._orders: dict[str, OrderIndex] = {}
        conversion = Conversion({name: (f.market, f.tape) for name, f in self._floors.items()})
        self._pit = Pit(FeeDesk(ledger.fee_account, conversion))
        self._waiting_room = WaitingRoom(self._pit)
        self._listeners = self._pit.listeners
        self._last_time = 0
        self._told_time: int | None = None
        self._not_after: int | None = None
        self._last_list_id = 0

    @property
    def markets(self) -> tuple[Market, ...]:
        return tuple(floor.market for floor in self._floors.values())

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    def now(self) -> int:
        """Microseconds since the epoch; never earlier than anything that happened before."""
        moment = to_micros(self._clock.now()) if self._told_time is None else self._told_time
        if self._not_after is not None and moment > self._not_after:
            moment = self._not_after
        if moment > self._last_time:
            self._last_time = moment
        return self._last_time

    def hold_at(self, moment: int | None) -> None:
        """Let it not be later than `moment` (microseconds) until the next call: something is to happen then first."""
        self._not_after = moment

    @contextmanager
    def at(self, moment: int) -> Iterator[None]:
        """Within the block it is `moment` (microseconds), or as late as what has happened already: for what is due."""
        self._told_time = moment
        try:
            yield
        finally:
            self._told_time = None

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
            index = OrderIndex(self._ledger.account(account), keep=self._keep)
            if index.owner is not None:
                self._orders[account] = index
        return index

    def listen(self, listener: Listener) -> None:
        """Tell `listener` of every event from now on, at the moment it happens."""
        self._listeners.append(listener)

    def vet_released(self, vet: Vetting) -> None:
        """Ask `vet` whenever an order that waited for another one is about to go to work."""
        self._waiting_room.vet = vet

    def place(self, new: NewOrder) -> Order | Refusal:
        """Carry out a new order: the order as it stands afterwards, or the reason why there is none."""
        floor = self._floors.get(new.market)
        if floor is None:
            return Refusal.UNKNOWN_MARKET
        index = self._orders.get(new.account) or self.orders_of(new.account)
        account = index.owner
        if account is None:
            return Refusal.UNKNOWN_ACCOUNT
        if new.client_order_id in index.open_client_ids:
            return Refusal.DUPLICATE_CLIENT_ID
        plan = plan_order(new, account, floor)
        if isinstance(plan, Refusal):
            return plan
        if not account.lock(floor.market.quote if plan.is_buy else floor.market.base, plan.lock):
            return Refusal.INSUFFICIENT_FUNDS
        now = self.now()
        order = self._enroll(new, plan, floor, index, account, now)
        self._begin(floor, order, plan, now)
        return order

    def place_list(self, new: NewList) -> OrderList | Refusal:
        """Carry out orders that belong together, all or nothing.

        Of two rivals the first to trade or to be triggered ends the other; what is set aside is enough for the dearer
        of the two. Orders behind a working one wait until it is filled, and have their own funds set aside meanwhile,
        unless it pays for them.
        """
        orders = new.orders
        first = orders[0]
        floor, account = self._floors.get(first.market), self._ledger.account(first.account)
        if floor is None:
            return Refusal.UNKNOWN_MARKET
        if account is None:
            return Refusal.UNKNOWN_ACCOUNT
        if not new.hangs_together:
            return Refusal.UNSUPPORTED_TYPE
        index = self.orders_of(first.account)
        ids = {order.client_order_id for order in orders}
        if len(ids) < len(orders) or ids & index.open_client_ids:
            return Refusal.DUPLICATE_CLIENT_ID
        if new.client_list_id in {one.client_list_id for one in index.open_lists()}:
            return Refusal.DUPLICATE_CLIENT_ID
        plans = plan_list(new, account, floor)
        if isinstance(plans, Refusal):
            return plans
        if not _lock_all(account, floor.market, plans):
            return Refusal.INSUFFICIENT_FUNDS
        return self._start(new, plans, floor, index, account)

    def cancel(self, account: str, market: str, order_id: int) -> Order | Refusal:
        """End an open order of `account`, and with it its list, and give back what was set aside."""
        index = self._orders.get(account)
        order = index.open.get((market, order_id)) if index is not None else None
        if order is None:
            return Refusal.UNKNOWN_ORDER
        floor, group = self._floors[market], order.group
        now = self.now()
        together = [order] if group is None else [order, *group.open_besides(order)]
        for ending in together:
            self._pit.take_out(floor, ending)
            self._pit.finish(floor, ending, _CANCELLED, now)
        return order

    def amend(self, account: str, market: str, order_id: int, *, qty: int, client_order_id: str) -> Amendment | Refusal:
        """Make an open order smaller, and its rival. It keeps its id and its place; what it needs no more is free."""
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
            floor.next_amendment,
            market,
            order.id,
            order.client_order_id,
            client_order_id,
            order.qty,
            qty,
            now,
        )
        floor.record_amendment(done)
        index.rename(order, client_order_id)
        by = order.qty - qty
        rivals = order.group.rivals_of(order) if order.group is not None else []
        for smaller in (order, *rivals):
            self._shrink(floor, smaller, by, now)
        if order.group is not None and done.old_client_order_id != client_order_id and self._listeners:
            self._pit.tell(EventKind.LIST_RENAMED, now, order)
        return done

    def hit(self, account: str, order: Order, qty: int, client_order_id: str) -> Order | Refusal:
        """Let `account` trade at most `qty` with one order that rests, at its price, past whatever rests before it.

        Orders that wait for a price do not look at it: what happens elsewhere, and is observed, has brought it about.
        """
        index = self.orders_of(account)
        if order.level is None or index.owner is None:
            return Refusal.UNKNOWN_ORDER
        floor, is_buy, price = self._floors[order.market], not order.is_buy, order.price
        plan = Plan(is_buy, qty, price * qty // SCALE if is_buy else qty, price)
        if not index.owner.lock(floor.market.quote if is_buy else floor.market.base, plan.lock):
            return Refusal.INSUFFICIENT_FUNDS
        side = Side.BUY if is_buy else Side.SELL
        new = NewOrder(account, order.market, side, OrderType.LIMIT, client_order_id, qty, price)
        now = self.now()
        taker = self._enroll(new._replace(time_in_force=TimeInForce.IOC), plan, floor, index, index.owner, now)
        self._pit.meet(floor, taker, order, now)
        self._pit.settle_remainder(floor, taker, now)
        floor.stops.seen = floor.tape.next_id
        return taker

    def observe(self, symbol: str, price: int, qty: int, *, buyer_is_maker: bool, moment: int | None = None) -> None:
        """A trade elsewhere, between others, in the market of that name: it is written on the tape, and moves nothing.

        What waits for its price goes to work, unless it came only after `moment`, when the trade is to have been. `qty`
        is 0 where it was not told.
        """
        floor, now = self.floor(symbol), self.now()
        cost = price * qty // SCALE
        floor.tape.append(Trade(floor.tape.next_id, price, qty, cost, now, buyer_is_maker, 0, 0, 0))
        later = [] if moment is None else [one for one in floor.stops.waiting.values() if one.created > moment]
        for order in later:
            floor.stops.remove(order)
        if floor.stops.waiting:
            self._waiting_room.follow_up(floor, now)
        for order in later:
            floor.stops.add(order, price, now)
        floor.stops.seen = floor.tape.next_id

    def go_on_from(self, moment: int) -> None:
        """Let no time be earlier than `moment`, in microseconds: where the engine stopped before."""
        self._last_time = max(self._last_time, moment)

    def audit(self) -> Audit:
        """Whether value was conserved, books are not crossed, and locks are those of the open orders."""
        return audit_venue(self._ledger, self._floors, self._orders)

    def _enroll(
        self,
        new: NewOrder,
        plan: Plan,
        floor: MarketFloor,
        index: OrderIndex,
        account: Account,
        now: int,
        group: OrderList | None = None,
    ) -> Order:
        floor.last_order_id += 1
        order = Order(floor.last_order_id, new, account, index, plan, now)
        if group is not None:
            group.add(order)
        if plan.is_waiting and not order.is_pending:
            order.trail = begin_trail(order, floor.tape.last_price, now)
        index.add(order)
        if self._listeners:
            self._pit.tell(EventKind.ACCEPTED, now, order)
        return order

    def _begin(self, floor: MarketFloor, order: Order, plan: Plan, now: int) -> None:
        if plan.is_waiting:
            self._waiting_room.wait(floor, order, now)
            return
        if plan.may_trade:
            self._pit.match(floor, order, now)
        self._pit.settle_remainder(floor, order, now)
        if floor.stops.waiting or self._pit.filled_lists:
            self._waiting_room.follow_up(floor, now)

    def _start(
        self, new: NewList, plans: list[Plan], floor: MarketFloor, index: OrderIndex, account: Account
    ) -> OrderList:
        now = self.now()
        group = OrderList(
            self._last_list_id,
            new.client_list_id,
            account=account.name,
            market=floor.market.symbol,
            created=now,
            has_working=new.working is not None,
            pays=new.pays,
        )
        self._last_list_id += 1
        index.add_list(group)
        for one, plan in zip(new.orders, plans, strict=True):
            self._enroll(one, plan, floor, index, account, now, group)
        if self._listeners:
            self._pit.tell(EventKind.LIST_STARTED, now, group.orders[0])
        # a working order that is filled at once releases the others by itself
        starting = [(order, plan) for order, plan in zip(group.orders, plans, strict=True) if not order.is_pending]
        for order, plan in starting:
            self._begin(floor, order, plan, now)
        return group

    def _shrink(self, floor: MarketFloor, order: Order, by: int, now: int) -> None:
        floor.book.shrink(order, by)
        order.qty -= by
        order.updated = order.owner.updated = now
        self._pit.release_spare(floor, order)
        if self._listeners:
            self._pit.tell(EventKind.AMENDED, now, order)


def _lock_all(account: Account, market: Market, plans: list[Plan]) -> bool:
    """Set aside what all of `plans` need, or nothing."""
    done: list[tuple[str, int]] = []
    for plan in plans:
        asset = market.quote if plan.is_buy else market.base
        if not account.lock(asset, plan.lock):
            for locked_asset, amount in done:
                account.unlock(locked_asset, amount)
            return False
        done.append((asset, plan.lock))
    return True
