"""What becomes of a decision at once. What becomes of its orders, their events tell."""

from __future__ import annotations

from typing import NamedTuple

from yunmin.core.in_flight_order import InFlightOrder
from yunmin.execution.risk_verdicts import Refused

__all__ = ["Deferred", "Held", "Outcome", "Placed", "Withdrawn"]


class Placed(NamedTuple):
    """An order is under way."""

    order: InFlightOrder


class Deferred(NamedTuple):
    """These orders of ours are being cancelled; what was decided goes on by itself once all of them have ended."""

    waits_for: tuple[str, ...]


class Withdrawn(NamedTuple):
    """Cancels of these are under way; empty where nothing rested."""

    client_order_ids: tuple[str, ...]


class Held(NamedTuple):
    """Nothing was to be done."""


Outcome = Placed | Deferred | Withdrawn | Held | Refused
