"""The books of an account, in words that no exchange owns."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Final

from yunmin.core.data_contracts.money import EXACT
from yunmin.exchange import LedgerBalance, LedgerFill, LedgerOrder, VenueLedger
from yunmin.simulation.matching_engine import MatchingEngine
from yunmin.simulation.reports import FillReport, OrderReport, report_account

__all__ = ["ledger_of"]

_ratio: Final = Context(prec=28).divide
"""As a client's books make their averages, so that the two can be compared."""


def ledger_of(engine: MatchingEngine, account: str, symbols: Mapping[str, str]) -> VenueLedger:
    """What `engine` knows of `account`; `symbols` says BASE/QUOTE for its markets' own names.

    Raises ConfigurationError where there is no such account.
    """
    report = report_account(engine, account)
    return VenueLedger(
        account=account,
        orders=tuple(_order(one, symbols[one.symbol]) for one in report.orders),
        fills=tuple(_fill(one, symbols[one.symbol]) for one in report.fills),
        balances=tuple(LedgerBalance(asset=one.asset, free=one.free, locked=one.locked) for one in report.balances),
    )


def _order(one: OrderReport, symbol: str) -> LedgerOrder:
    return LedgerOrder(
        symbol=symbol,
        client_order_id=one.client_order_id,
        exchange_order_id=str(one.order_id),
        side=one.side,
        order_type=one.order_type,
        qty=one.qty or None,
        filled=one.filled,
        average_price=_average(one.fills),
        state=one.state,
    )


def _average(fills: tuple[FillReport, ...]) -> Decimal | None:
    """The volume-weighted price of fills."""
    if not fills:
        return None
    cost = qty = Decimal(0)
    for one in fills:
        cost, qty = EXACT.add(cost, EXACT.multiply(one.price, one.qty)), EXACT.add(qty, one.qty)
    return _ratio(cost, qty)


def _fill(one: FillReport, symbol: str) -> LedgerFill:
    return LedgerFill(
        symbol=symbol,
        trade_id=str(one.trade_id),
        client_order_id=one.client_order_id,
        side=one.side,
        qty=one.qty,
        price=one.price,
        fee=one.fee,
        fee_asset=one.fee_asset,
        liquidity=one.liquidity,
    )
