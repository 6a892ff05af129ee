"""What the journal keeps: the kinds of entry, how each becomes bytes, and the checksum that chains them.

A record's checksum covers the one before it: a record that is changed, lost or moved shows.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from pydantic import Field, ValidationError, model_validator

from yunmin.core.data_contracts import (
    CancelRequest,
    CancelResult,
    Contract,
    Fill,
    FillVoided,
    OrderRequest,
    OrderSearched,
    OrderUpdate,
    SubmitResult,
    UtcDatetime,
)
from yunmin.core.data_contracts.events import TrackerEvent
from yunmin.core.data_contracts.money import ZERO, Qty
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.errors import InvalidValue, LifecycleError

__all__ = [
    "GENESIS",
    "KINDS",
    "RECORD_LOST",
    "Adopted",
    "Entry",
    "Mark",
    "Note",
    "PlaceIntent",
    "Record",
    "apply_entry",
    "checksum",
    "decode",
    "encode",
    "kind_of",
    "replay_entry",
    "to_micros",
]

RECORD_LOST: Final = "record_lost"
"""The kind of the Note that stands where a repair could not save a record."""

GENESIS: Final = bytes(16)
"""The checksum before the first record's."""

_hash = hashlib.blake2b
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class PlaceIntent(Contract):
    """An order that is about to be sent, under the client order id that it will have at the exchange."""

    request: OrderRequest
    qty_step: Qty = ZERO
    created_at: UtcDatetime

    @model_validator(mode="after")
    def _has_an_id(self) -> PlaceIntent:
        if not self.request.client_order_id:
            raise ValueError("an intent needs a client_order_id")
        return self

    @property
    def client_order_id(self) -> str:
        assert self.request.client_order_id is not None  # noqa: S101  checked when it was made
        return self.request.client_order_id


class Adopted(Contract):
    """An order of somebody else that is followed from now on."""

    update: OrderUpdate


class Mark(Contract):
    """A named place up to which something was seen, such as the last trade of a symbol. The last word stands."""

    name: str = Field(min_length=1)
    value: str


class Note(Contract):
    """Something that happened, for whoever reads the journal; it changes no order."""

    kind: str
    text: str
    at: UtcDatetime
    data: dict[str, str] = Field(default_factory=dict)


Entry = PlaceIntent | Adopted | News | Mark | Note

KINDS: Final[dict[str, type[Any]]] = {
    "place_intent": PlaceIntent,
    "adopted": Adopted,
    "order_update": OrderUpdate,
    "fill": Fill,
    "fill_voided": FillVoided,
    "submit_result": SubmitResult,
    "cancel_request": CancelRequest,
    "cancel_result": CancelResult,
    "order_searched": OrderSearched,
    "mark": Mark,
    "note": Note,
}
"""The word that stands in the file -> what it is. A word never changes its meaning."""

_WORDS: Final = {kind: word for word, kind in KINDS.items()}


class Record(NamedTuple):
    """One line of the journal as it is stored. `at` is in microseconds since the Unix epoch."""

    seq: int
    at: int
    kind: str
    body: bytes
    check: bytes

    @property
    def moment(self) -> datetime:
        return _EPOCH + self.at * _MICROSECOND

    def is_intact(self, before: bytes) -> bool:
        """Whether it is what was written, after the record whose checksum is `before`."""
        try:
            return self.check == checksum(before, self.seq, self.at, self.kind, self.body)
        except (TypeError, AttributeError):  # a spoilt page can turn a value into one of another type
            return False

    def entry(self) -> Entry:
        return decode(self.kind, self.body)


def to_micros(moment: datetime) -> int:
    """Microseconds since the Unix epoch of an aware datetime."""
    return (moment - _EPOCH) // _MICROSECOND


def checksum(before: bytes, seq: int, at: int, kind: str, body: bytes) -> bytes:
    """Sixteen bytes of BLAKE2b over the checksum before it and all of the record."""
    return _hash(b"%b%d %d %b %b" % (before, seq, at, kind.encode(), body), digest_size=16).digest()


def kind_of(entry: Entry) -> str:
    """The word for what it is. Raises TypeError for what is no entry."""
    word = _WORDS.get(type(entry))
    if word is None:
        raise TypeError(f"the journal keeps {', '.join(kind.__name__ for kind in _WORDS)}; not {type(entry).__name__}")
    return word


def encode(entry: Entry) -> bytes:
    """JSON; an exchange's own raw answer is not kept, it says nothing that the entry does not."""
    return entry.model_dump_json(exclude_none=True).encode()


def decode(kind: str, body: bytes) -> Entry:
    """The entry that was written. Raises InvalidValue for what no version so far has written."""
    model = KINDS.get(kind)
    if model is None:
        raise InvalidValue(f"a record of kind {kind!r}, which this version does not know")
    try:
        entry: Entry = model.model_validate_json(body)
    except (ValidationError, TypeError) as error:
        raise InvalidValue(f"a record of kind {kind!r} that is none") from error
    return entry


def apply_entry(tracker: OrderTracker, entry: Entry) -> list[TrackerEvent]:
    """Let the tracker take what the journal has kept: the one way for it, now and at every replay.

    Returns what news changed; what a beginning changed goes to the listeners. Raises LifecycleError for an intent
    under the id of an order that exists with other terms or has ended, InvalidValue for an order that cannot be
    adopted.
    """
    if isinstance(entry, PlaceIntent):
        tracker.submit(entry.request, qty_step=Decimal(entry.qty_step), created_at=entry.created_at)
        return []
    if isinstance(entry, Adopted):
        tracker.adopt(entry.update)
        return []
    if isinstance(entry, Mark | Note):
        return []
    return tracker.apply(entry)


def replay_entry(tracker: OrderTracker, entry: Entry) -> None:
    """`apply_entry`, where what was refused then is refused again, silently."""
    try:
        apply_entry(tracker, entry)
    except (LifecycleError, InvalidValue):
        return
