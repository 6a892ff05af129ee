"""A clock that is moved, stopped and set while others sleep by it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests.adapters.binance.venue.sockets import DrivenClock
from yunmin.clock import ManualClock
from yunmin.errors import InvalidValue
from yunmin.simulation.steered_clock import SteeredClock


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_sleepers_wake_when_the_clock_has_been_moved_past_their_time() -> None:
    base = DrivenClock()
    clock = SteeredClock(base)
    short, long = asyncio.create_task(clock.sleep(10)), asyncio.create_task(clock.sleep(1000))
    await turns()
    clock.advance(9)
    await turns()
    assert not short.done()
    clock.advance(1)
    await turns()
    assert short.done()
    assert not long.done()
    assert clock.monotonic() == base.monotonic() + 10
    assert clock.now() == base.now() + timedelta(seconds=10)
    base.advance(990)
    await asyncio.wait_for(long, 5)


async def test_a_clock_that_is_moved_again_before_anybody_had_his_turn_wakes_them_all_the_same() -> None:
    clock = SteeredClock(DrivenClock())
    clock.freeze()
    sleeping = asyncio.create_task(clock.sleep(10))
    await turns()
    for _ in range(3):
        clock.advance(3)
        await asyncio.sleep(0)  # the alarm rings, and the sleeper has not heard it
    clock.advance(1)
    clock.advance(0)
    await asyncio.wait_for(sleeping, 5)


async def test_a_clock_that_stands_still_wakes_nobody_until_it_goes_on() -> None:
    base = DrivenClock()
    clock = SteeredClock(base)
    sleeping = asyncio.create_task(clock.sleep(5))
    await turns()
    clock.freeze()
    clock.freeze()
    stopped = clock.now()
    base.advance(60)
    await turns()
    assert (clock.now(), clock.is_frozen, sleeping.done()) == (stopped, True, False)
    clock.thaw()
    clock.thaw()
    assert (clock.now(), clock.monotonic()) == (stopped, 0)
    await turns()
    base.advance(5)
    await asyncio.wait_for(sleeping, 5)


async def test_a_clock_that_stands_still_can_be_moved_by_hand() -> None:
    clock = SteeredClock(DrivenClock())
    clock.freeze()
    sleeping = asyncio.create_task(clock.sleep(86_400))
    await turns()
    clock.advance(86_400)
    await asyncio.wait_for(sleeping, 5)


def test_setting_a_clock_moves_what_it_shows_and_nothing_else() -> None:
    clock = SteeredClock(ManualClock())
    shown, passed = clock.now(), clock.monotonic()
    clock.set_offset(-3600)
    assert (clock.now(), clock.monotonic()) == (shown - timedelta(hours=1), passed)
    assert clock.offset == -3600


async def test_someone_who_is_cancelled_in_his_sleep_is_cancelled() -> None:
    clock = SteeredClock(DrivenClock())
    sleeping = asyncio.create_task(clock.sleep(10))
    await turns()
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    clock.advance(20)


async def test_it_goes_as_its_base_goes() -> None:
    clock = SteeredClock(ManualClock())
    await clock.sleep(7)
    await clock.sleep(0)
    assert clock.monotonic() == 7


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_what_is_no_length_of_time_is_refused(seconds: float) -> None:
    clock = SteeredClock(ManualClock())
    with pytest.raises(InvalidValue):
        clock.advance(seconds)
    if seconds != -1:
        with pytest.raises(InvalidValue):
            clock.set_offset(seconds)
