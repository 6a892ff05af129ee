"""Asking the exchange what happened: at the start, after gaps, now and then.

Numbers: N of docs/faults.md, cases of docs/order-lifecycle.md.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from tests.execution.world import FENCE, NO_POLLING, SYMBOL, Play, World, a_buy, fills_of
from yunmin.core.data_contracts import (
    OrderRef,
    OrderState,
    OrderUpdate,
)
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.events import (
    OrderFilled,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import (
    OrderNotFound,
    SubmitsPaused,
    Timeout,
    Unavailable,
)
from yunmin.execution.account_events import ReconcileFinished, Warned
from yunmin.execution.reconciler import _Listing

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


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

        world.instead(fetch_fills=no_trades)
        world.others("SELL", "0.4", "100")
        await account.reconcile()
        assert order.unattributed_qty == Decimal("0.4")
        await world.clock.sleep(NO_POLLING.residual_grace + 5)
        assert [fill.kind for fill in order.fills] == ["INFERRED"]

        world.instead(fetch_fills=fetch_fills)
        await account.reconcile()
        assert [(fill.kind, fill.qty) for fill in order.fills] == [("REAL", Decimal("0.4"))]

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

        world.instead(fetch_order=silence)
        await world.exchange.cut_streams(1)
        await world.clock.sleep(1)
        assert account.takes_orders
        assert {order.certainty for order in doubtful} == {Certainty.UNKNOWN}

        world.instead(fetch_order=silenced)
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

        world.instead(fetch_order=slowly)
        await world.clock.sleep(45)
        assert {order.state for order in orders} == {OrderState.FAILED}  # each was asked for at least three times
        assert 1 < most <= 8

    play(scenario)


def test_of_a_list_of_open_orders_only_what_is_not_known_is_kept() -> None:
    tracker = OrderTracker()
    for name in ("known", "moved"):
        tracker.create_order(name, SYMBOL, "BUY", "LIMIT", "1", "100")
    listed = [
        OrderUpdate(
            symbol=SYMBOL,
            client_order_id=name,
            exchange_order_id=number,
            state=OrderState.OPEN,
            qty=Decimal(1),
            price=Decimal(100),
            updated_at=NOON,
            raw={"orderId": number},
        )
        for name, number in (("known", "1"), ("moved", "2"), ("new", "3"))
    ]
    tracker.apply_all(listed[:2])
    moved = listed[1].model_copy(update={"filled_qty": Decimal("0.5"), "updated_at": NOON + timedelta(seconds=1)})
    strangers: Any = SimpleNamespace(is_known=lambda update: update.client_order_id != "new")
    listing = _Listing.of([listed[0], moved, listed[2]], tracker, strangers)
    assert listing.there == {(SYMBOL, "1"), (SYMBOL, "2"), (SYMBOL, "3")}
    assert [news.client_order_id for news in listing.news] == ["moved", "new"]
    assert [news.raw for news in listing.news] == [None, {"orderId": "3"}], "a stranger's is told as it came"


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

        world.instead(fetch_fills=no_trades)
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

        world.instead(fetch_order=unknown)
        doubtful = await account.place(a_buy("ym-late", price="60"))
        await world.clock.sleep(2)
        assert set(account._reconciler._search._fences) == {"ym-late"}
        world.weather()
        world.instead(fetch_order=fetch_order)
        world.others("SELL", "200", "60")  # the stream tells of its end before any look does
        await world.clock.sleep(1)
        assert doubtful.is_completed
        await account.reconcile()
        assert set(account._reconciler._heard_at) == {resting.client_order_id}
        assert account._reconciler._search._fences == {}

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
