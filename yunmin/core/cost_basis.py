"""What a position cost, and what closing a part of it made: average cost or first in, first out. Exact."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Context, Decimal
from enum import StrEnum
from typing import Final, Self

from yunmin.core.data_contracts.money import ZERO

__all__ = ["CostMethod", "Holding"]

_EXACT: Final = Context(prec=250)
"""A lot's cost times a part of it over its quantity, without a rounded digit for any bounded numbers."""

# unary minus and abs() would round to the caller's own context: copy_negate and copy_abs never do

_FINEST: Final = Decimal(1).scaleb(-36)
"""A price and a quantity have 18 decimals each: so their product is exact, and only shares of an average are cut."""


class CostMethod(StrEnum):
    """Which units are sold first: a share of all of them at their average cost, or the oldest."""

    AVERAGE = "AVERAGE"
    FIFO = "FIFO"


class Holding:
    """A quantity, negative when sold short, with what it cost, and what was realised. Grows by `trade` alone.

    No cost is ever lost to rounding: what closing takes from it is taken, and the rest stays.
    """

    def __init__(
        self,
        method: CostMethod,
        *,
        lots: Iterable[tuple[Decimal, Decimal]] = (),
        sign: int = 1,
        realised: Decimal = ZERO,
    ) -> None:
        self._method = method
        self._lots = deque(lots)  # quantity and cost, both above zero, oldest first
        self._sign = sign
        self.qty = _EXACT.multiply(_total(qty for qty, _ in self._lots), sign)
        self.realised = realised

    @property
    def cost(self) -> Decimal:
        """What the open quantity cost, in quote units; negative for a short one: what its sale brought."""
        return _EXACT.multiply(_total(cost for _, cost in self._lots), self._sign)

    def trade(self, delta: Decimal, price: Decimal) -> None:
        """`delta` base units more (bought) or less (sold), at `price` quote units each."""
        if delta == ZERO:
            return
        sign, left = (1, delta) if delta > ZERO else (-1, delta.copy_negate())
        if sign != self._sign:
            left = self._close(left, price)
        if left > ZERO:
            self._sign = sign
            self._open(left, _EXACT.multiply(left, price))
        self.qty = _EXACT.add(self.qty, delta)

    def copy(self) -> Self:
        return type(self)(self._method, lots=self._lots, sign=self._sign, realised=self.realised)

    def dump(self) -> list[object]:
        """JSON-able; every digit is kept."""
        return [self._sign, str(self.realised), [[str(qty), str(cost)] for qty, cost in self._lots]]

    @classmethod
    def load(cls, method: CostMethod, dumped: list[object]) -> Self:
        """What `dump` wrote."""
        sign, realised, lots = dumped
        assert isinstance(lots, list)  # noqa: S101  written by dump
        return cls(
            method,
            lots=((Decimal(qty), Decimal(cost)) for qty, cost in lots),
            sign=int(str(sign)),
            realised=Decimal(str(realised)),
        )

    def _open(self, qty: Decimal, cost: Decimal) -> None:
        if self._method is CostMethod.AVERAGE and self._lots:
            held, paid = self._lots.pop()
            qty, cost = _EXACT.add(held, qty), _EXACT.add(paid, cost)
        self._lots.append((qty, cost))

    def _close(self, qty: Decimal, price: Decimal) -> Decimal:
        """Close up to `qty`, and realise it; returns what is left of `qty`."""
        while qty > ZERO and self._lots:
            held, paid = self._lots.popleft()
            part = min(held, qty)
            cost = paid if part == held else _share(paid, part, held)
            if part != held:
                self._lots.appendleft((_EXACT.subtract(held, part), _EXACT.subtract(paid, cost)))
            gain = _EXACT.subtract(_EXACT.multiply(part, price), cost)
            self.realised = _EXACT.add(self.realised, gain if self._sign > 0 else gain.copy_negate())
            qty = _EXACT.subtract(qty, part)
        return qty


def _total(numbers: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for number in numbers:
        total = _EXACT.add(total, number)
    return total


def _share(cost: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    return _EXACT.quantize(_EXACT.divide(_EXACT.multiply(cost, part), whole), _FINEST)
