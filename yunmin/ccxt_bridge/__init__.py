"""The one door to ccxt, exchange-neutral. Importing it does not import ccxt."""

from yunmin.ccxt_bridge.connector import CcxtConnector, Endpoint
from yunmin.ccxt_bridge.errors import Refusal, RefusalTable
from yunmin.ccxt_bridge.guarded import Answer, Manners
from yunmin.ccxt_bridge.stream_feed import Conversation, Ears, Feed, StreamManners

__all__ = [
    "Answer",
    "CcxtConnector",
    "Conversation",
    "Ears",
    "Endpoint",
    "Feed",
    "Manners",
    "Refusal",
    "RefusalTable",
    "StreamManners",
]
