"""Executions that the stream did not tell, and whose they are.

Numbers: N and P of docs/faults.md, cases of docs/order-lifecycle.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.execution.world import NO_POLLING, SYMBOL, Play, World, a_buy, fills_of
from yunmin.core.data_contracts import (
    Fill,
    OrderRef,
    OrderState,
    OrderUpdate,
)
from yunmin.core.data_contracts.enums import Origin
from yunmin.core.data_contracts.events import (
    Anomaly,
    OrderFilled,
)
from yunmin.errors import (
    OrderNotFound,
)
from yunmin.execution import ExternalOrders
from yunmin.execution.account_events import ExternalOrderSeen, Warned


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
        limits = set()
        fetch_fills = world.exchange.fetch_fills

        async def noted(symbol: str, **asked: Any) -> Sequence[Fill]:
            limits.add(asked["limit"])
            return await fetch_fills(symbol, **asked)

        world.instead(fetch_fills=noted)
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
        assert limits == {250}, "a page is in memory as a whole: it is no longer than that"

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

        world.instead(fetch_order=not_yet)
        await account.reconcile()
        world.instead(fetch_order=fetch_order)
        world.weather(dropped=1.0)
        await account.reconcile()
        await world.clock.sleep(10)
        await account.reconcile()
        assert fills_of(order) == ["0.4"]

    play(scenario)


def test_case_63_a_late_fill_of_an_order_that_left_the_history_is_announced_once(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        account.tracker.history_limit = 1
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


def test_N13_a_trade_whose_order_is_never_found_is_given_up_and_not_asked_for_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy(price="50"))
        asked = []

        async def unknown(ref: OrderRef) -> OrderUpdate:
            asked.append(ref.exchange_order_id)
            raise OrderNotFound("Order does not exist.")

        world.weather(dropped=1.0)
        world.others("SELL", "1", "100")
        number = str(world.by_hand("theirs", "BUY", "1", "100").id)
        world.instead(fetch_order=unknown)
        for _ in range(15):
            await account.reconcile()
        assert asked.count(number) == 10
        assert any("is given up" in warned.message for warned in world.heard(Warned))

    play(scenario)
