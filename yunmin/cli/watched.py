"""One piece of news as one line for people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from yunmin.core.data_contracts import (
    BalanceUpdate,
    Candle,
    Contract,
    Fill,
    OrderBook,
    OrderUpdate,
    PublicTrade,
    StreamGap,
    StreamLost,
    StreamOpened,
    Ticker,
    Transfer,
)
from yunmin.core.data_contracts.money import plain

__all__ = ["as_line"]


def as_line(item: Contract) -> str:
    """The news in words; the names of its kind come first."""
    return _LINES[type(item)](item)


def _num(value: Decimal | None) -> str:
    return "-" if value is None else plain(value)


def _at(moment: datetime | None) -> str:
    return "--:--:--" if moment is None else moment.strftime("%H:%M:%S.%f")[:-3]


def _candle(candle: Candle) -> str:
    figures = " ".join(f"{name} {plain(getattr(candle, name))}" for name in ("open", "high", "low", "close", "volume"))
    return f"candle {candle.open_time:%Y-%m-%d %H:%M} {figures}{' closed' if candle.is_closed else ''}"


def _trade(trade: PublicTrade) -> str:
    return f"trade {_at(trade.ts)} {trade.taker_side or '?'} {plain(trade.qty)} at {plain(trade.price)}"


def _ticker(ticker: Ticker) -> str:
    bid, ask = f"{_num(ticker.bid)} x {_num(ticker.bid_qty)}", f"{_num(ticker.ask)} x {_num(ticker.ask_qty)}"
    return f"ticker bid {bid}, ask {ask}, last {_num(ticker.last)}"


def _book(book: OrderBook) -> str:
    def side(levels: Any) -> str:
        return " ".join(f"{plain(level.price)}x{plain(level.qty)}" for level in levels) or "-"

    return f"book {book.sequence} bids {side(book.bids)} | asks {side(book.asks)}"


def _order(order: OrderUpdate) -> str:
    name = order.client_order_id or order.exchange_order_id
    state = order.state or order.raw_status
    return f"order {_at(order.updated_at)} {name} {state} {_num(order.filled_qty)} of {_num(order.qty)} {order.symbol}"


def _fill(fill: Fill) -> str:
    fee = f", fee {plain(fill.fee)} {fill.fee_asset}" if fill.fee is not None else ""
    name = fill.client_order_id or fill.exchange_order_id
    return f"fill {_at(fill.ts)} {name} {fill.side} {plain(fill.qty)} {fill.symbol} at {plain(fill.price)}{fee}"


def _balances(update: BalanceUpdate) -> str:
    held = ", ".join(f"{one.asset} {plain(one.free)} free {plain(one.locked)} locked" for one in update.balances)
    return f"balances {_at(update.as_of)} {held}"


_LINES: Final[dict[type[Contract], Callable[[Any], str]]] = {
    Candle: _candle,
    PublicTrade: _trade,
    Ticker: _ticker,
    OrderBook: _book,
    OrderUpdate: _order,
    Fill: _fill,
    BalanceUpdate: _balances,
    Transfer: lambda one: f"transfer {_at(one.ts)} {plain(one.amount)} {one.asset}",
    StreamOpened: lambda one: f"opened {_at(one.at)}",
    StreamLost: lambda one: f"LOST since {_at(one.since)}: {one.why}",
    StreamGap: lambda one: f"GAP {_at(one.start)} to {_at(one.end)}: {one.why}",
}
