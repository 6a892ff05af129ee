"""The demo's second pair of ears: its orders again, known from nothing but the account stream."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Final

from yunmin.core.data_contracts import AccountNews, Fill, Instrument, OrderRequest, OrderUpdate, StreamGap
from yunmin.core.order_tracker import InFlightOrder, OrderTracker
from yunmin.exchange import Capability, ExchangeConnector, NewsStream, StreamsAccount

__all__ = ["Overheard", "overhearing"]

_PATIENCE: Final = 5.0


class Overheard:
    """What the stream told of the orders that were followed."""

    def __init__(self) -> None:
        self.tracker = OrderTracker()
        self.counts: Counter[str] = Counter()
        self._has_changed = asyncio.Event()

    def follow(self, request: OrderRequest, market: Instrument) -> None:
        """An order that is about to be placed. What becomes of it, only the stream tells."""
        self.tracker.submit(request, qty_step=market.qty_step)

    async def differences(self, orders: Mapping[str, InFlightOrder]) -> list[str]:
        """Where the stream and `orders` disagree, once it has told all or has had time enough to."""
        try:
            async with asyncio.timeout(_PATIENCE):
                while _differences(self.tracker, orders):
                    self._has_changed.clear()
                    await self._has_changed.wait()
        except TimeoutError:
            return _differences(self.tracker, orders)
        return []

    async def listen(self, news: NewsStream[AccountNews]) -> None:
        """Take in everything until the stream is closed."""
        while batch := await news.next_batch():
            for item in batch:
                self.counts[type(item).__name__] += 1
                if isinstance(item, (Fill, OrderUpdate)):
                    self.tracker.apply(item)
            self._has_changed.set()

    @property
    def missed(self) -> int:
        """How often the stream was not sure to have heard all."""
        return self.counts[StreamGap.__name__]


@asynccontextmanager
async def overhearing(connector: ExchangeConnector) -> AsyncIterator[Overheard | None]:
    """Listen to the account beside whatever else is done; None where the connector has no account stream."""
    is_usable = connector.traits.support_of(Capability.ACCOUNT_STREAM).is_usable
    if not is_usable or not isinstance(connector, StreamsAccount):
        yield None
        return
    overheard = Overheard()
    async with connector.stream_account() as news:
        listening = asyncio.create_task(overheard.listen(news), name="demo-stream")
        try:
            yield overheard
        finally:
            await news.aclose()
            await listening


def _differences(heard: OrderTracker, orders: Mapping[str, InFlightOrder]) -> list[str]:
    found = []
    for name, order in orders.items():
        other = heard.get_order(name)
        if other is None:
            found.append(f"{name}: the stream has not told of it")
        elif _facts(order) != _facts(other):
            found.append(f"{name}: {_facts(order)} by REST, {_facts(other)} by the stream")
    return found


def _facts(order: InFlightOrder) -> tuple[object, ...]:
    fills = sorted((fill.trade_id, fill.qty, fill.price, fill.fee or Decimal(0)) for fill in order.fills)
    return order.state.value, order.exchange_order_id, order.filled_qty, tuple(fills)
