"""Timeframes: each moment is in one candle, and candles follow one another without a rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunmin.core.data_contracts import Timeframe
from yunmin.simulation.intervals import INTERVALS, open_of, step_open
from yunmin.simulation.units import from_micros, to_micros

moments = st.integers(1_230_940_800_000_000, 4_102_444_800_000_000).map(from_micros)


@given(moments, st.sampled_from(Timeframe))
def test_a_moment_is_in_the_candle_that_began_before_it_and_is_not_over(moment: datetime, frame: Timeframe) -> None:
    begin = frame.open_of(moment)
    assert begin <= moment < frame.close_of(begin)
    assert frame.begins_at(begin)
    assert frame.begins_at(frame.close_of(begin))
    assert frame.closer()(begin) == frame.close_of(begin)


@given(moments, st.sampled_from(Timeframe))
def test_the_calendar_is_that_of_the_simulation(moment: datetime, frame: Timeframe) -> None:
    length = INTERVALS[frame.value]
    begin = open_of(to_micros(moment), length)
    assert frame.open_of(moment) == from_micros(begin)
    assert frame.close_of(from_micros(begin)) == from_micros(step_open(begin, length, 1))


@given(moments, st.sampled_from(Timeframe), st.sampled_from(Timeframe))
def test_where_one_divides_another_each_long_candle_begins_with_a_short_one(
    moment: datetime, short: Timeframe, long: Timeframe
) -> None:
    if short.divides(long):
        assert short.begins_at(long.open_of(moment))
        assert short.begins_at(long.close_of(long.open_of(moment)))


@pytest.mark.parametrize(
    ("short", "long", "expected"),
    [("1m", "1h", True), ("5m", "15m", True), ("3m", "5m", False), ("4h", "6h", False), ("1d", "1M", True),
     ("3d", "1M", False), ("1w", "1M", False), ("1d", "1w", True), ("3d", "1w", False), ("1M", "1M", True)],
)  # fmt: skip
def test_which_divides_which(short: str, long: str, expected: bool) -> None:
    assert Timeframe(short).divides(Timeframe(long)) is expected


def test_every_interval_of_the_simulation_has_its_timeframe() -> None:
    assert {frame.value for frame in Timeframe} == set(INTERVALS)


def test_other_time_zones_are_read_as_utc() -> None:
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert Timeframe.D1.open_of(datetime(2026, 3, 1, 2, tzinfo=kolkata)) == datetime(2026, 2, 28, tzinfo=UTC)


def test_a_timeframe_and_its_text_are_one_key() -> None:
    by_timeframe: dict[str, int] = {Timeframe.M1: 1}
    by_text = {"1m": 1}
    assert by_timeframe["1m"] == by_text[Timeframe.M1] == 1
