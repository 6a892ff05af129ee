"""Every operation of the local venue, by path and method."""

from __future__ import annotations

from typing import Final

from yunmin_binance.venue.endpoints.account import ACCOUNT
from yunmin_binance.venue.endpoints.call import Endpoint
from yunmin_binance.venue.endpoints.general import GENERAL
from yunmin_binance.venue.endpoints.list_queries import LIST_QUERIES
from yunmin_binance.venue.endpoints.listen_keys import LISTEN_KEYS
from yunmin_binance.venue.endpoints.market_data import MARKET_DATA
from yunmin_binance.venue.endpoints.order_lists import ORDER_LISTS
from yunmin_binance.venue.endpoints.orders import ORDERS
from yunmin_binance.venue.endpoints.reference import REFERENCE
from yunmin_binance.venue.endpoints.replacing import REPLACING
from yunmin_binance.venue.endpoints.retired import RETIRED
from yunmin_binance.venue.endpoints.tickers import TICKERS
from yunmin_binance.venue.endpoints.wallet import WALLET

__all__ = ["endpoint_of"]

_ENDPOINTS: Final[dict[str, dict[str, Endpoint]]] = {}

for _endpoint in (
    *GENERAL,
    *MARKET_DATA,
    *TICKERS,
    *REFERENCE,
    *ORDERS,
    *REPLACING,
    *ORDER_LISTS,
    *LIST_QUERIES,
    *ACCOUNT,
    *WALLET,
    *LISTEN_KEYS,
    *RETIRED,
):
    _ENDPOINTS.setdefault(_endpoint.path, {})[_endpoint.method] = _endpoint


def endpoint_of(path: str) -> dict[str, Endpoint]:
    """The endpoints at `path` by method; empty where the path is unknown."""
    return _ENDPOINTS.get(path, {})
