"""Whose an order is: its client order id carries a mark of its route and of what it is for, for as long as it exists.

So an order is known again after any restart, at the exchange and in the journal, without a list that could be lost.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from yunmin.clock import random_token
from yunmin.core.data_contracts.route import Route
from yunmin.exchange.capabilities import Traits

__all__ = ["OrderRole", "OrderTag", "new_order_id", "tag_of"]

_DIGITS: Final = 6
_LENGTH: Final = _DIGITS + 1
_FRESH: Final = 10
"""At least so many characters of an id are chance."""


class OrderRole(StrEnum):
    """What an order is for."""

    ENTRY = "e"
    EXIT = "x"
    STOP = "s"


class OrderTag(NamedTuple):
    """`route` is a digest of a route's name."""

    route: str
    role: OrderRole


def tag_of(route: Route, role: OrderRole = OrderRole.ENTRY) -> OrderTag:
    """The tag of `route`'s orders."""
    return OrderTag(hashlib.blake2b(route.name.encode(), digest_size=8).hexdigest()[:_DIGITS], role)


def new_order_id(drawn: str, tag: OrderTag, traits: Traits) -> str:
    """An id of chance with `tag` at its end, made of `drawn`, an id that the adapter would have given."""
    room = traits.client_order_id_max_length - _LENGTH
    kept = drawn[: max(room, len(traits.client_order_id_prefix) + _FRESH)]
    if len(kept) < len(traits.client_order_id_prefix) + _FRESH:
        kept = traits.client_order_id_prefix + random_token(_FRESH)
    return f"{kept}{tag.route}{tag.role.value}"


def read_tag(client_order_id: str, traits: Traits) -> OrderTag | None:
    """The tag of an id that was made here; None for any other."""
    return _read(client_order_id, traits.client_order_id_prefix)


@lru_cache(maxsize=16_384)  # of every open order at every decision
def _read(client_order_id: str, prefix: str) -> OrderTag | None:
    return seeming_tag(client_order_id) if client_order_id.startswith(prefix) else None


def seeming_tag(client_order_id: str) -> OrderTag | None:
    """The tag that an id has at its end, whoever made it: one of somebody else's in millions may look so, too."""
    mark = client_order_id[-_LENGTH:]
    if len(client_order_id) <= _LENGTH + _FRESH or mark[-1] not in _ROLES or not _is_digest(mark[:-1]):
        return None
    return OrderTag(mark[:-1], _ROLES[mark[-1]])


_is_digest: Final = re.compile(r"[0-9a-f]+").fullmatch
_ROLES: Final = {role.value: role for role in OrderRole}
