"""Who may ask: key, time window and signature of a SIGNED request (Binance spot REST docs, 2026-07-21).

Checked in this order: the key is sent and well formed, timestamp and signature are sent, the window is legal, the key
is known, the timestamp lies in the window, the signature is that of the key over the raw bytes. Some of the order is
ours: the docs name each check, and not which comes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from yunmin.simulation.intervals import SECOND
from yunmin_binance.venue.config import KeyRight
from yunmin_binance.venue.errors import ApiError
from yunmin_binance.venue.exchange import Member
from yunmin_binance.venue.params import Params
from yunmin_binance.venue.signing import signed_payload

__all__ = ["API_KEY_HEADER", "authenticate", "authenticate_payload", "check_timing", "require_right"]

API_KEY_HEADER: Final = "X-MBX-APIKEY"

_IS_API_KEY: Final = re.compile("[A-Za-z0-9]{1,128}", re.ASCII).fullmatch
_DEFAULT_WINDOW: Final = Decimal(5000)
_WIDEST_WINDOW: Final = Decimal(60_000)


def authenticate(
    members: Mapping[str, Member],
    api_key: str | None,
    params: Params,
    *,
    query: bytes,
    body: bytes,
    now: int,
    pace: float = 1.0,
) -> Member:
    """The member behind a request, or the refusal.

    `now` is in microseconds of a clock that goes `pace` times as fast as the wall, of which a window is.
    """
    return authenticate_payload(members, api_key, params, payload=signed_payload(query, body), now=now, pace=pace)


def authenticate_payload(
    members: Mapping[str, Member],
    api_key: str | None,
    params: Params,
    *,
    payload: bytes | None,
    now: int,
    pace: float = 1.0,
) -> Member:
    """The same, where it is known what the signature has to cover; None is what no signature can cover."""
    if api_key is None or not _IS_API_KEY(api_key):
        raise ApiError.bad_key_format()
    timestamp = params.required_micros("timestamp")
    signature = params.required_text("signature")
    window = _window(params)
    member = members.get(api_key)
    if member is None:
        raise ApiError.unknown_key()
    _check_window(timestamp, window, now, pace)
    if payload is None or not member.verifier.accepts(payload, signature):
        raise ApiError.bad_signature()
    return member


def require_right(member: Member, right: KeyRight) -> None:
    """Refuse what the key may not be used for, and trading where the account may not trade."""
    if right not in member.rights:
        raise ApiError.unknown_key()
    if right is KeyRight.TRADE and not member.can_trade:
        raise ApiError.trading_disabled()


def check_timing(params: Params, now: int, pace: float = 1.0) -> None:
    """Refuse a request that comes too late or too early, signed or not."""
    _check_window(params.required_micros("timestamp"), _window(params), now, pace)


def _check_window(timestamp: int, window: int, now: int, pace: float) -> None:
    if timestamp >= now + SECOND * pace:
        raise ApiError.ahead_of_server()
    if now - timestamp > window * pace:
        raise ApiError.outside_window()


def _window(params: Params) -> int:
    """Microseconds for which the request is good."""
    window = params.window("recvWindow")
    if window is None:
        window = _DEFAULT_WINDOW
    if window > _WIDEST_WINDOW:
        raise ApiError.window_too_wide()
    return int(window * 1000)
