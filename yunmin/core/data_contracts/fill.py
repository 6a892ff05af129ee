"""One execution of one order."""

from __future__ import annotations

from decimal import Decimal

from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.enums import FillKind, Liquidity, Side, Source
from yunmin.core.data_contracts.money import EXACT, Amount, Price, Qty, plain

__all__ = ["Fill", "synthetic_trade_id", "trade_id_or_synthetic"]


class Fill(Contract):
    """`qty` base units at `price` quote units each. `fee` is an amount of `fee_asset`; None means not known.

    A negative fee is a rebate. The exchange's own id of the trade is unique per symbol only, and one trade of an
    account with itself belongs to two orders: so a fill's key is its order and its trade id.
    """

    symbol: str
    trade_id: str
    client_order_id: str | None = None
    exchange_order_id: str | None = None
    side: Side | None = None
    qty: Qty
    price: Price
    fee: Amount | None = None
    fee_asset: str | None = None
    liquidity: Liquidity | None = None
    ts: UtcDatetime | None = None
    kind: FillKind = FillKind.REAL
    source: Source = Source.REST

    @property
    def cost(self) -> Decimal:
        """qty * price, in quote units, exact."""
        return EXACT.multiply(self.qty, self.price)


def synthetic_trade_id(order_id: str, cumulative_qty: Decimal, price: Decimal, ts_millis: int | None) -> str:
    """The id of an execution that the exchange gave none for: the same execution gives the same id, always."""
    return f"syn:{order_id}:{plain(cumulative_qty)}:{plain(price)}:{ts_millis if ts_millis is not None else '-'}"


def trade_id_or_synthetic(
    trade_id: str | None, order_id: str, cumulative_qty: Decimal, price: Decimal, ts_millis: int | None
) -> str:
    """The exchange's id of a trade, or a synthetic one where it gave none, or gave the order's own id for it."""
    if trade_id and trade_id != order_id:
        return trade_id
    return synthetic_trade_id(order_id, cumulative_qty, price, ts_millis)
