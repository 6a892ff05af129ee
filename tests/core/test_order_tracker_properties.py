"""Whatever is told of one order, in any order and however often: the tracker ends in one state.

A true life at an exchange is drawn first (quantity, fills, end); all news is derived from it, stale answers included.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from yunmin.clock import from_millis
from yunmin.core.data_contracts import Fill, OrderState, OrderUpdate, Verdict
from yunmin.core.data_contracts.enums import CancelState, FillKind, Liquidity, Side
from yunmin.core.data_contracts.events import (
    Anomaly,
    InferredFillReplaced,
    LateFill,
    OrderCancelled,
    OrderCompleted,
    OrderCorrected,
    OrderExpired,
    OrderFailed,
    OrderFilled,
    OrderFillVoided,
    OrderRejected,
    OrderSnapshot,
    OrderSubmitted,
    TrackerEvent,
)
from yunmin.core.data_contracts.verdicts import CancelRequest, CancelResult, FillVoided, SubmitResult
from yunmin.core.order_lifecycle import TERMINAL, TRANSITIONS
from yunmin.core.order_tracker import InFlightOrder, News, OrderTracker
from yunmin.errors import RejectReason, RejectSource

CHECKED = settings(
    max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
END_EVENTS = (OrderCompleted, OrderCancelled, OrderExpired, OrderRejected, OrderFailed)
SYMBOL, OWN_ID, EXCHANGE_ID = "BTC/USDT", "ym_1", "900"
LOT = Decimal("0.01")


# --- a true life, and the news of it ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Life:
    """What really happened to one order at the exchange."""

    qty: Decimal
    trades: tuple[Fill, ...]
    end: OrderState | None
    updates: tuple[OrderUpdate, ...] = field(default=())

    @property
    def filled(self) -> Decimal:
        return sum((trade.qty for trade in self.trades), Decimal(0))


def at(second: int) -> datetime:
    return from_millis(1_760_000_000_000 + second * 1000)


@st.composite
def lives(draw: st.DrawFn) -> Life:
    lots = draw(st.integers(1, 12))
    qty = lots * LOT
    trades: list[Fill] = []
    left = lots
    for number in range(draw(st.integers(0, 4))):
        if left == 0:
            break
        taken = draw(st.integers(1, left))
        left -= taken
        trades.append(a_trade(number, taken * LOT, draw(st.integers(90_00, 110_00)) * LOT))
    ends = [OrderState.FILLED] if left == 0 else [None, OrderState.CANCELLED, OrderState.EXPIRED]
    end = draw(st.sampled_from(ends))
    return Life(qty, tuple(trades), end, tuple(described(qty, trades, end)))


def a_trade(number: int, qty: Decimal, price: Decimal) -> Fill:
    fee, asset = (qty * Decimal("0.001"), "BNB" if number % 2 else "USDT")
    return Fill(
        symbol=SYMBOL,
        trade_id=f"t{number}",
        client_order_id=OWN_ID,
        exchange_order_id=EXCHANGE_ID,
        side=Side.BUY,
        qty=qty,
        price=price,
        fee=fee,
        fee_asset=asset,
        liquidity=Liquidity.MAKER,
        ts=at(number + 1),
    )


def described(qty: Decimal, trades: list[Fill], end: OrderState | None) -> list[OrderUpdate]:
    """The exchange's own description of the order after each step of its life."""
    filled = cost = Decimal(0)
    steps = [an_update(OrderState.OPEN, qty, filled, cost, 0)]
    for number, trade in enumerate(trades):
        filled, cost = filled + trade.qty, cost + trade.cost
        state = OrderState.FILLED if filled == qty else OrderState.PARTIALLY_FILLED
        steps.append(an_update(state, qty, filled, cost, number + 1))
    if end is not None and end is not OrderState.FILLED:
        steps.append(an_update(end, qty, filled, cost, len(trades) + 1))
    return steps


def an_update(state: OrderState, qty: Decimal, filled: Decimal, cost: Decimal, second: int) -> OrderUpdate:
    return OrderUpdate(
        symbol=SYMBOL,
        client_order_id=OWN_ID,
        exchange_order_id=EXCHANGE_ID,
        state=state,
        side=Side.BUY,
        qty=qty,
        price=Decimal(100),
        filled_qty=filled,
        filled_cost=cost,
        updated_at=at(second),
    )


def without_fee(trade: Fill) -> Fill:
    return trade.model_copy(update={"fee": None, "fee_asset": None, "liquidity": None})


def by_exchange_id_only(news: Any) -> Any:
    return news.model_copy(update={"client_order_id": None})


