"""How an account does: its equity against its peak and against the day's beginning, and what that forbids."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Context, Decimal
from typing import Any, Final

from yunmin.core.data_contracts.money import EXACT, ZERO, to_decimal
from yunmin.execution.risk_limits import RiskLimits
from yunmin.execution.risk_verdicts import Refused, RiskRule

__all__ = ["LossGuard"]

_ratio: Final = Context(prec=28).divide


class LossGuard:
    """Locks at `max_dd` until a person resumes, at `max_daily_loss` until the next UTC day. A lock does not lift by
    itself when the equity recovers. Amounts in the account's currency.
    """

    def __init__(self, limits: RiskLimits) -> None:
        self._limits = limits
        self.equity: Decimal | None = None
        self.peak: Decimal | None = None
        self._day: date | None = None
        self._day_open = ZERO
        self._dd_lock = ""
        self._day_lock = ""

    def update(self, equity: object, at: datetime) -> bool:
        """The account is worth `equity`; True where that changed anything that must survive a restart."""
        value, before = to_decimal(equity), self.dump()
        self._begin_day(value, at.date())
        self.equity = value
        self.peak = value if self.peak is None else max(self.peak, value)
        self._lock_if_needed()
        return self.dump() != before

    def transfer(self, amount: object) -> None:
        """So much came in, or left when negative, otherwise than by trading: that is no gain and no loss."""
        moved = to_decimal(amount)
        self._day_open = EXACT.add(self._day_open, moved)
        self.peak = None if self.peak is None else EXACT.add(self.peak, moved)
        self.equity = None if self.equity is None else EXACT.add(self.equity, moved)

    def resume(self) -> None:
        """Somebody has looked: losses count anew from here."""
        self._dd_lock = self._day_lock = ""
        self.peak = self.equity
        self._day_open = self.equity or ZERO

    @property
    def drawdown(self) -> Decimal | None:
        """How far the equity stands below its peak, as a fraction of 1; None while that cannot be said."""
        if self.equity is None or self.peak is None or self.peak <= ZERO:
            return None
        return _ratio(EXACT.subtract(self.peak, self.equity), self.peak)

    @property
    def day_loss(self) -> Decimal | None:
        """What was lost since the day (UTC) began, negative where it was gained; None before the equity is known."""
        return None if self.equity is None else EXACT.subtract(self._day_open, self.equity)

    def lock(self, limits: RiskLimits) -> Refused | None:
        """Why no new risk is taken, under the account's locks and the perhaps tighter `limits`."""
        if self._dd_lock:
            return Refused(RiskRule.MAX_DD, f"{self._dd_lock}; no new risk until somebody resumes")
        if self._day_lock:
            return Refused(RiskRule.MAX_DAILY_LOSS, f"{self._day_lock}; no new risk for the rest of that day (UTC)")
        if self.equity is None and (limits.max_dd is not None or limits.max_daily_loss is not None):
            return Refused(RiskRule.NO_EQUITY, "the account's equity is not known, nor is what was lost: update_equity")
        for rule, reached in ((RiskRule.MAX_DD, self._dd_reached), (RiskRule.MAX_DAILY_LOSS, self._loss_reached)):
            text = reached(limits)
            if text:
                return Refused(rule, f"{text}; no new risk for this route")
        return None

    def _begin_day(self, value: Decimal, day: date) -> None:
        """A day opens at what the account was worth before it, and never again: a clock may step back."""
        if self._day is not None and day <= self._day:
            return
        self._day = day
        self._day_open = value if self.equity is None else self.equity
        self._day_lock = ""

    def _lock_if_needed(self) -> None:
        self._dd_lock = self._dd_lock or self._dd_reached(self._limits)
        self._day_lock = self._day_lock or self._loss_reached(self._limits)

    def _dd_reached(self, limits: RiskLimits) -> str:
        drawdown = self.drawdown
        if limits.max_dd is None or drawdown is None or drawdown < limits.max_dd:
            return ""
        return f"the equity of {self.equity} is {drawdown:.4f} below its peak of {self.peak}, the limit {limits.max_dd}"

    def _loss_reached(self, limits: RiskLimits) -> str:
        loss = self.day_loss
        if limits.max_daily_loss is None or loss is None or loss < limits.max_daily_loss:
            return ""
        return f"{loss} were lost on {self._day}, the limit is {limits.max_daily_loss}"

    # --- across a restart --------------------------------------------------------------------------------------------

    def dump(self) -> dict[str, Any]:
        """JSON-able and exact. What the account is worth must be told anew."""
        return {
            "peak": _text(self.peak),
            "day": None if self._day is None else self._day.isoformat(),
            "day_open": str(self._day_open),
            "dd_lock": self._dd_lock,
            "day_lock": self._day_lock,
        }

    def restore(self, dumped: dict[str, Any]) -> None:
        """Go on from what `dump` gave."""
        self.peak = _number(dumped["peak"])
        self._day = None if dumped["day"] is None else date.fromisoformat(dumped["day"])
        self._day_open = Decimal(dumped["day_open"])
        self._dd_lock, self._day_lock = dumped["dd_lock"], dumped["day_lock"]


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
