"""The JSON schema has every setting, and takes no other."""

from __future__ import annotations

import json
from typing import Any

from tests.config.test_settings import places_of
from yunmin.config.schema import settings_schema
from yunmin.config.settings import Settings


def at(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The definition that a part of the schema refers to."""
    if "$ref" not in part:
        return part
    found: dict[str, Any] = schema["$defs"][part["$ref"].rpartition("/")[2]]
    return found


def test_every_setting_is_in_it_and_unknown_ones_are_not_taken() -> None:
    schema = settings_schema()
    for place in places_of(Settings):
        inside = schema
        for name in place:
            assert inside["additionalProperties"] is False
            inside = at(schema, inside["properties"][name])


def test_it_says_what_people_may_write() -> None:
    schema = settings_schema()
    assert schema["$defs"]["Environment"]["enum"] == ["local", "testnet", "demo", "live"]
    assert {"type": ["number", "string"]} in schema["$defs"]["RiskLimits"]["properties"]["max_dd"]["anyOf"]
    assert schema["$defs"]["RouteSettings"]["required"] == ["symbol", "timeframe", "strategy"]
    assert json.loads(json.dumps(schema)) == schema
