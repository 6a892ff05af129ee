"""Faults on demand, in and around the local venue.

    venue.chaos.add(Rule(where="POST /api/v3/order", fault=Drop(ending=Ending.RESET), count=1))

The rules are values, the seed decides what chance decides, and whatever has struck stands in `venue.chaos.log`.
"""

from yunmin_binance.venue.chaos.faults import (
    Body,
    CutShort,
    Delay,
    Disconnect,
    Down,
    Drip,
    Drop,
    Duplicate,
    Ending,
    Fault,
    Flood,
    FloodPart,
    ForeignBody,
    HalfOpen,
    Hide,
    Lose,
    Moment,
    Redirect,
    Reorder,
    Say,
    Shutdown,
    Skew,
    Stale,
    StopStreams,
    Stray,
    Terminate,
)
from yunmin_binance.venue.chaos.plan import Chaos, Strike
from yunmin_binance.venue.chaos.presets import Storm, preset, storm
from yunmin_binance.venue.chaos.rules import Rule

__all__ = [
    "Body",
    "Chaos",
    "CutShort",
    "Delay",
    "Disconnect",
    "Down",
    "Drip",
    "Drop",
    "Duplicate",
    "Ending",
    "Fault",
    "Flood",
    "FloodPart",
    "ForeignBody",
    "HalfOpen",
    "Hide",
    "Lose",
    "Moment",
    "Redirect",
    "Reorder",
    "Rule",
    "Say",
    "Shutdown",
    "Skew",
    "Stale",
    "StopStreams",
    "Storm",
    "Stray",
    "Strike",
    "Terminate",
    "preset",
    "storm",
]
