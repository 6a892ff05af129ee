"""Who watches a trial: a log of everything that happened, books kept a second time, and what does not agree with them.

Nothing here asks the ledger what it thinks of itself only. Balances are reckoned again from fills, the books are kept
from the depth stream as a client would keep them, orders are compared with the trades that their owners are shown.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import orjson

from yunmin.simulation.orders import AccountFill, EngineEvent, EventKind, Order, SelfTradePrevention
from yunmin.simulation.units import cost_of, to_units
from yunmin_binance.venue.exchange import Exchange
from yunmin_binance.venue.streams.board import Board, Subscriber, in_micros
from yunmin_binance.venue.streams.market_feed import DepthDifferences, follow
from yunmin_binance.venue.streams.names import parse_stream

__all__ = ["DepthWatch", "EventLog", "Passbooks"]

_MOST_KEPT: Final = 100
_LEVELS: Final = 5000


class EventLog:
    """Every line of a trial, hashed as it is written; `copy` gets the lines too."""

    def __init__(self, copy: BinaryIO | None = None) -> None:
        self._hash = hashlib.sha256()
        self._copy = copy
        self.lines = 0

    def write(self, line: bytes) -> None:
        self.lines += 1
        self._hash.update(line)
        self._hash.update(b"\n")
        if self._copy is not None:
            self._copy.write(line + b"\n")

    def hear(self, event: EngineEvent) -> None:
        """One thing that the engine did, with all figures of its order."""
        order = event.order
        reason = order.expiry_reason.value if order.expiry_reason is not None else "-"
        self.write(
            f"event {event.time} {event.kind.value} {order.market} {order.id} {order.account} {order.client_order_id} "
            f"{order.state.value} {reason} {order.qty} {order.remaining} {order.prevented} {order.quote_spent} "
            f"{order.locked} {_line_of(event.fill)}".encode()
        )

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def _line_of(fill: AccountFill | None) -> str:
    if fill is None:
        return "-"
    role = ("buy" if fill.is_buyer else "sell") + ("-maker" if fill.is_maker else "-taker")
    return f"{role} {fill.trade_id} {fill.price} {fill.qty} {fill.cost} {fill.fee} {fill.fee_asset}"


class Passbooks:
    """What every account must own, reckoned from its deposits and fills alone."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._owned: dict[str, defaultdict[str, int]] = {
            account.name: defaultdict(int, {asset: account.free[asset] for asset in account.assets()})
            for account in exchange.ledger.accounts()
        }
        self.transfers = 0
        self._begun = self.totals()
        self._fees = exchange.ledger.fee_account.name

    def hear(self, event: EngineEvent) -> None:
        """Book the fill, or what changed hands in place of one, if there is any."""
        if event.kind is EventKind.PREVENTED:
            self._book_transfer(event.order)
        fill = event.fill
        if fill is None:
            return
        market = self._exchange.floor(fill.market).market
        owned = self._owned[event.order.account]
        sign = 1 if fill.is_buyer else -1
        owned[market.base] += sign * fill.qty
        owned[market.quote] -= sign * fill.cost
        owned[fill.fee_asset] -= fill.fee
        self._owned[self._fees][fill.fee_asset] += fill.fee

    def _book_transfer(self, order: Order) -> None:
        """One side of a trade that was prevented, where both sides asked for what they would have traded to move."""
        floor = self._exchange.floor(order.market)
        match = floor.prevented[-1]
        if match.mode is not SelfTradePrevention.TRANSFER or match.maker_account == match.taker_account:
            return
        owned, sign = self._owned[order.account], 1 if order.is_buy else -1
        owned[floor.market.base] += sign * match.qty
        owned[floor.market.quote] -= sign * cost_of(match.price, match.qty)
        self.transfers += 1

    def totals(self) -> dict[str, int]:
        """What all accounts together own, by asset, reckoned here."""
        totals: defaultdict[str, int] = defaultdict(int)
        for owned in self._owned.values():
            for asset, units in owned.items():
                totals[asset] += units
        return dict(totals)

    def disagreements(self) -> Iterator[str]:
        """Where the venue's balances are not those reckoned here, or their sum is not what was brought in."""
        for account in self._exchange.ledger.accounts():
            owned = self._owned[account.name]
            for asset in sorted(owned.keys() | set(account.assets())):
                there = account.free[asset] + account.locked[asset]
                if there != owned[asset]:
                    yield f"{account.name}: {there} {asset} in the ledger, {owned[asset]} by its fills"
        totals = self.totals()
        for asset in sorted(totals.keys() | self._begun.keys()):
            if totals.get(asset, 0) != self._begun.get(asset, 0):
                yield f"{asset}: {totals.get(asset, 0)} at the end, {self._begun.get(asset, 0)} at the beginning"


