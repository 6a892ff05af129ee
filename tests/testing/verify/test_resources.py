"""Growth is told from coming and going, and from too little to say."""

from __future__ import annotations

import asyncio
import tempfile

import pytest

from yunmin.clock import seeded
from yunmin.testing.verify.resources import Sample, Samples, growth_of, open_files, resident_bytes, running_tasks


def points(per_second: float, *, noise: float = 0.0, count: int = 400) -> list[tuple[float, float]]:
    chance = seeded("noise")
    return [(float(at), 1000 + per_second * at + noise * chance.random()) for at in range(count)]


def test_a_straight_line_has_its_slope_an_hour_and_no_error() -> None:
    growth = growth_of(points(2.0))
    assert growth is not None
    assert growth.per_hour == pytest.approx(7200)
    assert growth.error == pytest.approx(0, abs=1e-6)
    assert growth.is_above(7000)
    assert not growth.is_above(7300)


def test_samples_come_back_as_they_were_looked_at() -> None:
    looked_at = [Sample(0.5, 100 * 2**20, 70 * 2**20), Sample(2.5, 101 * 2**20, None)]
    samples = Samples()
    assert list(samples) == []
    for one in looked_at:
        samples.add(one)
    assert list(samples) == looked_at


def test_noise_alone_is_not_growth() -> None:
    growth = growth_of(points(0.0, noise=100.0))
    assert growth is not None
    assert not growth.is_above(50)


def test_growth_is_seen_through_noise() -> None:
    growth = growth_of(points(2.0, noise=100.0))
    assert growth is not None
    assert growth.is_above(6000)


def test_too_few_points_say_nothing() -> None:
    assert growth_of(points(2.0, count=7)) is None
    assert growth_of([]) is None


def test_an_open_file_and_a_running_task_are_seen() -> None:
    files = open_files()
    with tempfile.TemporaryFile():
        assert open_files() == files + 1
    assert open_files() == files

    async def look() -> frozenset[str]:
        task = asyncio.create_task(asyncio.Event().wait(), name="left behind")
        seen = running_tasks()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return seen - running_tasks()

    assert asyncio.run(look()) == {"left behind"}


def test_memory_is_seen() -> None:
    before = resident_bytes()
    ballast = b"x" * 50_000_000
    assert resident_bytes() - before > 30_000_000
    assert ballast
