"""The examination of a venue's books: value, books, and whether what is locked is what open orders hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from yunmin.simulation.ledger import Account, Audit, Ledger
from yunmin.simulation.market_floor import MarketFloor
from yunmin.simulation.order_index import OrderIndex

__all__ = ["audit_venue"]


def audit_venue(ledger: Ledger, floors: Mapping[str, MarketFloor], orders: Mapping[str, OrderIndex]) -> Audit:
    """The ledger's own audit, and: books not crossed, and locked funds are exactly those of open orders and pledges."""
    problems = list(ledger.audit().problems)
    problems += [f"{name}: the book is crossed" for name, floor in floors.items() if floor.book.is_crossed]
    for account in ledger.accounts():
        problems += _lock_problems(account, floors, orders.get(account.name))
    return Audit(tuple(problems))


def _lock_problems(account: Account, floors: Mapping[str, MarketFloor], index: OrderIndex | None) -> Iterator[str]:
    needed = dict(account.pledged)
    for order in index.open.values() if index is not None else ():
        market = floors[order.market].market
        asset = market.quote if order.is_buy else market.base
        needed[asset] = needed.get(asset, 0) + order.locked
    for asset in sorted(needed.keys() | account.locked.keys()):
        if account.locked[asset] != needed.get(asset, 0):
            held = needed.get(asset, 0)
            yield f"{account.name}: {account.locked[asset]} {asset} locked, open orders hold {held}"
