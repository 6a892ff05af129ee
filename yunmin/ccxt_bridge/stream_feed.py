"""What an adapter gives for one stream: where it is, what is said there, and how what comes is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from yunmin.errors import ExchangeError

__all__ = ["Conversation", "Ears", "Feed", "StreamManners"]

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class StreamManners:
    """How one exchange's sockets are kept. All times are in seconds, on the connector's clock.

    A ping goes out every `heartbeat`, and a socket on which nothing at all came since the ping before is dead: so that
    is seen within two. Every `probe_every` the exchange is asked whether it still knows the subscription. A connection
    is followed by a fresh one when it is `life` old, and kept for `overlap` beside it. A message has at most
    `largest_message` bytes.
    """

    heartbeat: float = 10.0
    probe_every: float = 60.0
    life: float = 23.5 * 3600
    overlap: float = 5.0
    first_delay: float = 0.25
    longest_delay: float = 30.0
    largest_message: int = 4 * 1024 * 1024

    def at_pace(self, pace: float) -> StreamManners:
        """The same on the wall, where the connector's clock goes `pace` times as fast."""
        if pace == 1:
            return self
        times = ("heartbeat", "probe_every", "life", "overlap", "first_delay", "longest_delay")
        return replace(self, **{name: getattr(self, name) * pace for name in times})


class Ears(Protocol[Item_contra]):
    """What a conversation tells of what it has read."""

    def news(self, item: Item_contra) -> None:
        """Something that the reader of the stream shall have."""

    def subscribed(self) -> None:
        """The exchange has said that it will tell us from now on."""

    def refused(self, error: ExchangeError) -> None:
        """The exchange has said that it will not."""

    def is_known(self) -> None:
        """The exchange still knows the subscription: the answer to a probe."""

    def ended(self, why: str) -> None:
        """The exchange tells no more on this connection; a new one is needed."""

    def leaving(self, why: str) -> None:
        """The exchange closes this connection soon; another is wanted beside it."""

    def missed(self, why: str) -> None:
        """Something was said that could not be read."""

    def meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` beside the reading. It ends with the connection; an error in it ends the connection."""


class Conversation(Protocol):
    """One connection's talk. `read` is called for each message in order, and may raise: that is a message missed."""

    def greeting(self) -> str:
        """What subscribes; made anew, and signed, when it is sent."""
        ...

    def probe(self) -> str | None:
        """What asks whether the subscription is still known; None where that cannot be asked."""
        ...

    def read(self, message: bytes) -> None:
        """Take in one text message."""
        ...


class Feed(ABC, Generic[Item]):
    """One stream of one exchange. `what` names it in errors, `url` is its address, and its host the only one."""

    what: str
    url: str

    async def prepare(self, failure: Exception | None) -> None:
        """Called before every connection; `failure` is what the attempt before it came to."""

    @abstractmethod
    def converse(self, ears: Ears[Item]) -> Conversation:
        """The talk of a new connection."""
