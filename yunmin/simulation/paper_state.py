"""The state of a paper exchange as plain data: whole, or what one change has made different.

Both have one form, so the state after some changes is the whole one with each of them laid over it. It holds orders,
fills, balances and numbers, in whole units of 10^-8 and microseconds; no price of the market: that is told again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from yunmin.core.data_contracts.enums import OrderState, OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError
from yunmin.simulation.ledger import Account, Ledger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.order_index import OrderIndex
from yunmin.simulation.orders import AccountFill, ExpiryReason, NewOrder, Order
from yunmin.simulation.plans import Plan

__all__ = ["PAPER_FORMAT", "change_of", "laid_over", "restore_paper", "whole_state"]

PAPER_FORMAT: Final = 1
_KIND: Final = "yunmin paper exchange"

State = dict[str, Any]


def whole_state(engine: MatchingEngine, clients: Sequence[str]) -> State:
    """Everything. Markets that never saw an order or a trade are left out."""
    orders = [order for name in clients for order in engine.orders_of(name).all_orders()]
    fills = [(name, fill) for name in clients for fill in engine.orders_of(name).all_fills()]
    symbols = [market.symbol for market in engine.markets if _has_begun(engine, market.symbol)]
    assets = {asset for account in engine.ledger.accounts() for asset in account.assets()}
    return {"kind": _KIND, "format": PAPER_FORMAT} | _state(engine, clients, symbols, assets, orders, fills)


def change_of(
    engine: MatchingEngine, clients: Sequence[str], orders: Sequence[Order], fills: Sequence[tuple[str, AccountFill]]
) -> State:
    """What is different now that these orders have changed and these fills (each with its account) are new."""
    symbols = list(dict.fromkeys(order.market for order in orders))
    markets = [engine.floor(symbol).market for symbol in symbols]
    assets = {asset for market in markets for asset in (market.base, market.quote)}
    return _state(engine, clients, symbols, assets | {fill.fee_asset for _, fill in fills}, orders, fills)


def laid_over(state: State, change: State) -> None:
    """Let `state` be what it is after `change`. What came first stays first."""
    state["time"] = change["time"]
    state["markets"].update(change["markets"])
    state["deposited"].update(change["deposited"])
    for name, balances in change["balances"].items():
        state["balances"].setdefault(name, {}).update(balances)
    state["orders"].update(change["orders"])
    state["fills"].extend(change["fills"])


def restore_paper(engine: MatchingEngine, clients: Sequence[str], state: Mapping[str, Any]) -> None:
    """Put a fresh engine, whose accounts are open and empty, into `state`.

    Raises ConfigurationError where the state is of another version, of markets that are not here, or does not add up.
    """
    if state.get("kind") != _KIND or state.get("format") != PAPER_FORMAT:
        raise ConfigurationError(
            f"this is no state of a paper exchange that this version reads: {state.get('kind')}, format "
            f"{state.get('format')} (here: {PAPER_FORMAT})"
        )
    missing = sorted(set(state["markets"]) - {market.symbol for market in engine.markets})
    if missing:
        raise ConfigurationError(f"the paper account has traded in markets that are not here: {', '.join(missing)}")
    engine.go_on_from(state["time"])
    _restore_balances(engine.ledger, state["balances"], state["deposited"])
    for symbol, (last_order_id, next_trade_id) in state["markets"].items():
        floor = engine.floor(symbol)
        floor.last_order_id = last_order_id
        floor.tape.next_id = floor.stops.seen = next_trade_id
    for record in sorted(state["orders"].values(), key=lambda one: (one["symbol"], one["id"])):
        _restore_order(engine, record)
    for record in state["fills"]:
        _restore_fill(engine, record)
    for order in _in_line(engine, clients):
        floor = engine.floor(order.market)
        if order.working_since:
            floor.book.add(order)
        else:
            floor.stops.add(order, 0, state["time"])
    problems = engine.audit().problems
    if problems:
        raise ConfigurationError(f"the books of the paper account do not add up: {problems[0]}")


# --- out -------------------------------------------------------------------------------------------------------------


def _state(
    engine: MatchingEngine,
    clients: Sequence[str],
    symbols: Iterable[str],
    assets: Iterable[str],
    orders: Iterable[Order],
    fills: Iterable[tuple[str, AccountFill]],
) -> State:
    floors = {symbol: engine.floor(symbol) for symbol in symbols}
    named = sorted(assets)
    ledger = engine.ledger
    return {
        "time": engine.now(),
        "markets": {symbol: [floor.last_order_id, floor.tape.next_id] for symbol, floor in floors.items()},
        "deposited": {asset: ledger.deposited(asset) for asset in named},
        "balances": {
            account.name: _balances(account, named, is_client=account.name in clients) for account in ledger.accounts()
        },
        "orders": {f"{order.market} {order.id}": _record(order) for order in orders},
        "fills": [[name, *fill] for name, fill in fills],
    }


def _has_begun(engine: MatchingEngine, symbol: str) -> bool:
    floor = engine.floor(symbol)
    return floor.last_order_id > 0 or floor.tape.next_id > 1


def _balances(account: Account, assets: Iterable[str], *, is_client: bool) -> dict[str, list[int]]:
    """[free, locked] by asset. What the house has in the book is not kept there: it quotes anew."""
    held = {asset: (account.free[asset], account.locked[asset]) for asset in assets if asset in account.free}
    return {asset: [free, locked] if is_client else [free + locked, 0] for asset, (free, locked) in held.items()}


def _record(order: Order) -> State:
    asked = order.asked
    return {
        "account": asked.account,
        "symbol": order.market,
        "id": order.id,
        "client_order_id": order.client_order_id,
        "side": asked.side.value,
        "order_type": asked.order_type.value,
        "time_in_force": asked.time_in_force.value,
        "asked_qty": asked.qty,
        "quote_qty": asked.quote_qty,
        "stop_price": asked.stop_price,
        "price": order.price,
        "asked_price": asked.price,
        "qty": order.qty,
        "remaining": order.remaining,
        "quote_spent": order.quote_spent,
        "locked": order.locked,
        "reserved_at": order.reserved_at,
        "state": order.state.value,
        "created": order.created,
        "updated": order.updated,
        "working_since": order.working_since,
        "expiry_reason": None if order.expiry_reason is None else order.expiry_reason.value,
    }


# --- in --------------------------------------------------------------------------------------------------------------


def _restore_balances(
    ledger: Ledger, balances: Mapping[str, Mapping[str, Sequence[int]]], deposited: Mapping[str, int]
) -> None:
    for name, held in balances.items():
        account = ledger.account(name)
        if account is None:
            raise ConfigurationError(f"the state holds an account that is not here: {name!r}")
        for asset, (free, locked) in held.items():
            ledger.deposit(name, asset, free + locked)
            account.lock(asset, locked)
    for asset, amount in deposited.items():
        if ledger.deposited(asset) != amount:
            raise ConfigurationError(
                f"the books of the paper account do not add up: {ledger.deposited(asset)} {asset} in accounts, "
                f"{amount} deposited"
            )


def _restore_order(engine: MatchingEngine, record: Mapping[str, Any]) -> None:
    index = engine.orders_of(record["account"])
    assert index.owner is not None  # noqa: S101  its balances were restored
    side = Side(record["side"])
    new = NewOrder(
        record["account"],
        record["symbol"],
        side,
        OrderType(record["order_type"]),
        record["client_order_id"],
        record["asked_qty"],
        record["asked_price"],
        record["quote_qty"],
        TimeInForce(record["time_in_force"]),
        record["stop_price"],
    )
    plan = Plan(side is Side.BUY, record["qty"], record["locked"], record["price"], record["reserved_at"])
    order = Order(record["id"], new, index.owner, index, plan, record["created"])
    order.remaining = record["remaining"]
    order.quote_spent = record["quote_spent"]
    order.state = OrderState(record["state"])
    order.updated = record["updated"]
    order.working_since = record["working_since"]
    order.expiry_reason = None if record["expiry_reason"] is None else ExpiryReason(record["expiry_reason"])
    index.add(order)
    if not order.is_open:
        index.close(order)


def _restore_fill(engine: MatchingEngine, record: Sequence[Any]) -> None:
    name, *fields = record
    fill = AccountFill(*fields)
    index: OrderIndex = engine.orders_of(name)
    index.add_fill(fill)
    order = index.by_id(fill.market, fill.order_id)
    if order is not None:
        order.add_fill(fill)


def _in_line(engine: MatchingEngine, clients: Sequence[str]) -> list[Order]:
    """What is open, in the order in which it came to stand where it stands."""
    found = [order for name in clients for order in engine.orders_of(name).open_orders()]
    return sorted(found, key=lambda order: (order.working_since or order.created, order.id))
