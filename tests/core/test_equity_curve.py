from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from yunmin.core.equity_curve import EquityCurve
from yunmin.errors import InvalidValue

START = datetime(2026, 1, 1, tzinfo=UTC)


def a_curve(*values: str, kept: int = 100) -> EquityCurve:
    curve = EquityCurve(kept=kept)
    for number, value in enumerate(values):
        curve.record(START + timedelta(hours=number), value)
    return curve


def test_a_drawdown_is_measured_from_the_highest_point() -> None:
    curve = a_curve("100", "120", "90", "108")
    assert (curve.peak, curve.drawdown, curve.max_drawdown) == (Decimal(120), Decimal("0.1"), Decimal("0.25"))


def test_old_points_are_let_go_and_the_peak_stays() -> None:
    curve = a_curve("200", "100", "150", kept=2)
    assert [point.equity for point in curve.points] == [100, 150]
    assert (curve.peak, curve.max_drawdown) == (Decimal(200), Decimal("0.5"))


def test_nothing_recorded_is_no_drawdown() -> None:
    assert (EquityCurve().drawdown, EquityCurve().peak) == (Decimal(0), None)


def test_a_curve_is_written_and_read_exactly() -> None:
    curve = a_curve("100.000000000000000001", "99")
    again = EquityCurve.load(json.loads(json.dumps(curve.dump())))
    assert again.dump() == curve.dump()
    assert again.points == curve.points


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(InvalidValue):
        EquityCurve().record(START, float("nan"))
