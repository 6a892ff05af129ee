"""Of which markets executions are asked for, and when: a silent one, a refused one, one that is gone. Numbers: docs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from tests.execution.world import NO_POLLING, POLLING, SYMBOL, Play, World, a_buy, be_on, fills_of
from yunmin.core.data_contracts import OrderRef, OrderState, OrderUpdate
from yunmin.errors import (
    ExchangeError,
    MalformedResponse,
    RateLimited,
    Rejected,
    Timeout,
    Unavailable,
    UnknownSymbol,
)
from yunmin.exchange import Capability, Support
from yunmin.execution.account_events import ReconcileFinished, Warned
from yunmin.execution.policy import ExternalOrders
from yunmin.execution.reconciler import PassProgress


def answer_with(world: World, answer: Callable[[str], ExchangeError | None]) -> Counter[str]:
    """Fail fetch_fills where `answer` gives an error; on the world's own market alone are fills. Counts questions."""
    fetch_fills, asked = world.exchange.fetch_fills, Counter[str]()

    async def instead(symbol: str, **terms: Any) -> Any:
        asked[symbol] += 1
        error = answer(symbol)
        if error is not None:
            raise error
        return await fetch_fills(symbol, **terms) if symbol == SYMBOL else []

    world.instead(fetch_fills=instead)
    return asked


def have_no_stream(world: World) -> None:
    support = {**world.exchange.traits.support, Capability.ACCOUNT_STREAM: Support.NOT_YET}
    world.exchange.traits = world.exchange.traits.model_copy(update={"support": support})


@pytest.mark.parametrize("markets", [5, 60])
def test_I19_what_an_account_asks_for_by_itself_does_not_grow_with_markets_where_nothing_happens(
    markets: int, play: Play
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(POLLING)
        order = await account.place(a_buy())
        others = [f"M{number:02d}/USDT" for number in range(markets)]
        be_on(world, *others)
        asked = answer_with(world, lambda symbol: None)
        await world.clock.sleep(600)
        assert 50 <= asked.total() <= 125  # ten markets a minute, and the one that has an open order every half
        assert min(asked[symbol] for symbol in [SYMBOL, *others]) >= 1, "each has its turn"

        asked.clear()
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        await world.clock.sleep(35)
        assert fills_of(order) == ["0.4"]
        assert asked.total() <= 12

    play(scenario)


@pytest.mark.parametrize("kind", [MalformedResponse, Rejected, Timeout])
@pytest.mark.parametrize("silent", ["AAA/USDT", "ZZZ/USDT"])
def test_a_market_without_a_good_answer_does_not_keep_others_from_being_known(
    silent: str, kind: type[ExchangeError], play: Play
) -> None:
    error = kind("of one market")

    async def scenario(world: World) -> None:
        account = await world.open(POLLING)
        order = await account.place(a_buy())
        be_on(world, silent, "MMM/USDT")
        asked = answer_with(world, lambda symbol: error if symbol == silent else None)
        world.weather(dropped=1.0)
        world.others("SELL", "1", "100")
        report = await account.reconcile()
        assert (report.complete, report.problem) == (False, f"{type(error).__name__}: of one market")
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["1"])

        with pytest.raises(Unavailable, match="of one market"):
            await account._reconciler.catch_up_fills()
        assert {asked[symbol] for symbol in (SYMBOL, silent, "MMM/USDT")} == {2}

        other = await account.place(a_buy("ym-2"))
        account._reconciler._fills.moved(silent)
        world.others("SELL", "1", "100")
        await world.clock.sleep(35)
        assert (other.state, fills_of(other)) == (OrderState.FILLED, ["1"])

    play(scenario)


