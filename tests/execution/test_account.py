"""An account in bad weather, in virtual time. Numbers: N and P of docs/faults.md, cases of docs/order-lifecycle.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.execution.world import NO_POLLING, SYMBOL, World, a_buy, fills_of, live
from yunmin.core.data_contracts import (
    Fill,
    InstrumentStatus,
    OrderAck,
    OrderRef,
    OrderRequest,
    OrderState,
    OrderUpdate,
    Side,
    Verdict,
)
from yunmin.core.data_contracts.enums import CancelState, Certainty, Origin
from yunmin.core.data_contracts.events import (
    Anomaly,
    LateFill,
    OrderCorrected,
    OrderFailed,
    OrderFilled,
    OrderResolved,
    OrderUncertain,
)
from yunmin.core.data_contracts.verdicts import CancelRequest, SubmitResult
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.tracker_state import digest
from yunmin.errors import (
    ConfigurationError,
    DuplicateOrder,
    LifecycleError,
    OrderNotFound,
    OutcomeUnknown,
    Rejected,
    RejectReason,
    RejectSource,
    SubmitsPaused,
    Timeout,
    Unavailable,
)
from yunmin.execution import ExternalOrders, OnClose
from yunmin.execution.account_events import BalanceDrift, ExternalOrderSeen, ReconcileFinished, Warned
from yunmin.execution.gate import PauseReason
from yunmin.execution.journal_lock import is_held
from yunmin.execution.journal_verify import verify_journal
from yunmin.execution.opening import account_of
from yunmin.execution.order_journal import OrderJournal, PlaceIntent
from yunmin.testing.verify.storm_exchange import STORM_FENCE

FENCE = STORM_FENCE + NO_POLLING.fence_margin
Scenario = Callable[[World], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scenario], None]:
    return lambda scenario: live(tmp_path, scenario)


Play = Callable[[Scenario], None]


# --- submission ------------------------------------------------------------------------------------------------------


def test_case_02_an_order_is_sent_once_whatever_becomes_of_it(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        for number, fate in enumerate(("before", "after", "late", "refused")):
            world.weather(**{fate: 1.0})
            await account.place(a_buy(f"ym-{number}"))
        world.weather()
        await world.clock.sleep(120)
        assert set(world.exchange.posts.values()) == {1}

    play(scenario)


def test_case_02_an_id_is_used_once_also_after_a_restart(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.others("SELL", "1", "100")
        await account.place(a_buy())
        await account.close()
        account = await world.open()
        with pytest.raises(LifecycleError):
            account.begin(a_buy())
        assert world.exchange.posts["ym-1"] == 1

    play(scenario)


def test_N2_a_placement_without_an_answer_that_arrived_is_adopted(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(after=1.0)
        order = await account.place(a_buy())
        world.weather()
        await world.clock.sleep(5)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)
        assert len(world.truth().orders) == 1

    play(scenario)


def test_N3_an_order_that_was_filled_before_its_answer_was_lost_has_its_fills(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.others("SELL", "0.4", "100")
        account = await world.open()
        world.weather(after=1.0, dropped=1.0)
        order = await account.place(a_buy())
        world.weather()
        await world.clock.sleep(5)
        assert (order.state, fills_of(order)) == (OrderState.PARTIALLY_FILLED, ["0.4"])

    play(scenario)


def test_N13_a_placement_that_arrives_after_it_was_not_found_is_adopted(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        await world.clock.sleep(6)
        assert (order.state, order.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)
        world.by_hand("ym-1", "BUY", "1", "100")  # the request itself, late
        await world.clock.sleep(5)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    play(scenario)


def test_promise_P3_an_order_that_never_arrived_fails_only_after_the_fence(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather()
        sent_by = world.clock.monotonic()
        while order.is_open:
            assert order.certainty is Certainty.UNKNOWN
            await world.clock.sleep(0.5)
        assert world.clock.monotonic() - sent_by >= FENCE
        assert (order.state, order.reject_reason) == (OrderState.FAILED, RejectReason.NOT_PLACED)

    play(scenario)


def test_case_46_without_a_fence_an_order_stays_unknown(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.exchange.traits = world.exchange.traits.model_copy(update={"placement_fence": None})
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather()
        await world.clock.sleep(2 * 3600)
        assert (order.state, order.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)

    play(scenario)


def test_promise_P3_late_evidence_reverses_an_order_that_counted_as_never_placed(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather()
        await world.clock.sleep(60)
        assert order.state is OrderState.FAILED
        world.by_hand("ym-1", "BUY", "1", "100")  # an exchange that breaks its own promise
        await world.clock.sleep(1)
        assert order.state is OrderState.OPEN
        assert world.heard(OrderCorrected)

    play(scenario)


def test_case_47_a_network_error_is_never_a_not_found(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather(silent=1.0)
        await world.clock.sleep(3600)
        assert (order.state, order.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)

    play(scenario)


def test_case_04_an_intent_without_a_verdict_is_looked_for_after_a_crash(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(after=1.0)
        account.begin(a_buy())
        await world.clock.sleep(0.1)  # it has arrived, and no answer has come
        await world.kill()
        world.weather()
        account = await world.open()
        await world.clock.sleep(5)
        order = account.tracker.get_order("ym-1")
        assert order is not None
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)
        assert world.exchange.posts["ym-1"] == 1

    play(scenario)


def test_case_04_an_intent_that_never_left_fails_after_the_fence(play: Play) -> None:
    async def scenario(world: World) -> None:
        with OrderJournal.open(world.folder, clock=world.clock) as journal:
            journal.intend(PlaceIntent(request=a_buy(), created_at=world.clock.now()))
        account = await world.open()
        order = account.tracker.get_order("ym-1")
        assert order is not None
        assert order.certainty is Certainty.UNKNOWN
        await world.clock.sleep(FENCE + 30)
        assert order.state is OrderState.FAILED
        assert world.exchange.posts["ym-1"] == 0

    play(scenario)


def test_case_05_an_answer_that_comes_while_the_order_is_looked_for_settles_it(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather()
        await world.clock.sleep(0.4)
        world.by_hand("ym-1", "BUY", "1", "100")
        await world.clock.sleep(FENCE * 3)
        assert order.state is OrderState.OPEN
        assert len(world.heard(OrderResolved)) == 1

    play(scenario)


def test_N11_a_duplicate_id_adopts_the_order_that_exists(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.by_hand("ym-1", "BUY", "1", "100")
        world.told.clear()
        order = account.tracker.get_order("ym-1")
        assert order is None or order.origin is Origin.EXTERNAL

        async def place_order(request: object) -> None:
            raise DuplicateOrder("Duplicate order sent.")

        world.exchange.place_order = place_order  # type: ignore[method-assign, assignment]
        world.by_hand("ym-2", "BUY", "1", "100")
        account.tracker.create_order("ym-3", SYMBOL, "BUY", "LIMIT", qty="1", price="100")
        world.by_hand("ym-3", "BUY", "1", "100")
        account.tracker.apply(
            SubmitResult(client_order_id="ym-3", verdict=Verdict.REJECTED, reason=RejectReason.DUPLICATE_ID)
        )
        await world.clock.sleep(5)
        adopted = account.tracker.get_order("ym-3")
        assert adopted is not None
        assert (adopted.state, adopted.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    play(scenario)


def test_case_18_orders_are_taken_only_once_the_stream_is_open(play: Play) -> None:
    async def scenario(world: World) -> None:
        opening = asyncio.create_task(world.open())
        await asyncio.sleep(0)
        with pytest.raises(SubmitsPaused, match="STARTING"):
            world.account.begin(a_buy())
        account = await opening
        assert account.takes_orders

    play(scenario)


# --- fills -----------------------------------------------------------------------------------------------------------


def test_N14_a_fill_that_comes_before_the_answer_is_booked(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.others("SELL", "1", "100")
        account = await world.open()
        world.weather(after=1.0)  # the answer is lost, the stream is not
        order = account.begin(a_buy())
        await world.clock.sleep(0.1)
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["1"])

    play(scenario)


def test_N15_a_fill_by_stream_and_by_query_is_booked_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.others("SELL", "0.4", "100")
        await account.reconcile()
        await account.reconcile()
        assert fills_of(order) == ["0.4"]
        assert len(world.heard(OrderFilled)) == 1

    play(scenario)


def test_N23_duplicates_change_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(doubled=1.0)
        world.others("SELL", "0.4", "100")
        world.others("SELL", "0.6", "100")
        await world.clock.sleep(1)
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["0.4", "0.6"])

    play(scenario)


def test_N24_news_in_any_order_leads_to_the_same_end(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(delayed=1.0)
        for qty in ("0.1", "0.2", "0.3", "0.4"):
            world.others("SELL", qty, "100")
        await world.clock.sleep(3)
        assert (order.state, order.filled_qty) == (OrderState.FILLED, Decimal(1))
        assert sorted(fills_of(order)) == ["0.1", "0.2", "0.3", "0.4"]

    play(scenario)


def test_N30_an_event_that_the_stream_never_told_is_found_by_asking(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"fills_interval": 60.0}))
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        await world.clock.sleep(70)
        assert fills_of(order) == ["0.4"]

    play(scenario)


def test_case_13_a_fill_that_no_trade_shows_is_inferred_after_the_grace_and_replaced_by_the_real_one(
    play: Play,
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        fetch_fills = world.exchange.fetch_fills

        async def no_trades(*_: object, **__: object) -> list[object]:
            return []

        world.exchange.fetch_fills = no_trades  # type: ignore[method-assign, assignment]
        world.others("SELL", "0.4", "100")
        await account.reconcile()
        assert order.unattributed_qty == Decimal("0.4")
        await world.clock.sleep(NO_POLLING.residual_grace + 5)
        assert [fill.kind for fill in order.fills] == ["INFERRED"]

        world.exchange.fetch_fills = fetch_fills  # type: ignore[method-assign]
        await account.reconcile()
        assert [(fill.kind, fill.qty) for fill in order.fills] == [("REAL", Decimal("0.4"))]

    play(scenario)


def test_N37_many_fills_in_one_millisecond_come_page_by_page(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy(qty="50"))
        world.weather(dropped=1.0)
        for _ in range(45):  # pages of ten, and no time passes
            world.others("SELL", "1", "100")
        await account.reconcile()
        assert len(order.fills) == 45

    play(scenario)


def test_N36_ten_thousand_missed_events_are_backfilled_without_loss(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.exchange.traits = world.exchange.traits.model_copy(update={"fills_page": 1000})
        account = await world.open()
        orders = [await account.place(a_buy(f"ym-{number}", qty="1000")) for number in range(10)]
        cut = asyncio.create_task(world.exchange.cut_streams(600))
        await world.clock.sleep(1)
        for _ in range(10_000):
            world.others("SELL", "1", "100")
        await cut
        await world.clock.sleep(5)
        assert sum(len(order.fills) for order in orders) == 10_000
        assert {order.state for order in orders} == {OrderState.FILLED}
        assert account.takes_orders

    play(scenario)


# --- cancels ---------------------------------------------------------------------------------------------------------


def test_N16_a_fill_that_comes_after_the_cancel_is_kept(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(delayed=1.0)
        world.others("SELL", "0.4", "100")
        world.engine.cancel("me", SYMBOL, 1)
        await world.clock.sleep(0.01)
        world.weather()
        await account.reconcile()
        await world.clock.sleep(5)
        assert (order.state, fills_of(order)) == (OrderState.CANCELLED, ["0.4"])

    play(scenario)


def test_N17_a_cancel_that_lost_against_a_fill_ends_filled(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        world.others("SELL", "1", "100")
        await account.cancel("ym-1")
        await world.clock.sleep(5)
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["1"])

    play(scenario)


def test_N18_an_unknown_order_is_cancelled_by_its_own_id_once_it_shows(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather()
        await account.cancel("ym-1")
        assert order.certainty is Certainty.UNKNOWN
        world.by_hand("ym-1", "BUY", "1", "100")
        await world.clock.sleep(10)
        assert order.state is OrderState.CANCELLED

    play(scenario)


def test_case_39_a_cancel_before_the_exchanges_id_goes_by_ours(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(after=1.0)
        await account.place(a_buy())
        world.weather(dropped=1.0)
        order = await account.cancel("ym-1")
        await world.clock.sleep(5)
        assert order.state is OrderState.CANCELLED

    play(scenario)


def test_N19_a_cancel_without_an_answer_leaves_the_order_open_until_it_is_seen_to_have_ended(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(before=1.0)
        await account.cancel("ym-1")
        assert (order.state, order.cancel_state) == (OrderState.OPEN, CancelState.UNKNOWN)
        await world.clock.sleep(30)
        assert order.state is OrderState.OPEN
        world.weather()
        await world.clock.sleep(90)
        assert order.state is OrderState.CANCELLED

    play(scenario)


def test_case_43_one_cancel_is_under_way_at_a_time(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        assert account.begin_cancel("ym-1") is True
        assert account.begin_cancel("ym-1") is False
        await world.clock.sleep(1)
        cancels = [entry for _, _, entry in world.journal.entries() if isinstance(entry, CancelRequest)]
        assert len(cancels) == 1

    play(scenario)


def test_N21_each_order_of_a_cancel_of_all_has_its_own_outcome(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        for number in range(3):
            await account.place(a_buy(f"ym-{number}", price=str(100 + number)))
        world.weather(dropped=1.0)
        world.others("SELL", "1", "102")  # fills the last one, unheard
        await account.cancel_all()
        await world.clock.sleep(5)
        states = [order.state for order in account.tracker.get_orders()]
        assert states == [OrderState.CANCELLED, OrderState.CANCELLED, OrderState.FILLED]

    play(scenario)


def test_case_58_a_cancel_of_all_leaves_other_peoples_orders_alone(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.by_hand("hand-1", "BUY", "1", "99")
        await account.place(a_buy())
        await account.cancel_all()
        await world.clock.sleep(1)
        states = {order.client_order_id: order.state for order in world.truth().orders}
        assert states == {"hand-1": OrderState.OPEN, "ym-1": OrderState.CANCELLED}

    play(scenario)


# --- not found, gaps, strangers --------------------------------------------------------------------------------------


def test_case_49_an_order_that_the_exchange_no_longer_knows_stays_open_and_suspect(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        fetch_order, fetch_open = world.exchange.fetch_order, world.exchange.fetch_open_orders

        async def unknown(ref: OrderRef) -> None:
            raise OrderNotFound("Order does not exist.")

        async def nothing(symbol: str | None = None) -> list[object]:
            return []

        world.exchange.fetch_order = unknown  # type: ignore[method-assign, assignment]
        world.exchange.fetch_open_orders = nothing  # type: ignore[method-assign, assignment]
        await world.clock.sleep(5)
        await account.reconcile()
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.SUSPECT)
        await world.clock.sleep(2 * 3600)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.SUSPECT)

        world.exchange.fetch_order = fetch_order  # type: ignore[method-assign]
        world.exchange.fetch_open_orders = fetch_open  # type: ignore[method-assign]
        await world.clock.sleep(20)
        assert order.certainty is Certainty.CONFIRMED
        assert (len(world.heard(OrderUncertain)), len(world.heard(OrderResolved))) == (1, 1)

    play(scenario)


def test_case_52_what_happened_in_a_gap_is_known_after_it_and_no_order_is_taken_meanwhile(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        cut = asyncio.create_task(world.exchange.cut_streams(10))
        await world.clock.sleep(1)
        world.others("SELL", "0.4", "100")
        await world.clock.sleep(5)
        with pytest.raises(SubmitsPaused, match="STREAM_LOST"):
            account.begin(a_buy("ym-2"))
        assert account.begin_cancel("ym-1") is True
        await cut
        await world.clock.sleep(2)
        assert (order.state, fills_of(order)) == (OrderState.CANCELLED, ["0.4"])
        assert account.takes_orders

    play(scenario)


def test_case_52_after_a_gap_orders_that_were_in_doubt_before_it_do_not_keep_others_from_leaving(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        doubtful = [await account.place(a_buy(f"ym-{number}")) for number in range(3)]
        world.weather()
        silenced = world.exchange.fetch_order

        async def silence(ref: OrderRef) -> None:
            raise Unavailable("no answer")

        world.exchange.fetch_order = silence  # type: ignore[method-assign, assignment]
        await world.exchange.cut_streams(1)
        await world.clock.sleep(1)
        assert account.takes_orders
        assert {order.certainty for order in doubtful} == {Certainty.UNKNOWN}

        world.exchange.fetch_order = silenced  # type: ignore[method-assign]
        await world.clock.sleep(2 * FENCE)
        assert {order.state for order in doubtful} == {OrderState.FAILED}

    play(scenario)


def test_orders_in_doubt_are_asked_for_side_by_side(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        orders = [account.begin(a_buy(f"ym-{number}")) for number in range(40)]
        await account._desk.settle()
        world.weather()
        asked, most = 0, 0
        fetch_order = world.exchange.fetch_order

        async def slowly(ref: OrderRef) -> OrderUpdate:
            nonlocal asked, most
            asked, most = asked + 1, max(most, asked + 1)
            await world.clock.sleep(1)
            asked -= 1
            return await fetch_order(ref)

        world.exchange.fetch_order = slowly  # type: ignore[method-assign]
        await world.clock.sleep(45)
        assert {order.state for order in orders} == {OrderState.FAILED}  # each was asked for at least three times
        assert 1 < most <= 8

    play(scenario)


def test_promise_P3_within_its_fence_an_order_is_asked_for_ever_less_often(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.exchange.traits = world.exchange.traits.model_copy(update={"placement_fence": 60.0})
        account = await world.open()
        world.weather(before=1.0)
        await account.place(a_buy())
        world.weather()
        asked_at: list[float] = []
        fetch_order = world.exchange.fetch_order

        async def noted(ref: OrderRef) -> OrderUpdate:
            asked_at.append(world.clock.monotonic())
            return await fetch_order(ref)

        world.exchange.fetch_order = noted  # type: ignore[method-assign]
        order = account.tracker.get_order("ym-1")
        while order is not None and order.is_open:
            await world.clock.sleep(1)
        within = [at for at in asked_at if at - asked_at[0] < 60]
        assert 3 < len(within) < 10
        assert len(asked_at) - len(within) <= 3

    play(scenario)


def test_N27_a_storm_of_gaps_ends_with_nothing_lost(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy(qty="50"))
        for _ in range(25):
            cut = asyncio.create_task(world.exchange.cut_streams(0.5))
            await world.clock.sleep(0.1)
            world.others("SELL", "1", "100")
            await cut
            world.others("SELL", "1", "100")
        await world.clock.sleep(5)
        assert (order.state, len(order.fills)) == (OrderState.FILLED, 50)

    play(scenario)


def test_case_54_news_that_comes_during_a_pass_is_booked_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy(qty="20"))
        world.weather(latency=2.0)
        passing = asyncio.create_task(account.reconcile())
        for _ in range(20):
            world.others("SELL", "1", "100")
            await world.clock.sleep(0.2)
        report = await passing
        assert report.complete
        assert (order.state, len(order.fills)) == (OrderState.FILLED, 20)

    play(scenario)


def test_case_55_a_restart_drops_no_working_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        for number in range(14):
            await account.place(a_buy(f"ym-{number}"))
        await world.kill()
        account = await world.open()
        assert len(account.tracker.get_open_orders()) == 14
        assert {order.certainty for order in account.tracker.get_open_orders()} == {Certainty.CONFIRMED}

    play(scenario)


def test_case_56_an_inferred_fill_has_the_same_id_in_every_life(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(dropped=1.0)

        async def no_trades(*_: object, **__: object) -> list[object]:
            return []

        world.exchange.fetch_fills = no_trades  # type: ignore[method-assign, assignment]
        world.others("SELL", "0.4", "100")
        await account.reconcile()
        await world.clock.sleep(NO_POLLING.residual_grace + 5)
        before = [fill.trade_id for fill in order.fills]
        assert before
        await world.kill()
        account = await world.open()
        again = account.tracker.get_order("ym-1")
        assert again is not None
        assert [fill.trade_id for fill in again.fills] == before

    play(scenario)


@pytest.mark.parametrize(("policy", "is_followed", "is_told"), [("ADOPT", 1, 0), ("OBSERVE", 0, 1), ("IGNORE", 0, 0)])
def test_case_57_an_order_by_hand_is_treated_as_the_policy_says(
    play: Play, policy: ExternalOrders, is_followed: int, is_told: int
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"external_orders": ExternalOrders(policy)}))
        world.by_hand("hand-1", "BUY", "1", "100")
        world.others("SELL", "0.4", "100")
        await world.clock.sleep(1)
        await account.reconcile()
        followed = [order for order in account.tracker.get_orders() if order.origin is Origin.EXTERNAL]
        assert len(followed) == is_followed
        assert all(fills_of(order) == ["0.4"] for order in followed)
        assert bool(world.heard(ExternalOrderSeen)) == bool(is_told)

    play(scenario)


def test_B10_a_deposit_shows_as_a_drift_and_trades_do_not(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"audit_interval": 60.0}))
        await world.clock.sleep(130)
        world.others("SELL", "1", "100")
        await account.place(a_buy())
        await world.clock.sleep(130)
        assert world.heard(BalanceDrift) == []
        world.engine.ledger.deposit("me", "USDT", 5 * 10**8)
        await world.clock.sleep(130)
        [drift] = world.heard(BalanceDrift)
        assert (drift.asset, drift.actual - drift.expected) == ("USDT", 5)

    play(scenario)


def test_case_34_a_fee_out_of_what_was_bought_moves_the_balance_and_not_the_filled_quantity(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"audit_interval": 60.0}))
        await world.clock.sleep(130)
        world.others("SELL", "1", "100")
        order = await account.place(a_buy())
        assert (order.filled_qty, order.fees) == (Decimal(1), {"BTC": Decimal("0.00100000")})
        await world.clock.sleep(250)
        assert world.heard(BalanceDrift) == []

    play(scenario)


# --- limits, clocks, consumers, the end ------------------------------------------------------------------------------


def test_N8_a_rate_limit_stops_all_orders_for_as_long_as_it_says(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        place = world.exchange.place_order

        async def limited(request: object) -> None:
            raise Rejected("too many", reason=RejectReason.RATE_LIMITED, retry_after=30)

        world.exchange.place_order = limited  # type: ignore[method-assign, assignment]
        first = await account.place(a_buy())
        assert first.state is OrderState.REJECTED
        world.exchange.place_order = place  # type: ignore[method-assign]
        with pytest.raises(SubmitsPaused, match="RATE_LIMITED"):
            account.begin(a_buy("ym-2"))
        await world.clock.sleep(31)
        assert (await account.place(a_buy("ym-3"))).state is OrderState.OPEN

    play(scenario)


def test_N9_while_we_are_banned_orders_stay_as_they_were_and_nothing_is_asked(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(limited=1.0)
        await account.reconcile()
        asked = []
        answer = world.exchange._answer

        async def count() -> None:
            asked.append(world.clock.monotonic())
            await answer()

        world.exchange._answer = count  # type: ignore[method-assign]
        left = account.quiet_for
        assert left > 0
        await world.clock.sleep(left * 0.9)
        assert asked == []
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    play(scenario)


def test_N29_a_reader_that_sleeps_for_half_a_minute_gets_every_event(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        events = account.events()
        order = await account.place(a_buy(qty="30"))
        for _ in range(30):
            world.others("SELL", "1", "100")
            await world.clock.sleep(1)
        assert order.state is OrderState.FILLED
        await account.close()
        assert sum([isinstance(event, OrderFilled) async for event in events]) == 30

    play(scenario)


def test_N34_a_clock_that_steps_back_orders_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        now = world.clock.now
        first = await account.place(a_buy())
        world.clock.now = lambda: now().replace(year=2020)  # type: ignore[method-assign]
        second = await account.place(a_buy("ym-2"))
        await account.cancel("ym-1")
        assert (first.state, second.state) == (OrderState.CANCELLED, OrderState.OPEN)
        assert (await account.reconcile()).complete

    play(scenario)


def test_P17_a_caller_that_is_cancelled_leaves_an_order_whose_outcome_is_written_down(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(latency=1.0)
        caller = asyncio.create_task(account.place(a_buy()))
        await world.clock.sleep(0.001)
        caller.cancel()
        await asyncio.gather(caller, return_exceptions=True)
        await account.close()
        with OrderJournal.open(world.folder, clock=world.clock) as journal:
            [result] = [entry for _, _, entry in journal.entries() if isinstance(entry, SubmitResult)]
            assert result.verdict is Verdict.ACCEPTED
            assert journal.recover().get_order("ym-1") is not None

    play(scenario)


@pytest.mark.parametrize(
    ("on_close", "state"), [(OnClose.LEAVE, OrderState.OPEN), (OnClose.CANCEL, OrderState.CANCELLED)]
)
def test_P17_open_orders_are_left_or_cancelled_at_the_close_as_the_policy_says(
    play: Play, on_close: OnClose, state: OrderState
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"on_close": on_close}))
        await account.place(a_buy())
        await account.close()
        assert [order.state for order in world.truth().orders] == [state]

    play(scenario)


def test_P19_an_order_that_was_decided_before_a_long_sleep_is_not_sent(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = account.begin(a_buy())
        monotonic = world.clock.monotonic
        world.clock.monotonic = lambda: monotonic() + 600  # type: ignore[method-assign]
        await world.clock.sleep(1)
        assert (order.state, order.reject_reason) == (OrderState.FAILED, RejectReason.NOT_SENT)
        assert world.exchange.posts["ym-1"] == 0

    play(scenario)


def test_an_account_that_cannot_be_reconciled_does_not_start(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.weather(silent=1.0)
        with pytest.raises((Timeout, Unavailable)):
            await world.open()
        world.weather()
        opening = asyncio.create_task(world.open())
        await asyncio.sleep(0)
        world.weather(silent=0.6)  # it is asked again, and only for what had no answer
        await opening
        await world.account.close()
        world.weather()
        assert (await world.open()).takes_orders

    play(scenario)


def test_promise_P9_a_broken_invariant_stops_trading_and_says_why(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        account.tracker.add_fill("ym-1", qty="3", price="100", trade_id="999")
        assert order.overfill_qty == 2
        assert "Overfill" in account.pause_reasons[PauseReason.HALTED]
        with pytest.raises(SubmitsPaused, match="Overfill"):
            account.begin(a_buy("ym-2"))
        account.resume("somebody who looked")
        assert account.takes_orders

    play(scenario)


def test_a_kill_switch_cancels_what_is_ours_and_takes_no_more(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        (world.folder / "KILL").write_text("enough")
        await world.clock.sleep(2)
        assert [order.state for order in world.truth().orders] == [OrderState.CANCELLED]
        with pytest.raises(SubmitsPaused, match="enough"):
            account.begin(a_buy("ym-2"))
        (world.folder / "KILL").unlink()
        await world.clock.sleep(2)
        assert account.takes_orders

    play(scenario)


def test_a_pass_says_what_it_found(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        report = await account.reconcile("by hand")
        assert (report.why, report.complete, report.open_orders, report.fills) == ("by hand", True, 1, 1)
        assert world.heard(ReconcileFinished)[-1].report == report
        assert world.heard(Warned) == []

    play(scenario)


def test_a_late_fill_after_its_end_was_told_is_told_as_late(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        await account.cancel("ym-1")
        account.tracker.add_fill("ym-1", qty="0.5", price="100", trade_id="77")
        assert order.state is OrderState.CANCELLED
        assert len(world.heard(LateFill)) == 1

    play(scenario)


# --- the rest of the numbers -----------------------------------------------------------------------------------------


def test_case_09_each_of_many_placements_has_its_own_outcome(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        orders = [account.begin(a_buy(f"ym-{number}", qty=qty)) for number, qty in enumerate(("1", "0.0001", "2"))]
        await world.clock.sleep(1)
        assert [order.state for order in orders] == [OrderState.OPEN, OrderState.REJECTED, OrderState.OPEN]

    play(scenario)


def test_N20_a_replacement_is_an_order_of_its_own_with_its_own_outcome(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        old = await account.place(a_buy())
        new = await account.replace("ym-1", a_buy("ym-2", price="0.001"))  # off the grid: only the second half fails
        assert (old.state, new.state) == (OrderState.CANCELLED, OrderState.REJECTED)

    play(scenario)


def test_case_42_the_end_of_the_old_order_does_not_end_the_new_one(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        old = await account.place(a_buy())
        world.weather(doubled=1.0, delayed=1.0)
        new = await account.replace("ym-1", a_buy("ym-2", price="99"))
        await world.clock.sleep(5)
        assert (old.state, new.state) == (OrderState.CANCELLED, OrderState.OPEN)

    play(scenario)


def test_case_42_an_order_in_doubt_or_one_that_was_filled_is_not_replaced(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        await account.place(a_buy())
        world.weather()
        with pytest.raises(LifecycleError, match="not known for certain"):
            await account.replace("ym-1", a_buy("ym-2"))
        await account.place(a_buy("ym-3"))
        world.weather(dropped=1.0)
        world.others("SELL", "2", "100")
        with pytest.raises(LifecycleError, match="FILLED"):
            await account.replace("ym-3", a_buy("ym-4"))
        assert "ym-4" not in world.exchange.posts

    play(scenario)


def test_case_48_an_order_that_one_query_does_not_show_is_looked_for_in_all(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()

        async def unknown(ref: OrderRef) -> None:
            raise OrderNotFound("Order does not exist.")

        world.exchange.fetch_order = unknown  # type: ignore[method-assign, assignment]
        world.weather(after=1.0, dropped=1.0)
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        await world.clock.sleep(FENCE + 10)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    play(scenario)


def test_case_48_an_order_that_many_others_have_followed_is_looked_for_in_its_own_time(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunmin.execution.order_search._HISTORY", 5)

    async def scenario(world: World) -> None:
        account = await world.open()
        fetch_history = world.exchange.fetch_order_history

        async def silence(*_: object, **__: object) -> None:
            raise Unavailable("no answer")

        world.exchange.fetch_order_history = silence  # type: ignore[method-assign, assignment]
        world.weather(before=1.0)
        lost = await account.place(a_buy("ym-lost"))
        world.weather()
        for number in range(12):  # later ones fill the last page of the history, and its own page too
            await world.clock.sleep(4)
            await account.place(a_buy(f"ym-{number}", price="50"))
        world.exchange.fetch_order_history = fetch_history  # type: ignore[method-assign]
        await world.clock.sleep(10)
        assert lost.state is OrderState.FAILED

    play(scenario)


@pytest.mark.parametrize(
    ("of_one_moment", "state", "certainty"),
    [(False, OrderState.FAILED, Certainty.CONFIRMED), (True, OrderState.PENDING, Certainty.UNKNOWN)],
    ids=["one after the other", "more of one moment than a page has"],
)
def test_case_48_its_own_time_is_looked_through_page_by_page(
    play: Play, monkeypatch: pytest.MonkeyPatch, of_one_moment: bool, state: OrderState, certainty: Certainty
) -> None:
    monkeypatch.setattr("yunmin.execution.order_search._HISTORY", 5)

    async def scenario(world: World) -> None:
        account = await world.open()
        fetch_history = world.exchange.fetch_order_history

        async def all_of_one_moment(symbol: str, *, since: datetime | None = None, limit: int = 100) -> object:
            page = await fetch_history(symbol, since=since, limit=1000)
            return [update.model_copy(update={"created_at": crowded.created_at}) for update in page[-limit:]]

        world.weather(before=1.0)
        crowded = await account.place(a_buy("ym-crowded"))
        world.weather()
        if of_one_moment:
            world.exchange.fetch_order_history = all_of_one_moment  # type: ignore[method-assign, assignment]  # this one answer is another
        for number in range(12):
            await account.place(a_buy(f"ym-{number}", price="50"))
        await world.clock.sleep(10 * FENCE)
        assert (crowded.state, crowded.certainty) == (state, certainty)

    play(scenario)


def test_case_48_a_list_of_an_exchange_that_does_not_say_how_long_it_may_be_is_no_proof(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.exchange.traits = world.exchange.traits.model_copy(update={"history_page": None})
        account = await world.open()
        world.weather(before=1.0)
        lost = await account.place(a_buy("ym-lost"))
        world.weather()
        await world.clock.sleep(10 * FENCE)
        assert (lost.state, lost.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)

    play(scenario)


def test_case_48_an_order_that_the_stream_shows_during_the_search_is_found(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunmin.execution.order_search._HISTORY", 5)

    async def scenario(world: World) -> None:
        account = await world.open()
        fetch_history = world.exchange.fetch_order_history
        begun: list[object] = []

        async def late(symbol: str, **asked: Any) -> object:
            page = await fetch_history(symbol, **asked)
            begun.append(asked.get("since"))
            if begun[-1] is not None and begun.count(begun[-1]) == 2:  # the second search, which would be the last
                account.tracker.apply(
                    OrderUpdate(
                        symbol=symbol, client_order_id="ym-lost", exchange_order_id="77", state="OPEN", source="STREAM"
                    )
                )
            return page

        world.weather(before=1.0)
        lost = await account.place(a_buy("ym-lost"))
        world.weather()
        world.exchange.fetch_order_history = late  # type: ignore[method-assign, assignment]  # the stream is heard meanwhile
        for number in range(12):  # so many that its own time has to be looked through
            await account.place(a_buy(f"ym-{number}", price="50"))
        await world.clock.sleep(10 * FENCE)
        assert lost.state is OrderState.OPEN
        assert world.heard(OrderFailed) == world.heard(Anomaly) == []

    play(scenario)


def test_case_50_an_order_without_the_exchanges_id_is_asked_for_by_ours(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        asked: list[OrderRef] = []
        fetch_order = world.exchange.fetch_order

        async def remember(ref: OrderRef) -> object:
            asked.append(ref)
            return await fetch_order(ref)

        world.exchange.fetch_order = remember  # type: ignore[method-assign, assignment]
        world.weather(after=1.0, dropped=1.0)
        await account.place(a_buy())
        world.weather(dropped=1.0)
        await world.clock.sleep(5)
        assert asked[0] == OrderRef(symbol=SYMBOL, client_order_id="ym-1")

    play(scenario)


def test_case_53_a_stream_that_died_without_a_word_is_made_up_for_by_asking(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"orders_interval": 30.0}))
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        world.engine.cancel("me", SYMBOL, 1)
        await world.clock.sleep(40)
        assert (order.state, fills_of(order)) == (OrderState.CANCELLED, ["0.4"])

    play(scenario)


def test_case_59_an_order_under_an_id_that_the_exchange_made_up_is_somebody_elses(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.by_hand("autoclose-1700000000", "SELL", "1", "101")
        await world.clock.sleep(1)
        order = account.tracker.get_order("autoclose-1700000000")
        assert order is not None
        assert order.origin is Origin.EXTERNAL
        assert await account.cancel_all() == []

    play(scenario)


def test_B5_a_status_that_nobody_knows_keeps_the_state_and_trading_goes_on(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        account.tracker.apply(
            OrderUpdate(symbol=SYMBOL, client_order_id="ym-1", state=None, raw_status="QUANTUM_SUPERPOSED")
        )
        assert order.state is OrderState.OPEN
        [anomaly] = world.heard(Anomaly)
        assert "QUANTUM_SUPERPOSED" in anomaly.message
        assert account.takes_orders

    play(scenario)


def test_B7_news_of_another_side_stops_the_account(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        account.tracker.apply(OrderUpdate(symbol=SYMBOL, client_order_id="ym-1", state=OrderState.OPEN, side=Side.SELL))
        assert "SIDE_MISMATCH" in account.pause_reasons[PauseReason.HALTED]

    play(scenario)


def test_B8_more_filled_than_was_left_is_kept_as_it_is_and_stops_the_account(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        account.tracker.add_fill("ym-1", qty="1.5", price="100", trade_id="5")
        assert (order.filled_qty, order.overfill_qty) == (Decimal("1.5"), Decimal("0.5"))
        assert PauseReason.HALTED in account.pause_reasons

    play(scenario)


def test_B9_rules_that_change_while_we_run_are_those_of_the_next_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        market = world.exchange._paper._instruments[SYMBOL]
        world.exchange._paper._instruments[SYMBOL] = market.model_copy(update={"status": InstrumentStatus.HALTED})
        refused = await account.place(a_buy("ym-2"))
        assert (refused.state, refused.reject_source) == (OrderState.REJECTED, RejectSource.LOCAL)
        assert (await account.cancel("ym-1")).state is OrderState.CANCELLED

    play(scenario)


def test_of_orders_that_are_done_the_reconciler_keeps_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.others("SELL", "100", "100")
        for number in range(20):
            await account.place(a_buy(f"ym-{number}"))
        resting = await account.place(a_buy("ym-open", price="50"))
        world.weather(after=1.0, dropped=1.0)
        fetch_order = world.exchange.fetch_order

        async def unknown(ref: OrderRef) -> None:
            raise OrderNotFound("Order does not exist.")

        world.exchange.fetch_order = unknown  # type: ignore[method-assign, assignment]
        doubtful = await account.place(a_buy("ym-late", price="60"))
        await world.clock.sleep(2)
        assert set(account._reconciler._search._fences) == {"ym-late"}
        world.weather()
        world.exchange.fetch_order = fetch_order  # type: ignore[method-assign]
        world.others("SELL", "200", "60")  # the stream tells of its end before any look does
        await world.clock.sleep(1)
        assert doubtful.is_completed
        await account.reconcile()
        assert set(account._reconciler._heard_at) == {resting.client_order_id}
        assert account._reconciler._search._fences == {}

    play(scenario)


def test_P16_an_order_with_our_prefix_that_is_not_in_our_journal_is_an_alarm(play: Play) -> None:
    async def scenario(world: World) -> None:
        await world.open()
        world.by_hand("ym-of-another-program", "BUY", "1", "100")
        await world.clock.sleep(1)
        [warning] = world.heard(Warned)
        assert "another program trades on this account" in warning.message

    play(scenario)


def test_case_38_a_fill_that_came_while_we_were_away_after_the_cancel_is_booked(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        account.tracker.cancel_order("ym-1")  # as if the cancel's answer had come first, and the program had ended
        world.journal.record(
            OrderUpdate(symbol=SYMBOL, client_order_id="ym-1", exchange_order_id="1", state=OrderState.CANCELLED)
        )
        await world.kill()
        account = await world.open()
        again = account.tracker.get_order("ym-1")
        assert again is not None
        assert fills_of(again) == ["0.4"]
        assert order.filled_qty == 0

    play(scenario)


def test_N35_clocks_that_stray_are_told_at_half_a_second_and_stop_orders_at_a_second(play: Play) -> None:
    async def scenario(world: World) -> None:
        strayed = [0.1, 0.7, *[1.5] * 6, *[0.0] * 10]

        async def synchronise_clock() -> timedelta:
            return timedelta(seconds=strayed.pop(0))

        world.exchange.synchronise_clock = synchronise_clock  # type: ignore[attr-defined]
        account = await world.open(NO_POLLING.model_copy(update={"audit_interval": 60.0}))
        await world.clock.sleep(65)
        assert world.heard(Warned) == []
        await world.clock.sleep(60)
        [warning] = world.heard(Warned)
        assert "0.700 s" in warning.message
        assert account.takes_orders
        await world.clock.sleep(60)
        with pytest.raises(SubmitsPaused, match="CLOCK"):
            account.begin(a_buy())
        await world.clock.sleep(10)  # looked at again at once, until they agree
        assert account.takes_orders

    play(scenario)


def test_a_fault_of_ours_in_the_background_stops_trading_and_says_so(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()

        async def break_down() -> None:
            raise ZeroDivisionError("a bug")

        world.account._reconciler.look_at_what_is_due = break_down  # type: ignore[method-assign]
        await world.clock.sleep(2)
        assert "ZeroDivisionError" in account.pause_reasons[PauseReason.HALTED]

    play(scenario)


def test_B7_an_answer_about_another_order_stops_the_account_and_the_order_is_looked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        place_order = world.exchange.place_order

        async def mix_up(request: OrderRequest) -> OrderAck:
            await place_order(request)
            raise OutcomeUnknown("the answer is about client order id 'other'", is_crossed=True)

        world.exchange.place_order = mix_up  # type: ignore[method-assign]
        order = await account.place(a_buy())
        assert "'other'" in account.pause_reasons[PauseReason.HALTED]
        await world.clock.sleep(5)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    play(scenario)


def test_N22_an_order_leaves_the_history_only_when_its_fills_are_known(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert OrderTracker.__init__.__kwdefaults__ is not None
    monkeypatch.setitem(OrderTracker.__init__.__kwdefaults__, "history_limit", 2)

    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy("ym-0"))
        world.exchange.lose_fills = True
        world.others("SELL", "1", "100")  # its end is told, and the fill is not
        await world.clock.sleep(0.1)
        world.exchange.lose_fills = False
        for number in range(1, 5):
            world.others("SELL", "1", "100")
            await account.place(a_buy(f"ym-{number}"))
        await account.reconcile()
        booked = [event.order.client_order_id for event in world.heard(OrderFilled)]
        assert sorted(booked) == [f"ym-{number}" for number in range(5)]
        assert len(account.tracker.get_orders()) == 2

    play(scenario)


def test_N22_a_fill_that_was_lost_at_the_end_of_its_order_is_asked_for_at_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        world.others("SELL", "1", "100")
        account._books.take(await world.exchange.fetch_order(OrderRef(symbol=SYMBOL, client_order_id="ym-1")))
        assert (order.state, fills_of(order)) == (OrderState.FILLED, [])
        await world.clock.sleep(2)
        assert fills_of(order) == ["1"]

    play(scenario)


def test_N13_a_trade_that_shows_before_its_order_is_booked_once_the_order_shows(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(after=1.0, dropped=1.0)
        order = account.begin(a_buy())
        await world.clock.sleep(0.1)
        world.others("SELL", "0.4", "100")
        fetch_order = world.exchange.fetch_order

        async def not_yet(ref: OrderRef) -> None:
            raise OrderNotFound("Order does not exist.")

        world.exchange.fetch_order = not_yet  # type: ignore[method-assign, assignment]
        await account.reconcile()
        world.exchange.fetch_order = fetch_order  # type: ignore[method-assign]
        world.weather(dropped=1.0)
        await account.reconcile()
        await world.clock.sleep(10)
        await account.reconcile()
        assert fills_of(order) == ["0.4"]

    play(scenario)


def test_case_63_a_late_fill_of_an_order_that_left_the_history_is_announced_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        account.tracker._history_limit = 1
        world.others("SELL", "1", "99")
        await account.place(a_buy("ym-0", price="99"))
        await account.reconcile()
        await account.place(a_buy("ym-1"))
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        account.tracker.cancel_order("ym-1")  # its fill is not known
        for number in (2, 3):
            await account.place(a_buy(f"ym-{number}", price="98"))
            await account.cancel(f"ym-{number}")
        assert account.tracker.get_order("ym-1") is None
        for _ in range(3):
            await account.reconcile()
        announced = [event for event in world.heard(Anomaly) if isinstance(event.subject, Fill)]
        assert [str(event.subject.qty) for event in announced] == ["0.40000000"]

    play(scenario)


def test_the_policy_says_how_many_records_stay_and_what_the_others_said_is_known(play: Play) -> None:
    policy = NO_POLLING.model_copy(update={"snapshot_every": 10, "keep_records": 20})

    async def scenario(world: World) -> None:
        folder = world.folder.with_name("short")
        async with account_of(world.exchange, folder=folder, policy=policy, clock=world.clock) as account:
            for number in range(12):
                await account.place(a_buy(f"ym-{number}"))
                world.others("SELL", "1", "100")
                await world.clock.sleep(1)
            state = digest(account.tracker)
        report = verify_journal(folder)
        assert report.problems == ()
        assert report.first_seq > 1
        assert report.last_seq - report.first_seq < 40
        async with account_of(world.exchange, folder=folder, policy=policy, clock=world.clock) as account:
            assert digest(account.tracker) == state
            with pytest.raises(LifecycleError):
                await account.place(a_buy("ym-0"))

    play(scenario)


def test_M1_who_looks_once_the_folder_is_held_is_asked_before_anybody_is_connected_to(play: Play) -> None:
    async def scenario(world: World) -> None:
        folder = world.folder.with_name("claimed")

        async def connect() -> None:
            raise AssertionError("the exchange was connected to")

        def look() -> None:
            assert is_held(folder)
            raise ConfigurationError("it is another's by now")

        world.exchange.connect = connect  # type: ignore[method-assign]  # nobody is to get so far
        with pytest.raises(ConfigurationError, match="another's"):
            async with account_of(world.exchange, folder=folder, clock=world.clock, when_held=look):
                pass
        assert not is_held(folder)

    play(scenario)
