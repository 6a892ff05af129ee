"""The engine's own account of an account, in Decimals: what a client's view is compared against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from yunmin.core.data_contracts.enums import Liquidity, OrderState, OrderType, Side, TimeInForce
from yunmin.errors import ConfigurationError
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.orders import AccountFill, Order
from yunmin.simulation.units import from_micros, from_units

__all__ = ["AccountReport", "BalanceReport", "FillReport", "OrderReport", "report_account", "report_order"]


@dataclass(frozen=True, slots=True)
class FillReport:
    """One fill. `qty` and the rest are exact; `cost` is in quote units."""

    symbol: str
    trade_id: int
    order_id: int
    client_order_id: str
    side: Side
    price: Decimal
    qty: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    liquidity: Liquidity
    ts: datetime


@dataclass(frozen=True, slots=True)
class OrderReport:
    """One order as it stands. `cost` is what its fills came to, in quote units."""

    symbol: str
    order_id: int
    client_order_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    stop_price: Decimal
    qty: Decimal
    filled: Decimal
    cost: Decimal
    state: OrderState
    created: datetime
    updated: datetime
    fills: tuple[FillReport, ...]


@dataclass(frozen=True, slots=True)
class BalanceReport:
    """One asset of one account."""

    asset: str
    free: Decimal
    locked: Decimal


@dataclass(frozen=True, slots=True)
class AccountReport:
    """Everything that the engine knows of one account, oldest first within each market."""

    account: str
    orders: tuple[OrderReport, ...]
    fills: tuple[FillReport, ...]
    balances: tuple[BalanceReport, ...]


def report_account(engine: MatchingEngine, name: str) -> AccountReport:
    """The report on account `name`; ConfigurationError where there is none."""
    account = engine.ledger.account(name)
    if account is None:
        raise ConfigurationError(f"no such account: {name!r}")
    index = engine.orders_of(name)
    orders = index.all_orders() if account.keeps_history else index.open_orders()
    return AccountReport(
        account=name,
        orders=tuple(report_order(order) for order in orders),
        fills=tuple(_fill(fill) for fill in index.all_fills()),
        balances=tuple(
            BalanceReport(asset, from_units(account.free[asset]), from_units(account.locked[asset]))
            for asset in account.assets()
        ),
    )


def report_order(order: Order) -> OrderReport:
    """A frozen copy of `order`."""
    return OrderReport(
        symbol=order.market,
        order_id=order.id,
        client_order_id=order.client_order_id,
        side=order.side,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        price=from_units(order.price),
        stop_price=from_units(order.stop_price),
        qty=from_units(order.qty),
        filled=from_units(order.filled),
        cost=from_units(order.quote_spent),
        state=order.state,
        created=from_micros(order.created),
        updated=from_micros(order.updated),
        fills=tuple(_fill(fill) for fill in order.fills),
    )


def _fill(fill: AccountFill) -> FillReport:
    return FillReport(
        symbol=fill.market,
        trade_id=fill.trade_id,
        order_id=fill.order_id,
        client_order_id=fill.client_order_id,
        side=Side.BUY if fill.is_buyer else Side.SELL,
        price=from_units(fill.price),
        qty=from_units(fill.qty),
        cost=from_units(fill.cost),
        fee=from_units(fill.fee),
        fee_asset=fill.fee_asset,
        liquidity=Liquidity.MAKER if fill.is_maker else Liquidity.TAKER,
        ts=from_micros(fill.time),
    )
