"""What an account holds."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.money import EXACT, ZERO, Amount

__all__ = ["AccountState", "Balance", "KeyRights"]


class Balance(Contract):
    """One asset: `free` may be used now, `locked` is held by open orders. In units of the asset."""

    asset: str
    free: Amount
    locked: Amount = ZERO

    @property
    def total(self) -> Decimal:
        return EXACT.add(self.free, self.locked)


class AccountState(Contract):
    """Every balance of an account at one moment; assets that it never held may be absent."""

    balances: dict[str, Balance] = Field(default_factory=dict)
    as_of: UtcDatetime | None = None
    maker_rate: Amount | None = None
    taker_rate: Amount | None = None

    def balance(self, asset: str) -> Balance:
        """The balance of `asset`, zero where the account has none."""
        return self.balances.get(asset) or Balance(asset=asset, free=ZERO, locked=ZERO)


class KeyRights(Contract):
    """What an API key may be used for, and whether it works from certain network addresses only."""

    can_trade: bool
    can_withdraw: bool
    is_bound_to_address: bool
