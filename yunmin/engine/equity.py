"""What an account is worth, as far as its program trades with it.

The account's currency as it was at the start, and whatever the fills of all orders made of every asset since, at the
market's price. Assets that lay on the account before are no part of it: their price would look like gain and loss. It
goes by fills alone, since a balance is told a moment after its fill, and the moment between would look like a gain.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from yunmin.core.data_contracts.account import AccountState
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.position_manager import PositionManager

__all__ = ["Equity"]


class Equity:
    """`account` is as it stood when `positions` knew all of its fills; `price_of` takes `BTC/USDT` for BTC."""

    def __init__(
        self,
        currency: str,
        account: AccountState,
        positions: PositionManager,
        price_of: Callable[[str], Decimal | None],
    ) -> None:
        self._currency = currency
        self._positions = positions
        self._price_of = price_of
        traded = positions.flows().get(currency, ZERO)
        self._base = EXACT.subtract(account.balance(currency).total, traded)

    def move(self, asset: str, amount: Decimal) -> None:
        """So much came in, or left when negative, otherwise than by fills. Only the currency counts."""
        if asset == self._currency:
            self._base = EXACT.add(self._base, amount)

    def value(self) -> Decimal | None:
        """In the account's currency; None while something that fills brought in has no price.

        What only left, as a fee does that is paid in an asset without a price, is passed over.
        """
        total = self._base
        for asset, flow in self._positions.flows().items():
            price = Decimal(1) if asset == self._currency else self._price_of(f"{asset}/{self._currency}")
            if price is not None:
                total = EXACT.fma(flow, price, total)
            elif flow > ZERO:
                return None
        return total
