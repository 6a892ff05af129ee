"""What the stream did not tell: executions by pages from the last one known on, and whose orders they were."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from yunmin.core.data_contracts.fill import Fill
from yunmin.core.data_contracts.order import OrderRef, OrderUpdate
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_tracker import OrderTracker
from yunmin.errors import OrderNotFound
from yunmin.exchange.connector import ExchangeConnector
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.nameless_trades import NamelessTrades
from yunmin.execution.order_journal import last_trade
from yunmin.execution.policy import AccountPolicy, ExternalOrders

__all__ = ["Backfill", "Strangers"]

_PAGE = 250
"""Executions that are asked for at once, at most: so many are in memory together, however long the gap was."""

_STRANGERS_KEPT = 10_000


class Strangers:
    """Orders on this account that somebody else placed: followed, told, or neither, as the policy says."""

    def __init__(
        self,
        books: Bookkeeper,
        policy: AccountPolicy,
        prefix: str,
        *,
        nameless: NamelessTrades,
        tell: Callable[[OrderUpdate], None],
        warn: Callable[[str], None],
    ) -> None:
        """`prefix` is what our own ids begin with: an order that has it and is not ours tells of a second program."""
        self._books = books
        self._policy = policy
        self._prefix = prefix
        self._nameless = nameless
        self._tell = tell
        self._warn = warn
        self._met: dict[tuple[str, str], None] = {}
        self.adopted = 0

    def is_known(self, news: OrderUpdate | Fill) -> bool:
        """Whether the news is of an order that is followed, or was."""
        return _is_followed(self._books.tracker, news) or self._is_past(news)

    def has_met(self, symbol: str, exchange_order_id: str) -> bool:
        """Whether that order was looked at before and is not followed."""
        return (symbol, exchange_order_id) in self._met

    def meet(self, update: OrderUpdate) -> bool:
        """Take notice of a stranger's order; True where it is followed from now on."""
        if (update.client_order_id or "").startswith(self._prefix):
            self._warn(
                f"{update.client_order_id} has our prefix and is not in this journal: another program trades on this "
                "account, or another journal was used. Stop one of them"
            )
        if self._policy.external_orders is ExternalOrders.ADOPT and _is_described(update):
            self._books.adopt(update)
            self.adopted += 1
            return True
        if update.exchange_order_id is not None:
            self._nameless.find(update.symbol, update.exchange_order_id)
            self._met[update.symbol, update.exchange_order_id] = None
            if len(self._met) > _STRANGERS_KEPT:
                del self._met[next(iter(self._met))]
        if self._policy.external_orders is not ExternalOrders.IGNORE:
            self._tell(update)
        return False

    def is_news_of_ours(self, fill: Fill) -> bool:
        """Whether `fill` is of an order that is followed, or of one that left the history and did not have it then."""
        if _is_followed(self._books.tracker, fill):
            return True
        past = self._past_order(fill)
        return past is not None and fill.trade_id not in {known.trade_id for known in past.fills}

    def _is_past(self, news: OrderUpdate | Fill) -> bool:
        """Whether it is an order of ours that left the history."""
        if news.client_order_id is not None:
            return self._books.journal.has_order(news.client_order_id)
        return self._past_order(news) is not None

    def _past_order(self, news: OrderUpdate | Fill) -> InFlightOrder | None:
        if news.exchange_order_id is None:
            return None
        found = self._books.journal.find_by_exchange_id(news.symbol, news.exchange_order_id)
        return None if found is None else found.order


