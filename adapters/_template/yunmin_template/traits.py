"""What the exchange can do, as data. Give the source of each fact, and its date: the exchange's own documentation.

Claim only what you have seen work. The conformance suite fails for a capability that is claimed and does not work, and
for one that is denied and does.
"""

from __future__ import annotations

from typing import Final

from yunmin.core.data_contracts import OrderType, TimeInForce
from yunmin.exchange import Capability, Support, Traits

__all__ = ["TRAITS"]

TRAITS: Final = Traits(
    name="template",
    title="Example exchange spot",
    support={
        Capability.LIMIT_ORDER: Support.FULL,
        Capability.MARKET_ORDER: Support.FULL,
        Capability.MARKET_ORDER_BY_QUOTE: Support.FULL,
        Capability.POST_ONLY: Support.FULL,
        Capability.IMMEDIATE_OR_CANCEL: Support.FULL,
        Capability.FILL_OR_KILL: Support.FULL,
        Capability.STOP_ORDER: Support.NOT_YET,
        Capability.CLIENT_ORDER_ID: Support.FULL,
        Capability.FETCH_BY_CLIENT_ORDER_ID: Support.FULL,
        Capability.OPEN_ORDERS_OF_ALL_SYMBOLS: Support.FULL,
        Capability.ORDER_HISTORY: Support.FULL,
        Capability.FILLS_OF_ORDER: Support.FULL,
        Capability.TEST_ORDER: Support.NEVER,
        Capability.CANCEL_ALL: Support.NOT_YET,
        Capability.DEAD_MAN_SWITCH: Support.NOT_YET,
        Capability.TICKER: Support.FULL,
        Capability.ORDER_BOOK: Support.FULL,
        Capability.PUBLIC_TRADES: Support.FULL,
        Capability.CANDLES: Support.FULL,
        Capability.ACCOUNT_STREAM: Support.NOT_YET,
        Capability.MARKET_STREAM: Support.NOT_YET,
        Capability.LOCAL_VENUE: Support.NEVER,
    },
    order_types=frozenset({OrderType.LIMIT, OrderType.MARKET, OrderType.LIMIT_MAKER}),
    times_in_force=frozenset(TimeInForce),
    client_order_id_pattern=r"[a-zA-Z0-9_-]{1,32}",
    client_order_id_prefix="ym-",
    client_order_id_max_length=32,
    ids_unique_per_symbol=False,  # are order and trade ids numbered per symbol?
    ids_reusable_after_end=True,  # does it take a client order id again once the first order with it is done?
    placement_fence=None,  # seconds after which a stamped request certainly arrives no more; None: it does not say
    history_page=None,  # orders that an answer of the history has at most; None: it does not say, and proves nothing
)
