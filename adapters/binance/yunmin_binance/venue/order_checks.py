"""Whether an order may come in by the filters of its market and of the whole exchange."""

from __future__ import annotations

from collections.abc import Mapping

from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.plans import pegged_price
from yunmin.simulation.stops import STOP_TYPES
from yunmin_binance.venue.asset_filters import AssetFilters
from yunmin_binance.venue.count_filters import CountFilters
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.filters import AVERAGE_PRICE_MINUTES, Filters, Situation
from yunmin_binance.venue.reference_price import reference_price
from yunmin_binance.venue.symbols import SymbolRules

__all__ = ["OrderChecks"]


class OrderChecks:
    """Asks every filter; each raises the exchange's own words where an order breaks it."""

    def __init__(
        self,
        engine: MatchingEngine,
        rules: Mapping[str, SymbolRules],
        filters: Mapping[str, Filters],
        exchange_wide: CountFilters,
        of_accounts: Mapping[str, AssetFilters],
    ) -> None:
        self._engine = engine
        self._rules = rules
        self._filters = filters
        self._exchange_wide = exchange_wide
        self._of_accounts = of_accounts

    def terms(self, new: NewOrder, *, with_qty: bool = True) -> None:
        """The filters that look at one order; one that is pegged has to pass with the price of the book as well."""
        filters, situation = self._filters[new.market], self._situation(new.account, new.market)
        variants = [new]
        if new.peg is not None and new.order_type not in STOP_TYPES:
            found = pegged_price(new, self._engine.floor(new.market).book)
            variants = [new._replace(price=price) for price in {new.price, found} if price] or [new]
        asset_filters = self._of_accounts.get(new.account)
        for variant in variants:
            if with_qty:
                filters.check(variant, situation)
                if asset_filters is not None:
                    price = situation.price_over(AVERAGE_PRICE_MINUTES)
                    asset_filters.check(variant, self._rules[new.market], price=price)
            else:
                filters.check_prices(variant, situation)

    def counts(self, new: tuple[NewOrder, ...]) -> None:
        """The filters that count open orders."""
        market, index = new[0].market, self._engine.orders_of(new[0].account)
        self._filters[market].counts.check(
            new, index.open_in[market], lambda: [order.asked for order in index.open_orders(market)]
        )
        self._exchange_wide.check(new, len(index.open), lambda: [order.asked for order in index.open_orders()])

    def lists(self, new: NewOrder) -> None:
        """The filters that count open order lists."""
        is_open = self._engine.orders_of(new.account).open_lists()
        self._filters[new.market].counts.check_lists(sum(one.market == new.market for one in is_open))
        self._exchange_wide.check_lists(len(is_open))

    def vet(self, order: Order, qty: int) -> int:
        """The quantity with which an order that waited for another one may go to work by its market's filters."""
        filters = self._filters[order.market]
        if order.group is not None and order.group.pays:
            qty = filters.fit(qty, order.order_type)
        try:
            filters.check(order.asked._replace(qty=qty), self._situation(order.account, order.market))
        except ApiError:
            return 0
        return qty

    def _situation(self, account: str, market: str) -> Situation:
        return Situation(lambda minutes: self._price_over(market, minutes), self._position(account, market))

    def _price_over(self, market: str, minutes: int) -> int:
        """The reference price where the market has one, else the mean price over `minutes` (0: the last price)."""
        tape, now = self._engine.floor(market).tape, self._engine.now()
        rule = self._rules[market].reference
        reference = None if rule is None else reference_price(tape, rule, now)
        if reference is not None:
            return reference
        return tape.average_price(now, minutes) if minutes else tape.last_price

    def _position(self, account: str, market: str) -> int:
        """What the account has of the base asset and what its open buys still ask for."""
        if self._rules[market].max_position is None:
            return 0
        owner, base = self._engine.ledger.account(account), self._rules[market].base
        held = 0 if owner is None else owner.free[base] + owner.locked[base]
        asked = self._engine.orders_of(account).open_orders(market)
        return held + sum(order.remaining for order in asked if order.is_buy)
