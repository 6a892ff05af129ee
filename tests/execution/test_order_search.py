"""Finding out about one order, and when a list that lacks it is long enough to say that it is not there.

Numbers: N of docs/faults.md, cases and promises of docs/order-lifecycle.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.by_now import by_now
from tests.execution.world import FENCE, SYMBOL, Play, World, a_buy, fills_of
from yunmin.core.data_contracts import (
    OrderRef,
    OrderState,
    OrderUpdate,
)
from yunmin.core.data_contracts.enums import Certainty
from yunmin.core.data_contracts.events import (
    Anomaly,
    OrderCorrected,
    OrderFailed,
    OrderResolved,
    OrderUncertain,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import (
    OrderNotFound,
    RejectReason,
    Unavailable,
)
from yunmin.execution.order_journal import OrderJournal, PlaceIntent
from yunmin.execution.order_search import _Sweep

MADE = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def five_on_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_NEWEST", "_OWN_TIME"):
        monkeypatch.setattr(f"yunmin.execution.order_search.{name}", 5)


@pytest.mark.parametrize(
    ("begins_earlier_by", "is_enough"),
    [(60.0, True), (5.5, True), (4.5, False), (0.5, False), (-1.0, False)],
)
def test_case_48_a_list_reaches_back_to_an_order_only_beyond_what_clocks_may_differ_by(
    begins_earlier_by: float, is_enough: bool
) -> None:
    order = OrderTracker().create_order("ym-1", "BTC/USDT", "BUY", "LIMIT", "1", "100", created_at=MADE)
    sweep = _Sweep(shown={}, oldest=MADE - timedelta(seconds=begins_earlier_by), is_whole=False)
    assert sweep.reaches_back_to(order) is is_enough


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
        assert by_now(order.state) is OrderState.FAILED
        world.by_hand("ym-1", "BUY", "1", "100")  # an exchange that breaks its own promise
        await world.clock.sleep(1)
        assert by_now(order.state) is OrderState.OPEN
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


def test_case_49_an_order_that_the_exchange_no_longer_knows_stays_open_and_suspect(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        fetch_order, fetch_open = world.exchange.fetch_order, world.exchange.fetch_open_orders

        async def unknown(ref: OrderRef) -> None:
            raise OrderNotFound("Order does not exist.")

        async def nothing(symbol: str | None = None) -> list[object]:
            return []

        world.instead(fetch_order=unknown)
        world.instead(fetch_open_orders=nothing)
        await world.clock.sleep(5)
        await account.reconcile()
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.SUSPECT)
        await world.clock.sleep(2 * 3600)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.SUSPECT)

        world.instead(fetch_order=fetch_order)
        world.instead(fetch_open_orders=fetch_open)
        await world.clock.sleep(20)
        assert order.certainty is Certainty.CONFIRMED
        assert (len(world.heard(OrderUncertain)), len(world.heard(OrderResolved))) == (1, 1)

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

        world.instead(fetch_order=noted)
        order = account.tracker.get_order("ym-1")
        while order is not None and order.is_open:
            await world.clock.sleep(1)
        within = [at for at in asked_at if at - asked_at[0] < 60]
        assert 3 < len(within) < 10
        assert len(asked_at) - len(within) <= 3

    play(scenario)


@pytest.mark.parametrize("silent", ["fetch_open_orders", "fetch_order_history"], ids=["the history", "open orders"])
def test_case_48_an_order_that_one_query_does_not_show_is_looked_for_in_all(play: Play, silent: str) -> None:
    """It is shown by the one that is named, and by no other."""

    async def scenario(world: World) -> None:
        account = await world.open()

        async def unknown(ref: OrderRef) -> None:
            raise OrderNotFound("Order does not exist.")

        async def nothing(*_: object, **__: object) -> list[OrderUpdate]:
            return []

        world.instead(fetch_order=unknown, **{silent: nothing})
        world.weather(after=1.0, dropped=1.0)
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        await world.clock.sleep(FENCE + 10)
        assert (order.state, order.certainty) == (OrderState.OPEN, Certainty.CONFIRMED)

    play(scenario)


def test_case_48_an_order_that_many_others_have_followed_is_looked_for_in_its_own_time(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    five_on_a_page(monkeypatch)

    async def scenario(world: World) -> None:
        account = await world.open()
        fetch_history = world.exchange.fetch_order_history

        async def silence(*_: object, **__: object) -> None:
            raise Unavailable("no answer")

        world.instead(fetch_order_history=silence)
        world.weather(before=1.0)
        lost = await account.place(a_buy("ym-lost"))
        world.weather()
        for number in range(12):  # later ones fill the last page of the history, and its own page too
            await world.clock.sleep(4)
            await account.place(a_buy(f"ym-{number}", price="50"))
        world.instead(fetch_order_history=fetch_history)
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
    five_on_a_page(monkeypatch)

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
            world.instead(fetch_order_history=all_of_one_moment)  # this one answer is another
        for number in range(12):
            await account.place(a_buy(f"ym-{number}", price="50"))
        await world.clock.sleep(10 * FENCE)
        assert (crowded.state, crowded.certainty) == (state, certainty)

    play(scenario)


def test_case_48_of_many_that_are_looked_for_few_pages_of_orders_are_there_at_once(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    five_on_a_page(monkeypatch)

    async def scenario(world: World) -> None:
        account = await world.open()
        under_way, most, limits = 0, 0, set()
        fetch_history = world.exchange.fetch_order_history

        async def slowly(symbol: str, *, since: datetime | None = None, limit: int = 100) -> object:
            nonlocal under_way, most
            limits.add(limit)
            if since is None:  # a sweep: one at a time, and short
                return await fetch_history(symbol, limit=limit)
            under_way, most = under_way + 1, max(most, under_way + 1)
            await world.clock.sleep(3)
            under_way -= 1
            return await fetch_history(symbol, since=since, limit=limit)

        world.instead(fetch_order_history=slowly)
        world.weather(before=1.0)
        lost = [account.begin(a_buy(f"ym-lost-{number}")) for number in range(6)]
        await account._desk.settle()
        world.weather()
        for number in range(12):
            await account.place(a_buy(f"ym-{number}", price="50"))
        await world.clock.sleep(10 * FENCE)
        assert {order.state for order in lost} == {OrderState.FAILED}
        assert (most, limits) == (2, {5})

    play(scenario)


@pytest.mark.parametrize("others", [0, 1], ids=["an empty list", "one that lacks it"])
def test_case_48_a_list_of_an_exchange_that_does_not_say_how_long_it_may_be_is_no_proof(
    play: Play, others: int
) -> None:
    async def scenario(world: World) -> None:
        world.exchange.traits = world.exchange.traits.model_copy(update={"history_page": None})
        account = await world.open()
        for number in range(others):
            await account.place(a_buy(f"ym-{number}", price="50"))
        world.weather(before=1.0)
        lost = await account.place(a_buy("ym-lost"))
        world.weather()
        await world.clock.sleep(10 * FENCE)
        assert (lost.state, lost.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)
        assert account.takes_orders, "whoever looked is there still"

    play(scenario)


def test_case_48_a_trade_whose_order_is_shown_nowhere_may_be_of_any_order_and_none_counts_as_never_placed(
    play: Play,
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        exchange, lags = world.exchange, True
        fetch_order, fetch_open, fetch_history = (
            exchange.fetch_order, exchange.fetch_open_orders, exchange.fetch_order_history,
        )  # fmt: skip

        async def order(ref: OrderRef) -> OrderUpdate:
            if lags:
                raise OrderNotFound("Order does not exist.")
            return await fetch_order(ref)

        async def open_orders(symbol: str | None = None) -> Sequence[OrderUpdate]:
            return [] if lags else await fetch_open(symbol)

        async def history(symbol: str, **asked: Any) -> Sequence[OrderUpdate]:
            return [] if lags else await fetch_history(symbol, **asked)

        world.instead(fetch_order=order, fetch_open_orders=open_orders, fetch_order_history=history)
        world.others("SELL", "1", "100")
        world.weather(after=1.0, dropped=1.0)
        traded = await account.place(a_buy("ym-traded"))
        world.weather(dropped=1.0)
        await world.clock.sleep(30 * FENCE)
        assert (traded.state, traded.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)
        world.weather(before=1.0, dropped=1.0)
        later = await account.place(a_buy("ym-later", price="50"))
        world.weather(dropped=1.0)
        await world.clock.sleep(30 * FENCE)
        assert later.state is OrderState.FAILED, "the trade was before its time"
        lags = False
        await world.clock.sleep(FENCE)
        assert (traded.state, fills_of(traded)) == (OrderState.FILLED, ["1"])

    play(scenario)


def test_case_48_a_trade_whose_order_got_its_name_by_another_way_is_no_longer_in_the_way(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        fetch_order = world.exchange.fetch_order

        async def lagging(ref: OrderRef) -> OrderUpdate:
            raise OrderNotFound("Order does not exist.")

        world.weather(before=1.0, dropped=1.0)
        lost = await account.place(a_buy("ym-lost"))
        world.others("SELL", "1", "100")
        world.instead(fetch_order=lagging)
        world.weather(after=1.0, dropped=1.0)
        traded = await account.place(a_buy("ym-traded"))
        await account.reconcile()
        assert account._reconciler._search._nameless.is_there_since(SYMBOL, None)
        world.instead(fetch_order=fetch_order)
        world.weather(dropped=1.0)
        await world.clock.sleep(5 * FENCE)
        assert traded.state is OrderState.FILLED
        assert lost.state is OrderState.FAILED
        assert not account._reconciler._search._nameless.is_there_since(SYMBOL, None)

    play(scenario)


def test_case_48_a_trade_is_not_given_up_while_an_order_of_its_time_is_in_doubt_also_in_the_next_life(
    play: Play,
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        exchange = world.exchange
        asked = (exchange.fetch_order, exchange.fetch_open_orders, exchange.fetch_order_history)

        async def order(ref: OrderRef) -> OrderUpdate:
            update = await asked[0](ref)
            if update.client_order_id == "ym-traded":
                raise OrderNotFound("Order does not exist.")
            return update

        def without(orders: Sequence[OrderUpdate]) -> Sequence[OrderUpdate]:
            return [update for update in orders if update.client_order_id != "ym-traded"]

        async def open_orders(symbol: str | None = None) -> Sequence[OrderUpdate]:
            return without(await asked[1](symbol))

        async def history(symbol: str, **terms: Any) -> Sequence[OrderUpdate]:
            return without(await asked[2](symbol, **terms))

        world.instead(fetch_order=order, fetch_open_orders=open_orders, fetch_order_history=history)
        world.others("SELL", "1", "100")
        world.weather(after=1.0, dropped=1.0)
        await account.place(a_buy("ym-traded"))
        world.weather(dropped=1.0)
        await world.clock.sleep(30 * FENCE)
        world.others("SELL", "1", "100")
        world.by_hand("by-hand", "BUY", "1", "100")  # a later trade, whose order is shown
        await world.clock.sleep(30 * FENCE)
        await world.kill()
        account = await world.open()
        traded = account.tracker.get_order("ym-traded")
        assert traded is not None
        await world.clock.sleep(60 * FENCE)
        assert (traded.state, traded.certainty) == (OrderState.PENDING, Certainty.UNKNOWN)
        world.instead(fetch_order=asked[0], fetch_open_orders=asked[1], fetch_order_history=asked[2])
        await world.clock.sleep(2 * FENCE)
        assert (traded.state, fills_of(traded)) == (OrderState.FILLED, ["1"])

    play(scenario)


def test_case_48_an_order_that_the_stream_shows_during_the_search_is_found(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    five_on_a_page(monkeypatch)

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
        world.instead(fetch_order_history=late)  # the stream is heard meanwhile
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

        world.instead(fetch_order=remember)
        world.weather(after=1.0, dropped=1.0)
        await account.place(a_buy())
        world.weather(dropped=1.0)
        await world.clock.sleep(5)
        assert asked[0] == OrderRef(symbol=SYMBOL, client_order_id="ym-1")

    play(scenario)
