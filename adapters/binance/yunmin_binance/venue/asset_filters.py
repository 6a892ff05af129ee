"""How much of an asset an account may put into one order: the MAX_ASSET filter (filters.md, 2026-07-21).

Of a base asset it bounds the order's quantity, of a quote asset its worth. Only myFilters shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from yunmin.simulation.orders import NewOrder
from yunmin.simulation.units import cost_of, to_units
from yunmin_binance.venue.errors import filter_failure
from yunmin_binance.venue.symbols import SymbolRules
from yunmin_binance.venue.wire import amount

__all__ = ["AssetFilters"]


class AssetFilters:
    """The bounds of one account, by asset."""

    def __init__(self, most: Mapping[str, Decimal]) -> None:
        self._most = {asset: to_units(limit) for asset, limit in most.items()}

    def describe(self, rules: SymbolRules) -> list[dict[str, object]]:
        """Those that orders in a market meet."""
        return [
            {"filterType": "MAX_ASSET", "asset": asset, "limit": amount(self._most[asset])}
            for asset in (rules.base, rules.quote)
            if asset in self._most
        ]

    def check(self, new: NewOrder, rules: SymbolRules, *, price: int) -> None:
        """Raise where `new` is too large; `price` is the market's, for an order that has none (0: nobody knows)."""
        price = new.price or price
        qty = new.qty or (new.quote_qty * to_units(1) // price if price else 0)
        worth = new.quote_qty or (cost_of(price, new.qty) if price else 0)
        for asset, size in ((rules.base, qty), (rules.quote, worth)):
            if asset in self._most and size > self._most[asset]:
                raise filter_failure("MAX_ASSET")
