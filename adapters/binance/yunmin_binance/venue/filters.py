"""The trading rules of a symbol as filters: how exchangeInfo shows them, and which one a new order breaks.

Binance spot filters.md, 2026-07-21. Only filters that are enforced are shown.
"""

from __future__ import annotations

from collections.abc import Collection

from yunmin.core.data_contracts.enums import OrderType
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.stops import STOP_TYPES
from yunmin.simulation.units import cost_of, to_units
from yunmin_binance.venue.errors import filter_failure, too_many_amendments
from yunmin_binance.venue.symbols import SymbolRules
from yunmin_binance.venue.wire import amount

__all__ = ["AVERAGE_PRICE_MINUTES", "Filters", "is_priceless"]

AVERAGE_PRICE_MINUTES = 5

_PRICELESS = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT})


def is_priceless(order_type: OrderType) -> bool:
    """Whether such an order is a market order, at once or when its stop is reached."""
    return order_type in _PRICELESS


class Filters:
    """The filters of one symbol, in whole units of 10^-8."""

    def __init__(self, rules: SymbolRules) -> None:
        self._tick = to_units(rules.tick_size)
        self._prices = (to_units(rules.min_price), to_units(rules.max_price))
        self._step = to_units(rules.step_size)
        self._quantities = (to_units(rules.min_qty), to_units(rules.max_qty))
        self._market_most = to_units(rules.market_max_qty)
        self._notionals = (to_units(rules.min_notional), to_units(rules.max_notional))
        self._max_open = rules.max_open_orders
        self._max_algo = rules.max_algo_orders
        self._max_amendments = rules.max_amendments
        self._max_lists = rules.max_order_lists

    def describe(self) -> list[dict[str, object]]:
        """The `filters` of exchangeInfo."""
        return [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": amount(self._prices[0]),
                "maxPrice": amount(self._prices[1]),
                "tickSize": amount(self._tick),
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": amount(self._quantities[0]),
                "maxQty": amount(self._quantities[1]),
                "stepSize": amount(self._step),
            },
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": amount(0),
                "maxQty": amount(self._market_most),
                "stepSize": amount(0),
            },
            {
                "filterType": "NOTIONAL",
                "minNotional": amount(self._notionals[0]),
                "applyMinToMarket": True,
                "maxNotional": amount(self._notionals[1]),
                "applyMaxToMarket": False,
                "avgPriceMins": AVERAGE_PRICE_MINUTES,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": self._max_open},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": self._max_algo},
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": self._max_amendments},
            {"filterType": "MAX_NUM_ORDER_LISTS", "maxNumOrderLists": self._max_lists},
        ]

    def check(self, new: NewOrder, *, average_price: int, open_orders: Collection[Order]) -> None:
        """Raise the failure of the first filter that `new` breaks.

        A market order has no price of its own, so its notional is reckoned at `average_price` (0: not known yet).
        """
        is_market = is_priceless(new.order_type)
        if not is_market:
            self._check_price(new.price)
        if new.order_type in STOP_TYPES:
            self._check_price(new.stop_price)
        if not new.quote_qty:
            self._check_qty(new.qty, is_market=is_market)
        self._check_notional(new, average_price, is_market=is_market)
        if len(open_orders) >= self._max_open:
            raise filter_failure("MAX_NUM_ORDERS")
        if new.order_type in STOP_TYPES:
            algo_orders = sum(order.order_type in STOP_TYPES for order in open_orders)
            if algo_orders >= self._max_algo:
                raise filter_failure("MAX_NUM_ALGO_ORDERS")

    def check_list(self, *, open_lists: int) -> None:
        """Raise where no further order list may be opened."""
        if open_lists >= self._max_lists:
            raise filter_failure("MAX_NUM_ORDER_LISTS")

    def check_amendment(self, order: Order, qty: int, *, amendments: int) -> None:
        """Raise the failure of the first filter that `order` would break with the quantity `qty`."""
        self._check_qty(qty, is_market=is_priceless(order.order_type))
        if order.price and cost_of(order.price, qty) < self._notionals[0]:
            raise filter_failure("NOTIONAL")
        if amendments >= self._max_amendments:
            raise too_many_amendments()

    def _check_price(self, price: int) -> None:
        low, high = self._prices
        if not low <= price <= high or price % self._tick:
            raise filter_failure("PRICE_FILTER")

    def _check_qty(self, qty: int, *, is_market: bool) -> None:
        low, high = self._quantities
        if not low <= qty <= high or qty % self._step:
            raise filter_failure("LOT_SIZE")
        if is_market and qty > self._market_most:
            raise filter_failure("MARKET_LOT_SIZE")

    def _check_notional(self, new: NewOrder, average_price: int, *, is_market: bool) -> None:
        price = average_price if is_market else new.price
        if not new.quote_qty and not price:
            return
        notional = new.quote_qty or cost_of(price, new.qty)
        low, high = self._notionals
        if notional < low or (not is_market and notional > high):
            raise filter_failure("NOTIONAL")
