"""A reference price, as the matching engine makes it (Binance spot price range FAQ, 2026-07-21).

It is the mean price of the trades of a moving window. Trades are gathered in buckets aligned to the clock; a bucket
that the window has half left counts for the part that is still inside. Counts and sums carry four more decimals.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import Final

from yunmin.simulation.market_floor import MarketFloor, PriceBounds
from yunmin.simulation.tape import Tape
from yunmin.simulation.units import SCALE, to_units
from yunmin_binance.venue.symbols import PriceRange, ReferenceRule

__all__ = ["price_bounds", "reference_price"]

_MORE_DECIMALS: Final = 10_000
_ANY_PRICE: Final = 1 << 127


def reference_price(tape: Tape, rule: ReferenceRule, now: int) -> int | None:
    """In units of 10^-8 at the moment `now` (microseconds); None where nothing traded within the window."""
    width = rule.bucket_width_ms * 1000
    cutoff = now - width * rule.bucket_count
    oldest = cutoff // width * width
    recent = tape.trades[bisect_left(tape.trades, oldest, key=lambda trade: trade.time) :]
    leaving = [trade.price for trade in recent if trade.time < oldest + width]
    expired = cutoff - oldest
    count, total = _left_of(len(leaving), expired, width), _left_of(sum(leaving), expired, width)
    inside = recent[len(leaving) :]
    count += len(inside) * _MORE_DECIMALS
    total += sum(trade.price for trade in inside) * _MORE_DECIMALS
    return total // count if count else None


def price_bounds(floor: MarketFloor, rule: ReferenceRule, allowed: PriceRange) -> PriceBounds:
    """The price range execution rule: what a taker may trade at while there is a reference price.

    The floor is asked for its tape each time: a venue that is restored gets another one.
    """
    bids = _multiples(allowed.bid_limit_mult_down, allowed.bid_limit_mult_up)
    asks = _multiples(allowed.ask_limit_mult_down, allowed.ask_limit_mult_up)

    def bounds(is_buy: bool, now: int) -> tuple[int, int] | None:  # noqa: FBT001 - the side, as the engine asks for it
        price = reference_price(floor.tape, rule, now)
        if price is None:
            return None
        down, up = bids if is_buy else asks
        return (0 if down is None else price * down // SCALE, _ANY_PRICE if up is None else price * up // SCALE)

    return bounds


def _multiples(down: Decimal | None, up: Decimal | None) -> tuple[int | None, int | None]:
    return None if down is None else to_units(down), None if up is None else to_units(up)


def _left_of(figure: int, expired: int, width: int) -> int:
    """What the part of a bucket that has not expired counts for."""
    whole = figure * _MORE_DECIMALS
    return whole - whole * expired // width
