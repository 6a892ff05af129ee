"""The fills of one symbol, in the order in which they became known, and the position that they make."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final, NamedTuple, Self

from yunmin.core.cost_basis import CostMethod, Holding
from yunmin.core.data_contracts.money import EXACT, ZERO

__all__ = ["BookedFill", "FillKey", "PositionBook"]

FillKey = tuple[str, str]
"""Client order id and trade id: one trade of an account with itself belongs to two orders."""

_KEPT: Final = 1_000
"""So many fills of a symbol can still be corrected; older ones are settled for good."""


class BookedFill(NamedTuple):
    """One fill. `qty` is negative for a sale; `is_inferred` while no trade shows it."""

    key: FillKey
    qty: Decimal
    price: Decimal
    fee: Decimal | None
    fee_asset: str | None
    is_inferred: bool


class PositionBook:
    """Adding a fill moves the position on; a correction of an earlier one makes it anew from what came before."""

    def __init__(self, base_asset: str, quote_asset: str, method: CostMethod) -> None:
        self.base_asset = base_asset
        self.quote_asset = quote_asset
        self.holding = Holding(method)
        self.fees: dict[str, Decimal] = {}
        self.paid_in_quote = ZERO
        self.fees_unknown = 0
        self.flows: dict[str, Decimal] = {}
        self._method = method
        self._settled = Holding(method)
        self._fills: list[BookedFill] = []

    @property
    def fills(self) -> tuple[BookedFill, ...]:
        """Those that can still be corrected."""
        return tuple(self._fills)

    def find(self, key: FillKey) -> BookedFill | None:
        """A fill that can still be corrected; the latest are looked at first."""
        return next((fill for fill in reversed(self._fills) if fill.key == key), None)

    def add(self, fill: BookedFill) -> None:
        """Book `fill` after all others."""
        self._fills.append(fill)
        self._count(fill, 1)
        self._trade(self.holding, fill)
        self._settle_the_oldest()

    def replace(self, old: BookedFill, *new: BookedFill) -> None:
        """Put `new` fills, or none, in the place of `old`."""
        index = self._fills.index(old)
        self._fills[index : index + 1] = new
        self._count(old, -1)
        for fill in new:
            self._count(fill, 1)
        if len(new) != 1 or self._delta(new[0]) != self._delta(old) or new[0].price != old.price:
            self.holding = self._settled.copy()
            for fill in self._fills:
                self._trade(self.holding, fill)

    def dump(self) -> dict[str, Any]:
        """JSON-able; every digit is kept."""
        return {
            "assets": [self.base_asset, self.quote_asset],
            "settled": self._settled.dump(),
            "fills": [_written(fill) for fill in self._fills],
            "fees": {asset: str(amount) for asset, amount in self.fees.items()},
            "paid_in_quote": str(self.paid_in_quote),
            "fees_unknown": self.fees_unknown,
            "flows": {asset: str(amount) for asset, amount in self.flows.items()},
        }

    @classmethod
    def load(cls, method: CostMethod, dumped: dict[str, Any]) -> Self:
        """What `dump` wrote."""
        base_asset, quote_asset = dumped["assets"]
        book = cls(base_asset, quote_asset, method)
        book._settled = Holding.load(method, dumped["settled"])
        book._fills = [_read(fill) for fill in dumped["fills"]]
        book.fees = {asset: Decimal(amount) for asset, amount in dumped["fees"].items()}
        book.paid_in_quote = Decimal(dumped["paid_in_quote"])
        book.fees_unknown = dumped["fees_unknown"]
        book.flows = {asset: Decimal(amount) for asset, amount in dumped["flows"].items()}
        book.holding = book._settled.copy()
        for fill in book._fills:
            book._trade(book.holding, fill)
        return book

    def _delta(self, fill: BookedFill) -> Decimal:
        """What the fill adds to what is held: a fee that is taken in the base asset is not."""
        if fill.fee is None or fill.fee_asset != self.base_asset:
            return fill.qty
        return EXACT.subtract(fill.qty, fill.fee)

    def _trade(self, holding: Holding, fill: BookedFill) -> None:
        holding.trade(self._delta(fill), fill.price)

    def _count(self, fill: BookedFill, sign: int) -> None:
        self._move(self.base_asset, EXACT.multiply(fill.qty, sign))
        self._move(self.quote_asset, EXACT.multiply(EXACT.multiply(fill.qty, fill.price), -sign))
        if fill.fee is None or fill.fee_asset is None:
            self.fees_unknown += sign
            return
        amount = EXACT.multiply(fill.fee, sign)
        self.fees[fill.fee_asset] = EXACT.add(self.fees.get(fill.fee_asset, ZERO), amount)
        self._move(fill.fee_asset, amount.copy_negate())  # a minus sign would round
        if fill.fee_asset == self.quote_asset:
            self.paid_in_quote = EXACT.add(self.paid_in_quote, amount)
        elif fill.fee_asset == self.base_asset:
            self.paid_in_quote = EXACT.fma(amount, fill.price, self.paid_in_quote)

    def _move(self, asset: str, amount: Decimal) -> None:
        self.flows[asset] = EXACT.add(self.flows.get(asset, ZERO), amount)

    def _settle_the_oldest(self) -> None:
        """Bounded memory; what is inferred waits for its trade, though not for ever."""
        while len(self._fills) > _KEPT and (not self._fills[0].is_inferred or len(self._fills) > 10 * _KEPT):
            self._trade(self._settled, self._fills.pop(0))


def _written(fill: BookedFill) -> list[Any]:
    fee = None if fill.fee is None else str(fill.fee)
    return [*fill.key, str(fill.qty), str(fill.price), fee, fill.fee_asset, fill.is_inferred]


def _read(fields: list[Any]) -> BookedFill:
    client_order_id, trade_id, qty, price, fee, fee_asset, is_inferred = fields
    return BookedFill(
        (client_order_id, trade_id),
        Decimal(qty),
        Decimal(price),
        None if fee is None else Decimal(fee),
        fee_asset,
        is_inferred,
    )
