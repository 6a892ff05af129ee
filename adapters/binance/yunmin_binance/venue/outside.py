"""What reaches an account's balances from outside the market: deposits, withdrawals, and locks of other systems.

Binance spot user-data-stream.md, 2026-07-21, Balance Update and External Lock Update. All amounts are whole units of
10^-8.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from yunmin.errors import ConfigurationError
from yunmin.simulation.ledger import Account, Ledger

__all__ = ["Movement", "MovementKind", "Outside"]


class MovementKind(Enum):
    """What an account is told of a movement by; the value is the name of the event."""

    BALANCE = "balanceUpdate"
    LOCK = "externalLockUpdate"


class Movement(NamedTuple):
    """What came in or was locked; below zero, what went out or was given back."""

    kind: MovementKind
    account: Account
    asset: str
    units: int


class Outside:
    """Whatever can move a balance beside the market. `now` tells the microseconds since the epoch."""

    def __init__(self, ledger: Ledger, now: Callable[[], int]) -> None:
        self._ledger = ledger
        self._now = now
        self._listeners: list[Callable[[Movement], None]] = []

    def listen(self, listener: Callable[[Movement], None]) -> None:
        """Tell `listener` of every movement from now on."""
        self._listeners.append(listener)

    def transfer(self, account: str, asset: str, units: int) -> None:
        """Bring `units` in; below zero, take them out of what is free. Raises ConfigurationError where less is."""
        owner = self._owner(account)
        if units >= 0:
            self._ledger.deposit(account, asset, units)
        elif not self._ledger.withdraw(account, asset, -units):
            raise ConfigurationError(f"{account} has less {asset} free than would go out")
        self._tell(Movement(MovementKind.BALANCE, owner, asset, units))

    def lock(self, account: str, asset: str, units: int) -> None:
        """Let another system lock `units`; below zero, give them back. Raises ConfigurationError where it cannot."""
        owner = self._owner(account)
        if units >= 0 and not owner.pledge(asset, units):
            raise ConfigurationError(f"{account} has less {asset} free than would be locked")
        if units < 0 and not owner.redeem(asset, -units):
            raise ConfigurationError(f"{account} has less {asset} locked from outside than would be given back")
        self._tell(Movement(MovementKind.LOCK, owner, asset, units))

    def _owner(self, account: str) -> Account:
        owner = self._ledger.account(account)
        if owner is None:
            raise ConfigurationError(f"no such account: {account!r}")
        return owner

    def _tell(self, movement: Movement) -> None:
        movement.account.updated = self._now()
        for listener in self._listeners:
            listener(movement)
