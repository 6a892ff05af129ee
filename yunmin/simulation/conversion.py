"""What an amount of one asset is worth in another, at last traded prices, over at most one asset between."""

from __future__ import annotations

from collections.abc import Mapping

from yunmin.simulation.orders import Market
from yunmin.simulation.tape import Tape
from yunmin.simulation.units import SCALE

__all__ = ["Conversion"]


class Conversion:
    """Converts through the markets it is given; the routes are found once for each pair of assets."""

    def __init__(self, markets: Mapping[str, tuple[Market, Tape]]) -> None:
        self._legs: dict[str, dict[str, tuple[Tape, bool]]] = {}
        for market, tape in markets.values():
            self._legs.setdefault(market.base, {})[market.quote] = (tape, True)
            self._legs.setdefault(market.quote, {})[market.base] = (tape, False)
        self._routes: dict[tuple[str, str], tuple[tuple[Tape, bool], ...] | None] = {}

    def convert(self, amount: int, source: str, target: str) -> int | None:
        """`amount` of `source` in units of `target`, rounded down; None where no price leads there yet."""
        if source == target:
            return amount
        route = self._route(source, target)
        if route is None:
            return None
        for tape, at_price in route:
            price = tape.last_price
            if not price:
                return None
            amount = amount * price // SCALE if at_price else amount * SCALE // price
        return amount

    def _route(self, source: str, target: str) -> tuple[tuple[Tape, bool], ...] | None:
        key = (source, target)
        if key not in self._routes:
            self._routes[key] = self._find(source, target)
        return self._routes[key]

    def _find(self, source: str, target: str) -> tuple[tuple[Tape, bool], ...] | None:
        from_source = self._legs.get(source, {})
        if target in from_source:
            return (from_source[target],)
        for between, leg in from_source.items():
            onward = self._legs[between].get(target)
            if onward is not None:
                return (leg, onward)
        return None
