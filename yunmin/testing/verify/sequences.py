"""Many sequences, each from a seed of its own, over all processors."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Final, NamedTuple

from yunmin.testing.verify.sequence import SequenceReport, run_sequence

__all__ = ["SequencesReport", "run_sequences", "scratch_folder"]

_CHUNK: Final = 50
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it


class SequencesReport(NamedTuple):
    """The sum over all sequences; `violations` are (seed, what) of those that broke an invariant."""

    runs: int
    first_seed: int
    orders: int
    fills: int
    events: int
    crashes: int
    cuts: int
    violations: tuple[tuple[int, str], ...]

    @property
    def broken_seeds(self) -> tuple[int, ...]:
        """Each seed that can be replayed to see a violation."""
        return tuple(sorted({seed for seed, _ in self.violations}))


def run_sequences(
    count: int, *, first_seed: int = 0, workers: int | None = None, progress: Callable[[int], None] = lambda done: None
) -> SequencesReport:
    """Run the sequences of `count` seeds from `first_seed` on. `progress` is told how many are done."""
    total = SequencesReport(0, first_seed, 0, 0, 0, 0, 0, ())
    for report in _reports(count, first_seed, workers or os.cpu_count() or 1):
        total = _added(total, report)
        progress(total.runs)
    return total


def _reports(count: int, first_seed: int, workers: int) -> Iterator[SequencesReport]:
    chunks = [
        (start, min(_CHUNK, first_seed + count - start)) for start in range(first_seed, first_seed + count, _CHUNK)
    ]
    if workers == 1 or len(chunks) == 1:
        yield from (_run_chunk(*chunk) for chunk in chunks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_run_chunk, *chunk) for chunk in chunks]):
            yield done.result()


def _run_chunk(first_seed: int, count: int) -> SequencesReport:
    total = SequencesReport(0, first_seed, 0, 0, 0, 0, 0, ())
    for seed in range(first_seed, first_seed + count):
        total = _with(total, _run_one(seed))
    return total


def _run_one(seed: int) -> SequenceReport:
    """The sequence of `seed`. What it raises is a violation too: the account may not fall over."""
    with tempfile.TemporaryDirectory(dir=scratch_folder(), prefix="yunmin-") as folder:
        try:
            return run_sequence(seed, Path(folder) / "account")
        except Exception as error:  # noqa: BLE001  it is told with its seed, which gives it again
            return SequenceReport(seed, 0, 0, 0, 0, 0, 0.0, (f"{type(error).__name__}: {error}",))


def scratch_folder() -> str | None:
    """Where short-lived journals are best kept: in memory where the system has such a folder."""
    return str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None


def _with(total: SequencesReport, one: SequenceReport) -> SequencesReport:
    violations = tuple((one.seed, what) for what in one.violations)
    return _added(
        total,
        SequencesReport(1, one.seed, one.orders, one.fills, one.events, one.crashes, one.cuts, violations),
    )


def _added(total: SequencesReport, more: SequencesReport) -> SequencesReport:
    return SequencesReport(
        total.runs + more.runs,
        total.first_seed,
        total.orders + more.orders,
        total.fills + more.fills,
        total.events + more.events,
        total.crashes + more.crashes,
        total.cuts + more.cuts,
        total.violations + more.violations,
    )
