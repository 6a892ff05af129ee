"""Whether new orders may leave, and every reason why they may not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum

from yunmin.errors import SubmitsPaused

__all__ = ["PauseReason", "SubmitGate"]


class PauseReason(StrEnum):
    """Why new orders are not taken. Cancels always are."""

    STARTING = "STARTING"
    STREAM_LOST = "STREAM_LOST"
    RECONCILING = "RECONCILING"
    RATE_LIMITED = "RATE_LIMITED"
    CLOCK = "CLOCK"
    JOURNAL = "JOURNAL"
    HALTED = "HALTED"
    KILLED = "KILLED"
    CLOSING = "CLOSING"


class SubmitGate:
    """Open while no reason holds it closed. `tell` hears of each opening and closing: the reasons that hold it now."""

    def __init__(self, tell: Callable[[dict[PauseReason, str]], None] | None = None) -> None:
        self._reasons: dict[PauseReason, str] = {}
        self._tell = tell
        self._opened = asyncio.Event()
        self._opened.set()

    @property
    def is_open(self) -> bool:
        return not self._reasons

    @property
    def reasons(self) -> dict[PauseReason, str]:
        """Each reason that holds it closed, with its text."""
        return dict(self._reasons)

    def close(self, reason: PauseReason, why: str) -> None:
        """Hold it closed for `reason` until that is lifted; the first text of a reason stands."""
        if reason in self._reasons:
            return
        self._reasons[reason] = why
        self._opened.clear()
        self._announce()

    def lift(self, reason: PauseReason) -> None:
        """`reason` holds it no longer."""
        if self._reasons.pop(reason, None) is None:
            return
        if not self._reasons:
            self._opened.set()
        self._announce()

    def check(self) -> None:
        """Raise SubmitsPaused unless it is open."""
        if self._reasons:
            told = "; ".join(f"{reason}: {why}" for reason, why in self._reasons.items())
            raise SubmitsPaused(f"new orders are paused ({told}). Nothing was sent; cancels are still taken")

    async def opened(self) -> None:
        """Return once it is open."""
        await self._opened.wait()

    def _announce(self) -> None:
        if self._tell is not None:
            self._tell(dict(self._reasons))
