"""An account in bad weather, in virtual time.

Numbers: N, P and B of docs/faults.md, cases of docs/order-lifecycle.md.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.execution.world import NO_POLLING, SYMBOL, Play, World, a_buy, fills_of
from yunmin.core.data_contracts import (
    OrderAck,
    OrderRequest,
    OrderState,
    OrderUpdate,
    Side,
    Verdict,
)
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.events import (
    Anomaly,
    LateFill,
    OrderFilled,
)
from yunmin.core.data_contracts.verdicts import SubmitResult
from yunmin.core.tracker_state import digest
from yunmin.errors import (
    ConfigurationError,
    LifecycleError,
    OutcomeUnknown,
    Rejected,
    RejectReason,
    SubmitsPaused,
)
from yunmin.execution import OnClose
from yunmin.execution.account_events import BalanceDrift, Warned
from yunmin.execution.gate import PauseReason
from yunmin.execution.journal_lock import is_held
from yunmin.execution.journal_verify import verify_journal
from yunmin.execution.opening import account_of
from yunmin.execution.order_journal import OrderJournal


def test_N14_a_fill_that_comes_before_the_answer_is_booked(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.others("SELL", "1", "100")
        account = await world.open()
        world.weather(after=1.0)  # the answer is lost, the stream is not
        order = account.begin(a_buy())
        await world.clock.sleep(0.1)
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["1"])

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


def test_N8_a_rate_limit_stops_all_orders_for_as_long_as_it_says(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        place = world.exchange.place_order

        async def limited(request: object) -> None:
            raise Rejected("too many", reason=RejectReason.RATE_LIMITED, retry_after=30)

        world.instead(place_order=limited)
        first = await account.place(a_buy())
        assert first.state is OrderState.REJECTED
        world.instead(place_order=place)
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

        world.instead(_answer=count)
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
        world.clock.now = lambda: now().replace(year=2020)  # type: ignore[method-assign]  # the clock steps back
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


def test_a_late_fill_after_its_end_was_told_is_told_as_late(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        await account.cancel("ym-1")
        account.tracker.add_fill("ym-1", qty="0.5", price="100", trade_id="77")
        assert order.state is OrderState.CANCELLED
        assert len(world.heard(LateFill)) == 1

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


def test_N35_clocks_that_stray_are_told_at_half_a_second_and_stop_orders_at_a_second(play: Play) -> None:
    async def scenario(world: World) -> None:
        strayed = [0.1, 0.7, *[1.5] * 6, *[0.0] * 10]

        async def synchronise_clock() -> timedelta:
            return timedelta(seconds=strayed.pop(0))

        world.exchange.synchronise_clock = synchronise_clock  # type: ignore[attr-defined]  # other exchanges have one
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

        world.account._reconciler.look_at_what_is_due = break_down  # type: ignore[method-assign]  # a fault of ours
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

        world.instead(place_order=mix_up)
        order = await account.place(a_buy())
        assert "'other'" in account.pause_reasons[PauseReason.HALTED]
        await world.clock.sleep(5)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

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

        world.instead(connect=connect)  # nobody is to get so far
        with pytest.raises(ConfigurationError, match="another's"):
            async with account_of(world.exchange, folder=folder, clock=world.clock, when_held=look):
                pass
        assert not is_held(folder)

    play(scenario)
