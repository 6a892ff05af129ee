"""Bodies that no exchange should send."""

from __future__ import annotations

from typing import Final

import orjson

from yunmin_binance.venue.chaos.faults import ForeignBody

__all__ = ["HTML", "content_type_of", "foreign", "under_other_ids"]

HTML: Final = (
    b"<html>\r\n<head><title>Request could not be satisfied</title></head>\r\n"
    b"<body><center><h1>Something went wrong</h1></center></body>\r\n</html>\r\n"
)

_BODIES: Final = {
    ForeignBody.HTML: HTML,
    ForeignBody.EMPTY: b"",
    ForeignBody.OBJECT: b"{}",
    ForeignBody.LIST: b"[]",
    ForeignBody.NULL: b"null",
    ForeignBody.BAD_UTF8: b'{"symbol":"\xff\xfe\xfa","orderId":1}',
}
_FAR_AWAY: Final = 1_000_000
_JSON: Final = "application/json;charset=utf-8"


def foreign(kind: ForeignBody, true: bytes, other: bytes) -> bytes:
    """The bytes of `kind`, where `true` should have been sent and `other` was the answer to another order."""
    if kind is ForeignBody.TRUNCATED:
        return true[: len(true) // 2]
    return other if kind is ForeignBody.OTHER_ORDER else _BODIES[kind]


def content_type_of(kind: ForeignBody) -> str:
    """What the header says of it."""
    return "text/html" if kind is ForeignBody.HTML else _JSON


def under_other_ids(true: bytes) -> bytes:
    """An answer to an order as if it were another order's: every id in it is changed."""
    told = orjson.loads(true or b"{}")
    if not isinstance(told, dict):
        return true
    order_id = told.get("orderId")
    changed = {
        "orderId": (order_id if isinstance(order_id, int) else 0) + _FAR_AWAY,
        "clientOrderId": "another-order",
    }
    return orjson.dumps({**told, **changed})
