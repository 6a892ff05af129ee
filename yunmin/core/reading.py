"""A figure at the newest candle that remembers what it was one candle before."""

from __future__ import annotations

from typing import Final

from yunmin.core.indicators import NOT_YET

__all__ = ["Reading", "previous_of", "reading_of"]

_new: Final = float.__new__


class Reading(float):
    """A float with `previous`: its value one candle before, nan where there was none.

    Sums, differences, products and quotients remember too, so that `self.close - 2 * self.atr(14)` can be asked
    whether it was crossed. It never changes: a reading that is kept is what it was.
    """

    __slots__ = ("previous",)

    previous: float

    def __new__(cls, now: float, previous: float = NOT_YET) -> Reading:
        made = _new(cls, now)
        made.previous = previous
        return made

    def __add__(self, other: float) -> Reading:
        return Reading(float(self) + float(other), self.previous + previous_of(other))

    def __radd__(self, other: float) -> Reading:
        return Reading(float(other) + float(self), previous_of(other) + self.previous)

    def __sub__(self, other: float) -> Reading:
        return Reading(float(self) - float(other), self.previous - previous_of(other))

    def __rsub__(self, other: float) -> Reading:
        return Reading(float(other) - float(self), previous_of(other) - self.previous)

    def __mul__(self, other: float) -> Reading:
        return Reading(float(self) * float(other), self.previous * previous_of(other))

    def __rmul__(self, other: float) -> Reading:
        return Reading(float(other) * float(self), previous_of(other) * self.previous)

    def __truediv__(self, other: float) -> Reading:
        return Reading(_quotient(self, other), _quotient(self.previous, previous_of(other)))

    def __rtruediv__(self, other: float) -> Reading:
        return Reading(_quotient(other, self), _quotient(previous_of(other), self.previous))

    def __neg__(self) -> Reading:
        return Reading(-float(self), -self.previous)

    def __abs__(self) -> Reading:
        return Reading(abs(float(self)), abs(self.previous))


def reading_of(now: float, previous: float) -> Reading:
    """As `Reading(now, previous)`, in two thirds of the time: one is made of each line at each candle."""
    made = _new(Reading, now)
    made.previous = previous
    return made


def previous_of(figure: float) -> float:
    """What `figure` was one candle before; a plain number has always been itself."""
    return figure.previous if isinstance(figure, Reading) else float(figure)


def _quotient(one: float, other: float) -> float:
    """No number where the divisor is zero: a candle of the past must not stop the one that is now."""
    return float(one) / float(other) if other != 0.0 else NOT_YET
