"""Lengths of time as a person writes them: 30s, 5m, 2h, or seconds."""

from __future__ import annotations

from math import isfinite
from typing import Final

from yunmin.errors import InvalidValue

__all__ = ["seconds_of"]

_UNITS: Final = {"s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(option: str, text: str) -> float:
    """The seconds that `text`, given for `option`, stands for. Raises InvalidValue where it is no length of time."""
    unit = _UNITS.get(text[-1:])
    try:
        seconds = float(text) if unit is None else float(text[:-1]) * unit
    except ValueError:
        seconds = -1.0
    if not isfinite(seconds) or seconds < 0:
        raise InvalidValue(f"{option}: not a length of time: {text!r} (30s, 5m, 2h, or seconds)")
    return seconds
