"""Builders give complete values that fit one another."""

from __future__ import annotations

from decimal import Decimal

import pytest

from yunmin.core.data_contracts import OrderState, OrderType, Side
from yunmin.core.order_tracker import OrderTracker
from yunmin.testing import a_balance, a_fill, an_account, an_ack, an_instrument, an_order_request, an_order_update


def test_what_they_build_is_one_story() -> None:
    """The request fits the market, the acknowledgement is its, and the fills are the order's."""
    assert an_instrument().violations(an_order_request()) == ()
    tracker = OrderTracker()
    order = tracker.submit(an_order_request())
    ack = an_ack(a_fill(), filled_qty="0.25", filled_cost="10000", state=OrderState.PARTIALLY_FILLED)
    tracker.apply(ack.update)
    for fill in (*ack.fills, a_fill(trade_id="502")):
        tracker.apply(fill)
    tracker.apply(an_order_update(state=OrderState.FILLED, filled_qty="0.5", filled_cost="20000"))
    assert order.state is OrderState.FILLED
    assert order.fees == {"USDT": Decimal(20)}


def test_a_change_is_all_that_has_to_be_said() -> None:
    assert an_order_request(side="SELL").side is Side.SELL
    assert an_order_request(order_type="MARKET", price=None).order_type is OrderType.MARKET
    assert an_account(a_balance(asset="BTC", free="2")).balance("BTC").total == 2


def test_a_change_that_is_no_valid_value_is_refused() -> None:
    for change in ({"qty": "NaN"}, {"nonsense": 1}):
        with pytest.raises(ValueError):  # noqa: PT011  which one is pydantic's affair
            an_order_request(**change)
