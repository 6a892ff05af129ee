"""The rules of a market: each broken one is named, and rounding harms nobody."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunmin.core.data_contracts import Instrument, InstrumentStatus, OrderRequest, OrderType, Rule, Side

CHECKED = settings(max_examples=200, deadline=None, derandomize=True, database=None)


def an_instrument(**rules: Any) -> Instrument:
    about = {
        "symbol": "BTC/USDT",
        "exchange_symbol": "BTCUSDT",
        "base_asset": "BTC",
        "quote_asset": "USDT",
        "tick_size": "0.5",
        "min_price": "1",
        "max_price": "1000",
        "qty_step": "0.01",
        "min_qty": "0.01",
        "max_qty": "100",
        "market_max_qty": "10",
        "min_notional": "5",
        "max_notional": "50000",
    }
    return Instrument(**about | rules)


def a_request(**terms: Any) -> OrderRequest:
    about = {"symbol": "BTC/USDT", "side": "BUY", "order_type": "LIMIT", "qty": "1", "price": "100"}
    return OrderRequest(**about | terms)


def a_market_request(**terms: Any) -> OrderRequest:
    return a_request(order_type="MARKET", price=None, **terms)


def broken(instrument: Instrument, request: OrderRequest, **about: Any) -> list[Rule]:
    return [violation.rule for violation in instrument.violations(request, **about)]


def test_an_order_within_all_rules_breaks_none() -> None:
    assert broken(an_instrument(), a_request()) == []


@pytest.mark.parametrize(
    ("rule", "rules", "terms"),
    [
        (Rule.STATUS, {"status": InstrumentStatus.CANCEL_ONLY}, {}),
        (Rule.STATUS, {"status": InstrumentStatus.HALTED}, {}),
        (Rule.ORDER_TYPE, {"order_types": frozenset({OrderType.LIMIT_MAKER})}, {}),
        (Rule.MIN_PRICE, {}, {"price": "0.5", "qty": "20"}),
        (Rule.MAX_PRICE, {}, {"price": "1000.5"}),
        (Rule.TICK, {}, {"price": "100.2"}),
        (Rule.MIN_QTY, {"min_qty": "0.1"}, {"qty": "0.09"}),
        (Rule.MAX_QTY, {}, {"qty": "100.01"}),
        (Rule.STEP, {}, {"qty": "1.001"}),
        (Rule.MIN_NOTIONAL, {}, {"qty": "0.04"}),
        (Rule.MAX_NOTIONAL, {"max_notional": "99"}, {}),
    ],
)
def test_a_broken_rule_is_named(rule: Rule, rules: dict[str, Any], terms: dict[str, Any]) -> None:
    assert broken(an_instrument(**rules), a_request(**terms)) == [rule]


def test_every_rule_is_tested_above() -> None:
    cases = test_a_broken_rule_is_named.pytestmark[0].args[1]
    assert {case[0] for case in cases} == set(Rule)


def test_every_broken_rule_is_named_with_what_was_asked_and_its_limit() -> None:
    violations = an_instrument().violations(a_request(price="0.2", qty="0.001"))
    assert [violation.rule for violation in violations] == [
        Rule.MIN_PRICE,
        Rule.TICK,
        Rule.MIN_QTY,
        Rule.STEP,
        Rule.MIN_NOTIONAL,
    ]
    assert str(violations[0]) == "MIN_PRICE: 0.2 is below 1"


def test_a_trigger_price_obeys_the_rules_of_prices() -> None:
    request = a_request(order_type="STOP_LOSS_LIMIT", trigger_price="100.2")
    assert broken(an_instrument(), request) == [Rule.TICK]


def test_a_market_order_obeys_both_sets_of_quantity_rules() -> None:
    instrument = an_instrument(market_min_qty="0.5", market_qty_step="0.1", max_notional=None)
    assert broken(instrument, a_market_request(qty="11")) == [Rule.MAX_QTY]
    assert broken(instrument, a_market_request(qty="0.4")) == [Rule.MIN_QTY]
    assert broken(instrument, a_market_request(qty="0.55")) == [Rule.STEP]
    assert broken(instrument, a_request(qty="11")) == []


def test_the_notional_of_a_market_order_is_measured_at_a_reference_price() -> None:
    request = a_market_request(qty="0.01")
    assert broken(an_instrument(), request) == []
    assert broken(an_instrument(), request, reference_price=Decimal(100)) == [Rule.MIN_NOTIONAL]
    exempt = an_instrument(min_notional_applies_to_market=False)
    assert broken(exempt, request, reference_price=Decimal(100)) == []


def test_an_order_by_quote_amount_is_measured_by_it() -> None:
    request = a_request(order_type="MARKET", price=None, qty=None, quote_qty="4")
    assert broken(an_instrument(), request) == [Rule.MIN_NOTIONAL]


def test_the_upper_notional_binds_market_orders_only_where_the_market_says_so() -> None:
    request, price = a_market_request(qty="1"), Decimal(100)
    assert broken(an_instrument(max_notional="99"), request, reference_price=price) == []
    strict = an_instrument(max_notional="99", max_notional_applies_to_market=True)
    assert broken(strict, request, reference_price=price) == [Rule.MAX_NOTIONAL]


places = st.integers(0, 6).map(lambda digits: Decimal(1).scaleb(-digits))


@CHECKED
@given(
    st.sampled_from(Side),
    st.decimals("10", "900", places=8),
    st.decimals("1", "90", places=8),
    places,
    places,
)
def test_rounding_never_harms_the_owner_and_always_lands_on_the_grid(
    side: Side, price: Decimal, qty: Decimal, tick: Decimal, step: Decimal
) -> None:
    instrument = an_instrument(tick_size=tick, qty_step=step, min_qty=step)
    asked = a_request(side=side, price=price, qty=qty)
    rounded = instrument.rounded(asked)
    assert rounded.price is not None
    assert rounded.qty is not None
    assert rounded.price <= price if side is Side.BUY else rounded.price >= price
    assert abs(rounded.price - price) < tick
    assert qty - step < rounded.qty <= qty
    assert not {Rule.TICK, Rule.STEP} & set(broken(instrument, rounded))
    assert instrument.rounded(rounded) == rounded


def test_a_quantity_below_one_step_is_refused_rather_than_rounded_up() -> None:
    with pytest.raises(ValueError, match="qty must be more than zero"):
        an_instrument().rounded(a_request(qty="0.009"))


def test_a_trigger_price_is_rounded_as_safely_as_a_price() -> None:
    buy = a_request(order_type="STOP_LOSS_LIMIT", trigger_price="10.057", price="10.123")
    rounded = an_instrument(tick_size="0.01").rounded(buy)
    assert (str(rounded.trigger_price), str(rounded.price)) == ("10.05", "10.12")
    sell = buy.model_copy(update={"side": "SELL"})
    assert str(an_instrument(tick_size="0.01").rounded(sell).trigger_price) == "10.06"
