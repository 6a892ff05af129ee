"""Recorded trades from a parquet or CSV file."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from yunmin.errors import ConfigurationError
from yunmin.simulation.recordings import Row, as_exact, as_moment, read_rows
from yunmin.simulation.units import to_micros, to_units

__all__ = ["RecordedTrade", "read_trades"]

_COLUMNS: Final = (("price",), ("quantity", "qty", "amount"), ("buyer_maker", "is_buyer_maker", "side"))
_BUYER_IS_MAKER: Final[dict[object, bool]] = {
    True: True, "True": True, "true": True, "sell": True, "SELL": True,
    False: False, "False": False, "false": False, "buy": False, "BUY": False,
}  # fmt: skip
"""What the third column may say; a `side` is the taker's."""


class RecordedTrade(NamedTuple):
    """One trade: microseconds since the epoch, price and quantity in units of 10^-8, and which side had rested."""

    time: int
    price: int
    qty: int
    buyer_is_maker: bool


def read_trades(path: Path) -> tuple[RecordedTrade, ...]:
    """The trades of a parquet or CSV file, oldest first; those of one moment stay in the file's order.

    Columns: `timestamp` or `date`, `price`, `quantity` (or `qty`, `amount`), and `buyer_maker` (or `is_buyer_maker`, or
    `side`, the taker's: buy or sell). Raises ConfigurationError for a file that cannot be read, a missing column, no
    rows, or a row that is no trade; the message names the first such row.
    """
    rows = read_rows(path, "trades", _COLUMNS)
    return tuple(sorted((_trade(path, number, row) for number, row in enumerate(rows)), key=lambda trade: trade.time))


def _trade(path: Path, number: int, row: Row) -> RecordedTrade:
    moment, price, qty, maker = row
    try:
        trade = RecordedTrade(
            to_micros(as_moment(moment)), to_units(as_exact(price)), to_units(as_exact(qty)), _BUYER_IS_MAKER[maker]
        )
        if trade.price <= 0 or trade.qty <= 0:
            raise ValueError("price and quantity must be above zero")
    except KeyError:
        raise ConfigurationError(f"{path.name}: row {number}: not a side: {maker!r}") from None
    except ValueError as error:
        raise ConfigurationError(f"{path.name}: row {number}: {error}") from error
    return trade
