"""Asking the exchange what happened: at the start, after gaps, now and then.

Numbers: N of docs/faults.md, cases of docs/order-lifecycle.md.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from tests.execution.world import FENCE, NO_POLLING, SYMBOL, Play, World, a_buy, fills_of
from yunmin.clock import seeded
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
    UnknownSymbol,
)
from yunmin.exchange import Capability, Support
from yunmin.execution.account_events import ReconcileFinished, Warned
from yunmin.execution.order_journal import last_trade
from yunmin.execution.reconciler import _Listing

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def fail_at_first(world: World, *questions: str) -> list[str]:
    """Give no answer to the first of each of `questions`; a list of those that are asked from now on."""
    asked: list[str] = []

    def failing_once(name: str, ask: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        async def answer(*args: Any, **terms: Any) -> object:
            asked.append(name)
            if asked.count(name) == 1:
                raise Unavailable("no answer")
            return await ask(*args, **terms)

        return answer

    world.instead(**{name: failing_once(name, getattr(world.exchange, name)) for name in questions})
    return asked


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


def test_what_had_an_answer_is_not_asked_for_again_when_a_pass_is_tried_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        for number in range(4):
            await account.place(a_buy(f"ym-{number}"))
        world.weather()
        await world.kill()
        world.told.clear()
        asked = fail_at_first(world, "fetch_open_orders", "fetch_fills", "fetch_order")
        account = await world.open()
        assert account.takes_orders
        assert [report.report.complete for report in world.heard(ReconcileFinished)] == [False, False, False, True]
        assert Counter(asked) == {"fetch_open_orders": 4, "fetch_fills": 2, "fetch_order": 5}

    play(scenario)


def test_a_pass_after_another_gap_begins_anew(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        fetch_fills = world.exchange.fetch_fills
        asked = fail_at_first(world, "fetch_fills")
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(0.05)  # the list of open orders had an answer
        assert asked == ["fetch_fills"]
        world.instead(fetch_fills=fetch_fills)
        cut = asyncio.create_task(world.exchange.cut_streams(1))
        await world.clock.sleep(0.1)
        world.by_hand("mine", "BUY", "1", "90")
        await cut
        await world.clock.sleep(2)
        assert account.takes_orders
        assert {open_one.client_order_id for open_one in account.tracker.get_open_orders()} == {"mine", "ym-1"}
        assert order.is_open

    play(scenario)


def start_with_missing_orders(world: World, count: int) -> None:
    """Let nobody list `count` orders that are open here."""

    async def none_is_listed(symbol: str | None = None) -> list[object]:
        return []

    for number in range(count):
        world.account.tracker.create_order(f"ym-{number}", SYMBOL, "BUY", "LIMIT", "1", "100")
        world.account.tracker.set_exchange_id(f"ym-{number}", str(1000 + number))
    world.instead(fetch_open_orders=none_is_listed)


def test_where_nobody_answers_not_every_missing_order_is_asked_for_and_the_report_is_short(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        start_with_missing_orders(world, 300)
        asked: list[OrderRef] = []

        async def silence(ref: OrderRef) -> None:
            asked.append(ref)
            raise Timeout("no answer")

        world.instead(fetch_order=silence)
        report = await account.reconcile()
        assert 8 <= len(asked) <= 16
        assert not report.complete
        assert report.problem.endswith("and 295 more")
        assert len(report.problem) < 500

    play(scenario)


@pytest.mark.parametrize(("answered", "most"), [(0.05, 1500), (0.7, 700)])
def test_I19_a_pass_that_is_tried_again_hurries_only_while_most_questions_have_an_answer(
    answered: float, most: int, play: Play
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        start_with_missing_orders(world, 300)
        asked = 0
        chance = seeded("who answers")

        async def now_and_then(ref: OrderRef) -> OrderUpdate:
            nonlocal asked
            asked += 1
            await world.clock.sleep(0.02)
            if chance.random() > answered:
                raise Timeout("no answer")
            return OrderUpdate(
                symbol=SYMBOL, client_order_id=ref.client_order_id, exchange_order_id=ref.exchange_order_id,
                state=OrderState.CANCELLED, filled_qty=Decimal(0),
            )  # fmt: skip

        world.instead(fetch_order=now_and_then)
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(60)
        assert asked <= most
        if answered > 0.5:
            assert account.takes_orders

    play(scenario)


def test_a_new_gap_is_seen_to_at_once_however_long_the_wait_after_the_last_one_had_become(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        fetch_open_orders = world.exchange.fetch_open_orders
        asked: list[float] = []

        async def nobody_answers(symbol: str | None = None) -> None:
            asked.append(world.clock.monotonic())
            raise Timeout("no answer")

        world.instead(fetch_open_orders=nobody_answers)
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(100)
        waits = [after - before for before, after in pairwise(asked)]
        assert waits[0] < 1 < 15 <= max(waits) <= 47
        world.instead(fetch_open_orders=fetch_open_orders)
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(1)
        assert account.takes_orders

    play(scenario)


def test_B9_orders_on_a_market_that_is_gone_are_suspect_and_the_account_starts_and_says_so(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.others("SELL", "0.4", "100")
        await account.place(a_buy())
        await world.kill()
        world.exchange.delisted.add(SYMBOL)
        account = await world.open()
        order = account.tracker.get_order("ym-1")
        assert order is not None
        assert (order.state, order.certainty, fills_of(order)) == (
            OrderState.PARTIALLY_FILLED, Certainty.SUSPECT, ["0.4"],
        )  # fmt: skip
        assert account.takes_orders
        await world.clock.sleep(10 * FENCE)
        assert order.certainty is Certainty.SUSPECT
        assert (await account.reconcile()).complete
        await account._reconciler.catch_up_fills()
        (warning,) = [warned.message for warned in world.heard(Warned)]
        assert "yunmin order resolve" in warning
        assert SYMBOL in warning

        world.others("SELL", "0.6", "100")  # it is back
        world.exchange.delisted.clear()
        await account.reconcile()
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["0.4", "0.6"])

    play(scenario)


@pytest.mark.parametrize("asked", ["fetch_order", "fetch_open_orders", "fetch_order_history", "fetch_fills"])
def test_B9_an_order_without_an_answer_on_a_market_that_is_gone_stays_unknown(asked: str, play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        world.weather(before=1.0)
        order = await account.place(a_buy())
        world.weather()

        async def gone(*about: object, **_: object) -> list[object]:
            if about:
                raise UnknownSymbol(f"no market {SYMBOL!r} here")
            return []  # no order is open on any market

        world.instead(**{asked: gone})
        await world.clock.sleep(10 * FENCE)
        assert (await account.reconcile()).complete
        assert (order.is_open, order.certainty) == (True, Certainty.UNKNOWN)

    play(scenario)


def test_where_open_orders_are_listed_by_market_each_is_asked_for_and_one_that_is_gone_is_passed_by(
    play: Play,
) -> None:
    async def scenario(world: World) -> None:
        by_market = {**world.exchange.traits.support, Capability.OPEN_ORDERS_OF_ALL_SYMBOLS: Support.NEVER}
        world.exchange.traits = world.exchange.traits.model_copy(update={"support": by_market})
        account = await world.open()
        account._books.take_fills([], upto=last_trade("GONE/USDT", "1"))
        await account.place(a_buy())
        world.weather(dropped=1.0)
        world.by_hand("mine", "BUY", "1", "90")
        report = await account.reconcile()
        assert (report.complete, report.open_orders, report.adopted) == (True, 2, 1)

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
