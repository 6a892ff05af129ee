"""What can go wrong, as values: one class for each kind of fault, with how much of it is wanted.

Times are seconds on the venue's clock. `moment` says whether the request is carried out: BEFORE the engine it never
is, AFTER it has been and only its answer suffers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from yunmin.core.data_contracts import Contract

__all__ = [
    "Body",
    "CutShort",
    "Delay",
    "Disconnect",
    "Down",
    "Drip",
    "Drop",
    "Duplicate",
    "Ending",
    "Fault",
    "Flood",
    "FloodPart",
    "ForeignBody",
    "HalfOpen",
    "Hide",
    "Lose",
    "Moment",
    "Redirect",
    "Reorder",
    "Say",
    "Seconds",
    "Shutdown",
    "Skew",
    "Stale",
    "StopStreams",
    "Stray",
    "Terminate",
]

_DAY: Final = 86_400.0

Seconds = Annotated[float, Field(ge=0.0, le=_DAY, allow_inf_nan=False)]
"""A length of time on the venue's clock, at most a day."""


class Moment(StrEnum):
    """On which side of the engine a fault strikes."""

    BEFORE = "before"
    AFTER = "after"


class Ending(StrEnum):
    """What becomes of the connection: an orderly end, a reset, or nothing at all, for ever."""

    CLOSE = "close"
    RESET = "reset"
    SILENCE = "silence"


class ForeignBody(StrEnum):
    """Bodies that no exchange should send. OTHER_ORDER is the true answer under another
    order's ids."""

    HTML = "html"
    EMPTY = "empty"
    OBJECT = "object"
    LIST = "list"
    NULL = "null"
    BAD_UTF8 = "bad_utf8"
    TRUNCATED = "truncated"
    OTHER_ORDER = "other_order"


class FloodPart(StrEnum):
    """Where a flood pours: into the body, into header lines, or into one header line."""

    BODY = "body"
    HEADERS = "headers"
    HEADER = "header"


class Delay(Contract):
    """`seconds` of waiting, and up to `jitter` more."""

    kind: Literal["delay"] = "delay"
    seconds: Seconds
    jitter: Seconds = 0.0
    moment: Moment = Moment.BEFORE


class Drop(Contract):
    """No answer comes; how the connection ends is `ending`."""

    kind: Literal["drop"] = "drop"
    moment: Moment = Moment.AFTER
    ending: Ending = Ending.CLOSE


class CutShort(Contract):
    """The true answer is announced whole and breaks off after `sent` bytes of its body (None: half of them)."""

    kind: Literal["cut_short"] = "cut_short"
    sent: int | None = Field(default=None, ge=0)
    ending: Ending = Ending.CLOSE


class Body(Contract):
    """A foreign body in place of the true one. `status` None keeps that of the true answer (200 before the engine)."""

    kind: Literal["body"] = "body"
    body: ForeignBody = ForeignBody.HTML
    status: int | None = Field(default=None, ge=200, le=599)
    moment: Moment = Moment.AFTER


class Say(Contract):
    """Any status with any code and text. With `code` None the body is a page of HTML, as proxies and firewalls send.

    `retry_after` is the header's number of seconds; None leaves the header out, except where the rule itself ends at a
    known time: then it says how long that is.
    """

    kind: Literal["say"] = "say"
    status: int = Field(ge=200, le=599)
    code: int | None = None
    msg: str = ""
    moment: Moment = Moment.BEFORE
    retry_after: int | None = Field(default=None, ge=0)


class Stray(Contract):
    """A second answer right behind the true one, which nobody asked for; None is the true one once more."""

    kind: Literal["stray"] = "stray"
    body: str | None = None
    status: int = Field(default=200, ge=200, le=599)


class Redirect(Contract):
    """Sends the caller elsewhere, with the request not carried out."""

    kind: Literal["redirect"] = "redirect"
    location: str
    status: int = Field(default=307, ge=300, le=399)


class Drip(Contract):
    """The true answer, `size` bytes at a time, with `pause` seconds after each."""

    kind: Literal["drip"] = "drip"
    pause: Seconds = 1.0
    size: int = Field(default=1, ge=1)


class Flood(Contract):
    """`size` bytes without meaning in place of the answer, after the engine."""

    kind: Literal["flood"] = "flood"
    size: int = Field(default=60 * 1024 * 1024, ge=1, le=1024**3)
    part: FloodPart = FloodPart.BODY
    moment: Moment = Moment.AFTER


class Hide(Contract):
    """The order is accepted, and no question shows it for `seconds`, nor in the first `queries` that would have.

    With both, it shows when both are over. Its events are told as ever.
    """

    kind: Literal["hide"] = "hide"
    seconds: Seconds = 0.0
    queries: int = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _hides_something(self) -> Hide:
        if not self.seconds and not self.queries:
            raise ValueError("give seconds or queries")
        return self


class Stale(Contract):
    """The first answer that the rule meets is given again for all later ones, whatever has happened since."""

    kind: Literal["stale"] = "stale"


class Duplicate(Contract):
    """The same once more, `times` times."""

    kind: Literal["duplicate"] = "duplicate"
    times: int = Field(default=1, ge=1, le=1000)


class Lose(Contract):
    """It is not sent."""

    kind: Literal["lose"] = "lose"


class Reorder(Contract):
    """Held until `window` of them are there, then sent in another order; after `seconds` what is held is sent."""

    kind: Literal["reorder"] = "reorder"
    window: int = Field(default=2, ge=2, le=1000)
    seconds: Seconds = 1.0


class HalfOpen(Contract):
    """The socket stays open and is dead: nothing is sent, nothing is read, no ping is answered."""

    kind: Literal["half_open"] = "half_open"


class Disconnect(Contract):
    """The socket ends: with a close frame of `code`, or by reset where `code` is None."""

    kind: Literal["disconnect"] = "disconnect"
    code: int | None = Field(default=1001, ge=1000, le=4999)
    reason: str = ""


class StopStreams(Contract):
    """The socket lives and answers, and no event comes any more."""

    kind: Literal["stop_streams"] = "stop_streams"


class Terminate(Contract):
    """User data subscriptions end, and eventStreamTerminated says so."""

    kind: Literal["terminate"] = "terminate"


class Shutdown(Contract):
    """serverShutdown is announced, and the socket ends `seconds` later."""

    kind: Literal["shutdown"] = "shutdown"
    seconds: Seconds = 0.0


class Skew(Contract):
    """The venue's clock is wrong by so many seconds: later than true where positive."""

    kind: Literal["skew"] = "skew"
    seconds: float = Field(ge=-_DAY, le=_DAY, allow_inf_nan=False)


class Down(Contract):
    """Nobody answers the port for `seconds`: connections are reset, new ones refused. The state stays."""

    kind: Literal["down"] = "down"
    seconds: Seconds = 1.0


Fault = Annotated[
    Delay
    | Drop
    | CutShort
    | Body
    | Say
    | Stray
    | Redirect
    | Drip
    | Flood
    | Hide
    | Stale
    | Duplicate
    | Lose
    | Reorder
    | HalfOpen
    | Disconnect
    | StopStreams
    | Terminate
    | Shutdown
    | Skew
    | Down,
    Field(discriminator="kind"),
]
"""Any of them."""
