"""What a world whose clock goes faster than the wall asks of those who wait for the wall."""

from __future__ import annotations

from yunmin.execution.policy import AccountPolicy

__all__ = ["policy_at_pace"]


def policy_at_pace(policy: AccountPolicy, pace: float) -> AccountPolicy:
    """The same patience on the wall, on a clock that goes `pace` times as fast: every time of it is so much longer.

    It waits for answers, for disks and for this machine, and none of them goes faster for the clock's sake.
    """
    if pace == 1:
        return policy
    times = {
        name: getattr(policy, name) * pace
        for name, field in AccountPolicy.model_fields.items()
        if field.annotation is float
    }
    return policy.model_copy(update=times)
