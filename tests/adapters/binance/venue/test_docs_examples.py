"""Every JSON example of the exchange's docs has the same fields, of the same kinds, as what the venue sends.

`docs_examples.json` lists them: field names and JSON types, no values. A name that ends in `?` is not in every element
of the example's array. What the docs call conditional may be there or not.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from tests.adapters.binance.venue.docs_scenes import NOT_SERVED, SCENES
from tests.adapters.binance.venue.docs_world import DocsWorld
from yunmin_binance.venue.endpoints import endpoint_of
from yunmin_binance.venue.endpoints.call import Endpoint, Security
from yunmin_binance.venue.ws_api.methods import ENDPOINT_OF_METHOD

FILE = Path(__file__).with_name("docs_examples.json")
EXAMPLES: dict[str, dict[str, Any]] = {
    f"{one['doc']} {one['section']} #{one['number']}": one for one in json.loads(FILE.read_text())["examples"]
}

# rest-api.md, Conditional fields in Order Responses; they come with the orders that have them
CONDITIONAL: Final = frozenset(
    {
        "icebergQty",
        "preventedMatchId",
        "preventedQuantity",
        "makerPreventedQuantity",
        "takerPreventedQuantity",
        "stopPrice",
        "strategyId",
        "strategyType",
        "trailingDelta",
        "trailingTime",
        "usedSor",
        "workingFloor",
        "allocationId",
        "pegPriceType",
        "pegOffsetType",
        "pegOffsetValue",
        "peggedPrice",
        "expiryReason",
    }
)


@dataclass(frozen=True)
class Differs:
    """Why an example and the venue are not alike: what begins with one of these is only in one of the two."""

    why: str
    docs_only: tuple[str, ...] = ()
    venue_only: tuple[str, ...] = ()


_FILTERS = "the docs show two filters, and the venue all that it has"
_OLDER = "the example is older than the field, which the table of fields has"
_ERROR = "the docs show a result where everything else that fails has an error"
_LIMITED = "the docs say elsewhere that what is refused with 429 tells when to ask again"

DIFFERENCES: Final = {
    "rest-api.md Exchange information #1": Differs(
        "the docs leave limits and filters out, and show a router that is not here",
        docs_only=("sors",),
        venue_only=("rateLimits[].", "exchangeFilters[]", "symbols[].filters[]"),
    ),
    "web-socket-api.md Exchange information #1": Differs(
        "the docs show a few filters, and a router that is not here",
        docs_only=("result.sors",),
        venue_only=("result.exchangeFilters[]", "result.symbols[].filters[]."),
    ),
    "rest-api.md Query relevant filters #1": Differs(_FILTERS, venue_only=("symbolFilters[].",)),
    "web-socket-api.md Query Relevant Filters #1": Differs(
        _FILTERS,
        venue_only=("result.symbolFilters[].",),
    ),
    "web-socket-api.md Place new order #3": Differs(_OLDER, venue_only=("result.selfTradePreventionMode",)),
    "web-socket-api.md Cancel and replace order #1": Differs(
        _OLDER, venue_only=("result.newOrderResponse.workingTime",)
    ),
    "web-socket-api.md Query Reference Price #3": Differs(_ERROR, docs_only=("result",), venue_only=("error",)),
    "web-socket-api.md Cancel and replace order #6": Differs(_LIMITED, venue_only=("error.data",)),
    "web-socket-api.md Cancel Order list #1": Differs(
        "the example leaves it out, unlike the same answer of REST",
        venue_only=("result.orderReports[].origClientOrderId",),
    ),
    "user-data-stream.md Order Update #1": Differs(
        "only an order that self-trade prevention ended has a prevented match", docs_only=("event.v",)
    ),
}

# examples whose elements the docs only name: they are like those of another example
ELEMENTS: Final = {
    "web-socket-streams.md All Market Mini Tickers Stream #1": (
        "web-socket-streams.md Individual Symbol Mini Ticker Stream #1"
    ),
    "web-socket-streams.md All Market Rolling Window Statistics Streams #1": (
        "web-socket-streams.md Individual Symbol Rolling Window Statistics Streams #1"
    ),
}


def kinds(values: list[Any], path: str, found: dict[str, set[str]]) -> None:
    """The JSON types of everything under `path`, array elements taken together."""
    for value in values:
        if path:
            found.setdefault(path, set()).add(kind(value))
    names = dict.fromkeys(name for value in values if isinstance(value, dict) for name in value)
    for name in names:
        inner = [value[name] for value in values if isinstance(value, dict) and name in value]
        kinds(inner, f"{path}.{name}" if path else name, found)
    elements = [element for value in values if isinstance(value, list) for element in value]
    if elements:
        kinds(elements, f"{path}[]", found)


def kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def sent_by(world: DocsWorld, example: dict[str, Any]) -> Any:
    name = f"{example['doc']} {example['section']} #{example['number']}"
    operation = example["of"]

    def ask(**params: object) -> Any:
        if " " in operation:
            method, path = operation.split(" ")
            if is_signed(endpoint_of(path)[method]):
                return world.rest(method, path.removeprefix("/api/v3/"), **params)
            said = world.wire.get(path.removeprefix("/api/v3/"), **world.as_query(params))
            return said.json
        endpoint = ENDPOINT_OF_METHOD.get(operation)
        signed = is_signed(endpoint) if endpoint is not None else operation.endswith(".signature")
        return world.ws(operation, is_signed=signed, shows_limits="rateLimits" in example["fields"], **params)

    return SCENES[name](world, ask)


def is_signed(endpoint: Endpoint) -> bool:
    return endpoint.security is Security.SIGNED


def is_optional(path: str) -> bool:
    return "?" in path or path.rpartition(".")[2] in CONDITIONAL


def test_every_example_of_the_docs_is_made_or_has_a_reason_not_to_be() -> None:
    assert set(SCENES) | set(NOT_SERVED) == set(EXAMPLES)
    assert not set(SCENES) & set(NOT_SERVED)
    assert len(EXAMPLES) == 199


@pytest.mark.parametrize("name", SCENES)
def test_the_venue_sends_what_the_docs_show(name: str) -> None:
    example = EXAMPLES[name]
    sent: dict[str, set[str]] = {}
    kinds([sent_by(DocsWorld(), example)], "", sent)
    documented = documented_fields(name)
    needed = {path.replace("?", "") for path in example["fields"] if path and not is_optional(path)}
    differs = DIFFERENCES.get(name, Differs(""))
    missing = needed - sent.keys()
    extra = {path for path in sent.keys() - documented.keys() if not is_optional(path)}
    assert {path for path in missing if not path.startswith(differs.docs_only)} == set()
    assert {path for path in extra if not path.startswith(differs.venue_only)} == set()
    wrong = {path: (sent[path], types) for path, types in documented.items() if sent.get(path, types) - types}
    assert wrong == {}
    for begins, paths in (*product(differs.docs_only, [missing]), *product(differs.venue_only, [extra])):
        assert any(path.startswith(begins) for path in paths), f"{begins} is no difference any more"


def documented_fields(name: str) -> dict[str, set[str]]:
    fields: dict[str, str] = {path.replace("?", ""): types for path, types in EXAMPLES[name]["fields"].items() if path}
    if name in ELEMENTS:
        fields |= {f"[].{path}": types for path, types in EXAMPLES[ELEMENTS[name]]["fields"].items()}
    return {path: set(types.split("|")) for path, types in fields.items()}


def test_every_difference_is_of_an_example_that_is_made() -> None:
    assert set(DIFFERENCES) | set(ELEMENTS) <= set(SCENES)