class DepthWatch:
    """Keeps every book from the difference stream and checks that no update id is missing, twice or out of order."""

    def __init__(self, exchange: Exchange, log: EventLog) -> None:
        self._log = log
        self.problems: list[str] = []
        self._board = Board()
        listener = Subscriber(self, in_micros, is_combined=False)
        self._followers: dict[str, DepthDifferences] = {}
        self._last_ids: dict[str, int] = {}
        self._books: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        for symbol in exchange.rules:
            name = f"{symbol.lower()}@depth@100ms"
            stream = parse_stream(name, exchange.rules)
            if stream is None:
                raise ValueError(f"no stream of that name: {name}")
            self._board.add(listener, name, stream)
            follower = follow(stream, exchange, self._board)
            if not isinstance(follower, DepthDifferences):
                raise TypeError(f"{name} is followed by {type(follower).__name__}")
            self._followers[symbol] = follower

    def begin(self, symbol: str, snapshot: dict[str, Any]) -> None:
        """The book as REST shows it, to which the differences apply."""
        self._last_ids[symbol] = snapshot["lastUpdateId"]
        self._books[symbol] = (dict(snapshot["bids"]), dict(snapshot["asks"]))

    def hear(self, event: EngineEvent) -> None:
        """The engine has done something."""
        self._followers[event.order.market].hear(event)

    def publish(self, now: int) -> None:
        """Let every stream tell what is new."""
        for follower in self._followers.values():
            follower(now)

    def send(self, frame: bytes, about: str = "") -> None:
        """One event of a depth stream, as a client receives it."""
        self._log.write(b"depth " + frame)
        event = orjson.loads(frame)
        symbol = event["s"]
        if event["U"] != self._last_ids[symbol] + 1 or event["u"] < event["U"]:
            self._complain(f"{symbol}: depth event {event['U']} to {event['u']} after {self._last_ids[symbol]}")
        self._last_ids[symbol] = event["u"]
        for side, levels in zip(self._books[symbol], (event["b"], event["a"]), strict=True):
            for price, qty in levels:
                if to_units(qty):
                    side[price] = qty
                else:
                    side.pop(price, None)

    def close(self, code: int, reason: bytes = b"") -> None:
        """The board has no reason to close a watch that never goes too fast."""
        self._complain(f"the stream was closed: {code} {reason.decode(errors='replace')}")

    def compare(self, symbol: str, snapshot: dict[str, Any]) -> None:
        """The book as REST shows it must be the one kept from the stream."""
        if snapshot["lastUpdateId"] != self._last_ids[symbol]:
            self._complain(f"{symbol}: REST is at {snapshot['lastUpdateId']}, the stream at {self._last_ids[symbol]}")
        for name, kept in zip(("bids", "asks"), self._books[symbol], strict=True):
            if dict(snapshot[name]) != kept:
                self._complain(f"{symbol}: the {name} kept from the stream are not those of REST")

    def _complain(self, what: str) -> None:
        if len(self.problems) < _MOST_KEPT:
            self.problems.append(what)