def an_inferred(qty: Decimal, price: Decimal, cumulative: Decimal) -> Fill:
    return Fill(
        symbol=SYMBOL,
        trade_id=f"inferred:{OWN_ID}:{cumulative}",
        client_order_id=OWN_ID,
        qty=qty,
        price=price,
        kind=FillKind.INFERRED,
    )


@st.composite
def news_of(draw: st.DrawFn, life: Life) -> list[News]:
    """Everything that may be told of this life: some of it missing, some twice, in any order."""
    told: list[News] = []
    for trade in life.trades:
        told += draw(st.sampled_from([[], [trade], [without_fee(trade), trade], [trade, by_exchange_id_only(trade)]]))
    told += draw(st.lists(st.sampled_from(life.updates), max_size=len(life.updates)))
    told += [by_exchange_id_only(update) for update in draw(st.lists(st.sampled_from(life.updates), max_size=1))]
    told += draw(st.lists(st.sampled_from(commands(life)), max_size=5))
    if life.trades:
        first, last = life.trades[0], life.trades[-1]
        if draw(st.booleans()):
            told.append(an_inferred(first.qty, first.price, first.qty))
        if draw(st.booleans()):
            told.append(FillVoided(symbol=SYMBOL, trade_id=last.trade_id, client_order_id=OWN_ID))
    told.append(life.updates[-1])  # the last word, so that both trackers can learn the exchange's id
    told += draw(st.lists(st.sampled_from(told), max_size=4))
    return draw(st.permutations(told))


def commands(life: Life) -> list[News]:
    return [
        SubmitResult(client_order_id=OWN_ID, verdict=Verdict.UNKNOWN),
        SubmitResult(client_order_id=OWN_ID, verdict=Verdict.ACCEPTED, update=life.updates[0]),
        SubmitResult(client_order_id=OWN_ID, verdict=Verdict.ACCEPTED, fills=life.trades, update=life.updates[-1]),
        SubmitResult(client_order_id=OWN_ID, verdict=Verdict.REJECTED, reason=RejectReason.DUPLICATE_ID),
        CancelRequest(client_order_id=OWN_ID, attempt=1),
        CancelRequest(client_order_id=OWN_ID, attempt=2),
        CancelResult(client_order_id=OWN_ID, attempt=1, verdict=Verdict.REJECTED),
        CancelResult(client_order_id=OWN_ID, attempt=1, verdict=Verdict.UNKNOWN),
        CancelResult(client_order_id=OWN_ID, attempt=2, verdict=Verdict.ACCEPTED, update=life.updates[-1]),
        CancelResult(client_order_id=OWN_ID, attempt=2, verdict=Verdict.UNKNOWN),
    ]


@st.composite
def told_lives(draw: st.DrawFn) -> tuple[Life, list[News], list[News], int, int]:
    """A life, its news in two orders, and where in each the order is created."""
    life = draw(lives())
    news = draw(news_of(life))
    again = draw(st.permutations([*news, *draw(st.lists(st.sampled_from(news), max_size=3))]))
    return life, news, again, draw(st.integers(0, len(news))), draw(st.integers(0, len(again)))


def followed(life: Life, news: list[News], created_after: int = 0) -> tuple[OrderTracker, list[TrackerEvent]]:
    tracker = OrderTracker()
    heard: list[TrackerEvent] = []
    tracker.subscribe(heard.append)
    for number, piece in enumerate([*news, None]):
        if number == created_after:
            tracker.create_order(OWN_ID, SYMBOL, "BUY", "LIMIT", life.qty, "100")
        if piece is not None:
            tracker.apply(piece)
    return tracker, heard


def the_order(tracker: OrderTracker) -> InFlightOrder:
    order = tracker.get_order(OWN_ID)
    assert order is not None
    return order


def fills_of(tracker: OrderTracker) -> list[Any]:
    return sorted(the_order(tracker).fills)


# --- one state, whatever the order -----------------------------------------------------------------------------------


@CHECKED
@given(told_lives())
def test_any_order_and_repetition_of_the_news_ends_in_one_state(
    told: tuple[Life, list[News], list[News], int, int],
) -> None:
    life, news, again, created_after, created_after_again = told
    one, _ = followed(life, news, created_after)
    other, _ = followed(life, again, created_after_again)
    assert one.state_of_all() == other.state_of_all()
    assert fills_of(one) == fills_of(other)
    assert the_order(one).updated_at == the_order(other).updated_at
    assert one.orphans == other.orphans == ()
    stats = ("open_orders", "total_orders_closed", "total_filled", "total_commission", "fees")
    assert [one.get_stats()[key] for key in stats] == [other.get_stats()[key] for key in stats]


