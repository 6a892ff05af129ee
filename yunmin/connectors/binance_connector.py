"""The blocking Binance connector, under the import path that scripts know. It lives in the adapter."""

from yunmin.errors import YunminError
from yunmin_binance.auth import BinanceAuth
from yunmin_binance.sync import BinanceConnector

__all__ = ["BinanceAuth", "BinanceConnector", "BinanceConnectorError"]

BinanceConnectorError = YunminError
"""The root of every error that the connector raises, under its old name; see `yunmin.errors` for the tree."""
