"""The one door to ccxt, exchange-neutral. Importing it does not import ccxt."""

from yunmin.ccxt_bridge.connector import CcxtConnector, Endpoint
from yunmin.ccxt_bridge.errors import Refusal, RefusalTable

__all__ = ["CcxtConnector", "Endpoint", "Refusal", "RefusalTable"]
