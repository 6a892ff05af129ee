"""Binance's proven refusals: answers after which an order certainly was not placed, a cancel certainly not done.

Source: errors.md and rest-api.md (HTTP Return Codes) of the spot API docs, 2026-07-21. A code stands here only where
the docs say that the request was refused before the matching engine, or that the engine refused it. Deliberately not
here, because the docs leave the outcome open: -1000 (unknown error), -1001 (internal error), -1006 and -1007
("execution status unknown"), -1008 (overloaded), -1016 (shutting down), every code that is not documented, every 5xx.
"""

from __future__ import annotations

from typing import Any, Final

from yunmin.ccxt_bridge import Answer, Refusal, RefusalTable
from yunmin.errors import (
    AuthenticationFailed,
    ClockSkew,
    DuplicateOrder,
    ExchangeError,
    InsufficientFunds,
    InvalidOrder,
    MarketClosed,
    OrderNotFound,
    PermissionDenied,
    RateLimited,
    Rejected,
    RejectReason,
    Unavailable,
    UnknownSymbol,
)

__all__ = ["REFUSALS", "read_code", "stream_refusal"]


def read_code(body: Any) -> tuple[int, str] | None:
    """(code, msg) of an error body; None where it is not one. A code of any other type than int proves nothing."""
    if not isinstance(body, dict) or type(body.get("code")) is not int:
        return None
    return body["code"], str(body.get("msg", ""))[:300]


_BAD_REQUEST: Final = Refusal(InvalidOrder, RejectReason.INVALID_REQUEST)
_RULE: Final = Refusal(InvalidOrder, RejectReason.RULE_VIOLATION)

_CODES: Final[dict[int | str, Refusal]] = {
    -1002: Refusal(AuthenticationFailed),  # not authorized
    -1013: _RULE,  # "the request didn't reach the matching engine": filters
    -1014: _BAD_REQUEST,  # unsupported order combination
    -1020: _BAD_REQUEST,  # operation not supported
    -1021: Refusal(ClockSkew),  # timestamp outside recvWindow
    -1022: Refusal(AuthenticationFailed),  # signature
    -1121: Refusal(UnknownSymbol),
    -1131: _BAD_REQUEST,  # recvWindow too large; not in errors.md, but in ccxt 4.5.90's table of spot errors
    -2010: Refusal(Rejected, RejectReason.OTHER),  # the engine refused the new order; the text says why
    -2011: Refusal(Rejected, RejectReason.OTHER),  # the engine refused the cancel; the text says why
    -2013: Refusal(OrderNotFound),  # query: order does not exist
    -2014: Refusal(AuthenticationFailed),  # API key format
    -2015: Refusal(AuthenticationFailed),  # API key, address or permission
    -2026: Refusal(OrderNotFound),  # query: archived
    -2039: Refusal(InvalidOrder, RejectReason.UNKNOWN_ORDER),  # client order id does not belong to the order id
    # parameters: refused while they were read
    **dict.fromkeys(
        (
            *(-1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1111, -1114, -1115, -1116, -1117, -1118, -1119),
            *(-1128, -1130, -1134, -1135, -1145),
        ),
        _BAD_REQUEST,
    ),
}

_MESSAGES: Final[dict[tuple[int | str, str], Refusal]] = {
    (-2010, "Duplicate order sent."): Refusal(DuplicateOrder),
    (-2010, "Account has insufficient balance for requested action."): Refusal(InsufficientFunds),
    (-2010, "Order would immediately match and take."): Refusal(Rejected, RejectReason.POST_ONLY),
    (-2010, "Market is closed."): Refusal(MarketClosed),
    (-2011, "Unknown order sent."): Refusal(OrderNotFound),  # no such open order
    (-2011, "Market is closed."): Refusal(MarketClosed),
    (-2011, "This action is disabled on this account."): Refusal(PermissionDenied),
    (-2011, "This account may not place or cancel orders."): Refusal(PermissionDenied),
    (-2010, "This action is disabled on this account."): Refusal(PermissionDenied),
    (-2010, "This account may not place or cancel orders."): Refusal(PermissionDenied),
    (-2010, "This symbol is not permitted for this account."): Refusal(PermissionDenied),
    (-1013, "Market is closed."): Refusal(MarketClosed),
}

_STATUSES: Final = {
    403: Refusal(PermissionDenied),  # the firewall in front of the API
    418: Refusal(Rejected, RejectReason.RATE_LIMITED),  # banned for not heeding 429
    429: Refusal(Rejected, RejectReason.RATE_LIMITED),
}

REFUSALS: Final = RefusalTable(
    read_code=read_code,
    codes=_CODES,
    messages=_MESSAGES,
    message_prefixes={
        (-2010, "Filter failure:"): _RULE,
        (-2010, "Duplicate order"): Refusal(DuplicateOrder),  # however the sentence goes on: an order exists
    },
    statuses=_STATUSES,
)


def stream_refusal(status: int, error: Any, *, what: str) -> ExchangeError:
    """The error of a subscription that was refused. `error` is `{"code", "msg"}`, with `data` where it was the rate."""
    code, told = read_code(error) or (None, "")
    if status in (418, 429):
        return RateLimited(
            f"{what} was turned away for its rate", retry_after=_wait(error), code=code, http_status=status
        )
    proof = REFUSALS.proof(Answer(status, error, {})) if 400 <= status < 500 else None
    if proof is None:
        return Unavailable(f"{what} was refused (status {status}, code {code}: {told})", code=code, http_status=status)
    refusal = proof[0]
    return refusal.error(f"{what} was refused: {told}", reason=refusal.reason, code=code, http_status=status)


def _wait(error: Any) -> float | None:
    """Seconds until `retryAfter` (web-socket-api.md, Rate limits), both moments by Binance's clock."""
    data = error.get("data") if isinstance(error, dict) else None
    if not isinstance(data, dict):
        return None
    until, now = data.get("retryAfter"), data.get("serverTime")
    return (until - now) / 1000 if type(until) is int and type(now) is int and until > now else None
