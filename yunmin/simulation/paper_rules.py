"""The rules of a paper market: those of a real one, carried over; or, where only candles are at hand, ones that fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from statistics import median
from typing import Final

from yunmin.core.data_contracts import Candle, Instrument, OrderType
from yunmin.core.data_contracts.money import ZERO, is_multiple
from yunmin.errors import ConfigurationError
from yunmin.simulation.orders import Market
from yunmin.simulation.stops import STOP_TYPES
from yunmin.simulation.units import DECIMALS, to_units

__all__ = ["PAPER_ORDER_TYPES", "carried_over", "instrument_for_candles", "is_exact", "market_of"]

PAPER_ORDER_TYPES: Final = frozenset({OrderType.LIMIT, OrderType.MARKET, OrderType.LIMIT_MAKER}) | STOP_TYPES

_FINEST: Final = Decimal(1).scaleb(-DECIMALS)
_LEAST_TICKS: Final = 1000
_ENOUGH_TICKS: Final = 100_000
_PART_OF_A_CANDLE: Final = -4


def carried_over(instrument: Instrument) -> Instrument:
    """The same market here: every rule as it is, and of its order types those that a paper exchange has."""
    listed = instrument.order_types & PAPER_ORDER_TYPES if instrument.order_types else PAPER_ORDER_TYPES
    return instrument.model_copy(
        update={
            "order_types": listed,
            "tick_size": instrument.tick_size or _FINEST,
            "qty_step": instrument.qty_step or _FINEST,
            "raw": None,
        }
    )


def is_exact(instrument: Instrument) -> bool:
    """Whether its grid is no finer than eight decimals: beyond them the engine would have to round."""
    return is_multiple(instrument.tick_size, _FINEST) and is_multiple(instrument.qty_step, _FINEST)


def market_of(instrument: Instrument) -> Market:
    """What the matching engine has to know of `instrument`. InvalidValue where its grid is not exact."""
    tick, step = (to_units(size) if size else 1 for size in (instrument.tick_size, instrument.qty_step))
    return Market(instrument.symbol, instrument.base_asset, instrument.quote_asset, tick, step)


def instrument_for_candles(symbol: str, candles: Sequence[Candle], *, min_notional: Decimal = ZERO) -> Instrument:
    """A market whose grid is that of `candles`, so that each of their prices and volumes lies on it.

    `symbol` is BASE/QUOTE. The tick is the finest decimal place of a price, and a thousandth of the lowest one at most;
    the step is that of a volume. A tick of a step must be worth 10**-8 of the quote asset at least, or no ledger could
    book it: where both are finer, the tick grows up to a hundred-thousandth of the lowest price, and then the step. The
    least quantity is a ten-thousandth of an ordinary candle's volume, rounded down to a power of ten.
    """
    base, slash, quote = symbol.partition("/")
    if not (base and slash and quote) or not candles:
        raise ConfigurationError(f"{symbol!r} is no BASE/QUOTE, or there are no candles")
    prices = [price for one in candles for price in (one.open, one.high, one.low, one.close)]
    volumes = [one.volume for one in candles]
    tick = min(_finest_place(prices), max(_power_of_ten(min(prices) / _LEAST_TICKS), _FINEST))
    step = _finest_place(volumes)
    if tick * step < _FINEST:
        tick = max(tick, min(_power_of_ten(min(prices) / _ENOUGH_TICKS), _FINEST / step))
        step = max(step, _FINEST / tick)
    usual = median(volumes)
    least = max(_power_of_ten(usual.scaleb(_PART_OF_A_CANDLE)), step) if usual else step
    return Instrument(
        symbol=symbol,
        exchange_symbol=symbol,
        base_asset=base,
        quote_asset=quote,
        order_types=PAPER_ORDER_TYPES,
        tick_size=tick,
        min_price=tick,
        qty_step=step,
        min_qty=least,
        min_notional=min_notional,
    )


def _finest_place(numbers: Iterable[Decimal]) -> Decimal:
    """The power of ten that all of `numbers` are multiples of, one at most."""
    return min((_place_of(number) for number in numbers), default=Decimal(1))


def _place_of(number: Decimal) -> Decimal:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  a candle holds finite numbers
    return Decimal(1).scaleb(min(exponent, 0))


def _power_of_ten(value: Decimal) -> Decimal:
    """The power of ten at or below `value`, and never finer than a paper market's 10**-8."""
    return Decimal(1).scaleb(max(value.adjusted(), -DECIMALS))
