"""What a frame is about: the type of its event, its stream, its market, its order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from yunmin_binance.venue.chaos.subject import Door, Subject

__all__ = ["skewed", "subject_of_frame"]

_FIRST_MICROSECONDS: Final = 10**14


def subject_of_frame(frame: bytes, about: str, account_of: Callable[[int], str | None] | None = None) -> Subject | None:
    """The event in `frame`; None where it is an answer and no event."""
    told = orjson.loads(frame)
    event = _event_in(told)
    if event is None and not about:
        return None
    said: Mapping[str, Any] = event or {}
    kind = said.get("e") or about.partition("@")[2] or about
    account = account_of(told["subscriptionId"]) if account_of is not None and "subscriptionId" in told else None
    symbol = said.get("s") or about.partition("@")[0].upper()
    return Subject(
        door=Door.EVENT,
        names=(kind, about) if about else (kind,),
        symbols=(symbol,) if isinstance(symbol, str) and symbol else (),
        accounts=() if account is None else (account,),
        client_order_ids=tuple(said[key] for key in ("c", "C") if isinstance(said.get(key), str) and said[key]),
    )


def skewed(frame: bytes, micros: int) -> bytes:
    """The same frame, told by a clock that is wrong by so much."""
    told = orjson.loads(frame)
    event = _event_in(told)
    if event is None or not isinstance(event.get("E"), int):
        return frame
    event["E"] += micros if event["E"] >= _FIRST_MICROSECONDS else micros // 1000
    return orjson.dumps(told)


def _event_in(told: object) -> dict[str, Any] | None:
    if not isinstance(told, dict):
        return None
    inner = told.get("event", told.get("data", told))
    return inner if isinstance(inner, dict) and "e" in inner else None
