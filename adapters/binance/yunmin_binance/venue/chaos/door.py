"""The plan of faults through the venue's own door: rules in as JSON, strikes out.

| request | what it does |
|---|---|
| `GET /venue/chaos` | what stands, and what has struck |
| `POST /venue/chaos` | adds a rule: a JSON object (see `Rule`); with `preset` in it, a change to that preset |
| `POST /venue/chaos/storm` | adds the rules of a storm (see `Storm`) |
| `DELETE /venue/chaos`, `?rule=N` | lifts all rules, or one |
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import orjson

from yunmin.errors import ConfigurationError
from yunmin_binance.venue.api import RawRequest
from yunmin_binance.venue.chaos.plan import Chaos
from yunmin_binance.venue.chaos.presets import Storm, preset, storm
from yunmin_binance.venue.chaos.rules import Rule
from yunmin_binance.venue.params import Params, merge_parameters

__all__ = ["ChaosDoor"]

_SHOWN: Final = 1000


class ChaosDoor:
    """Reads and changes one plan."""

    def __init__(self, chaos: Chaos) -> None:
        self._chaos = chaos

    def show(self, _: RawRequest) -> dict[str, object]:
        """Every rule that stands, and the last thousand strikes."""
        return {
            "seed": self._chaos.seed,
            "rules": [
                {
                    "number": standing.number,
                    "seen": standing.seen,
                    "struck": standing.struck,
                    **standing.rule.model_dump(mode="json"),
                }
                for standing in self._chaos.rules
            ],
            "strikes": self._chaos.strikes,
            "log": [asdict(strike) for strike in self._chaos.log[-_SHOWN:]],
        }

    def add(self, request: RawRequest) -> dict[str, object]:
        """A rule; ValidationError where it is none."""
        told = _object(request.body)
        name = told.pop("preset", None)
        rule = Rule.model_validate(told) if name is None else preset(str(name), told)
        return {"rules": [self._chaos.add(rule)]}

    def storm(self, request: RawRequest) -> dict[str, object]:
        """The rules of a storm."""
        rules = storm(Storm.model_validate(_object(request.body)))
        return {"rules": [self._chaos.add(rule) for rule in rules]}

    def clear(self, request: RawRequest) -> dict[str, object]:
        """Lift the rule that is named, or all."""
        number = Params(merge_parameters(request.query, b"")).long("rule")
        lifted = self._chaos.clear(number)
        if number is not None and not lifted:
            raise ConfigurationError(f"no such rule: {number}")
        return {"cleared": lifted}


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        raise ConfigurationError("the body is not JSON") from None
    if not isinstance(told, dict):
        raise ConfigurationError("the body is not a JSON object")
    return told
