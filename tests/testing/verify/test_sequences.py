"""Storms from a seed: none breaks an invariant, and with any one of five bugs planted some do."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from yunmin.core import order_evolution
from yunmin.core.data_contracts import Fill, OrderRequest, OrderState, SubmitResult, Verdict
from yunmin.core.in_flight_order import InFlightOrder
from yunmin.core.order_lifecycle import next_state
from yunmin.errors import RejectReason, RejectSource
from yunmin.execution.account_keeper import Keeper
from yunmin.execution.bookkeeper import Bookkeeper
from yunmin.execution.order_desk import OrderDesk
from yunmin.execution.order_journal import PlaceIntent
from yunmin.testing.verify.sequence import run_sequence
from yunmin.testing.verify.sequences import run_sequences

Patch = pytest.MonkeyPatch


def test_forty_storms_lose_no_order_and_double_none() -> None:
    report = run_sequences(40, workers=1)
    assert report.violations == ()
    assert report.runs == 40
    assert min(report.orders, report.fills, report.crashes, report.cuts) > 40 // 2


def test_a_seed_gives_the_same_sequence_again(tmp_path: Path) -> None:
    first = run_sequence(11, tmp_path / "first")
    assert run_sequence(11, tmp_path / "second") == first
    assert run_sequence(12, tmp_path / "third") != first


# --- five bugs that others have had, each of which the storms must find ---------------------------------------------


def no_dedupe(patch: Patch) -> None:
    numbers, take = itertools.count(), Bookkeeper.take

    def take_as_new(books: Bookkeeper, *news: Any) -> Any:
        renamed = [
            piece.model_copy(update={"trade_id": f"{piece.trade_id}-{next(numbers)}"}) if type(piece) is Fill else piece
            for piece in news
        ]
        return take(books, *renamed)

    patch.setattr(Bookkeeper, "take", take_as_new)


def timeout_read_as_refusal(patch: Patch) -> None:
    place = OrderDesk._place

    async def place_and_conclude(desk: OrderDesk, request: OrderRequest) -> SubmitResult:
        result = await place(desk, request)
        if result.verdict is not Verdict.UNKNOWN:
            return result
        refused = {"verdict": Verdict.REJECTED, "reason": RejectReason.OTHER, "source": RejectSource.EXCHANGE}
        return result.model_copy(update=refused)

    patch.setattr(OrderDesk, "_place", place_and_conclude)


def cancel_reopens(patch: Patch) -> None:
    def forget_the_end(*, end: OrderState | None, any_filled: bool, **facts: Any) -> OrderState:
        return next_state(end=None if any_filled else end, any_filled=any_filled, **facts)

    patch.setattr(order_evolution, "next_state", forget_the_end)


def gap_ignored(patch: Patch) -> None:
    patch.setattr(Keeper, "ask_to_reconcile", lambda keeper, why: None)


def intent_after_send(patch: Patch) -> None:
    def begin(books: Bookkeeper, request: OrderRequest, *, qty_step: Any) -> InFlightOrder:
        now = books._clock.now()
        order = books.tracker.submit(request, qty_step=qty_step, created_at=now)
        intent = PlaceIntent(request=request, qty_step=qty_step, created_at=now)
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().call_soon, books.journal.intend, intent)
        return order

    patch.setattr(Bookkeeper, "begin", begin)


@pytest.mark.parametrize(
    ("plant", "invariants"),
    [
        (no_dedupe, {"I1", "I13", "I17"}),
        (timeout_read_as_refusal, {"I17"}),
        (cancel_reopens, {"I3", "I17"}),
        (gap_ignored, {"I13", "I17"}),
        (intent_after_send, {"I8"}),
    ],
)
def test_a_planted_bug_is_found(plant: Any, invariants: set[str], monkeypatch: Patch) -> None:
    plant(monkeypatch)
    found = {what.partition(":")[0] for _, what in run_sequences(25, workers=1).violations}
    assert found & invariants