@CHECKED
@given(told_lives())
def test_all_of_the_news_a_second_time_changes_nothing_and_fills_nothing(
    told: tuple[Life, list[News], list[News], int, int],
) -> None:
    life, news, *_ = told
    tracker, heard = followed(life, news)
    before, fills, already = tracker.state_of_all(), fills_of(tracker), len(heard)
    for piece in news:
        tracker.apply(piece)
    assert tracker.state_of_all() == before
    assert fills_of(tracker) == fills
    assert heard[already:] == []


@CHECKED
@given(told_lives())
def test_what_is_filled_is_the_fills_and_what_no_fill_accounts_for(
    told: tuple[Life, list[News], list[News], int, int],
) -> None:
    life, news, _, created_after, _ = told
    order = the_order(followed(life, news, created_after)[0])
    booked = sum((fill.qty for fill in order.fills), Decimal(0))
    assert order.filled_qty == booked + order.unattributed_qty
    assert order.gross_filled_qty <= life.filled
    if order.filled_qty > 0 and not any(isinstance(piece, FillVoided) for piece in news):
        prices = [trade.price for trade in life.trades]
        assert order.average_price is not None
        assert min(prices) <= order.average_price <= max(prices)


@CHECKED
@given(told_lives())
def test_with_every_fill_known_the_figures_are_the_true_ones(
    told: tuple[Life, list[News], list[News], int, int],
) -> None:
    life, news, *_ = told
    news = [piece for piece in news if not isinstance(piece, FillVoided)]
    order = the_order(followed(life, [*life.trades, *news])[0])
    fees: dict[str, Decimal] = defaultdict(Decimal)
    for trade in life.trades:
        assert trade.fee is not None
        assert trade.fee_asset is not None
        fees[trade.fee_asset] += trade.fee
    assert order.filled_qty == life.filled
    assert order.fees == fees
    assert order.fees_complete
    assert order.unattributed_qty == 0
    assert [fill.trade_id for fill in sorted(order.fills)] == [trade.trade_id for trade in life.trades]
    living = OrderState.PARTIALLY_FILLED if life.trades else OrderState.OPEN
    assert order.state is (life.end or living)
    if life.trades:
        true_average = sum((trade.cost for trade in life.trades), Decimal(0)) / life.filled
        assert order.average_price is not None
        assert abs(order.average_price - true_average) < Decimal("1e-20")


# --- what is told of it ----------------------------------------------------------------------------------------------


def snapshots_in(events: list[TrackerEvent]) -> list[OrderSnapshot]:
    return [event.order for event in events if not isinstance(event, Anomaly)]


@CHECKED
@given(told_lives())
def test_events_are_numbered_without_a_gap_and_end_once(told: tuple[Life, list[News], list[News], int, int]) -> None:
    life, news, _, created_after, _ = told
    tracker, heard = followed(life, news, created_after)
    assert [event.seq for event in heard] == list(range(1, len(heard) + 1))
    ends = [event for event in heard if isinstance(event, END_EVENTS)]
    order = the_order(tracker)
    is_done_and_known = order.is_completed and order.unattributed_qty == 0
    assert len(ends) == (1 if is_done_and_known else len(ends))
    assert len(ends) <= 1
    after_the_end = heard[heard.index(ends[0]) + 1 :] if ends else []
    assert not any(isinstance(event, OrderSubmitted) for event in after_the_end)
    late = [event.fill for event in after_the_end if isinstance(event, LateFill)]
    assert late == [event.fill for event in after_the_end if isinstance(event, OrderFilled)]


@CHECKED
@given(told_lives())
def test_every_change_of_state_is_in_the_table_and_a_terminal_one_never_reopens(
    told: tuple[Life, list[News], list[News], int, int],
) -> None:
    life, news, _, created_after, _ = told
    states = [snapshot.state for snapshot in snapshots_in(followed(life, news, created_after)[1])]
    for before, after in pairwise(states):
        assert before is after or after in TRANSITIONS[before]
        assert not (before in TERMINAL and after not in TERMINAL)


@CHECKED
@given(told_lives())
def test_what_is_filled_never_falls_except_by_a_void(told: tuple[Life, list[News], list[News], int, int]) -> None:
    life, news, _, created_after, _ = told
    known = Decimal(0)
    for event in followed(life, news, created_after)[1]:
        if isinstance(event, Anomaly):
            continue
        if not isinstance(event, OrderFillVoided):
            assert event.order.filled_qty >= known
        known = event.order.filled_qty


