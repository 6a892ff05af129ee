"""Endpoints that the exchange has taken away: listen keys (web-socket-api.md tells what came instead)."""

from __future__ import annotations

from typing import Final, NoReturn

from yunmin_binance.venue.endpoints.call import Call, Endpoint
from yunmin_binance.venue.errors import ApiError

__all__ = ["RETIRED"]

_GONE: Final = 410


def _gone(_: Call) -> NoReturn:
    raise ApiError(-1020, "This operation is not supported.", status=_GONE)


RETIRED: Final = tuple(Endpoint(method, "/api/v3/userDataStream", _gone, 2) for method in ("POST", "PUT", "DELETE"))
