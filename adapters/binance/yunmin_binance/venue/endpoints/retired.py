"""Endpoints that the exchange has taken away: all of version 1 (changelog 2026-03-05; gone since 2026-03-25)."""

from __future__ import annotations

from typing import Final, NoReturn

from yunmin_binance.venue.endpoints.call import Call, Endpoint
from yunmin_binance.venue.errors import ApiError

__all__ = ["RETIRED"]


def _gone(_: Call) -> NoReturn:
    raise ApiError.retired()


_OF_VERSION_1: Final = (
    ("GET", "ping"),
    ("GET", "time"),
    ("GET", "exchangeInfo"),
    ("GET", "depth"),
    ("GET", "trades"),
    ("GET", "historicalTrades"),
    ("GET", "aggTrades"),
    ("GET", "klines"),
    ("GET", "ticker/24hr"),
    ("GET", "ticker/price"),
    ("GET", "ticker/bookTicker"),
    ("GET", "ticker/allPrices"),
    ("GET", "ticker/allBookTickers"),
    ("GET", "userDataStream"),
    ("POST", "userDataStream"),
    ("PUT", "userDataStream"),
    ("DELETE", "userDataStream"),
)

RETIRED: Final = tuple(Endpoint(method, f"/api/v1/{path}", _gone, 1) for method, path in _OF_VERSION_1)
