"""The time for which an exchange asked to be left alone."""

from __future__ import annotations

from yunmin.clock import Clock
from yunmin.errors import RateLimited

__all__ = ["HostPause"]


class HostPause:
    """After a 429, a 418 or a 403 nothing leaves for that host until the time is over. Then cancels go first."""

    def __init__(self, clock: Clock, *, unsaid: float) -> None:
        """`unsaid` is how many seconds to wait where the exchange did not say."""
        self._clock = clock
        self._unsaid = unsaid
        self._until = 0.0

    @property
    def left(self) -> float:
        """Seconds until requests may leave again; 0 where they may now."""
        return max(0.0, self._until - self._clock.monotonic())

    def begin(self, retry_after: float | None) -> float:
        """Leave the host alone for `retry_after` seconds, or longer if that was asked before; returns what is left."""
        wait = self._unsaid if retry_after is None else retry_after
        self._until = max(self._until, self._clock.monotonic() + wait)
        return self.left

    async def over_by(self, until: float) -> None:
        """As `over`. Raises RateLimited where that is not until then, by the monotonic clock; nothing is waited for."""
        if self.left > max(0.0, until - self._clock.monotonic()):
            raise RateLimited(
                f"the exchange asked to be left alone for {self.left:.0f} s, longer than there is patience. "
                "Start again after that",
                retry_after=self.left,
            )
        await self.over()

    async def over(self) -> None:
        """Return once requests may leave."""
        while self.left > 0:
            await self._clock.sleep(self.left)
