"""A tracker that is written out and read back is the same tracker, and goes on the same way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.test_order_tracker_properties import CHECKED, OWN_ID, SYMBOL, Life, told_lives
from yunmin.core.data_contracts import (
    CancelRequest,
    Fill,
    OrderSearched,
    OrderState,
    OrderUpdate,
    SubmitResult,
    Verdict,
)
from yunmin.core.data_contracts.verdicts import FillVoided
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_index import OrderIndex
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.core.orphan_news import OrphanNews
from yunmin.core.tracker_state import SLOTS, digest, dump, dump_pieces, load
from yunmin.errors import InvalidValue, RejectReason, RejectSource

Told = tuple[Life, list[News], list[News], int, int]


def through_json(tracker: OrderTracker) -> OrderTracker:
    return load(json.loads(json.dumps(dump(tracker))))


def a_busy_tracker() -> OrderTracker:
    """Orders in every state, an id that two symbols share, an order that was let go, news of nobody's order."""
    tracker = OrderTracker(history_limit=4, orphan_limit=3)
    for number in range(9):
        symbol = ("BTC/USDT", "ETH/USDT")[number % 2]
        tracker.create_order(
            f"o{number}", symbol, "BUY", "LIMIT", "1.50", "100", created_at=datetime(2026, 1, 1, tzinfo=UTC)
        )
        tracker.set_exchange_id(f"o{number}", str(number // 2))
    for number in (0, 2, 3, 5, 6):
        tracker.add_fill(f"o{number}", "1.5", Decimal("1E+2"), "0.1", "BNB", trade_id=f"t{number}")
    tracker.cancel_order("o1")
    tracker.create_order("refused", "BTC/USDT", "SELL", "MARKET", "1")
    tracker.apply(
        SubmitResult(
            client_order_id="refused",
            verdict=Verdict.REJECTED,
            reason=RejectReason.POST_ONLY,
            source=RejectSource.EXCHANGE,
        )
    )
    tracker.apply(CancelRequest(client_order_id="o4", attempt=2))
    tracker.apply(OrderSearched(client_order_id="o4", attempt=1, found=False))
    tracker.apply(OrderUpdate(symbol="BTC/USDT", exchange_order_id="nobody's", raw={"kept": "no"}))
    tracker.apply(Fill(symbol="BTC/USDT", client_order_id="nobody", trade_id="1", qty="1", price="1"))
    tracker.add_fill("nobody", "1", "2")
    tracker.apply(FillVoided(symbol="ETH/USDT", client_order_id="o7", trade_id="not heard of"))
    tracker.apply(
        OrderUpdate(
            symbol="ETH/USDT",
            client_order_id="o7",
            state=OrderState.FILLED,
            updated_at=datetime(2026, 1, 2, microsecond=7, tzinfo=UTC),
        )
    )
    return tracker


def names_by_exchange_id(tracker: OrderTracker) -> dict[str, Any]:
    index = tracker._index
    alone = {key: repr(order) for key, order in index._by_exchange_id.items()}
    shared = {key: {at: repr(order) for at, order in orders.items()} for key, orders in index._shared_ids.items()}
    return {"alone": alone, "shared": shared}


def test_every_fact_of_an_order_has_its_way_of_being_written() -> None:
    assert set(SLOTS) == set(InFlightOrder.__slots__)


def test_every_attribute_of_a_tracker_is_in_its_dump_or_follows_from_it() -> None:
    in_the_dump = {
        "_history_limit": "history_limit", "limit": "orphan_limit", "created": "created", "ended": "ended",
        "filled": "filled", "_next_number": "next_number", "next_number": "next_orphan", "orders": "orders",
        "open": "open", "done": "done", "_pieces": "orphans",
    }  # fmt: skip
    parts = {"_index", "_orphans"}
    follow = {"_by_exchange_id", "_shared_ids", "_marks", "_waiting"}
    not_state = {"_listeners", "_outbox", "_is_publishing"}
    attributes = {*vars(OrderTracker()), *OrderIndex.__slots__, *vars(OrphanNews(1))}
    assert attributes == in_the_dump.keys() | parts | follow | not_state
    assert set(dump(OrderTracker())) == {*in_the_dump.values(), "format"}


def test_a_tracker_comes_back_with_every_fact_and_every_index() -> None:
    tracker = a_busy_tracker()
    again = through_json(tracker)
    assert again.state_of_all() == tracker.state_of_all()
    for name, order in tracker._index.orders.items():
        for slot in InFlightOrder.__slots__:
            assert getattr(again._index.orders[name], slot) == getattr(order, slot), (name, slot)
    assert names_by_exchange_id(again) == names_by_exchange_id(tracker)
    assert tracker._index._shared_ids
    without_raw = [news.model_copy(update={"raw": None} if hasattr(news, "raw") else {}) for news in tracker.orphans]
    assert list(again.orphans) == without_raw
    assert vars(again._orphans) == {**vars(tracker._orphans), "_pieces": again._orphans._pieces}
    assert [order.client_order_id for order in again.get_open_orders()] == [
        order.client_order_id for order in tracker.get_open_orders()
    ]
    assert repr(again.get_order_history()) == repr(tracker.get_order_history())
    assert again.get_stats() == tracker.get_stats()
    assert digest(again) == digest(tracker)


def test_in_pieces_it_is_the_same_dump() -> None:
    for tracker in (OrderTracker(), a_busy_tracker()):
        assert json.loads(b"".join(dump_pieces(tracker))) == json.loads(json.dumps(dump(tracker)))


def test_to_dump_changes_nothing() -> None:
    tracker = a_busy_tracker()
    before = dump(tracker)
    assert dump(tracker) == before
    (event,) = tracker.apply(CancelRequest(client_order_id="o4", attempt=3))
    assert event.seq == before["next_number"]


def test_a_decimal_keeps_its_very_exponent_and_the_digest_only_its_value() -> None:
    one, other = OrderTracker(), OrderTracker()
    one.create_order("a", SYMBOL, "BUY", "LIMIT", Decimal("1.50"), Decimal("1E+2"))
    other.create_order("a", SYMBOL, "BUY", "LIMIT", Decimal("1.5"), Decimal(100))
    (order,) = through_json(one).get_open_orders()
    assert (str(order.qty), str(order.price)) == ("1.50", "1E+2")
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    "change",
    [
        lambda tracker: tracker.create_order("another", SYMBOL, "BUY", "LIMIT", "1", "1"),
        lambda tracker: tracker.apply(CancelRequest(client_order_id="o4", attempt=9)),
        lambda tracker: tracker.apply(Fill(symbol=SYMBOL, client_order_id="o8", trade_id="x", qty="0.1", price="100")),
        lambda tracker: tracker.apply(OrderSearched(client_order_id="o4", attempt=2, found=True)),
        lambda tracker: tracker.apply(Fill(symbol=SYMBOL, client_order_id="new", trade_id="x", qty="1", price="1")),
    ],
)
def test_the_digest_tells_one_state_from_another(change: Callable[[OrderTracker], object]) -> None:
    tracker = a_busy_tracker()
    before = digest(tracker)
    change(tracker)
    assert digest(tracker) != before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.update(format=2),
        lambda state: state.pop("orders"),
        lambda state: state["orders"].pop(),
        lambda state: state["orders"][0].pop(),
        lambda state: state["done"].append(state["done"][0]),
        lambda state: state["done"].append(state["open"][0][1].pop()),
        lambda state: state["orphans"].append([99, "Nothing", "{}"]),
        lambda state: state["orders"][0].__setitem__(3, "SIDEWAYS"),
        lambda state: state.update(next_orphan=99.5),
        lambda state: state.update(next_orphan=state["orphans"][-1][0]),
        lambda state: state.update(next_number=1.5),
    ],
)
def test_what_is_no_dump_is_refused(spoil: Callable[[dict[str, Any]], object]) -> None:
    state = json.loads(json.dumps(dump(a_busy_tracker())))
    spoil(state)
    with pytest.raises(InvalidValue):
        load(state)


@CHECKED
@given(told_lives(), st.integers(0, 30))
def test_written_out_at_any_moment_it_goes_on_the_same_way(told: Told, moment: int) -> None:
    life, news, again, created_after, _ = told
    tracker = OrderTracker()
    steps: list[News | None] = [*news, *again]
    steps.insert(created_after, None)
    copy: OrderTracker | None = None
    for number, piece in enumerate(steps):
        if number == moment % len(steps):
            copy = through_json(tracker)
            assert digest(copy) == digest(tracker)
        for each in (tracker, copy) if copy is not None else (tracker,):
            if piece is None:
                each.create_order(OWN_ID, SYMBOL, "BUY", "LIMIT", life.qty, "100")
            else:
                each.apply(piece)
    assert copy is not None
    assert copy.state_of_all() == tracker.state_of_all()
    assert dump(copy) == dump(tracker)
    assert digest(copy) == digest(tracker)
