"""Where fees are paid: out of what was received, or cheaper from the account's discount asset."""

from __future__ import annotations

from yunmin.simulation.conversion import Conversion
from yunmin.simulation.ledger import Account
from yunmin.simulation.units import SCALE

__all__ = ["FeeDesk"]


class FeeDesk:
    """Takes fees into one account."""

    def __init__(self, fee_account: Account, conversion: Conversion) -> None:
        self._taken = fee_account.free
        self._conversion = conversion

    def charge(self, account: Account, received: int, asset: str, is_maker: bool) -> tuple[int, str]:  # noqa: FBT001 - in the hot path
        """Take the fee on `received` units of `asset`; how much, and in which asset."""
        fees = account.fees
        fee = received * (fees.maker if is_maker else fees.taker) // SCALE
        if fees.discount is not None:
            paid_in = fees.discount.asset
            converted = self._conversion.convert(fee, asset, paid_in)
            if converted is not None:
                cheaper = fees.reduced(converted)
                if 0 < cheaper <= account.free[paid_in]:
                    account.free[paid_in] -= cheaper
                    self._taken[paid_in] += cheaper
                    return cheaper, paid_in
        account.free[asset] -= fee
        self._taken[asset] += fee
        return fee, asset
