"""The least that plain Python can do to follow orders: dicts, slots, Decimal, no rules, no events.

It believes whatever it is told: no lifecycle, no stale answers, no orphans, no fees by asset. What it costs is what
nobody in Python gets below, so the tracker's own cost is shown as a multiple of it.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal

NOTHING = Decimal(0)


class PlainOrder:
    __slots__ = ("cost", "exchange_id", "fee", "fills", "is_done", "name", "price", "qty", "side", "symbol", "traded")

    def __init__(self, name: str, symbol: str, side: str, qty: Decimal, price: Decimal) -> None:
        self.name, self.symbol, self.side, self.qty, self.price = name, symbol, side, qty, price
        self.exchange_id = ""
        self.traded = self.cost = self.fee = NOTHING
        self.fills: dict[str, PlainFill] = {}
        self.is_done = False


class PlainAck:
    __slots__ = ("at", "exchange_id", "name", "price", "qty", "side", "symbol", "traded")

    def __init__(
        self,
        name: str,
        exchange_id: str,
        symbol: str,
        side: str,
        qty: Decimal,
        price: Decimal,
        traded: Decimal,
        at: int,
    ) -> None:
        self.name, self.exchange_id, self.symbol, self.side = name, exchange_id, symbol, side
        self.qty, self.price, self.traded, self.at = qty, price, traded, at


class PlainFill:
    __slots__ = (
        "at",
        "exchange_id",
        "fee",
        "fee_asset",
        "is_maker",
        "name",
        "price",
        "qty",
        "side",
        "symbol",
        "trade_id",
    )

    def __init__(
        self,
        trade_id: str,
        name: str,
        exchange_id: str,
        symbol: str,
        side: str,
        qty: Decimal,
        price: Decimal,
        fee: Decimal,
        fee_asset: str,
        is_maker: bool,
        at: int,
    ) -> None:
        self.trade_id, self.name, self.exchange_id, self.symbol, self.side = trade_id, name, exchange_id, symbol, side
        self.qty, self.price, self.fee, self.fee_asset = qty, price, fee, fee_asset
        self.is_maker, self.at = is_maker, at


class FloorTracker:
    """Orders by either id and by symbol, and a bounded list of the done ones."""

    def __init__(self, history_limit: int) -> None:
        self.by_name: dict[str, PlainOrder] = {}
        self.by_exchange_id: dict[str, PlainOrder] = {}
        self.by_symbol: dict[str, dict[str, PlainOrder]] = {}
        self.done: deque[PlainOrder] = deque(maxlen=history_limit)

    def create(self, order: PlainOrder) -> None:
        self.by_name[order.name] = order
        self.by_symbol.setdefault(order.symbol, {})[order.name] = order

    def acknowledge(self, ack: PlainAck) -> None:
        order = self.by_name[ack.name]
        order.exchange_id = ack.exchange_id
        self.by_exchange_id[ack.exchange_id] = order

    def fill(self, fill: PlainFill) -> None:
        order = self.by_name[fill.name]
        if fill.trade_id in order.fills:
            return
        order.fills[fill.trade_id] = fill
        order.traded += fill.qty
        order.cost += fill.qty * fill.price
        order.fee += fill.fee
        if order.traded >= order.qty:
            order.is_done = True
            del self.by_name[order.name]
            del self.by_exchange_id[order.exchange_id]
            del self.by_symbol[order.symbol][order.name]
            self.done.append(order)
