"""Requests, updates and fills as values: frozen, closed, aware of time zones, silent about what they refuse."""

from __future__ import annotations

import math
import typing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

import yunmin.core.data_contracts as contracts
from yunmin.core.data_contracts import (
    Balance,
    Contract,
    Fill,
    Instrument,
    OrderRef,
    OrderRequest,
    OrderUpdate,
    Violation,
    verdicts,
)

CONTRACTS = sorted(
    {
        each
        for module in (contracts, verdicts)
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Contract) and each is not Contract
    },
    key=lambda each: each.__name__,
)


def a_fill(**said: Any) -> Fill:
    return Fill(**{"symbol": "BTC/USDT", "trade_id": "1", "qty": "1", "price": "100"} | said)


def a_request(**terms: Any) -> OrderRequest:
    return OrderRequest(
        **{"symbol": "BTC/USDT", "side": "BUY", "order_type": "LIMIT", "qty": "1", "price": "100"} | terms
    )


def types_within(annotation: Any) -> set[Any]:
    inner = typing.get_args(annotation)
    return {annotation}.union(*(types_within(each) for each in inner)) if inner else {annotation}


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_contract_is_frozen_closed_discreet_and_free_of_floats(contract: type[Contract]) -> None:
    assert contract.model_config["frozen"]
    assert contract.model_config["extra"] == "forbid"
    assert contract.model_config["hide_input_in_errors"]
    hints = typing.get_type_hints(contract, include_extras=False)
    for name in contract.model_fields:
        assert float not in types_within(hints[name]), name


def test_all_the_contracts_are_seen_by_the_test_above() -> None:
    assert {Fill, OrderUpdate, Instrument, Violation, Balance, verdicts.SubmitResult} <= set(CONTRACTS)


def test_a_contract_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        a_fill().qty = Decimal(2)  # type: ignore[misc]  # that is the point


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        a_fill(quantity="1")


@pytest.mark.parametrize(
    "wrong", [{"ts": "s3cret"}, {"qty": "s3cret"}, {"side": "s3cret"}, {"trade_id": ["s3cret"]}, {"kind": "s3cret"}]
)
def test_an_error_does_not_show_what_was_given(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        a_fill(**wrong)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "moment",
    [datetime(2026, 1, 1), "2026-01-01T00:00:00", 1_760_000_000, "yesterday"],  # noqa: DTZ001
)
def test_a_moment_without_a_time_zone_is_refused(moment: Any) -> None:
    with pytest.raises(ValidationError):
        a_fill(ts=moment)


def test_a_moment_that_utc_cannot_show_is_refused() -> None:
    with pytest.raises(ValidationError, match="beyond"):
        a_fill(ts=datetime.min.replace(tzinfo=timezone(timedelta(hours=5))))


def test_a_moment_of_another_zone_becomes_utc() -> None:
    tokyo = datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9)))
    assert a_fill(ts=tokyo).ts == datetime(2026, 1, 1, tzinfo=UTC)
    assert a_fill(ts=tokyo).ts.tzinfo is UTC  # type: ignore[union-attr]  # it is there by now
    assert a_fill(ts="2026-01-01T09:00:00+09:00").ts == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["qty", "price"])
@pytest.mark.parametrize("value", ["-1", "NaN", math.nan, math.inf, True, None, "1e3", "1_0", "１"])
def test_a_fill_takes_only_proper_numbers(name: str, value: Any) -> None:
    with pytest.raises(ValidationError):
        a_fill(**{name: value})


def test_a_cost_is_exact() -> None:
    fill = a_fill(qty="123456789.123456789", price="987654321.987654321")
    assert str(fill.cost) == "121932631356500531.347203169112635269"


def test_a_negative_fee_is_a_rebate_and_an_absent_one_unknown() -> None:
    assert a_fill(fee="-0.1", fee_asset="BNB").fee == Decimal("-0.1")
    assert a_fill().fee is None


def test_an_average_needs_both_figures() -> None:
    said = {"symbol": "BTC/USDT", "client_order_id": "a"}
    assert OrderUpdate(**said, filled_qty="2", filled_cost="201").average_price == Decimal("100.5")
    assert OrderUpdate(**said, filled_qty="2").average_price is None
    assert OrderUpdate(**said, filled_qty="0", filled_cost="0").average_price is None


@pytest.mark.parametrize(
    "terms",
    [
        {"qty": "0"},
        {"price": "0"},
        {"price": None},
        {"qty": None},
        {"order_type": "MARKET"},
        {"quote_qty": "5"},
        {"order_type": "MARKET", "price": None, "quote_qty": "5"},
        {"trigger_price": "1"},
        {"order_type": "STOP_LOSS_LIMIT"},
        {"order_type": "STOP_LOSS", "trigger_price": "1"},
        {"side": "LONG"},
        {"symbol": ""},
    ],
)
def test_terms_that_do_not_fit_the_type_of_order_are_refused(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        a_request(**terms)


@pytest.mark.parametrize(
    "terms",
    [
        {"order_type": "LIMIT_MAKER"},
        {"order_type": "MARKET", "price": None},
        {"order_type": "MARKET", "price": None, "qty": None, "quote_qty": "5"},
        {"order_type": "STOP_LOSS", "price": None, "trigger_price": "1"},
        {"order_type": "TAKE_PROFIT_LIMIT", "trigger_price": "1"},
    ],
)
def test_terms_that_fit_the_type_of_order_are_taken(terms: dict[str, Any]) -> None:
    a_request(**terms)


def test_an_order_is_named_by_at_least_one_id() -> None:
    with pytest.raises(ValidationError, match="named by"):
        OrderRef(symbol="BTC/USDT")
    assert OrderRef(symbol="BTC/USDT", exchange_order_id="7").client_order_id is None
