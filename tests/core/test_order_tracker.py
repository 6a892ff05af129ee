"""The tracker as its users meet it: commands, news, questions, listeners."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest

from tests.by_now import by_now
from yunmin.clock import from_millis
from yunmin.core.data_contracts import Fill, OrderRequest, OrderState, OrderUpdate
from yunmin.core.data_contracts.enums import CancelState, Side
from yunmin.core.data_contracts.events import (
    Anomaly,
    AnomalyKind,
    OrderCancelRequested,
    OrderFilled,
    OrderOpened,
    OrderSubmitted,
    TrackerEvent,
)
from yunmin.core.order_tracker import InFlightOrder, OrderFill, OrderTracker
from yunmin.errors import InvalidValue, LifecycleError


@pytest.fixture
def tracker() -> OrderTracker:
    return OrderTracker()


@pytest.fixture
def heard(tracker: OrderTracker) -> list[TrackerEvent]:
    events: list[TrackerEvent] = []
    tracker.subscribe(events.append)
    return events


def an_order(
    tracker: OrderTracker, client_order_id: str = "a", symbol: str = "BTC/USDT", **terms: Any
) -> InFlightOrder:
    terms = {"side": "BUY", "order_type": "LIMIT", "qty": "2", "price": "100"} | terms
    return tracker.create_order(client_order_id, symbol, **terms)


def in_state(tracker: OrderTracker, state: OrderState, client_order_id: str = "a") -> InFlightOrder:
    order = an_order(tracker, client_order_id)
    tracker.apply(OrderUpdate(symbol="BTC/USDT", client_order_id=client_order_id, state=state))
    if state is OrderState.PARTIALLY_FILLED:
        tracker.add_fill(client_order_id, 1, 100)
    return order


# --- creating --------------------------------------------------------------------------------------------------------


def test_a_script_follows_an_order_from_its_creation_to_its_commission(tracker: OrderTracker) -> None:
    order = tracker.create_order("ym_001", "BTCUSDT", "BUY", "LIMIT", 0.1, 42000)
    assert by_now(order.state) is OrderState.PENDING
    assert tracker.set_exchange_id("ym_001", "123456789")
    assert by_now(order.state) is OrderState.OPEN
    assert tracker.add_fill("ym_001", qty=0.05, price=42000, fee=0.05, fee_asset="USDT")
    assert by_now(order.state) is OrderState.PARTIALLY_FILLED
    assert tracker.add_fill("ym_001", qty=0.05, price=42000, fee=0.05, fee_asset="USDT")
    assert tracker.get_order("ym_001") is order
    assert by_now(order.state) == OrderState.FILLED == "FILLED"
    assert (order.total_filled_qty, order.avg_fill_price, order.total_commission) == (0.1, 42000, 0.1)
    assert tracker.is_filled("ym_001")
    assert tracker.close_order("ym_001") is order


def test_the_same_id_with_the_same_terms_is_the_same_order(tracker: OrderTracker, heard: list[TrackerEvent]) -> None:
    order = an_order(tracker, qty=2, price=100.0)
    assert an_order(tracker, qty="2.0", price=Decimal(100)) is order
    assert len(heard) == 1
    assert tracker.get_stats()["total_orders_created"] == 1


@pytest.mark.parametrize(
    "other",
    [
        {"symbol": "ETH/USDT"},
        {"side": "SELL"},
        {"order_type": "LIMIT_MAKER"},
        {"qty": "3"},
        {"price": "101"},
        {"price": None},
        {"time_in_force": "IOC"},
    ],
)
def test_the_same_id_with_other_terms_is_an_error(tracker: OrderTracker, other: dict[str, Any]) -> None:
    an_order(tracker)
    with pytest.raises(LifecycleError, match="other terms"):
        an_order(tracker, **other)


@pytest.mark.parametrize(
    "wrong",
    [
        {"side": "LONG"},
        {"order_type": "limit"},
        {"time_in_force": "DAY"},
        {"qty": 0},
        {"qty": float("nan")},
        {"price": "-1"},
        {"qty_step": "-1"},
    ],
)
def test_wrong_terms_are_refused_before_anything_is_followed(tracker: OrderTracker, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        an_order(tracker, **wrong)
    assert tracker.get_order("a") is None


def test_a_request_is_followed_under_its_client_order_id(tracker: OrderTracker) -> None:
    request = OrderRequest(symbol="BTC/USDT", side=Side.BUY, order_type="LIMIT", qty="2", price="100")
    with pytest.raises(InvalidValue, match="client_order_id"):
        tracker.submit(request)
    named = request.model_copy(update={"client_order_id": "a"})
    assert tracker.submit(named) is an_order(tracker)


def test_an_order_by_quote_amount_learns_its_quantity_from_the_exchange(tracker: OrderTracker) -> None:
    order = an_order(tracker, order_type="MARKET", qty=None, price=None)
    assert by_now(order.remaining_qty) is None
    tracker.add_fill("a", "0.5", 100)
    assert by_now(order.state) is OrderState.PARTIALLY_FILLED
    update = {"symbol": "BTC/USDT", "client_order_id": "a", "state": "FILLED"}
    tracker.apply(OrderUpdate(**update, filled_qty="0.5", filled_cost="50"))
    assert by_now(order.state) is OrderState.FILLED
    tracker.apply(OrderUpdate(**update, qty="0.5", filled_qty="0.5", filled_cost="50"))
    assert (order.state, order.remaining_qty) == (OrderState.FILLED, Decimal(0))


# --- fills -----------------------------------------------------------------------------------------------------------


def test_a_fill_keeps_everything_that_was_said_of_it(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.add_fill("a", "1", "99.5", "0.1", "BNB", trade_id="t1", ts=from_millis(5))
    (fill,) = order.fills
    assert isinstance(fill, OrderFill)
    assert (fill.ts, fill.qty, fill.price, fill.fee, fill.fee_asset, fill.commission) == (
        from_millis(5),
        Decimal(1),
        Decimal("99.5"),
        Decimal("0.1"),
        "BNB",
        0.1,
    )


def test_a_fee_rate_is_of_the_cost_and_not_given_beside_an_amount(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.add_fill("a", "1", "100", fee_rate="0.001", fee_asset="USDT")
    assert order.fees == {"USDT": Decimal("0.1")}
    with pytest.raises(InvalidValue, match="twice"):
        tracker.add_fill("a", "1", "100", fee="0.1", fee_rate="0.001", fee_asset="USDT")
    assert order.filled_qty == 1


def test_a_fee_is_never_taken_for_a_rate_by_its_size(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.add_fill("a", "1", "100", fee=0.001, fee_asset="USDT")
    assert order.fees == {"USDT": Decimal("0.001")}


def test_a_wrong_number_in_a_fill_books_nothing(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    for wrong in (float("nan"), "1e3", -1, True):
        with pytest.raises(InvalidValue):
            tracker.add_fill("a", wrong, "100")
    assert order.fills == ()


def test_averages_do_not_depend_on_the_callers_decimal_context(tracker: OrderTracker) -> None:
    order = an_order(tracker, qty="3")
    with localcontext(prec=3):
        tracker.add_fill("a", "1", "100.01", "0.123456789", "BNB")
        tracker.add_fill("a", "2", "100.02", "0.123456789", "BNB")
        assert str(order.average_price) == "100.0166666666666666666666667"
    assert order.fees == {"BNB": Decimal("0.246913578")}


# --- an order that is not known --------------------------------------------------------------------------------------


def test_faces_answer_false_for_an_unknown_order_announce_it_and_lose_nothing(
    tracker: OrderTracker, heard: list[TrackerEvent]
) -> None:
    assert tracker.set_exchange_id("a", "7") is False
    assert tracker.add_fill("a", 1, 100) is False
    assert tracker.cancel_order("a") is False
    assert tracker.request_cancel("a") is False
    assert [event.kind for event in heard if isinstance(event, Anomaly)] == [AnomalyKind.UNKNOWN_ORDER] * 3
    assert len(by_now(tracker.orphans)) == tracker.get_stats()["orphans"] == 2
    order = an_order(tracker)
    assert (order.exchange_order_id, order.filled_qty) == ("7", Decimal(1))
    assert order.state is OrderState.PARTIALLY_FILLED
    assert by_now(tracker.orphans) == ()


def test_unknown_orders_are_none_and_not_filled(tracker: OrderTracker) -> None:
    assert tracker.get_order("a") is tracker.close_order("a") is tracker.get_order_by_exchange_id("7") is None
    assert not tracker.is_filled("a")


def test_what_is_no_news_is_refused_by_name(tracker: OrderTracker) -> None:
    with pytest.raises(TypeError, match="dict"):
        tracker.apply({"client_order_id": "a"})  # type: ignore[arg-type]  # wrong on purpose


# --- cancelling and closing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.OPEN, OrderState.PARTIALLY_FILLED])
def test_a_known_cancellation_ends_an_open_order_and_keeps_its_fills(tracker: OrderTracker, state: OrderState) -> None:
    order = in_state(tracker, state)
    assert order.state is state
    fills = order.fills
    assert tracker.cancel_order("a") is True
    assert (order.state, order.fills) == (OrderState.CANCELLED, fills)
    assert tracker.cancel_order("a") is False


def test_a_requested_cancel_is_said_beside_the_state(tracker: OrderTracker, heard: list[TrackerEvent]) -> None:
    order = in_state(tracker, OrderState.OPEN)
    assert tracker.request_cancel("a") is True
    assert (order.state, order.cancel_state) == (OrderState.OPEN, CancelState.REQUESTED)
    requested = heard[-1]
    assert isinstance(requested, OrderCancelRequested)
    assert requested.attempt == 1
    tracker.cancel_order("a")
    assert order.cancel_state is CancelState.NONE
    assert tracker.request_cancel("a") is False


@pytest.mark.parametrize("state", [OrderState.PENDING, OrderState.OPEN, OrderState.PARTIALLY_FILLED])
def test_an_open_order_cannot_be_closed_by_wishing(tracker: OrderTracker, state: OrderState) -> None:
    order = in_state(tracker, state)
    with pytest.raises(LifecycleError, match="may still rest"):
        tracker.close_order("a")
    assert tracker.get_open_orders() == [order]


# --- exchange ids ----------------------------------------------------------------------------------------------------


def test_an_exchange_id_is_given_once(tracker: OrderTracker, heard: list[TrackerEvent]) -> None:
    order = an_order(tracker)
    assert tracker.set_exchange_id("a", "7")
    assert tracker.set_exchange_id("a", "7")
    assert [type(event) for event in heard] == [OrderSubmitted, OrderOpened]
    assert tracker.set_exchange_id("a", "8") is False
    assert order.exchange_order_id == "7"
    refused = heard[-1]
    assert isinstance(refused, Anomaly)
    assert (refused.kind, refused.subject) == (AnomalyKind.EXCHANGE_ID_CHANGED, "8")


def test_two_orders_of_one_symbol_cannot_share_an_exchange_id(tracker: OrderTracker) -> None:
    first, second = an_order(tracker, "a"), an_order(tracker, "b")
    assert tracker.set_exchange_id("a", "7")
    assert tracker.set_exchange_id("b", "7") is False
    assert second.exchange_order_id is None
    assert second.state is OrderState.PENDING
    assert tracker.get_order_by_exchange_id("7") is first


def test_orders_of_two_symbols_may_share_an_exchange_id_and_are_found_by_symbol() -> None:
    tracker = OrderTracker(history_limit=0)
    orders = [an_order(tracker, name, symbol) for name, symbol in (("a", "BTC/USDT"), ("b", "ETH/USDT"), ("c", "X/Y"))]
    for order in orders:
        assert tracker.set_exchange_id(order.client_order_id, "7")
    for order in orders:
        assert tracker.get_order_by_exchange_id("7", order.symbol) is order
    with pytest.raises(LifecycleError, match="several symbols"):
        tracker.get_order_by_exchange_id("7")
    for name in "ab":
        tracker.cancel_order(name)
    assert tracker.get_order_by_exchange_id("7") is orders[2]
    assert tracker.get_order_by_exchange_id("7", "BTC/USDT") is None


def test_the_mapping_of_ids_is_live_and_read_only(tracker: OrderTracker) -> None:
    ids = tracker.client_to_exchange_id
    an_order(tracker, "a")
    an_order(tracker, "b")
    tracker.set_exchange_id("a", "7")
    assert dict(ids) == {"a": "7"}
    assert len(ids) == 1
    assert "b" not in ids
    with pytest.raises(TypeError):
        ids["a"] = "8"  # type: ignore[index]  # as the line shows


# --- questions -------------------------------------------------------------------------------------------------------


def test_open_orders_are_listed_by_symbol_oldest_first(tracker: OrderTracker) -> None:
    a, b, c = an_order(tracker, "a"), an_order(tracker, "b", "ETH/USDT"), an_order(tracker, "c")
    assert tracker.get_open_orders("BTC/USDT") == [a, c]
    assert set(tracker.get_open_orders()) == {a, b, c}
    tracker.cancel_order("a")
    assert tracker.get_open_orders("BTC/USDT") == [c]
    assert tracker.get_open_orders("X/Y") == []


def test_a_list_of_open_orders_is_the_callers_own(tracker: OrderTracker) -> None:
    an_order(tracker)
    tracker.get_open_orders("BTC/USDT").clear()
    tracker.get_open_orders().clear()
    assert len(tracker.get_open_orders()) == 1


def test_history_has_the_one_that_ended_last_first(tracker: OrderTracker) -> None:
    orders = [
        an_order(tracker, name, symbol) for name, symbol in (("a", "BTC/USDT"), ("b", "ETH/USDT"), ("c", "BTC/USDT"))
    ]
    for name in "cab":
        tracker.cancel_order(name)
    a, b, c = orders
    assert tracker.get_order_history() == [b, a, c]
    assert tracker.get_order_history("BTC/USDT") == [a, c]
    assert tracker.get_order_history(limit=1) == [b]
    assert tracker.get_order_history("BTC/USDT", limit=1) == [a]
    assert tracker.get_order_history(limit=0) == tracker.get_order_history(limit=-1) == []


def test_a_history_that_may_be_no_longer_lets_the_oldest_go_at_once(tracker: OrderTracker) -> None:
    for name in "abcd":
        an_order(tracker, name)
    for name in "abc":
        tracker.cancel_order(name)
    tracker.history_limit = 1
    assert tracker.history_limit == 1
    assert {order.client_order_id for order in tracker.get_orders()} == {"c", "d"}


def test_history_is_bounded_and_the_oldest_go_first() -> None:
    tracker = OrderTracker(history_limit=2)
    for name in "abc":
        an_order(tracker, name)
        tracker.set_exchange_id(name, f"x{name}")
        tracker.cancel_order(name)
    assert [order.client_order_id for order in tracker.get_order_history()] == ["c", "b"]
    assert tracker.get_order("a") is tracker.get_order_by_exchange_id("xa") is None
    assert tracker.get_stats()["total_orders_closed"] == 3


def test_stats_count_what_happened(tracker: OrderTracker) -> None:
    an_order(tracker, "a")
    an_order(tracker, "b")
    an_order(tracker, "c")
    tracker.add_fill("a", 2, 100, fee="0.2", fee_asset="USDT")
    tracker.cancel_order("b")
    assert tracker.get_stats() == {
        "open_orders": 1,
        "total_orders_created": 3,
        "total_orders_closed": 2,
        "total_filled": 1,
        "total_commission": 0.2,
        "fees": {"USDT": Decimal("0.2")},
        "orphans": 0,
    }
    assert OrderTracker().get_stats()["total_commission"] == 0.0


def test_the_order_is_live_and_read_only(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    before = order.snapshot()
    tracker.add_fill("a", 1, 100)
    assert order.filled_qty == 1
    assert order.remaining_qty == 1
    assert before.filled_qty == 0
    for name in ("state", "qty", "fills", "anything"):
        with pytest.raises(AttributeError):
            setattr(order, name, None)
    assert "a BUY 2 BTC/USDT PARTIALLY_FILLED filled=1" in repr(order)


# --- listeners -------------------------------------------------------------------------------------------------------


def test_listeners_hear_every_event_once_in_order_until_they_stop(tracker: OrderTracker) -> None:
    heard: list[TrackerEvent] = []
    stop = tracker.subscribe(heard.append)
    an_order(tracker)
    tracker.set_exchange_id("a", "7")
    stop()
    tracker.cancel_order("a")
    assert [(event.seq, type(event)) for event in heard] == [(1, OrderSubmitted), (2, OrderOpened)]


def test_a_listener_that_raises_keeps_nothing_from_the_others_and_undoes_nothing(tracker: OrderTracker) -> None:
    heard: list[TrackerEvent] = []

    def fails(event: TrackerEvent) -> None:
        raise RuntimeError(type(event).__name__)

    an_order(tracker)
    tracker.subscribe(fails)
    tracker.subscribe(heard.append)
    with pytest.raises(ExceptionGroup) as caught:
        tracker.add_fill("a", 1, 100)
    assert [str(failure) for failure in caught.value.exceptions] == ["OrderOpened", "OrderFilled"]
    assert [type(event) for event in heard] == [OrderOpened, OrderFilled]
    order = tracker.get_order("a")
    assert order is not None
    assert order.filled_qty == 1
    with pytest.raises(ExceptionGroup):
        tracker.set_exchange_id("a", "7") and tracker.cancel_order("a")
    assert order.state is OrderState.CANCELLED


def test_a_listener_that_applies_news_does_not_upset_the_order_for_others(tracker: OrderTracker) -> None:
    heard: list[int] = []

    def cancels_what_opens(event: TrackerEvent) -> None:
        if isinstance(event, OrderOpened):
            tracker.cancel_order("a")

    tracker.subscribe(cancels_what_opens)
    tracker.subscribe(lambda event: heard.append(event.seq))
    order = an_order(tracker)
    events = tracker.apply(Fill(symbol="BTC/USDT", client_order_id="a", trade_id="t1", qty="1", price="100"))
    assert [type(event) for event in events] == [OrderOpened, OrderFilled]
    assert heard == [1, 2, 3, 4]
    assert order.state is OrderState.CANCELLED


def test_an_id_that_has_ended_is_not_given_to_a_new_order() -> None:
    tracker = OrderTracker()
    request = OrderRequest(
        symbol="BTC/USDT", side="BUY", order_type="LIMIT", qty="1", price="10", client_order_id="again"
    )
    tracker.submit(request)
    assert tracker.submit(request) is tracker.get_order("again"), "while it lives, it is the same order"
    tracker.cancel_order("again")
    with pytest.raises(LifecycleError, match="new id"):
        tracker.submit(request)


@pytest.mark.parametrize("wrong", [None, "", -1, True, 1.5, b"7"])
def test_what_is_no_id_is_refused(wrong: object) -> None:
    tracker = OrderTracker()
    tracker.create_order("a", "BTC/USDT", "BUY", "LIMIT", "1", "10")
    with pytest.raises(InvalidValue):
        tracker.set_exchange_id("a", wrong)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(InvalidValue):
        tracker.create_order("" if wrong is None else wrong, "BTC/USDT", "BUY", "LIMIT", "1", "10")  # type: ignore[arg-type]  # as above


def test_an_exchange_id_that_is_a_number_is_its_text() -> None:
    tracker = OrderTracker()
    order = tracker.create_order("a", "BTC/USDT", "BUY", "LIMIT", "1", "10")
    assert tracker.set_exchange_id("a", 28)
    assert order.exchange_order_id == "28"
    assert tracker.get_order_by_exchange_id(28) is tracker.get_order_by_exchange_id("28") is order
    assert tracker.add_fill("a", "0.4", "10", trade_id=7)
    assert tracker.add_fill("a", "0.4", "10", trade_id="7")
    assert order.filled_qty == Decimal("0.4")


def test_add_fill_says_whether_it_is_booked() -> None:
    tracker = OrderTracker()
    tracker.create_order("a", "BTC/USDT", "BUY", "LIMIT", "1", "10")
    assert tracker.add_fill("a", "0.4", "10", trade_id="7")
    assert tracker.add_fill("a", "0.4", "10", trade_id="7"), "booked before"
    assert not tracker.add_fill("a", "0.5", "10", trade_id="7"), "other figures"
    assert not tracker.add_fill("a", "0", "10"), "an execution of nothing"


def test_news_of_another_client_id_is_not_taken_for_the_order_that_has_its_exchange_id() -> None:
    tracker = OrderTracker()
    order = tracker.create_order("ours", "BTC/USDT", "BUY", "LIMIT", "1", "10")
    tracker.set_exchange_id("ours", "28")
    news = OrderUpdate(
        symbol="BTC/USDT", client_order_id="another", exchange_order_id="28", state=OrderState.FILLED, filled_qty="1"
    )
    (event,) = tracker.apply(news)
    assert isinstance(event, Anomaly)
    assert event.kind is AnomalyKind.CROSSED_IDS
    assert order.state is OrderState.OPEN


def test_a_reported_cost_below_that_of_the_fills_does_not_bend_the_average() -> None:
    tracker = OrderTracker()
    order = tracker.create_order("a", "BTC/USDT", "BUY", "LIMIT", "1", "42000")
    tracker.add_fill("a", "0.002", "42000", trade_id="1")
    tracker.apply(OrderUpdate(symbol="BTC/USDT", client_order_id="a", filled_qty="0.0025", filled_cost="10"))
    assert order.average_price == Decimal(42000)


def test_a_listener_may_stop_twice() -> None:
    tracker = OrderTracker()
    heard: list[object] = []
    stop = tracker.subscribe(heard.append)
    stop()
    stop()
    tracker.create_order("a", "BTC/USDT", "BUY", "LIMIT", "1", "10")
    assert heard == []
