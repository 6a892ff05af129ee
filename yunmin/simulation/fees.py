"""What a fill costs: maker and taker rates, taken from what was received or, cheaper, from a discount asset."""

from __future__ import annotations

from dataclasses import dataclass

from yunmin.errors import ConfigurationError
from yunmin.simulation.units import SCALE

__all__ = ["FeeDiscount", "FeeSchedule"]


@dataclass(frozen=True, slots=True)
class FeeDiscount:
    """Pay fees in `asset` where it is affordable, with `reduction` (10^-8: 25_000_000 is a quarter) taken off."""

    asset: str
    reduction: int

    def __post_init__(self) -> None:
        if not 0 <= self.reduction <= SCALE:
            raise ConfigurationError("a fee reduction lies between 0 and 1")


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Rates in units of 10^-8 of the received amount (100_000 is 0.1 %). `discount` is None where not enabled."""

    maker: int = 100_000
    taker: int = 100_000
    discount: FeeDiscount | None = None

    def __post_init__(self) -> None:
        if not (0 <= self.maker < SCALE and 0 <= self.taker < SCALE):
            raise ConfigurationError("a fee rate lies between 0 and 1")

    def reduced(self, fee: int) -> int:
        """`fee` after the discount, rounded down."""
        return fee if self.discount is None else fee * (SCALE - self.discount.reduction) // SCALE
