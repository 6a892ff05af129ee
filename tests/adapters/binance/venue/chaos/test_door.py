"""Faults on demand through the venue's own door: what it takes, shows and refuses; presets and storms."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from tests.adapters.binance.venue.conftest import QUIET
from yunmin.errors import ConfigurationError
from yunmin_binance.venue import LocalVenue
from yunmin_binance.venue.api import RawRequest
from yunmin_binance.venue.chaos import Rule, Storm, preset, storm
from yunmin_binance.venue.chaos.presets import PRESETS
from yunmin_binance.venue.control import Control
from yunmin_binance.venue.owners_door import OwnersDoor


class Door:
    def __init__(self) -> None:
        self.venue = LocalVenue(QUIET)
        self.control = Control(self.venue.exchange, self.venue.chaos, OwnersDoor(self.venue))

    def ask(self, method: str, body: Any = None, query: bytes = b"", path: str = "") -> tuple[int, Any]:
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        answer = self.control.answer(RawRequest(method, f"/venue/chaos{path}", query, raw, {}, "127.0.0.1"))
        return answer.status, orjson.loads(answer.body)


@pytest.fixture
def door() -> Door:
    return Door()


def test_rules_come_and_go_through_the_door(door: Door) -> None:
    rule = Rule.model_validate({"where": "POST /api/v3/order", "fault": {"kind": "drop"}, "count": 1})
    assert door.ask("POST", rule.model_dump(mode="json")) == (200, {"rules": [1]})
    assert door.ask("POST", {"preset": "hide", "symbol": "BTCUSDT", "fault": {"seconds": 9}}) == (200, {"rules": [2]})
    first, second = door.venue.chaos.rules
    assert first.rule == rule
    assert (second.rule.symbol, second.rule.fault.model_dump()) == (
        "BTCUSDT", {"kind": "hide", "seconds": 9.0, "queries": 0},
    )  # fmt: skip
    _, shown = door.ask("GET")
    assert [one["number"] for one in shown["rules"]] == [1, 2]
    assert door.ask("DELETE", query=b"rule=1") == (200, {"cleared": 1})
    assert door.ask("DELETE") == (200, {"cleared": 1})


@pytest.mark.parametrize(
    ("method", "body", "query", "path"),
    [
        ("POST", b"[1", b"", ""),
        ("POST", [1], b"", ""),
        ("POST", {"preset": "nope"}, b"", ""),
        ("POST", {"where": "venue"}, b"", ""),
        ("POST", {"where": "venue", "fault": {"kind": "down"}}, b"", ""),
        ("POST", {"intensity": 0}, b"", "/storm"),
        ("DELETE", None, b"rule=7", ""),
        ("DELETE", None, b"rule=x", ""),
    ],
)
def test_what_cannot_be_meant_is_refused(door: Door, method: str, body: Any, query: bytes, path: str) -> None:
    status, said = door.ask(method, body, query, path)
    assert status == 400
    assert said["error"]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_rule(name: str) -> None:
    assert preset(name, {"count": 3}).count == 3


def test_a_storm_is_made_of_rules_that_share_its_seed_and_intensity(door: Door) -> None:
    rules = storm(Storm(seed=7, intensity=0.4, for_seconds=30))
    assert rules == storm(Storm(seed=7, intensity=0.4, for_seconds=30))
    assert {rule.for_seconds for rule in rules} == {30}
    assert max(rule.probability for rule in rules) == 0.4
    assert len({rule.seed for rule in rules}) == len(rules)
    status, said = door.ask("POST", {"seed": 7}, path="/storm")
    assert (status, len(said["rules"])) == (200, len(rules))


def test_a_preset_of_no_known_name_and_a_storm_of_no_strength_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="drop-after"):
        preset("nope", {})
    with pytest.raises(ValidationError):
        Storm(intensity=0)
