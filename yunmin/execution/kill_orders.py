"""Cancelling what is ours, from outside: on a connection of its own, whatever the account's own program is doing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from yunmin.clock import Clock
from yunmin.core.data_contracts.order import OrderRef, OrderUpdate
from yunmin.errors import ExchangeError, MalformedResponse, RateLimited, Rejected, Timeout, Unavailable, UnknownSymbol
from yunmin.exchange.capabilities import Capability
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.journal_file import FILE_NAME, JournalFile
from yunmin.execution.journal_records import PlaceIntent

__all__ = ["KillReport", "Ownership", "kill_orders", "ownership"]

_LOOKS = 2
"""So many looks in a row must find nothing of ours open: an order may have been on its way."""

_SPOILT_LOOKS = 5
"""So many looks in a row in which a market's answer was no good are enough: it will not get better."""

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
    deadline = clock.monotonic() + within
    cancelled: dict[str, None] = {}
    last, asked_at = _Look(), dict.fromkeys(owned.symbols, 0.0)
    quiet_looks, spoilt_looks, pause = 0, 0, _PAUSE
    while quiet_looks < _LOOKS and spoilt_looks < _SPOILT_LOOKS and clock.monotonic() < deadline:
        look, wanted_quiet = _Look(), 0.0
        try:
            await _look_and_cancel(connector, owned, clock, deadline, asked_at, look)
        except ExchangeError as error:
            look.unanswered += 1
            look.problem = f"{type(error).__name__}: {error}"
            wanted_quiet = (isinstance(error, RateLimited) and error.retry_after) or 0.0
            if not (look.ours or look.others):  # what was seen before stands
                look.ours, look.others = last.ours, last.others
        cancelled.update(dict.fromkeys(look.cancelled))
        last = look
        is_quiet = not look.ours and not look.unanswered
        quiet_looks = quiet_looks + 1 if is_quiet and not look.is_spoilt else 0
        spoilt_looks = spoilt_looks + 1 if is_quiet and look.is_spoilt else 0
        pause = _PAUSE if look.cancelled or quiet_looks else min(2 * pause, _LONGEST_PAUSE)
        left = max(_PAUSE, deadline - clock.monotonic())
        await clock.sleep(0 if look.cancelled else min(max(pause, wanted_quiet), left))
    problem = last.problem
    if quiet_looks < _LOOKS and not last.ours and not problem:
        problem = "the time was over before the exchange had said it twice"
    return KillReport(tuple(cancelled), tuple(map(_name_of, last.ours)), tuple(map(_name_of, last.others)), problem)


@dataclass(slots=True)
class _Look:
    """What one look at the exchange found open, and which cancels of it were confirmed."""

    ours: list[OrderUpdate] = field(default_factory=list)
    others: list[OrderUpdate] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    unanswered: int = 0
    is_spoilt: bool = False
    """Whether a market's answer was no good."""

    problem: str = ""


async def _look_and_cancel(
    connector: ExchangeConnector,
    owned: Ownership,
    clock: Clock,
    deadline: float,
    asked_at: dict[str, float],
    look: _Look,
) -> None:
    """All that is open at once, if that can be had; else a few markets at a time, those that wait longest first.

    What is found is cancelled before the next are asked for. Raises ExchangeError where nobody answers.
    """
    if connector.traits.support_of(Capability.OPEN_ORDERS_OF_ALL_SYMBOLS).is_usable:
        try:
            await _cancel_ours_of(await connector.fetch_open_orders(), connector, owned, look)
            return
        except MalformedResponse as error:
            look.problem = f"{type(error).__name__}: {error}"
    if not owned.symbols:
        look.problem = look.problem or "there is no list of all orders, and no journal says where ours may be"
    in_turn = sorted(owned.symbols, key=asked_at.__getitem__)
    for start in range(0, len(in_turn), _SIDE_BY_SIDE):
        if clock.monotonic() >= deadline:
            look.unanswered += len(in_turn) - start
            look.problem = look.problem or "the time was over before every market was asked for"
            return
        symbols = in_turn[start : start + _SIDE_BY_SIDE]
        asked_at.update(dict.fromkeys(symbols, clock.monotonic()))
        looks = [_look_at_market(symbol, connector, owned, look) for symbol in symbols]
        for failure in await asyncio.gather(*looks, return_exceptions=True):
            if failure is not None:
                raise failure


async def _look_at_market(symbol: str, connector: ExchangeConnector, owned: Ownership, look: _Look) -> None:
    try:
        await _cancel_ours_of(await connector.fetch_open_orders(symbol), connector, owned, look)
    except UnknownSymbol as gone:  # nothing can rest there
        look.problem = look.problem or str(gone)
    except (Rejected, MalformedResponse, Timeout, Unavailable) as error:  # one market's affair, perhaps
        look.unanswered += isinstance(error, Timeout | Unavailable)
        look.is_spoilt = look.is_spoilt or not isinstance(error, Timeout | Unavailable)
        look.problem += f"{'; ' if look.problem else ''}{symbol}: {error}"


async def _cancel_ours_of(
    listed: Sequence[OrderUpdate], connector: ExchangeConnector, owned: Ownership, look: _Look
) -> None:
    ours = [order for order in listed if owned.is_ours(order)]
    look.ours += ours
    look.others += [order for order in listed if not owned.is_ours(order)]
    done = await asyncio.gather(*(_cancel(connector, order) for order in ours))
    look.cancelled += [name for name in done if name is not None]


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


async def _cancel(connector: ExchangeConnector, order: OrderUpdate) -> str | None:
    """The order's name where the exchange confirmed its end; else it is looked at again."""
    ref = OrderRef(
        symbol=order.symbol, client_order_id=order.client_order_id, exchange_order_id=order.exchange_order_id
    )
    try:
        await connector.cancel_order(ref)
    except ExchangeError:
        return None
    return _name_of(order)


def _name_of(order: OrderUpdate) -> str:
    return order.client_order_id or f"{order.symbol} {order.exchange_order_id}"
