"""What an adapter hands over is looked through, all the way down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from yunmin.core.data_contracts import Candle, OrderAck, OrderState
from yunmin.testing import a_fill, an_account, an_ack, an_instrument, an_order_request, an_order_update, assert_exact

OF_A_FLOAT: dict[str, Any] = {**dict.fromkeys(Candle.model_fields), "open": 1.5}


@pytest.mark.parametrize(
    "value",
    [
        an_order_request(),
        an_order_update(raw={"price": 1.5}),
        an_ack(a_fill()),
        an_account(),
        an_instrument(),
        [None, "text", 1, True, OrderState.OPEN, {"a": Decimal(1)}, datetime(2026, 1, 1, tzinfo=UTC)],
    ],
    ids=lambda value: type(value).__name__,
)
def test_exact_values_pass(value: object) -> None:
    assert_exact(value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (1.5, "value is a float"),
        ([1, (2.5,)], r"value\[1\]\[0\] is a float"),
        ({"a": {"b": 0.1}}, r"value\['a'\]\['b'\] is a float"),
        (Decimal("NaN"), "no finite number"),
        (datetime(2026, 1, 1), "not an aware datetime"),  # noqa: DTZ001  that is the point
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))), "in UTC"),
        (object(), "value is a object"),
        (Candle.model_construct(**OF_A_FLOAT), r"value\.open is a float"),
        (an_order_update(symbol="BTCUSDT"), "not unified"),
        (an_order_update(symbol="/USDT"), "not unified"),
        (
            OrderAck.model_construct(update=an_order_update(), fills=(a_fill().model_copy(update={"fee": 0.1}),)),
            r"value\.fills\[0\]\.fee is a float",
        ),
    ],
)
def test_what_is_not_exact_is_named_by_its_path(value: object, path: str) -> None:
    with pytest.raises(AssertionError, match=path):
        assert_exact(value)
