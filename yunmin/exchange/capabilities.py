"""What an exchange and its adapter can do: data, not code."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from yunmin.core.data_contracts.base import Contract
from yunmin.core.data_contracts.enums import OrderType, TimeInForce

__all__ = ["Capability", "Support", "Traits"]


class Capability(StrEnum):
    """One thing that may be asked of an exchange."""

    LIMIT_ORDER = "LIMIT_ORDER"
    MARKET_ORDER = "MARKET_ORDER"
    MARKET_ORDER_BY_QUOTE = "MARKET_ORDER_BY_QUOTE"
    POST_ONLY = "POST_ONLY"
    IMMEDIATE_OR_CANCEL = "IMMEDIATE_OR_CANCEL"
    FILL_OR_KILL = "FILL_OR_KILL"
    STOP_ORDER = "STOP_ORDER"
    CLIENT_ORDER_ID = "CLIENT_ORDER_ID"
    FETCH_BY_CLIENT_ORDER_ID = "FETCH_BY_CLIENT_ORDER_ID"
    OPEN_ORDERS_OF_ALL_SYMBOLS = "OPEN_ORDERS_OF_ALL_SYMBOLS"
    ORDER_HISTORY = "ORDER_HISTORY"
    FILLS_OF_ORDER = "FILLS_OF_ORDER"
    TEST_ORDER = "TEST_ORDER"
    CANCEL_ALL = "CANCEL_ALL"
    DEAD_MAN_SWITCH = "DEAD_MAN_SWITCH"
    TICKER = "TICKER"
    ORDER_BOOK = "ORDER_BOOK"
    PUBLIC_TRADES = "PUBLIC_TRADES"
    CANDLES = "CANDLES"
    ACCOUNT_STREAM = "ACCOUNT_STREAM"
    MARKET_STREAM = "MARKET_STREAM"
    LOCAL_VENUE = "LOCAL_VENUE"


class Support(StrEnum):
    """How far a capability goes: by the exchange itself, by the adapter's own means, not written yet, not possible."""

    FULL = "FULL"
    EMULATED = "EMULATED"
    NOT_YET = "NOT_YET"
    NEVER = "NEVER"

    @property
    def is_usable(self) -> bool:
        return self in (Support.FULL, Support.EMULATED)


class Traits(Contract):
    """The facts of one exchange that code above the adapter may ask for.

    `client_order_id_pattern` is the regular expression that an id must match in full; `ids_unique_per_symbol` says
    that order and trade ids are numbered per symbol. `ids_reusable_after_end` warns that the exchange takes a client
    order id again once the first order with it is done: it does not protect from a second execution.
    `placement_fence` is the number of seconds after which a request that was stamped then can no longer reach the
    matching engine, None where the exchange promises no such thing. `history_page` is how many orders an answer of the
    history has at most; where it is not told, no list is taken for a whole one, so that absence from it proves nothing.
    """

    name: str
    title: str
    support: dict[Capability, Support]
    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    client_order_id_pattern: str
    client_order_id_prefix: str = Field(max_length=12)
    client_order_id_max_length: int
    ids_unique_per_symbol: bool = False
    ids_reusable_after_end: bool = False
    placement_fence: float | None = None
    open_orders_page: int | None = None
    fills_page: int | None = None
    history_page: int | None = None

    def support_of(self, capability: Capability) -> Support:
        """How far `capability` goes; what is not listed is not written yet."""
        return self.support.get(capability, Support.NOT_YET)
