"""From our values to ccxt's unified calls."""

from __future__ import annotations

from typing import Any

from yunmin.core.data_contracts import OrderRef, OrderRequest, OrderType, TimeInForce
from yunmin.core.data_contracts.money import plain
from yunmin.errors import NotSupported

__all__ = ["as_create_order", "as_ref_params"]

_UNIFIED_TYPES = {OrderType.LIMIT: "limit", OrderType.LIMIT_MAKER: "limit", OrderType.MARKET: "market"}


def as_create_order(request: OrderRequest) -> tuple[str, str, str, str | None, str | None, dict[str, Any]]:
    """The arguments of ccxt's `create_order`: symbol, type, side, amount, price, params. Numbers as text.

    Raises NotSupported for order types that ccxt's unified call has no common word for.
    """
    unified_type = _UNIFIED_TYPES.get(request.order_type)
    if unified_type is None:
        raise NotSupported(f"{request.order_type} has no unified form in ccxt")
    params: dict[str, Any] = {"clientOrderId": request.client_order_id}
    if request.order_type is OrderType.LIMIT_MAKER:
        params["postOnly"] = True
    elif request.order_type is OrderType.LIMIT and request.time_in_force is not TimeInForce.GTC:
        params["timeInForce"] = request.time_in_force.value
    if request.quote_qty is not None:
        params["cost"] = plain(request.quote_qty)
    amount = None if request.qty is None else plain(request.qty)
    price = None if request.price is None else plain(request.price)
    return request.symbol, unified_type, request.side.value.lower(), amount, price, params


def as_ref_params(ref: OrderRef) -> tuple[str | None, str, dict[str, Any]]:
    """The arguments of ccxt's `fetch_order` and `cancel_order`: id, symbol, params."""
    params = {} if ref.client_order_id is None else {"clientOrderId": ref.client_order_id}
    return ref.exchange_order_id, ref.symbol, params
