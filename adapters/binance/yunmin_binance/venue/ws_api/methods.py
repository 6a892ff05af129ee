"""Methods of the WebSocket API that are REST endpoints by another name (web-socket-api.md, 2026-07-21)."""

from __future__ import annotations

from typing import Final

from yunmin_binance.venue.endpoints import endpoint_of
from yunmin_binance.venue.endpoints.call import Endpoint

__all__ = ["ENDPOINT_OF_METHOD"]

_PATHS: Final = {
    "ping": ("GET", "ping"),
    "time": ("GET", "time"),
    "exchangeInfo": ("GET", "exchangeInfo"),
    "depth": ("GET", "depth"),
    "trades.recent": ("GET", "trades"),
    "trades.aggregate": ("GET", "aggTrades"),
    "klines": ("GET", "klines"),
    "avgPrice": ("GET", "avgPrice"),
    "ticker.24hr": ("GET", "ticker/24hr"),
    "ticker.price": ("GET", "ticker/price"),
    "ticker.book": ("GET", "ticker/bookTicker"),
    "order.place": ("POST", "order"),
    "order.test": ("POST", "order/test"),
    "order.status": ("GET", "order"),
    "order.cancel": ("DELETE", "order"),
    "openOrders.status": ("GET", "openOrders"),
    "openOrders.cancelAll": ("DELETE", "openOrders"),
    "allOrders": ("GET", "allOrders"),
    "myTrades": ("GET", "myTrades"),
    "account.status": ("GET", "account"),
    "account.commission": ("GET", "account/commission"),
    "userDataStream.start": ("POST", "userDataStream"),
    "userDataStream.ping": ("PUT", "userDataStream"),
    "userDataStream.stop": ("DELETE", "userDataStream"),
}

ENDPOINT_OF_METHOD: Final[dict[str, Endpoint]] = {
    method: endpoint_of(f"/api/v3/{path}")[verb] for method, (verb, path) in _PATHS.items()
}
