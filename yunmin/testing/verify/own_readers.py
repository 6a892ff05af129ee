"""The readers of the library itself, as targets of a fuzzer: the journal's file, its records, and what people type."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from pydantic import ValidationError

from yunmin.clock import ManualClock
from yunmin.core.data_contracts import OrderRequest, OrderState, OrderUpdate, SubmitResult, Verdict
from yunmin.core.data_contracts.money import to_decimal
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import InvalidValue, JournalError, YunminError
from yunmin.exchange import FuzzTarget
from yunmin.execution.journal_file import FILE_NAME
from yunmin.execution.journal_records import KINDS, decode, encode, kind_of, replay_entry
from yunmin.execution.order_journal import Entry, Mark, Note, OrderJournal, PlaceIntent
from yunmin.testing.verify.disk import Disk

__all__ = ["own_targets"]

_NOW: Final = ManualClock().now()
_REQUEST: Final = OrderRequest(
    symbol="BTC/USDT", side="BUY", order_type="LIMIT", qty="0.1", price="42000", client_order_id="ym-1"
)
_UPDATE: Final = OrderUpdate(
    symbol="BTC/USDT", client_order_id="ym-1", exchange_order_id="28", state=OrderState.OPEN, qty="0.1", price="42000"
)
_ENTRIES: Final[tuple[Entry, ...]] = (
    PlaceIntent(request=_REQUEST, qty_step="0.001", created_at=_NOW),
    SubmitResult(client_order_id="ym-1", verdict=Verdict.ACCEPTED, update=_UPDATE),
    _UPDATE,
    Mark(name="last_trade:BTC/USDT", value="56"),
    Note(kind="gap", text="the stream ended", at=_NOW + timedelta(seconds=1), data={"order": "ym-1"}),
)


def own_targets() -> tuple[FuzzTarget, ...]:
    """The journal's file and records, numbers, and order requests."""
    return (
        FuzzTarget(name="journal", read=_read_journal, examples=(_journal(),), documented=(JournalError, InvalidValue)),
        FuzzTarget(
            name="record",
            read=_read_record,
            examples=tuple(kind_of(entry).encode() + b" " + encode(entry) for entry in _ENTRIES),
            documented=(InvalidValue,),
        ),
        FuzzTarget(
            name="number",
            read=_read_number,
            examples=(b"0.1", b"42000", b"-1.50", b"0.00000001", b"999999999999999999"),
            documented=(InvalidValue, UnicodeDecodeError),
        ),
        FuzzTarget(
            name="request",
            read=_read_request,
            examples=(orjson.dumps(_REQUEST.model_dump(mode="json")),),
            documented=(ValidationError, YunminError, ValueError),
        ),
    )


@contextmanager
def _on_disk(content: dict[str, bytes]) -> Iterator[tuple[Path, Disk]]:
    with tempfile.TemporaryDirectory(prefix="yunmin-") as folder:
        yield Path(folder), Disk({f"{folder}/{name}": data for name, data in content.items()})


def _journal() -> bytes:
    """The file of a small journal that was closed in order."""
    with _on_disk({}) as (folder, disk):
        tracker = OrderTracker()
        with OrderJournal.open(folder, clock=ManualClock(), vfs=disk.name) as journal:
            for entry in _ENTRIES:
                if isinstance(entry, PlaceIntent):
                    journal.intend(entry)
                else:
                    journal.record(entry)
                replay_entry(tracker, entry)
            journal.snapshot(tracker)
        return disk.killed()[f"{folder}/{FILE_NAME}"]


def _read_journal(data: bytes) -> None:
    with (
        _on_disk({FILE_NAME: data}) as (folder, disk),
        OrderJournal.open(folder, clock=ManualClock(), vfs=disk.name) as journal,
    ):
        journal.recover()
        for _ in journal.entries():
            pass
        journal.last_trade_ids()
        journal.find("ym-1")


def _read_record(data: bytes) -> None:
    word, _, body = data.partition(b" ")
    kind = word.decode("utf-8", "replace")
    tracker = OrderTracker()
    tracker.submit(_REQUEST, created_at=_NOW)
    replay_entry(tracker, decode(kind if kind in KINDS else "update", body))


def _read_number(data: bytes) -> None:
    number = to_decimal(data.decode())
    assert number.is_finite(), "a number that is none"  # noqa: S101  what a fuzzer is to find


def _read_request(data: bytes) -> None:
    fields: Any = orjson.loads(data)
    if isinstance(fields, dict):
        OrderRequest.model_validate(fields)
