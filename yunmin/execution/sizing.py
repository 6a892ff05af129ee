"""From a decision to an order that the market takes: how much, at what price, on the market's own grid.

Rounding is done here and nowhere else, and harms nobody: a quantity down, a buyer's price down, a seller's up.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, Context, Decimal
from typing import Final

from pydantic import ValidationError

from yunmin.core.data_contracts.decision import Decision
from yunmin.core.data_contracts.enums import OrderType, Side
from yunmin.core.data_contracts.instrument import Instrument
from yunmin.core.data_contracts.money import EXACT, ZERO
from yunmin.core.data_contracts.order import OrderRequest
from yunmin.execution.risk_verdicts import Refused, RiskRule

__all__ = ["closing_qty", "on_the_grid", "opening_qty", "order_terms"]

_down: Final = Context(prec=60, rounding=ROUND_FLOOR)
_FINEST: Final = Decimal(1).scaleb(-18)


def opening_qty(decision: Decision, *, equity: Decimal | None, unit_value: Decimal | None) -> Decimal | Refused:
    """Base units to open with: the decision's own, or its fraction of `equity`.

    `unit_value` is what one base unit costs, in the currency of `equity`.
    """
    if decision.qty is not None:
        return decision.qty
    assert decision.fraction is not None  # noqa: S101  a Decision that opens has a size
    if equity is None:
        return Refused(RiskRule.NO_EQUITY, "a fraction of the equity, and the equity is not known")
    if unit_value is None:
        return Refused(RiskRule.NO_PRICE, f"a fraction of the equity, and no price of {decision.symbol} is known")
    if equity <= ZERO:
        return Refused(RiskRule.SIZE, f"a fraction of an equity of {equity} is nothing", {"equity": str(equity)})
    return _down.quantize(_down.divide(_down.multiply(equity, decision.fraction), unit_value), _FINEST)


def closing_qty(decision: Decision, held: Decimal) -> Decimal:
    """Base units to close, of the `held` ones (of either sign): what was asked for, and never more than there is."""
    there = held.copy_abs()
    if decision.qty is not None:
        return min(decision.qty, there)
    if decision.fraction is not None:
        return _down.quantize(_down.multiply(there, decision.fraction), _FINEST)
    return there


def order_terms(
    symbol: str, side: Side, qty: Decimal, price: Decimal | None, client_order_id: str
) -> dict[str, object]:
    """A limit order where there is a price; else at the market."""
    return {
        "symbol": symbol,
        "side": side,
        "order_type": OrderType.MARKET if price is None else OrderType.LIMIT,
        "qty": qty,
        "price": price,
        "client_order_id": client_order_id,
    }


def on_the_grid(
    terms: dict[str, object], instrument: Instrument | None, *, market_price: Decimal | None
) -> OrderRequest | Refused:
    """`terms` as a request that breaks no rule of the market, or why there is none."""
    if instrument is None:
        return Refused(RiskRule.SIZE, f"the rules of {terms['symbol']} are not known; is it a market of this exchange?")
    if terms["qty"] == ZERO:
        return Refused(RiskRule.SIZE, "there is nothing to trade")
    try:
        request = instrument.rounded(OrderRequest.model_validate(terms))
    except ValidationError:
        text = f"{terms['qty']} {instrument.base_asset} is less than one step of {instrument.qty_step}"
        return Refused(RiskRule.SIZE, text, {"is": str(terms["qty"]), "limit": str(instrument.qty_step)})
    violations = instrument.violations(request, reference_price=market_price)
    if violations:
        first = violations[0]
        figures = {"is": first.asked, "limit": first.limit, "rule": first.rule.value}
        return Refused(RiskRule.SIZE, "; ".join(map(str, violations)), figures)
    return request


def slack_of(price: Decimal, side: Side, slack: Decimal) -> Decimal:
    """`price` given away by `slack`, a fraction of it: a seller takes less, a buyer pays more."""
    factor = EXACT.add(Decimal(1), slack if side is Side.BUY else slack.copy_negate())
    return EXACT.multiply(price, factor)
