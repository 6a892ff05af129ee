"""What a rule looks at: one request, event, connection, or the venue itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Door", "Subject"]


class Door(Enum):
    """Through what it comes."""

    REST = "REST"
    CALL = "CALL"
    EVENT = "EVENT"
    HANDSHAKE = "HANDSHAKE"
    SOCKET = "SOCKET"
    VENUE = "VENUE"


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that a fault may strike, under every name and id that it goes by."""

    door: Door
    names: tuple[str, ...]
    symbols: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    client_order_ids: tuple[str, ...] = ()
