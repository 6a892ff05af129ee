"""The blocking Binance streams, under the import path that scripts know. They live in the adapter."""

from yunmin_binance.websocket import BinanceWebSocket

__all__ = ["BinanceWebSocket"]
