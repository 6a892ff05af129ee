"""Faults that are wanted often, by name; and storms, which are many of them by chance."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from yunmin.core.data_contracts import Contract
from yunmin.errors import ConfigurationError
from yunmin_binance.venue.chaos.faults import Seconds
from yunmin_binance.venue.chaos.rules import Rule

__all__ = ["PRESETS", "Storm", "preset", "storm"]

_ORDERS: Final = "* /api/v3/order*"
_PLACING: Final = "POST /api/v3/order"
_EVERYTHING: Final = "* /api/*"
_REPORTS: Final = "event executionReport"
_SOCKETS: Final = "socket *"
_TIMEOUT_TEXT: Final = (
    "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
)

PRESETS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "latency": (_EVERYTHING, {"kind": "delay", "seconds": 0.2, "jitter": 0.3}),
    "drop-before": (_PLACING, {"kind": "drop", "moment": "before", "ending": "close"}),
    "drop-after": (_PLACING, {"kind": "drop", "moment": "after", "ending": "close"}),
    "reset-before": (_PLACING, {"kind": "drop", "moment": "before", "ending": "reset"}),
    "reset-after": (_PLACING, {"kind": "drop", "moment": "after", "ending": "reset"}),
    "silence": (_PLACING, {"kind": "drop", "moment": "after", "ending": "silence"}),
    "cut-body": (_PLACING, {"kind": "cut_short"}),
    "html": (_PLACING, {"kind": "body", "body": "html"}),
    "empty": (_PLACING, {"kind": "body", "body": "empty"}),
    "bad-utf8": (_PLACING, {"kind": "body", "body": "bad_utf8"}),
    "truncated": (_PLACING, {"kind": "body", "body": "truncated"}),
    "other-order": (_PLACING, {"kind": "body", "body": "other_order"}),
    "unavailable": (_EVERYTHING, {"kind": "say", "status": 503}),
    "unknown-outcome": (
        _PLACING,
        {"kind": "say", "status": 503, "code": -1007, "msg": _TIMEOUT_TEXT, "moment": "after"},
    ),
    "too-many": (_EVERYTHING, {"kind": "say", "status": 429, "code": -1003, "msg": "Too many requests queued."}),
    "ban": (
        _EVERYTHING,
        {"kind": "say", "status": 418, "code": -1003, "msg": "Way too much request weight used; IP banned."},
    ),
    "waf": (_EVERYTHING, {"kind": "say", "status": 403}),
    "redirect": (_PLACING, {"kind": "redirect", "location": "http://127.0.0.1:9/elsewhere"}),
    "stray": (_PLACING, {"kind": "stray"}),
    "drip": (_PLACING, {"kind": "drip", "pause": 0.5}),
    "flood": (_PLACING, {"kind": "flood"}),
    "hide": (_PLACING, {"kind": "hide", "seconds": 3.0}),
    "stale": ("GET /api/v3/openOrders", {"kind": "stale"}),
    "lose-events": (_REPORTS, {"kind": "lose"}),
    "double-events": (_REPORTS, {"kind": "duplicate"}),
    "late-events": (_REPORTS, {"kind": "delay", "seconds": 2.0}),
    "reorder-events": (_REPORTS, {"kind": "reorder", "window": 3}),
    "half-open": (_SOCKETS, {"kind": "half_open"}),
    "disconnect": (_SOCKETS, {"kind": "disconnect"}),
    "stop-streams": (_SOCKETS, {"kind": "stop_streams"}),
    "terminate": (_SOCKETS, {"kind": "terminate"}),
    "shutdown": (_SOCKETS, {"kind": "shutdown", "seconds": 5.0}),
    "refuse-sockets": ("handshake *", {"kind": "say", "status": 503}),
    "skew": ("venue", {"kind": "skew", "seconds": 5.0}),
    "down": ("venue", {"kind": "down", "seconds": 5.0}),
}
"""Where each strikes unless told otherwise, and what it does."""

_STORM: Final[tuple[tuple[str, str, float], ...]] = (
    ("latency", _EVERYTHING, 1.0),
    ("reset-before", _ORDERS, 0.25),
    ("reset-after", _ORDERS, 0.25),
    ("unknown-outcome", _ORDERS, 0.25),
    ("unavailable", _EVERYTHING, 0.2),
    ("cut-body", _ORDERS, 0.1),
    ("html", _ORDERS, 0.1),
    ("hide", _PLACING, 0.2),
    ("lose-events", "event *", 0.3),
    ("double-events", "event *", 0.3),
    ("late-events", "event *", 0.2),
    ("reorder-events", "event *", 0.2),
)
"""Which presets a storm is made of, where, and how often in parts of its intensity."""


class Storm(Contract):
    """Many faults by chance. `intensity` is about how many of the things that could be struck are."""

    seed: int = 1
    intensity: float = Field(default=0.2, gt=0.0, le=1.0)
    for_seconds: Seconds | None = None


def preset(name: str, changes: dict[str, Any]) -> Rule:
    """The rule of that name with `changes` to its fields; `fault` in them changes fields of the fault.

    Raises ConfigurationError where there is none of that name.
    """
    if name not in PRESETS:
        raise ConfigurationError(f"no such preset: {name!r}; there are: {', '.join(PRESETS)}")
    where, fault = PRESETS[name]
    fields = {"where": where, "name": name, **changes}
    return Rule.model_validate({**fields, "fault": {**fault, **changes.get("fault", {})}})


def storm(wanted: Storm) -> list[Rule]:
    """Its rules: the same seed makes the same chances."""
    return [
        preset(
            name,
            {
                "where": where,
                "name": f"storm-{name}",
                "probability": min(share * wanted.intensity, 1.0),
                "for_seconds": wanted.for_seconds,
                "seed": f"{wanted.seed}-{name}",
            },
        )
        for name, where, share in _STORM
    ]
