"""The local venue's markets and their trading rules, of the size that the real ones have."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from enum import StrEnum
from typing import Final

from pydantic import Field

from yunmin.core.data_contracts import Contract
from yunmin.core.data_contracts.money import Price, Qty
from yunmin.errors import ConfigurationError
from yunmin.simulation.orders import Market, SelfTradePrevention
from yunmin.simulation.units import to_units

__all__ = [
    "DEFAULT_SYMBOLS",
    "PERMISSIONS",
    "MinNotional",
    "PercentPrice",
    "PercentPriceBySide",
    "PriceRange",
    "ReferenceRule",
    "SymbolRules",
    "SymbolStatus",
    "TrailingDelta",
    "rules_of",
]

PERMISSIONS: Final = ("SPOT", "MARGIN", "LEVERAGED", *(f"TRD_GRP_{number:03d}" for number in range(2, 26)))
"""What accounts have and symbols ask for (enums.md, Account and Symbol Permissions)."""


class SymbolStatus(StrEnum):
    """What a market is open for (enums.md, Symbol status). Only in TRADING do orders come in and trade.

    In CANCEL_ONLY open orders may be cancelled; in the others nothing may be done but to look.
    """

    TRADING = "TRADING"
    END_OF_DAY = "END_OF_DAY"
    HALT = "HALT"
    BREAK = "BREAK"
    CANCEL_ONLY = "CANCEL_ONLY"


class ReferenceRule(Contract):
    """How a reference price is made: the mean price of the trades in `bucket_count` buckets of `bucket_width_ms`."""

    bucket_count: int = Field(default=10, ge=1, le=10_000)
    bucket_width_ms: int = Field(default=1000, ge=1, le=3_600_000)


class PriceRange(Contract):
    """Between which multiples of the reference price a taker may trade; None sets no bound on that side."""

    bid_limit_mult_up: Price | None = None
    bid_limit_mult_down: Price | None = None
    ask_limit_mult_up: Price | None = None
    ask_limit_mult_down: Price | None = None


class PercentPrice(Contract):
    """Between which multiples of the average price an order's price lies (filter PERCENT_PRICE)."""

    up: Price = Decimal(5)
    down: Price = Decimal("0.2")
    minutes: int = Field(default=5, ge=0, le=1440)


class PercentPriceBySide(Contract):
    """The same for buys (bid) and sells (ask) apart (filter PERCENT_PRICE_BY_SIDE)."""

    bid_up: Price = Decimal(5)
    bid_down: Price = Decimal("0.2")
    ask_up: Price = Decimal(5)
    ask_down: Price = Decimal("0.2")
    minutes: int = Field(default=5, ge=0, le=1440)


class MinNotional(Contract):
    """The least notional, as markets set it before there was NOTIONAL (filter MIN_NOTIONAL)."""

    least: Qty
    applies_to_market: bool = True
    minutes: int = Field(default=5, ge=0, le=1440)


class TrailingDelta(Contract):
    """How far a trailing stop may trail, in hundredths of a percent (filter TRAILING_DELTA)."""

    min_above: int = Field(default=10, ge=1)
    max_above: int = Field(default=2000, ge=1, le=9999)
    min_below: int = Field(default=10, ge=1)
    max_below: int = Field(default=2000, ge=1, le=9999)


class SymbolRules(Contract):
    """One market. Prices and notionals are in the quote asset, quantities in the base asset; zero sets no rule.

    `start_price` and `level_qty` say where the seeded liquidity begins and how much it shows at each price. An account
    may trade here where it has one permission of each of `permission_sets`. `reference` gives the market a reference
    price.
    """

    symbol: str = Field(pattern=r"^[A-Z0-9\u0080-\uffff]{2,20}$")
    base: str
    quote: str
    tick_size: Price
    min_price: Price
    max_price: Price
    step_size: Qty
    min_qty: Qty
    max_qty: Qty
    market_max_qty: Qty
    min_notional: Qty
    max_notional: Qty
    start_price: Price
    level_qty: Qty
    max_open_orders: int = 200
    max_algo_orders: int = 5
    max_amendments: int = 10
    max_order_lists: int = 20
    max_iceberg_orders: int | None = None
    iceberg_parts: int = Field(default=100, ge=1)
    max_position: Qty | None = None
    trailing_delta: TrailingDelta = TrailingDelta()
    percent_price: PercentPrice | None = None
    percent_price_by_side: PercentPriceBySide | None = PercentPriceBySide()
    legacy_min_notional: MinNotional | None = None
    default_self_trade_mode: SelfTradePrevention = SelfTradePrevention.NONE
    self_trade_modes: tuple[SelfTradePrevention, ...] = tuple(SelfTradePrevention)
    permission_sets: tuple[tuple[str, ...], ...] = (("SPOT",),)
    status: SymbolStatus = SymbolStatus.TRADING
    reference: ReferenceRule | None = None
    price_range: PriceRange | None = None

    def permits(self, permissions: Collection[str]) -> bool:
        """Whether an account with these permissions may place orders here."""
        return all(any(one in permissions for one in group) for group in self.permission_sets)

    def market(self) -> Market:
        """This market as the matching engine wants it."""
        return Market(self.symbol, self.base, self.quote, to_units(self.tick_size), to_units(self.step_size))


def _rules(
    base: str, quote: str, tick: str, step: str, *, market_max: str, notional: tuple[str, str], price: str, level: str
) -> SymbolRules:
    return SymbolRules(
        symbol=base + quote,
        base=base,
        quote=quote,
        tick_size=Decimal(tick),
        min_price=Decimal(tick),
        max_price=Decimal(1_000_000) if quote == "USDT" else Decimal(1000),
        step_size=Decimal(step),
        min_qty=Decimal(step),
        max_qty=Decimal(9000) if base in {"BTC", "ETH"} else Decimal(900_000),
        market_max_qty=Decimal(market_max),
        min_notional=Decimal(notional[0]),
        max_notional=Decimal(notional[1]),
        start_price=Decimal(price),
        level_qty=Decimal(level),
    )


_USDT: Final = ("5", "9000000")
_BTC: Final = ("0.0001", "9000000")

DEFAULT_SYMBOLS: Final[dict[str, SymbolRules]] = {
    rules.symbol: rules
    for rules in (
        _rules("BTC", "USDT", "0.01", "0.00001", market_max="120", notional=_USDT, price="60000", level="0.5"),
        _rules("ETH", "USDT", "0.01", "0.0001", market_max="2400", notional=_USDT, price="3000", level="8"),
        _rules("BNB", "USDT", "0.01", "0.001", market_max="2000", notional=_USDT, price="600", level="20"),
        _rules("ETH", "BTC", "0.00001", "0.0001", market_max="700", notional=_BTC, price="0.05", level="5"),
        _rules("BNB", "BTC", "0.000001", "0.001", market_max="600", notional=_BTC, price="0.01", level="15"),
        _rules("LTC", "BTC", "0.000001", "0.001", market_max="3000", notional=_BTC, price="0.0015", level="50"),
        _rules("SOL", "USDT", "0.01", "0.001", market_max="8000", notional=_USDT, price="150", level="40"),
    )
}


def rules_of(symbol: str) -> SymbolRules:
    """The rules of a default market; ConfigurationError lists those there are."""
    rules = DEFAULT_SYMBOLS.get(symbol)
    if rules is None:
        raise ConfigurationError(f"no such local market: {symbol!r}; there are {', '.join(DEFAULT_SYMBOLS)}")
    return rules
