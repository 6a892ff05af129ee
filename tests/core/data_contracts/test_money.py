"""Numbers enter exactly, within bounds, or not at all."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunmin.core.data_contracts.money import (
    EXACT,
    MAX_MAGNITUDE,
    ceil_to_step,
    floor_to_step,
    is_multiple,
    plain,
    to_decimal,
    to_non_negative,
    to_positive,
)
from yunmin.errors import InvalidValue, YunminError

CHECKED = settings(max_examples=200, deadline=None, derandomize=True, database=None)
bounded = st.decimals(min_value="-999999", max_value="999999", places=8)
prices = st.decimals(min_value="0.00000001", max_value="999999", places=8)
steps = st.one_of(
    st.integers(0, 8).map(lambda places: Decimal(1).scaleb(-places)),
    st.decimals(min_value="0.00000001", max_value="1000", places=8),
)


@pytest.mark.parametrize(
    "text", ["0", "1", "-1", "+1", "0.1", "00.10", "999999999999999999.999999999999999999", "0.000000000000000001"]
)
def test_plain_digits_become_exactly_that_decimal(text: str) -> None:
    assert to_decimal(text) == Decimal(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", " 1 ", "1 ", "\n1", "1\n", "+", "-", "+-1", ".", ".5", "5.", "1.2.3", "1,5", "1_000", "0x10"),
        *("NaN", "nan", "sNaN", "Inf", "-Infinity", "1e400", "1E5", "1e-5"),
        *("１２", "٣", "²", "1\u00a0", "1\x00", "true"),
        *("1000000000000000000", "0.0000000000000000001"),
    ],
)
def test_every_other_text_is_refused(text: str) -> None:
    for convert in (to_decimal, to_non_negative, to_positive):
        with pytest.raises(InvalidValue):
            convert(text)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, False, b"1", [1], {}, 1j, object()),
        *(float("nan"), float("inf"), -float("inf"), 1e18, 1e400, 1e-19),
        *(10**18, -(10**18), 10**400),
        *(Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), MAX_MAGNITUDE, Decimal("1e400"), Decimal("1e-19")),
        Decimal("0.1" + "0" * 120 + "1"),
    ],
)
def test_every_other_value_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValue):
        to_decimal(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.1, "0.1"), (42000.0, "42000"), (1e-7, "0.0000001"), (1e17, "100000000000000000"), (7, "7"), (-3, "-3")],
)
def test_a_float_means_its_shortest_decimal_and_an_int_itself(value: float, expected: str) -> None:
    assert to_decimal(value) == Decimal(expected)


def test_needless_zeros_are_no_precision() -> None:
    assert to_decimal(Decimal("1." + "0" * 60)) == 1
    assert to_decimal(Decimal("0E-50")) == 0


def test_a_refusal_is_one_of_our_own_errors_and_shows_numbers_only() -> None:
    with pytest.raises(YunminError, match="'1e400'"):
        to_decimal("1e400")
    with pytest.raises(ValueError, match="12 characters of text") as caught:
        to_decimal("sk-secret-42")
    assert "secret" not in str(caught.value)


def test_zero_is_not_positive_and_less_is_not_non_negative() -> None:
    assert to_non_negative("0") == to_non_negative(0) == 0
    assert str(to_non_negative("-0.0")) == "0"
    for convert, value in ((to_positive, "0"), (to_positive, "-1"), (to_non_negative, "-1"), (to_non_negative, -0.1)):
        with pytest.raises(InvalidValue):
            convert(value)


@CHECKED
@given(st.decimals(min_value="0", max_value="999999999999999999", places=18), prices)
def test_products_are_exact_beyond_the_default_28_digits(qty: Decimal, price: Decimal) -> None:
    exact = int(qty.scaleb(18, EXACT)) * int(price.scaleb(8, EXACT))
    with localcontext(prec=5):
        assert EXACT.multiply(qty, price) == Decimal(exact).scaleb(-26, EXACT)


@CHECKED
@given(bounded, steps)
def test_floor_and_ceiling_are_the_nearest_multiples_on_their_side(value: Decimal, step: Decimal) -> None:
    below, above = floor_to_step(value, step), ceil_to_step(value, step)
    assert is_multiple(below, step)
    assert is_multiple(above, step)
    assert below <= value <= above
    assert value - below < step
    assert above - value < step
    assert (below == value) == (above == value) == is_multiple(value, step)


def test_a_step_of_zero_sets_no_rule() -> None:
    value, zero = Decimal("1.23"), Decimal(0)
    assert floor_to_step(value, zero) == ceil_to_step(value, zero) == value
    assert is_multiple(value, zero)


@CHECKED
@given(bounded)
def test_what_is_written_for_a_wire_reads_back_the_same(value: Decimal) -> None:
    text = plain(value)
    assert "E" not in text
    assert to_decimal(text) == value


@pytest.mark.parametrize(
    ("value", "text"), [("1E+3", "1000"), ("1E-8", "0.00000001"), ("1.500", "1.5"), ("-0.0", "0"), ("100", "100")]
)
def test_a_wire_gets_digits_without_exponent_and_needless_zeros(value: str, text: str) -> None:
    assert plain(Decimal(value)) == text
