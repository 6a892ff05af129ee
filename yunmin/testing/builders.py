"""Values for tests, complete and valid, of which a test names only what it is about: an_order_request(qty="2")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from yunmin.core.data_contracts import (
    AccountState,
    Balance,
    Fill,
    Instrument,
    Liquidity,
    OrderAck,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    TimeInForce,
)
from yunmin.core.data_contracts.order import OrderRequest

__all__ = [
    "MOMENT",
    "a_balance",
    "a_fill",
    "an_account",
    "an_ack",
    "an_instrument",
    "an_order_request",
    "an_order_update",
]

MOMENT: Final = datetime(2026, 1, 1, 12, tzinfo=UTC)
"""When everything that is built here happened."""


def an_order_request(**changes: object) -> OrderRequest:
    """A limit buy of 0.5 BTC at 40000 USDT under the id "ym-1"."""
    terms: dict[str, object] = {
        "symbol": "BTC/USDT",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "qty": "0.5",
        "price": "40000",
        "client_order_id": "ym-1",
    }
    return OrderRequest.model_validate(terms | changes)


def an_order_update(**changes: object) -> OrderUpdate:
    """What an exchange says of `an_order_request()` while it rests, unfilled, as order "1001"."""
    said: dict[str, object] = {
        "symbol": "BTC/USDT",
        "client_order_id": "ym-1",
        "exchange_order_id": "1001",
        "state": OrderState.OPEN,
        "raw_status": "open",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "time_in_force": TimeInForce.GTC,
        "qty": "0.5",
        "price": "40000",
        "filled_qty": "0",
        "filled_cost": "0",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return OrderUpdate.model_validate(said | changes)


def a_fill(**changes: object) -> Fill:
    """A fill of 0.25 BTC at 40000 USDT of order "1001", with its fee."""
    facts: dict[str, object] = {
        "symbol": "BTC/USDT",
        "trade_id": "501",
        "client_order_id": "ym-1",
        "exchange_order_id": "1001",
        "side": Side.BUY,
        "qty": "0.25",
        "price": "40000",
        "fee": "10",
        "fee_asset": "USDT",
        "liquidity": Liquidity.MAKER,
        "ts": MOMENT,
    }
    return Fill.model_validate(facts | changes)


def an_ack(*fills: Fill, **changes: object) -> OrderAck:
    """The acceptance of `an_order_request()`, with the fills that it came with; `changes` are of its update."""
    return OrderAck(update=an_order_update(**changes), fills=fills)


def an_instrument(**changes: object) -> Instrument:
    """BTC/USDT with a tick of 0.01, a step of 0.00001, and at least 5 USDT in an order."""
    rules: dict[str, object] = {
        "symbol": "BTC/USDT",
        "exchange_symbol": "BTCUSDT",
        "base_asset": "BTC",
        "quote_asset": "USDT",
        "tick_size": "0.01",
        "min_price": "0.01",
        "max_price": "1000000",
        "qty_step": "0.00001",
        "min_qty": "0.00001",
        "max_qty": "9000",
        "min_notional": "5",
    }
    return Instrument.model_validate(rules | changes)


def a_balance(**changes: object) -> Balance:
    """1000 USDT, all of them free."""
    holding: dict[str, object] = {"asset": "USDT", "free": "1000", "locked": "0"}
    return Balance.model_validate(holding | changes)


def an_account(*balances: Balance) -> AccountState:
    """An account with these balances; with `a_balance()` when none is given."""
    held = balances or (a_balance(),)
    return AccountState(balances={balance.asset: balance for balance in held}, as_of=MOMENT)
