"""The life of an order, as a table.

Eight states. `TRANSITIONS` says which may follow which and when; `next_state` says which one the known facts amount
to. The facts only ever grow (fills booked, the largest cumulative quantity reported, the ends reported), so the order
in which they arrive cannot change where they lead.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from yunmin.core.data_contracts.enums import OrderState
from yunmin.core.data_contracts.money import ZERO

__all__ = ["ENDS", "TERMINAL", "TRANSITIONS", "is_complete", "next_state", "outranks"]

_S = OrderState
_PENDING, _OPEN, _PARTIALLY_FILLED, _FILLED = _S.PENDING, _S.OPEN, _S.PARTIALLY_FILLED, _S.FILLED

TRANSITIONS: Final[dict[OrderState, dict[OrderState, str]]] = {
    _S.PENDING: {
        _S.OPEN: "acknowledged",
        _S.PARTIALLY_FILLED: "a fill came before the acknowledgement",
        _S.FILLED: "filled at once",
        _S.CANCELLED: "cancelled before we saw it open",
        _S.EXPIRED: "expired before we saw it open: an IOC that met nothing",
        _S.REJECTED: "refused, here or by the exchange",
        _S.FAILED: "proven never to have reached the book",
    },
    _S.OPEN: {
        _S.PARTIALLY_FILLED: "a fill",
        _S.FILLED: "the last fill",
        _S.CANCELLED: "cancelled",
        _S.EXPIRED: "expired",
        _S.REJECTED: "the exchange acknowledged and then refused: a real world possibility",
    },
    _S.PARTIALLY_FILLED: {
        _S.FILLED: "the last fill",
        _S.CANCELLED: "the rest was cancelled",
        _S.EXPIRED: "the rest expired: an IOC or MARKET remainder",
        _S.REJECTED: "the rest was refused: a real world possibility",
    },
    _S.FILLED: {
        _S.PARTIALLY_FILLED: "correction: the exchange had made the order larger than we knew, and the rest lives",
        _S.CANCELLED: "correction: it was larger than we knew, and the rest was cancelled",
        _S.EXPIRED: "correction: it was larger than we knew, and the rest expired",
        _S.REJECTED: "correction: it was larger than we knew, and the rest was refused",
    },
    _S.CANCELLED: {
        _S.FILLED: "late fills completed it: the cancel lost the race",
        _S.EXPIRED: "a later report names another end",
        _S.REJECTED: "a later report names another end",
    },
    _S.EXPIRED: {
        _S.FILLED: "late fills completed it",
        _S.CANCELLED: "a later report names another end",
        _S.REJECTED: "a later report names another end",
    },
    _S.REJECTED: {
        _S.OPEN: "correction: the exchange shows an order that was taken for refused",
        _S.PARTIALLY_FILLED: "correction, with fills",
        _S.FILLED: "correction, complete",
        _S.CANCELLED: "correction, already cancelled",
        _S.EXPIRED: "correction, already expired",
    },
    _S.FAILED: {
        _S.OPEN: "correction: the exchange shows an order that was taken for never placed",
        _S.PARTIALLY_FILLED: "correction, with fills",
        _S.FILLED: "correction, complete",
        _S.CANCELLED: "correction, already cancelled",
        _S.EXPIRED: "correction, already expired",
        _S.REJECTED: "the exchange itself reports the refusal",
    },
}
"""from -> to -> when. A terminal state gives way to a live one only as a correction, on the exchange's own evidence:
REJECTED and FAILED because they may rest on our reading of an answer, FILLED because the quantity that it was measured
against may have been out of date."""

TERMINAL: Final = frozenset({_S.FILLED, _S.CANCELLED, _S.REJECTED, _S.EXPIRED, _S.FAILED})
"""The states in which nothing of the order rests in the book."""

ENDS: Final = {_S.CANCELLED: 3, _S.EXPIRED: 2, _S.REJECTED: 1}
"""The ends that an exchange reports, apart from FILLED, with the rank that decides between two of the same time."""


def is_complete(qty: Decimal | None, filled: Decimal, step: Decimal) -> bool:
    """Whether `filled` is all of `qty`: what is left is nothing, or less than one `step` and cannot be traded."""
    if qty is None or filled <= ZERO:
        return False
    return filled >= qty or (step > ZERO and qty - filled < step)


def next_state(
    *,
    complete: bool,
    end: OrderState | None,
    any_filled: bool,
    acknowledged: bool,
    refused: OrderState | None,
) -> OrderState:
    """The state that the facts amount to, strongest first: full, ended, in part, open, refused, pending.

    `refused` (REJECTED or FAILED) is a verdict on our command and gives way to any evidence of the order itself.
    """
    if complete:
        return _FILLED
    if end is not None:
        return end
    if any_filled:
        return _PARTIALLY_FILLED
    if acknowledged:
        return _OPEN
    return refused or _PENDING


def outranks(candidate: tuple[int, OrderState], known: tuple[int, OrderState] | None) -> bool:
    """Whether the end reported in `candidate` (millis, state) replaces the one in `known`."""
    return known is None or (candidate[0], ENDS[candidate[1]]) > (known[0], ENDS[known[1]])
