from __future__ import annotations

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yunmin.core.cost_basis import CostMethod, Holding

D = Decimal

TRADES = st.lists(
    st.tuples(
        st.decimals("-10", "10", places=6, allow_nan=False).filter(bool),
        st.decimals("0.01", "1000", places=2, allow_nan=False),
    ),
    max_size=30,
)


def after(method: CostMethod, *trades: tuple[str, str]) -> Holding:
    holding = Holding(method)
    for delta, price in trades:
        holding.trade(D(delta), D(price))
    return holding


@pytest.mark.parametrize(
    ("method", "trades", "qty", "cost", "realised"),
    [
        (CostMethod.AVERAGE, [("1", "100"), ("1", "200")], "2", "300", "0"),
        (CostMethod.AVERAGE, [("1", "100"), ("1", "200"), ("-1", "250")], "1", "150", "100"),
        (CostMethod.FIFO, [("1", "100"), ("1", "200"), ("-1", "250")], "1", "200", "150"),
        (CostMethod.FIFO, [("1", "100"), ("1", "200"), ("-1.5", "250")], "0.5", "100", "175"),
        (CostMethod.AVERAGE, [("1", "100"), ("-1", "90")], "0", "0", "-10"),
        (CostMethod.AVERAGE, [("-2", "100"), ("1", "80")], "-1", "-100", "20"),
        (CostMethod.FIFO, [("1", "100"), ("-3", "110")], "-2", "-220", "10"),
        (CostMethod.AVERAGE, [("-1", "100"), ("2", "120")], "1", "120", "-20"),
    ],
)
def test_what_is_left_what_it_cost_and_what_was_made(
    method: CostMethod, trades: list[tuple[str, str]], qty: str, cost: str, realised: str
) -> None:
    holding = after(method, *trades)
    assert (holding.qty, holding.cost, holding.realised) == (D(qty), D(cost), D(realised))


def test_a_third_of_an_average_loses_no_digit_to_rounding() -> None:
    holding = after(CostMethod.AVERAGE, ("3", "33.33"), ("4", "10.01"), ("-1", "20"), ("-1", "20"))
    holding.trade(D(-5), D(20))
    assert holding.qty == holding.cost == 0
    assert holding.realised == 7 * D(20) - 3 * D("33.33") - 4 * D("10.01")


@given(TRADES, st.sampled_from(CostMethod))
def test_gains_are_what_came_in_less_what_was_paid_whatever_the_method(
    trades: list[tuple[Decimal, Decimal]], method: CostMethod
) -> None:
    holding = Holding(method)
    for delta, price in trades:
        holding.trade(delta, price)
        assert (holding.cost > 0) == (holding.qty > 0)
        assert (holding.cost < 0) == (holding.qty < 0)
    with localcontext(Context(prec=300)):
        assert holding.qty == sum((delta for delta, _ in trades), D(0))
        assert holding.realised - holding.cost == -sum((delta * price for delta, price in trades), D(0))


@given(TRADES, st.sampled_from(CostMethod))
def test_a_holding_goes_on_after_being_written_and_read(
    trades: list[tuple[Decimal, Decimal]], method: CostMethod
) -> None:
    whole, halved = Holding(method), Holding(method)
    for delta, price in trades:
        whole.trade(delta, price)
        halved = Holding.load(method, halved.dump())
        halved.trade(delta, price)
    assert halved.dump() == whole.dump()
    assert (halved.qty, halved.cost, halved.realised) == (whole.qty, whole.cost, whole.realised)
