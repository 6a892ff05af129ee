"""Cancelling what is ours, from outside: on a connection of its own, whatever the account's own program is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from yunmin.clock import Clock
from yunmin.core.data_contracts.order import OrderRef, OrderUpdate
from yunmin.errors import (
    ExchangeError,
    MalformedResponse,
    RateLimited,
    Rejected,
    RejectReason,
    Timeout,
    Unavailable,
    UnknownSymbol,
)
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.journal_file import FILE_NAME, JournalFile
from yunmin.execution.journal_records import PlaceIntent

__all__ = ["KillReport", "Ownership", "kill_orders", "ownership"]

_LOOKS = 2
"""So many looks in a row must find nothing of ours open: an order may have been on its way."""

_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two looks; ever more where they get nowhere."""

_SIDE_BY_SIDE = 8
"""So many markets are asked for at once, where each has to be."""


class KillReport(NamedTuple):
    """What was cancelled, by client order id; what is still open; what was left alone because it is not ours."""

    cancelled: tuple[str, ...]
    left_open: tuple[str, ...]
    not_ours: tuple[str, ...]
    problem: str

    @property
    def is_flat(self) -> bool:
        """Whether nothing of ours is open, as the exchange said twice."""
        return not self.left_open and not self.problem


class Ownership(NamedTuple):
    """Whose an order is, and on which markets ours may rest."""

    is_ours: Callable[[OrderUpdate], bool]
    symbols: Collection[str]


async def kill_orders(connector: ExchangeConnector, owned: Ownership, clock: Clock, *, within: float) -> KillReport:
    """Cancel every open order of ours until there is none, for at most `within` seconds.

    A cancel may be sent more than once; it can only take away. Nothing is raised for an exchange that does not answer:
    it is asked again, and the report says what is left. Where there is no list of all, or one order in it cannot be
    read, the markets of ours are asked for one by one; in the latter case the report says that there may be more.
    """
    killing = _Killing(connector, owned, clock, deadline=clock.monotonic() + within)
    quiet_looks, pause = 0, _PAUSE
    while quiet_looks < _LOOKS and killing.left > 0:
        look = await killing.look()
        quiet_looks = quiet_looks + 1 if look.is_whole and not look.found_ours else 0
        gets_on = look.has_cancelled or (look.is_whole and not look.found_ours)
        pause = _PAUSE if gets_on else min(2 * pause, _LONGEST_PAUSE)
        if quiet_looks < _LOOKS and (look.wanted_quiet or not look.has_cancelled):
            await clock.sleep(min(max(pause, look.wanted_quiet), max(_PAUSE, killing.left)))
    if quiet_looks < _LOOKS:
        killing.problems.setdefault("", "the time was over before the exchange had said twice that nothing is open")
    return killing.report()


@dataclass(slots=True)
class _Look:
    """What came of one look."""

    is_whole: bool = True
    found_ours: bool = False
    has_cancelled: bool = False
    tried: set[str] = field(default_factory=set)
    """Orders whose cancel was sent."""

    wanted_quiet: float = 0.0

    def mind(self, error: ExchangeError) -> None:
        """The exchange may want to be left alone, and say for how long."""
        if isinstance(error, RateLimited) or (
            isinstance(error, Rejected) and error.reason is RejectReason.RATE_LIMITED
        ):
            self.wanted_quiet = max(self.wanted_quiet, error.retry_after or _LONGEST_PAUSE)


