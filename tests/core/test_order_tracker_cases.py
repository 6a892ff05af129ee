"""What happens to orders in the field, case by case. The numbers are those of docs/order-lifecycle.md."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.by_now import by_now
from yunmin.clock import from_millis
from yunmin.core.data_contracts import Fill, OrderState, OrderUpdate, Verdict, synthetic_trade_id
from yunmin.core.data_contracts.enums import CancelState, Certainty, FillKind, Origin, Side, TimeInForce
from yunmin.core.data_contracts.events import (
    Anomaly,
    AnomalyKind,
    FillConflict,
    FillEnriched,
    InferredFillReplaced,
    LateFill,
    OrderCancelled,
    OrderCancelRejected,
    OrderCompleted,
    OrderCorrected,
    OrderExpired,
    OrderFailed,
    OrderFilled,
    OrderFillVoided,
    OrderOpened,
    OrderQueryNeeded,
    OrderRejected,
    OrderResolved,
    OrderSubmitted,
    OrderTermsChanged,
    OrderUncertain,
    Overfill,
    TrackerEvent,
)
from yunmin.core.data_contracts.fill import trade_id_or_synthetic
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, OrderSearched, SubmitResult
from yunmin.core.order_tracker import InFlightOrder, News, OrderTracker
from yunmin.errors import InvalidValue, RejectReason, RejectSource

SYMBOL = "BTC/USDT"


@pytest.fixture
def tracker() -> OrderTracker:
    return OrderTracker()


def an_order(tracker: OrderTracker, client_order_id: str = "a", qty: str | None = "2", **terms: Any) -> InFlightOrder:
    terms = {"symbol": SYMBOL, "side": "BUY", "order_type": "LIMIT", "price": "100"} | terms
    return tracker.create_order(client_order_id, qty=qty, **terms)


def an_update(state: OrderState | None = None, client_order_id: str | None = "a", **said: Any) -> OrderUpdate:
    return OrderUpdate(**{"symbol": SYMBOL, "client_order_id": client_order_id, "state": state} | said)


def a_fill(trade_id: str = "t1", qty: str = "1", price: str = "100", **said: Any) -> Fill:
    return Fill(**{"symbol": SYMBOL, "client_order_id": "a", "trade_id": trade_id, "qty": qty, "price": price} | said)


def a_verdict(verdict: Verdict, **said: Any) -> SubmitResult:
    return SubmitResult(client_order_id="a", verdict=verdict, **said)


def kinds(events: list[TrackerEvent]) -> list[type]:
    return [type(event) for event in events]


def anomalies(events: list[TrackerEvent]) -> list[AnomalyKind]:
    return [event.kind for event in events if isinstance(event, Anomaly)]


# --- submission ------------------------------------------------------------------------------------------------------


def test_case_01_an_unanswered_placement_stays_pending_and_unknown_until_evidence_comes(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    assert kinds(tracker.apply(a_verdict(Verdict.UNKNOWN))) == [OrderUncertain, OrderQueryNeeded]
    assert (order.state, order.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)
    events = tracker.apply(an_update(OrderState.OPEN, exchange_order_id="7"))
    assert kinds(events) == [OrderOpened, OrderResolved]
    assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)


def test_case_03_a_duplicate_id_is_a_question_not_a_refusal(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    events = tracker.apply(a_verdict(Verdict.REJECTED, reason=RejectReason.DUPLICATE_ID))
    assert kinds(events) == [OrderUncertain, OrderQueryNeeded]
    assert order.state is OrderState.PENDING


def test_case_06_a_local_refusal_rejects_with_its_source(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    refusal = a_verdict(Verdict.REJECTED, reason=RejectReason.RULE_VIOLATION, source=RejectSource.LOCAL)
    assert kinds(tracker.apply(refusal)) == [OrderRejected]
    assert order.state is OrderState.REJECTED
    assert (order.reject_reason, order.reject_source) == (RejectReason.RULE_VIOLATION, RejectSource.LOCAL)
    assert tracker.apply(refusal) == []


def test_case_06_what_was_proven_never_sent_has_failed_and_its_doubt_is_resolved(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_verdict(Verdict.UNKNOWN))
    proof = a_verdict(Verdict.REJECTED, reason=RejectReason.NOT_SENT, source=RejectSource.TRANSPORT)
    assert kinds(tracker.apply(proof)) == [OrderFailed, OrderResolved]
    assert (order.state, order.certainty) == (OrderState.FAILED, Certainty.CONFIRMED)


def test_case_06_late_evidence_reverses_a_failure_and_says_so(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_verdict(Verdict.REJECTED, reason=RejectReason.NOT_SENT))
    events = tracker.apply(an_update(OrderState.OPEN, exchange_order_id="7"))
    assert kinds(events) == [OrderOpened, OrderCorrected]
    assert order.state is OrderState.OPEN
    assert order.reject_reason is None
    assert tracker.get_open_orders() == [order]
    assert tracker.get_stats()["total_orders_closed"] == 0


def test_case_07_post_only_that_would_cross_is_rejected_with_that_reason(tracker: OrderTracker) -> None:
    order = an_order(tracker, order_type="LIMIT_MAKER")
    tracker.apply(a_verdict(Verdict.REJECTED, reason=RejectReason.POST_ONLY, source=RejectSource.EXCHANGE))
    tracker.apply(an_update(OrderState.REJECTED))
    assert order.state is OrderState.REJECTED
    assert (order.reject_reason, order.reject_source) == (RejectReason.POST_ONLY, RejectSource.EXCHANGE)


def test_case_08_terms_that_the_exchange_changed_are_taken_and_told(tracker: OrderTracker) -> None:
    order = an_order(tracker, qty="2.005")
    events = tracker.apply(an_update(OrderState.OPEN, qty="2", price="99.5"))
    changed = next(event for event in events if isinstance(event, OrderTermsChanged))
    assert (changed.previous_qty, changed.previous_price) == (Decimal("2.005"), Decimal(100))
    assert (order.qty, order.price) == (Decimal(2), Decimal("99.5"))
    assert an_order(tracker, qty="2.005") is order


def test_case_08_an_older_word_on_the_terms_does_not_undo_a_newer_one(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(an_update(OrderState.OPEN, qty="1.5", updated_at=from_millis(2000)))
    assert tracker.apply(an_update(OrderState.OPEN, qty="2", updated_at=from_millis(1000))) == []
    assert order.qty == Decimal("1.5")


def test_case_08_an_average_reported_as_the_price_of_a_market_order_is_not_a_limit(tracker: OrderTracker) -> None:
    order = an_order(tracker, order_type="MARKET", price=None)
    tracker.apply(an_update(OrderState.FILLED, price="101", filled_qty="2"))
    assert order.price is None


def test_case_08_an_order_that_the_exchange_made_larger_is_not_done_at_its_old_size(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", "2"))
    assert by_now(order.state) is OrderState.FILLED
    grown = an_update(OrderState.PARTIALLY_FILLED, qty="3", filled_qty="2", updated_at=from_millis(1))
    assert OrderCorrected in kinds(tracker.apply(grown))
    assert by_now(order.state) is OrderState.PARTIALLY_FILLED
    assert tracker.get_open_orders() == [order]
    assert tracker.get_stats()["total_filled"] == 0
    assert OrderCompleted in kinds(tracker.apply(a_fill("t2", "1")))


# --- which came first ------------------------------------------------------------------------------------------------


def test_case_10_a_fill_before_the_acknowledgement_implies_that_the_order_was_opened(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    events = tracker.apply(a_fill())
    assert kinds(events) == [OrderOpened, OrderFilled]
    assert events[0].implied  # type: ignore[union-attr]  # it is there by now
    assert order.state is OrderState.PARTIALLY_FILLED
    assert tracker.set_exchange_id("a", "7")
    assert (order.state, order.exchange_order_id) == (OrderState.PARTIALLY_FILLED, "7")


def test_case_10_an_answer_that_carries_fills_opens_the_order_under_its_id_first(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    update = an_update(OrderState.FILLED, exchange_order_id="7", filled_qty="2", filled_cost="200")
    fills = (a_fill("t1", exchange_order_id="7"), a_fill("t2", exchange_order_id="7"))
    events = tracker.apply(a_verdict(Verdict.ACCEPTED, update=update, fills=fills))
    assert kinds(events) == [OrderOpened, OrderFilled, OrderFilled, OrderCompleted]
    opened = events[0]
    assert isinstance(opened, OrderOpened)
    assert not opened.implied
    assert opened.order.exchange_order_id == "7"
    assert order.state is OrderState.FILLED


def test_case_11_a_late_acknowledgement_does_not_reopen_a_filled_order(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", "2"))
    assert tracker.apply(an_update(OrderState.OPEN, exchange_order_id="7", filled_qty="0")) == []
    assert order.state is OrderState.FILLED
    assert tracker.get_open_orders() == []


def test_case_12_a_stale_answer_with_less_filled_changes_nothing(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty="1.5", filled_cost="150"))
    assert tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty="1", filled_cost="100")) == []
    assert order.filled_qty == Decimal("1.5")


def test_case_13_a_cumulative_jump_without_its_trades_is_counted_but_unattributed(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", "0.5", "100"))
    tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty="1.5", filled_cost="160"))
    assert (order.filled_qty, order.unattributed_qty) == (Decimal("1.5"), Decimal(1))
    assert not order.fees_complete
    inferred = tracker.infer_residual("a")
    assert inferred is not None
    assert (inferred.qty, inferred.price, inferred.kind) == (Decimal(1), Decimal(110), FillKind.INFERRED)
    assert inferred.trade_id == "inferred:a:1.5"
    assert order.unattributed_qty == 1
    tracker.apply(inferred)
    assert (order.filled_qty, order.unattributed_qty) == (Decimal("1.5"), Decimal(0))
    assert tracker.infer_residual("a") is None


def test_case_13_nothing_is_inferred_without_a_cost_to_price_it_by(tracker: OrderTracker) -> None:
    an_order(tracker)
    tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty="1", filled_cost="0"))
    assert tracker.infer_residual("a") is None
    assert tracker.infer_residual("nobody") is None


@pytest.mark.parametrize("costs", [("0", "150"), (None, "150"), ("150", None), ("150", "0")])
def test_case_13_a_cost_that_only_one_answer_gave_is_the_cost(
    tracker: OrderTracker, costs: tuple[str | None, str | None]
) -> None:
    order = an_order(tracker)
    for cost in costs:
        tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty="1.5", filled_cost=cost))
    assert order.average_price == 100


def test_case_13_an_inferred_price_has_no_more_decimals_than_a_price_may_have(tracker: OrderTracker) -> None:
    an_order(tracker, qty="7", price="0.00000003")
    tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty="7", filled_cost="0.00000020"))
    inferred = tracker.infer_residual("a")
    assert inferred is not None
    assert inferred.price == Decimal("0.000000028571428571")


def test_case_14_a_fill_status_before_its_last_fill_delays_the_end_not_the_state(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(an_update(OrderState.OPEN))
    tracker.apply(a_fill("t1"))
    assert kinds(tracker.apply(an_update(OrderState.FILLED, filled_qty="2", filled_cost="200"))) == []
    assert order.state is OrderState.FILLED
    assert kinds(tracker.apply(a_fill("t2"))) == [OrderFilled, OrderCompleted]


def test_case_14_filled_with_less_than_the_quantity_is_doubted_not_believed(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    events = tracker.apply(an_update(OrderState.FILLED, filled_qty="1"))
    assert anomalies(events) == [AnomalyKind.FILLED_SHORT]
    assert OrderQueryNeeded in kinds(events)
    assert order.state is OrderState.PARTIALLY_FILLED


def test_case_15_a_cancel_report_that_shows_more_filled_waits_for_the_fills(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    events = tracker.apply(an_update(OrderState.CANCELLED, filled_qty="1", filled_cost="100"))
    assert OrderCancelled not in kinds(events)
    assert (order.state, order.filled_qty) == (OrderState.CANCELLED, Decimal(1))
    assert kinds(tracker.apply(a_fill("t1"))) == [OrderFilled, OrderCancelled]


def test_case_15_an_inferred_fill_lets_the_end_be_told(tracker: OrderTracker) -> None:
    an_order(tracker)
    tracker.apply(an_update(OrderState.EXPIRED, filled_qty="1", filled_cost="100"))
    inferred = tracker.infer_residual("a")
    assert inferred is not None
    assert kinds(tracker.apply(inferred)) == [OrderFilled, OrderExpired]


# --- the same and other fills ----------------------------------------------------------------------------------------


def test_case_19_one_trade_by_stream_and_by_query_is_booked_once(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    assert OrderFilled in kinds(tracker.apply(a_fill(source="STREAM")))
    assert tracker.apply(a_fill(source="REST")) == []
    assert order.filled_qty == 1


def test_case_19_with_a_trade_id_add_fill_books_once_and_without_each_time(tracker: OrderTracker) -> None:
    order = an_order(tracker, qty="4")
    for _ in range(2):
        assert tracker.add_fill("a", 1, 100, trade_id="t1")
    assert order.filled_qty == 1
    for _ in range(2):
        assert tracker.add_fill("a", 1, 100)
    assert order.filled_qty == 3


def test_case_20_a_tracker_rebuilt_from_the_same_inputs_knows_the_fill_again(tracker: OrderTracker) -> None:
    inputs: list[News] = [
        an_update(OrderState.OPEN, exchange_order_id="7"),
        a_fill("t1"),
        a_fill("t2", fee="0.1", fee_asset="BNB"),
    ]
    rebuilt = OrderTracker()
    for each in (tracker, rebuilt):
        an_order(each)
        for news in inputs:
            each.apply(news)
    assert rebuilt.apply(inputs[1]) == []
    assert rebuilt.state_of_all() == tracker.state_of_all()


def test_case_21_the_symbol_tells_orders_and_trades_of_one_number_apart(tracker: OrderTracker) -> None:
    bitcoin = an_order(tracker, "a")
    ether = an_order(tracker, "b", symbol="ETH/USDT")
    assert tracker.set_exchange_id("a", "7")
    assert tracker.set_exchange_id("b", "7")
    for symbol in ("BTC/USDT", "ETH/USDT"):
        trade = Fill(symbol=symbol, exchange_order_id="7", trade_id="1", qty="1", price="100")
        assert OrderFilled in kinds(tracker.apply(trade))
    assert (bitcoin.filled_qty, ether.filled_qty) == (Decimal(1), Decimal(1))


def test_case_21_a_trade_of_the_account_with_itself_counts_on_both_orders(tracker: OrderTracker) -> None:
    buy, sell = an_order(tracker, "a"), an_order(tracker, "b", side="SELL")
    tracker.apply(a_fill("1", side=Side.BUY))
    tracker.apply(a_fill("1", side=Side.SELL, client_order_id="b"))
    assert (buy.filled_qty, sell.filled_qty) == (Decimal(1), Decimal(1))


@pytest.mark.parametrize(
    ("news", "kind"),
    [
        (a_fill(symbol="ETH/USDT"), AnomalyKind.SYMBOL_MISMATCH),
        (a_fill(side="SELL"), AnomalyKind.SIDE_MISMATCH),
        (a_fill(exchange_order_id="8"), AnomalyKind.EXCHANGE_ID_CHANGED),
        (a_fill(exchange_order_id="9"), AnomalyKind.CROSSED_IDS),
        (an_update(OrderState.CANCELLED, symbol="ETH/USDT"), AnomalyKind.SYMBOL_MISMATCH),
        (an_update(OrderState.CANCELLED, exchange_order_id="9"), AnomalyKind.CROSSED_IDS),
        (a_verdict(Verdict.ACCEPTED, fills=(a_fill(exchange_order_id="9"),)), AnomalyKind.CROSSED_IDS),
        (a_verdict(Verdict.ACCEPTED, update=an_update(OrderState.CANCELLED, "b")), AnomalyKind.CROSSED_IDS),
        (a_verdict(Verdict.ACCEPTED, fills=(a_fill(side="SELL"),)), AnomalyKind.SIDE_MISMATCH),
        (FillVoided(symbol="ETH/USDT", client_order_id="a", trade_id="t1"), AnomalyKind.SYMBOL_MISMATCH),
    ],
)
def test_case_21_news_that_contradicts_its_order_is_announced_and_not_applied(
    tracker: OrderTracker, news: Any, kind: AnomalyKind
) -> None:
    order = an_order(tracker)
    an_order(tracker, "b")
    tracker.set_exchange_id("a", "7")
    tracker.set_exchange_id("b", "9")
    before = tracker.state_of_all()
    assert anomalies(tracker.apply(news)) == [kind]
    assert tracker.state_of_all() == before
    assert order.fills == ()


def test_case_22_an_execution_without_an_id_gets_the_same_id_every_time() -> None:
    first = synthetic_trade_id("7", Decimal("1.50"), Decimal("100.0"), 1_760_000_000_000)
    assert first == synthetic_trade_id("7", Decimal("1.5"), Decimal(100), 1_760_000_000_000)
    assert first == "syn:7:1.5:100:1760000000000"
    others = [("8", "1.5", "100", 1), ("7", "2", "100", 1), ("7", "1.5", "101", 1), ("7", "1.5", "100", None)]
    ids = {synthetic_trade_id(order, Decimal(qty), Decimal(price), ts) for order, qty, price, ts in others}
    assert len({first, *ids}) == 5


@pytest.mark.parametrize("missing", [None, "", "7"])
def test_case_22_a_missing_trade_id_or_one_that_is_the_orders_own_is_replaced(missing: str | None) -> None:
    execution = ("7", Decimal("1.5"), Decimal(100), 1)
    assert trade_id_or_synthetic(missing, *execution) == synthetic_trade_id(*execution)
    assert trade_id_or_synthetic("t1", *execution) == "t1"


def test_case_23_a_known_trade_with_other_figures_is_kept_as_it_was_and_announced(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", "1", "100"))
    events = tracker.apply(a_fill("t1", "1", "101"))
    assert kinds(events) == [FillConflict]
    assert order.average_price == 100
    tracker.apply(a_fill("t1", fee="0.1", fee_asset="BNB"))
    assert kinds(tracker.apply(a_fill("t1", fee="0.2", fee_asset="BNB"))) == [FillConflict]
    assert order.fees == {"BNB": Decimal("0.1")}


def test_case_23_two_accounts_of_a_trade_complete_each_other(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", fee="0.1", fee_asset="BNB", ts=from_millis(2000)))
    assert tracker.apply(a_fill("t1", liquidity="TAKER", ts=from_millis(1000))) == []
    (fill,) = order.fills
    assert (fill.liquidity, fill.ts, fill.fee) == ("TAKER", from_millis(1000), Decimal("0.1"))


def test_case_24_a_real_fill_takes_the_place_of_an_inferred_one(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(an_update(OrderState.FILLED, filled_qty="2", filled_cost="200"))
    inferred = tracker.infer_residual("a")
    assert inferred is not None
    tracker.apply(inferred)
    events = tracker.apply(a_fill("t1", "0.5", "103", fee="0.1", fee_asset="USDT"))
    replaced = next(event for event in events if isinstance(event, InferredFillReplaced))
    assert replaced.qty == Decimal("0.5")
    assert order.filled_qty == 2
    real, rest = order.fills
    assert (real.trade_id, rest.kind, rest.qty) == ("t1", FillKind.INFERRED, Decimal("1.5"))
    assert real.qty * real.price + rest.qty * rest.price == 200
    tracker.apply(a_fill("t2", "1.5", "99", fee="0.1", fee_asset="USDT"))
    assert [fill.trade_id for fill in order.fills] == ["t1", "t2"]
    assert order.fees_complete


def test_case_24_a_second_residual_is_priced_at_what_the_first_left_over(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    for filled, cost in (("1", "100"), ("2", "210")):
        tracker.apply(an_update(OrderState.PARTIALLY_FILLED, filled_qty=filled, filled_cost=cost))
        inferred = tracker.infer_residual("a")
        assert inferred is not None
        tracker.apply(inferred)
    assert [(fill.qty, fill.price) for fill in order.fills] == [(Decimal(1), Decimal(100)), (Decimal(1), Decimal(110))]
    assert order.average_price == 105


def test_case_25_a_fill_that_could_not_be_applied_can_be_given_again(
    tracker: OrderTracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = an_order(tracker)

    def breaks(*_: object) -> None:
        raise ArithmeticError

    with monkeypatch.context() as broken:
        broken.setattr("yunmin.core.order_evolution._multiply_add", breaks)
        with pytest.raises(ArithmeticError):
            tracker.apply(a_fill())
    assert (order.filled_qty, order.fills) == (Decimal(0), ())
    assert OrderFilled in kinds(tracker.apply(a_fill()))
    assert order.filled_qty == 1


def test_case_25_a_listener_that_fails_loses_no_fill(tracker: OrderTracker) -> None:
    order = an_order(tracker)

    def fails(_: TrackerEvent) -> None:
        raise RuntimeError

    stop = tracker.subscribe(fails)
    with pytest.raises(ExceptionGroup):
        tracker.apply(a_fill())
    stop()
    assert order.filled_qty == 1
    assert tracker.apply(a_fill()) == []


@pytest.mark.parametrize(("qty", "price"), [("0", "100"), ("1", "0")])
def test_case_26_an_execution_of_nothing_or_for_nothing_is_not_a_fill(
    tracker: OrderTracker, qty: str, price: str
) -> None:
    order = an_order(tracker)
    events = tracker.apply(a_fill("t1", qty, price))
    assert anomalies(events) == [AnomalyKind.EMPTY_FILL]
    assert OrderQueryNeeded in kinds(events)
    assert (order.state, order.fills) == (OrderState.PENDING, ())


def test_case_27_more_than_was_asked_is_applied_and_flagged(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", "1.5"))
    events = tracker.apply(a_fill("t2", "1.5"))
    assert kinds(events) == [OrderFilled, OrderCompleted, Overfill]
    assert order.state is OrderState.FILLED
    assert (order.filled_qty, order.remaining_qty, order.overfill_qty) == (Decimal(3), Decimal(0), Decimal(1))
    assert kinds(tracker.apply(a_fill("t3", "1"))) == [OrderFilled, LateFill, Overfill]


@pytest.mark.parametrize("end", [OrderState.EXPIRED, OrderState.REJECTED, OrderState.CANCELLED])
def test_case_28_a_fill_after_the_end_is_applied_and_reopens_nothing(tracker: OrderTracker, end: OrderState) -> None:
    order = an_order(tracker)
    tracker.apply(an_update(end))
    assert kinds(tracker.apply(a_fill("t1"))) == [OrderFilled, LateFill]
    assert (order.state, order.filled_qty) == (end, Decimal(1))
    completing = [kind for kind in kinds(tracker.apply(a_fill("t2"))) if kind is not OrderOpened]
    assert completing == [OrderFilled, LateFill, OrderCorrected]
    assert order.state is OrderState.FILLED
    assert tracker.get_open_orders() == []
    assert tracker.get_stats()["total_filled"] == 1


def test_case_29_a_fill_of_an_unknown_order_is_kept_and_applied_when_it_appears(tracker: OrderTracker) -> None:
    assert anomalies(tracker.apply(a_fill())) == [AnomalyKind.UNKNOWN_ORDER]
    assert tracker.apply(a_fill()) == []
    assert by_now(tracker.orphans) == (a_fill(),)
    order = an_order(tracker)
    assert order.filled_qty == 1
    assert by_now(tracker.orphans) == ()


def test_case_29_news_under_the_exchanges_id_waits_until_that_id_is_known(tracker: OrderTracker) -> None:
    tracker.apply(a_fill(client_order_id=None, exchange_order_id="7"))
    tracker.apply(a_fill(client_order_id=None, exchange_order_id="7", symbol="ETH/USDT"))
    order = an_order(tracker)
    assert order.filled_qty == 0
    tracker.set_exchange_id("a", "7")
    assert order.filled_qty == 1
    assert len(tracker.orphans) == 1


def test_case_29_an_exchange_id_is_never_taken_for_a_client_order_id(tracker: OrderTracker) -> None:
    tracker.apply(a_fill(client_order_id=None, exchange_order_id="a"))
    assert an_order(tracker).filled_qty == 0


def test_case_29_verdicts_wait_too_and_what_was_written_down_here_fits_any_symbol(tracker: OrderTracker) -> None:
    assert not tracker.add_fill("a", "1", "100")
    assert not tracker.set_exchange_id("a", "7")
    tracker.apply(CancelRequest(client_order_id="a", attempt=1))
    order = an_order(tracker)
    assert (order.filled_qty, order.exchange_order_id) == (Decimal(1), "7")
    assert order.cancel_state is CancelState.REQUESTED


def test_case_29_what_the_full_waiting_room_pushes_out_is_announced_with_its_content() -> None:
    tracker = OrderTracker(orphan_limit=1)
    tracker.apply(a_fill("t1"))
    events = tracker.apply(a_fill("t2"))
    assert anomalies(events) == [AnomalyKind.UNKNOWN_ORDER, AnomalyKind.ORPHAN_DROPPED]
    dropped = events[1]
    assert isinstance(dropped, Anomaly)
    assert dropped.subject == a_fill("t1")
    assert an_order(tracker).filled_qty == 1


def an_external(**said: Any) -> OrderUpdate:
    about = {"client_order_id": None, "exchange_order_id": "7", "side": "SELL", "order_type": "LIMIT", "qty": "2"}
    return an_update(OrderState.OPEN, **about | said)


def test_case_29_an_order_of_somebody_else_is_adopted_with_the_fills_that_waited_for_it(tracker: OrderTracker) -> None:
    tracker.apply(a_fill(client_order_id=None, exchange_order_id="7"))
    order = tracker.adopt(an_external(price="100"))
    assert (order.client_order_id, order.origin) == ("external:BTC/USDT:7", Origin.EXTERNAL)
    assert (order.state, order.filled_qty) == (OrderState.PARTIALLY_FILLED, Decimal(1))
    assert tracker.adopt(an_external(price="100")) is order


def test_case_29_adopting_an_order_that_is_known_only_updates_it(tracker: OrderTracker) -> None:
    order = an_order(tracker, side="SELL")
    tracker.set_exchange_id("a", "7")
    assert tracker.adopt(an_external(filled_qty="1", filled_cost="100")) is order
    assert order.origin is Origin.OWN
    assert order.filled_qty == 1
    assert len(tracker.get_open_orders()) == 1


@pytest.mark.parametrize("missing", ["side", "order_type", "qty", "exchange_order_id"])
def test_case_29_what_is_described_too_thinly_is_not_adopted(tracker: OrderTracker, missing: str) -> None:
    with pytest.raises(InvalidValue, match="id" if missing == "exchange_order_id" else missing):
        tracker.adopt(an_external(**{missing: None}))
    assert tracker.get_open_orders() == []


def test_case_30_a_trade_that_was_taken_back_no_longer_counts_and_reopens_nothing(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", "1", "100", fee="0.1", fee_asset="USDT"))
    tracker.apply(a_fill("t2", "1", "110", fee="0.1", fee_asset="USDT"))
    voided = FillVoided(symbol=SYMBOL, client_order_id="a", trade_id="t2")
    assert kinds(tracker.apply(voided)) == [OrderFillVoided]
    assert tracker.apply(voided) == []
    assert order.state is OrderState.FILLED
    assert (order.filled_qty, order.average_price) == (Decimal(1), Decimal(100))
    assert order.fees == {"USDT": Decimal("0.1")}
    assert [fill.trade_id for fill in order.fills] == ["t1"]
    assert tracker.apply(a_fill("t2", "1", "110", fee="0.1", fee_asset="USDT")) == []


def test_case_30_a_trade_taken_back_before_it_was_heard_of_is_told_as_both(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(FillVoided(symbol=SYMBOL, client_order_id="a", trade_id="t1"))
    events = tracker.apply(a_fill("t1", fee="0.1", fee_asset="USDT"))
    assert kinds(events) == [OrderOpened, OrderFilled, OrderFillVoided]
    assert (order.filled_qty, order.fees, order.fills) == (Decimal(0), {}, ())


# --- fees ------------------------------------------------------------------------------------------------------------


def test_case_31_an_absent_fee_is_unknown_and_becomes_known_later(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1"))
    assert order.fills[0].fee is None
    assert order.fills[0].commission is None
    assert (order.fees_complete, order.total_commission) == (False, None)
    events = tracker.apply(a_fill("t1", fee="0.1", fee_asset="USDT"))
    assert kinds(events) == [FillEnriched]
    assert (order.fees_complete, order.total_commission) == (True, 0.1)
    assert tracker.apply(a_fill("t1")) == []
    assert order.fees == {"USDT": Decimal("0.1")}


def test_case_31_a_fee_of_nothing_is_known_and_gives_way_to_one_with_an_asset(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", fee="0"))
    assert (order.fees_complete, order.total_commission) == (True, 0.0)
    tracker.apply(a_fill("t1", fee="0.1", fee_asset="USDT"))
    assert order.fees == {"USDT": Decimal("0.1")}


def test_case_31_a_fee_without_its_asset_is_not_known(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.add_fill("a", 1, 100, fee="0.1")
    assert not order.fees_complete


def test_case_32_fees_in_several_assets_are_kept_apart(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1", fee="0.1", fee_asset="USDT"))
    tracker.apply(a_fill("t2", fee="0.002", fee_asset="BNB"))
    assert order.fees == {"BNB": Decimal("0.002"), "USDT": Decimal("0.1")}
    assert order.fees_complete
    assert order.total_commission is None
    stats = tracker.get_stats()
    assert stats["fees"] == order.fees
    assert stats["total_commission"] is None


def test_case_33_a_sum_over_an_unknown_fee_is_unknown_not_zero(tracker: OrderTracker) -> None:
    an_order(tracker)
    tracker.apply(a_fill("t1", fee="0.1", fee_asset="USDT"))
    assert tracker.get_stats()["total_commission"] == 0.1
    tracker.apply(a_fill("t2", fee=None, fee_asset="BNB"))
    assert tracker.get_stats()["total_commission"] is None
    assert tracker.get_stats()["fees"] == {"USDT": Decimal("0.1")}


# --- cancelling ------------------------------------------------------------------------------------------------------


def a_cancel_result(verdict: Verdict, attempt: int = 1, **said: Any) -> CancelResult:
    return CancelResult(client_order_id="a", attempt=attempt, verdict=verdict, **said)


def test_case_35_a_fill_while_the_cancel_is_under_way_is_applied(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.request_cancel("a")
    tracker.apply(a_fill("t1"))
    assert (order.state, order.cancel_state) == (OrderState.PARTIALLY_FILLED, CancelState.REQUESTED)
    tracker.apply(a_fill("t2"))
    assert (order.state, order.cancel_state) == (OrderState.FILLED, CancelState.NONE)
    assert tracker.apply(a_cancel_result(Verdict.REJECTED)) == []


def test_case_36_a_refused_cancel_says_neither_alive_nor_dead_and_asks(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    tracker.request_cancel("a")
    events = tracker.apply(a_cancel_result(Verdict.REJECTED, message="unknown order"))
    assert kinds(events) == [OrderCancelRejected, OrderQueryNeeded]
    assert (order.state, order.cancel_state) == (OrderState.OPEN, CancelState.REFUSED)
    tracker.request_cancel("a")
    assert order.cancel_state is CancelState.REQUESTED


def test_case_37_an_unanswered_cancel_closes_nothing(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    assert kinds(tracker.apply(a_cancel_result(Verdict.UNKNOWN))) == [OrderUncertain, OrderQueryNeeded]
    assert (order.state, order.cancel_state) == (OrderState.OPEN, CancelState.UNKNOWN)


def test_case_38_a_late_fill_after_a_cancel_is_kept_and_the_order_stays_cancelled(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    assert tracker.cancel_order("a")
    events = tracker.apply(a_fill("t1", "0.5", "102"))
    assert kinds(events) == [OrderFilled, LateFill]
    assert (order.state, order.filled_qty, order.average_price) == (
        OrderState.CANCELLED,
        Decimal("0.5"),
        Decimal(102),
    )
    assert tracker.get_open_orders() == []


def test_case_40_an_accepted_cancel_without_figures_asks_and_invents_nothing(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(a_fill("t1"))
    accepted = a_cancel_result(Verdict.ACCEPTED)
    assert kinds(tracker.apply(accepted)) == [OrderQueryNeeded]
    assert tracker.apply(accepted) == []
    assert (order.state, order.filled_qty) == (OrderState.PARTIALLY_FILLED, Decimal(1))
    assert order.cancel_state is CancelState.REQUESTED


def test_case_40_an_accepted_cancel_with_figures_needs_no_question(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    update = an_update(OrderState.CANCELLED, filled_qty="0", filled_cost="0")
    assert kinds(tracker.apply(a_cancel_result(Verdict.ACCEPTED, update=update))) == [OrderOpened, OrderCancelled]
    assert order.state is OrderState.CANCELLED


def test_case_41_a_cancel_answer_under_the_cancels_own_client_id_is_known_by_the_exchanges(
    tracker: OrderTracker,
) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    update = an_update(OrderState.CANCELLED, "cancel-1", exchange_order_id="7")
    tracker.apply(a_cancel_result(Verdict.ACCEPTED, update=update))
    assert order.state is OrderState.CANCELLED


@pytest.mark.parametrize(("order_type", "time_in_force"), [("LIMIT", TimeInForce.IOC), ("MARKET", TimeInForce.GTC)])
def test_case_44_a_remainder_that_expired_keeps_its_fills(
    tracker: OrderTracker, order_type: str, time_in_force: TimeInForce
) -> None:
    price = None if order_type == "MARKET" else "100"
    order = an_order(tracker, order_type=order_type, price=price, time_in_force=time_in_force)
    tracker.apply(a_fill("t1"))
    events = tracker.apply(an_update(OrderState.EXPIRED, filled_qty="1", filled_cost="100"))
    assert kinds(events) == [OrderExpired]
    assert (order.state, order.filled_qty) == (OrderState.EXPIRED, Decimal(1))


def test_case_45_a_status_that_nobody_knows_keeps_the_state_and_is_announced(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.apply(an_update(OrderState.OPEN))
    events = tracker.apply(an_update(None, raw_status="EXPIRED_BY_MOONLIGHT", filled_qty="1", filled_cost="100"))
    assert anomalies(events) == [AnomalyKind.UNKNOWN_STATUS]
    assert (order.state, order.filled_qty) == (OrderState.PARTIALLY_FILLED, Decimal(1))


# --- the rest --------------------------------------------------------------------------------------------------------


def test_case_60_no_order_of_events_depends_on_a_local_clock(tracker: OrderTracker) -> None:
    skewed = datetime(2031, 1, 1, tzinfo=UTC)
    order = an_order(tracker, created_at=skewed)
    tracker.apply(an_update(OrderState.OPEN, qty="1", updated_at=from_millis(1000)))
    assert (order.qty, order.updated_at, order.created_at) == (Decimal(1), from_millis(1000), skewed)


def test_case_61_a_refused_transition_reaches_listeners_as_an_anomaly_only(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    heard: list[TrackerEvent] = []
    tracker.subscribe(heard.append)
    tracker.apply(a_verdict(Verdict.REJECTED, reason=RejectReason.INSUFFICIENT_FUNDS))
    assert anomalies(heard) == [AnomalyKind.REFUSED_TRANSITION]
    assert kinds(heard) == [Anomaly]
    assert order.state is OrderState.OPEN


def test_case_62_less_than_one_step_left_counts_as_complete(tracker: OrderTracker) -> None:
    order = an_order(tracker, qty="1", qty_step="0.001")
    tracker.apply(a_fill("t1", "0.999"))
    assert by_now(order.state) is OrderState.PARTIALLY_FILLED
    tracker.apply(a_fill("t2", "0.0005"))
    assert by_now(order.state) is OrderState.FILLED
    assert order.filled_qty == Decimal("0.9995")


def test_case_62_without_a_step_every_digit_counts(tracker: OrderTracker) -> None:
    order = an_order(tracker, qty="1")
    tracker.apply(a_fill("t1", "0.999999999999999999"))
    assert order.state is OrderState.PARTIALLY_FILLED


def test_case_63_news_of_an_order_that_left_the_history_is_kept_and_announced() -> None:
    tracker = OrderTracker(history_limit=0)
    an_order(tracker)
    tracker.apply(a_fill("t1", "2"))
    assert tracker.get_order("a") is None
    assert anomalies(tracker.apply(a_fill("t2"))) == [AnomalyKind.UNKNOWN_ORDER]
    assert tracker.orphans == (a_fill("t2"),)


def test_every_order_begins_with_its_submission(tracker: OrderTracker) -> None:
    heard: list[TrackerEvent] = []
    tracker.subscribe(heard.append)
    an_order(tracker)
    assert kinds(heard) == [OrderSubmitted]


# --- not found -------------------------------------------------------------------------------------------------------


def a_search(attempt: int, *, found: bool) -> OrderSearched:
    return OrderSearched(client_order_id="a", attempt=attempt, found=found)


def test_case_49_an_acknowledged_order_that_is_not_found_is_suspect_and_stays_open(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    tracker.apply(a_search(1, found=False))
    assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.SUSPECT)
    assert tracker.state_of_all()["a"].certainty is Certainty.SUSPECT

    tracker.apply(a_search(2, found=True))
    tracker.apply(a_search(1, found=False))
    assert order.certainty is Certainty.CONFIRMED


def test_case_49_a_suspect_order_is_confirmed_by_its_end(tracker: OrderTracker) -> None:
    order = an_order(tracker)
    tracker.set_exchange_id("a", "7")
    tracker.apply(a_search(1, found=False))
    tracker.cancel_order("a")
    assert (order.state, order.certainty) == (OrderState.CANCELLED, Certainty.CONFIRMED)


def test_case_49_becoming_suspect_and_being_found_again_are_each_told_once(tracker: OrderTracker) -> None:
    an_order(tracker)
    tracker.set_exchange_id("a", "7")
    searches = [a_search(1, found=False), a_search(2, found=False), a_search(3, found=True), a_search(4, found=True)]
    assert [kinds(tracker.apply(search)) for search in searches] == [[OrderUncertain], [], [OrderResolved], []]


def test_case_46_what_the_fence_proves_never_placed_has_failed_and_late_evidence_reverses_it(
    tracker: OrderTracker,
) -> None:
    order = an_order(tracker)
    tracker.apply(a_verdict(Verdict.UNKNOWN))
    tracker.apply(a_verdict(Verdict.REJECTED, reason=RejectReason.NOT_PLACED))
    assert (order.state, order.reject_reason) == (OrderState.FAILED, RejectReason.NOT_PLACED)

    events = tracker.apply(an_update(OrderState.OPEN))
    assert order.state is OrderState.OPEN
    assert OrderCorrected in kinds(events)
