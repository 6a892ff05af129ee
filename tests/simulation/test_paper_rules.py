"""Rules of paper markets: carried over from real ones, or fitted to candles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulation.paper_bench import BTC
from yunmin.core.data_contracts import Candle, Instrument, OrderType
from yunmin.core.data_contracts.money import is_multiple
from yunmin.errors import ConfigurationError
from yunmin.simulation.paper_rules import PAPER_ORDER_TYPES, carried_over, instrument_for_candles, market_of

START = datetime(2026, 1, 1, tzinfo=UTC)


def candles(*rows: tuple[str, str]) -> list[Candle]:
    """Of one price each, and a volume."""
    return [
        Candle(
            symbol="ABC/USD",
            open_time=START + timedelta(minutes=number),
            open=price,
            high=price,
            low=price,
            close=price,
            volume=volume,
        )
        for number, (price, volume) in enumerate(rows)
    ]


def test_every_rule_is_carried_over() -> None:
    full = BTC.model_copy(
        update={
            "order_types": frozenset({OrderType.LIMIT, OrderType.STOP_LOSS_LIMIT}),
            "market_qty_step": Decimal("0.01"),
            "market_max_qty": Decimal(5),
            "max_notional": Decimal(9_000_000),
            "min_notional_applies_to_market": False,
        }
    )
    assert carried_over(full) == full


def test_a_market_without_a_grid_has_the_finest_that_is_exact() -> None:
    free = Instrument(symbol="A/B", exchange_symbol="AB", base_asset="A", quote_asset="B")
    here = carried_over(free)
    assert (here.tick_size, here.qty_step, here.order_types) == (Decimal("1E-8"), Decimal("1E-8"), PAPER_ORDER_TYPES)
    assert (market_of(here).tick, market_of(here).step) == (1, 1)


@pytest.mark.parametrize(
    ("rows", "tick", "step", "min_qty"),
    [
        ([("65000.50", "12.5"), ("65001.00", "8")], "0.1", "0.1", "0.1"),
        ([("65000", "1250.5"), ("65001", "1251.5")], "1", "0.1", "0.1"),
        ([("0.0731", "1000000"), ("0.0732", "900000")], "0.00001", "1", "10"),
        ([("2.5", "0"), ("2.5", "0")], "0.001", "1", "1"),
    ],
)
def test_rules_for_candles_have_the_grid_of_their_figures(
    rows: list[tuple[str, str]], tick: str, step: str, min_qty: str
) -> None:
    made = instrument_for_candles("ABC/USD", candles(*rows))
    assert (made.tick_size, made.qty_step, made.min_qty) == (Decimal(tick), Decimal(step), Decimal(min_qty))
    assert (made.base_asset, made.quote_asset, made.min_notional) == ("ABC", "USD", Decimal(0))


def test_figures_too_fine_for_any_ledger_get_a_coarser_grid() -> None:
    made = instrument_for_candles("ETH/BTC", candles(("0.10431243", "1.12345678"), ("0.10431244", "7.5")))
    assert (made.tick_size, made.qty_step) == (Decimal("0.000001"), Decimal("0.01"))


BOOKABLE = Decimal("1E-8")
numbers = st.decimals("0.0001", "100000", places=6)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6))
def test_every_price_and_volume_lies_on_the_grid_and_a_tick_of_a_step_can_be_booked(
    rows: list[tuple[Decimal, Decimal]],
) -> None:
    made = instrument_for_candles("ABC/USD", candles(*((str(price), str(volume)) for price, volume in rows)))
    assert made.tick_size * made.qty_step >= BOOKABLE
    is_coarser = made.tick_size * made.qty_step == BOOKABLE
    for price, volume in rows:
        assert is_coarser or is_multiple(price, made.tick_size)
        assert is_coarser or is_multiple(volume, made.qty_step)
    assert market_of(made).tick >= 1
    assert is_multiple(made.min_qty, made.qty_step)


@pytest.mark.parametrize("symbol", ["ABCUSD", "/USD", "ABC/", ""])
def test_a_name_that_is_no_pair_is_refused(symbol: str) -> None:
    with pytest.raises(ConfigurationError):
        instrument_for_candles(symbol, candles(("1", "1")))