@CHECKED
@given(told_lives())
def test_the_events_replayed_give_the_state_and_the_quantity(
    told: tuple[Life, list[News], list[News], int, int],
) -> None:
    life, news, _, created_after, _ = told
    tracker, heard = followed(life, news, created_after)
    order = the_order(tracker)
    if order.unattributed_qty == 0:  # an end is told once every fill is known
        assert snapshots_in(heard)[-1].state is order.state
    filled, voided = Decimal(0), Decimal(0)
    booked: dict[str, Decimal] = {}
    for event in heard:
        if isinstance(event, OrderFilled):
            filled += event.fill.qty
            booked[event.fill.trade_id] = event.fill.qty
        elif isinstance(event, InferredFillReplaced):
            filled -= event.qty
        elif isinstance(event, OrderFillVoided):
            voided += booked[event.trade_id]
    assert filled - voided == sum((fill.qty for fill in order.fills), Decimal(0))


# --- verdicts that evidence corrects ---------------------------------------------------------------------------------


@CHECKED
@given(told_lives(), st.sampled_from([RejectReason.NOT_SENT, RejectReason.INSUFFICIENT_FUNDS]), st.integers(0, 20))
def test_a_refusal_gives_way_to_evidence_wherever_it_comes(
    told: tuple[Life, list[News], list[News], int, int], reason: RejectReason, position: int
) -> None:
    life, news, again, created_after, _ = told
    refusal = SubmitResult(
        client_order_id=OWN_ID, verdict=Verdict.REJECTED, reason=reason, source=RejectSource.TRANSPORT
    )
    one, heard = followed(life, [*news[:position], refusal, *news[position:]], created_after)
    other, _ = followed(life, [refusal, *again])
    assert one.state_of_all() == other.state_of_all()
    assert one.state_of_all() == followed(life, news)[0].state_of_all()
    states = [snapshot.state for snapshot in snapshots_in(heard)]
    for before, after in pairwise(states):
        assert before is after or after in TRANSITIONS[before]
        reopened = before in TERMINAL and after not in TERMINAL
        assert not reopened or before in (OrderState.REJECTED, OrderState.FAILED)
    refused_ends = [event for event in heard if isinstance(event, OrderRejected | OrderFailed)]
    assert len(refused_ends) <= 1
    if refused_ends:
        assert any(isinstance(event, OrderCorrected) for event in heard)


@CHECKED
@given(
    st.permutations(
        [
            SubmitResult(client_order_id=OWN_ID, verdict=Verdict.UNKNOWN),
            SubmitResult(client_order_id=OWN_ID, verdict=Verdict.REJECTED, reason=RejectReason.NOT_SENT),
            SubmitResult(client_order_id=OWN_ID, verdict=Verdict.REJECTED),
            SubmitResult(
                client_order_id=OWN_ID,
                verdict=Verdict.REJECTED,
                reason=RejectReason.POST_ONLY,
                source=RejectSource.EXCHANGE,
            ),
        ]
    )
)
def test_refusals_in_any_order_leave_the_most_telling_one(verdicts: list[News]) -> None:
    tracker = OrderTracker()
    order = tracker.create_order(OWN_ID, SYMBOL, "BUY", "LIMIT", "1", "100")
    for verdict in verdicts:
        tracker.apply(verdict)
    assert (order.state, order.reject_reason, order.reject_source) == (
        OrderState.REJECTED,
        RejectReason.POST_ONLY,
        RejectSource.EXCHANGE,
    )


# --- terms that change while the news is under way -------------------------------------------------------------------


@CHECKED
@given(
    st.permutations(
        [
            an_update(OrderState.OPEN, Decimal("0.02"), Decimal(0), Decimal(0), 1),
            an_update(OrderState.OPEN, Decimal("0.03"), Decimal(0), Decimal(0), 2),
            OrderUpdate(symbol=SYMBOL, client_order_id=OWN_ID, price="99", updated_at=at(3)),
            OrderUpdate(symbol=SYMBOL, client_order_id=OWN_ID, qty="0.05", updated_at=at(3)),
            OrderUpdate(symbol=SYMBOL, client_order_id=OWN_ID, qty="0.04", price="98", updated_at=at(3)),
            a_trade(0, Decimal("0.02"), Decimal(99)),
        ]
    )
)
def test_of_each_term_the_newest_word_stands_and_a_grown_order_is_open_again(news: list[News]) -> None:
    tracker = OrderTracker()
    order = tracker.create_order(OWN_ID, SYMBOL, "BUY", "LIMIT", "0.02", "100")
    for piece in news:
        tracker.apply(piece)
    assert (order.qty, order.price, order.state) == (Decimal("0.05"), Decimal(99), OrderState.PARTIALLY_FILLED)
    assert tracker.get_open_orders() == [order]
    assert tracker.get_stats()["total_filled"] == tracker.get_stats()["total_orders_closed"] == 0


