"""From ccxt's unified dicts to our values: the default for every exchange whose adapter reads no JSON of its own.

The dicts come from an exchange object with `number = str`, so every figure is still the wire's own text. Each function
takes a dict and gives a value; what is missing stays None, what is out of bounds raises InvalidValue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from yunmin.clock import from_millis
from yunmin.core.data_contracts import (
    AccountState,
    Balance,
    BookLevel,
    Candle,
    Fill,
    Instrument,
    InstrumentStatus,
    Liquidity,
    OrderBook,
    OrderState,
    OrderType,
    OrderUpdate,
    PublicTrade,
    Side,
    Source,
    Ticker,
    TimeInForce,
    synthetic_trade_id,
)
from yunmin.core.data_contracts.money import ZERO, is_multiple, to_decimal
from yunmin.errors import InvalidValue, MalformedResponse

__all__ = [
    "parse_account",
    "parse_candle",
    "parse_fill",
    "parse_instrument",
    "parse_order",
    "parse_order_book",
    "parse_public_trade",
    "parse_ticker",
]

Json = Mapping[str, Any]

_STATES: Final = {
    "open": OrderState.OPEN,
    "canceled": OrderState.CANCELLED,
    "cancelled": OrderState.CANCELLED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
}
_SIDES: Final = {"buy": Side.BUY, "sell": Side.SELL}
_TYPES: Final = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
_LIQUIDITY: Final = {"maker": Liquidity.MAKER, "taker": Liquidity.TAKER}
_TIMES_IN_FORCE: Final = {word.value: word for word in TimeInForce}


def parse_order(unified: Json, *, source: Source = Source.REST) -> OrderUpdate:
    """One order. ccxt's "closed" is FILLED only where the figures show it; otherwise the state stays unsaid."""
    if not isinstance(unified, Mapping) or not isinstance(unified.get("symbol"), str):
        raise MalformedResponse("ccxt gave an order without a symbol")
    filled, qty = _number(unified, "filled"), _number(unified, "amount")
    return OrderUpdate(
        symbol=unified["symbol"],
        client_order_id=_text(unified, "clientOrderId"),
        exchange_order_id=_text(unified, "id"),
        state=_state(unified.get("status"), filled, qty),
        raw_status=_text(unified, "status"),
        side=_SIDES.get(unified.get("side") or ""),
        order_type=OrderType.LIMIT_MAKER if unified.get("postOnly") else _TYPES.get(unified.get("type") or ""),
        time_in_force=_TIMES_IN_FORCE.get(unified.get("timeInForce") or ""),
        qty=qty,
        # ccxt shows the average as the price of a market order, which has none
        price=None if unified.get("type") == "market" else _number(unified, "price") or None,
        trigger_price=_number(unified, "triggerPrice") or None,
        filled_qty=filled,
        filled_cost=_number(unified, "cost"),
        created_at=_moment(unified, "timestamp"),
        updated_at=_moment(unified, "lastUpdateTimestamp"),
        source=source,
        raw=unified.get("info"),
    )


def _state(status: object, filled: Any, qty: Any) -> OrderState | None:
    if status == "closed":
        return OrderState.FILLED if filled is not None and qty is not None and filled >= qty > ZERO else None
    state = _STATES.get(status) if isinstance(status, str) else None
    if state is OrderState.OPEN and filled:
        return OrderState.PARTIALLY_FILLED
    return state


def parse_fill(unified: Json, *, source: Source = Source.REST) -> Fill:
    """One of our executions. A fee that the exchange did not give stays None."""
    fee = unified.get("fee") or {}
    order_id, trade_id = _text(unified, "order"), _text(unified, "id")
    qty, price = _wire(unified["amount"]), _wire(unified["price"])
    if trade_id is None or trade_id == order_id:
        trade_id = synthetic_trade_id(order_id or "?", qty, price, unified.get("timestamp"))
    return Fill(
        symbol=unified["symbol"],
        trade_id=trade_id,
        exchange_order_id=order_id,
        side=_SIDES.get(unified.get("side") or ""),
        qty=qty,
        price=price,
        fee=_number(fee, "cost"),
        fee_asset=fee.get("currency"),
        liquidity=_LIQUIDITY.get(unified.get("takerOrMaker") or ""),
        ts=_moment(unified, "timestamp"),
        source=source,
    )


