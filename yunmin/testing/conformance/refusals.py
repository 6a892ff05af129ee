"""Refusals: each by its name, and unsent where it can be known here."""

# ruff: noqa: S101  a test suite asserts

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from yunmin.core.data_contracts import OrderRef, OrderRequest, OrderType, Rule, Side
from yunmin.core.data_contracts.money import EXACT, floor_to_step
from yunmin.errors import (
    AuthenticationFailed,
    InsufficientFunds,
    InvalidOrder,
    OrderNotFound,
    RejectReason,
    RejectSource,
    UnknownSymbol,
)
from yunmin.exchange import Capability, Credentials
from yunmin.testing.conformance.markets import NO_SUCH_SYMBOL
from yunmin.testing.conformance.requirements import requires
from yunmin.testing.conformance.suite import ConformanceSuite
from yunmin.testing.playground import Playground

__all__ = ["RefusalsConformance"]

_NO_NUMBERS = ("NaN", "sNaN", "Infinity", "-Infinity", "-1", "0", "1e400", "1_000", "１", "", " 1", "0x10", True, None)
_TENTH = Decimal("0.1")


class RefusalsConformance(ConformanceSuite):
    """What is refused, by whom, and under which name."""

    @requires()
    async def test_an_order_that_never_was_is_not_found(self, play: Playground) -> None:
        ref = OrderRef(symbol=play.symbol, client_order_id=play.client_order_id())
        with pytest.raises(OrderNotFound):
            await play.connector.fetch_order(ref)
        with pytest.raises(OrderNotFound):
            await play.connector.cancel_order(ref)

    @requires()
    async def test_an_unknown_symbol_is_refused_unsent(self, play: Playground) -> None:
        request = (await play.resting()).model_copy(update={"symbol": NO_SUCH_SYMBOL})
        ref = play.ref(request)
        connector = play.connector
        calls = (
            lambda: connector.place_order(request),
            lambda: connector.cancel_order(ref),
            lambda: connector.fetch_order(ref),
            lambda: connector.fetch_open_orders(NO_SUCH_SYMBOL),
            lambda: connector.fetch_order_history(NO_SUCH_SYMBOL),
            lambda: connector.fetch_fills(NO_SUCH_SYMBOL),
        )
        for call in calls:
            with play.nothing_sent(), pytest.raises(UnknownSymbol) as refused:
                await call()
            assert refused.value.source is RejectSource.LOCAL

    @requires(Capability.LIMIT_ORDER)
    async def test_more_than_the_account_holds_is_refused(self, play: Playground) -> None:
        price = await play.far_price(Side.BUY)
        free = (await play.connector.fetch_account()).balance(play.market.quote_asset).free
        unaffordable = play.qty_up(EXACT.divide(EXACT.multiply(free, Decimal(2)), price))
        request = await play.resting(price=price, qty=max(unaffordable, play.small_qty(price)))
        with pytest.raises(InsufficientFunds) as refused:
            await play.connector.place_order(request)
        assert refused.value.reason is RejectReason.INSUFFICIENT_FUNDS
        assert refused.value.source is RejectSource.EXCHANGE
        assert request.client_order_id not in {
            one.client_order_id for one in await play.connector.fetch_open_orders(play.symbol)
        }

    @requires(Capability.LIMIT_ORDER)
    async def test_each_broken_rule_is_named_and_the_order_unsent(self, play: Playground) -> None:
        broken = list(_rule_breakers(play, await play.resting()))
        assert {Rule.TICK, Rule.STEP} <= {rule for rule, _ in broken}
        for rule, request in broken:
            with play.nothing_sent(), pytest.raises(InvalidOrder) as refused:
                await play.connector.place_order(request)
            assert refused.value.reason is RejectReason.RULE_VIOLATION
            assert refused.value.source is RejectSource.LOCAL
            assert rule.value in str(refused.value)

    @requires()
    async def test_what_is_no_number_never_becomes_an_order(self, play: Playground) -> None:
        price = await play.far_price(Side.BUY)
        qty = play.small_qty(price)
        for value in _NO_NUMBERS:
            for terms in ({"qty": value, "price": price}, {"qty": qty, "price": value}):
                with play.nothing_sent(), pytest.raises(ValueError):  # noqa: PT011  which one is pydantic's affair
                    await play.connector.place_order(play.request(Side.BUY, OrderType.LIMIT, **terms))

    @requires(Capability.CLIENT_ORDER_ID)
    async def test_an_id_that_does_not_fit_is_refused_unsent(self, play: Playground) -> None:
        request = await play.resting()
        too_long = play.traits.client_order_id_prefix.ljust(play.traits.client_order_id_max_length + 1, "0")
        for given in ("", " ", "a b", "ü", "a\n", too_long):
            with play.nothing_sent(), pytest.raises(InvalidOrder) as refused:
                await play.connector.place_order(request.model_copy(update={"client_order_id": given}))
            assert refused.value.source is RejectSource.LOCAL

    @requires()
    async def test_a_wrong_secret_opens_nothing(self, play: Playground) -> None:
        credentials = play.ground.config.credentials
        assert credentials is not None
        wrong = Credentials.of(credentials.api_key, "wrong".ljust(64, "0"))
        stranger = play.another_connector(wrong)
        await stranger.connect()
        request = await play.resting()
        with pytest.raises(AuthenticationFailed):
            await stranger.fetch_account()
        with pytest.raises(AuthenticationFailed):
            await stranger.place_order(request)


def _rule_breakers(play: Playground, sound: OrderRequest) -> Iterator[tuple[Rule, OrderRequest]]:
    """For each rule that the market sets: the sound request, changed so that it breaks it."""
    market, qty, price = play.market, sound.qty, sound.price
    assert qty is not None
    assert price is not None

    def with_terms(**terms: object) -> OrderRequest:
        return OrderRequest.model_validate({**dict(sound), **terms})

    yield Rule.TICK, with_terms(price=price + market.tick_size * _TENTH)
    yield Rule.STEP, with_terms(qty=qty + market.qty_step * _TENTH)
    if market.min_qty:
        yield Rule.MIN_QTY, with_terms(qty=market.min_qty * _TENTH)
    if market.max_qty is not None:
        yield Rule.MAX_QTY, with_terms(qty=market.max_qty + market.qty_step)
    if market.max_price is not None:
        yield Rule.MAX_PRICE, with_terms(price=market.max_price + market.tick_size)
    too_little = floor_to_step(EXACT.divide(market.min_notional, price), market.qty_step)
    if too_little >= market.min_qty and 0 < too_little * price < market.min_notional:
        yield Rule.MIN_NOTIONAL, with_terms(qty=too_little)
