"""The tape: aggregates, bars of every interval, the last 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from yunmin.clock import seeded
from yunmin.simulation.intervals import DAY, HOUR, INTERVALS, MINUTE, SECOND, open_of, step_open
from yunmin.simulation.orders import Trade
from yunmin.simulation.tape import Tape
from yunmin.simulation.units import SCALE, to_micros, to_units

START = to_micros(datetime(2026, 3, 4, 12, 0, tzinfo=UTC))


def tape_of(*trades: tuple[int, int, int]) -> Tape:
    """(seconds after START, price, taker order) of trades of one unit each; odd takers buy."""
    tape = Tape()
    for number, (seconds, price, taker) in enumerate(trades, start=1):
        cost = to_units(price)
        moment = START + seconds * SECOND
        tape.append(Trade(number, cost, to_units(1), cost, moment, taker % 2 == 0, taker, 0, 0))
    return tape


def test_neighbouring_trades_of_one_taker_at_one_price_are_added_up() -> None:
    tape = tape_of((0, 100, 1), (0, 100, 1), (0, 101, 1), (5, 101, 3))
    found = tape.aggregates()
    assert [(one.id, one.first_id, one.last_id, one.qty) for one in found] == [
        (1, 1, 2, to_units(2)),
        (2, 3, 3, to_units(1)),
        (3, 4, 4, to_units(1)),
    ]


def test_aggregates_keep_growing_with_the_tape() -> None:
    tape = tape_of((0, 100, 1))
    assert len(tape.aggregates()) == 1
    tape.append(tape.trades[0]._replace(id=2))
    assert [(one.first_id, one.last_id) for one in tape.aggregates()] == [(1, 2)]


def test_bars_have_open_high_low_close_and_volumes() -> None:
    (bar,) = tape_of((0, 100, 1), (10, 120, 2), (20, 90, 3), (59, 110, 4)).bars(
        MINUTE, now=START + 59 * SECOND, limit=10
    )
    assert [to_units(n) for n in (100, 120, 90, 110)] == [bar.open, bar.high, bar.low, bar.close]
    assert (bar.volume, bar.quote_volume, bar.trades) == (to_units(4), to_units(420), 4)
    assert (bar.taker_buy_volume, bar.taker_buy_quote) == (to_units(2), to_units(190))


def test_minutes_without_trades_repeat_the_last_close() -> None:
    bars = tape_of((0, 100, 1), (180, 105, 1)).bars(MINUTE, now=START + 240 * SECOND, limit=10)
    assert [(bar.close // to_units(1), bar.trades) for bar in bars] == [
        (100, 1),
        (100, 0),
        (100, 0),
        (105, 1),
        (105, 0),
    ]


def test_a_limit_keeps_the_newest_bars_and_a_start_the_oldest() -> None:
    tape = tape_of((0, 100, 1), (600, 105, 1))
    now = START + 600 * SECOND
    newest = tape.bars(MINUTE, now=now, limit=3)
    oldest = tape.bars(MINUTE, now=now, limit=3, start=START + 1)
    until = tape.bars(MINUTE, now=now, limit=2, end=START + 5 * MINUTE)
    assert [bar.open_time - START for bar in newest] == [8 * MINUTE, 9 * MINUTE, 10 * MINUTE]
    assert [bar.open_time - START for bar in oldest] == [MINUTE, 2 * MINUTE, 3 * MINUTE]
    assert [bar.open_time - START for bar in until] == [4 * MINUTE, 5 * MINUTE]


@pytest.mark.parametrize("interval", INTERVALS)
def test_every_interval_adds_up_to_the_same_volume(interval: str) -> None:
    tape = tape_of(*((number * 7, 100 + number % 13, number) for number in range(300)))
    now = START + 2100 * SECOND
    bars = tape.bars(INTERVALS[interval], now=now, limit=100_000)
    assert sum(bar.volume for bar in bars) == to_units(300)
    assert sum(bar.trades for bar in bars) == 300


@pytest.mark.parametrize(
    ("interval", "opened"),
    [
        ("1m", (2026, 3, 4, 12, 34)),
        ("15m", (2026, 3, 4, 12, 30)),
        ("4h", (2026, 3, 4, 12, 0)),
        ("1d", (2026, 3, 4, 0, 0)),
        ("1w", (2026, 3, 2, 0, 0)),
        ("1M", (2026, 3, 1, 0, 0)),
    ],
)
def test_intervals_open_where_the_calendar_says(interval: str, opened: tuple[int, int, int, int, int]) -> None:
    moment = to_micros(datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC))
    year, month, day, hour, minute = opened
    assert open_of(moment, INTERVALS[interval]) == to_micros(datetime(year, month, day, hour, minute, tzinfo=UTC))


def test_an_offset_moves_the_day() -> None:
    moment = to_micros(datetime(2026, 3, 4, 20, 0, tzinfo=UTC))
    assert open_of(moment, DAY, offset=8 * HOUR) == to_micros(datetime(2026, 3, 4, 16, 0, tzinfo=UTC))


def test_months_are_stepped_over_the_end_of_a_year() -> None:
    december = to_micros(datetime(2025, 12, 1, tzinfo=UTC))
    assert step_open(december, INTERVALS["1M"], 2) == to_micros(datetime(2026, 2, 1, tzinfo=UTC))
    assert step_open(december, INTERVALS["1M"], -12) == to_micros(datetime(2024, 12, 1, tzinfo=UTC))


def test_statistics_cover_the_last_day_only() -> None:
    tape = tape_of((-2 * 86_400, 50, 1), (0, 100, 1), (60, 130, 2))
    total, _, previous_close, last_qty = tape.statistics(START + 61 * SECOND)
    assert (total.open, total.close, total.trades) == (to_units(100), to_units(130), 2)
    assert (previous_close, last_qty) == (to_units(50), to_units(1))


def test_an_untouched_tape_has_nothing_to_say() -> None:
    tape = Tape()
    assert tape.bars(MINUTE, now=START, limit=5) == []
    assert tape.statistics(START).total.trades == 0
    assert tape.average_price(START, 5) == 0


def test_the_average_price_is_weighted_by_volume_and_falls_back_to_the_last() -> None:
    tape = tape_of((0, 100, 1), (1, 200, 1))
    assert tape.average_price(START + 2 * SECOND, 5) == to_units(150)
    assert tape.average_price(START + HOUR, 5) == to_units(200)


def test_a_long_tape_forgets_its_oldest_trades_and_keeps_counting() -> None:
    long, short = Tape(), Tape(keep=50)
    for number in range(1, 1001):
        trade = Trade(
            number, to_units(100 + number % 7), to_units(1), 100, START + number * SECOND, False, number // 2, 0, 0
        )
        long.append(trade)
        short.append(trade)
    now = START + 1000 * SECOND
    assert 50 <= len(short.trades) <= 100
    assert short.next_id == long.next_id == 1001
    assert short.aggregates()[-1] == long.aggregates()[-1]
    assert short.statistics(now) == long.statistics(now)
    assert short.bars(MINUTE, now=now, limit=100) == long.bars(MINUTE, now=now, limit=100)
    assert short.bars(SECOND, now=now, limit=40) == long.bars(SECOND, now=now, limit=40)
    assert short.average_price(now, 1) == long.average_price(now, 1)


def test_the_average_price_is_that_of_the_trades_themselves_whatever_was_asked_and_forgotten_in_between() -> None:
    chance = seeded("averages")
    tape, moment = Tape(keep=50), START
    for number in range(1, 400):
        moment += chance.randint(0, 20) * SECOND // 4
        price, qty = chance.randint(90, 110), chance.randint(1, 5)
        tape.append(Trade(number, price, qty, price * qty, moment, False, number, 0, 0))
        if chance.random() < 0.5:
            since = moment - MINUTE
            recent = [trade for trade in tape.trades if trade.time // SECOND >= since / SECOND]
            expected = sum(trade.cost for trade in recent) * SCALE // sum(trade.qty for trade in recent)
            assert tape.average_price(moment, 1) == expected
