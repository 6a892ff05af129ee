"""Which market a file of candles or trades moves, and rules that fit its prices."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Final

from yunmin.errors import ConfigurationError
from yunmin.simulation.candles import read_candles
from yunmin.simulation.recorded_trades import read_trades
from yunmin.simulation.units import from_units
from yunmin_binance.venue.symbols import DEFAULT_SYMBOLS, SymbolRules

__all__ = ["market_for_candles", "market_for_trades", "market_named_by"]

_QUOTES: Final = {
    "USDT": Decimal(5),
    "USDC": Decimal(5),
    "BTC": Decimal("0.0001"),
    "ETH": Decimal("0.001"),
    "BNB": Decimal("0.01"),
}
"""The quote assets of a market made here, each with its smallest notional."""

_PAIR_IN_NAME: Final = re.compile(r"([A-Z0-9]{2,10})[_/-]?(USDT|USDC|BTC|ETH|BNB)(?=[_.\-]|$)")
_LEAST_TICKS: Final = 1000
_DEFAULT: Final = "BTC/USDT"


def market_for_candles(path: Path, named: str | None) -> SymbolRules:
    """The market that `path` is to move: the one `named` (BTC/USDT, or BTCUSDT where that market is a default one),
    else the one that the file's name begins with (`ETH_BTC_5m.parquet`), else BTC/USDT.

    Its usual rules are kept where the prices fit them; where a price would be less than a thousand ticks, or the market
    is no default one, rules are made that fit. Raises ConfigurationError for a name that is no pair of known quote.
    """
    return _market(path, named, lambda symbol: min(candle.low for candle in read_candles(path, symbol)))


def market_named_by(path: Path) -> SymbolRules:
    """The market that the name of a file of candles begins with. Raises ConfigurationError where it names none."""
    if _PAIR_IN_NAME.match(path.stem) is None:
        raise ConfigurationError(
            f"{path.name} does not begin with its market, as BTC_USDT_1m.csv does; quotes are {', '.join(_QUOTES)}"
        )
    return market_for_candles(path, None)


def market_for_trades(path: Path, named: str | None) -> SymbolRules:
    """The same for a file of trades."""
    return _market(path, named, lambda _: from_units(min(trade.price for trade in read_trades(path))))


def _market(path: Path, named: str | None, lowest_in: Callable[[str], Decimal]) -> SymbolRules:
    base, quote = _pair(path, named)
    lowest = lowest_in(base + quote)
    usual = DEFAULT_SYMBOLS.get(base + quote)
    if usual is not None and lowest >= usual.tick_size * _LEAST_TICKS:
        return usual
    return _fitted(base, quote, lowest)


def _pair(path: Path, named: str | None) -> tuple[str, str]:
    if named is None:
        in_name = _PAIR_IN_NAME.match(path.stem)
        named = f"{in_name[1]}/{in_name[2]}" if in_name else _DEFAULT
    if named in DEFAULT_SYMBOLS:
        return DEFAULT_SYMBOLS[named].base, DEFAULT_SYMBOLS[named].quote
    base, _, quote = named.partition("/")
    if not re.fullmatch(r"[A-Z0-9]{2,10}", base) or quote not in _QUOTES or base == quote:
        raise ConfigurationError(f"{named!r} is no market; give BASE/QUOTE, with a quote of {', '.join(_QUOTES)}")
    return base, quote


def _fitted(base: str, quote: str, price: Decimal) -> SymbolRules:
    """Rules of the usual proportions: some ten thousand ticks to the price, a hundred steps to the smallest order."""
    smallest = _QUOTES[quote] / price
    tick = _power_of_ten(price, -4)
    step = _power_of_ten(smallest, -2)
    most = Decimal(90_000_000)
    return SymbolRules(
        symbol=base + quote,
        base=base,
        quote=quote,
        tick_size=tick,
        min_price=tick,
        max_price=price.quantize(Decimal(1)) * 1000 + 1000,
        step_size=step,
        min_qty=step,
        max_qty=most,
        market_max_qty=most,
        min_notional=_QUOTES[quote],
        max_notional=Decimal(9_000_000),
        start_price=price,
        level_qty=(smallest * 1000).quantize(step) if smallest * 1000 < most else most,
    )


def _power_of_ten(value: Decimal, shift: int) -> Decimal:
    """The power of ten at or below `value`, moved by `shift` places, and never finer than a local venue's 10**-8."""
    return Decimal(1).scaleb(max(value.adjusted() + shift, -8))
