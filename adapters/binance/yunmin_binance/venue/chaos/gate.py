"""What a connection asks before it sends: whether somebody wants to interfere. Costs one look where nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from yunmin_binance.venue.streams.connection import Connection

__all__ = ["OPEN", "FrameGate", "OpenGate"]


class FrameGate(Protocol):
    """Stands between what is told and the queue of one connection."""

    is_quiet: bool
    """Whether frames may go past it."""

    def take(self, connection: Connection, frame: bytes, about: str) -> None:
        """Do with `frame` what is to be done; `about` is its stream's name, empty where it has none."""
        ...


class OpenGate:
    """Lets everything pass."""

    is_quiet = True

    def take(self, connection: Connection, frame: bytes, about: str) -> None:
        """Send it."""
        connection.put(frame)


OPEN = OpenGate()
