"""What the owner of a running venue may do with it as a whole: move its clock, save it, restart it.

| request | what it does |
|---|---|
| `GET /venue/clock` | the venue's time, and how it was set |
| `POST /venue/clock` | a JSON object: `advance` (seconds), `offset` (seconds), `freeze` (true or false) |
| `POST /venue/restart` | down at once, and up again `downtime` seconds later (a JSON object, may be empty) |
| `POST /venue/save` | writes the state to the file of `--state` |
"""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from yunmin.core.data_contracts import Contract
from yunmin.simulation.steered_clock import SteeredClock
from yunmin_binance.venue.api import RawRequest
from yunmin_binance.venue.chaos.faults import Seconds

__all__ = ["OwnersDoor", "Steerable"]

_MOST_AT_ONCE = 10 * 366 * 86_400.0


class Steerable(Protocol):
    """A venue, as far as this door reaches into it."""

    @property
    def clock(self) -> SteeredClock:
        """Its clock."""
        ...

    def restart_soon(self, downtime: float) -> None:
        """Go down once what is being answered has been, and come back `downtime` seconds later."""
        ...

    def save_own(self) -> str:
        """Save to the file that it was given; its name."""
        ...


class _ClockChange(Contract):
    advance: float = Field(default=0.0, ge=0.0, le=_MOST_AT_ONCE, allow_inf_nan=False)
    offset: float | None = Field(default=None, ge=-_MOST_AT_ONCE, le=_MOST_AT_ONCE, allow_inf_nan=False)
    freeze: bool | None = None


class _Restart(Contract):
    downtime: Seconds = 0.0


class OwnersDoor:
    """Answers for one venue."""

    def __init__(self, venue: Steerable) -> None:
        self._venue = venue

    def show_clock(self, _: RawRequest) -> dict[str, object]:
        """Its time, and how it was set."""
        clock = self._venue.clock
        return {"now": clock.now(), "offset": clock.offset, "is_frozen": clock.is_frozen}

    def set_clock(self, request: RawRequest) -> dict[str, object]:
        """Freeze or let go, set, then advance; what the clock shows after that."""
        change, clock = _ClockChange.model_validate_json(request.body or b"{}"), self._venue.clock
        if change.freeze is not None:
            (clock.freeze if change.freeze else clock.thaw)()
        if change.offset is not None:
            clock.set_offset(change.offset)
        clock.advance(change.advance)
        return self.show_clock(request)

    def restart(self, request: RawRequest) -> dict[str, object]:
        """Begin to; the answer comes before."""
        wanted = _Restart.model_validate_json(request.body or b"{}")
        self._venue.restart_soon(wanted.downtime)
        return {"downtime": wanted.downtime}

    def save(self, _: RawRequest) -> dict[str, object]:
        """Save now."""
        return {"saved": self._venue.save_own()}
