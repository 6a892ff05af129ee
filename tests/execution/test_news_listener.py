"""The stream of an account: opened at the start, and another one where it ends. Numbers: docs/faults.md."""

from __future__ import annotations

from typing import Any

import pytest

from tests.execution.world import NO_POLLING, Play, World, a_buy, fills_of
from yunmin.core.data_contracts import StreamGap, StreamLost
from yunmin.errors import AuthenticationFailed, ExchangeError, RateLimited, SubmitsPaused, Timeout, Unavailable
from yunmin.execution.account_events import Warned
from yunmin.execution.gate import PauseReason
from yunmin.testing.verify.storm_exchange import StormStream


def refuse_streams(world: World, *errors: ExchangeError) -> list[float]:
    """Let the next streams fail to open, one error each; when each one was tried."""
    left, tried = list(errors), []
    open_one = world.exchange.stream_account

    class Refused(StormStream):
        async def __aenter__(self) -> Any:
            raise left.pop(0)

    def stream_account() -> StormStream:
        tried.append(world.clock.monotonic())
        return Refused(world.clock, []) if left else open_one()

    world.instead(stream_account=stream_account)
    return tried


def test_an_account_starts_although_its_stream_opens_only_at_the_third_try(play: Play) -> None:
    async def scenario(world: World) -> None:
        tried = refuse_streams(world, Timeout("no answer"), Unavailable("down"))
        account = await world.open()
        assert account.takes_orders
        assert len(tried) == 3
        assert 0.25 <= tried[1] - tried[0] <= 0.8 < tried[2] - tried[0] <= 2.3

    play(scenario)


def test_a_start_has_patience_with_its_stream_and_no_more(play: Play) -> None:
    async def scenario(world: World) -> None:
        refuse_streams(world, *[Unavailable("down") for _ in range(100)])
        begun = world.clock.monotonic()
        with pytest.raises(Unavailable, match="down"):
            await world.open()
        assert NO_POLLING.start_patience / 2 < world.clock.monotonic() - begun <= NO_POLLING.start_patience

    play(scenario)


def test_N8_a_stream_is_not_opened_before_the_time_is_over_that_the_exchange_asked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        tried = refuse_streams(world)

        fetch_instruments = world.exchange.fetch_instruments

        async def too_many() -> dict[str, Any]:
            world.instead(fetch_instruments=fetch_instruments)
            raise RateLimited("too many", retry_after=20.0)

        world.instead(fetch_instruments=too_many)
        begun = world.clock.monotonic()
        account = await world.open()
        assert [round(at - begun) for at in tried] == [20]
        await world.clock.sleep(2)
        assert account.takes_orders

        account._desk.leave_alone(30.0)
        (stream,) = world.exchange._streams
        await stream.aclose()
        await world.clock.sleep(40)
        assert [round(at - begun) for at in tried] == [20, 52]

    play(scenario)


def test_N8_a_stream_that_is_turned_away_for_its_rate_makes_everything_wait(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        tried = refuse_streams(world, RateLimited("too many", retry_after=60.0))
        (stream,) = world.exchange._streams
        await stream.aclose()
        await world.clock.sleep(1)
        assert PauseReason.RATE_LIMITED in account.pause_reasons
        await world.clock.sleep(120)
        assert [round(at - tried[0]) for at in tried] == [0, 60]
        assert account.takes_orders

    play(scenario)


def test_N8_a_start_does_not_wait_for_longer_than_it_has_patience(play: Play) -> None:
    async def scenario(world: World) -> None:
        async def too_many() -> dict[str, Any]:
            raise RateLimited("too many", retry_after=86_400.0)

        world.instead(fetch_instruments=too_many)
        begun = world.clock.monotonic()
        with pytest.raises(RateLimited, match="86400 s") as told:
            await world.open()
        assert world.clock.monotonic() - begun < 1
        assert told.value.retry_after is not None
        assert told.value.retry_after > 86_000

    play(scenario)


@pytest.mark.parametrize("error", [AuthenticationFailed("no such key"), RateLimited("too many", retry_after=60.0)])
def test_a_stream_that_is_refused_for_a_reason_ends_the_start_at_once(error: ExchangeError, play: Play) -> None:
    async def scenario(world: World) -> None:
        tried = refuse_streams(world, error)
        with pytest.raises(type(error)):
            await world.open()
        assert len(tried) == 1

    play(scenario)


def test_N28_where_the_stream_itself_ends_another_is_opened_and_what_was_missed_is_asked_for(play: Play) -> None:
    async def scenario(world: World) -> None:
        account = await world.open()
        order = await account.place(a_buy())
        tried = refuse_streams(world, *[AuthenticationFailed("a new key, not known everywhere") for _ in range(3)])
        (stream,) = world.exchange._streams
        await stream.aclose()
        await world.clock.sleep(0.1)
        world.others("SELL", "0.4", "100")
        with pytest.raises(SubmitsPaused, match="STREAM_LOST"):
            account.begin(a_buy("ym-2"))
        await world.clock.sleep(15)
        assert len(tried) == 4
        assert [type(event) for event in world.heard(StreamLost | StreamGap)] == [StreamLost, StreamGap]
        assert [event.message for event in world.heard(Warned)] == [
            "the stream cannot be opened: a new key, not known everywhere"
        ] * 3
        assert fills_of(order) == ["0.4"]
        assert account.takes_orders
        world.others("SELL", "0.6", "100")  # told by the new one
        await world.clock.sleep(0.1)
        assert fills_of(order) == ["0.4", "0.6"]

    play(scenario)
