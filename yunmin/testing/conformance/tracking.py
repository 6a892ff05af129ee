"""From an adapter's own news to an order's end: the tracker and the exchange agree, in whatever order the news came."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import permutations

from yunmin.clock import seeded
from yunmin.core.data_contracts import (
    Fill,
    OrderAck,
    OrderRequest,
    OrderState,
    OrderType,
    OrderUpdate,
    Side,
    TimeInForce,
    Verdict,
)
from yunmin.core.data_contracts.events import OrderSnapshot
from yunmin.core.data_contracts.money import EXACT
from yunmin.core.data_contracts.verdicts import SubmitResult
from yunmin.core.order_tracker import News, OrderTracker
from yunmin.exchange import Capability
from yunmin.testing.conformance.requirements import requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["TrackingConformance"]

_ALL_ORDERS_UP_TO = 5
_SHUFFLES = 60
_AVERAGE_PLACES = Decimal("1e-12")


class TrackingConformance(ConformanceSuite):
    """OrderTracker over this adapter's acknowledgements, updates and fills."""

    @requires(Capability.MARKET_ORDER, Capability.FILLS_OF_ORDER)
    async def test_a_filled_order_is_tracked_to_its_end(self, play: Playground) -> None:
        best = (await play.book()).asks[0]
        request = play.request(Side.BUY, OrderType.MARKET, qty=play.small_qty(best.price))
        ack = await play.connector.place_order(request)
        await _assert_tracked(play, request, ack, [])

    @requires(Capability.LIMIT_ORDER, Capability.FILLS_OF_ORDER)
    async def test_an_order_cancelled_half_way_is_tracked_to_its_end(self, play: Playground) -> None:
        best = (await play.book()).asks[0]
        qty = play.qty_up(EXACT.add(best.qty, play.small_qty(best.price)))
        request = play.request(Side.BUY, OrderType.LIMIT, qty=qty, price=best.price)
        ack = await play.connector.place_order(request)
        while_open = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        cancelled = await play.connector.cancel_order(play.ref(request))
        await _assert_tracked(play, request, ack, [while_open, cancelled])

    @requires(Capability.LIMIT_ORDER, Capability.FILLS_OF_ORDER)
    async def test_an_order_filled_in_parts_is_tracked_to_its_end(self, play: Playground) -> None:
        other = await play.counterparty()
        best = (await play.book()).bids[0]
        price = play.price_up(best.price + play.market.tick_size)
        part = play.small_qty(price)
        request = play.request(Side.BUY, OrderType.LIMIT, qty=EXACT.multiply(part, Decimal(2)), price=price)
        ack = await play.connector.place_order(request)
        seen = []
        for _ in range(2):
            seen.append(await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id)))
            await other.place_order(
                play.request(Side.SELL, OrderType.LIMIT, qty=part, price=price, time_in_force=TimeInForce.IOC)
            )
        await _assert_tracked(play, request, ack, seen)


async def _assert_tracked(play: Playground, request: OrderRequest, ack: OrderAck, seen: Sequence[OrderUpdate]) -> None:
    """Whatever the order of the news, and however often it comes, the tracker ends with the exchange's own figures."""
    assert request.client_order_id is not None
    final = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
    fills = await play.connector.fetch_fills(play.symbol, exchange_order_id=final.exchange_order_id)
    accepted = SubmitResult(
        client_order_id=request.client_order_id, verdict=Verdict.ACCEPTED, update=ack.update, fills=ack.fills
    )
    news: list[News] = [accepted, *seen, final, *fills]
    ends = {_end(request, order, play) for order in _arrivals(news, play.test)}
    assert len(ends) == 1, f"the end depends on the order of the news: {ends}"
    _assert_agrees(ends.pop(), final, fills)


def _arrivals(news: Sequence[News], seed: str) -> Iterator[Sequence[News]]:
    """All orders of a few news, many of more; and everything twice."""
    if len(news) <= _ALL_ORDERS_UP_TO:
        yield from permutations(news)
    chance = seeded(seed)
    for _ in range(_SHUFFLES):
        twice = [*news, *news]
        chance.shuffle(twice)
        yield twice


def _end(request: OrderRequest, news: Sequence[News], play: Playground) -> OrderSnapshot:
    tracker = OrderTracker()
    order = tracker.submit(request, qty_step=play.market.qty_step)
    for piece in news:
        tracker.apply(piece)
    return order.snapshot()


def _assert_agrees(end: OrderSnapshot, final: OrderUpdate, fills: Sequence[Fill]) -> None:
    assert end.state is final.state
    assert end.state in {OrderState.FILLED, OrderState.CANCELLED}
    assert end.exchange_order_id == final.exchange_order_id
    assert end.filled_qty == final.filled_qty
    assert end.unattributed_qty == end.overfill_qty == 0
    assert end.average_price is not None
    assert final.average_price is not None
    assert end.average_price.quantize(_AVERAGE_PLACES) == final.average_price.quantize(_AVERAGE_PLACES)
    assert end.fees_complete
    assert end.fees == _fees(fills)


def _fees(fills: Sequence[Fill]) -> dict[str, Decimal]:
    paid: dict[str, Decimal] = {}
    for fill in fills:
        assert fill.fee is not None
        assert fill.fee_asset is not None
        paid[fill.fee_asset] = EXACT.add(paid.get(fill.fee_asset, Decimal(0)), fill.fee)
    return paid