def test_where_nobody_answers_two_are_asked_and_the_others_wait_for_the_next_time_when_they_come_first(
    play: Play,
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        order = await account.place(a_buy())
        be_on(world, *(f"M{number}/USDT" for number in range(5)))
        asked = answer_with(world, lambda symbol: Timeout("no answer"))
        looked_at: list[OrderRef] = []

        async def fetch_order(ref: OrderRef) -> None:
            looked_at.append(ref)
            raise Timeout("no answer")

        world.instead(fetch_order=fetch_order)
        await world.clock.sleep(10)
        world.engine.cancel("me", SYMBOL, 1)
        for asked_by_then in (2, 4, 6):
            report = await account.reconcile()
            assert report.problem == "Timeout: no answer; Timeout: no answer"
            assert (asked.total(), max(asked.values())) == (asked_by_then, 1)
        assert looked_at == []
        assert order.is_completed, "the stream told"

    play(scenario)


def test_a_market_that_wants_quiet_ends_the_pass_and_is_asked_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        be_on(world, "AAA/USDT", "BBB/USDT")
        left = [RateLimited("too many", retry_after=7.0)]
        asked = answer_with(world, lambda symbol: left.pop() if left else None)
        report = await account.reconcile()
        assert (report.complete, asked) == (False, {"AAA/USDT": 1})
        assert not account.takes_orders
        await world.clock.sleep(8)
        assert account.takes_orders
        await account.reconcile()
        assert asked == {"AAA/USDT": 2, "BBB/USDT": 1}

    play(scenario)


@pytest.mark.parametrize("late", [0.0, 45.0])
@pytest.mark.parametrize("streams", [True, False])
def test_N16_a_fill_that_comes_to_light_only_after_the_end_of_its_order_is_found_by_the_next_look(
    streams: bool, late: float, play: Play
) -> None:
    async def scenario(world: World) -> None:
        if not streams:
            have_no_stream(world)
        account = await world.open(POLLING)
        be_on(world, *(f"M{number:03d}/USDT" for number in range(200)))
        answer_with(world, lambda symbol: None)
        order = await account.place(a_buy())
        await world.clock.sleep(70)
        fetch_fills, shown_at = world.exchange.fetch_fills, world.clock.monotonic() + late

        async def shown_late(symbol: str, **terms: Any) -> Any:
            return [] if world.clock.monotonic() < shown_at else await fetch_fills(symbol, **terms)

        world.instead(fetch_fills=shown_late)
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        cancel_order = world.exchange.cancel_order

        async def without_figures(ref: OrderRef) -> OrderUpdate:
            return (await cancel_order(ref)).model_copy(update={"filled_qty": Decimal(0), "filled_cost": None})

        world.instead(cancel_order=without_figures)
        await account.cancel("ym-1")
        assert order.is_completed
        await world.clock.sleep(late + 35)
        assert fills_of(order) == ["0.4"]

    play(scenario)


def test_a_start_without_a_stream_needs_no_single_try_in_which_all_markets_answer(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        be_on(world, *(f"M{number:02d}/USDT" for number in range(60)))
        await world.kill()
        have_no_stream(world)
        asked = answer_with(world, lambda symbol: Timeout("no answer") if asked.total() % 7 == 0 else None)
        account = await world.open()
        assert account.takes_orders
        assert asked.total() < 61 * 7 / 6 + 10
        assert sum(not finished.report.complete for finished in world.heard(ReconcileFinished)) >= 4

    play(scenario)


def test_without_a_stream_what_happens_between_the_tries_of_a_start_is_known_after_it(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        be_on(world, "ZZZ/USDT")
        await world.kill()
        have_no_stream(world)

        def others_trade_meanwhile(symbol: str) -> ExchangeError | None:
            if symbol == SYMBOL or world.truth().fills:
                return None
            world.others("SELL", "1", "100")
            return Unavailable("no answer")

        answer_with(world, others_trade_meanwhile)
        account = await world.open()
        order = account.tracker.get_order("ym-1")
        assert account.takes_orders
        assert order is not None
        assert (order.state, fills_of(order)) == (OrderState.FILLED, ["1"])

    play(scenario)


def test_markets_that_are_silent_in_their_turn_do_not_starve_the_one_with_an_open_order(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(POLLING)
        await account.place(a_buy())
        be_on(world, *(f"A{number:02d}/USDT" for number in range(40)))
        asked_at: list[float] = []

        async def fetch_fills(symbol: str, **_: Any) -> list[object]:
            if symbol == SYMBOL:
                asked_at.append(world.clock.monotonic())
                return []
            await world.clock.sleep(5)
            raise Timeout("no answer")

        world.instead(fetch_fills=fetch_fills)
        await world.clock.sleep(1200)
        assert max(after - before for before, after in pairwise(asked_at)) < 50

    play(scenario)


def test_I19_one_market_that_is_always_refused_does_not_make_a_pass_hurry_for_ever(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        be_on(world, *(f"A{number:02d}/USDT" for number in range(20)))
        asked = answer_with(world, lambda symbol: Rejected("never") if symbol == "A07/USDT" else None)
        await world.exchange.cut_streams(0.1)
        await world.clock.sleep(60)
        asked.clear()
        await world.clock.sleep(300)
        assert 5 <= asked.total() <= 25
        assert set(asked) == {"A07/USDT"}
        assert not account.takes_orders, "it was not all answered since the gap"

    play(scenario)


def test_a_market_that_had_an_answer_and_then_none_is_asked_again_before_a_pass_is_complete(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        await account.place(a_buy())
        be_on(world, "ZZZ/USDT")
        left: dict[str, list[ExchangeError | None]] = {
            SYMBOL: [None, Rejected("once")],
            "ZZZ/USDT": [Rejected("once"), Rejected("twice")],
        }
        asked = answer_with(world, lambda symbol: left[symbol].pop(0) if left[symbol] else None)
        world.weather(dropped=1.0)
        progress = PassProgress()
        assert not (await account._reconciler.reconcile("1", progress)).complete
        world.others("SELL", "0.4", "100")  # news in the list: that market is asked again, in vain
        assert not (await account._reconciler.reconcile("2", progress)).complete
        assert (await account._reconciler.reconcile("3", progress)).complete
        assert asked == {SYMBOL: 3, "ZZZ/USDT": 3}

    play(scenario)


def test_the_end_of_an_order_waits_for_its_fills_while_its_market_does_not_answer(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        order = await account.place(a_buy())
        be_on(world, "ZZZ/USDT")
        silent = [Timeout("no answer")]
        answer_with(world, lambda symbol: silent.pop() if symbol == SYMBOL and silent else None)
        world.weather(dropped=1.0)
        await world.clock.sleep(10)
        world.others("SELL", "1", "100")
        assert not (await account.reconcile()).complete
        assert order.is_open
        assert (await account.reconcile()).complete
        assert fills_of(order) == ["1"]

    play(scenario)


def test_two_silent_markets_with_open_orders_do_not_keep_the_others_from_being_asked(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(POLLING)
        await account.place(a_buy())
        for symbol in ("AAA/USDT", "BBB/USDT"):
            account.tracker.create_order(f"on {symbol}", symbol, "BUY", "LIMIT", "1", "1")
            account.tracker.set_exchange_id(f"on {symbol}", symbol)
        be_on(world, "AAA/USDT", "BBB/USDT", "YYY/USDT", "ZZZ/USDT")
        asked = answer_with(world, lambda symbol: Timeout("no answer") if symbol[0] in "AB" else None)
        await world.clock.sleep(600)
        assert asked[SYMBOL] >= 15
        assert min(asked["YYY/USDT"], asked["ZZZ/USDT"]) >= 8
        assert min(asked["AAA/USDT"], asked["BBB/USDT"]) >= 8

    play(scenario)


@pytest.mark.parametrize("streams", [True, False])
def test_I19_a_market_where_something_happened_is_asked_for_a_few_times_and_not_at_every_look(
    streams: bool, play: Play
) -> None:
    async def scenario(world: World) -> None:
        if not streams:
            have_no_stream(world)
        account = await world.open(POLLING)
        be_on(world, *(f"M{number}/USDT" for number in range(10)))
        asked = answer_with(world, lambda symbol: None)
        for number in range(10):
            account._reconciler.moved(f"M{number}/USDT")
        await world.clock.sleep(200)
        assert all(1 <= asked[f"M{number}/USDT"] <= 7 for number in range(10)), asked

    play(scenario)


def test_which_markets_were_read_and_which_were_not_is_told_of_each_and_refusals_are_no_silences(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        fills, symbols = account._reconciler._fills, {"AAA/USDT", "BBB/USDT", "CCC/USDT"}
        be_on(world, *symbols)
        error: list[ExchangeError] = [Rejected("no")]
        asked = answer_with(world, lambda symbol: error[0])
        read = {"AAA/USDT", SYMBOL}
        caught = await fills.catch_up(symbols, read)
        assert (caught.unread, caught.silences, asked.total()) == (symbols, 0, 3)
        assert read == {SYMBOL}, "what has no answer now is not read any more"

        error[0] = Timeout("no answer")
        caught = await fills.catch_up(symbols, read)
        assert (caught.unread, caught.silences, asked.total()) == (symbols, 2, 5)

    play(scenario)


def test_markets_with_open_orders_come_first(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        be_on(world, "AAA/USDT")
        await account.place(a_buy())
        asked = answer_with(world, lambda symbol: None)
        await account._reconciler._fills.catch_up({SYMBOL}, set())
        await world.clock.sleep(1)
        asked.clear()
        await account._reconciler._fills.catch_up({SYMBOL, "AAA/USDT"}, set())
        assert list(asked) == [SYMBOL, "AAA/USDT"]

    play(scenario)


def test_where_the_list_says_what_is_not_known_its_market_is_asked_for_though_nothing_of_ours_is_there(
    play: Play,
) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"external_orders": ExternalOrders.OBSERVE}))
        be_on(world, SYMBOL)
        asked = answer_with(world, lambda symbol: None)
        world.weather(dropped=1.0)
        world.by_hand("mine", "BUY", "1", "90")
        await account._reconciler.compare("now and then")
        assert asked == {SYMBOL: 1}

    play(scenario)


def test_what_the_list_says_of_an_order_waits_for_the_fills_of_its_market(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        order = await account.place(a_buy())
        be_on(world, "ZZZ/USDT")
        answer_with(world, lambda symbol: Timeout("no answer") if symbol == SYMBOL else None)
        world.weather(dropped=1.0)
        world.others("SELL", "0.4", "100")
        assert not (await account.reconcile()).complete
        assert (order.state, order.unattributed_qty) == (OrderState.OPEN, Decimal(0))

    play(scenario)


def test_a_look_now_and_then_leaves_orders_in_doubt_to_their_own_time(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING)
        world.weather(before=1.0)
        await account.place(a_buy())
        world.weather()
        looks: list[OrderRef] = []

        async def counted(ref: OrderRef) -> None:
            looks.append(ref)
            raise Unavailable("no answer")

        world.instead(fetch_order=counted)
        assert (await account._reconciler.compare("now and then")).complete
        assert looks == []

    play(scenario)


def test_N8_a_start_without_a_stream_does_not_wait_for_longer_than_it_has_patience(play: Play) -> None:
    async def scenario(world: World) -> None:
        have_no_stream(world)

        async def too_many(symbol: str | None = None) -> None:
            raise RateLimited("too many", retry_after=86_400.0)

        world.instead(fetch_open_orders=too_many)
        with pytest.raises(RateLimited):
            await world.open()
        assert world.clock.monotonic() < 60

    play(scenario)


# --- markets that are gone -------------------------------------------------------------------------------------------


def test_B9_a_market_that_is_gone_is_told_once_and_once_more_when_it_is_gone_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy())
        for times in (1, 2):
            world.exchange.delisted.add(SYMBOL)
            for _ in range(3):
                assert (await account.reconcile()).complete
                await account._reconciler.catch_up_fills()
            warned = [event.message for event in world.heard(Warned)]
            assert len(warned) == times
            assert SYMBOL in warned[-1]
            assert "yunmin order resolve" in warned[-1]
            world.exchange.delisted.clear()
            await account.reconcile()

    play(scenario)


def test_B9_what_the_exchange_says_of_an_order_counts_although_its_trades_cannot_be_asked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open(NO_POLLING.model_copy(update={"audit_interval": 300.0}))
        order = await account.place(a_buy())
        world.weather(dropped=1.0)
        answer_with(world, lambda symbol: UnknownSymbol("no such market"))
        world.others("SELL", "1", "100")
        await world.clock.sleep(10)
        assert (await account.reconcile()).complete
        assert order.is_completed
        assert order.unattributed_qty == 1
        assert fills_of(order) == [], "no fill is inferred"

        looks = 0
        fetch_order = world.exchange.fetch_order

        async def counted(ref: OrderRef) -> OrderUpdate:
            nonlocal looks
            looks += 1
            return await fetch_order(ref)

        world.instead(fetch_order=counted)
        await world.clock.sleep(3600)
        assert 1 <= looks <= 13, "no oftener than the markets are looked at"

    play(scenario)