@CHECKED
@given(
    st.permutations(
        [
            OrderUpdate(symbol=SYMBOL, client_order_id=OWN_ID, state=OrderState.FILLED, updated_at=at(3)),
            an_update(OrderState.PARTIALLY_FILLED, Decimal("0.05"), Decimal("0.01"), Decimal(1), 1),
            an_update(OrderState.PARTIALLY_FILLED, Decimal("0.03"), Decimal("0.02"), Decimal(2), 2),
            a_trade(0, Decimal("0.01"), Decimal(100)),
        ]
    )
)
def test_filled_without_a_figure_means_all_of_whatever_the_quantity_turns_out_to_be(news: list[News]) -> None:
    tracker = OrderTracker()
    order = tracker.create_order(OWN_ID, SYMBOL, "BUY", "LIMIT", "0.05", "100")
    for piece in news:
        tracker.apply(piece)
    assert (order.state, order.filled_qty) == (OrderState.FILLED, Decimal("0.03"))
    assert order.unattributed_qty == Decimal("0.02")


# --- many orders, step by step ---------------------------------------------------------------------------------------


class Account(RuleBasedStateMachine):
    """A user and an exchange that act in any order, on several orders, some of them with the same exchange id."""

    symbols = ("BTC/USDT", "ETH/USDT")

    @initialize()
    def begin(self) -> None:
        self.tracker = OrderTracker(history_limit=3, orphan_limit=50)
        self.heard: list[TrackerEvent] = []
        self.tracker.subscribe(self.heard.append)
        self.live: list[InFlightOrder] = []
        self.filled: dict[str, Decimal] = {}
        self.trades = 0

    @rule(symbol=st.sampled_from(symbols), lots=st.integers(1, 5))
    def create(self, symbol: str, lots: int) -> None:
        name = f"o{len(self.live)}"
        order = self.tracker.create_order(name, symbol, "BUY", "LIMIT", lots * LOT, "100")
        assert order.state is OrderState.PENDING
        self.live.append(order)
        self.filled[name] = Decimal(0)

    def pick(self, data: st.DataObject) -> InFlightOrder:
        return data.draw(st.sampled_from(self.live))

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        order = self.pick(data)
        name = str(self.live.index(order) // 2)
        is_free = self.tracker.get_order_by_exchange_id(name, order.symbol) in (None, order)
        is_kept = self.tracker.get_order(order.client_order_id) is order
        assert self.tracker.set_exchange_id(order.client_order_id, name) is (is_kept and is_free)
        if is_kept and is_free:
            assert self.tracker.get_order_by_exchange_id(name, order.symbol) is order

    @precondition(lambda self: self.live)
    @rule(data=st.data(), repeat=st.booleans())
    def fill(self, data: st.DataObject, repeat: bool) -> None:
        order = self.pick(data)
        if self.tracker.get_order(order.client_order_id) is None:
            return
        self.trades += 1
        self.filled[order.client_order_id] += LOT
        for _ in range(1 + repeat):
            assert self.tracker.add_fill(order.client_order_id, LOT, "100", trade_id=f"t{self.trades}")

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        order = self.pick(data)
        was_open = order.is_open
        assert self.tracker.cancel_order(order.client_order_id) is was_open

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def request_cancel(self, data: st.DataObject) -> None:
        order = self.pick(data)
        assert self.tracker.request_cancel(order.client_order_id) is order.is_open
        assert order.cancel_state is (CancelState.REQUESTED if order.is_open else CancelState.NONE)

    @invariant()
    def every_order_is_open_or_done(self) -> None:
        open_orders = self.tracker.get_open_orders()
        history = self.tracker.get_order_history(limit=10)
        assert all(order.is_open for order in open_orders)
        assert all(order.is_completed for order in history)
        assert set(open_orders) == {order for order in self.live if order.is_open}
        assert len(history) <= 3
        assert self.tracker.get_stats()["total_filled"] == sum(order.state is OrderState.FILLED for order in self.live)

    @invariant()
    def nothing_filled_is_lost_or_counted_twice(self) -> None:
        for order in self.live:
            assert order.filled_qty == self.filled[order.client_order_id]

    @invariant()
    def events_are_numbered_without_a_gap(self) -> None:
        assert [event.seq for event in self.heard] == list(range(1, len(self.heard) + 1))


TestAccount = Account.TestCase
TestAccount.settings = settings(max_examples=60, stateful_step_count=25, deadline=None, derandomize=True, database=None)
