"""The orders of one account: what was asked, what the exchange says of it, and who wants to know.

A pure, synchronous reducer: `apply(news) -> events`. No clock, no I/O, no exchange. The order in which news arrives,
and how often, does not change where it leads. The readable faces (`set_exchange_id`, `add_fill`, `cancel_order` …)
are ways of writing news; there is one path through.

    tracker = OrderTracker()
    order = tracker.create_order("ym_001", "BTC/USDT", "BUY", "LIMIT", qty="0.1", price="42000")
    tracker.set_exchange_id("ym_001", "123456789")
    tracker.add_fill("ym_001", qty="0.1", price="42000", fee="4.2", fee_asset="USDT")
    order.state  # OrderState.FILLED
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from itertools import count, islice
from typing import Any, Final, TypeVar

from yunmin.core import order_evolution as evolution
from yunmin.core.data_contracts.enums import (
    FillKind,
    Liquidity,
    OrderState,
    OrderType,
    Origin,
    Side,
    Source,
    TimeInForce,
)
from yunmin.core.data_contracts.events import (
    Anomaly,
    AnomalyKind,
    FillConflict,
    OrderFill,
    OrderSnapshot,
    OrderSubmitted,
    TrackerEvent,
)
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.money import (
    EXACT,
    ZERO,
    to_decimal,
    to_non_negative,
    to_positive,
)
from yunmin.core.data_contracts.order import OrderRequest, OrderUpdate
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, OrderSearched, SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.news import ANY_SYMBOL, Description, News, Verdict
from yunmin.core.order_index import ExchangeIds, OrderIndex
from yunmin.core.orphan_news import OrphanNews, name_of
from yunmin.errors import InvalidValue, LifecycleError

__all__ = ["InFlightOrder", "Listener", "News", "OrderFill", "OrderState", "OrderTracker"]

Listener = Callable[[TrackerEvent], None]
Number = object
"""A quantity or price as people write it: Decimal, str, int, or float meaning its shortest decimal."""

_Word = TypeVar("_Word", Side, OrderType, TimeInForce)


class OrderTracker:
    """Every order of one account, open and done. One writer; listeners are called after the state is written.

    `history_limit` bounds how many done orders are kept (the oldest go first), `orphan_limit` how many pieces of news
    wait for an order that is not known yet. What no longer fits is announced as an Anomaly that carries it.
    """

    def __init__(self, *, history_limit: int = 10_000, orphan_limit: int = 10_000) -> None:
        self._index = OrderIndex(history_limit)
        self._orphans = OrphanNews(orphan_limit)
        self._next_number: Callable[[], int] = count(1).__next__
        self._listeners: list[Listener] = []
        self._outbox: deque[TrackerEvent] = deque()
        self._is_publishing = False

    @property
    def history_limit(self) -> int:
        """How many done orders are kept at most. Where it is set lower, the oldest go at once."""
        return self._index.history_limit

    @history_limit.setter
    def history_limit(self, limit: int) -> None:
        self._index.history_limit = limit

    # --- faces: commands of ours -----------------------------------------------------------------------------------

    def create_order(
        self,
        client_order_id: str,
        symbol: str,
        side: str,
        order_type: str,
        qty: Number = None,
        price: Number = None,
        time_in_force: str = "GTC",
        *,
        qty_step: Number = 0,
        created_at: datetime | None = None,
    ) -> InFlightOrder:
        """Begin to follow an order, in PENDING. `qty` in base units, `price` in quote units per base unit.

        The same id with the same terms returns the live order; with other terms it raises LifecycleError. `qty` of
        None is for a market order by quote amount. `qty_step` is the market's step: less than one step left counts as
        complete. News that came before the order is applied now. Raises InvalidValue for bad numbers or words.
        """
        if type(client_order_id) is not str or not client_order_id or type(symbol) is not str or not symbol:
            raise InvalidValue("an order needs a client_order_id and a symbol, both text")
        order = InFlightOrder(
            client_order_id,
            symbol,
            _word(Side, _SIDES, side),
            _word(OrderType, _ORDER_TYPES, order_type),
            None if qty is None else to_positive(qty),
            None if price is None else to_positive(price),
            _word(TimeInForce, _TIMES_IN_FORCE, time_in_force),
            qty_step=ZERO if qty_step == 0 else to_non_negative(qty_step),
            created_at=created_at,
        )
        return self._begin(order)

    def submit(
        self, request: OrderRequest, *, qty_step: Number = 0, created_at: datetime | None = None
    ) -> InFlightOrder:
        """Follow a request that is about to be placed; it must carry its client order id.

        Raises LifecycleError when an order of that id has ended: some exchanges take the id again, and then one id
        would stand for two orders. Give each order an id of its own.
        """
        if request.client_order_id is None:
            raise InvalidValue("an order is tracked by its client_order_id, and this request has none")
        known = self._index.orders.get(request.client_order_id)
        if known is not None and known.is_completed:
            raise LifecycleError(
                f"{request.client_order_id} is the id of an order that is {known.state}. Nothing was sent; "
                "give the new order a new id"
            )
        order = InFlightOrder(
            request.client_order_id,
            request.symbol,
            request.side,
            request.order_type,
            request.qty,
            request.price,
            request.time_in_force,
            qty_step=to_non_negative(qty_step),
            created_at=created_at,
        )
        return self._begin(order)

    def request_cancel(self, client_order_id: str) -> bool:
        """Note that a cancel is under way. False for an order that is unknown or done."""
        order = self._index.orders.get(client_order_id)
        if order is None or order.is_completed:
            return False
        self.apply(CancelRequest(client_order_id=client_order_id, attempt=order.cancel_attempts + 1))
        return True

    # --- faces: news of the exchange -------------------------------------------------------------------------------

    def set_exchange_id(self, client_order_id: str, exchange_order_id: str | int) -> bool:
        """The exchange acknowledged the order under this id.

        False (and an Anomaly) when the order has another id already or the id is another order's, and for an unknown
        order; the latter takes it when it appears. An id that is a number is kept as its text. Raises InvalidValue for
        what is no id.
        """
        exchange_order_id = _id(exchange_order_id, "exchange_order_id")
        tell = evolution.Tell(self._next_number)
        order = self._index.orders.get(client_order_id)
        if order is None:
            news = OrderUpdate(
                symbol=ANY_SYMBOL,
                client_order_id=client_order_id,
                exchange_order_id=exchange_order_id,
                state=OrderState.OPEN,
                source=Source.LOCAL,
            )
            self._keep_orphan(news, tell)
        elif self._agrees_on_exchange_id(order, exchange_order_id, exchange_order_id, tell):
            self._change(order, evolution.acknowledge, exchange_order_id, tell)
        else:
            order = None
        self._publish(tell.events)
        return order is not None

    def add_fill(
        self,
        client_order_id: str,
        qty: Number,
        price: Number,
        fee: Number = None,
        fee_asset: str | None = None,
        *,
        fee_rate: Number = None,
        trade_id: str | int | None = None,
        liquidity: Liquidity | None = None,
        ts: datetime | None = None,
    ) -> bool:
        """Book an execution of `qty` base units at `price`.

        Without `trade_id` it is a new fill each time; with one it is booked once. `fee` is an amount of `fee_asset`;
        `fee_rate` (a fraction, 0.001 = 0.1 %) means that fraction of qty * price, charged in `fee_asset`, which must
        then be the quote asset. True when it is booked, now or before; False for an unknown order, whose fill is kept
        and applied when the order appears, for an execution of nothing, and for a known trade id with other figures.
        Raises InvalidValue for bad numbers, before anything is booked.
        """
        amount = None if fee is None else to_decimal(fee)
        exact_qty, exact_price = to_non_negative(qty), to_non_negative(price)
        if fee_rate is not None:
            if amount is not None:
                raise InvalidValue("fee and fee_rate say the same thing twice; give one")
            amount = EXACT.multiply(EXACT.multiply(exact_qty, exact_price), to_decimal(fee_rate))
        tell = evolution.Tell(self._next_number)
        order = self._index.orders.get(client_order_id)
        if trade_id is None:
            trade_id = self._local_trade_id(client_order_id, order)
        trade_id = _id(trade_id, "trade_id")
        if order is None:
            fill = Fill(
                symbol=ANY_SYMBOL,
                trade_id=trade_id,
                client_order_id=client_order_id,
                qty=exact_qty,
                price=exact_price,
                fee=amount,
                fee_asset=fee_asset,
                liquidity=liquidity,
                ts=ts,
                source=Source.LOCAL,
            )
            self._keep_orphan(fill, tell)
        else:
            booked = OrderFill(trade_id, exact_qty, exact_price, amount, fee_asset, ts, liquidity, FillKind.REAL)
            self._change(order, evolution.book_fill, booked, tell)
        self._publish(tell.events)
        return order is not None and not any(type(event) in _NOT_BOOKED for event in tell.events)

    def cancel_order(self, client_order_id: str) -> bool:
        """Record a cancellation that is known; the fills stay. False for an order that is unknown or done.

        To say that a cancel is only under way, use `request_cancel`.
        """
        order = self._index.orders.get(client_order_id)
        if order is None:
            # not kept for later: it would end an order that is placed under this id after all
            tell = evolution.Tell(self._next_number)
            message = f"{client_order_id} is cancelled, but not known"
            tell.anomaly(AnomalyKind.UNKNOWN_ORDER, None, message, client_order_id)
            self._publish(tell.events)
            return False
        if order.is_completed:
            return False
        self.apply(
            OrderUpdate(
                symbol=order.symbol,
                client_order_id=client_order_id,
                state=OrderState.CANCELLED,
                source=Source.LOCAL,
            )
        )
        return True

    def close_order(self, client_order_id: str) -> InFlightOrder | None:
        """The done order, for whoever settles it; None for an unknown one.

        Done orders leave the open ones by themselves. Raises LifecycleError while the order is still open: nothing
        that may rest at an exchange is put away.
        """
        order = self._index.orders.get(client_order_id)
        if order is not None and order.is_open:
            raise LifecycleError(
                f"{client_order_id} is {order.state}: it may still rest at the exchange. "
                "Cancel it there first, then record the cancellation with cancel_order"
            )
        return order

    # --- the one path ----------------------------------------------------------------------------------------------

    def apply(self, news: News) -> list[TrackerEvent]:
        """Take one piece of news; returns what changed, which the listeners were told too.

        The same news again changes nothing. News that fits no order is kept for it. News that contradicts its order
        (another symbol, another side, another order's id) is returned as an Anomaly and not applied.
        """
        tell = evolution.Tell(self._next_number)
        self._take(news, tell)
        if self._listeners:
            self._publish(tell.events)
        return tell.events

    def apply_all(self, news: Iterable[News]) -> list[TrackerEvent]:
        """Take several pieces of news, and only then tell the listeners what changed, in order."""
        tell = evolution.Tell(self._next_number)
        for piece in news:
            self._take(piece, tell)
        self._publish(tell.events)
        return tell.events

    def knows(self, news: OrderUpdate | Fill) -> bool:
        """Whether applying `news` would surely change nothing: it says only what is known of its order already."""
        order = self._known(news)
        return order is not None and evolution.adds_nothing(order, news)

    def adopt(self, update: OrderUpdate) -> InFlightOrder:
        """Follow an order that somebody else placed on this account, from the exchange's description of it.

        It needs symbol, side, type, quantity and an id. Without a client order id it is kept under
        "external:<symbol>:<exchange order id>". An order that is known by either id is only updated. Raises
        InvalidValue where the description is not enough.
        """
        side, order_type, qty = update.side, update.order_type, update.qty
        if side is None or order_type is None or not qty:
            raise InvalidValue("cannot adopt an order without its side, order_type and qty")
        if update.client_order_id is None and update.exchange_order_id is None:
            raise InvalidValue("cannot adopt an order without an id")
        order = self._known(update)
        if order is None:
            order = self._begin(
                InFlightOrder(
                    update.client_order_id or f"external:{update.symbol}:{update.exchange_order_id}",
                    update.symbol,
                    side,
                    order_type,
                    qty,
                    update.price,
                    update.time_in_force or TimeInForce.GTC,
                    origin=Origin.EXTERNAL,
                    created_at=update.created_at,
                )
            )
        self.apply(update.model_copy(update={"client_order_id": order.client_order_id}))
        return order

    def infer_residual(self, client_order_id: str) -> Fill | None:
        """The fill that would account for what the exchange reports filled and no trade shows; not applied here.

        Apply it only after the trades were asked for and a grace has passed; the real fill then takes its place.
        None where nothing is missing, for an unknown order, or where the exchange gave no cost to price it by.
        """
        order = self._index.orders.get(client_order_id)
        return None if order is None else evolution.infer_residual(order)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on, in order; returns the way to stop.

        Listeners run after the state is written. One that raises does not keep the others from being told, and does
        not undo anything: its error comes out of `apply` afterwards, in an ExceptionGroup.
        """
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    # --- questions -------------------------------------------------------------------------------------------------

    def get_order(self, client_order_id: str) -> InFlightOrder | None:
        """The live order, open or done."""
        return self._index.orders.get(client_order_id)

    def get_order_by_exchange_id(self, exchange_order_id: str | int, symbol: str | None = None) -> InFlightOrder | None:
        """The order by the exchange's id. Some exchanges number per symbol: then `symbol` decides.

        Raises LifecycleError when two symbols share the id and none was named.
        """
        exchange_order_id = _id(exchange_order_id, "exchange_order_id")
        if symbol is not None:
            return self._index.on(symbol, exchange_order_id)
        found = self._index.all_with(exchange_order_id)
        if len(found) > 1:
            raise LifecycleError(f"exchange order id {exchange_order_id} exists on several symbols; name one")
        return found[0] if found else None

    @property
    def client_to_exchange_id(self) -> Mapping[str, str]:
        """client order id -> exchange order id, read-only and live."""
        return ExchangeIds(self._index.orders)

    def is_filled(self, client_order_id: str) -> bool:
        order = self._index.orders.get(client_order_id)
        return order is not None and order.state is OrderState.FILLED

    def get_open_orders(self, symbol: str | None = None) -> list[InFlightOrder]:
        """The orders in PENDING, OPEN or PARTIALLY_FILLED, oldest first within a symbol."""
        if symbol is not None:
            return list(self._index.open.get(symbol, {}).values())
        return [order for orders in self._index.open.values() for order in orders.values()]

    def get_orders(self) -> list[InFlightOrder]:
        """Every order that is kept, open or done, oldest first."""
        return list(self._index.orders.values())

    def get_order_history(self, symbol: str | None = None, limit: int = 100) -> list[InFlightOrder]:
        """Done orders, the one that ended last first."""
        ended = reversed(self._index.done)
        return list(islice((order for order in ended if symbol is None or order.symbol == symbol), max(0, limit)))

    @property
    def orphans(self) -> tuple[News, ...]:
        """News that waits for an order that is not known yet, oldest first."""
        return tuple(self._orphans.numbered.values())

    def get_stats(self) -> dict[str, Any]:
        """Counts since the start, and the fees of all orders that are still kept.

        total_commission is a float where every fee is known and in one asset, else None; fees has the exact amounts.
        """
        fees: dict[str, Any] = {}
        complete = True
        for order in self._index.orders.values():
            complete = complete and order.fees_complete
            for asset, amount in order._fees:
                fees[asset] = EXACT.add(fees.get(asset, ZERO), amount)
        return {
            "open_orders": sum(len(orders) for orders in self._index.open.values()),
            "total_orders_created": self._index.created,
            "total_orders_closed": self._index.ended,
            "total_filled": self._index.filled,
            "total_commission": float(sum(fees.values())) if complete and len(fees) <= 1 else None,
            "fees": fees,
            "orphans": len(self._orphans),
        }

    def state_of_all(self) -> dict[str, OrderSnapshot]:
        """client order id -> snapshot, of every order kept: what two trackers must agree on."""
        return {client_order_id: order.snapshot() for client_order_id, order in self._index.orders.items()}

    # --- inside ----------------------------------------------------------------------------------------------------

    def _begin(self, order: InFlightOrder) -> InFlightOrder:
        known = self._index.orders.get(order._client_order_id)
        if known is not None:
            if _terms(known) != _terms(order):
                raise LifecycleError(f"{order.client_order_id} exists already, with other terms: {known!r}")
            return known
        self._index.begin(order)
        tell = evolution.Tell(self._next_number)
        tell(OrderSubmitted, order.snapshot())
        if self._orphans:
            self._take_waiting(order, tell)
        self._publish(tell.events)
        return order

    def _take(self, news: News, tell: evolution.Tell) -> None:
        """The one path of news: find its order, see that it fits, change the order, give it what waited for it."""
        route = _ROUTES.get(type(news))
        if route is None:
            raise TypeError(f"the tracker takes {News}, not {type(news).__name__}")
        route(self, news, tell)

    def _take_described(self, news: Description, tell: evolution.Tell) -> None:
        order = self._known(news)
        if order is None:
            self._keep_orphan(news, tell)
        elif self._fits(order, news, tell):
            self._change(order, _EVOLVE[type(news)], news, tell)

    def _take_verdict(self, news: Verdict, tell: evolution.Tell) -> None:
        order = self._index.orders.get(news.client_order_id)
        if order is None:
            self._keep_orphan(news, tell)
            return
        carried = self._carried(order, news, tell)
        self._change(order, _EVOLVE[type(news)], news, tell)
        for piece in carried:
            self._change(order, _EVOLVE[type(piece)], piece, tell)

    def _change(
        self,
        order: InFlightOrder,
        evolve: Callable[[InFlightOrder, Any, evolution.Tell], None],
        news: Any,
        tell: evolution.Tell,
    ) -> None:
        before = order._state
        evolve(order, news, tell)
        after = order._state
        if after is not before:
            self._index.refile(order, before, after)
        if self._orphans:
            self._take_waiting(order, tell)

    def _known(self, news: Description) -> InFlightOrder | None:
        """The order that the news names: by our own id, else by the exchange's."""
        client_order_id = news.client_order_id
        if client_order_id is not None:
            order = self._index.orders.get(client_order_id)
            if order is not None:
                return order
        exchange_order_id = news.exchange_order_id
        return None if exchange_order_id is None else self._index.on(news.symbol, exchange_order_id)

    def _fits(self, order: InFlightOrder, news: Description, tell: evolution.Tell) -> bool:
        """Whether the news agrees with what the order is; an exchange id that is new to the order is learned."""
        if news.symbol != order._symbol and news.symbol != ANY_SYMBOL:
            tell.anomaly(AnomalyKind.SYMBOL_MISMATCH, order, f"{news.symbol}, not {order.symbol}", news)
            return False
        if type(news) is not FillVoided and news.side is not None and news.side is not order._side:
            tell.anomaly(AnomalyKind.SIDE_MISMATCH, order, f"{news.side}, not {order.side}", news)
            return False
        if news.client_order_id not in (None, order._client_order_id) and order._origin is Origin.OWN:
            message = f"news of {news.client_order_id} under the exchange id of {order.client_order_id}"
            tell.anomaly(AnomalyKind.CROSSED_IDS, order, message, news)
            return False
        exchange_order_id = news.exchange_order_id
        if exchange_order_id is None or exchange_order_id == order._exchange_order_id:
            return True
        return self._agrees_on_exchange_id(order, exchange_order_id, news, tell)

    def _agrees_on_exchange_id(
        self, order: InFlightOrder, exchange_order_id: str, subject: object, tell: evolution.Tell
    ) -> bool:
        """An order has one exchange id, and an id one order per symbol. Learns the id where neither is taken."""
        if exchange_order_id == order._exchange_order_id:
            return True
        owner = self._index.on(order._symbol, exchange_order_id)
        if owner is not None:
            message = f"{exchange_order_id} is {owner.client_order_id}, not {order.client_order_id}"
            tell.anomaly(AnomalyKind.CROSSED_IDS, order, message, subject)
            return False
        if order._exchange_order_id is not None:
            message = f"{order._exchange_order_id} stays, {exchange_order_id} is refused"
            tell.anomaly(AnomalyKind.EXCHANGE_ID_CHANGED, order, message, subject)
            return False
        order._exchange_order_id = exchange_order_id
        self._index.learn_exchange_id(order, exchange_order_id)
        return True

    def _carried(self, order: InFlightOrder, news: Verdict, tell: evolution.Tell) -> list[Fill | OrderUpdate]:
        """What came inside a verdict and fits the order: fills first, so that an end finds them booked."""
        if isinstance(news, CancelRequest | OrderSearched):
            return []
        fills = news.fills if isinstance(news, SubmitResult) else ()
        carried: list[Fill | OrderUpdate] = [*fills] if news.update is None else [*fills, news.update]
        named = [_under_the_orders_own_name(piece, order) for piece in carried]
        return [piece for piece in named if self._fits(order, piece, tell)]

    # --- inside: news that waits for its order ---------------------------------------------------------------------

    def _keep_orphan(self, news: News, tell: evolution.Tell) -> None:
        if not self._orphans.keep(news):
            return
        tell.anomaly(AnomalyKind.UNKNOWN_ORDER, None, f"{name_of(news)} is not known; its news is kept", news)
        for dropped in self._orphans.push_out():
            tell.anomaly(AnomalyKind.ORPHAN_DROPPED, None, "news that waited for its order was pushed out", dropped)

    def _take_waiting(self, order: InFlightOrder, tell: evolution.Tell) -> None:
        for news in self._orphans.release_for(order):
            self._take(news, tell)

    def _local_trade_id(self, client_order_id: str, order: InFlightOrder | None) -> str:
        if order is None:
            return f"local:{client_order_id}:orphan-{self._orphans.take_number()}"
        order._local_fills += 1
        return f"local:{order._local_fills}"

    # --- inside: telling -------------------------------------------------------------------------------------------

    def _publish(self, events: list[TrackerEvent]) -> None:
        """Tell the listeners, each event to all of them before the next, also when one of them applies news itself."""
        if not self._listeners:
            return
        self._outbox.extend(events)
        if self._is_publishing:
            return
        failures: list[Exception] = []
        self._is_publishing = True
        try:
            while self._outbox:
                event = self._outbox.popleft()
                for listener in tuple(self._listeners):
                    try:
                        listener(event)
                    except Exception as failure:  # noqa: BLE001  the others must still be told; it is raised below
                        failures.append(failure)
        finally:
            self._is_publishing = False
        if failures:
            raise ExceptionGroup("listeners failed; the tracker's state is written and consistent", failures)


def _under_the_orders_own_name(piece: Fill | OrderUpdate, order: InFlightOrder) -> Fill | OrderUpdate:
    """Some exchanges answer a cancel under the cancel's own client id: then the exchange's id says whose it is."""
    if piece.exchange_order_id is None or piece.exchange_order_id != order._exchange_order_id:
        return piece
    return piece.model_copy(update={"client_order_id": order._client_order_id})


def _id(value: object, what: str) -> str:
    """An id as text: a text that is not empty, or the whole number that some exchanges give."""
    if type(value) is str and value:
        return value
    if type(value) is int and value >= 0:
        return str(value)
    raise InvalidValue(f"{what} is a text or a whole number, not {type(value).__name__}")


def _terms(order: InFlightOrder) -> tuple[object, ...]:
    """What was asked: two orders under one id must agree on it."""
    return (
        order.symbol,
        order.side,
        order.order_type,
        order._asked_qty,
        order._asked_price,
        order.time_in_force,
    )


_NOT_BOOKED = frozenset({Anomaly, FillConflict})
_EVOLVE = evolution.EVOLVE
_SIDES = {str(side): side for side in Side}
_ORDER_TYPES = {str(order_type): order_type for order_type in OrderType}
_TIMES_IN_FORCE = {str(time_in_force): time_in_force for time_in_force in TimeInForce}


def _word(vocabulary: type[_Word], words: dict[str, _Word], text: str) -> _Word:
    word = words.get(text) if isinstance(text, str) else None
    if word is None:
        raise InvalidValue(f"{vocabulary.__name__} is one of {', '.join(words)}; not {text!r}")
    return word


_ROUTES: Final[dict[type, Callable[[OrderTracker, Any, evolution.Tell], None]]] = {
    OrderUpdate: OrderTracker._take_described,
    Fill: OrderTracker._take_described,
    FillVoided: OrderTracker._take_described,
    SubmitResult: OrderTracker._take_verdict,
    CancelRequest: OrderTracker._take_verdict,
    CancelResult: OrderTracker._take_verdict,
    OrderSearched: OrderTracker._take_verdict,
}
"""What describes an order is matched by either id and checked; a verdict is on a command of ours, by our own id."""
