"""The trading rules of a symbol as filters: how exchangeInfo shows them, and which one a new order breaks.

Binance spot filters.md, 2026-07-21. Only filters that are enforced are shown. How many orders may be open is for
`count_filters`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.simulation.orders import NewOrder, Order
from yunmin.simulation.stops import STOP_TYPES, rises_to
from yunmin.simulation.units import SCALE, cost_of, to_units
from yunmin_binance.venue.count_filters import CountFilters
from yunmin_binance.venue.errors import filter_failure, too_many_amendments
from yunmin_binance.venue.symbols import SymbolRules
from yunmin_binance.venue.wire import amount

__all__ = ["AVERAGE_PRICE_MINUTES", "Filters", "Situation", "is_priceless"]

AVERAGE_PRICE_MINUTES = 5

_PRICELESS = frozenset({OrderType.MARKET, OrderType.STOP_LOSS, OrderType.TAKE_PROFIT})


def is_priceless(order_type: OrderType) -> bool:
    """Whether such an order is a market order, at once or when its stop is reached."""
    return order_type in _PRICELESS


@dataclass(frozen=True, slots=True)
class Situation:
    """What a new order meets.

    `price_over` gives the price of the market over so many minutes (0: the last one), 0 where there is none yet.
    `position` is what the account has of the base asset, and would have if all its buys were filled.
    """

    price_over: Callable[[int], int]
    position: int = 0


class Filters:
    """The filters of one symbol, in whole units of 10^-8."""

    def __init__(self, rules: SymbolRules) -> None:
        self._rules = rules
        self._tick = to_units(rules.tick_size)
        self._prices = (to_units(rules.min_price), to_units(rules.max_price))
        self._step = to_units(rules.step_size)
        self._quantities = (to_units(rules.min_qty), to_units(rules.max_qty))
        self._market_most = to_units(rules.market_max_qty)
        self._notionals = (to_units(rules.min_notional), to_units(rules.max_notional))
        self._max_position = None if rules.max_position is None else to_units(rules.max_position)
        self.counts = CountFilters(
            orders=rules.max_open_orders,
            algo_orders=rules.max_algo_orders,
            iceberg_orders=rules.max_iceberg_orders,
            order_lists=rules.max_order_lists,
            prefix="",
        )
        self._bounds = _price_bounds(rules)

    def describe(self) -> list[dict[str, object]]:
        """The `filters` of exchangeInfo."""
        rules, trail = self._rules, self._rules.trailing_delta
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
            {"filterType": "ICEBERG_PARTS", "limit": rules.iceberg_parts},
            {
                "filterType": "MARKET_LOT_SIZE",
                "minQty": amount(0),
                "maxQty": amount(self._market_most),
                "stepSize": amount(0),
            },
            {
                "filterType": "TRAILING_DELTA",
                "minTrailingAboveDelta": trail.min_above,
                "maxTrailingAboveDelta": trail.max_above,
                "minTrailingBelowDelta": trail.min_below,
                "maxTrailingBelowDelta": trail.max_below,
            },
            *_describe_percents(rules),
            *_describe_min_notional(rules),
            {
                "filterType": "NOTIONAL",
                "minNotional": amount(self._notionals[0]),
                "applyMinToMarket": True,
                "maxNotional": amount(self._notionals[1]),
                "applyMaxToMarket": False,
                "avgPriceMins": AVERAGE_PRICE_MINUTES,
            },
            *([] if self._max_position is None else [_describe_position(self._max_position)]),
            *self.counts.describe(),
            {"filterType": "MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends": rules.max_amendments},
        ]

    def check(self, new: NewOrder, situation: Situation) -> None:
        """Raise the failure of the first filter that `new` breaks.

        A market order has no price of its own, so its notional is reckoned at the price of the market.
        """
        self.check_prices(new, situation)
        is_market = is_priceless(new.order_type)
        if not new.quote_qty:
            self._check_qty(new.qty, is_market=is_market)
        if new.iceberg_qty:
            self._check_iceberg(new)
        self._check_notional(new, situation, is_market=is_market)
        if (
            self._max_position is not None
            and new.side is Side.BUY
            and situation.position + new.qty > self._max_position
        ):
            raise filter_failure("MAX_POSITION")

    def check_prices(self, new: NewOrder, situation: Situation) -> None:
        """The same, of the filters that look at prices and deltas alone."""
        if new.price or not (is_priceless(new.order_type) or new.peg is not None):
            self._check_price(new.price)
            self._check_percents(new, situation)
        if new.order_type in STOP_TYPES and (new.stop_price or not new.trailing_delta):
            self._check_price(new.stop_price)
        if new.trailing_delta:
            self._check_trail(new)

    def fit(self, qty: int, order_type: OrderType) -> int:
        """The largest quantity, at most `qty`, that the lot sizes allow; 0 where none does."""
        low, high = self._quantities
        most = min(high, self._market_most) if is_priceless(order_type) else high
        fitting = min(qty, most) // self._step * self._step
        return fitting if fitting >= low else 0

    def check_amendment(self, order: Order, qty: int, *, amendments: int) -> None:
        """Raise the failure of the first filter that `order` would break with the quantity `qty`."""
        self._check_qty(qty, is_market=is_priceless(order.order_type))
        if order.price and cost_of(order.price, qty) < self._notionals[0]:
            raise filter_failure("NOTIONAL")
        if amendments >= self._rules.max_amendments:
            raise too_many_amendments()

    def _check_price(self, price: int) -> None:
        low, high = self._prices
        if not low <= price <= high or price % self._tick:
            raise filter_failure("PRICE_FILTER")

    def _check_percents(self, new: NewOrder, situation: Situation) -> None:
        for name, minutes, bounds in self._bounds:
            average = situation.price_over(minutes)
            down, up = bounds[new.side]
            if average and not average * down <= new.price * SCALE <= average * up:
                raise filter_failure(name)

    def _check_trail(self, new: NewOrder) -> None:
        trail = self._rules.trailing_delta
        low, high = trail.min_below, trail.max_below
        if rises_to(new.order_type, is_buy=new.side is Side.BUY):
            low, high = trail.min_above, trail.max_above
        if not low <= new.trailing_delta <= high:
            raise filter_failure("TRAILING_DELTA")

    def _check_qty(self, qty: int, *, is_market: bool) -> None:
        low, high = self._quantities
        if not low <= qty <= high or qty % self._step:
            raise filter_failure("LOT_SIZE")
        if is_market and qty > self._market_most:
            raise filter_failure("MARKET_LOT_SIZE")

    def _check_position(self, new: NewOrder, situation: Situation) -> None:
        if self._max_position is not None and situation.position + new.qty > self._max_position:
            raise filter_failure("MAX_POSITION")

    def _check_iceberg(self, new: NewOrder) -> None:
        self._check_qty(new.iceberg_qty, is_market=False)
        if -(-new.qty // new.iceberg_qty) > self._rules.iceberg_parts:
            raise filter_failure("ICEBERG_PARTS")

    def _check_notional(self, new: NewOrder, situation: Situation, *, is_market: bool) -> None:
        legacy = self._rules.legacy_min_notional
        if legacy is not None and (legacy.applies_to_market or not is_market):
            notional = _notional(new, situation, legacy.minutes)
            if notional is not None and notional < to_units(legacy.least):
                raise filter_failure("MIN_NOTIONAL")
        notional = _notional(new, situation, AVERAGE_PRICE_MINUTES)
        low, high = self._notionals
        if notional is not None and (notional < low or (not is_market and notional > high)):
            raise filter_failure("NOTIONAL")


def _notional(new: NewOrder, situation: Situation, minutes: int) -> int | None:
    """What `new` is worth; None where nobody knows yet."""
    if new.quote_qty:
        return new.quote_qty
    if not new.price and not is_priceless(new.order_type):
        return None  # pegged, and without a price yet
    price = new.price or situation.price_over(minutes)
    return cost_of(price, new.qty) if price else None


_Bounds = dict[Side, tuple[int, int]]


def _price_bounds(rules: SymbolRules) -> list[tuple[str, int, _Bounds]]:
    """Name, minutes and (lowest, highest) multiple by side of each filter of percents, in units of 10^-8."""
    found: list[tuple[str, int, _Bounds]] = []
    one, sides = rules.percent_price, rules.percent_price_by_side
    if one is not None:
        both = to_units(one.down), to_units(one.up)
        found.append(("PERCENT_PRICE", one.minutes, {Side.BUY: both, Side.SELL: both}))
    if sides is not None:
        bid, ask = (sides.bid_down, sides.bid_up), (sides.ask_down, sides.ask_up)
        bounds = {side: (to_units(down), to_units(up)) for side, (down, up) in ((Side.BUY, bid), (Side.SELL, ask))}
        found.append(("PERCENT_PRICE_BY_SIDE", sides.minutes, bounds))
    return found


def _describe_percents(rules: SymbolRules) -> list[dict[str, object]]:
    described: list[dict[str, object]] = []
    one, sides = rules.percent_price, rules.percent_price_by_side
    if one is not None:
        described.append(
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": _multiple(one.up),
                "multiplierDown": _multiple(one.down),
                "avgPriceMins": one.minutes,
            }
        )
    if sides is not None:
        described.append(
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": _multiple(sides.bid_up),
                "bidMultiplierDown": _multiple(sides.bid_down),
                "askMultiplierUp": _multiple(sides.ask_up),
                "askMultiplierDown": _multiple(sides.ask_down),
                "avgPriceMins": sides.minutes,
            }
        )
    return described


def _describe_min_notional(rules: SymbolRules) -> list[dict[str, object]]:
    legacy = rules.legacy_min_notional
    if legacy is None:
        return []
    return [
        {
            "filterType": "MIN_NOTIONAL",
            "minNotional": amount(to_units(legacy.least)),
            "applyToMarket": legacy.applies_to_market,
            "avgPriceMins": legacy.minutes,
        }
    ]


def _describe_position(most: int) -> dict[str, object]:
    return {"filterType": "MAX_POSITION", "maxPosition": amount(most)}


def _multiple(value: Decimal) -> str:
    return f"{value.normalize():f}"
