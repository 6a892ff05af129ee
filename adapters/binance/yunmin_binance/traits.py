"""What Binance spot can do, as data. Facts from the spot API docs of 2026-07-21 unless said otherwise."""

from __future__ import annotations

from typing import Final

from yunmin.core.data_contracts import OrderType, TimeInForce
from yunmin.exchange import Capability, Support, Traits

__all__ = ["RECV_WINDOW", "TRAITS", "traits_at"]

RECV_WINDOW: Final = 5000
"""Milliseconds for which a signed request stays valid; 5000 is the documented default."""

_API_TIMEOUT: Final = 10.0
"""Seconds after which the API gives up waiting for its matching engine (rest-api.md, General API Information)."""

_FENCE: Final = RECV_WINDOW / 1000 + _API_TIMEOUT

TRAITS: Final = Traits(
    name="binance",
    title="Binance spot",
    support={
        Capability.LIMIT_ORDER: Support.FULL,
        Capability.MARKET_ORDER: Support.FULL,
        Capability.MARKET_ORDER_BY_QUOTE: Support.FULL,
        Capability.POST_ONLY: Support.FULL,
        Capability.IMMEDIATE_OR_CANCEL: Support.FULL,
        Capability.FILL_OR_KILL: Support.FULL,
        Capability.STOP_ORDER: Support.FULL,
        Capability.CLIENT_ORDER_ID: Support.FULL,
        Capability.FETCH_BY_CLIENT_ORDER_ID: Support.FULL,
        Capability.OPEN_ORDERS_OF_ALL_SYMBOLS: Support.FULL,
        Capability.ORDER_HISTORY: Support.FULL,
        Capability.FILLS_OF_ORDER: Support.FULL,
        Capability.TEST_ORDER: Support.FULL,
        Capability.CANCEL_ALL: Support.FULL,
        Capability.DEAD_MAN_SWITCH: Support.NEVER,  # rest-api.md has none for spot: `yunmin kill` does it from outside
        Capability.TICKER: Support.FULL,
        Capability.ORDER_BOOK: Support.FULL,
        Capability.PUBLIC_TRADES: Support.FULL,
        Capability.CANDLES: Support.FULL,
        Capability.ACCOUNT_STREAM: Support.FULL,
        Capability.MARKET_STREAM: Support.FULL,
        Capability.LOCAL_VENUE: Support.FULL,
    },
    order_types=frozenset(OrderType),
    times_in_force=frozenset(TimeInForce),
    client_order_id_pattern=r"[a-zA-Z0-9_-]{1,36}",
    client_order_id_prefix="ym-",
    client_order_id_max_length=36,
    ids_unique_per_symbol=True,
    ids_reusable_after_end=True,
    placement_fence=_FENCE,
    open_orders_page=None,
    fills_page=1000,
    history_page=1000,
)


def traits_at(pace: float) -> Traits:
    """The same exchange on a clock of that pace: it judges windows by the wall, so its fence is as far on the wall."""
    if pace == 1:
        return TRAITS
    return TRAITS.model_copy(update={"placement_fence": _FENCE * pace})
