"""The one door to ccxt, exchange-neutral. Importing it does not import ccxt."""

from yunmin.ccxt_bridge.connector import CcxtConnector, Endpoint
from yunmin.ccxt_bridge.errors import Refusal, RefusalTable
from yunmin.ccxt_bridge.guarded import Manners

__all__ = ["CcxtConnector", "Endpoint", "Manners", "Refusal", "RefusalTable"]