def parse_account(unified: Json) -> AccountState:
    """All balances that are not zero."""
    totals = unified.get("total")
    if not isinstance(totals, Mapping):
        raise MalformedResponse("ccxt gave a balance without totals")
    balances = {}
    for asset in totals:
        entry = unified[asset]
        free, locked = _wire(entry["free"] or "0"), _wire(entry["used"] or "0")
        if free or locked:
            balances[asset] = Balance(asset=asset, free=free, locked=locked)
    return AccountState(balances=balances, as_of=_moment(unified, "timestamp"))


def parse_instrument(unified: Json) -> Instrument:
    """One spot market with ccxt's precision (tick sizes) and limits."""
    precision, limits = unified["precision"], unified["limits"]
    return Instrument(
        symbol=unified["symbol"],
        exchange_symbol=unified["id"],
        base_asset=unified["base"],
        quote_asset=unified["quote"],
        status=InstrumentStatus.HALTED if unified.get("active") is False else InstrumentStatus.TRADING,
        tick_size=_step(precision, "price"),
        qty_step=_step(precision, "amount"),
        min_price=_limit(limits, "price", "min") or ZERO,
        max_price=_limit(limits, "price", "max") or None,
        min_qty=_limit(limits, "amount", "min") or ZERO,
        max_qty=_limit(limits, "amount", "max") or None,
        min_notional=_limit(limits, "cost", "min") or ZERO,
        max_notional=_limit(limits, "cost", "max") or None,
        raw=unified.get("info"),
    )


def _step(precision: Json, name: str) -> Any:
    step = _number(precision, name) or ZERO
    # ccxt gives steps where the exchange object's precisionMode is TICK_SIZE; a whole number there is a step too
    return step if is_multiple(step, step) else ZERO


def _limit(limits: Json, what: str, end: str) -> Any:
    return _number(limits.get(what) or {}, end)


def parse_ticker(unified: Json) -> Ticker:
    """Best bid and ask, and the last price. A ticker that says none of them is no ticker."""
    bid, ask, last = (_number(unified, name) for name in ("bid", "ask", "last"))
    if bid is None and ask is None and last is None:
        raise MalformedResponse("ccxt gave a ticker without a price")
    return Ticker(
        symbol=unified["symbol"],
        bid=bid,
        bid_qty=_number(unified, "bidVolume"),
        ask=ask,
        ask_qty=_number(unified, "askVolume"),
        last=last,
    )


def parse_order_book(unified: Json, symbol: str) -> OrderBook:
    return OrderBook(
        symbol=symbol,
        bids=tuple(BookLevel(price=_wire(level[0]), qty=_wire(level[1])) for level in unified["bids"]),
        asks=tuple(BookLevel(price=_wire(level[0]), qty=_wire(level[1])) for level in unified["asks"]),
        sequence=unified.get("nonce"),
    )


def parse_public_trade(unified: Json) -> PublicTrade:
    return PublicTrade(
        symbol=unified["symbol"],
        trade_id=str(unified["id"]),
        price=_wire(unified["price"]),
        qty=_wire(unified["amount"]),
        taker_side=_SIDES.get(unified.get("side") or ""),
        ts=from_millis(unified["timestamp"]),
    )


def parse_candle(row: list[Any], symbol: str) -> Candle:
    return Candle(
        symbol=symbol,
        open_time=from_millis(row[0]),
        open=_wire(row[1]),
        high=_wire(row[2]),
        low=_wire(row[3]),
        close=_wire(row[4]),
        volume=_wire(row[5]),
    )


def _number(unified: Json, name: str) -> Any:
    value = unified.get(name)
    return None if value is None else _wire(value)


def _wire(value: object) -> Any:
    """A figure in ccxt's text, which may carry an exponent; never a float."""
    if isinstance(value, float):
        raise InvalidValue("a float where the wire's own text was asked for")
    return to_decimal(value)


def _text(unified: Json, name: str) -> str | None:
    value = unified.get(name)
    return None if value is None or value == "" else str(value)


def _moment(unified: Json, name: str) -> Any:
    value = unified.get(name)
    return None if value is None else from_millis(int(value))