class Backfill:
    """Asks for executions until there are no more. A mark per symbol, kept in the journal, says up to where."""

    def __init__(
        self,
        connector: ExchangeConnector,
        books: Bookkeeper,
        strangers: Strangers,
        nameless: NamelessTrades,
        policy: AccountPolicy,
    ) -> None:
        self._connector = connector
        self._books = books
        self._strangers = strangers
        self._nameless = nameless
        self._overlap = timedelta(seconds=policy.overlap)
        self._page = min(connector.traits.fills_page or _PAGE, _PAGE)

    async def catch_up(self, symbol: str) -> int:
        """Book every execution on `symbol` since the mark, or the oldest order; returns how many were new."""
        known = self._books.journal.last_trade_ids().get(symbol)
        if known is not None:
            page = await self._connector.fetch_fills(symbol, from_trade_id=known, limit=self._page)
        else:
            since = self._oldest(symbol)
            if since is None:
                return 0
            page = await self._connector.fetch_fills(symbol, since=since - self._overlap, limit=self._page)
        booked, is_whole = 0, True
        while page:
            nameless = await self._introduce(symbol, page)
            booked += self._book(symbol, page, nameless if is_whole else None)
            is_whole = is_whole and not nameless
            if len(page) < self._page:
                break
            last = page[-1].trade_id
            del page  # before the next one comes: a page is large
            page = await self._connector.fetch_fills(symbol, from_trade_id=last, limit=self._page)
        return booked

    async def of_order(self, symbol: str, exchange_order_id: str, client_order_id: str) -> list[Fill]:
        """The executions of one order, under the name that we know it by."""
        fills = await self._connector.fetch_fills(symbol, exchange_order_id=exchange_order_id, limit=self._page)
        found = list(fills)
        while len(fills) >= self._page:
            fills = await self._connector.fetch_fills(
                symbol, exchange_order_id=exchange_order_id, from_trade_id=fills[-1].trade_id, limit=self._page
            )
            found += fills[1:]
        return [fill.model_copy(update={"client_order_id": client_order_id}) for fill in found]

    def _book(self, symbol: str, page: Sequence[Fill], nameless: set[str] | None) -> int:
        """Take what is ours. The mark goes up to the first execution whose order is not known yet, and not beyond.

        `nameless` are the orders of such executions on this page; None where there was one on a page before.
        """
        ours = [fill for fill in page if self._strangers.is_news_of_ours(fill)]
        if nameless is None:
            self._books.take(*ours)
            return len(ours)
        seen = list(itertools.takewhile(lambda fill: fill.exchange_order_id not in nameless, page))
        if not seen:
            self._books.take(*ours)
            return len(ours)
        return self._books.take_fills(ours, upto=last_trade(symbol, seen[-1].trade_id))

    async def _introduce(self, symbol: str, page: Iterable[Fill]) -> set[str]:
        """Ask for the orders of executions that fit none: one of ours may have had no id yet.

        Returns those that the exchange did not find: a trade may be shown before its order, so they come again.
        """
        unknown = {
            fill.exchange_order_id: fill.ts
            for fill in page
            if fill.exchange_order_id is not None and not self._strangers.is_known(fill)
        }
        nameless: set[str] = set()
        for exchange_order_id, traded_at in sorted(unknown.items()):
            if self._strangers.has_met(symbol, exchange_order_id) or self._nameless.is_given_up(
                symbol, exchange_order_id
            ):
                continue
            try:
                update = await self._connector.fetch_order(OrderRef(symbol=symbol, exchange_order_id=exchange_order_id))
            except OrderNotFound:
                if self._nameless.miss(symbol, exchange_order_id, traded_at):
                    nameless.add(exchange_order_id)
                continue
            self._nameless.find(symbol, exchange_order_id)
            if self._strangers.is_known(update):
                self._books.take(update)
            else:
                self._strangers.meet(update)
        return nameless

    def _oldest(self, symbol: str) -> datetime | None:
        """When the first order on `symbol` that is still kept was made: a done one may have late fills."""
        orders = self._books.tracker.get_orders()
        created = [order.created_at for order in orders if order.symbol == symbol and order.created_at]
        return min(created, default=None)


def _is_followed(tracker: OrderTracker, news: OrderUpdate | Fill) -> bool:
    if news.client_order_id is not None and tracker.get_order(news.client_order_id) is not None:
        return True
    exchange_order_id = news.exchange_order_id
    return (
        exchange_order_id is not None and tracker.get_order_by_exchange_id(exchange_order_id, news.symbol) is not None
    )


def _is_described(update: OrderUpdate) -> bool:
    return update.side is not None and update.order_type is not None and bool(update.qty)
