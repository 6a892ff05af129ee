"""Whether what a client says it saw is what the venue's own ledger says: the oracle is asked, not the client."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tests.clients.table import Client, Step

__all__ = ["Evidence", "objections"]

Json = Mapping[str, Any]

_STATES: Final = {
    "NEW": "OPEN",
    "PARTIALLY_FILLED": "PARTIALLY_FILLED",
    "FILLED": "FILLED",
    "CANCELED": "CANCELLED",
    "EXPIRED": "EXPIRED",
    "REJECTED": "REJECTED",
}
"""The exchange's words for the states of an order, and the ledger's."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the venue says of itself: its markets, its last public trades, the number of its book's last update, and the
    account's ledger around a step."""

    markets: Sequence[str]
    trades: Sequence[Json]
    book: int | None
    before: Json
    after: Json


def objections(client: Client, step: Step, claims: Json, evidence: Evidence) -> list[str]:
    """What speaks against the claims of `step`; nothing where they are true and there are those that it asks for."""
    before, after = evidence.before, evidence.after
    if client.on_paper:
        return ["a trade on paper reached the exchange"] if before != after or claims["orders"] else []
    return [
        *_of_the_public(claims, evidence),
        *_of_orders(step, claims["orders"], before, after),
        *_of_fills(claims["fills"], after),
        *_of_balances(claims["balances"], after),
        *_of_what_is_missing(step, claims),
        *_of_refusals(step, claims["code"], before, after),
    ]


def _of_the_public(claims: Json, evidence: Evidence) -> Iterator[str]:
    if claims["markets"] and sorted(claims["markets"]) != sorted(evidence.markets):
        yield f"told of the markets {sorted(claims['markets'])}, there are {sorted(evidence.markets)}"
    trades = {(str(one["id"]), Decimal(one["qty"]), Decimal(one["price"])) for one in evidence.trades}
    for number, qty, price in claims["trades"]:
        if (number, Decimal(qty), Decimal(price)) not in trades:
            yield f"nobody has traded {qty} at {price} as number {number}"
    if claims["book"] not in {None, evidence.book}:
        yield f"knows the book up to update {claims['book']}, it is at {evidence.book}"


def _of_orders(step: Step, claimed: Json, before: Json, after: Json) -> Iterator[str]:
    known = {_name(order) for order in before["orders"]}
    orders = {_name(order): order for order in after["orders"]}
    for name, (status, filled) in claimed.items():
        order = orders.get(name)
        if order is None:
            yield f"order {name} is not in the ledger"
        elif name in known:
            yield f"order {name} is older than this step"
        elif (_STATES[status], Decimal(filled)) != (order["state"], Decimal(order["filled"])):
            yield f"order {name} is {order['state']} {order['filled']} in the ledger, not {status} {filled}"
    if step.ends and sorted(status for status, _ in claimed.values()) != sorted(step.ends):
        yield f"told of orders that ended {sorted(status for status, _ in claimed.values())}, not {list(step.ends)}"


def _of_fills(claimed: Json, after: Json) -> Iterator[str]:
    for name, told in claimed.items():
        ledger = {
            (str(fill["trade_id"]), Decimal(fill["qty"]), Decimal(fill["price"]))
            for fill in after["fills"]
            if _name(fill) == name
        }
        if {(number, Decimal(qty), Decimal(price)) for number, qty, price in told} != ledger or len(told) < 2:
            yield f"fills of {name}: {told}, in the ledger {sorted(ledger)}"


def _of_balances(claimed: Json, after: Json) -> Iterator[str]:
    held = {one["asset"]: (Decimal(one["free"]), Decimal(one["locked"])) for one in after["balances"]}
    for asset, (free, locked) in claimed.items():
        if (Decimal(free), Decimal(locked)) != held.get(asset):
            yield f"{asset} is {held.get(asset)} in the ledger, not {(free, locked)}"


def _of_what_is_missing(step: Step, claims: Json) -> Iterator[str]:
    for kind in sorted(step.claims):
        if not claims[kind]:
            yield f"told nothing of {kind}"


def _of_refusals(step: Step, code: int | None, before: Json, after: Json) -> Iterator[str]:
    if not step.codes:
        return
    if code not in step.codes:
        yield f"refused with {code}, not {sorted(step.codes)}"
    if before != after:
        yield "something changed in the ledger, though it was refused"


def _name(one: Json) -> str:
    return f"{one['symbol']}:{one['order_id']}"
