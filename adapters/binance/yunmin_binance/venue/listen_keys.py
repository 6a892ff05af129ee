"""Listen keys: names under which an account's events could once be heard on the market streams' address.

Binance took them away on 2026-02-20 (changelog 2026-01-21). What they did before: user-data-stream.md of 2024-12-17. A
key is good for an hour after it was made or last kept alive; an account has one at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from string import ascii_letters, digits
from typing import Final

from yunmin.clock import seeded
from yunmin.simulation.intervals import HOUR
from yunmin.simulation.ledger import Account

__all__ = ["LISTEN_KEY_LIVES", "ListenKeys"]

LISTEN_KEY_LIVES: Final = HOUR
"""Microseconds."""

_ALPHABET: Final = ascii_letters + digits
_LENGTH: Final = 64


@dataclass(slots=True)
class _Lease:
    account: Account
    until: int


class ListenKeys:
    """The keys that are good now; `seed` fixes what they are called. All moments are microseconds."""

    def __init__(self, seed: str) -> None:
        self._random = seeded(seed)
        self._leases: dict[str, _Lease] = {}
        self.on_close: Callable[[str], None] | None = None
        """Called with a key that its owner has closed."""

    def open(self, account: Account, now: int) -> str:
        """The account's key, made now or good for another hour."""
        for key, lease in self._leases.items():
            if lease.account is account and lease.until > now:
                lease.until = now + LISTEN_KEY_LIVES
                return key
        key = "".join(self._random.choices(_ALPHABET, k=_LENGTH))
        self._leases[key] = _Lease(account, now + LISTEN_KEY_LIVES)
        return key

    def keep(self, account: Account, key: str, now: int) -> bool:
        """Make the account's `key` good for another hour; False where it has no such key."""
        lease = self._leases.get(key)
        if lease is None or lease.account is not account or lease.until <= now:
            return False
        lease.until = now + LISTEN_KEY_LIVES
        return True

    def close(self, account: Account, key: str, now: int) -> bool:
        """End the account's `key`; False where it has no such key."""
        if not self.keep(account, key, now):
            return False
        del self._leases[key]
        if self.on_close is not None:
            self.on_close(key)
        return True

    def owner(self, key: str, now: int) -> Account | None:
        """Whose events are heard under `key`."""
        lease = self._leases.get(key)
        return lease.account if lease is not None and lease.until > now else None

    def expire(self, now: int) -> list[str]:
        """Forget the keys that nobody has kept alive, and name them."""
        expired = [key for key, lease in self._leases.items() if lease.until <= now]
        for key in expired:
            del self._leases[key]
        return expired
