"""A rule: where a fault strikes, at which of those, and how often."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from pydantic import Field, field_validator, model_validator

from yunmin.core.data_contracts import Contract
from yunmin_binance.venue.chaos.faults import (
    Body,
    CutShort,
    Delay,
    Disconnect,
    Down,
    Drip,
    Drop,
    Duplicate,
    Fault,
    Flood,
    HalfOpen,
    Hide,
    Lose,
    Redirect,
    Reorder,
    Say,
    Seconds,
    Shutdown,
    Skew,
    Stale,
    StopStreams,
    Stray,
    Terminate,
)
from yunmin_binance.venue.chaos.subject import Door, Subject

__all__ = ["Rule"]

_ANY: Final = "*"
_DOOR_OF_WORD: Final = {
    "call": Door.CALL,
    "event": Door.EVENT,
    "handshake": Door.HANDSHAKE,
    "socket": Door.SOCKET,
    "venue": Door.VENUE,
}
_METHODS: Final = frozenset({_ANY, "GET", "POST", "PUT", "DELETE"})
_SOCKET_FAULTS: Final = (HalfOpen, Disconnect, StopStreams, Terminate, Shutdown)
_FAULTS_AT: Final[dict[Door, tuple[type[Contract], ...]]] = {
    Door.REST: (Delay, Drop, CutShort, Body, Say, Stray, Redirect, Drip, Flood, Hide, Stale),
    Door.CALL: (Delay, Drop, CutShort, Body, Say, Stray, Flood, Hide, Stale),
    Door.EVENT: (Delay, Lose, Duplicate, Reorder, CutShort, Body, *_SOCKET_FAULTS),
    Door.HANDSHAKE: (Delay, Drop, Say),
    Door.SOCKET: _SOCKET_FAULTS,
    Door.VENUE: (Skew, Down),
}


class Rule(Contract):
    """One fault on demand.

    `where` is a door and a pattern of what comes through it (`*` and `?` stand for any characters):

    | where | means |
    |---|---|
    | `POST /api/v3/order`, `* /api/v3/*` | REST requests by method and path |
    | `call order.place` | requests of the WebSocket API by method |
    | `event executionReport`, `event btcusdt@depth*` | stream events by their type or their stream's name |
    | `handshake /ws-api/*` | WebSockets being opened, by path |
    | `socket /ws/*` | WebSockets that are open, by path: strikes at once, at each of them |
    | `venue` | the venue as a whole: strikes at once |

    `client_order_id`, `symbol` (the exchange's name) and `account` are patterns too, and narrow it down further. Of
    what fits, the first `skip` are let pass, then every `every`-th is hit, with `probability`, at most `count` times.
    A rule ends after `for_seconds`. Chance follows `seed`, else the venue's and the rule's number.
    """

    where: str
    fault: Fault
    name: str = Field(default="", max_length=100)
    client_order_id: str = _ANY
    symbol: str = _ANY
    account: str = _ANY
    skip: int = Field(default=0, ge=0)
    every: int = Field(default=1, ge=1)
    count: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, gt=0.0, le=1.0)
    for_seconds: Seconds | None = None
    seed: str | None = Field(default=None, max_length=100)

    @property
    def door(self) -> Door:
        """What kind of thing it waits for."""
        word, _, _ = self.where.partition(" ")
        return _DOOR_OF_WORD.get(word, Door.REST)

    @property
    def pattern(self) -> str:
        """What a subject's name has to look like."""
        _, _, rest = self.where.partition(" ")
        return self.where if self.door is Door.REST else rest or _ANY

    def fits(self, subject: Subject) -> bool:
        """Whether it waits for this."""
        return (
            any(fnmatchcase(name, self.pattern) for name in subject.names)
            and _is_among(self.symbol, subject.symbols)
            and _is_among(self.account, subject.accounts)
            and _is_among(self.client_order_id, subject.client_order_ids)
        )

    @field_validator("where")
    @classmethod
    def _names_a_door(cls, where: str) -> str:
        word, _, pattern = where.partition(" ")
        if word in _DOOR_OF_WORD or (word in _METHODS and pattern.startswith(("/", _ANY))):
            return where
        raise ValueError("'METHOD /path', 'call METHOD', 'event TYPE', 'handshake /path', 'socket /path' or 'venue'")

    @model_validator(mode="after")
    def _fits_its_door(self) -> Rule:
        if not isinstance(self.fault, _FAULTS_AT[self.door]):
            raise ValueError(f"{self.fault.kind} cannot happen at {self.where!r}")
        return self


def _is_among(pattern: str, found: tuple[str, ...]) -> bool:
    return pattern == _ANY or any(fnmatchcase(one, pattern) for one in found)
