"""All that an OrderTracker knows, written out and read back: exact to the last digit, and one figure to compare by.

`load(dump(tracker))` is a tracker that goes on as the first would: same orders, same waiting news, same numbers.
`digest` is equal for two trackers exactly when that holds. Listeners are not part of it.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import count
from operator import attrgetter
from operator import index as index_of
from typing import Any, Final, NamedTuple

import orjson

from yunmin.core.data_contracts.enums import FillKind, Liquidity, OrderState, OrderType, Origin, Side, TimeInForce
from yunmin.core.data_contracts.events import OrderFill
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.money import plain
from yunmin.core.data_contracts.order import OrderUpdate
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, OrderSearched, SubmitResult
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.news import News
from yunmin.core.order_lifecycle import TERMINAL
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import InvalidValue, RejectReason, RejectSource

__all__ = ["SLOTS", "digest", "dump", "dump_order", "dump_pieces", "load", "load_order", "tracker_of"]

FORMAT: Final = 1
"""Raised by one when what is dumped changes its meaning; `load` refuses every other."""

Number = Callable[[Decimal], str]
"""How a Decimal is written: `str` keeps its very exponent, `plain` only its value."""

NEWS: Final[dict[str, type[Any]]] = {
    kind.__name__: kind
    for kind in (OrderUpdate, Fill, FillVoided, SubmitResult, CancelRequest, CancelResult, OrderSearched)
}


class Slot(NamedTuple):
    """How one fact of an order is written as JSON-able data, and read back; None for a fact that needs neither.

    None as a value stays None: neither is asked for it.
    """

    write: Callable[[Any, Number], Any] | None
    read: Callable[[Any], Any] | None


def _word(kind: type[StrEnum]) -> Slot:
    return Slot(None, {str(word): word for word in kind}.__getitem__)  # a StrEnum is a text already


_LIQUIDITY: Final = {str(word): word for word in Liquidity}
_FILL_KINDS: Final = {str(word): word for word in FillKind}


def _read_fill(fields: list[Any]) -> OrderFill:
    trade_id, qty, price, fee, fee_asset, ts, liquidity, kind = fields
    return OrderFill(
        trade_id,
        Decimal(qty),
        Decimal(price),
        None if fee is None else Decimal(fee),
        fee_asset,
        None if ts is None else datetime.fromisoformat(ts),
        None if liquidity is None else _LIQUIDITY[liquidity],
        _FILL_KINDS[kind],
    )


def _write_fill(fill: OrderFill, number: Number) -> list[Any]:
    return [
        fill.trade_id,
        number(fill.qty),
        number(fill.price),
        None if fill.fee is None else number(fill.fee),
        fill.fee_asset,
        None if fill.ts is None else fill.ts.isoformat(),
        fill.liquidity,
        fill.kind,
    ]


def _read_fills(fills: dict[str, list[Any] | None]) -> dict[str, OrderFill | None]:
    return {trade_id: None if fill is None else _read_fill(fill) for trade_id, fill in fills.items()}


def _write_fills(fills: dict[str, OrderFill | None], number: Number) -> dict[str, Any]:
    return {trade_id: None if fill is None else _write_fill(fill, number) for trade_id, fill in fills.items()}


def _read_refusal(fields: list[Any]) -> tuple[OrderState, RejectReason, RejectSource | None]:
    state, reason, source = fields
    return OrderState(state), RejectReason(reason), None if source is None else RejectSource(source)


_AS_IT_IS = Slot(None, None)
_TEXT = _FLAG = _COUNT = _AS_IT_IS
_DECIMAL = Slot(lambda value, number: number(value), Decimal)
_MOMENT = Slot(lambda moment, _: moment.isoformat(), datetime.fromisoformat)
_FILLS = Slot(_write_fills, _read_fills)
_PAIR = Slot(None, tuple)

SLOTS: Final[dict[str, Slot]] = {
    "_client_order_id": _TEXT,
    "_exchange_order_id": _TEXT,
    "_symbol": _TEXT,
    "_side": _word(Side),
    "_order_type": _word(OrderType),
    "_time_in_force": _word(TimeInForce),
    "_origin": _word(Origin),
    "_state": _word(OrderState),
    "_asked_qty": _DECIMAL,
    "_asked_price": _DECIMAL,
    "_qty": _DECIMAL,
    "_price": _DECIMAL,
    "_qty_at": _MOMENT,
    "_price_at": _MOMENT,
    "_qty_step": _DECIMAL,
    "_created_at": _MOMENT,
    "_updated_at": _MOMENT,
    "_acknowledged": _FLAG,
    "_uncertain": _FLAG,
    "_said_full": _FLAG,
    "_told_open": _FLAG,
    "_told_end": _FLAG,
    "_told_overfill": _DECIMAL,
    "_cancel": _PAIR,
    "_search": _PAIR,
    "_refused": Slot(None, _read_refusal),
    "_end": Slot(None, lambda end: (end[0], OrderState(end[1]))),
    "_figures": Slot(
        lambda figures, number: [None if figure is None else number(figure) for figure in figures],
        lambda figures: tuple(None if figure is None else Decimal(figure) for figure in figures),
    ),
    "_reported_qty": _DECIMAL,
    "_reported_cost": _DECIMAL,
    "_real_qty": _DECIMAL,
    "_real_cost": _DECIMAL,
    "_fills": _FILLS,
    "_inferred": _FILLS,
    "_inferred_effective": _DECIMAL,
    "_voided": _FILLS,
    "_local_fills": _COUNT,
    "_fees": Slot(
        lambda fees, number: [[asset, number(amount)] for asset, amount in fees],
        lambda fees: tuple((asset, Decimal(amount)) for asset, amount in fees),
    ),
    "_fees_unknown": _COUNT,
}
"""Every slot of InFlightOrder, in the order in which they are dumped."""

_NAMES: Final = tuple(SLOTS)
_all_facts: Final = attrgetter(*_NAMES)
_WRITERS: Final = tuple((at, slot.write) for at, slot in enumerate(SLOTS.values()) if slot.write is not None)
_READERS: Final = tuple((at, slot.read) for at, slot in enumerate(SLOTS.values()) if slot.read is not None)


def dump(tracker: OrderTracker) -> dict[str, Any]:
    """The whole state, as what JSON can hold. Call it between two pieces of news, never inside a listener."""
    return _dumped(tracker, str)


def load(state: dict[str, Any]) -> OrderTracker:
    """The tracker that `dump` wrote. Raises InvalidValue for another format, or for what is no dump."""
    if state.get("format") != FORMAT:
        raise InvalidValue(f"a tracker's state of format {state.get('format')!r}; this version reads {FORMAT}")
    try:
        return _loaded(state)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise InvalidValue(f"not a tracker's state: {type(error).__name__}") from error


def digest(tracker: OrderTracker) -> str:
    """SHA-256 in hex over all that the tracker knows. Figures count by value: 1.0 is 1."""
    return hashlib.sha256(orjson.dumps(_dumped(tracker, plain), option=orjson.OPT_SORT_KEYS)).hexdigest()


def dump_order(order: InFlightOrder, number: Number = str) -> list[Any]:
    """One order, as what JSON can hold."""
    facts = list(_all_facts(order))
    for at, write in _WRITERS:
        if facts[at] is not None:
            facts[at] = write(facts[at], number)
    return facts


def load_order(facts: list[Any]) -> InFlightOrder:
    """The order that `dump_order` wrote. Raises ValueError when it has not as many facts as an order."""
    order = InFlightOrder.__new__(InFlightOrder)
    facts = list(facts)
    for at, read in _READERS:
        if facts[at] is not None:
            facts[at] = read(facts[at])
    for name, value in zip(_NAMES, facts, strict=True):
        setattr(order, name, value)
    return order


def tracker_of(facts: list[Any] | None) -> OrderTracker:
    """A tracker that follows the one order that `dump_order` wrote, or none."""
    tracker = OrderTracker()
    if facts is None:
        return tracker
    tracker._index.put_back(load_order(facts))
    return tracker


def dump_pieces(tracker: OrderTracker) -> Iterator[bytes]:
    """What `dump` gives, as JSON, order by order: so that it is never in memory as a whole, beside the orders."""
    yield orjson.dumps(_dumped_but_orders(tracker))[:-1] + b',"orders":['
    separator = b""
    for order in tracker._index.orders.values():
        yield separator + orjson.dumps(dump_order(order))
        separator = b","
    yield b"]}"


def _dumped(tracker: OrderTracker, number: Number) -> dict[str, Any]:
    orders = [dump_order(order, number) for order in tracker._index.orders.values()]
    return {**_dumped_but_orders(tracker), "orders": orders}


def _dumped_but_orders(tracker: OrderTracker) -> dict[str, Any]:
    index, orphans = tracker._index, tracker._orphans
    return {
        "format": FORMAT,
        "history_limit": index.history_limit,
        "orphan_limit": orphans.limit,
        "created": index.created,
        "ended": index.ended,
        "filled": index.filled,
        "next_number": _next_of(tracker),
        "next_orphan": orphans.next_number,
        "open": [[symbol, list(orders)] for symbol, orders in index.open.items()],
        "done": [order._client_order_id for order in index.done],
        "orphans": [
            [number, type(news).__name__, news.model_dump_json(exclude_none=True)]
            for number, news in orphans.numbered.items()
        ],
    }


def _next_of(tracker: OrderTracker) -> int:
    # a counter tells where it is only by going on: so it is read, and set back
    number = tracker._next_number()
    tracker._next_number = count(number).__next__
    return number


def _loaded(state: dict[str, Any]) -> OrderTracker:
    tracker = OrderTracker(history_limit=state["history_limit"], orphan_limit=state["orphan_limit"])
    index, orphans = tracker._index, tracker._orphans
    for fields in state["orders"]:
        index.put_back(load_order(fields))
    index.open = {symbol: {name: index.orders[name] for name in names} for symbol, names in state["open"]}
    index.done = deque(index.orders[name] for name in state["done"])
    index.created, index.ended, index.filled = state["created"], state["ended"], state["filled"]
    for number, kind, text in state["orphans"]:
        orphans.file(number, _read_news(kind, text))
    orphans.next_number = index_of(state["next_orphan"])
    tracker._next_number = count(index_of(state["next_number"])).__next__
    _check_lists(tracker)
    return tracker


def _read_news(kind: str, text: str) -> News:
    news: News = NEWS[kind].model_validate_json(text)
    return news


def _check_lists(tracker: OrderTracker) -> None:
    """Every order is in the list of its state, once."""
    listed = {name: order for orders in tracker._index.open.values() for name, order in orders.items()}
    done = {order._client_order_id: order for order in tracker._index.done}
    if len(listed) + len(done) != len(tracker._index.orders) or len(done) != len(tracker._index.done):
        raise ValueError("an order in no list, or in two")
    if any(order._state in TERMINAL for order in listed.values()):
        raise ValueError("a done order among the open ones")
    if any(order._state not in TERMINAL for order in done.values()):
        raise ValueError("an open order among the done ones")
    if any(number >= tracker._orphans.next_number for number in tracker._orphans.numbered):
        raise ValueError("a piece of news under a number that is still to be given")
