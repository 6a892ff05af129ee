"""What stops trading when orders fail one after another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from yunmin.clock import Clock
from yunmin.core.data_contracts.enums import OrderState
from yunmin.core.data_contracts.events import (
    OrderFailed,
    OrderFilled,
    OrderOpened,
    OrderRejected,
    OrderUncertain,
    TrackerEvent,
)
from yunmin.execution.risk_limits import RiskLimits
from yunmin.execution.risk_verdicts import Refused, RiskRule

__all__ = ["CircuitBreaker"]

_FAILURES = (OrderRejected, OrderFailed)


class CircuitBreaker:
    """Opens when `breaker_failures` orders in a row were refused, failed or left without an answer; one that is seen in
    the book begins the count anew. After `breaker_pause` seconds one more failure opens it again.
    """

    def __init__(self, limits: RiskLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._failures = 0
        self._closes_at = 0.0

    def take(self, event: TrackerEvent) -> bool:
        """Take notice of how orders do; True where something changed that must survive a restart."""
        if isinstance(event, _FAILURES) or _is_unanswered(event):
            return self._count_failure()
        if isinstance(event, OrderOpened | OrderFilled) and self._failures:
            self._failures = 0
            return True
        return False

    def lock(self) -> Refused | None:
        """Why no new risk is taken now."""
        left = self._closes_at - self._clock.monotonic()
        if left <= 0:
            return None
        return Refused(
            RiskRule.CIRCUIT_BREAKER,
            f"{self._failures} orders in a row failed; no new risk for another {left:.0f} s",
            {"failures": str(self._failures), "seconds_left": f"{left:.0f}"},
        )

    def resume(self) -> None:
        """Somebody has looked."""
        self._failures, self._closes_at = 0, 0.0

    def _count_failure(self) -> bool:
        limit = self._limits.breaker_failures
        if limit is None:
            return False
        self._failures += 1
        if self._failures >= limit:
            self._closes_at = self._clock.monotonic() + float(self._limits.breaker_pause)
        return True

    def dump(self) -> dict[str, Any]:
        """JSON-able. Time in which the program does not run is no pause: a clock may be set meanwhile."""
        left = max(0.0, self._closes_at - self._clock.monotonic())
        return {"failures": self._failures, "seconds_left": str(Decimal(str(left)))}

    def restore(self, dumped: dict[str, Any]) -> None:
        """Go on from what `dump` gave."""
        self._failures = dumped["failures"]
        left = float(dumped["seconds_left"])
        self._closes_at = self._clock.monotonic() + left if left > 0 else 0.0


def _is_unanswered(event: TrackerEvent) -> bool:
    return isinstance(event, OrderUncertain) and event.order.state is OrderState.PENDING
