"""When a list that lacks an order is long enough to say that it is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from yunmin.core.order_tracker import OrderTracker
from yunmin.execution.order_search import _Sweep

MADE = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begins_earlier_by", "is_enough"),
    [(60.0, True), (5.5, True), (4.5, False), (0.5, False), (-1.0, False)],
)
def test_case_48_a_list_reaches_back_to_an_order_only_beyond_what_clocks_may_differ_by(
    begins_earlier_by: float, is_enough: bool
) -> None:
    order = OrderTracker().create_order("ym-1", "BTC/USDT", "BUY", "LIMIT", "1", "100", created_at=MADE)
    sweep = _Sweep(shown={}, oldest=MADE - timedelta(seconds=begins_earlier_by), is_whole=False)
    assert sweep.reaches_back_to(order) is is_enough
