"""What a process takes of its machine over time: memory, open files, tasks; and whether that grows."""

from __future__ import annotations

import asyncio
import math
import os
import resource
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from yunmin.testing.verify.allocators import bytes_in_use

__all__ = ["Growth", "Sample", "Samples", "growth_of", "open_files", "resident_bytes", "running_tasks"]

_STATM: Final = Path("/proc/self/statm")
_DESCRIPTORS: Final = (Path("/proc/self/fd"), Path("/dev/fd"))
_PIECES: Final = 20
"""Samples are taken together in so many pieces of time, each by its least: what came and went again is no growth."""

_FEWEST_PIECES: Final = 8


class Sample(NamedTuple):
    """One look: seconds since the start, bytes that are resident, and those of them that are in use, where it is told.

    What is resident and not in use is kept for later by the allocators: it goes by the highest peak that ever was.
    """

    at: float
    resident: int
    in_use: int | None

    @classmethod
    def take(cls, at: float) -> Sample:
        return cls(at, resident_bytes(), bytes_in_use())


class Samples:
    """Samples, oldest first, in a few bytes each: what looks for growth must not be what grows."""

    def __init__(self) -> None:
        self._figures = array("d")

    def add(self, sample: Sample) -> None:
        self._figures.extend((sample.at, sample.resident, math.nan if sample.in_use is None else sample.in_use))

    def __iter__(self) -> Iterator[Sample]:
        for place in range(0, len(self._figures), 3):
            at, resident, in_use = self._figures[place : place + 3]
            yield Sample(at, int(resident), None if math.isnan(in_use) else int(in_use))


class Growth(NamedTuple):
    """The least-squares slope of something, an hour; `error` is its standard error."""

    per_hour: float
    error: float

    def is_above(self, limit: float) -> bool:
        """Whether it is above `limit` by more than two standard errors: by chance that is one case in forty."""
        return self.per_hour - 2 * self.error > limit


def resident_bytes() -> int:
    """Bytes of this process that are in memory; where the system does not say, the most that ever were."""
    if _STATM.exists():
        return int(_STATM.read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def open_files() -> int:
    """Descriptors that this process has open; -1 where the system does not say."""
    folder = next((one for one in _DESCRIPTORS if one.exists()), None)
    return -1 if folder is None else len(os.listdir(folder)) - 1  # the listing itself had one


def running_tasks() -> frozenset[str]:
    """The names of the tasks of this loop that are not done, but for the one that asks."""
    mine = asyncio.current_task()
    return frozenset(task.get_name() for task in asyncio.all_tasks() if task is not mine and not task.done())


def growth_of(points: Sequence[tuple[float, float]]) -> Growth | None:
    """How fast the second figure grows, by seconds of the first; None where the points are too few to say."""
    pieces = _least_of_each(points)
    if len(pieces) < _FEWEST_PIECES:
        return None
    count = len(pieces)
    middle_x, middle_y = sum(x for x, _ in pieces) / count, sum(y for _, y in pieces) / count
    spread = sum((x - middle_x) ** 2 for x, _ in pieces)
    slope = sum((x - middle_x) * (y - middle_y) for x, y in pieces) / spread
    rest = sum((y - middle_y - slope * (x - middle_x)) ** 2 for x, y in pieces)
    return Growth(slope * 3600, (rest / (count - 2) / spread) ** 0.5 * 3600)


def _least_of_each(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = max(1, len(points) // _PIECES)
    return [min(points[start : start + size], key=lambda point: point[1]) for start in range(0, len(points), size)]
