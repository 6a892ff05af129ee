"""What a stream tells beside orders and fills: balances, and the moments in which it heard nothing."""

from __future__ import annotations

from pydantic import Field

from yunmin.core.data_contracts.account import Balance
from yunmin.core.data_contracts.base import Contract, UtcDatetime
from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.money import Amount
from yunmin.core.data_contracts.order import OrderUpdate

__all__ = ["AccountNews", "BalanceUpdate", "StreamGap", "StreamLost", "StreamOpened", "Transfer"]


class BalanceUpdate(Contract):
    """The balances that changed, as they stand now; assets that are not named are as they were."""

    balances: tuple[Balance, ...]
    as_of: UtcDatetime | None = None


class Transfer(Contract):
    """`amount` of `asset` came into the account, or left it when negative, otherwise than by trading.

    What the account then has is told by a BalanceUpdate beside it.
    """

    asset: str
    amount: Amount
    ts: UtcDatetime | None = None


class StreamOpened(Contract):
    """The stream is subscribed and live from `at` on, by this machine's clock."""

    at: UtcDatetime


class StreamLost(Contract):
    """Nothing is sure to be heard after `since`, by this machine's clock; a StreamGap follows once it is live again."""

    since: UtcDatetime
    why: str = Field(min_length=1)


class StreamGap(Contract):
    """What happened from `start` to `end`, by this machine's clock, may not have been told: ask the exchange."""

    start: UtcDatetime
    end: UtcDatetime
    why: str = Field(min_length=1)


AccountNews = OrderUpdate | Fill | BalanceUpdate | Transfer | StreamOpened | StreamLost | StreamGap
"""All that a stream of one account tells."""
