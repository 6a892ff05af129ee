"""What the order journal costs, beside the least that a disk allows, in one run.

    python -m tests.benchmarks.bench_journal [--quick] [--json] [--folder PLACE]

An intent is on the disk when it returns (a flush each); a fill is handed to the operating system, alone or in a batch
of 50. The floors take turns with it, in the same folder: the same bytes inserted into a bare SQLite table in the same
mode, and appended to a plain file. Wall-clock time per entry, median and 99th percentile. Then a journal with many
open orders and many records is opened and recovered, from a snapshot that is as old as it may get.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import apsw

from yunmin.clock import SystemClock
from yunmin.core.data_contracts import Fill, OrderRequest, OrderState, OrderUpdate, SubmitResult, Verdict
from yunmin.core.tracker_state import digest
from yunmin.execution.journal_records import encode
from yunmin.execution.order_journal import Entry, OrderJournal, PlaceIntent, apply_entry

CLOCK = SystemClock()
GOALS = {"intent": 2_000.0, "fill": 150.0, "fill in a batch": 75.0, "snapshot": 2.0, "open and recover": 5.0}
SYMBOL = "BTC/USDT"
TAIL = 20_000


def an_intent(name: str) -> PlaceIntent:
    request = OrderRequest(
        symbol=SYMBOL, side="BUY", order_type="LIMIT", qty="0.02000000", price="27000.10", client_order_id=name
    )
    return PlaceIntent(request=request, qty_step="0.00001000", created_at=CLOCK.now())


def an_acceptance(name: str) -> SubmitResult:
    update = OrderUpdate(
        symbol=SYMBOL, client_order_id=name, exchange_order_id=f"9{name[3:]}", state=OrderState.OPEN,
        side="BUY", order_type="LIMIT", qty="0.02000000", price="27000.10", updated_at=CLOCK.now(),
    )  # fmt: skip
    return SubmitResult(client_order_id=name, verdict=Verdict.ACCEPTED, update=update)


def a_fill(name: str, number: int) -> Fill:
    return Fill(
        symbol=SYMBOL, trade_id=f"{name}-{number}", client_order_id=name, exchange_order_id=f"9{name[3:]}", side="BUY",
        qty="0.01000000", price="27000.10", fee="0.00001000", fee_asset="BNB", liquidity="MAKER", ts=CLOCK.now(),
    )  # fmt: skip


def name_of(number: int) -> str:
    return f"ym-{number:09d}"


# --- contenders ------------------------------------------------------------------------------------------------------

Write = Callable[[Sequence[Entry]], object]


@contextmanager
def the_journal(folder: Path, mode: str) -> Iterator[Write]:
    with OrderJournal.open(folder / "journal", clock=CLOCK) as journal:
        if mode == "FULL":
            yield lambda intents: journal.intend(*intents)  # type: ignore[arg-type]  # only intents are written so
        else:
            yield lambda entries: journal.record(*entries)


@contextmanager
def bare_sqlite(folder: Path, mode: str) -> Iterator[Write]:
    connection = apsw.Connection(str(folder / "bare.sqlite3"))
    connection.pragma("journal_mode", "wal")
    connection.pragma("synchronous", mode)
    connection.execute("CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, body BLOB NOT NULL)")

    def write(entries: Sequence[Entry]) -> None:
        connection.execute("BEGIN IMMEDIATE")
        for entry in entries:
            connection.execute("INSERT INTO records (body) VALUES (?)", (encode(entry),))
        connection.execute("COMMIT")

    yield write
    connection.close()


@contextmanager
def plain_file(folder: Path, mode: str) -> Iterator[Write]:
    descriptor = os.open(folder / "plain", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(entries: Sequence[Entry]) -> None:
        os.write(descriptor, b"\n".join(map(encode, entries)))
        if mode == "FULL":
            os.fdatasync(descriptor)

    yield write
    os.close(descriptor)


CONTENDERS = {"yunmin": the_journal, "sqlite": bare_sqlite, "append": plain_file}


# --- writing ---------------------------------------------------------------------------------------------------------


def timed(write: Write, batches: Sequence[Sequence[Entry]]) -> list[float]:
    """Microseconds per entry, of each batch."""
    found = []
    for batch in batches:
        start = time.perf_counter()
        write(batch)
        found.append((time.perf_counter() - start) * 1e6 / len(batch))
    return found


def writing_rows(place: Path, scale: int) -> Iterator[dict[str, Any]]:
    intents = [[an_intent(name_of(number))] for number in range(scale)]
    fills = [[a_fill(name_of(number % scale), number)] for number in range(scale * 4)]
    batches = [
        [a_fill(name_of(each % scale), 10_000_000 + number * 50 + each) for each in range(50)]
        for number in range(scale // 5)
    ]
    for what, mode, entries in (
        ("intent", "FULL", intents), ("fill", "NORMAL", fills), ("fill in a batch", "NORMAL", batches),
    ):  # fmt: skip
        figures = taking_turns(place / what.replace(" ", "-"), mode, entries)
        yield a_row(what, "us", {name: median(times) for name, times in figures.items()}, worst=figures)


def taking_turns(folder: Path, mode: str, batches: Sequence[Sequence[Entry]]) -> dict[str, list[float]]:
    folder.mkdir()
    figures: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    rounds = 10
    step = max(1, len(batches) // rounds)
    for first in range(0, len(batches), step):
        for name, contender in CONTENDERS.items():
            with contender(folder, mode) as write:
                figures[name] += timed(write, batches[first : first + step])
    return figures


# --- starting again --------------------------------------------------------------------------------------------------


def filled_journal(folder: Path, open_orders: int, records: int) -> str:
    """A journal of so many records, its last snapshot one record short of being due again; returns the digest."""
    tail = min(TAIL, records // 4) - 1
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        tracker = journal.recover()
        number, has_snapshots = 0, 0
        while journal.seq < records:
            names = [name_of(each) for each in range(number, number + 500)]
            number += 500
            intents = [an_intent(name) for name in names]
            journal.intend(*intents)
            news: list[Entry] = [an_acceptance(name) for name in names]
            news += [a_fill(name, 1) for name in names]
            if number > open_orders:
                news += [a_fill(name, 2) for name in names]
            journal.record(*news)
            for entry in (*intents, *news):
                apply_entry(tracker, entry)
            if has_snapshots < 1 and journal.seq >= records - tail - 2_000:
                journal.snapshot(tracker)
                has_snapshots += 1
        return digest(tracker)


def recovery_rows(place: Path, open_orders: int, records: int) -> Iterator[dict[str, Any]]:
    folder = place / "big"
    expected = filled_journal(folder, open_orders, records)
    start, cpu = time.perf_counter(), time.process_time()
    with OrderJournal.open(folder, clock=CLOCK) as journal:
        opened = time.perf_counter()
        tracker = journal.recover()
        recovered, cpu = time.perf_counter(), time.process_time() - cpu
        if digest(tracker) != expected or len(tracker.get_open_orders()) != open_orders:
            raise SystemExit("what was recovered is not what was live")
        before, cpu_before = time.perf_counter(), time.process_time()
        journal.snapshot(tracker)
        taken, cpu_taken = time.perf_counter() - before, time.process_time() - cpu_before
        count = journal.seq
    size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
    what = f"open and recover ({open_orders:,} open, {count:,} records, {size:,.0f} MB)"
    yield a_row(
        what,
        "s",
        {"yunmin": recovered - start, "cpu": cpu},
        parts={"open": opened - start, "recover": recovered - opened},
    )
    yield a_row(f"snapshot ({len(tracker.state_of_all()):,} orders)", "s", {"yunmin": taken, "cpu": cpu_taken})


def a_row(
    what: str,
    unit: str,
    figures: dict[str, float],
    *,
    worst: dict[str, list[float]] | None = None,
    parts: dict[str, float] | None = None,
) -> dict[str, Any]:
    return {
        "what": what,
        "unit": unit,
        **figures,
        "p99": quantiles(worst["yunmin"], n=100)[98] if worst else None,
        "parts": parts,
        "goal": GOALS[what.split(" (")[0]],
    }


def show(rows: Sequence[dict[str, Any]]) -> None:
    say = sys.stdout.write
    say(f"{'':62} {'yunmin':>9} {'cpu':>9} {'p99':>9} {'sqlite':>9} {'append':>9} {'goal':>9}\n")
    for row in rows:
        cells = [row.get(name) for name in ("yunmin", "cpu", "p99", "sqlite", "append", "goal")]
        say(f"{row['what']:62}" + "".join(f" {'-' if cell is None else format(cell, ',.2f'):>9}" for cell in cells))
        say(f" {row['unit']}\n")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything or less")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--folder", type=Path, help="measure the disk that this folder is on")
    options = parser.parse_args(argv)
    place = Path(tempfile.mkdtemp(prefix="yunmin-bench-", dir=options.folder))
    try:
        rows = list(writing_rows(place, 100 if options.quick else 2_000))
        rows += recovery_rows(place, *((500, 8_000) if options.quick else (10_000, 1_000_000)))
    finally:
        shutil.rmtree(place)
    if options.as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
    else:
        show(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
