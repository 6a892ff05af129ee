"""What becomes of the order journal when the disk fails: at its first call, then at its second, until none is left.

After each failure the process is taken to be killed, and the power to be lost, and the journal is opened again: every
intent that was said to be durable must be there, nothing may be there that was not written, and no intent may have
been taken after the failure.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, NamedTuple

import apsw

from yunmin.clock import ManualClock
from yunmin.core.data_contracts import (
    CancelRequest,
    Fill,
    OrderRequest,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    SubmitResult,
    Verdict,
)
from yunmin.core.order_tracker import OrderTracker
from yunmin.core.tracker_state import digest
from yunmin.errors import JournalError
from yunmin.execution.order_journal import Entry, Mark, OrderJournal, PlaceIntent, apply_entry
from yunmin.testing.verify.disk import Disk, DiskError, Sticky

__all__ = ["WAYS", "IoReport", "sweep_journal"]

Way = tuple[DiskError, Sticky]
WAYS: Final = tuple((error, sticky) for error in DiskError for sticky in Sticky)
"""How a call may fail: with which error, and once or from then on."""

_SYMBOL: Final = "BTC/USDT"


class IoReport(NamedTuple):
    """What a sweep came to. A run is one failing call, or one loss of power, and all that is asked of it after."""

    runs: int
    calls: int
    failures: int
    violations: tuple[str, ...]


@dataclass
class _Told:
    """What the journal said while the disk was failing."""

    durable: list[Entry] = field(default_factory=list)
    kept: list[Entry] = field(default_factory=list)  # all, in the order in which they were acknowledged
    refused: list[Entry] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    live: OrderTracker = field(default_factory=OrderTracker)


def sweep_journal(
    *,
    orders: int = 4,
    seed: int = 1,
    ways: Sequence[Way] = WAYS,
    every: int = 1,
    on_run: Callable[[int], object] = lambda _: None,
) -> IoReport:
    """Fail each call of the disk in turn (or every third, say), in each of the `ways`; `on_run` hears of each run.

    `seed` decides what of the unflushed survives a loss of power.
    """
    tally = _Tally(on_run)
    for error, sticky in ways:
        for fail_at in count(1, every):
            disk = Disk(fail_at=fail_at, error=error, sticky=sticky)
            with _errors_are_meant():
                told = _trial(disk, orders)
            where = f"{error}, {sticky}, call {fail_at} ({', '.join(disk.failed[:1]) or 'none failed'})"
            broken = [*told.violations, *_judge(told, _images(disk, seed + fail_at))]
            tally.add(disk, [f"{where}: {what}" for what in broken])
            if not disk.failed:
                break
    return IoReport(tally.runs, tally.most_calls, tally.failures, tuple(tally.violations))


class _Tally:
    def __init__(self, on_run: Callable[[int], object]) -> None:
        self.runs = self.failures = self.most_calls = 0
        self.violations: list[str] = []
        self._on_run = on_run

    def add(self, disk: Disk, violations: list[str]) -> None:
        self.runs += 1
        self.failures += bool(disk.failed)
        self.most_calls = max(self.most_calls, disk.calls)
        self.violations += violations
        self._on_run(self.runs)


@contextmanager
def _errors_are_meant() -> Iterator[None]:
    """SQLite passes over some errors, and apsw then tells of each as one that nobody could be told of."""
    before = sys.unraisablehook
    sys.unraisablehook = lambda seen: None if isinstance(seen.exc_value, apsw.Error) else before(seen)
    try:
        yield
    finally:
        sys.unraisablehook = before


def _trial(disk: Disk, orders: int) -> _Told:
    told = _Told()
    with tempfile.TemporaryDirectory() as folder:
        try:
            journal = OrderJournal.open(Path(folder), clock=ManualClock(), checkpoint_pages=12, vfs=disk.name)
        except JournalError:
            return told
        except Exception as error:  # noqa: BLE001  any other is what is looked for
            told.violations.append(f"opening raised {type(error).__name__}: {error}")
            return told
        try:
            _live(journal, told, orders)
        except Exception as error:  # noqa: BLE001  any other is what is looked for
            told.violations.append(f"raised {type(error).__name__}: {error}")
        finally:
            _put_away(journal, told)
    return told


def _put_away(journal: OrderJournal, told: _Told) -> None:
    try:
        journal.close()
    except JournalError:
        return
    except Exception as error:  # noqa: BLE001  any other is what is looked for
        told.violations.append(f"closing raised {type(error).__name__}: {error}")


def _live(journal: OrderJournal, told: _Told, orders: int) -> None:
    has_failed = False
    for number, entry in enumerate(_plan(orders)):
        try:
            _write(journal, entry)
        except JournalError:
            told.refused.append(entry)
            has_failed = True
            continue
        if isinstance(entry, PlaceIntent) and has_failed:
            told.violations.append("an intent was taken after a failure")
        if isinstance(entry, PlaceIntent) or (isinstance(entry, CancelRequest) and not has_failed):
            told.durable.append(entry)
        told.kept.append(entry)
        apply_entry(told.live, entry)
        if number % 7 == 6:
            try:
                journal.snapshot(told.live)
            except JournalError:
                has_failed = True


def _write(journal: OrderJournal, entry: Entry) -> None:
    if isinstance(entry, PlaceIntent | CancelRequest):
        journal.intend(entry)
    else:
        journal.record(entry)


def _images(disk: Disk, seed: int) -> dict[str, dict[str, bytes]]:
    return {
        "killed": disk.killed(),
        "without power": disk.unplugged(),
        "without power, a part survived": disk.unplugged(seed),
    }


def _judge(told: _Told, images: dict[str, dict[str, bytes]]) -> Iterator[str]:
    for how, files in images.items():
        with tempfile.TemporaryDirectory() as folder:
            moved = {f"{folder}/{name.rpartition('/')[2]}": content for name, content in files.items()}
            disk = Disk(moved)
            try:
                with OrderJournal.open(
                    Path(folder), clock=ManualClock(), checkpoint_pages=12, vfs=disk.name
                ) as journal:
                    yield from (f"{how}: {what}" for what in _compare(told, journal, how))
            except JournalError as error:
                yield f"{how}: it cannot be opened again: {error}"


def _compare(told: _Told, journal: OrderJournal, how: str) -> Iterator[str]:
    found = [entry for _, _, entry in journal.entries()]
    known = [entry for entry in found if entry not in told.refused]
    expected = told.kept if how == "killed" else told.kept[: len(known)]
    if known != expected:
        yield f"{len(known)} entries are there, and not the {len(expected)} that were kept"
    lost = [entry for entry in told.durable if entry not in found]
    if lost:
        yield f"{len(lost)} durable intents are lost"
    replayed = OrderTracker()
    for entry in found:
        apply_entry(replayed, entry)
    if digest(journal.recover()) != digest(replayed):
        yield "what is recovered is not what the entries say"
    if found == told.kept and digest(replayed) != digest(told.live):
        yield "what is recovered is not what was live"
    journal.intend(_intent("after the failure"))


def _plan(orders: int) -> Iterator[Entry]:
    for number in range(orders):
        name = f"order-{number}"
        update = OrderUpdate(
            symbol=_SYMBOL, client_order_id=name, exchange_order_id=f"x{number}", state=OrderState.OPEN
        )
        yield _intent(name)
        yield SubmitResult(client_order_id=name, verdict=Verdict.ACCEPTED, update=update)
        yield _fill(name, f"{number}-1")
        yield Mark(name=f"last_trade:{_SYMBOL}", value=f"{number}-1")
        yield CancelRequest(client_order_id=name, attempt=1)
        yield _fill(name, f"{number}-2")


def _intent(name: str) -> PlaceIntent:
    request = OrderRequest(
        symbol=_SYMBOL,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        qty="0.10",
        price="100.5",
        client_order_id=name,
    )
    return PlaceIntent(request=request, qty_step="0.01", created_at=ManualClock().now())


def _fill(name: str, trade_id: str) -> Fill:
    return Fill(symbol=_SYMBOL, trade_id=trade_id, client_order_id=name, qty="0.04", price="100.5")
