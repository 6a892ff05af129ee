"""Listen keys: gone from the exchange, and here only where the venue is told to keep them for old clients.

Binance spot user-data-stream.md of 2024-12-17; taken away on 2026-02-20 (changelog 2026-01-21).
"""

from __future__ import annotations

from typing import Final

from yunmin_binance.venue.endpoints.call import Answer, Call, Endpoint, Security
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.listen_keys import ListenKeys

__all__ = ["LISTEN_KEYS"]

_PATH: Final = "/api/v3/userDataStream"
_WEIGHT: Final = 2


def _open(call: Call) -> Answer:
    return {"listenKey": _kept(call).open(call.member.account, call.now)}


def _keep(call: Call) -> Answer:
    keys, account, key = _kept(call), call.member.account, call.params.required_text("listenKey")
    call.params.refuse_unread()
    if not keys.keep(account, key, call.now):
        raise ApiError.no_such_listen_key()
    return {}


def _close(call: Call) -> Answer:
    keys, account, key = _kept(call), call.member.account, call.params.required_text("listenKey")
    call.params.refuse_unread()
    if not keys.close(account, key, call.now):
        raise ApiError.no_such_listen_key()
    return {}


def _kept(call: Call) -> ListenKeys:
    if call.exchange.listen_keys is None:
        raise ApiError.retired()
    return call.exchange.listen_keys


LISTEN_KEYS: Final = tuple(
    Endpoint(method, _PATH, handle, _WEIGHT, Security.KEY)
    for method, handle in (("POST", _open), ("PUT", _keep), ("DELETE", _close))
)