class _Killing:
    """What was seen open at the last good answer of each market, and what became of it."""

    def __init__(self, connector: ExchangeConnector, owned: Ownership, clock: Clock, *, deadline: float) -> None:
        self._connector = connector
        self._owned = owned
        self._clock = clock
        self._deadline = deadline
        self._ours: dict[str, list[OrderUpdate]] = {}
        self._others: dict[str, list[OrderUpdate]] = {}
        self._cancelled: dict[str, None] = {}
        self._asked_at: dict[str, float] = {}
        self.problems: dict[str, str] = {}
        """Of each market, or of the exchange as a whole, why what is known of it may not be all."""

    @property
    def left(self) -> float:
        """Seconds."""
        return self._deadline - self._clock.monotonic()

    def report(self) -> KillReport:
        ours = [order for orders in self._ours.values() for order in orders]
        others = [order for orders in self._others.values() for order in orders]
        problem = "; ".join(f"{about}: {why}" if about else why for about, why in self.problems.items())
        return KillReport(tuple(self._cancelled), tuple(map(_name_of, ours)), tuple(map(_name_of, others)), problem)

    async def look(self) -> _Look:
        """All that is open at once, if that can be had; else a few markets at a time, those that wait longest first.

        What is found is cancelled before the next are asked for; what was found before and cannot be asked for, again.
        """
        self.problems, look = {}, _Look()
        try:
            await self._look_at_all(look)
        except ExchangeError as error:
            self.problems[""] = f"{type(error).__name__}: {error}"
            look.is_whole = False
            look.mind(error)
            if not look.wanted_quiet:
                await self._cancel_ours(self._ours, look, are_seen=False)
        return look

    async def _look_at_all(self, look: _Look) -> None:
        if self._connector.traits.support_of(Capability.OPEN_ORDERS_OF_ALL_SYMBOLS).is_usable:
            try:
                self._see(await self._connector.fetch_open_orders(), None)
            except MalformedResponse as error:
                look.is_whole = False
                self.problems[""] = f"{type(error).__name__}: {error}"
            else:
                await self._cancel_ours(self._ours, look, are_seen=True)
                return
        elif not self._owned.symbols:
            look.is_whole = False
            self.problems[""] = "there is no list of all orders, and no journal says where ours may be"
        await self._look_at_each_market(look)

    async def _look_at_each_market(self, look: _Look) -> None:
        markets = {*self._owned.symbols, *self._ours}
        in_turn = sorted(markets, key=lambda symbol: (self._asked_at.get(symbol, 0.0), symbol))
        for start in range(0, len(in_turn), _SIDE_BY_SIDE):
            if self.left <= 0:
                look.is_whole = False
                self.problems.setdefault("", "the time was over before every market was asked for")
                return
            symbols = in_turn[start : start + _SIDE_BY_SIDE]
            self._asked_at.update(dict.fromkeys(symbols, self._clock.monotonic()))
            looks = [self._look_at_market(symbol, look) for symbol in symbols]
            for failure in await asyncio.gather(*looks, return_exceptions=True):
                if failure is not None:
                    raise failure

    async def _look_at_market(self, symbol: str, look: _Look) -> None:
        are_seen = False
        try:
            self._see(await self._connector.fetch_open_orders(symbol), symbol)
            are_seen = True
        except UnknownSymbol as gone:
            self.problems[symbol] = str(gone)  # said, and no reason to ask again: nothing can rest there
        except (Rejected, MalformedResponse, Timeout, Unavailable) as error:  # one market's affair, perhaps
            look.is_whole = False
            self.problems[symbol] = str(error)
        await self._cancel_ours([symbol], look, are_seen=are_seen)

    def _see(self, listed: Sequence[OrderUpdate], symbol: str | None) -> None:
        """A good answer, on one market or on all: it takes the place of what was seen there before."""
        if symbol is None:
            self._ours, self._others = {}, {}
        else:
            self._ours.pop(symbol, None)
            self._others.pop(symbol, None)
        for order in listed:
            kept = self._ours if self._owned.is_ours(order) else self._others
            kept.setdefault(order.symbol, []).append(order)

    async def _cancel_ours(self, symbols: Iterable[str], look: _Look, *, are_seen: bool) -> None:
        """Those that were just seen in any case; those that are remembered, where there is time."""
        orders = [order for symbol in symbols for order in self._ours.get(symbol, ())]
        look.found_ours = look.found_ours or bool(orders)
        orders = [order for order in orders if _name_of(order) not in look.tried]
        if not orders or (self.left <= 0 and not are_seen):
            return
        look.tried.update(map(_name_of, orders))
        done = await asyncio.gather(*(self._is_cancelled(order, look) for order in orders))
        for order, is_cancelled in zip(orders, done, strict=True):
            if is_cancelled:
                look.has_cancelled = True
                self._cancelled[_name_of(order)] = None
                self._ours[order.symbol].remove(order)

    async def _is_cancelled(self, order: OrderUpdate, look: _Look) -> bool:
        """Whether the exchange confirmed its end; else it is looked at again."""
        ref = OrderRef(
            symbol=order.symbol, client_order_id=order.client_order_id, exchange_order_id=order.exchange_order_id
        )
        try:
            await self._connector.cancel_order(ref)
        except ExchangeError as error:
            look.mind(error)
            return False
        return True


@contextmanager
def ownership(folder: Path, prefix: str) -> Iterator[Ownership]:
    """Whose an order is: ours if its id begins with `prefix`, or the journal in `folder` has the intent to place it."""
    path = folder / FILE_NAME
    file = JournalFile.open_to_read(path) if path.exists() else None

    def is_ours(order: OrderUpdate) -> bool:
        name = order.client_order_id or ""
        return name.startswith(prefix) or (file is not None and _is_intended(file, name))

    try:
        yield Ownership(is_ours, () if file is None else file.symbols_of_kept_orders())
    finally:
        if file is not None:
            file.close()


def _is_intended(file: JournalFile, client_order_id: str) -> bool:
    known = file.order(client_order_id)
    record = None if known is None else file.record_at(known[3])
    return record is not None and isinstance(record.entry(), PlaceIntent)


def _name_of(order: OrderUpdate) -> str:
    return order.client_order_id or f"{order.symbol} {order.exchange_order_id}"
