"""Commission rates as the exchange shows them (Binance spot REST docs, 2026-07-21, and the commission FAQ)."""

from __future__ import annotations

from yunmin.simulation.fees import FeeSchedule
from yunmin.simulation.units import to_units
from yunmin_binance.venue.exchange import DISCOUNT_ASSET, DISCOUNT_RATE
from yunmin_binance.venue.wire import amount

__all__ = ["discount", "rates", "rates_by_side"]


def rates(maker: int, taker: int) -> dict[str, object]:
    """Maker and taker rates, in units of 10^-8."""
    return {"maker": amount(maker), "taker": amount(taker)}


def rates_by_side(maker: int, taker: int) -> dict[str, object]:
    """The same with the rates that depend on the side; the local venue has none of those."""
    return {**rates(maker, taker), "buyer": amount(0), "seller": amount(0)}


def discount(fees: FeeSchedule) -> dict[str, object]:
    """What is taken off standard commission where it is paid in the discount asset."""
    return {
        "enabledForAccount": fees.discount is not None,
        "enabledForSymbol": True,
        "discountAsset": DISCOUNT_ASSET,
        "discount": amount(to_units(DISCOUNT_RATE)),
    }
