"""Orders: each type of them, how they are found again, cancelled and listed."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from yunmin.core.data_contracts import (
    OrderRef,
    OrderRequest,
    OrderState,
    OrderType,
    OrderUpdate,
    Rule,
    Side,
    TimeInForce,
)
from yunmin.core.data_contracts.money import EXACT
from yunmin.errors import DuplicateOrder, InvalidOrder, NotSupported, OrderNotFound, Rejected, RejectReason
from yunmin.exchange import Capability
from yunmin.testing.conformance.requirements import requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["OrdersConformance"]

_ENDED_SHORT = frozenset({OrderState.EXPIRED, OrderState.CANCELLED})


class OrdersConformance(ConformanceSuite):
    """Placing, finding, cancelling and listing orders."""

    # --- each type -------------------------------------------------------------------------------------------------

    @requires(Capability.LIMIT_ORDER)
    async def test_a_limit_order_rests(self, play: Playground) -> None:
        """The acknowledgement echoes what was asked, and the exchange shows the same order afterwards."""
        request = await play.resting()
        ack = await play.connector.place_order(request)
        _assert_is(ack.update, request, OrderState.OPEN)
        assert ack.fills == ()
        found = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        _assert_is(found, request, OrderState.OPEN)
        assert found.exchange_order_id == ack.update.exchange_order_id
        assert found.filled_qty == 0
        assert found.created_at is not None

    @requires(Capability.LIMIT_ORDER)
    async def test_a_limit_sell_rests_as_well(self, play: Playground) -> None:
        request = await play.resting(Side.SELL)
        ack = await play.connector.place_order(request)
        _assert_is(ack.update, request, OrderState.OPEN)

    @requires(Capability.MARKET_ORDER)
    async def test_a_market_order_is_filled_at_once(self, play: Playground) -> None:
        book = await play.book()
        request = play.request(Side.BUY, OrderType.MARKET, qty=play.small_qty(book.asks[0].price))
        ack = await play.connector.place_order(request)
        found = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        _assert_is(found, request, OrderState.FILLED)
        assert found.filled_qty == request.qty
        assert found.average_price is not None

    @requires(Capability.MARKET_ORDER_BY_QUOTE)
    async def test_a_market_order_by_quote_spends_no_more_than_that(self, play: Playground) -> None:
        """What is left over is less than one step would have cost."""
        book = await play.book()
        price = book.asks[0].price
        budget = play.price_up(EXACT.multiply(play.small_qty(price), price))
        request = play.request(Side.BUY, OrderType.MARKET, quote_qty=budget)
        ack = await play.connector.place_order(request)
        found = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        assert found.filled_qty
        assert found.filled_cost is not None
        assert found.average_price is not None
        step = max(play.market.qty_step, play.market.market_qty_step)
        assert budget - 2 * EXACT.multiply(step, found.average_price) < found.filled_cost <= budget

    @requires(Capability.POST_ONLY)
    async def test_a_post_only_order_rests_where_it_takes_nothing(self, play: Playground) -> None:
        price = await play.far_price(Side.BUY)
        request = play.request(Side.BUY, OrderType.LIMIT_MAKER, qty=play.small_qty(price), price=price)
        ack = await play.connector.place_order(request)
        _assert_is(ack.update, request, OrderState.OPEN)

    @requires(Capability.POST_ONLY)
    async def test_a_post_only_order_that_would_take_is_refused(self, play: Playground) -> None:
        crossing = play.price_up((await play.book()).asks[0].price * Decimal("1.01"))
        request = play.request(Side.BUY, OrderType.LIMIT_MAKER, qty=play.small_qty(crossing), price=crossing)
        with pytest.raises(Rejected) as refused:
            await play.connector.place_order(request)
        assert refused.value.reason is RejectReason.POST_ONLY
        assert not await _is_open(play, request)

    @requires(Capability.IMMEDIATE_OR_CANCEL)
    async def test_what_an_immediate_order_cannot_fill_does_not_rest(self, play: Playground) -> None:
        """It takes the best price away, and its rest ends."""
        best = (await play.book()).asks[0]
        qty = play.qty_up(EXACT.add(best.qty, play.small_qty(best.price)))
        request = play.request(Side.BUY, OrderType.LIMIT, qty=qty, price=best.price, time_in_force=TimeInForce.IOC)
        ack = await play.connector.place_order(request)
        found = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        assert found.state in _ENDED_SHORT
        assert found.time_in_force is TimeInForce.IOC
        assert found.filled_qty is not None
        assert 0 < found.filled_qty < qty
        assert not await _is_open(play, request)

    @requires(Capability.FILL_OR_KILL)
    async def test_a_fill_or_kill_order_that_cannot_be_filled_ends_untouched(self, play: Playground) -> None:
        best = (await play.book()).asks[0]
        qty = play.qty_up(EXACT.add(best.qty, play.small_qty(best.price)))
        request = play.request(Side.BUY, OrderType.LIMIT, qty=qty, price=best.price, time_in_force=TimeInForce.FOK)
        ack = await play.connector.place_order(request)
        found = await play.connector.fetch_order(play.ref(request, ack.update.exchange_order_id))
        assert found.state in _ENDED_SHORT
        assert found.time_in_force is TimeInForce.FOK
        assert found.filled_qty == 0

    @requires(Capability.STOP_ORDER)
    async def test_a_stop_order_waits_for_its_price(self, play: Playground) -> None:
        price = await play.far_price(Side.BUY)
        request = play.request(
            Side.SELL, OrderType.STOP_LOSS_LIMIT, qty=play.small_qty(price), price=price, trigger_price=price
        )
        try:
            ack = await play.connector.place_order(request)
        except InvalidOrder as error:
            # a market that does not list the type refuses it by its rules, before the adapter is asked
            if Rule.ORDER_TYPE.value in str(error):
                raise NotSupported("the market takes no stop orders") from error
            raise
        _assert_is(ack.update, request, OrderState.OPEN)
        assert ack.update.trigger_price == request.trigger_price

    @requires(Capability.TEST_ORDER)
    async def test_a_test_order_places_nothing(self, play: Playground) -> None:
        before = await play.connector.fetch_account()
        request = await play.resting()
        await play.tests_orders.test_order(request)
        assert not await _is_open(play, request)
        after = await play.connector.fetch_account()
        assert after.balances == before.balances
        with pytest.raises(OrderNotFound):
            await play.connector.fetch_order(play.ref(request))

    # --- names -----------------------------------------------------------------------------------------------------

    @requires(Capability.CLIENT_ORDER_ID)
    async def test_our_id_comes_back_wherever_the_order_is_shown(self, play: Playground) -> None:
        request = await play.resting()
        ack = await play.connector.place_order(request)
        ref = OrderRef(symbol=play.symbol, exchange_order_id=ack.update.exchange_order_id)
        shown = [
            ack.update,
            await play.connector.fetch_order(ref),
            *[one for one in await play.connector.fetch_open_orders(play.symbol) if _same(one, ack.update)],
            await play.connector.cancel_order(ref),
        ]
        assert [one.client_order_id for one in shown] == [request.client_order_id] * 4

    @requires(Capability.CLIENT_ORDER_ID, Capability.LIMIT_ORDER)
    async def test_ids_that_it_makes_up_are_ours_and_new(self, play: Playground) -> None:
        request = (await play.resting()).model_copy(update={"client_order_id": None})
        made_up = []
        for _ in range(2):
            ack = await play.connector.place_order(request)
            made_up.append(ack.update.client_order_id)
            await play.connector.cancel_order(
                OrderRef(symbol=play.symbol, exchange_order_id=ack.update.exchange_order_id)
            )
        assert made_up[0] != made_up[1]
        for given in made_up:
            assert given is not None
            assert given.startswith(play.traits.client_order_id_prefix)
            assert re.fullmatch(play.traits.client_order_id_pattern, given, re.ASCII)

    @requires(Capability.CLIENT_ORDER_ID, Capability.LIMIT_ORDER)
    async def test_an_id_in_use_is_refused_and_its_order_stays(self, play: Playground) -> None:
        request = await play.resting()
        first = await play.connector.place_order(request)
        with pytest.raises(DuplicateOrder):
            await play.connector.place_order(request)
        mine = [
            one
            for one in await play.connector.fetch_open_orders(play.symbol)
            if one.client_order_id == request.client_order_id
        ]
        assert [one.exchange_order_id for one in mine] == [first.update.exchange_order_id]

    @requires(Capability.FETCH_BY_CLIENT_ORDER_ID)
    async def test_an_order_is_found_and_cancelled_by_our_id_alone(self, play: Playground) -> None:
        request = await play.resting()
        ack = await play.connector.place_order(request)
        found = await play.connector.fetch_order(play.ref(request))
        assert found.exchange_order_id == ack.update.exchange_order_id
        cancelled = await play.connector.cancel_order(play.ref(request))
        assert cancelled.exchange_order_id == ack.update.exchange_order_id
        assert cancelled.state is OrderState.CANCELLED

    # --- cancelling ------------------------------------------------------------------------------------------------

    @requires(Capability.LIMIT_ORDER)
    async def test_a_cancelled_order_is_shown_cancelled_and_rests_no_more(self, play: Playground) -> None:
        request = await play.resting()
        ack = await play.connector.place_order(request)
        ref = OrderRef(symbol=play.symbol, exchange_order_id=ack.update.exchange_order_id)
        cancelled = await play.connector.cancel_order(ref)
        _assert_is(cancelled, request, OrderState.CANCELLED)
        assert cancelled.filled_qty == 0
        _assert_is(await play.connector.fetch_order(ref), request, OrderState.CANCELLED)
        assert not await _is_open(play, request)

    @requires(Capability.LIMIT_ORDER)
    async def test_an_order_is_cancelled_once(self, play: Playground) -> None:
        request = await play.resting()
        await play.connector.place_order(request)
        await play.connector.cancel_order(play.ref(request))
        with pytest.raises(OrderNotFound):
            await play.connector.cancel_order(play.ref(request))

    @requires(Capability.MARKET_ORDER)
    async def test_a_filled_order_cannot_be_cancelled(self, play: Playground) -> None:
        book = await play.book()
        request = play.request(Side.SELL, OrderType.MARKET, qty=play.small_qty(book.bids[0].price))
        await play.connector.place_order(request)
        with pytest.raises(OrderNotFound):
            await play.connector.cancel_order(play.ref(request))
        assert (await play.connector.fetch_order(play.ref(request))).state is OrderState.FILLED

    @requires(Capability.CANCEL_ALL)
    async def test_all_orders_of_a_market_are_cancelled_at_once(self, play: Playground) -> None:
        """What comes back are the cancelled orders; with none left, nothing comes back."""
        requests = [await play.resting(Side.BUY), await play.resting(Side.SELL)]
        for request in requests:
            await play.connector.place_order(request)
        cancelled = await play.cancels_all.cancel_all_orders(play.symbol)
        by_id = {one.client_order_id: one for one in cancelled}
        for request in requests:
            assert request.client_order_id in by_id
            assert by_id[request.client_order_id].state is OrderState.CANCELLED
            _assert_is(await play.connector.fetch_order(play.ref(request)), request, OrderState.CANCELLED)
        assert list(await play.cancels_all.cancel_all_orders(play.symbol)) == []

    # --- lists -----------------------------------------------------------------------------------------------------

    @requires(Capability.LIMIT_ORDER)
    async def test_the_open_orders_of_a_market_are_those_that_rest_there(self, play: Playground) -> None:
        resting, gone = await play.resting(), await play.resting()
        for request in (resting, gone):
            await play.connector.place_order(request)
        await play.connector.cancel_order(play.ref(gone))
        found = await play.connector.fetch_open_orders(play.symbol)
        assert {one.symbol for one in found} == {play.symbol}
        mine = {one.client_order_id: one for one in found}
        assert gone.client_order_id not in mine
        assert resting.client_order_id in mine
        _assert_is(mine[resting.client_order_id], resting, OrderState.OPEN)

    @requires(Capability.OPEN_ORDERS_OF_ALL_SYMBOLS)
    async def test_the_open_orders_of_all_markets_come_unasked_for_one(self, play: Playground) -> None:
        request = await play.resting()
        await play.connector.place_order(request)
        found = await play.connector.fetch_open_orders()
        assert request.client_order_id in {one.client_order_id for one in found}

    @requires(Capability.ORDER_HISTORY)
    async def test_the_history_is_newest_first_and_no_longer_than_asked(self, play: Playground) -> None:
        requests = [await play.resting() for _ in range(3)]
        for request in requests:
            await play.connector.place_order(request)
        await play.connector.cancel_order(play.ref(requests[1]))
        newest_first = [request.client_order_id for request in reversed(requests)]
        history = await play.connector.fetch_order_history(play.symbol, limit=3)
        assert [one.client_order_id for one in history] == newest_first
        assert [one.state for one in history] == [OrderState.OPEN, OrderState.CANCELLED, OrderState.OPEN]
        shorter = await play.connector.fetch_order_history(play.symbol, limit=2)
        assert [one.client_order_id for one in shorter] == newest_first[:2]

    @requires(Capability.ORDER_HISTORY)
    async def test_the_history_since_a_moment_begins_with_what_was_made_then(self, play: Playground) -> None:
        requests = [await play.resting() for _ in range(3)]
        for request in requests:
            await play.connector.place_order(request)
        last = await play.connector.fetch_order_history(play.symbol, limit=3)
        first_of_them, last_of_them = last[-1].created_at, last[0].created_at
        assert first_of_them is not None
        assert last_of_them is not None
        found = await play.connector.fetch_order_history(play.symbol, since=first_of_them, limit=2)
        assert requests[0].client_order_id in {one.client_order_id for one in found}
        assert len(found) == 2
        assert await play.connector.fetch_order_history(play.symbol, since=last_of_them + timedelta(days=1)) == []


def _assert_is(update: OrderUpdate, request: OrderRequest, state: OrderState) -> None:
    """`update` is about the order that was asked for, with its terms, and in that state."""
    assert update.exchange_order_id
    assert update.client_order_id == request.client_order_id
    assert update.symbol == request.symbol
    assert update.side is request.side
    assert update.order_type is request.order_type
    assert update.qty == request.qty
    assert update.price == request.price
    assert update.state is state
    assert update.raw_status


def _same(one: OrderUpdate, other: OrderUpdate) -> bool:
    return one.exchange_order_id == other.exchange_order_id


async def _is_open(play: Playground, request: OrderRequest) -> bool:
    found = await play.connector.fetch_open_orders(request.symbol)
    return any(one.client_order_id == request.client_order_id for one in found)
