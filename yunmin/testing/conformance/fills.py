"""Fills: that they add up to what the orders say, whoever came first to the price."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from yunmin.core.data_contracts import Fill, Liquidity, OrderState, OrderType, OrderUpdate, Side, TimeInForce
from yunmin.core.data_contracts.money import EXACT
from yunmin.exchange import Capability
from yunmin.testing.conformance.requirements import requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["FillsConformance"]

_AVERAGE_PLACES = Decimal("1e-12")


class FillsConformance(ConformanceSuite):
    """Executions, and their sums."""

    @requires(Capability.MARKET_ORDER, Capability.FILLS_OF_ORDER)
    async def test_a_bought_quantity_is_the_sum_of_its_fills(self, play: Playground) -> None:
        """Quantity, cost and average price agree, each fill has its fee, and the acknowledgement tells the same."""
        best = (await play.book()).asks[0]
        request = play.request(Side.BUY, OrderType.MARKET, qty=play.small_qty(best.price))
        ack = await play.connector.place_order(request)
        order = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        fills = await play.connector.fetch_fills(play.symbol, exchange_order_id=order.exchange_order_id)
        _assert_adds_up(order, fills)
        assert {fill.liquidity for fill in fills} == {Liquidity.TAKER}
        if ack.fills:
            assert [_figures(fill) for fill in ack.fills] == [_figures(fill) for fill in fills]
            assert {fill.liquidity for fill in ack.fills} <= {Liquidity.TAKER, None}

    @requires(Capability.MARKET_ORDER, Capability.FILLS_OF_ORDER)
    async def test_a_sold_quantity_is_the_sum_of_its_fills(self, play: Playground) -> None:
        best = (await play.book()).bids[0]
        request = play.request(Side.SELL, OrderType.MARKET, qty=play.small_qty(best.price))
        ack = await play.connector.place_order(request)
        order = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        _assert_adds_up(order, await play.connector.fetch_fills(play.symbol, exchange_order_id=order.exchange_order_id))

    @requires(Capability.LIMIT_ORDER, Capability.FILLS_OF_ORDER)
    async def test_an_order_over_several_prices_has_a_fill_for_each(self, play: Playground) -> None:
        """It pays each price, and its average is theirs."""
        book = await play.book()
        first, second = book.asks[:2]
        qty = play.qty_up(EXACT.add(first.qty, play.small_qty(second.price)))
        request = play.request(Side.BUY, OrderType.LIMIT, qty=qty, price=second.price)
        ack = await play.connector.place_order(request)
        order = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        fills = await play.connector.fetch_fills(play.symbol, exchange_order_id=order.exchange_order_id)
        _assert_adds_up(order, fills)
        assert len(fills) >= 2
        assert all(fill.price <= second.price for fill in fills)

    @requires(Capability.LIMIT_ORDER, Capability.FILLS_OF_ORDER)
    async def test_what_was_filled_before_a_cancel_is_kept(self, play: Playground) -> None:
        """It takes the best price away, its rest stays in the book, and is cancelled there."""
        best = (await play.book()).asks[0]
        qty = play.qty_up(EXACT.add(best.qty, play.small_qty(best.price)))
        request = play.request(Side.BUY, OrderType.LIMIT, qty=qty, price=best.price)
        ack = await play.connector.place_order(request)
        resting = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        assert resting.state is OrderState.PARTIALLY_FILLED
        cancelled = await play.connector.cancel_order(play.ref(request))
        assert cancelled.state is OrderState.CANCELLED
        assert cancelled.filled_qty == resting.filled_qty
        assert cancelled.filled_cost == resting.filled_cost
        _assert_adds_up(
            cancelled, await play.connector.fetch_fills(play.symbol, exchange_order_id=cancelled.exchange_order_id)
        )

    @requires(Capability.LIMIT_ORDER, Capability.FILLS_OF_ORDER)
    async def test_a_resting_order_is_filled_in_parts(self, play: Playground) -> None:
        """Somebody else hits it twice: partly filled after the first, filled after the second, as a maker."""
        other = await play.counterparty()
        best = (await play.book()).bids[0]
        price = play.price_up(best.price + play.market.tick_size)
        part = play.small_qty(price)
        request = play.request(Side.BUY, OrderType.LIMIT, qty=EXACT.multiply(part, Decimal(2)), price=price)
        ack = await play.connector.place_order(request)
        ref = play.ref(request, ack.update.exchange_order_id)
        shown = []
        for _ in range(2):
            await other.place_order(
                play.request(Side.SELL, OrderType.LIMIT, qty=part, price=price, time_in_force=TimeInForce.IOC)
            )
            shown.append(await play.connector.fetch_order(ref))
        assert [one.state for one in shown] == [OrderState.PARTIALLY_FILLED, OrderState.FILLED]
        assert [one.filled_qty for one in shown] == [part, part * 2]
        fills = await play.connector.fetch_fills(play.symbol, exchange_order_id=shown[1].exchange_order_id)
        _assert_adds_up(shown[1], fills)
        assert [fill.qty for fill in fills] == [part, part]
        assert {fill.liquidity for fill in fills} == {Liquidity.MAKER}

    @requires(Capability.MARKET_ORDER)
    async def test_the_fills_of_a_market_go_on_from_a_trade(self, play: Playground) -> None:
        """Oldest first; asked from a trade on, that trade is the first to come."""
        for side in (Side.BUY, Side.SELL, Side.BUY):
            best = (await play.book()).asks[0]
            await play.connector.place_order(play.request(side, OrderType.MARKET, qty=play.small_qty(best.price)))
        fills = await play.connector.fetch_fills(play.symbol)
        assert len(fills) >= 3
        _assert_oldest_first(fills)
        rest = await play.connector.fetch_fills(play.symbol, from_trade_id=fills[-2].trade_id)
        assert [_figures(fill) for fill in rest] == [_figures(fill) for fill in fills[-2:]]

    @requires(Capability.MARKET_ORDER, Capability.PUBLIC_TRADES)
    async def test_what_we_take_is_shown_to_everybody_with_our_side(self, play: Playground) -> None:
        for side in (Side.BUY, Side.SELL):
            best = (await play.book()).asks[0]
            request = play.request(side, OrderType.MARKET, qty=play.small_qty(best.price))
            ack = await play.connector.place_order(request)
            order = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
            shown = await play.shown.fetch_trades(play.symbol, limit=100)
            assert order.average_price in {
                trade.price for trade in shown if trade.taker_side is side and trade.qty == request.qty
            }


def _assert_adds_up(order: OrderUpdate, fills: Sequence[Fill]) -> None:
    assert fills
    assert len({fill.trade_id for fill in fills}) == len(fills)
    _assert_oldest_first(fills)
    for fill in fills:
        assert fill.symbol == order.symbol
        assert fill.exchange_order_id == order.exchange_order_id
        assert fill.side is order.side
        assert fill.qty > 0
        assert fill.price > 0
        assert fill.fee is not None, "the fee is not known"
        assert fill.fee_asset, "the fee's asset is not known"
    qty, cost = _sum(fill.qty for fill in fills), _sum(fill.cost for fill in fills)
    assert qty == order.filled_qty
    assert order.filled_cost is not None
    assert cost.quantize(_AVERAGE_PLACES) == order.filled_cost.quantize(_AVERAGE_PLACES)
    assert order.average_price is not None
    assert (cost / qty).quantize(_AVERAGE_PLACES) == order.average_price.quantize(_AVERAGE_PLACES)


def _assert_oldest_first(fills: Sequence[Fill]) -> None:
    for before, after in pairwise(fills):
        assert before.ts is not None
        assert after.ts is not None
        assert before.ts <= after.ts


def _figures(fill: Fill) -> tuple[object, ...]:
    return fill.trade_id, fill.exchange_order_id, fill.qty, fill.price, fill.fee, fill.fee_asset


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total
