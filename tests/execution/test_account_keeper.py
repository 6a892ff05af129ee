"""What an account does beside its passes: cancels that are repeated, and the kill switch. M: docs/faults.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.execution.world import NO_POLLING, POLLING, Play, World, a_buy, be_on
from yunmin.core.data_contracts import OrderRef, OrderRequest, OrderUpdate
from yunmin.core.data_contracts.events import OrderCancelRequested
from yunmin.errors import Timeout
from yunmin.execution.account_events import SubmitsChanged
from yunmin.execution.gate import PauseReason
from yunmin.execution.kill_switch import KillSwitch
from yunmin.execution.policy import OnClose


def test_a_wanted_cancel_is_sent_again_while_a_pass_takes_long(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        order = await account.place(a_buy())

        async def slowly(symbol: str, **_: Any) -> list[object]:
            await world.clock.sleep(100)
            return []

        world.instead(fetch_fills=slowly)
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(3)
        cancel_order, tries = world.exchange.cancel_order, 0

        async def lost_once(ref: OrderRef) -> OrderUpdate:
            nonlocal tries
            tries += 1
            if tries == 1:
                raise Timeout("no answer")
            return await cancel_order(ref)

        world.instead(cancel_order=lost_once)
        account.begin_cancel("ym-1")
        await world.clock.sleep(10)
        assert (order.is_completed, tries) == (True, 2)

    play(scenario)


def test_M4_a_kill_is_carried_out_although_a_listener_raises_and_a_second_one_too(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        switch = KillSwitch(world.folder)

        def is_at_fault(event: object) -> None:
            if isinstance(event, SubmitsChanged):
                raise RuntimeError("a fault of the program's")

        for round_number in range(2):
            orders = [await account.place(a_buy(f"ym-{round_number}-{number}")) for number in range(3)]
            stop = account.listen(is_at_fault)
            switch.pull("enough")
            await world.clock.sleep(10)
            assert {order.is_open for order in orders} == {False}
            stop()
            switch.lift()
            await world.clock.sleep(3)
            account.resume("looked")
            assert account.takes_orders

    play(scenario)


def test_M4_a_kill_cancels_at_once_what_was_cancelled_in_vain_before_and_whatever_listeners_raise(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        orders = [await account.place(a_buy(f"ym-{number}")) for number in range(10)]
        cancel_order = world.exchange.cancel_order

        async def silence(ref: OrderRef) -> None:
            raise Timeout("no answer")

        world.instead(cancel_order=silence)
        for order in orders:
            account.begin_cancel(order.client_order_id)
        await world.clock.sleep(64)
        world.instead(cancel_order=cancel_order)

        def is_at_fault(event: object) -> None:
            if isinstance(event, OrderCancelRequested):
                raise RuntimeError("a fault of the program's")

        account.listen(is_at_fault)
        KillSwitch(world.folder).pull("enough")
        await world.clock.sleep(2)
        assert {order.is_open for order in orders} == {False}
        assert PauseReason.HALTED in account.pause_reasons

    play(scenario)


@pytest.mark.parametrize(
    "silent", [("cancel_order",), ("cancel_order", "fetch_order", "fetch_open_orders", "fetch_fills")]
)
def test_a_close_ends_although_cancels_get_no_answer(silent: tuple[str, ...], play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(POLLING)
        orders = [await account.place(a_buy(f"ym-{number}")) for number in range(12)]

        async def silence(*_: object, **__: object) -> None:
            await world.clock.sleep(10)
            raise Timeout("no answer")

        world.instead(**dict.fromkeys(silent, silence))
        for order in orders:
            account.begin_cancel(order.client_order_id)
            await world.clock.sleep(3)
        begun = world.clock.monotonic()
        await account.close()
        assert world.clock.monotonic() - begun <= 12

    play(scenario)


def test_M4_the_kill_switch_is_heeded_however_long_a_pass_takes(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        order = await account.place(a_buy())
        be_on(world, *(f"A{number:03d}/USDT" for number in range(300)))

        async def slowly(symbol: str, **_: Any) -> list[object]:
            await world.clock.sleep(1)
            return []

        world.instead(fetch_fills=slowly)
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(5)
        KillSwitch(world.folder).pull("enough")
        await world.clock.sleep(2)
        assert order.is_completed

    play(scenario)


def test_M4_what_a_kill_wanted_cancelled_is_cancelled_again_while_the_account_is_being_closed(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        orders = [await account.place(a_buy(f"ym-{number}")) for number in range(5)]
        place_order, cancel_order = world.exchange.place_order, world.exchange.cancel_order
        tries = 0

        async def slowly(request: OrderRequest) -> Any:
            await world.clock.sleep(12)
            return await place_order(request)

        async def lost_at_first(ref: OrderRef) -> OrderUpdate:
            nonlocal tries
            tries += 1
            if tries <= 6:
                raise Timeout("no answer")
            return await cancel_order(ref)

        world.instead(place_order=slowly, cancel_order=lost_at_first)
        account.begin(a_buy("ym-slow"))
        await world.clock.sleep(0.1)
        KillSwitch(world.folder).pull("enough")
        await world.clock.sleep(2)
        await account.close()
        assert {order.is_open for order in orders} == {False}

    play(scenario)


@pytest.mark.parametrize("kind", [OrderCancelRequested, SubmitsChanged])
def test_a_close_cancels_and_lets_go_although_a_listener_raises(kind: type, play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"on_close": OnClose.CANCEL}))
        orders = [await account.place(a_buy(f"ym-{number}")) for number in range(5)]

        def is_at_fault(event: object) -> None:
            if isinstance(event, kind):
                raise RuntimeError("a fault of the program's")

        stop = account.listen(is_at_fault)
        with pytest.raises((ExceptionGroup, RuntimeError)):
            await account.close()
        stop()
        assert {order.is_open for order in orders} == {False}
        assert (await world.open()).takes_orders, "the journal was let go of"

    play(scenario)
