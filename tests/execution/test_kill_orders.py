"""Cancelling what is ours from outside, at an exchange whose answers are not what they should be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest

from tests.execution.world import SYMBOL, Play, World, a_buy
from yunmin.core.data_contracts import OrderRef, OrderUpdate
from yunmin.errors import (
    ExchangeError,
    MalformedResponse,
    RateLimited,
    Rejected,
    RejectReason,
    Timeout,
    Unavailable,
)
from yunmin.exchange import Capability, Support
from yunmin.execution.kill_orders import Ownership, kill_orders, ownership


def test_one_order_that_cannot_be_read_does_not_keep_the_others_open(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        for number in range(3):
            await account.place(a_buy(f"ym-{number}"))
        world.by_hand("by hand", "BUY", "1", "90")
        fetch_open_orders = world.exchange.fetch_open_orders

        async def spoilt(symbol: str | None = None) -> Sequence[OrderUpdate]:
            if symbol is None:
                raise MalformedResponse("a symbol that is not listed: 'XUSDT'")
            return await fetch_open_orders(symbol)

        world.instead(fetch_open_orders=spoilt)
        with ownership(world.folder, "ym-") as owned:
            assert owned.symbols == [SYMBOL]
            report = await kill_orders(world.exchange, owned, world.clock, within=5)
        assert (sorted(report.cancelled), report.left_open) == (["ym-0", "ym-1", "ym-2"], ())
        assert report.not_ours == ("by hand",)
        assert "XUSDT" in report.problem
        assert not report.is_flat, "there may be more"
        await world.clock.sleep(1)
        assert account.tracker.get_open_orders()[0].client_order_id == "by hand"

    play(scenario)


def test_an_exchange_that_does_not_answer_is_asked_again_and_what_is_left_is_said(play: Play) -> None:
    async def scenario(world: World) -> None:
        asked: list[float] = []

        async def nobody(symbol: str | None = None) -> Sequence[OrderUpdate]:
            asked.append(world.clock.monotonic())
            raise Unavailable("down")

        world.instead(fetch_open_orders=nobody)
        owned = Ownership(lambda order: True, [SYMBOL])
        report = await kill_orders(world.exchange, owned, world.clock, within=5)
        assert (report.is_flat, report.problem) == (False, "Unavailable: down")
        waits = [after - before for before, after in pairwise(asked)]
        assert waits == sorted(waits)
        assert 0.1 <= waits[0] < 0.5
        assert waits[-1] <= 2.0

    play(scenario)


def list_by_market_only(world: World) -> None:
    support = {**world.exchange.traits.support, Capability.OPEN_ORDERS_OF_ALL_SYMBOLS: Support.NEVER}
    world.exchange.traits = world.exchange.traits.model_copy(update={"support": support})


def test_where_there_is_no_list_of_all_silent_markets_keep_ours_from_nothing(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy("ym-1"))
        list_by_market_only(world)
        fetch_open_orders = world.exchange.fetch_open_orders

        async def slowly(symbol: str | None = None) -> Sequence[OrderUpdate]:
            assert symbol is not None
            if symbol == SYMBOL:
                return await fetch_open_orders(symbol)
            await world.clock.sleep(5)
            raise Timeout("no answer")

        world.instead(fetch_open_orders=slowly)
        silent = [f"A{number:02d}/USDT" for number in range(20)]
        begun = world.clock.monotonic()
        report = await kill_orders(
            world.exchange, Ownership(lambda order: True, [*silent, SYMBOL]), world.clock, within=30
        )
        assert world.clock.monotonic() - begun < 36
        assert (report.cancelled, report.left_open, report.is_flat) == (("ym-1",), (), False)
        assert "A07/USDT: no answer" in report.problem

    play(scenario)


def test_without_a_list_of_all_and_without_a_journal_nobody_says_that_nothing_is_open(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.by_hand("ym-lost", "BUY", "1", "90")
        list_by_market_only(world)
        with ownership(world.folder / "nothing", "ym-") as owned:
            report = await kill_orders(world.exchange, owned, world.clock, within=5)
        assert not report.is_flat
        assert "no journal" in report.problem

    play(scenario)


@pytest.mark.parametrize("has_journal", [True, False])
@pytest.mark.parametrize("well_after", [0.25, 3.0, 7.0])
def test_an_order_of_ours_on_another_market_is_cancelled_once_the_list_of_all_can_be_read(
    well_after: float, has_journal: bool, play: Play
) -> None:
    async def scenario(world: World) -> None:
        world.by_hand("ym-lost", "BUY", "1", "90")
        fetch_open_orders = world.exchange.fetch_open_orders
        asked: list[str | None] = []

        async def unwell(symbol: str | None = None) -> Sequence[OrderUpdate]:
            asked.append(symbol)
            if world.clock.monotonic() < well_after:
                raise MalformedResponse("not yet")
            return await fetch_open_orders(symbol)

        world.instead(fetch_open_orders=unwell)
        owned = Ownership(lambda order: True, ["ELSE/USDT"] if has_journal else [])
        report = await kill_orders(world.exchange, owned, world.clock, within=30)
        assert (report.cancelled, report.is_flat) == (("ym-lost",), True)
        assert world.clock.monotonic() < well_after + 3
        assert len(asked) < 30

    play(scenario)


@pytest.mark.parametrize("symbols", [[], [SYMBOL], ["ELSE/USDT"]])
@pytest.mark.parametrize("error", [Timeout("no answer"), MalformedResponse("nonsense")])
def test_an_order_of_ours_that_was_seen_is_cancelled_again_and_not_forgotten_while_nobody_answers(
    error: ExchangeError, symbols: list[str], play: Play
) -> None:
    async def scenario(world: World) -> None:
        world.by_hand("ym-seen", "BUY", "1", "90")
        fetch_open_orders, cancel_order = world.exchange.fetch_open_orders, world.exchange.cancel_order
        cancels: list[float] = []
        answers_again_at = 1e9

        async def once(symbol: str | None = None) -> Sequence[OrderUpdate]:
            if cancels:
                raise error
            return await fetch_open_orders(symbol)

        async def never(ref: OrderRef) -> OrderUpdate:
            cancels.append(world.clock.monotonic())
            if world.clock.monotonic() < answers_again_at:
                raise Timeout("no answer")
            return await cancel_order(ref)

        world.instead(fetch_open_orders=once, cancel_order=never)
        owned = Ownership(lambda order: True, symbols)
        report = await kill_orders(world.exchange, owned, world.clock, within=10)
        assert (report.cancelled, report.left_open, report.is_flat) == ((), ("ym-seen",), False)
        assert len(cancels) >= 5

        cancels.clear()
        answers_again_at = world.clock.monotonic() + 3
        report = await kill_orders(world.exchange, owned, world.clock, within=10)
        assert (report.cancelled, report.left_open, report.is_flat) == (("ym-seen",), (), False)

    play(scenario)


@pytest.mark.parametrize("error", [Unavailable("down"), Rejected("not now"), MalformedResponse("nonsense")])
def test_a_market_of_ours_that_has_no_good_answer_is_asked_until_it_has(error: ExchangeError, play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy("ym-1"))
        fetch_open_orders = world.exchange.fetch_open_orders
        well_again = world.clock.monotonic() + 1

        async def unwell(symbol: str | None = None) -> Sequence[OrderUpdate]:
            if symbol is None:
                raise MalformedResponse("a symbol that is not listed: 'XUSDT'")
            if world.clock.monotonic() < well_again:
                raise error
            return await fetch_open_orders(symbol)

        world.instead(fetch_open_orders=unwell)
        with ownership(world.folder, "ym-") as owned:
            report = await kill_orders(world.exchange, owned, world.clock, within=60)
        assert report.cancelled == ("ym-1",)
        assert not report.is_flat
        assert account.tracker.get_open_orders() == []

    play(scenario)


def test_N8_an_exchange_that_wants_to_be_left_alone_is_and_then_asked_again(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        await account.place(a_buy("ym-1"))
        fetch_open_orders = world.exchange.fetch_open_orders
        asked: list[float] = []

        async def too_many(symbol: str | None = None) -> Sequence[OrderUpdate]:
            asked.append(world.clock.monotonic())
            if len(asked) == 1:
                raise RateLimited("too many", retry_after=3.0)
            return await fetch_open_orders(symbol)

        world.instead(fetch_open_orders=too_many)
        with ownership(world.folder, "ym-") as owned:
            report = await kill_orders(world.exchange, owned, world.clock, within=10)
        assert report.is_flat
        assert report.cancelled == ("ym-1",)
        assert asked[1] - asked[0] >= 3

    play(scenario)


@pytest.mark.parametrize(
    "error",
    [RateLimited("too many", retry_after=8.0), Rejected("no", reason=RejectReason.RATE_LIMITED, retry_after=8.0)],
)
def test_N8_cancels_that_are_turned_away_for_their_rate_wait_for_as_long_as_was_asked_for(
    error: ExchangeError, play: Play
) -> None:
    async def scenario(world: World) -> None:
        for number in range(5):
            world.by_hand(f"ym-{number}", "BUY", "1", "90")
        cancel_order = world.exchange.cancel_order
        cancels: list[float] = []

        async def too_many(ref: OrderRef) -> OrderUpdate:
            cancels.append(world.clock.monotonic())
            if len(cancels) > 7:
                return await cancel_order(ref)
            raise error

        world.instead(cancel_order=too_many)
        report = await kill_orders(world.exchange, Ownership(lambda order: True, ()), world.clock, within=30)
        assert (len(report.cancelled), report.is_flat) == (5, True)
        assert len(cancels) == 12
        assert min(after - before for before, after in pairwise(sorted(cancels)) if after - before > 0.5) >= 8

    play(scenario)


def test_a_kill_takes_no_longer_than_one_answer_over_its_time(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.by_hand("ym-1", "BUY", "1", "90")

        async def silence(*_: object) -> None:
            await world.clock.sleep(10)
            raise Timeout("no answer")

        world.instead(cancel_order=silence)
        begun = world.clock.monotonic()
        owned = Ownership(lambda order: True, [SYMBOL])
        listing = asyncio.create_task(kill_orders(world.exchange, owned, world.clock, within=3))
        await world.clock.sleep(1)
        world.instead(fetch_open_orders=silence)
        report = await listing
        assert world.clock.monotonic() - begun < 11
        assert report.left_open == ("ym-1",)

    play(scenario)


def test_a_market_that_is_gone_is_asked_for_no_longer_than_the_others(play: Play) -> None:
    async def scenario(world: World) -> None:
        list_by_market_only(world)
        begun = world.clock.monotonic()
        owned = Ownership(lambda order: True, ["GONE/USDT", SYMBOL])
        report = await kill_orders(world.exchange, owned, world.clock, within=30)
        assert world.clock.monotonic() - begun < 1
        assert "GONE/USDT" in report.problem

    play(scenario)


def test_a_kill_over_many_slow_markets_keeps_to_its_time_and_says_that_not_all_were_asked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        list_by_market_only(world)

        async def slowly(symbol: str | None = None) -> Sequence[OrderUpdate]:
            await world.clock.sleep(1)
            return []

        world.instead(fetch_open_orders=slowly)
        begun = world.clock.monotonic()
        owned = Ownership(lambda order: True, [f"M{number:03d}/USDT" for number in range(400)])
        report = await kill_orders(world.exchange, owned, world.clock, within=3)
        assert world.clock.monotonic() - begun < 5
        assert not report.is_flat
        assert "before every market was asked for" in report.problem

    play(scenario)


def test_of_a_folder_without_a_journal_only_the_prefix_says_what_is_ours(play: Play) -> None:
    async def scenario(world: World) -> None:
        world.by_hand("ym-lost", "BUY", "1", "90")
        world.by_hand("by hand", "BUY", "1", "90")
        with ownership(world.folder / "nothing", "ym-") as owned:
            assert owned.symbols == ()
            report = await kill_orders(world.exchange, owned, world.clock, within=5)
        assert (report.is_flat, report.cancelled, report.not_ours) == (True, ("ym-lost",), ("by hand",))

    play(scenario)
