"""What an account was worth, moment by moment: its peak, and how far below it stands."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from decimal import Context, Decimal
from typing import Any, Final, NamedTuple, Self

from yunmin.core.data_contracts.money import ZERO, to_decimal

__all__ = ["EquityCurve", "EquityPoint"]

_context: Final = Context(prec=28)


class EquityPoint(NamedTuple):
    """`equity`, in units of the account's currency, at one moment."""

    at: datetime
    equity: Decimal


class EquityCurve:
    """The last `kept` points, and the peak and the deepest drawdown of all of them. Drawdowns are fractions of 1."""

    def __init__(self, *, kept: int = 100_000) -> None:
        self._points: deque[EquityPoint] = deque(maxlen=kept)
        self.peak: Decimal | None = None
        self.max_drawdown = ZERO

    def record(self, at: datetime, equity: object) -> None:
        """The account is worth `equity` at `at`."""
        value = to_decimal(equity)
        self._points.append(EquityPoint(at, value))
        self.peak = value if self.peak is None else max(self.peak, value)
        self.max_drawdown = max(self.max_drawdown, self.drawdown)

    @property
    def points(self) -> tuple[EquityPoint, ...]:
        return tuple(self._points)

    @property
    def drawdown(self) -> Decimal:
        """How far below its peak it stands now; 0 before there is a point, and while the peak was never above 0."""
        if not self._points or self.peak is None or self.peak <= ZERO:
            return ZERO
        return _context.divide(_context.subtract(self.peak, self._points[-1].equity), self.peak)

    def dump(self) -> dict[str, Any]:
        """JSON-able and exact."""
        return {
            "kept": self._points.maxlen,
            "points": [[point.at.isoformat(), str(point.equity)] for point in self._points],
            "peak": None if self.peak is None else str(self.peak),
            "max_drawdown": str(self.max_drawdown),
        }

    @classmethod
    def load(cls, dumped: dict[str, Any]) -> Self:
        """What `dump` wrote."""
        curve = cls(kept=dumped["kept"])
        curve._points.extend(EquityPoint(datetime.fromisoformat(at), Decimal(value)) for at, value in dumped["points"])
        curve.peak = None if dumped["peak"] is None else Decimal(dumped["peak"])
        curve.max_drawdown = Decimal(dumped["max_drawdown"])
        return curve
