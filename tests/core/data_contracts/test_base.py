"""What every contract shares."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from yunmin.core.data_contracts import Balance, Fill, FillKind, Liquidity, Side, Source

FIELDS = {
    "symbol": "BTC/USDT",
    "trade_id": "7",
    "client_order_id": None,
    "exchange_order_id": "9",
    "side": Side.BUY,
    "qty": Decimal("0.1"),
    "price": Decimal(42000),
    "fee": None,
    "fee_asset": None,
    "liquidity": Liquidity.TAKER,
    "ts": datetime(2026, 1, 1, tzinfo=UTC),
    "kind": FillKind.REAL,
    "source": Source.REST,
}


def test_a_value_of_checked_fields_is_the_value_that_validation_gives() -> None:
    quick, slow = Fill.from_checked(dict(FIELDS)), Fill(**FIELDS)
    assert quick == slow
    assert hash(quick) == hash(slow)
    assert repr(quick) == repr(slow)
    assert quick.model_dump_json() == slow.model_dump_json()
    assert Fill.model_validate(dict(quick)) == quick


def test_it_is_frozen_and_can_be_copied_and_changed_like_any_other() -> None:
    quick = Fill.from_checked(dict(FIELDS))
    with pytest.raises(ValidationError, match="frozen"):
        quick.qty = Decimal(2)  # type: ignore[misc]  # that is the point
    changed = quick.model_copy(update={"qty": Decimal(2)})
    assert (changed.qty, quick.qty) == (Decimal(2), Decimal("0.1"))
    assert copy.deepcopy(quick) == quick == pickle.loads(pickle.dumps(quick))


def test_two_of_them_share_nothing_that_changes() -> None:
    one, other = Fill.from_checked(dict(FIELDS)), Fill.from_checked(dict(FIELDS))
    assert one.model_copy(update={"qty": Decimal(3)}).model_fields_set == other.model_fields_set
    assert other.qty == Decimal("0.1")
    assert Balance.from_checked({"asset": "BTC", "free": Decimal(1), "locked": Decimal(0)}).total == 1
