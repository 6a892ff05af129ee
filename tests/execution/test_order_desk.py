"""Orders that are sent, cancelled and replaced: each once, each with its own outcome.

Numbers: N and P of docs/faults.md, cases of docs/order-lifecycle.md.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.by_now import by_now
from tests.execution.world import SYMBOL, Play, World, a_buy, fills_of
from yunmin.core.data_contracts import (
    InstrumentStatus,
    OrderState,
    Verdict,
)
from yunmin.core.data_contracts.enums import CancelState, Certainty, Origin
from yunmin.core.data_contracts.verdicts import CancelRequest, SubmitResult
from yunmin.errors import (
    DuplicateOrder,
    LifecycleError,
    RejectReason,
    RejectSource,
    SubmitsPaused,
)


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


def test_N11_a_duplicate_id_adopts_the_order_that_exists(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.by_hand("ym-1", "BUY", "1", "100")
        world.told.clear()
        order = account.tracker.get_order("ym-1")
        assert order is None or order.origin is Origin.EXTERNAL

        async def place_order(request: object) -> None:
            raise DuplicateOrder("Duplicate order sent.")

        world.instead(place_order=place_order)
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
        assert by_now(order.state) is OrderState.OPEN
        world.weather()
        await world.clock.sleep(90)
        assert by_now(order.state) is OrderState.CANCELLED

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


def test_P19_an_order_that_was_decided_before_a_long_sleep_is_not_sent(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = account.begin(a_buy())
        monotonic = world.clock.monotonic
        world.clock.monotonic = lambda: monotonic() + 600  # type: ignore[method-assign]  # the machine slept
        await world.clock.sleep(1)
        assert (order.state, order.reject_reason) == (OrderState.FAILED, RejectReason.NOT_SENT)
        assert world.exchange.posts["ym-1"] == 0

    play(scenario)


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


def test_B9_rules_that_change_while_we_run_are_those_of_the_next_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        paper = world.exchange._paper
        halted = paper._instruments[SYMBOL].model_copy(update={"status": InstrumentStatus.HALTED})
        paper._instruments = {**paper._instruments, SYMBOL: halted}
        refused = await account.place(a_buy("ym-2"))
        assert (refused.state, refused.reject_source) == (OrderState.REJECTED, RejectSource.LOCAL)
        assert (await account.cancel("ym-1")).state is OrderState.CANCELLED

    play(scenario)
