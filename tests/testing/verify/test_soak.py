"""An account in the rain, in the small size of `yunmin verify soak`."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from yunmin.core.in_flight_order import InFlightOrder
from yunmin.exchange import registry
from yunmin.execution.account import Account
from yunmin.testing.verify.resources import Growth
from yunmin.testing.verify.soak import Booked, compare_fills, judge_memory, verify_soak


@pytest.mark.skipif(sys.platform == "win32", reason="the venue is forked")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_few_seconds_of_rain_lose_no_fill_and_leave_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("yunmin.testing.verify.soak._WARM_UP", 3)
    cancelled: list[tuple[int, int]] = []
    cancel_all = Account.cancel_all

    async def noted(account: Account) -> list[InFlightOrder]:
        cancelled.append((len(seen), len(account.tracker.get_open_orders())))
        return await cancel_all(account)

    monkeypatch.setattr(Account, "cancel_all", noted)
    seen: list[int] = []
    report = verify_soak(
        registry.load("binance"), tmp_path / "account", seconds=4, rate=100, seed=2, progress=seen.append
    )
    assert report.violations == ()
    assert report.orders > 0
    assert report.fills > 0
    assert report.reports >= report.fills
    assert report.warmed_up_after is not None
    looks_before, open_orders = cancelled[0]
    assert looks_before < len(seen), "it was looked at after the warm-up"
    assert open_orders > 20, "the warm-up ends with a cancel of all that is open"
    assert report.growth is None  # so short a time says nothing, and it does not pretend to
    assert seen == sorted(seen)
    assert seen


def a_fill(number: int, qty: str = "1") -> Booked:
    return "BTC/USDT", str(number), Decimal(qty), Decimal(100)


@pytest.mark.parametrize(
    ("booked", "wrong"),
    [
        ([a_fill(1), a_fill(2)], 0),
        ([a_fill(1)], 1),
        ([a_fill(1), a_fill(2), a_fill(2)], 1),
        ([a_fill(1), a_fill(2), a_fill(3)], 1),
        ([a_fill(1), a_fill(2, "1.5")], 2),
    ],
    ids=["the same", "one is missing", "one twice", "one invented", "another quantity"],
)
def test_every_fill_has_to_be_booked_once_and_as_it_was(booked: list[Booked], wrong: int) -> None:
    assert len(compare_fills(booked, [a_fill(1), a_fill(2)])) == wrong


MIB = float(2**20)


@pytest.mark.parametrize(
    ("in_use", "resident", "found"),
    [
        (Growth(0.9 * MIB, 0), Growth(0.9 * MIB, 0), []),
        (Growth(1.1 * MIB, 0), Growth(0, 0), ["in use"]),
        (Growth(1.1 * MIB, 0.1 * MIB), Growth(0, 0), []),
        (Growth(0, 0), Growth(5 * MIB, 0), ["resident"]),
        (Growth(0, 0), Growth(5 * MIB, 3 * MIB), []),
        (Growth(2 * MIB, 0), Growth(2 * MIB, 0), ["in use", "resident"]),
        (None, None, []),
        (None, Growth(2 * MIB, 0), ["resident"]),
    ],
    ids=[
        "both below the limit",
        "a leak that no page shows yet",
        "not surely above the limit",
        "pages alone",
        "steps that go up and down",
        "both",
        "too short a time",
        "allocators that do not say",
    ],
)
def test_memory_that_grows_is_told_by_what_is_in_use_and_by_what_is_resident(
    in_use: Growth | None, resident: Growth | None, found: list[str]
) -> None:
    told = judge_memory(in_use, resident)
    assert [[word for word in ("in use", "resident") if word in line] for line in told] == [[word] for word in found]
