"""What the log costs per event: to those who tell, and in the thread that writes.

    python -m tests.benchmarks.bench_run_log [--quick] [--json]

`taken` is how long `RunLog.take` keeps the loop that calls it, half of the times no longer, with a fill; `below` the
same with what is below the level. `in_all` is the CPU of the process for one fill until it is in a file, rendering and
the log's own thread included.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.engine.every_event import EVENTS
from yunmin.clock import SystemClock
from yunmin.config.settings import LogFormat, LoggingSettings
from yunmin.core.data_contracts.events import OrderFilled
from yunmin.engine.log.run_log import RunLog
from yunmin.engine.run_events import Decided, RunEvent
from yunmin.execution.outcomes import Held

FILLED: RunEvent = next(event for event in EVENTS if isinstance(event, OrderFilled))
HOLD: RunEvent = next(event for event in EVENTS if isinstance(event, Decided) and isinstance(event.outcome, Held))


class Costs(NamedTuple):
    """Microseconds for one event."""

    format: LogFormat
    taken: float
    below: float
    in_all: float


def measure(wanted: LogFormat, folder: Path, count: int) -> Costs:
    """`count` events, fewer than may wait."""
    log = RunLog(LoggingSettings(format=wanted, file=folder / wanted), SystemClock())
    taken = [timed(log, FILLED) for _ in range(count)]
    below = [timed(log, HOLD) for _ in range(count)]
    log.close()
    in_all = RunLog(LoggingSettings(format=wanted, file=folder / f"{wanted}.again"), SystemClock())
    begun = time.process_time()
    for _ in range(count):
        in_all.take(FILLED)
    in_all.close()
    cpu = time.process_time() - begun
    if log.lost or in_all.lost or in_all.written != count:
        raise RuntimeError("entries were lost: this measured nothing")
    return Costs(wanted, 1e6 * median(taken), 1e6 * median(below), 1e6 * cpu / count)


def timed(log: RunLog, event: RunEvent) -> float:
    begun = time.perf_counter()
    log.take(event)
    return time.perf_counter() - begun


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        count = 500 if chosen.quick else 5_000
        rows = [measure(each, Path(folder), count) for each in (LogFormat.JSON, LogFormat.CONSOLE)]
    if chosen.json:
        print(json.dumps([row._asdict() for row in rows]))
        return
    for kind, taken, below, in_all in rows:
        print(f"{kind:8} taken {taken:.1f} µs, below the level {below:.1f} µs, in all {in_all:.1f} µs of CPU")


if __name__ == "__main__":
    main(sys.argv[1:])
