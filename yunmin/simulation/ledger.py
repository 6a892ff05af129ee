"""Who owns what: free and locked balances that are never created and never lost.

Amounts are whole units of 10^-8. Value enters by `deposit` and leaves by `withdraw` only; every other movement takes
from one place exactly what it gives to another, so for each asset the sum over all accounts equals what was deposited
and not withdrawn. `audit` proves it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from yunmin.errors import ConfigurationError
from yunmin.simulation.fees import FeeSchedule

__all__ = ["NO_TRADE_GROUP", "Account", "Audit", "Ledger"]

NO_TRADE_GROUP = -1


class Account:
    """One owner. `keeps_history` is False for accounts whose finished orders nobody will ask for.

    Accounts with the same `trade_group` count as one where trades with oneself are to be prevented. `pledged` is the
    part of what is locked that no order holds: something outside the market does.
    """

    __slots__ = ("fees", "free", "keeps_history", "locked", "name", "pledged", "trade_group", "updated")

    def __init__(self, name: str, *, fees: FeeSchedule, keeps_history: bool, trade_group: int = NO_TRADE_GROUP) -> None:
        self.name = name
        self.fees = fees
        self.keeps_history = keeps_history
        self.trade_group = trade_group
        self.free: defaultdict[str, int] = defaultdict(int)
        self.locked: defaultdict[str, int] = defaultdict(int)
        self.pledged: defaultdict[str, int] = defaultdict(int)
        self.updated = 0

    def assets(self) -> tuple[str, ...]:
        """Every asset that this account has ever held, in alphabetical order."""
        return tuple(sorted(self.free.keys() | self.locked.keys()))

    def is_one_with(self, other: Account) -> bool:
        """Whether a trade between the two would be one with oneself."""
        return self is other or self.trade_group == other.trade_group != NO_TRADE_GROUP

    def lock(self, asset: str, amount: int) -> bool:
        """Set `amount` aside; False, and nothing changed, where less is free."""
        if self.free[asset] < amount:
            return False
        self.free[asset] -= amount
        self.locked[asset] += amount
        return True

    def unlock(self, asset: str, amount: int) -> None:
        """Give `amount` of what was set aside back to free."""
        self.locked[asset] -= amount
        self.free[asset] += amount

    def pledge(self, asset: str, amount: int) -> bool:
        """Lock `amount` for something outside the market; False, and nothing changed, where less is free."""
        is_done = self.lock(asset, amount)
        if is_done:
            self.pledged[asset] += amount
        return is_done

    def redeem(self, asset: str, amount: int) -> bool:
        """Give back `amount` of what was pledged; False, and nothing changed, where less is."""
        if self.pledged[asset] < amount:
            return False
        self.pledged[asset] -= amount
        self.unlock(asset, amount)
        return True


@dataclass(frozen=True, slots=True)
class Audit:
    """What an examination of the books found; `problems` is empty when all is well."""

    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problems


class Ledger:
    """All accounts. The account that receives fees is one of them."""

    def __init__(self, *, fee_account: str = "fees") -> None:
        self._accounts: dict[str, Account] = {}
        self._deposited: defaultdict[str, int] = defaultdict(int)
        self.fee_account = self.open_account(fee_account)

    def open_account(
        self,
        name: str,
        *,
        fees: FeeSchedule | None = None,
        keeps_history: bool = True,
        trade_group: int = NO_TRADE_GROUP,
    ) -> Account:
        """A new, empty account; its name must not be taken."""
        if not name or name in self._accounts:
            raise ConfigurationError(f"account name is empty or taken: {name!r}")
        account = Account(name, fees=fees or FeeSchedule(), keeps_history=keeps_history, trade_group=trade_group)
        self._accounts[name] = account
        return account

    def account(self, name: str) -> Account | None:
        """The account of that name, None where there is none."""
        return self._accounts.get(name)

    def accounts(self) -> Iterator[Account]:
        """Every account, in the order of opening."""
        return iter(self._accounts.values())

    def deposit(self, name: str, asset: str, amount: int) -> None:
        """Bring `amount` of `asset` in from outside: the only way that value appears."""
        if amount < 0:
            raise ConfigurationError(f"a deposit is not negative: {amount}")
        account = self._accounts.get(name)
        if account is None:
            raise ConfigurationError(f"no such account: {name!r}")
        account.free[asset] += amount
        self._deposited[asset] += amount

    def withdraw(self, name: str, asset: str, amount: int) -> bool:
        """Take `amount` of what is free out: the only way that value goes. False, and nothing done, where less is."""
        if amount < 0:
            raise ConfigurationError(f"a withdrawal is not negative: {amount}")
        account = self._accounts.get(name)
        if account is None:
            raise ConfigurationError(f"no such account: {name!r}")
        if account.free[asset] < amount:
            return False
        account.free[asset] -= amount
        self._deposited[asset] -= amount
        return True

    def deposited(self, asset: str) -> int:
        """How much of `asset` was brought in from outside, and not taken out again."""
        return self._deposited.get(asset, 0)

    def totals(self) -> dict[str, int]:
        """Free plus locked over all accounts, by asset."""
        totals: defaultdict[str, int] = defaultdict(int)
        for account in self._accounts.values():
            for part in (account.free, account.locked):
                for asset, amount in part.items():
                    totals[asset] += amount
        return dict(totals)

    def audit(self) -> Audit:
        """Whether every asset sums to what was deposited and nothing is below zero."""
        totals = self.totals()
        unequal = [
            f"{asset}: {totals.get(asset, 0)} in accounts, {self._deposited.get(asset, 0)} deposited"
            for asset in sorted(totals.keys() | self._deposited.keys())
            if totals.get(asset, 0) != self._deposited.get(asset, 0)
        ]
        negative = [
            f"{account.name}: {label} {asset} is {amount}"
            for account in self._accounts.values()
            for label, part in (("free", account.free), ("locked", account.locked))
            for asset, amount in part.items()
            if amount < 0
        ]
        return Audit((*unequal, *negative))
