"""How long to wait before a question that had no answer is asked again."""

from __future__ import annotations

from yunmin.clock import Chance
from yunmin.execution.policy import AccountPolicy

__all__ = ["Backoff"]


class Backoff:
    """Each wait twice as long as the one before, from `retry_first` up to `retry_longest`, give or take a half.

    By chance, so that many who lost the same exchange do not all come back at once.
    """

    def __init__(self, policy: AccountPolicy, chance: Chance) -> None:
        self._policy = policy
        self._chance = chance
        self._wait = policy.retry_first

    def next_wait(self) -> float:
        """Seconds."""
        wait = self._wait * (0.5 + self._chance.random())
        self._wait = min(self._wait * 2, self._policy.retry_longest)
        return wait

    def start_over(self) -> None:
        """Something was answered: the next wait is a short one."""
        self._wait = self._policy.retry_first
