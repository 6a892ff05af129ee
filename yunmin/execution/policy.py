"""What an account does by itself, and how patiently: data, with defaults that suit a person's first week."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from yunmin.core.data_contracts.base import Contract

__all__ = ["AccountPolicy", "ExternalOrders", "OnClose"]


class ExternalOrders(StrEnum):
    """What to do with orders on this account that somebody else placed: follow them, report them, or neither.

    They are never cancelled in any case.
    """

    ADOPT = "ADOPT"
    OBSERVE = "OBSERVE"
    IGNORE = "IGNORE"


class OnClose(StrEnum):
    """What becomes of our open orders when the account is closed."""

    LEAVE = "LEAVE"
    CANCEL = "CANCEL"


class AccountPolicy(Contract):
    """All times in seconds. `allow_withdrawal_key` lets a key that may withdraw trade real money.

    `proofs` real answers, `proof_spacing` apart, must agree that an order does not exist before it counts as never
    placed, after the exchange's fence and `fence_margin` have passed. `residual_grace` is how long trades may lag
    behind an order's own figures before a fill is inferred. `touch_grace` leaves orders alone that something was heard
    of just now. `intent_age` is how long after the decision an order may still leave. `snapshot_every` is in records
    of the journal: how many a restart may have to go through; `keep_records` is how many of them stay for good.
    """

    allow_withdrawal_key: bool = False
    external_orders: ExternalOrders = ExternalOrders.ADOPT
    on_close: OnClose = OnClose.LEAVE
    proofs: int = Field(default=2, ge=2)
    proof_spacing: float = Field(default=1.0, gt=0)
    fence_margin: float = Field(default=2.0, ge=0)
    residual_grace: float = Field(default=5.0, ge=0)
    touch_grace: float = Field(default=2.0, ge=0)
    intent_age: float = Field(default=5.0, gt=0)
    start_patience: float = Field(default=30.0, ge=0)
    submit_patience: float = Field(default=30.0, ge=0)
    overlap: float = Field(default=300.0, ge=0)
    snapshot_every: int = Field(default=20_000, ge=1)
    keep_records: int = Field(default=5_000_000, ge=1)
    tick: float = Field(default=1.0, gt=0)
    query_interval: float = Field(default=2.0, gt=0)
    suspect_interval: float = Field(default=10.0, gt=0)
    orders_interval: float = Field(default=30.0, gt=0)
    fills_interval: float = Field(default=60.0, gt=0)
    audit_interval: float = Field(default=300.0, gt=0)
    retry_first: float = Field(default=0.5, gt=0)
    retry_longest: float = Field(default=30.0, gt=0)
    cancel_spacing: float = Field(default=2.0, gt=0)
    skew_warning: float = Field(default=0.5, gt=0)
    skew_limit: float = Field(default=1.0, gt=0)
